"""Starting: a won deal becomes a project: its steps get their days and their people, and each becomes a task."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Role, System
from crm.base.errors import Invalid, Taken
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.rows import add, add_new, take_ids
from crm.base.settings import Company
from crm.base.time import DAY
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import calendar_of
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.people.teams import TeamRow
from crm.projects.blueprints import BlueprintStep, Whose, fitting, plan_of
from crm.projects.dates import due
from crm.projects.projects import Project, ProjectState, ProjectStep, steps_of
from crm.sales.deals import Deal, DealState, deal_at, owner_of, redraw
from crm.sales.tasks import Duty, Task, TaskKind, TaskState, add_to_deal

MACHINE = System("project")
STALE = 7 * DAY
"""Nobody is asked any more how a deal goes on that was won so long ago."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a project is begun by: a key that makes it begin once, and the firm's own facts."""

    once: str
    company: Company


def start(session: Session, actor: Actor, deal_id: int, blueprint_id: int, cause: Cause, *, now: int) -> Project:
    """Begin a project of a deal after a blueprint; the same cause answers the same. `Invalid` where one runs already, or there are no steps."""
    sight, deal = sight_of(session, actor, Action.CHANGE_PROJECT), alone(session, deal_id)
    if not sight.covers(owner_of(session, deal)):
        raise Taken(session.get_one(Member, owner_of(session, deal)).name)
    earlier = session.scalar(select(Project).where(Project.once == cause.once))
    if earlier is not None:
        return earlier
    plan = plan_of(session, blueprint_id)
    if not plan.steps or running_of(session, deal.id) is not None:
        raise Invalid("a project of this deal runs already, or the blueprint has no steps")
    number, owner = next(take_ids(session, 1)), owner_of(session, deal)
    people = [_doer(session, step) for step in plan.steps]
    dates = [_due(session, step, rep_id or owner, cause.company, now) for step, rep_id in zip(plan.steps, people, strict=True)]
    row = {"deal_id": deal.id, "contact_id": deal.contact_id, "blueprint_id": plan.id, "title": deal.title or plan.name, "rep_id": owner}
    times = {"started_at": now, "due_at": max(dates), "touched_at": now, "check_at": now, "once": cause.once}
    if not add_new(session, Project, [{"id": number, **row, **times}]):
        return session.scalars(select(Project).where(Project.once == cause.once)).one()
    _add_steps(session, number, plan.steps, people, dates)
    record(session, Change("project", number, "started", actor, after={"deal": deal.id, "blueprint": plan.name, "rep": owner}), now=now)
    give_tasks(session, session.get_one(Project, number), now=now)
    redraw(session, deal, now=now)
    return session.get_one(Project, number)


def start_won(session: Session, event_id: int, deal_id: int, company: Company, *, now: int) -> Project | None:
    """A deal was won: its project begins where one blueprint fits; where several do, its owner is asked which. None where nothing begins."""
    deal, once = session.get(Deal, deal_id), f"deal:{deal_id}:won:{event_id}"
    if deal is None or deal.state != DealState.WON or running_of(session, deal.id) is not None:
        return None
    if session.scalar(select(Project.id).where(Project.once == once)) is not None:
        return None  # it began before, and was ended since
    fit = fitting(session, deal)
    if len(fit) == 1:
        project = start(session, MACHINE, deal.id, fit[0].id, Cause(once, company), now=now)
        say(session, project, "started", now=now)
        return project
    if (
        fit
        and now - deal.closed_at < STALE
        and first_time(session, Change("deal", deal.id, "project asked", MACHINE, once=f"project:which:{event_id}"), now=now)
    ):
        tell(session, [Notice(NoticeKind.PROJECT, deal.id, f"project:which:{event_id}", {"why": "which", "deal": deal.id})], now=now)
    return None


def first_time(session: Session, change: Change, *, now: int) -> bool:
    """Put something on record under its once-key; answers whether it was not there yet."""
    if session.scalar(select(DomainEvent.id).where(DomainEvent.once == change.once)) is not None:
        return False
    record(session, change, now=now)
    return True


def alone(session: Session, deal_id: int) -> Deal:
    """A deal, held so that no two projects of it begin at the same time."""
    session.get(Deal, deal_id, with_for_update=True, populate_existing=True)
    return deal_at(session, deal_id)


def running_of(session: Session, deal_id: int) -> Project | None:
    """The project of a deal that runs."""
    return session.scalar(select(Project).where(Project.deal_id == deal_id, Project.state == ProjectState.RUNNING.value).order_by(Project.id.desc()).limit(1))


def say(session: Session, project: Project, why: str, *, step: int = 0, now: int) -> None:
    """Tell of a project: that it began, that a step is to be told of, that all is done, or how it does."""
    key = ":".join(filter(None, ("project", str(project.id), why, str(step or ""))))
    tell(session, [Notice(NoticeKind.PROJECT, project.id, key, {"why": why, **({"step": step} if step else {})})], now=now)


def give_tasks(session: Session, project: Project, *, now: int) -> None:
    """Every step that is open and has no task becomes one: of its own member, or of whoever has the deal."""
    for step in steps_of(session, project.id):
        if step.task_id is None and project.deal_id is not None:
            duty = Duty(TaskKind.OTHER, step.due_at, step.title, step.rep_id, f"project:{project.id}:step:{step.id}")
            step.task_id = add_to_deal(session, MACHINE, project.deal_id, duty, now=now)
    session.flush()


def _add_steps(session: Session, project_id: int, steps: tuple[BlueprintStep, ...], people: list[int | None], dates: list[int]) -> None:
    ids = take_ids(session, len(steps))
    add(
        session,
        ProjectStep,
        [
            {
                "id": next(ids),
                "project_id": project_id,
                "position": place,
                "title": step.title,
                "rep_id": rep_id,
                "due_at": at,
                "notify_text": step.notify_text,
                "notify_on": step.notify_on,
                "notify_auto": step.notify_auto,
            }
            for place, (step, rep_id, at) in enumerate(zip(steps, people, dates, strict=True))
        ],
    )


def _due(session: Session, step: BlueprintStep, rep_id: int | None, company: Company, now: int) -> int:
    return due(calendar_of(session, company, rep_id=rep_id, around=now), now, step.due_days, working=bool(step.working))


def _doer(session: Session, step: BlueprintStep) -> int | None:
    """Who does a step: its member, or the one of its team who has the least to do; None = whoever has the deal, also where the others have left."""
    if step.whose == Whose.REP:
        member = session.get(Member, step.whose_id or 0)
        return member.id if member and _does_tasks(member) else None
    if step.whose != Whose.TEAM:
        return None
    team = session.get(TeamRow, step.whose_id or 0)
    members = session.scalars(select(Member).where(Member.team_id == step.whose_id, Member.active == 1).order_by(Member.id)).all()
    free = [member.id for member in members if _does_tasks(member) and team is not None and not team.ended_at]
    burden = _burden(session, free)
    return min(free, key=lambda number: (burden.get(number, 0), number), default=None)


def _does_tasks(member: Member) -> bool:
    return bool(member.active) and may(Role(member.role), Action.DO_TASK)


def _burden(session: Session, rep_ids: list[int]) -> dict[int, int]:
    """How many tasks members have open."""
    if not rep_ids:
        return {}
    counted = select(Task.rep_id, func.count()).where(Task.rep_id.in_(rep_ids), Task.state == TaskState.OPEN.value).group_by(Task.rep_id)
    return {int(rep_id or 0): int(count) for rep_id, count in session.execute(counted)}
