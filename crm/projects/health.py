"""Health: whether a project is blocked, late or silent, found before its deadline, and told once to its owner and the managers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crm.base.history import Change, record
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE
from crm.base.worktime import Calendar, after
from crm.conversations.threads import Conversation
from crm.people.calendars import calendar_of
from crm.people.contacts import Contact
from crm.projects.projects import ENDED, Health, Project, ProjectState, ProjectStep, StepState
from crm.projects.starting import MACHINE, say
from crm.sales.deals import deal_at, redraw

SOON_MS = 8 * HOUR
"""So much working time before it is due a step that nobody has begun is told of: about a working day."""
SILENT_MS = 5 * DAY
LOOKED_AT, AGAIN_MS = 50, 15 * MINUTE
_own, _other = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a project does and what that comes from: `step`, `overdue`, `near`, `end`, `quiet`, or nothing."""

    health: Health
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Now, and the instant up to which everything counts as near."""

    now: int
    soon: int


def judge(project: Project, steps: Sequence[ProjectStep], talked_at: int, clock: Clock) -> Verdict:
    """How a project does, the worst first; `talked_at` is when its customer and we last wrote. Pure."""
    left = [step for step in steps if step.state not in ENDED]
    if any(step.state == StepState.BLOCKED for step in left):
        return Verdict(Health.BLOCKED, "step")
    if any(step.due_at <= clock.now for step in left):
        return Verdict(Health.LATE, "overdue")
    if any(step.due_at <= clock.soon and not step.begun_at for step in left):
        return Verdict(Health.LATE, "near")
    if len(left) > 1 and project.due_at <= clock.soon:
        return Verdict(Health.LATE, "end")
    if left and clock.now - max(project.touched_at, talked_at) >= SILENT_MS:
        return Verdict(Health.SILENT, "quiet")
    return Verdict(Health.OK)


def look(session: Session, company: Company, *, now: int) -> int:
    """Look after the projects whose turn it is and tell of those that have begun to do badly, never while the firm is closed; answers how many were
    looked at."""
    calendar = calendar_of(session, company, around=now)
    if any(calendar.hours.days) and not calendar.hours.open_at(now):
        return 0
    wanted = select(Project).where(Project.state == ProjectState.RUNNING.value, Project.check_at <= now)
    found = session.scalars(wanted.order_by(Project.check_at, Project.id).limit(LOOKED_AT).with_for_update(skip_locked=True)).all()
    steps, talked = _steps(session, found), _talked(session, found)
    clock = Clock(now, _soon(calendar, now))
    for project in found:
        project.check_at = now + AGAIN_MS
        _settle(session, project, judge(project, steps.get(project.id, []), talked.get(project.contact_id, 0), clock), now=now)
    session.flush()
    return len(found)


def _soon(calendar: Calendar, now: int) -> int:
    """The instant by which a working day has passed; a plain day where nobody has said when work is done."""
    return (after(calendar, now, SOON_MS) if any(calendar.hours.days) else None) or now + DAY


def _settle(session: Session, project: Project, verdict: Verdict, *, now: int) -> None:
    if (project.health, project.why) == (verdict.health, verdict.why):
        return
    worse, before = project.health != verdict.health, {"health": project.health}
    project.health, project.why = verdict.health.value, verdict.why
    session.flush()
    if not worse:
        return
    record(session, Change("project", project.id, "health", MACHINE, before, {"health": verdict.health.value}), now=now)
    if verdict.health is not Health.OK:
        say(session, project, verdict.health.value, now=now)
    if project.deal_id is not None:
        redraw(session, deal_at(session, project.deal_id), now=now)


def _steps(session: Session, projects: Sequence[Project]) -> dict[int, list[ProjectStep]]:
    found: dict[int, list[ProjectStep]] = {}
    numbers = [project.id for project in projects]
    for step in session.scalars(select(ProjectStep).where(ProjectStep.project_id.in_(numbers)).order_by(ProjectStep.position)) if numbers else ():
        found.setdefault(step.project_id, []).append(step)
    return found


def _talked(session: Session, projects: Sequence[Project]) -> dict[int, int]:
    """When something was last written with the person of each project, by the contact it is about."""
    people = [project.contact_id for project in projects]
    if not people:
        return {}
    rows = session.execute(
        select(_own.id, func.max(Conversation.last_at))
        .join(_other, _other.root_id == _own.root_id)
        .join(Conversation, Conversation.contact_id == _other.id)
        .where(_own.id.in_(people))
        .group_by(_own.id)
    )
    return {number: int(at or 0) for number, at in rows}
