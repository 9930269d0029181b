"""Everything that changed is on record: one append-only `DomainEvent` per change, written in the transaction of the change."""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, name_of
from crm.base.rows import add_new, take_ids
from crm.base.table import Row

# A platform tells instants in whole seconds, and its clock is not ours.
SKEW_MS = 5000
BEHIND = "cause"


class DomainEvent(Row):
    """A change on record: the audit, the timeline, the trigger of rules, the source of reports."""

    __tablename__ = "domain_events"
    at: Mapped[int]
    subject: Mapped[str]
    subject_id: Mapped[int]
    kind: Mapped[str]
    actor: Mapped[str]
    rep_id: Mapped[int | None]
    before: Mapped[str] = mapped_column(server_default="")
    after: Mapped[str] = mapped_column(server_default="")
    cause: Mapped[str] = mapped_column(server_default="")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (Index("domain_events_subject", "subject", "subject_id", "id"), Index("domain_events_kind", "kind", "at"))


@dataclass(frozen=True, slots=True)
class Change:
    """One change to put on record; `before` and `after` hold plain values."""

    subject: str
    subject_id: int
    kind: str
    actor: Actor
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    once: str | None = None


def record(session: Session, *changes: Change, now: int) -> None:
    """Put changes on record; one whose once-key stands already is passed over."""
    record_many(session, changes, now=now)


def record_many(session: Session, changes: Sequence[Change], *, now: int) -> None:
    """Put many changes on record with one statement."""
    ids, cause = take_ids(session, len(changes)), str(session.info.get(BEHIND, ""))
    add_new(session, DomainEvent, [_row(next(ids), change, cause, now) for change in changes])


class Caused(Protocol):
    """A change on record, or a row with these columns of it."""

    @property
    def cause(self) -> str: ...

    @property
    def once(self) -> str | None: ...


@contextmanager
def caused(session: Session, cause: str) -> Iterator[None]:
    """Whatever is put on record meanwhile has this cause.

    What has one of its own, and a person, whose causes say which of their contacts was heard, name this one by the once-key.
    """
    before = session.info.get(BEHIND, "")
    session.info[BEHIND] = cause
    try:
        yield
    finally:
        session.info[BEHIND] = before


def behind(event: "Caused", kind: str) -> str:
    """The cause of this kind that a change on record has, such as "rule:3:17" ("" = none)."""
    return next((one for one in (event.cause, event.once or "") if one.startswith(f"{kind}:")), "")


def done_since(session: Session, subject: str, number: int, kinds: Collection[str], *, said_at: int, by: int) -> str:
    """Which of these changes somebody else made after this was said ("" = none); `said_at` is the platform's own instant, `by` is who said it."""
    if not said_at:
        return ""
    about = (DomainEvent.subject == subject, DomainEvent.subject_id == number, DomainEvent.kind.in_(kinds), DomainEvent.at > said_at + SKEW_MS)
    others = (DomainEvent.rep_id.is_not(None), DomainEvent.rep_id != by)
    return session.scalar(select(DomainEvent.kind).where(*about, *others).order_by(DomainEvent.id.desc()).limit(1)) or ""


def _row(number: int, change: Change, cause: str, now: int) -> dict[str, Any]:
    named = cause if not change.cause and change.subject != "contact" else ""
    return {
        "id": number,
        "at": now,
        "subject": change.subject,
        "subject_id": change.subject_id,
        "kind": change.kind,
        "actor": name_of(change.actor),
        "rep_id": getattr(change.actor, "id", None),
        "before": _words(change.before),
        "after": _words(change.after),
        "cause": change.cause or named,
        "once": change.once or (f"{cause}:{number}" if cause and not named else None),
    }


def _words(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""
