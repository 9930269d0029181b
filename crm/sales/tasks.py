"""Task: a dated duty of a rep: to call back, to write where no text may go any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, and_, cast, exists, literal, or_, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.actors import Actor, Rep, System
from crm.base.errors import NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean
from crm.base.time import DAY
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Contact
from crm.people.reps import Member, authorise, member_of

TEXT_MOST = 500
REMINDED = 50
LATEST = 7 * DAY


class TaskKind(StrEnum):
    """What is to be done."""

    CALL = "call"
    ANSWER = "answer"
    OTHER = "other"


class TaskState(StrEnum):
    """Whether it is done."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class Task(Row):
    """One duty; `rep_id` None = of whoever takes the conversation; `once` keeps one cause from making two."""

    __tablename__ = "tasks"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="open")
    due_at: Mapped[int]
    created_at: Mapped[int]
    done_at: Mapped[int] = mapped_column(server_default="0")
    done_by: Mapped[int | None]
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (Index("tasks_open", "due_at", sqlite_where=sql("state = 'open'"), postgresql_where=sql("state = 'open'")),)


@dataclass(frozen=True, slots=True)
class Duty:
    """A task to be added: what, by when, in which words, whose (None = of whoever takes the conversation), and what it must not be made twice for."""

    kind: TaskKind
    due_at: int
    text: str = ""
    rep_id: int | None = None
    once: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """An open task in a list, with whom it is about."""

    id: int
    conversation_id: int
    kind: TaskKind
    text: str
    due_at: int
    name: str
    mine: bool


def add_task(session: Session, actor: Actor, conversation_id: int, duty: Duty, *, now: int) -> int:
    """Add a task and answer its number; the same `once` answers the same. A rep gives tasks to themselves or to nobody, a manager to anybody."""
    conversation = _allowed(session, actor, conversation_id)
    earlier = session.scalar(select(Task.id).where(Task.once == duty.once)) if duty.once else None
    if earlier is not None:
        return earlier
    if duty.rep_id is not None and member_of(session, duty.rep_id).id != getattr(actor, "id", None):
        authorise(session, actor, Action.TAKE_OVER)
    number = next(take_ids(session, 1))
    row = {"conversation_id": conversation.id, "contact_id": conversation.contact_id, "rep_id": duty.rep_id, "kind": duty.kind.value}
    when = {"due_at": duty.due_at, "created_at": now, "once": duty.once}
    if not add_new(session, Task, [{"id": number, **row, "text": clean(duty.text, TEXT_MOST), **when}]):
        return session.scalars(select(Task.id).where(Task.once == duty.once)).one()
    record(session, Change("task", number, "added", actor, after={"kind": duty.kind.value, "rep": duty.rep_id, "due": duty.due_at}), now=now)
    if duty.due_at <= now:  # the card that comes with it says so already
        record(session, _reminder(number, duty.due_at), now=now)
    given = duty.rep_id is not None and duty.rep_id != getattr(actor, "id", None)
    tell(session, [card(conversation.id), *([Notice(NoticeKind.TASK, number, f"task:{number}:given")] if given else [])], now=now)
    return number


def finish(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Say that a task is done; again changes nothing."""
    return _end(session, actor, task_id, TaskState.DONE, now=now)


def drop(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Give a task up: there was no need for it."""
    return _end(session, actor, task_id, TaskState.DROPPED, now=now)


def reopen(session: Session, actor: Actor, task_id: int, *, now: int) -> Task:
    """Undo an end: the task is to be done again."""
    task = _task(session, actor, task_id)
    if task.state == TaskState.OPEN:
        return task
    record(session, Change("task", task.id, "reopened", actor, {"state": task.state}, {"state": TaskState.OPEN.value}), now=now)
    task.state, task.done_at, task.done_by = TaskState.OPEN.value, 0, None
    session.flush()
    tell(session, [card(task.conversation_id)], now=now)
    return task


def task_at(session: Session, task_id: int) -> Task:
    """A task by its number."""
    found = session.get(Task, task_id)
    if found is None:
        raise NotFound("no such task")
    return found


def open_tasks(session: Session, conversation_id: int) -> list[Task]:
    """What is to be done about a conversation, the most urgent first."""
    wanted = select(Task).where(Task.conversation_id == conversation_id, Task.state == TaskState.OPEN.value)
    return list(session.scalars(wanted.order_by(Task.due_at, Task.id)))


def tasks_for(session: Session, actor: Rep, *, limit: int, skip: int = 0) -> list[Due]:
    """What this member has to do, and what is nobody's yet: neither the task nor its conversation; the most urgent first."""
    authorise(session, actor, Action.TALK)
    root, holder, owner = aliased(Contact), aliased(Member), aliased(Member)
    free = and_(owner.id.is_(None), or_(holder.id.is_(None), holder.id == actor.id))
    rows = session.execute(
        select(Task.id, Task.conversation_id, Task.kind, Task.text, Task.due_at, Task.rep_id, holder.id.label("holder"), root.name, root.platform_name)
        .join(Conversation, Conversation.id == Task.conversation_id)
        .join(Contact, Contact.id == Task.contact_id)
        .join(root, root.id == Contact.root_id)
        .outerjoin(holder, and_(holder.id == Conversation.rep_id, holder.active == 1))
        .outerjoin(owner, and_(owner.id == Task.rep_id, owner.active == 1))
        .where(Task.state == TaskState.OPEN.value, or_(Task.rep_id == actor.id, free), root.blocked == 0)
        .order_by(Task.due_at, Task.id)
        .limit(limit)
        .offset(skip)
    )
    return [
        Due(row.id, row.conversation_id, TaskKind(row.kind), row.text, row.due_at, row.name or row.platform_name, actor.id in (row.rep_id, row.holder))
        for row in rows
    ]


def remind(session: Session, *, now: int) -> int:
    """Tell of the tasks whose time has come, each once; answers how many, so that whoever asks goes on until there is none."""
    said = exists().where(DomainEvent.once == literal("task:") + cast(Task.id, String) + literal(":due:") + cast(Task.due_at, String))
    due = (Task.state == TaskState.OPEN.value, Task.due_at <= now, Task.due_at > now - LATEST)
    tasks = session.scalars(select(Task).where(*due, ~said).order_by(Task.due_at, Task.id).limit(REMINDED)).all()
    record(session, *(_reminder(task.id, task.due_at) for task in tasks), now=now)
    tell(session, [notice for task in tasks for notice in (card(task.conversation_id), Notice(NoticeKind.TASK, task.id, f"task:{task.id}:due"))], now=now)
    return len(tasks)


def settle_all(session: Session, actor: System, tasks: Sequence[Task], state: TaskState, *, now: int) -> None:
    """What happened by itself has done these tasks, or made them needless."""
    for task in tasks:
        _end(session, actor, task.id, state, now=now)


def answered(session: Session, actor: Actor, conversation_id: int, *, now: int) -> list[int]:
    """Whoever has written an answer has done what was owed of that kind; answers which tasks it ended."""
    owed = [task.id for task in open_tasks(session, conversation_id) if task.kind == TaskKind.ANSWER]
    return [_end(session, actor, number, TaskState.DONE, now=now).id for number in owed]


def _reminder(task_id: int, due_at: int) -> Change:
    return Change("task", task_id, "due", System("clock"), once=f"task:{task_id}:due:{due_at}")


def _end(session: Session, actor: Actor, task_id: int, state: TaskState, *, now: int) -> Task:
    task = _task(session, actor, task_id)
    if task.state != TaskState.OPEN:
        return task
    record(session, Change("task", task.id, state.value, actor, {"state": task.state}, {"state": state.value}), now=now)
    task.state, task.done_at, task.done_by = state.value, now, getattr(actor, "id", None)
    session.flush()
    tell(session, [card(task.conversation_id)], now=now)
    return task


def _task(session: Session, actor: Actor, task_id: int) -> Task:
    """A task this actor may end: their own, or one of a conversation within their reach."""
    task = task_at(session, task_id)
    if isinstance(actor, Rep) and task.rep_id == actor.id:
        authorise(session, actor, Action.TALK)
    else:
        _allowed(session, actor, task.conversation_id)
    return task


def _allowed(session: Session, actor: Actor, conversation_id: int) -> Conversation:
    authorise(session, actor, Action.TALK)
    return within_reach(session, actor, conversation_id) if isinstance(actor, Rep) else the(session, conversation_id)
