"""Linking: two people are found to be one, by themselves only on proof: a single-use token sent through the other channel, a phone or e-mail
proven on both sides, a visitor the firm's own site vouches for. Across two different proven phones, or what staff has parted, nothing links."""

import hashlib
import hmac
from collections import defaultdict

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.actors import Actor, Customer
from crm.base.history import Change, record
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import HOUR
from crm.people import suggestions
from crm.people.contacts import SHELF, UNPROVEN, Contact, ContactPoint, Identity, PointKind, Proof, add_point, family_of, root_of
from crm.people.ledger import Flags, combined, packed
from crm.people.reps import digest

LINK_MS = 24 * HOUR
PREFIX = "c_"
STRONG = frozenset({PointKind.PHONE.value, PointKind.VISITOR.value})
"""Kinds of which two different ones tell two people apart, whatever else is the same."""


class LinkToken(Row):
    """A single-use, expiring proof that whoever shows it is the person of this identity; only its hash is stored."""

    __tablename__ = "link_tokens"
    digest: Mapped[str] = mapped_column(unique=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"))
    expires_at: Mapped[int]
    used_at: Mapped[int | None]


class Link(Row):
    """A ledger row: who became whose, the contacts whose root changed, both rows `before` (see `ledger.packed`), and when it was undone (0 = never)."""

    __tablename__ = "links"
    winner_id: Mapped[int] = mapped_column(index=True)
    loser_id: Mapped[int] = mapped_column(index=True)
    moved: Mapped[str]
    why: Mapped[str]
    at: Mapped[int]
    before: Mapped[str] = mapped_column(server_default="")
    undone_at: Mapped[int] = mapped_column(server_default="0")


def offer_link(session: Session, identity_id: int, secret: str, *, now: int) -> str:
    """Store a token for an identity and answer the start payload that carries it."""
    add_new(session, LinkToken, [{"id": next(take_ids(session, 1)), "digest": digest(secret), "identity_id": identity_id, "expires_at": now + LINK_MS}])
    return PREFIX + secret


def use_link(session: Session, payload: str, identity_id: int, *, now: int) -> int:
    """Link the identity that shows a token to the one it was given to; answers the link, 0 when the token is unknown, used, expired or its own."""
    if not payload.startswith(PREFIX):
        return 0
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
        return 0
    older = session.get_one(Identity, claimed.identity_id)
    newer = session.get_one(Identity, identity_id)
    return prove(session, older.contact_id, newer.contact_id, why="token", now=now)


def visitor_signature(visitor: str, secret: bytes) -> str:
    """What the firm's own site signs a visitor with, HMAC-SHA256 in hexadecimal; only its server knows the secret."""
    return hmac.new(secret, visitor.encode(), hashlib.sha256).hexdigest()


def learn_point(session: Session, actor: Actor, contact_id: int, kind: str, value: str, *, proof: Proof, message_id: int | None, now: int) -> int:
    """Write a phone or an e-mail down; proven on both sides it links, anything less suggests. Answers the link (0 = none)."""
    if not add_point(session, actor, contact_id, kind, value, proof=proof, message_id=message_id, now=now):
        return 0
    made = 0 if proof in UNPROVEN else _link_by(session, contact_id, kind, value, now=now)
    if not made:
        suggestions.look(session, contact_id, ((kind, value),), now=now)
    return made


def _link_by(session: Session, contact_id: int, kind: str, value: str, *, now: int) -> int:
    """Link to the oldest person who has proven the same; never two addresses of one account, where a number has changed hands."""
    mine, owner = root_of(session, contact_id).id, aliased(Contact)
    found = session.scalars(
        select(owner.root_id)
        .join(ContactPoint, ContactPoint.contact_id == owner.id)
        .where(ContactPoint.kind == kind, ContactPoint.value == value, ContactPoint.proof.not_in(UNPROVEN), owner.root_id != mine)
        .order_by(owner.root_id)
        .limit(suggestions.CROWD)
    ).all()
    for other in dict.fromkeys(found):
        if kind != PointKind.VISITOR and accounts_of(session, other) & accounts_of(session, mine):
            continue
        made = prove(session, other, mine, why=kind, now=now)
        if made:
            return made
    return 0


def accounts_of(session: Session, contact_id: int) -> set[str]:
    """Where a person has addresses of their own."""
    mine = Identity.contact_id.in_(family_of(session, contact_id))
    return set(session.scalars(select(Identity.account).where(mine, Identity.account != SHELF)))


def prove(session: Session, winner_id: int, loser_id: int, *, why: str, now: int) -> int:
    """Link on proof, unless strong ids differ or staff has parted the two: then it is suggested at most. Answers the link (0 = none)."""
    winner, loser = root_of(session, winner_id), root_of(session, loser_id)
    if winner.id == loser.id or suggestions.kept_apart(session, winner.id, loser.id):
        return 0
    if differ(session, winner.id, loser.id):
        suggestions.suggest(session, winner.id, loser.id, why, suggestions.SCORES.get(why, suggestions.SURE), now=now)
        return 0
    return link(session, winner.id, loser.id, why=why, now=now)


def differ(session: Session, one_id: int, other_id: int) -> bool:
    """Whether both people have proven a strong id of one kind, and not the same."""
    one, other = _strong(session, one_id), _strong(session, other_id)
    return any(one[kind] and other[kind] and not one[kind] & other[kind] for kind in STRONG)


def _strong(session: Session, contact_id: int) -> dict[str, set[str]]:
    proven = (ContactPoint.proof.not_in(UNPROVEN), ContactPoint.kind.in_(sorted(STRONG)))
    found: dict[str, set[str]] = defaultdict(set)
    rows = select(ContactPoint.kind, ContactPoint.value).where(ContactPoint.contact_id.in_(family_of(session, contact_id)), *proven)
    for row in session.execute(rows):
        found[row.kind].add(row.value)
    return found


def flags_of(contact: Contact) -> Flags:
    """What a person's row says now."""
    return Flags(**{name: getattr(contact, name) for name in Flags.__slots__})


def put_flags(contact: Contact, flags: Flags) -> None:
    """Write a person's row anew."""
    for name in Flags.__slots__:
        setattr(contact, name, getattr(flags, name))


def roots_for_change(session: Session, *contact_ids: int) -> list[Contact]:
    """The people these contacts are, held until the transaction ends: of two who join or part the same person at once, one goes first."""
    roots = [root_of(session, number).id for number in contact_ids]
    held = select(Contact).where(Contact.id.in_(roots)).order_by(Contact.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    found = {contact.id: contact for contact in session.scalars(held)}
    if any(contact.root_id != contact.id for contact in found.values()):
        for number in contact_ids:
            session.refresh(session.get_one(Contact, number))
        return roots_for_change(session, *contact_ids)
    return [found[number] for number in roots]


def link(session: Session, winner_id: int, loser_id: int, *, why: str, now: int, actor: Actor | None = None) -> int:
    """Make the losing side the same person as the winner; nothing moves, the stricter answer about being written to wins. Answers the link (0 = they were)."""
    winner, loser = roots_for_change(session, winner_id, loser_id)
    if winner.id == loser.id:
        return 0
    moved = list(session.scalars(select(Contact.id).where(Contact.root_id == loser.id).order_by(Contact.id)))
    before = packed(flags_of(winner), flags_of(loser))
    put_flags(winner, combined(flags_of(winner), flags_of(loser)))
    session.execute(update(Contact).where(Contact.id.in_(moved)).values(root_id=winner.id))
    number = next(take_ids(session, 1))
    row = {"id": number, "winner_id": winner.id, "loser_id": loser.id, "moved": ",".join(map(str, moved)), "why": why, "at": now, "before": before}
    add_new(session, Link, [row])
    session.flush()
    after = {"contact": loser.id, "why": why, "link": number}
    record(session, Change("contact", winner.id, "linked", actor or Customer(winner.id), after=after), now=now)
    suggestions.settled(session, winner.id, now=now)
    return number
