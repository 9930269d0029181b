"""Budget: what a project may cost, what has been written down against it, and telling once who watches when it is more."""

from dataclasses import dataclass

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.money import AMOUNT_MOST
from crm.base.pricing import unit_of
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.projects.projects import Project, ProjectState, held_project
from crm.projects.starting import say
from crm.sales.deals import deal_at

WORDS_MOST, OVER = 80, "budget"


class ProjectCost(Row):
    """What was spent on a project, in hundredths of its currency; below nothing = taken back. `rep_id` wrote it down (None = nobody of the staff)."""

    __tablename__ = "project_costs"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    amount: Mapped[int]
    words: Mapped[str]
    rep_id: Mapped[int | None]
    at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)


@dataclass(frozen=True, slots=True)
class Spent:
    """How a project stands with its money, in hundredths: `budget` 0 = nobody has set one."""

    budget: int
    spent: int
    currency: str

    @property
    def left(self) -> int:
        """What may still be spent; less than nothing where it cost more."""
        return self.budget - self.spent

    @property
    def over(self) -> bool:
        """Whether it has cost more than it may."""
        return self.budget > 0 and self.left < 0


def spent_on(session: Session, project: Project) -> Spent:
    """How a project stands with its money, which stays in its currency whatever becomes of the deal's; one that is of no deal has none, and no budget."""
    spent = session.scalar(select(func.sum(ProjectCost.amount)).where(ProjectCost.project_id == project.id)) or 0
    return Spent(project.budget, int(spent), project.currency or (deal_at(session, project.deal_id).currency if project.deal_id else ""))


def costs_of(session: Session, project_id: int, limit: int = 50) -> list[ProjectCost]:
    """What was written down for a project, the newest first; whoever asks has seen the project."""
    return list(session.scalars(select(ProjectCost).where(ProjectCost.project_id == project_id).order_by(ProjectCost.id.desc()).limit(limit)))


def set_budget(session: Session, actor: Actor, project_id: int, amount: int, *, now: int) -> Spent:
    """Say how much a project may cost (0 = nobody knows), and answer how it stood before. Raises `Invalid`."""
    project = held_project(session, actor, project_id)
    before = spent_on(session, project)
    _check(amount, before.currency)
    if amount < 0:
        raise Invalid("a budget is no less than nothing")
    if amount != before.budget:
        was, stands = ({"amount": one or None, "currency": before.currency} for one in (before.budget, amount))
        project.budget, project.currency = amount, before.currency
        session.flush()
        record(session, Change("project", project.id, "budget", actor, was, stands), now=now)
        _told(session, project, before, now=now)
    return before


def add_cost(session: Session, actor: Actor, project_id: int, amount: int, words: str, *, once: str, now: int) -> ProjectCost:
    """Write down what was spent on a project and for what; below nothing takes back. The same `once` answers the same. Raises `Invalid`."""
    project = held_project(session, actor, project_id)
    before, said = spent_on(session, project), clean_name(words, WORDS_MOST)
    _check(amount, before.currency)
    if not amount or not said or abs(before.spent + amount) > AMOUNT_MOST:
        raise Invalid("a cost is an amount and what it was for")
    there = session.scalar(select(ProjectCost).where(ProjectCost.once == once))
    if there is not None:
        return there
    number, by = next(take_ids(session, 1)), actor.id if isinstance(actor, Rep) else None
    row = {"id": number, "project_id": project.id, "amount": amount, "words": said, "rep_id": by, "at": now, "once": once}
    add_new(session, ProjectCost, [row])
    project.currency = before.currency
    record(session, Change("project", project.id, "cost", actor, after={"amount": amount, "currency": before.currency, "words": said}), now=now)
    _told(session, project, before, now=now)
    return session.get_one(ProjectCost, number)


def take_back(session: Session, actor: Actor, project_id: int, cost_id: int, *, now: int) -> ProjectCost:
    """Take a cost back by its opposite, which can be taken back itself; twice is once."""
    project, cost = held_project(session, actor, project_id), session.get(ProjectCost, cost_id)
    if cost is None or cost.project_id != project.id:
        raise NotFound("no such cost")
    return add_cost(session, actor, project.id, -cost.amount, cost.words, once=f"cost:{cost.id}:back", now=now)


def _check(amount: int, currency: str) -> None:
    if not currency:
        raise NotFound("this project is of no deal")
    if abs(amount) > AMOUNT_MOST or amount % unit_of(currency):
        raise Invalid("this amount cannot be used")


def _told(session: Session, project: Project, before: Spent, *, now: int) -> None:
    """Whoever watches hears once that it costs more than it may, and again only when it has been within its budget since."""
    if project.state == ProjectState.RUNNING and spent_on(session, project).over and not before.over:
        say(session, project, OVER, now=now)
