"""Tombstone: that somebody was erased, known only by keyed hashes of their addresses: who writes again is a stranger, a list brings them back no more."""

import hashlib
import hmac
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.history import DomainEvent
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.people.contacts import root_of


class Tombstone(Row):
    """One address of one who was erased, as a hash that nobody can turn back without the firm's key."""

    __tablename__ = "tombstones"
    digest: Mapped[str] = mapped_column(unique=True)
    at: Mapped[int]


_THERE = select(Tombstone.digest).where(among(Tombstone.digest, "digests"))


def digest_of(kind: str, value: str, key: bytes) -> str:
    """What is kept of an address."""
    return hmac.new(key, f"erased:{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def erased_among(session: Session, points: Iterable[tuple[str, str]], key: bytes) -> frozenset[tuple[str, str]]:
    """Which of these phones and e-mails belonged to somebody who was erased."""
    digests = {digest_of(kind, value, key): (kind, value) for kind, value in points}
    if not digests:
        return frozenset()
    return frozenset(digests[row.digest] for row in ask(session, _THERE, {"digests": sorted(digests)}))


def set_up(session: Session, points: Iterable[tuple[str, str]], key: bytes, *, now: int) -> None:
    """Remember that these belonged to somebody who was erased."""
    digests = sorted({digest_of(kind, value, key) for kind, value in points})
    ids = take_ids(session, len(digests))
    add_new(session, Tombstone, [{"id": next(ids), "digest": one, "at": now} for one in digests])


def is_erased(session: Session, contact_id: int) -> bool:
    """Whether somebody was erased, or is about to be: nothing more is written down about them."""
    about = (DomainEvent.subject == "contact", DomainEvent.subject_id == root_of(session, contact_id).id, DomainEvent.kind == "erasure asked")
    return session.scalar(select(DomainEvent.id).where(*about).limit(1)) is not None
