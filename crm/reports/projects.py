"""Projects as a list, those that do badly first, and one with everything about it, for one who may look at it."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, and_, case, select, tuple_
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.sight import seen_by, sight_of
from crm.projects.budget import Spent, spent_on
from crm.projects.projects import Health, Project, ProjectState, Standing, StepState, seen_project, standings_of, steps_of
from crm.reports.deal import talk_with

_own, _root = aliased(Contact), aliased(Contact)
RANKS = {Health.BLOCKED: 0, Health.LATE: 1, Health.SILENT: 2, Health.OK: 3}
_rank = case({health.value: rank for health, rank in RANKS.items()}, value=Project.health, else_=len(RANKS))


@dataclass(frozen=True, slots=True)
class Brief:
    """A project on a line; `owner` is the name of whoever has it ("" = nobody), `ended_at` 0 = it runs."""

    id: int
    title: str
    name: str
    state: ProjectState
    health: Health
    why: str
    due_at: int
    ended_at: int
    rep_id: int | None
    owner: str
    done: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """The last project of a page: how it does, when it is due, its number."""

    rank: int
    at: int
    id: int


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step as everybody reads it; `who` is whose it is ("" = of whoever has the deal), `told` = the customer has read of it."""

    id: int
    title: str
    state: StepState
    due_at: int
    begun: bool
    why: str
    rep_id: int | None
    who: str
    notify_text: str
    told: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A project with its steps; `conversation_id` is the newest talk with its person, 0 = none."""

    brief: Brief
    contact_id: int
    deal_id: int | None
    started_at: int
    conversation_id: int
    steps: tuple[StepSeen, ...]
    money: Spent

    @property
    def following(self) -> StepSeen | None:
        """The first step that is not done."""
        return next((step for step in self.steps if step.state in (StepState.OPEN, StepState.BLOCKED)), None)


def projects(session: Session, actor: Rep, *, after: Place | None = None, limit: int = 5) -> tuple[tuple[Brief, ...], Place | None]:
    """The projects that run, within the actor's sight: those that do worst first, then by when they are due; and the place to go on from."""
    sight = sight_of(session, actor, Action.SEE_PROJECTS)
    wanted = _briefs().where(Project.state == ProjectState.RUNNING.value, sight.rows(Project.rep_id))
    if after:
        wanted = wanted.where(tuple_(_rank, Project.due_at, Project.id) > tuple_(after.rank, after.at, after.id))
    rows = session.execute(wanted.order_by(_rank, Project.due_at, Project.id).limit(limit + 1)).all()
    shown = _counted(session, actor, rows[:limit])
    last = shown[-1] if shown else None
    return shown, Place(RANKS[last.health], last.due_at, last.id) if last and len(rows) > limit else None


def sheet(session: Session, actor: Rep, project_id: int) -> Sheet:
    """A project this member may look at; raises `NotFound` for another's."""
    project = seen_project(session, actor, project_id)
    found = session.execute(_briefs().where(Project.id == project.id)).all()
    names: dict[int | None, str] = {one.id: one.name for one in session.scalars(select(Member).where(Member.active == 1))}
    steps = tuple(
        StepSeen(
            one.id,
            one.title,
            StepState(one.state),
            one.due_at,
            bool(one.begun_at),
            one.blocked_why,
            one.rep_id,
            names.get(one.rep_id, ""),
            one.notify_text,
            bool(one.told_at),
        )
        for one in steps_of(session, project.id)
    )
    brief = _counted(session, actor, found)[0]
    return Sheet(brief, project.contact_id, project.deal_id, project.started_at, talk_with(session, project.contact_id), steps, spent_on(session, project))


def of_deal(session: Session, deal_id: int) -> int:
    """The number of the newest project of a deal that was not called off (0 = none)."""
    wanted = select(Project.id).where(Project.deal_id == deal_id, Project.state != ProjectState.CANCELLED.value)
    return session.scalar(wanted.order_by(Project.id.desc()).limit(1)) or 0


def brief_of(session: Session, project_id: int) -> Brief | None:
    """A project on a line, for one who decides by themselves who may see it."""
    rows = session.execute(_briefs().where(Project.id == project_id)).all()
    return _brief(rows[0], standings_of(session, [rows[0][0]])) if rows else None


def as_read_by(reader: Rep, one: Brief) -> Brief:
    """A project as this reader may have it: a title or a name that is nothing but a phone or an e-mail is masked for whoever sees them so. Pure."""
    named = seen_by(reader).named
    return replace(one, title=named(one.title), name=named(one.name))


def _counted(session: Session, actor: Rep, rows: Any) -> tuple[Brief, ...]:
    standings = standings_of(session, [row[0] for row in rows])
    return tuple(as_read_by(actor, _brief(row, standings)) for row in rows)


def _briefs() -> Any:
    return (
        select(Project, Member.id.label("owner_id"), Member.name.label("owner"), _root.name, _root.platform_name)
        .join(_own, _own.id == Project.contact_id)
        .join(_root, _root.id == _own.root_id)
        .outerjoin(Member, and_(Member.id == Project.rep_id, Member.active == 1))
    )


def _brief(row: Row[Any], standings: dict[int, Standing]) -> Brief:
    one, far = row[0], standings[row[0].id]
    known = (one.id, one.title, row.name or row.platform_name, far.state, far.health, one.why, one.due_at, one.closed_at)
    return Brief(*known, row.owner_id, row.owner or "", far.done, far.steps)
