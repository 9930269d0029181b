"""Following: what is on record moves projects on: a deal that is won or runs on again, a task of a step, a conversation that is closed."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.following import Follower, follow
from crm.base.history import Change, DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.people.reps import Member, as_actor
from crm.projects import closing, steps
from crm.projects.asking import Asked, ask_after_talk
from crm.projects.projects import ENDED, Project, ProjectState, ProjectStep, StepState, project_at
from crm.projects.starting import MACHINE, first_time, running_of, say, start_won
from crm.projects.steps import Deed
from crm.sales.deals import Deal
from crm.sales.tasks import Task, TaskState

log = logging.getLogger(__name__)
NAME, MOST, STRETCHES = "projects", 100, 20
LATEST = DAY
"""Nobody is asked about a conversation that was closed longer ago."""


def follow_record(session: Session, company: Company, *, now: int) -> int:
    """Do what follows from the next changes on record; answers how many there were that concern projects."""
    events = _next(session, now=now)
    for event in events:
        try:
            with session.begin_nested():
                DEEDS[event.subject, event.kind](session, event, company, now)
        except Exception:  # one change that cannot be followed holds up no other
            log.exception("no project follows the event %s", event.id)
    return len(events)


def _next(session: Session, *, now: int) -> Sequence[DomainEvent]:
    """The next changes that concern projects; a stretch of the record that has none is passed over at once, so that a busy inbox is no delay."""
    for _ in range(STRETCHES):
        before = session.scalar(select(Follower.ahead).where(Follower.name == NAME))
        found = follow(session, NAME, tuple(DEEDS), now=now, most=MOST).found
        if found or before == session.scalar(select(Follower.ahead).where(Follower.name == NAME)):
            return found
    return ()


def _won(session: Session, event: DomainEvent, company: Company, now: int) -> None:
    start_won(session, event.id, event.subject_id, company, now=now)


def _reopened(session: Session, event: DomainEvent, company: Company, now: int) -> None:
    """A deal runs on: its project that nobody has touched is called off; of another its owner is told."""
    project = running_of(session, event.subject_id)
    if project is None or project.started_at > event.at:
        return
    if not first_time(session, Change("project", project.id, "deal runs on", MACHINE, once=f"project:{project.id}:deal:{event.id}"), now=now):
        return
    if closing.untouched(session, project):
        closing.cancel(session, MACHINE, project.id, now=now)
    else:
        say(session, project, "reopened", now=now)


def _given(session: Session, event: DomainEvent, company: Company, now: int) -> None:
    """A deal has another owner: the work on it goes along, where it was theirs who had the deal before."""
    project, deal = running_of(session, event.subject_id), session.get(Deal, event.subject_id)
    before = json.loads(event.before or "{}").get("rep")
    if project is None or deal is None or project.rep_id != before or deal.rep_id == before:
        return
    change = Change("project", project.id, "given", MACHINE, {"rep": before}, {"rep": deal.rep_id}, once=f"project:{project.id}:given:{event.id}")
    if first_time(session, change, now=now):  # else somebody has given it back since
        project.rep_id = deal.rep_id
        session.flush()


def _task(session: Session, event: DomainEvent, company: Company, now: int) -> None:
    """A step is what its task is: ended, open again, put off, somebody else's."""
    step = session.scalar(select(ProjectStep).where(ProjectStep.task_id == event.subject_id).limit(1))
    task = session.get(Task, event.subject_id) if step else None
    if step is None or task is None:
        return
    project = session.get(Project, step.project_id, with_for_update=True, populate_existing=True) or project_at(session, step.project_id)
    if project.state != ProjectState.RUNNING:
        return
    actor = _who(session, event)
    if task.state != TaskState.OPEN and step.state not in ENDED:
        ended = StepState.DONE if task.state == TaskState.DONE else StepState.SKIPPED
        steps.end(session, Deed(actor, company, asks=True), project, step, ended, now=now)
    elif task.state == TaskState.OPEN and step.state in ENDED:
        steps.again(session, actor, project, step, now=now)
    elif task.state == TaskState.OPEN:
        steps.due(session, actor, project, step, task.due_at, now=now)
        steps.given(session, actor, project, step, task.rep_id, now=now)


def _closed(session: Session, event: DomainEvent, company: Company, now: int) -> None:
    """A conversation that a member has closed: its customer is asked how content they are, where the firm says so."""
    talk = session.get(Conversation, event.subject_id)
    if talk is not None and event.rep_id is not None and now - event.at < LATEST:
        ask_after_talk(session, Asked(talk.contact_id, "conversation", talk.id, event.rep_id), talk, company, now=now)


def _who(session: Session, event: DomainEvent) -> Actor:
    member = session.get(Member, event.rep_id) if event.rep_id else None
    return as_actor(member) if member else MACHINE


DEEDS: Mapping[tuple[str, str], Callable[[Session, DomainEvent, Company, int], None]] = {
    ("deal", "won"): _won,
    ("deal", "reopened"): _reopened,
    ("deal", "rep"): _given,
    ("task", "done"): _task,
    ("task", "dropped"): _task,
    ("task", "reopened"): _task,
    ("task", "put_off"): _task,
    ("task", "given"): _task,
    ("conversation", "closed"): _closed,
}
