"""Said times: a customer has confirmed by a button when they want to come or to be rung; it becomes a task, and staff hear of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.i18n import translator
from crm.base.said_times import AHEAD
from crm.base.settings import Company
from crm.base.time import DAY, MINUTE
from crm.conversations.pressing import Press, say
from crm.conversations.talk import held_by
from crm.conversations.threads import Author, Message, the
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.sales import tasks
from crm.sales.tasks import Duty, TaskKind, TaskState

ASKED = System("customer asked")
KINDS = {"c": TaskKind.CALL, "m": TaskKind.MEETING}
PREFIX = "time:"


def pressed(session: Session, press: Press, company: Company) -> None:
    """Write the time down, in the place of one that was written down before; another one is asked for in words."""
    tr = translator(press.language)
    kind, minutes = KINDS.get(press.detail[:1]), press.detail[1:]
    if press.detail == "other":
        return say(session, press, tr("Write the day and the time, for example: {example}.", example=tr("tomorrow 15:00")))
    at = int(minutes) * MINUTE if minutes.isascii() and minutes.isdigit() and len(minutes) < 12 else 0
    if kind is None or not press.at < at <= press.at + AHEAD + DAY:
        return say(session, press, tr("This time is over. Write another day and time, please."))
    number = _task(session, press, kind, at)
    tell(session, [Notice(NoticeKind.TIME_SAID, number, f"time:{press.conversation_id}:{at}", {"due": at})], now=press.at)
    when = tr.when(at, company.zone, press.at)
    return say(session, press, tr("We have written it down: {when}. If it does not suit us, a person will write to you.", when=when))


def _task(session: Session, press: Press, kind: TaskKind, at: int) -> int:
    """The task of this moment; what the same conversation has asked for before is not to be done any more."""
    once = f"{PREFIX}{press.conversation_id}:{at}"
    earlier = [one for one in tasks.open_tasks(session, press.conversation_id) if (one.once or "").startswith(PREFIX)]
    tasks.settle_all(session, ASKED, [one for one in earlier if one.once != once], TaskState.DROPPED, now=press.at)
    holder = held_by(session, the(session, press.conversation_id))
    number = tasks.add_task(session, ASKED, press.conversation_id, Duty(kind, at, _words(session, press), holder, once=once), now=press.at)
    if tasks.task_at(session, number).state != TaskState.OPEN:  # they changed their mind, and changed it back
        tasks.reopen(session, ASKED, number, now=press.at)
    return number


def _words(session: Session, press: Press) -> str:
    """What they wrote last, in which they named the time."""
    mine = (Message.conversation_id == press.conversation_id, Message.author == Author.CONTACT.value, Message.kind == "message")
    return session.scalar(select(Message.text).where(*mine).order_by(Message.id.desc()).limit(1)) or ""
