"""Ladder: who is told of a task, and when: whose it is when it is due, again when it is late, then the managers; and what a reply makes needless."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import String, bindparam, cast, exists, literal, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import System
from crm.base.history import DomainEvent, record
from crm.base.rows import among, ask, fixed
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, Hours, instant, local
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import firm_hours
from crm.people.contacts import Contact
from crm.sales.tasks import Task, TaskState, cards, reminder, settle_all, task_at

REMINDED = 50
LATEST = 7 * DAY


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: its name, after how long a task is told of again (milliseconds and working days), and whether to the managers."""

    name: str
    after_ms: int = 0
    working_days: int = 0
    managers: bool = False


ESCALATION = (Rung("late", after_ms=2 * HOUR), Rung("raised", working_days=1, managers=True))
RUNGS = {rung.name: rung for rung in ESCALATION}
_own = aliased(Contact)
WAITS_FOR_SILENCE = exists().where(Task.unless_reply == fixed(1), Task.state == fixed("open"))
"""Whether anything is to be done only if there is no reply: with its own small index, one step where nothing is."""
_NEEDLESS = (
    select(Task.id)
    .join(_own, _own.id == Task.contact_id)
    .where(Task.unless_reply == fixed(1), Task.state == fixed("open"), Task.due_at > bindparam("now"), among(_own.root_id, "people"))
    .order_by(Task.id)
)


def remind(session: Session, *, now: int) -> int:
    """Tell of the tasks whose time has come, each once; answers how many, so that whoever asks goes on until there is none."""
    said = exists().where(DomainEvent.once == literal("task:") + cast(Task.id, String) + literal(":due:") + cast(Task.due_at, String))
    due = (Task.state == TaskState.OPEN.value, Task.due_at <= now, Task.due_at > now - LATEST)
    tasks = session.scalars(select(Task).where(*due, ~said).order_by(Task.due_at, Task.id).limit(REMINDED)).all()
    record(session, *(reminder(task.id, task.due_at) for task in tasks), now=now)
    tell(session, [notice for task in tasks for notice in (*cards(session, task), _notice(task, "due"))], now=now)
    return len(tasks)


def escalate(session: Session, company: Company, *, now: int) -> int:
    """Tell again of what is late, one step of the ladder at a time and each once, never while the firm is closed; answers how many."""
    hours = firm_hours(session, company, now=now)
    if not hours.open_at(now) and any(hours.days):
        return 0
    told = 0
    for place, rung in enumerate(ESCALATION):
        late = (Task.state == TaskState.OPEN.value, Task.raised <= place, Task.due_at <= overdue_from(rung, now, hours), Task.due_at > now - LATEST)
        tasks = session.scalars(select(Task).where(*late).order_by(Task.due_at, Task.id).limit(REMINDED)).all()
        for task in tasks:
            task.raised = place + 1
        session.flush()
        tell(session, [_notice(task, rung.name) for task in tasks], now=now)
        told += len(tasks)
    return told


def overdue_from(rung: Rung, now: int, hours: Hours) -> int:
    """What was due at this instant or before has reached a step; a working day ago is the same time of the working day before. Pure."""
    there, at = local(now - rung.after_ms, hours.zone), now - rung.after_ms
    date = there.date()
    for _ in range(rung.working_days):
        date -= timedelta(days=1)
        while any(hours.days) and hours.on(date) is None:
            date -= timedelta(days=1)
    return instant(datetime.combine(date, there.time(), ZoneInfo(hours.zone))) if rung.working_days else at


def replied(session: Session, people: Sequence[int], *, now: int) -> int:
    """These people have written: what was to be done for them only if they did not is needless; answers how many tasks."""
    if not people:
        return 0
    numbers = [row.id for row in ask(session, _NEEDLESS, {"now": now, "people": list(people)})]
    settle_all(session, System("reply"), [task_at(session, number) for number in numbers], TaskState.DROPPED, now=now)
    return len(numbers)


def _notice(task: Task, rung: str) -> Notice:
    return Notice(NoticeKind.TASK, task.id, f"task:{task.id}:{rung}:{task.due_at}", {"rung": rung, "due": task.due_at})
