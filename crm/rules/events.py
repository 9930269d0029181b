"""Events: what rules listen to: changes on record, and messages, which are too many to be on record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.base.following import Follower, begin, follow, follow_rows
from crm.base.history import DomainEvent, behind
from crm.base.time import DAY, SECOND
from crm.conversations.threads import Author, Kind, Message

NAME, MESSAGES = "rules", "rules:messages"
HEARD, SAID = "message.heard", "message.said"
"""Events that are no changes on record: a customer wrote, a member of staff did."""
_WORDS = (Kind.MESSAGE.value, Kind.CONTACT.value, Kind.FORM.value)


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened; `cause` is the run of a rule behind it ("" = none)."""

    id: int
    at: int
    subject: str
    number: int
    kind: str
    cause: str = ""

    @property
    def name(self) -> str:
        """How rules call it."""
        return f"{self.subject}.{self.kind}"

    @property
    def until(self) -> int:
        """The last instant at which it may have happened: platforms tell whole seconds."""
        return self.at + SECOND - 1 if self.subject == "message" else self.at


def listen(session: Session, name: str, *, now: int) -> None:
    """Miss nothing of an event from this transaction on, however late it is read."""
    begin(session, NAME, DomainEvent.id, now=now)
    if name in (HEARD, SAID):
        begin(session, MESSAGES, Message.id, now=now)


def happened(session: Session, names: Collection[str], *, now: int) -> tuple[Sequence[Happened], int]:
    """What has happened of these since this was asked last, and how much was looked at; nothing is listened to where nobody asks for anything."""
    if not names:
        session.execute(delete(Follower).where(Follower.name.in_([NAME, MESSAGES])))
        return (), 0
    changes = follow(session, NAME, now=now).found
    found = [_change(one) for one in changes if f"{one.subject}.{one.kind}" in names]
    said, looked = _messages(session, names, now=now)
    return (*found, *said), len(changes) + looked


def _change(one: DomainEvent) -> Happened:
    return Happened(one.id, one.at, one.subject, one.subject_id, one.kind, behind(one, "rule"))


def _messages(session: Session, names: Collection[str], *, now: int) -> tuple[Sequence[Happened], int]:
    """New messages; what was brought in from elsewhere is old, and none."""
    if not {HEARD, SAID} & set(names):
        session.execute(delete(Follower).where(Follower.name == MESSAGES))
        return (), 0
    wanted = select(Message.id, Message.at, Message.author, Message.kind)
    rows = follow_rows(session, MESSAGES, wanted, now=now).found
    kinds = {Author.CONTACT.value: "heard", Author.REP.value: "said"}
    found = [Happened(one.id, one.at, "message", one.id, kinds[one.author]) for one in rows if one.author in kinds and one.kind in _WORDS]
    return [one for one in found if one.name in names and one.at > now - DAY], len(rows)
