"""Steps: begun, done, blocked, left out, taken back, put off, given to somebody; the task of a step goes with it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.base.actors import Actor, Role
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import clean
from crm.people.reps import authorise, member_of
from crm.projects.blueprints import NotifyOn
from crm.projects.projects import ENDED, Project, ProjectState, ProjectStep, StepState, held_step, project_at, steps_of
from crm.projects.starting import MACHINE, say
from crm.projects.telling import tell_step
from crm.sales import tasks
from crm.sales.deals import deal_at, redraw
from crm.sales.tasks import TaskState

WHY_MOST = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something to a step, for which firm; `asks` = nobody looks at the project now, so that its owner is asked whether to tell the customer."""

    actor: Actor
    company: Company
    asks: bool = False


def begin_step(session: Session, deed: Deed, step_id: int, *, now: int) -> ProjectStep:
    """Say that a step is being worked on; what stood in its way does so no more."""
    project, step = _running(session, deed.actor, step_id)
    if step.state in ENDED or (step.begun_at and step.state == StepState.OPEN):
        return step
    step.begun_at = step.begun_at or now
    _turn(session, deed.actor, project, step, StepState.OPEN, "begun", now=now)
    _notify(session, deed, project, step, NotifyOn.BEGUN, now=now)
    return step


def finish_step(session: Session, deed: Deed, step_id: int, *, now: int) -> ProjectStep:
    """Say that a step is done; its task is done with it, and its words go to the customer where the blueprint says so."""
    project, step = _running(session, deed.actor, step_id)
    return end(session, deed, project, step, StepState.DONE, now=now)


def skip_step(session: Session, deed: Deed, step_id: int, *, now: int) -> ProjectStep:
    """Leave a step out; its task is given up."""
    project, step = _running(session, deed.actor, step_id)
    return end(session, deed, project, step, StepState.SKIPPED, now=now)


def end(session: Session, deed: Deed, project: Project, step: ProjectStep, state: StepState, *, now: int) -> ProjectStep:
    """End a step of a project that is held, whoever may do so; the last one tells its owner that all is done."""
    if step.state in ENDED:
        return step
    step.done_at = now
    _turn(session, deed.actor, project, step, state, state.value, now=now)
    if step.task_id is not None:
        tasks.settle_all(session, MACHINE, [tasks.task_at(session, step.task_id)], TaskState.DONE if state is StepState.DONE else TaskState.DROPPED, now=now)
    if state is StepState.DONE:
        _notify(session, deed, project, step, NotifyOn.DONE, now=now)
    if deed.asks and all(one.state in ENDED for one in steps_of(session, project.id)):
        say(session, project, "ready", now=now)
    return step


def block_step(session: Session, deed: Deed, step_id: int, why: str, *, now: int) -> ProjectStep:
    """Say what a step waits for; raises `Invalid` without a word of it."""
    project, step = _running(session, deed.actor, step_id)
    said = clean(why, WHY_MOST).strip()
    if not said or step.state in ENDED:
        raise Invalid("say what it waits for")
    if step.state != StepState.BLOCKED or step.blocked_why != said:
        _turn(session, deed.actor, project, step, StepState.BLOCKED, "blocked", now=now, why=said)
    return step


def reopen_step(session: Session, deed: Deed, step_id: int, *, now: int) -> ProjectStep:
    """Take back that a step has ended or waits for something; its task is open again."""
    project, step = _running(session, deed.actor, step_id)
    return again(session, deed.actor, project, step, now=now)


def again(session: Session, actor: Actor, project: Project, step: ProjectStep, *, now: int) -> ProjectStep:
    """Open a step of a project that is held, whoever may do so."""
    if step.state == StepState.OPEN:
        return step
    step.done_at = 0
    _turn(session, actor, project, step, StepState.OPEN, "reopened", now=now)
    if step.task_id is not None and tasks.task_at(session, step.task_id).state != TaskState.OPEN:
        tasks.reopen(session, MACHINE, step.task_id, now=now)
    return step


def put_off_step(session: Session, deed: Deed, step_id: int, due_at: int, *, now: int) -> ProjectStep:
    """Change when a step is due, to an instant that is still ahead; the project is due when its last step is."""
    project, step = _running(session, deed.actor, step_id)
    if due_at <= now or step.state in ENDED:
        raise Invalid("a step is due in the future")
    if step.due_at != due_at and step.task_id is not None:
        tasks.put_off(session, MACHINE, step.task_id, due_at, now=now)
    return due(session, deed.actor, project, step, due_at, now=now)


def due(session: Session, actor: Actor, project: Project, step: ProjectStep, due_at: int, *, now: int) -> ProjectStep:
    """Write down when a step of a project that is held is due."""
    if step.due_at != due_at:
        record(session, Change("project", project.id, "step put_off", actor, {"due": step.due_at}, {"due": due_at, "step": step.title}), now=now)
        step.due_at = due_at
        project.due_at = max(one.due_at for one in steps_of(session, project.id))
        touch(session, project, now=now)
    return step


def give_step(session: Session, deed: Deed, step_id: int, rep_id: int | None, *, now: int) -> ProjectStep:
    """Make a step somebody's, or of whoever has the deal (None); who gives it to another must be one who gives tasks."""
    project, step = _running(session, deed.actor, step_id)
    if rep_id is not None and not may(Role(member_of(session, rep_id).role), Action.DO_TASK):
        raise Invalid("they do no tasks")
    if rep_id not in (None, getattr(deed.actor, "id", None)):
        authorise(session, deed.actor, Action.GIVE_TASK)
    if step.task_id is not None and step.state not in ENDED:
        tasks.give(session, MACHINE, step.task_id, rep_id, now=now)
    return given(session, deed.actor, project, step, rep_id, now=now)


def given(session: Session, actor: Actor, project: Project, step: ProjectStep, rep_id: int | None, *, now: int) -> ProjectStep:
    """Write down whose a step of a project that is held is."""
    if step.rep_id != rep_id:
        record(session, Change("project", project.id, "step given", actor, {"rep": step.rep_id}, {"rep": rep_id, "step": step.title}), now=now)
        step.rep_id = rep_id
        touch(session, project, now=now)
    return step


def tell_of(session: Session, deed: Deed, step_id: int, *, now: int) -> bool:
    """Tell the customer of a step in the words of the blueprint; answers whether there was a way to. Once is enough."""
    project, step = held_step(session, deed.actor, step_id)
    if step.told_at:
        return True
    if not tell_step(session, project, step, deed.company, now=now):
        return False
    record(session, Change("project", project.id, "told", deed.actor, after={"step": step.title}), now=now)
    touch(session, project, now=now)
    return True


def touch(session: Session, project: Project, *, now: int) -> None:
    """Something was done in a project: its health is looked at anew, and cards show it as it is."""
    project.touched_at = project.check_at = now
    session.flush()
    if project.deal_id is not None:
        redraw(session, deal_at(session, project.deal_id), now=now)


def _running(session: Session, actor: Actor, step_id: int) -> tuple[Project, ProjectStep]:
    project, step = held_step(session, actor, step_id)
    if project.state != ProjectState.RUNNING:
        raise Invalid("this project does not run any more")
    return project, step


def _turn(session: Session, actor: Actor, project: Project, step: ProjectStep, state: StepState, kind: str, *, now: int, why: str = "") -> None:
    after = {"state": state.value, "step": step.title, **({"words": why} if why else {})}
    record(session, Change("project", project.id, f"step {kind}", actor, {"state": step.state}, after), now=now)
    step.state, step.blocked_why = state.value, why
    touch(session, project, now=now)


def _notify(session: Session, deed: Deed, project: Project, step: ProjectStep, on: NotifyOn, *, now: int) -> None:
    """Tell the customer by itself, or, where nobody looks at the project, ask its owner whether to."""
    if not step.notify_text or step.told_at or step.notify_on != on:
        return
    if step.notify_auto:
        tell_step(session, project, step, deed.company, now=now)
    elif deed.asks:
        say(session, project_at(session, project.id), "tell", step=step.id, now=now)
