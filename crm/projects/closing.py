"""Closing: a project is done, is called off, runs on again, is handed on; and its customer is told how far it is."""

from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid, Unreachable
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.time import DAY
from crm.people.reps import authorise, member_of
from crm.projects.asking import Asked, ask_content
from crm.projects.projects import ENDED, Health, Project, ProjectState, StepState, held_project, owner_of, steps_of
from crm.projects.starting import MACHINE, alone, give_tasks, running_of, say
from crm.projects.steps import touch
from crm.projects.telling import tell_progress
from crm.sales import tasks
from crm.sales.tasks import TaskState

RECOMMEND_AFTER = 14 * DAY
"""So long after a project is done its customer may be asked whether they would recommend us."""


def close(session: Session, actor: Actor, project_id: int, company: Company, *, now: int) -> Project:
    """A project is done, also where steps are left: their tasks are given up. Its customer is asked how content they are."""
    project = held_project(session, actor, project_id)
    if project.state != ProjectState.RUNNING:
        return project
    _stop(session, actor, project, ProjectState.DONE, "closed", now=now)
    project.nps_at = now + RECOMMEND_AFTER
    session.flush()
    ask_content(session, Asked(project.contact_id, "project", project.id, owner_of(session, project)), company, now=now)
    return project


def cancel(session: Session, actor: Actor, project_id: int, *, now: int) -> Project:
    """A project is called off, and what was to be done with it."""
    project = held_project(session, actor, project_id)
    if project.state == ProjectState.RUNNING:
        _stop(session, actor, project, ProjectState.CANCELLED, "called_off", now=now)
    return project


def reopen(session: Session, actor: Actor, project_id: int, *, now: int) -> Project:
    """Undo the end of a project: it runs on, and what is not done yet is to be done again. `Invalid` where another one of its deal runs."""
    project = held_project(session, actor, project_id)
    if project.state == ProjectState.RUNNING:
        return project
    if project.deal_id is not None and running_of(session, alone(session, project.deal_id).id) is not None:
        raise Invalid("another project of this deal runs")
    record(session, Change("project", project.id, "reopened", actor, {"state": project.state}, {"state": ProjectState.RUNNING.value}), now=now)
    project.state, project.closed_at, project.nps_at = ProjectState.RUNNING.value, 0, 0
    for step in steps_of(session, project.id):
        if step.state not in ENDED and step.task_id is not None:
            tasks.reopen(session, MACHINE, step.task_id, now=now)
    give_tasks(session, project, now=now)
    touch(session, project, now=now)
    return project


def give(session: Session, actor: Actor, project_id: int, rep_id: int, *, now: int) -> Project:
    """Hand a project on to a member; the steps that were its owner's are theirs from now on."""
    authorise(session, actor, Action.GIVE_TASK)
    project, member = held_project(session, actor, project_id), member_of(session, rep_id)
    before = project.rep_id
    if before == member.id:
        return project
    record(session, Change("project", project.id, "given", actor, {"rep": before}, {"rep": member.id}), now=now)
    project.rep_id = member.id
    for step in steps_of(session, project.id):
        if step.state not in ENDED and step.rep_id in (None, before):
            step.rep_id = member.id
            if step.task_id is not None:
                tasks.give(session, MACHINE, step.task_id, member.id, now=now)
    touch(session, project, now=now)
    say(session, project, "given", now=now)
    return project


def tell_customer(session: Session, actor: Actor, project_id: int, company: Company, *, once: str, now: int) -> Project:
    """Tell the customer how far it is; raises `Unreachable` where there is no way to."""
    project = held_project(session, actor, project_id)
    if not tell_progress(session, project, steps_of(session, project.id), company, once=f"project:{project.id}:{once}", now=now):
        raise Unreachable
    record(session, Change("project", project.id, "told", actor, once=f"project:{project.id}:told:{once}"), now=now)
    touch(session, project, now=now)
    return project


def untouched(session: Session, project: Project) -> bool:
    """Whether nobody has done anything in a project yet, so that calling it off loses nothing."""
    return all(step.state == StepState.OPEN and not step.begun_at and not step.told_at for step in steps_of(session, project.id))


def _stop(session: Session, actor: Actor, project: Project, state: ProjectState, kind: str, *, now: int) -> None:
    record(session, Change("project", project.id, kind, actor, {"state": project.state}, {"state": state.value}), now=now)
    project.state, project.closed_at, project.health, project.why = state.value, now, Health.OK.value, ""
    session.flush()
    for step in steps_of(session, project.id):
        if step.state not in ENDED and step.task_id is not None:
            tasks.settle_all(session, MACHINE, [tasks.task_at(session, step.task_id)], TaskState.DROPPED, now=now)
    touch(session, project, now=now)
