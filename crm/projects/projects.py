"""Project: the work after a sale, with its steps, whose it is, and how it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import NotFound, Taken
from crm.base.lookup import row_at
from crm.base.policy import Action
from crm.base.table import Row
from crm.people.reps import Member
from crm.people.sight import sight_of

_RUNS, _ASKS = sql("state = 'running'"), sql("nps_at > 0")


class ProjectState(StrEnum):
    """Whether a project still runs, and how it ended."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Health(StrEnum):
    """How a project does, the worst first: somebody waits for something, it is late or will be, nobody has touched it, or all is well."""

    BLOCKED = "blocked"
    LATE = "late"
    SILENT = "silent"
    OK = "ok"


class StepState(StrEnum):
    """Whether a step is done."""

    OPEN = "open"
    BLOCKED = "blocked"
    DONE = "done"
    SKIPPED = "skipped"


ENDED = frozenset({StepState.DONE.value, StepState.SKIPPED.value})


class Project(Row):
    """The work after a sale; `why` says what its health comes from, `touched_at` when something was last done in it.

    `check_at` is when its health is looked at next, `nps_at` when its customer may be asked whether they would recommend us (0 = never).
    `budget` is what it may cost, in hundredths (0 = nobody has said), of `currency`: its deal's when its first money was written down ("" = none was).
    """

    __tablename__ = "projects"
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    blueprint_id: Mapped[int | None] = mapped_column(ForeignKey("blueprints.id"))
    title: Mapped[str]
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    state: Mapped[str] = mapped_column(server_default="running")
    health: Mapped[str] = mapped_column(server_default="ok")
    why: Mapped[str] = mapped_column(server_default="")
    started_at: Mapped[int]
    due_at: Mapped[int]
    closed_at: Mapped[int] = mapped_column(server_default="0")
    touched_at: Mapped[int]
    check_at: Mapped[int] = mapped_column(server_default="0")
    nps_at: Mapped[int] = mapped_column(server_default="0")
    budget: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str] = mapped_column(server_default="")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        Index("projects_check", "check_at", sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("projects_running", "due_at", "id", sqlite_where=_RUNS, postgresql_where=_RUNS),
        Index("projects_nps", "nps_at", sqlite_where=_ASKS, postgresql_where=_ASKS),
        Index("projects_rep", "rep_id", "state"),
    )


class ProjectStep(Row):
    """One step of a project; `task_id` is the task by which somebody does it, `begun_at` 0 = nobody has begun, `told_at` when the customer was told."""

    __tablename__ = "project_steps"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    due_at: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="open")
    blocked_why: Mapped[str] = mapped_column(server_default="")
    begun_at: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[int] = mapped_column(server_default="0")
    task_id: Mapped[int | None] = mapped_column(index=True)
    notify_text: Mapped[str] = mapped_column(server_default="")
    notify_on: Mapped[str] = mapped_column(server_default="done")
    notify_auto: Mapped[int] = mapped_column(server_default="0")
    told_at: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Standing:
    """A project in a few words: how far it is and how it does."""

    id: int
    state: ProjectState
    health: Health
    done: int
    steps: int


def project_at(session: Session, project_id: int) -> Project:
    """A project by its number."""
    return row_at(session, Project, project_id, "no such project")


def step_at(session: Session, step_id: int) -> ProjectStep:
    """A step of a project by its number."""
    return row_at(session, ProjectStep, step_id, "no such step")


def steps_of(session: Session, project_id: int) -> list[ProjectStep]:
    """The steps of a project, first to last."""
    wanted = select(ProjectStep).where(ProjectStep.project_id == project_id)
    return list(session.scalars(wanted.order_by(ProjectStep.position, ProjectStep.id)))


def owner_of(session: Session, project: Project) -> int | None:
    """Whose a project is (None = nobody's, or somebody's who has left)."""
    return still_there(session, project.rep_id)


def still_there(session: Session, rep_id: int | None) -> int | None:
    """A member by number, where they are still of the staff."""
    member = session.get(Member, rep_id) if rep_id else None
    return member.id if member and member.active else None


def seen_project(session: Session, actor: Actor, project_id: int) -> Project:
    """A project this actor may look at, by whose it is or by a step of their own; one of somebody outside their sight is not there."""
    sight, project = sight_of(session, actor, Action.SEE_PROJECTS), project_at(session, project_id)
    if not sight.covers(owner_of(session, project)) and not _has_a_step(session, actor, project):
        raise NotFound("no such project")
    return project


def held_project(session: Session, actor: Actor, project_id: int) -> Project:
    """A project this actor may change, held so that nobody else changes it at the same time; raises `Taken` by whom where it is outside their sight."""
    sight, project = sight_of(session, actor, Action.CHANGE_PROJECT), _held(session, project_id)
    owner = owner_of(session, project)
    if not sight.covers(owner):
        raise Taken(_name(session, owner))
    return project


def held_step(session: Session, actor: Actor, step_id: int) -> tuple[Project, ProjectStep]:
    """A step this actor may change, with its project, which is held: their own, or one of a project within their sight."""
    sight, step = sight_of(session, actor, Action.CHANGE_PROJECT), step_at(session, step_id)
    project = _held(session, step.project_id)
    session.refresh(step)
    owner = owner_of(session, project)
    if not sight.covers(owner) and step.rep_id != getattr(actor, "id", None):
        raise Taken(_name(session, owner))
    return project, step


def projects_of(session: Session, deal_ids: Sequence[int]) -> dict[int, Standing]:
    """How the newest project of each deal does, by deal; one that was called off says nothing."""
    if not deal_ids:
        return {}
    wanted = select(Project).where(Project.deal_id.in_(deal_ids), Project.state != ProjectState.CANCELLED.value)
    found = {project.deal_id or 0: project for project in session.scalars(wanted.order_by(Project.id))}
    standings = standings_of(session, list(found.values()))
    return {deal_id: standings[project.id] for deal_id, project in found.items()}


def standings_of(session: Session, projects: Sequence[Project]) -> dict[int, Standing]:
    """How far these projects are, by number."""
    states: dict[int, list[str]] = {project.id: [] for project in projects}
    rows = session.execute(select(ProjectStep.project_id, ProjectStep.state).where(ProjectStep.project_id.in_(states))) if states else ()
    for row in rows:
        states[row.project_id].append(row.state)
    return {
        one.id: Standing(one.id, ProjectState(one.state), Health(one.health), sum(state in ENDED for state in states[one.id]), len(states[one.id]))
        for one in projects
    }


def _held(session: Session, project_id: int) -> Project:
    return row_at(session, Project, project_id, "no such project", hold=True)


def _has_a_step(session: Session, actor: Actor, project: Project) -> bool:
    rep_id = getattr(actor, "id", None)
    mine = select(ProjectStep.id).where(ProjectStep.project_id == project.id, ProjectStep.rep_id == rep_id)
    return rep_id is not None and session.scalar(mine.limit(1)) is not None


def _name(session: Session, rep_id: int | None) -> str:
    member = session.get(Member, rep_id) if rep_id else None
    return member.name if member else ""
