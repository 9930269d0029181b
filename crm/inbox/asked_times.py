"""Asked times: which moments somebody was asked about already, so that nobody, and no machine that answers for them, is asked the same again and again."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.base.answers import Answer
from crm.base.events import Message
from crm.base.rows import among, ask, fixed
from crm.base.said_times import meant
from crm.base.time import DAY, MINUTE
from crm.conversations.threads import Author, Kind
from crm.conversations.threads import Message as MessageRow
from crm.inbox.known import Address, Thread
from crm.inbox.plan import Got
from crm.outreach.zones import known

PREFIX = "time:"
MOST = 500
_LATELY = (
    select(MessageRow.conversation_id, MessageRow.author, MessageRow.kind, MessageRow.text, MessageRow.at)
    .where(among(MessageRow.conversation_id, "talks"), MessageRow.at > bindparam("since"), MessageRow.author != fixed(Author.BOT.value))
    .order_by(MessageRow.id.desc())
    .limit(bindparam("most"))
)


def clocks(zone: str, theirs: str) -> tuple[str, ...]:
    """By whose clocks somebody may name a time: the firm's, and their own where it is known."""
    return zone, theirs if known(theirs) else zone


def recall(session: Session, heard: Sequence[Got], threads: dict[Address, Thread], zone: str, *, now: int) -> None:
    """Have each thread that names a time know which were named in the last day, since a person of the staff spoke; nearly no batch names any."""
    naming = {thread.conversation_id: thread for thread in _naming(heard, threads, zone, now)}
    if not naming:
        return
    given = {"talks": list(naming), "since": now - DAY, "most": MOST}
    for row in reversed(ask(session, _LATELY, given)):
        thread = naming[row.conversation_id]
        if row.author == Author.REP:
            thread.asked_times.clear()
        elif row.author == Author.CONTACT and row.kind == Kind.MESSAGE:
            thread.asked_times.update(_named(thread, row.text, zone, row.at))


def asked_by(answer: Answer) -> Iterable[int]:
    """The instants that an answer of the bot asks about."""
    values = [button.value or "" for reply in answer.say for row in reply.buttons for button in row]
    return [int(value[len(PREFIX) + 1 :]) * MINUTE for value in values if value.startswith(PREFIX) and value[len(PREFIX) + 1 :].isdecimal()]


def _naming(heard: Sequence[Got], threads: dict[Address, Thread], zone: str, now: int) -> Iterable[Thread]:
    for one in heard:
        event: Any = one.event
        thread = threads.get((one.account, event.sender.external_id)) if isinstance(event, Message) and event.sender else None
        if thread is not None and thread.rep_id is None and _named(thread, event.text, zone, now):
            yield thread


def _named(thread: Thread, words: str, zone: str, at: int) -> list[int]:
    return meant(words, thread.language, clocks(zone, thread.zone), at)
