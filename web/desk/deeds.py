"""Deeds: what a form of the page asks for becomes one verb of crm, done by the member who is logged in, once."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import Invalid, Unreachable
from crm.conversations import assign, talk
from crm.conversations.later import LATER, moment
from crm.conversations.media import here
from crm.conversations.threads import the
from crm.outbox import settle
from crm.outreach import persons
from crm.people.logins import enter, first_time
from crm.reports.thread import part_of, reach
from crm.sales.tasks import answered, finish
from web.desk.files import ACCOUNT, Sent

_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")
_NUMBER = re.compile(r"[0-9]{1,18}\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was sent; `once` is the page's own id, `seen` the newest message that was on the screen.

    `about` is the number of a suggestion or of a merge.
    """

    conversation_id: int
    deed: str
    once: str
    now: int
    zone: str
    sendable: frozenset[str]
    text: str = ""
    seen: int = 0
    delivery_id: int = 0
    about: int = 0
    until: str = ""
    file: Sent | None = None

    @property
    def key(self) -> str:
        """The once-key: the same form sent twice is one deed, other words from the same page are another."""
        about = "\0".join((str(self.conversation_id), self.deed, str(self.delivery_id), self.until, self.text, *([self.file.digest] if self.file else [])))
        about = f"{about}\0{self.about}" if self.about else about
        return f"{self.once}:{hashlib.sha256(about.encode()).hexdigest()[:20]}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a form is read; `most` is how many characters may be said."""

    now: int
    zone: str
    sendable: frozenset[str]
    most: int


def read(conversation_id: int, fields: Mapping[str, str], file: Sent | None, place: Place) -> Asked:
    """What a form asks for; raises `Invalid` for what no form of ours sends."""
    deed, once, text = fields.get("deed", ""), fields.get("once", ""), fields.get("text", "").replace("\r\n", "\n").strip()
    deed, _, until = deed.partition(":")
    if (
        deed not in DEEDS
        or not _ONCE.match(once)
        or len(text) > place.most
        or (deed in SAYING and not text and not file)
        or (file and deed != "reply")
        or (deed == "later" and until not in LATER)
    ):
        raise Invalid
    given = {name: number(fields.get(name, "")) for name in ("seen", "delivery", "about")}
    return Asked(conversation_id, deed, once, place.now, place.zone, place.sendable, text, given["seen"], given["delivery"], given["about"], until, file)


def number(word: str) -> int:
    """A number from outside; 0 for anything else."""
    return int(word) if _NUMBER.match(word) else 0


def carry_out(session: Session, key: str, asked: Asked) -> bool:
    """Do what was asked in one transaction: who asks, and whether they still may, is read in it. False when it had been done before."""
    entered = enter(session, key, now=asked.now)
    reach(session, entered.rep, asked.conversation_id)
    first = first_time(session, entered, asked.deed, asked.key, now=asked.now)
    if first:
        DEEDS[asked.deed](session, entered.rep, asked)
    return first


def _reply(session: Session, rep: Rep, asked: Asked) -> None:
    if asked.sendable and the(session, asked.conversation_id).account not in asked.sendable:
        raise Unreachable
    ref, account = (asked.file.ref, ACCOUNT) if asked.file else (None, "")
    once = f"web:{rep.id}:{asked.key}"
    number = talk.reply(session, rep, asked.conversation_id, asked.text, once=once, now=asked.now, seen=asked.seen, media=ref, media_account=account)
    answered(session, rep, asked.conversation_id, now=asked.now)
    if ref:
        here(session, number, ref.ref, ref.size, now=asked.now)


def _note(session: Session, rep: Rep, asked: Asked) -> None:
    assign.note(session, rep, asked.conversation_id, asked.text, once=f"web:{rep.id}:{asked.key}", now=asked.now)


def _later(session: Session, rep: Rep, asked: Asked) -> None:
    assign.snooze(session, rep, asked.conversation_id, moment(asked.until, asked.now, asked.zone), now=asked.now)


def _resend(session: Session, rep: Rep, asked: Asked) -> None:
    settle.resend(session, rep, part_of(session, asked.conversation_id, asked.delivery_id), now=asked.now)


def _mark_sent(session: Session, rep: Rep, asked: Asked) -> None:
    settle.mark_sent(session, rep, part_of(session, asked.conversation_id, asked.delivery_id), now=asked.now)


def _merge(session: Session, rep: Rep, asked: Asked) -> None:
    one = persons.suggestion(session, asked.about)
    persons.merged(session, rep, *persons.older(session, one.contact_id, one.other_id), now=asked.now)


def _unmerge(session: Session, rep: Rep, asked: Asked) -> None:
    persons.parted(session, rep, asked.about, now=asked.now)


def _not_same(session: Session, rep: Rep, asked: Asked) -> None:
    persons.refused(session, rep, asked.about, now=asked.now)


def _ask_again(session: Session, rep: Rep, asked: Asked) -> None:
    persons.asked_again(session, rep, asked.about, now=asked.now)


def _task_done(session: Session, rep: Rep, asked: Asked) -> None:
    finish(session, rep, asked.about, now=asked.now)


class _Verb(Protocol):
    """A verb on one conversation."""

    def __call__(self, session: Session, actor: Rep, conversation_id: int, /, *, now: int) -> object: ...


def _plain(verb: _Verb) -> Callable[[Session, Rep, Asked], object]:
    return lambda session, rep, asked: verb(session, rep, asked.conversation_id, now=asked.now)


DEEDS: Mapping[str, Callable[[Session, Rep, Asked], object]] = {
    "take": _plain(assign.take),
    "take_over": _plain(assign.take_over),
    "hand_back": _plain(assign.hand_back),
    "close": _plain(assign.close),
    "reopen": _plain(assign.reopen),
    "later": _later,
    "reply": _reply,
    "note": _note,
    "resend": _resend,
    "mark_sent": _mark_sent,
    "merge": _merge,
    "unmerge": _unmerge,
    "not_same": _not_same,
    "ask_again": _ask_again,
    "task_done": _task_done,
}
SAYING = frozenset({"reply", "note"})
