"""Linking: two identities become one person, only on proof. Here the proof is a single-use token sent through the other channel."""

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Customer
from crm.base.history import Change, record
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import HOUR
from crm.people.contacts import Contact, Identity, root_of
from crm.people.reps import digest

LINK_MS = 24 * HOUR
PREFIX = "c_"


class LinkToken(Row):
    """A single-use, expiring proof that whoever shows it is the person of this identity; only its hash is stored."""

    __tablename__ = "link_tokens"
    digest: Mapped[str] = mapped_column(unique=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"))
    expires_at: Mapped[int]
    used_at: Mapped[int | None]


class Link(Row):
    """A ledger row: the contacts whose root changed, so that it can be undone exactly."""

    __tablename__ = "links"
    winner_id: Mapped[int]
    loser_id: Mapped[int]
    moved: Mapped[str]
    why: Mapped[str]
    at: Mapped[int]


def offer_link(session: Session, identity_id: int, secret: str, *, now: int) -> str:
    """Store a token for an identity and answer the start payload that carries it."""
    add_new(session, LinkToken, [{"id": next(take_ids(session, 1)), "digest": digest(secret), "identity_id": identity_id, "expires_at": now + LINK_MS}])
    return PREFIX + secret


def use_link(session: Session, payload: str, identity_id: int, *, now: int) -> bool:
    """Link the identity that shows a token to the one it was given to; false when the token is unknown, used, expired or its own."""
    if not payload.startswith(PREFIX):
        return False
    claimed = session.execute(
        update(LinkToken)
        .where(
            LinkToken.digest == digest(payload.removeprefix(PREFIX)),
            LinkToken.used_at.is_(None),
            LinkToken.expires_at > now,
            LinkToken.identity_id != identity_id,
        )
        .values(used_at=now)
        .returning(LinkToken.identity_id)
    ).first()
    if claimed is None:
        return False
    older = session.get_one(Identity, claimed.identity_id)
    newer = session.get_one(Identity, identity_id)
    link(session, older.contact_id, newer.contact_id, why="token", now=now)
    return True


def link(session: Session, winner_id: int, loser_id: int, *, why: str, now: int) -> None:
    """Make the losing side the same person as the winner; nothing moves, the stricter answer about being written to wins."""
    winner, loser = root_of(session, winner_id), root_of(session, loser_id)
    if winner.id == loser.id:
        return
    moved = list(session.scalars(select(Contact.id).where(Contact.root_id == loser.id)))
    winner.name, winner.platform_name = winner.name or loser.name, winner.platform_name or loser.platform_name
    winner.marketing = -1 if -1 in (winner.marketing, loser.marketing) else max(winner.marketing, loser.marketing)
    winner.silenced, winner.blocked = max(winner.silenced, loser.silenced), max(winner.blocked, loser.blocked)
    winner.promoted_at, winner.last_inbound_at = max(winner.promoted_at, loser.promoted_at), max(winner.last_inbound_at, loser.last_inbound_at)
    session.execute(update(Contact).where(Contact.id.in_(moved)).values(root_id=winner.id))
    number = next(take_ids(session, 1))
    add_new(session, Link, [{"id": number, "winner_id": winner.id, "loser_id": loser.id, "moved": ",".join(map(str, moved)), "why": why, "at": now}])
    record(session, Change("contact", winner.id, "linked", Customer(winner.id), after={"contact": loser.id, "why": why}), now=now)
