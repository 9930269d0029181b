"""Task: a dated duty of a rep: to call back, to send the offer, to write where no text may go any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep, Role, System
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.history import Change, record
from crm.base.policy import Action, may
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean
from crm.conversations.talk import held_by, within_reach
from crm.conversations.threads import Conversation, Status, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import family_of, root_of
from crm.people.reps import Member, authorise, member_of
from crm.people.sight import sight_of
from crm.sales.deals import Deal

TEXT_MOST = 500
CARDS = 8
"""How many conversations of a person are drawn again when something is to be done for them."""
_OPEN, _UNLESS = sql("state = 'open'"), sql("state = 'open' AND unless_reply = 1")


class TaskKind(StrEnum):
    """What is to be done."""

    CALL = "call"
    LETTER = "letter"
    MEETING = "meeting"
    DELIVERY = "delivery"
    ANSWER = "answer"
    OTHER = "other"


class TaskState(StrEnum):
    """Whether it is done."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Task(Row):
    """One duty about a conversation, or only about a person (`conversation_id` None), or about a deal of theirs.

    `rep_id` None = of whoever takes the conversation; `once` keeps one cause from making two; `unless_reply` = needless once the customer writes before
    it is due; `raised` counts the steps of the ladder that were told of since it was due.
    """

    __tablename__ = "tasks"
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="open")
    due_at: Mapped[int]
    created_at: Mapped[int]
    done_at: Mapped[int] = mapped_column(server_default="0")
    done_by: Mapped[int | None]
    deal_id: Mapped[int | None] = mapped_column(index=True)
    unless_reply: Mapped[int] = mapped_column(server_default="0")
    raised: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        Index("tasks_open", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("tasks_person", "contact_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("tasks_unless_reply", "unless_reply", "contact_id", sqlite_where=_UNLESS, postgresql_where=_UNLESS),
    )


@dataclass(frozen=True, slots=True)
class Duty:
    """A task to be added: what, by when, in which words, whose (None = of whoever takes the conversation), and what it must not be made twice for."""

    kind: TaskKind
    due_at: int
    text: str = ""
    rep_id: int | None = None
    once: str | None = None
    unless_reply: bool = False


@dataclass(frozen=True, slots=True)
class _About:
    """Whom or what a task is about."""

    contact_id: int
    conversation_id: int | None = None
    deal_id: int | None = None


def add_task(session: Session, actor: Actor, conversation_id: int, duty: Duty, *, now: int) -> int:
    """Add a task about a conversation and answer its number; the same `once` answers the same.

    A trainee gives tasks to themselves, a rep to nobody too, a manager to anybody.
    """
    conversation = _allowed(session, actor, conversation_id)
    return _add(session, actor, _About(conversation.contact_id, conversation.id), duty, now=now)


def add_about(session: Session, actor: Actor, contact_id: int, duty: Duty, *, now: int) -> int:
    """Add a task about a person and no conversation of theirs; raises `Taken` by whoever has one."""
    authorise(session, actor, Action.DO_TASK)
    root_of(session, contact_id)
    _reach(session, actor, contact_id)
    return _add(session, actor, _About(contact_id), duty, now=now)


def add_to_deal(session: Session, actor: Actor, deal_id: int, duty: Duty, *, now: int) -> int:
    """Add a task about a deal within the actor's sight; raises `Taken` by whose it is."""
    deal = deal_in_sight(session, actor, deal_id)
    return _add(session, actor, _About(deal.contact_id, deal_id=deal.id), duty, now=now)


def deal_in_sight(session: Session, actor: Actor, deal_id: int) -> Deal:
    """A deal that this actor may add a task to; raises `Taken` by whose it is."""
    sight, deal = sight_of(session, actor, Action.DO_TASK), session.get(Deal, deal_id)
    if deal is None:
        raise NotFound("no such deal")
    if not sight.covers(_active(session, deal.rep_id)):
        raise Taken(_name(session, deal.rep_id))
    return deal


def finish(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Say that a task is done; again changes nothing."""
    return _end(session, actor, task_id, TaskState.DONE, now=now)


def drop(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Give a task up: there was no need for it."""
    return _end(session, actor, task_id, TaskState.DROPPED, now=now)


def reopen(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Undo an end: the task is to be done again."""
    task = task_in_reach(session, actor, task_id)
    if task.state == TaskState.OPEN:
        return task
    record(session, Change("task", task.id, "reopened", actor, {"state": task.state}, {"state": TaskState.OPEN.value}), now=now)
    task.state, task.done_at, task.done_by = TaskState.OPEN.value, 0, None
    return _changed(session, task, now=now)


def put_off(session: Session, actor: Actor, task_id: int, due_at: int, *, now: int) -> Task:
    """Change when a task is due, to an instant that is still ahead; its reminders begin anew."""
    task = task_in_reach(session, actor, task_id)
    if due_at <= now:
        raise Invalid("a task is due in the future")
    if task.state != TaskState.OPEN or task.due_at == due_at:
        return task
    record(session, Change("task", task.id, "put_off", actor, {"due": task.due_at}, {"due": due_at}), now=now)
    task.due_at, task.raised = due_at, 0
    return _changed(session, task, now=now)


def give(session: Session, actor: Actor, task_id: int, rep_id: int | None, *, now: int) -> Task:
    """Make a task somebody's, or nobody's (None); whoever it is given to by another hears of it."""
    task = task_in_reach(session, actor, task_id)
    may_have(session, actor, rep_id)
    if task.state != TaskState.OPEN or task.rep_id == rep_id:
        return task
    record(session, Change("task", task.id, "given", actor, {"rep": task.rep_id}, {"rep": rep_id}), now=now)
    task.rep_id = rep_id
    _changed(session, task, now=now)
    if rep_id is not None and rep_id != getattr(actor, "id", None):
        tell(session, [_given(task.id, f"{rep_id}:{now}")], now=now)
    return task


def need_no_reply(session: Session, actor: Actor, task_id: int, only: bool, *, now: int) -> Task:
    """Whether a task is needless once the customer writes before it is due."""
    task = task_in_reach(session, actor, task_id)
    if task.unless_reply == int(only) or task.state != TaskState.OPEN:
        return task
    record(session, Change("task", task.id, "unless_reply", actor, {"only": bool(task.unless_reply)}, {"only": only}), now=now)
    task.unless_reply = int(only)
    return _changed(session, task, now=now)


def task_at(session: Session, task_id: int) -> Task:
    """A task by its number."""
    found = session.get(Task, task_id)
    if found is None:
        raise NotFound("no such task")
    return found


def task_in_reach(session: Session, actor: Actor, task_id: int) -> Task:
    """A task this actor may change: their own, one of a conversation or a deal they have, or one within their sight that nobody else's customer is behind."""
    task = task_at(session, task_id)
    authorise(session, actor, Action.DO_TASK)
    if not isinstance(actor, Rep) or task.rep_id == actor.id:
        return task
    dealer = None
    if task.conversation_id is not None:
        if held_by(session, within_reach(session, actor, task.conversation_id)) == actor.id:
            return task
    else:
        deal = session.get(Deal, task.deal_id) if task.deal_id else None
        dealer = _active(session, deal.rep_id) if deal else None
        if dealer == actor.id:
            return task
        _reach(session, actor, task.contact_id)
    owner = _active(session, task.rep_id) or dealer
    if not sight_of(session, actor, Action.DO_TASK).covers(owner):
        raise Taken(_name(session, owner))
    return task


def may_have(session: Session, actor: Actor, rep_id: int | None) -> None:
    """Refuse unless this actor may make a task this member's, or nobody's."""
    if rep_id is None:
        authorise(session, actor, Action.LEAVE_TASK)
        return
    member = member_of(session, rep_id)
    if not may(Role(member.role), Action.DO_TASK):
        raise Invalid("they do no tasks")
    if member.id != getattr(actor, "id", None):
        authorise(session, actor, Action.GIVE_TASK)


def open_tasks(session: Session, conversation_id: int) -> list[Task]:
    """What is to be done about a conversation, the most urgent first."""
    wanted = select(Task).where(Task.conversation_id == conversation_id, Task.state == TaskState.OPEN.value)
    return list(session.scalars(wanted.order_by(Task.due_at, Task.id)))


def settle_all(session: Session, actor: System, tasks: Sequence[Task], state: TaskState, *, now: int) -> None:
    """What happened by itself has done these tasks, or made them needless."""
    for task in tasks:
        _end(session, actor, task.id, state, now=now)


def answered(session: Session, actor: Actor, conversation_id: int, *, now: int) -> list[int]:
    """Whoever has written an answer has done what was owed of that kind; answers which tasks it ended."""
    owed = [task for task in open_tasks(session, conversation_id) if task.kind == TaskKind.ANSWER]
    if owed:
        _allowed(session, actor, conversation_id)
    return [_done(session, actor, task, TaskState.DONE, now=now).id for task in owed]


def unanswered(session: Session, actor: Rep, conversation_id: int, answered_at: int, *, now: int) -> list[int]:
    """Undo that an answer, written at an instant, did what was owed; answers which tasks are open again."""
    owed = (Task.conversation_id == conversation_id, Task.kind == TaskKind.ANSWER.value, Task.state == TaskState.DONE.value)
    ended = select(Task.id).where(*owed, Task.done_at == answered_at, Task.done_by == actor.id).order_by(Task.id)
    return [reopen(session, actor, number, now=now).id for number in session.scalars(ended).all()]


def reminder(task_id: int, due_at: int) -> Change:
    """What stands on record of a reminder, once for each time a task is due."""
    return Change("task", task_id, "due", System("clock"), once=f"task:{task_id}:due:{due_at}")


def cards(session: Session, task: Task) -> list[Notice]:
    """The cards of the person a task is about are drawn again."""
    family = family_of(session, task.contact_id)
    newest = select(Conversation.id).where(Conversation.contact_id.in_(family)).order_by(Conversation.id.desc()).limit(CARDS)
    found = list(session.scalars(newest))
    return [card(number) for number in dict.fromkeys([*([task.conversation_id] if task.conversation_id else []), *found])]


def _add(session: Session, actor: Actor, about: _About, duty: Duty, *, now: int) -> int:
    earlier = session.scalar(select(Task.id).where(Task.once == duty.once)) if duty.once else None
    if earlier is not None:
        return earlier
    may_have(session, actor, duty.rep_id)
    number = next(take_ids(session, 1))
    what = {"conversation_id": about.conversation_id, "contact_id": about.contact_id, "deal_id": about.deal_id, "rep_id": duty.rep_id}
    when = {"due_at": duty.due_at, "created_at": now, "once": duty.once, "unless_reply": int(duty.unless_reply)}
    if not add_new(session, Task, [{"id": number, **what, "kind": duty.kind.value, "text": clean(duty.text, TEXT_MOST), **when}]):
        return session.scalars(select(Task.id).where(Task.once == duty.once)).one()
    record(session, Change("task", number, "added", actor, after={"kind": duty.kind.value, "rep": duty.rep_id, "due": duty.due_at}), now=now)
    if duty.due_at <= now:  # the card that comes with it says so already
        record(session, reminder(number, duty.due_at), now=now)
    given = duty.rep_id is not None and duty.rep_id != getattr(actor, "id", None)
    tell(session, [*cards(session, task_at(session, number)), *([_given(number)] if given else [])], now=now)
    return number


def _given(number: int, again: str = "") -> Notice:
    return Notice(NoticeKind.TASK, number, ":".join(filter(None, (f"task:{number}:given", again))))


def _end(session: Session, actor: Actor, task_id: int, state: TaskState, *, now: int) -> Task:
    return _done(session, actor, task_in_reach(session, actor, task_id), state, now=now)


def _done(session: Session, actor: Actor, task: Task, state: TaskState, *, now: int) -> Task:
    if task.state != TaskState.OPEN:
        return task
    record(session, Change("task", task.id, state.value, actor, {"state": task.state}, {"state": state.value}), now=now)
    task.state, task.done_at, task.done_by = state.value, now, getattr(actor, "id", None)
    return _changed(session, task, now=now)


def _changed(session: Session, task: Task, *, now: int) -> Task:
    session.flush()
    tell(session, cards(session, task), now=now)
    return task


def _allowed(session: Session, actor: Actor, conversation_id: int) -> Conversation:
    authorise(session, actor, Action.DO_TASK)
    return within_reach(session, actor, conversation_id) if isinstance(actor, Rep) else the(session, conversation_id)


def _reach(session: Session, actor: Actor, contact_id: int) -> None:
    """Refuse where somebody else has an open conversation with this person, unless the actor may take over."""
    if not isinstance(actor, Rep):
        return
    theirs = select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, contact_id)), Conversation.status != Status.CLOSED.value)
    for number in session.scalars(theirs.where(Conversation.rep_id != actor.id).order_by(Conversation.id)).all():
        within_reach(session, actor, number)


def _active(session: Session, rep_id: int | None) -> int | None:
    member = session.get(Member, rep_id) if rep_id else None
    return member.id if member and member.active else None


def _name(session: Session, rep_id: int | None) -> str:
    member = session.get(Member, rep_id) if rep_id else None
    return member.name if member else ""
