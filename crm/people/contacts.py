"""Contact, Identity, ContactPoint: a person, an address of theirs on one channel account, a phone or e-mail and how it was proven."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Customer
from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.base.time import DAY

SHELF = "past"
"""The account of what is kept of people who have no channel here: old chats, cards, notes. Nothing ever leaves by it, and nobody is told apart by it."""


class Contact(Row):
    """A person. `root_id` is who they were found to be (themselves at first); flags that bind every channel stand on the root.

    `greeting_name` is how they are greeted ("" = by the name they told).
    """

    __tablename__ = "contacts"
    root_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    name: Mapped[str] = mapped_column(server_default="")
    platform_name: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    zone: Mapped[str]
    created_at: Mapped[int]
    marketing: Mapped[int] = mapped_column(server_default="0")
    silenced: Mapped[int] = mapped_column(server_default="0")
    blocked: Mapped[int] = mapped_column(server_default="0")
    promoted_at: Mapped[int] = mapped_column(server_default="0")
    last_inbound_at: Mapped[int] = mapped_column(server_default="0")
    preferred_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(server_default="customer")
    company_id: Mapped[int | None] = mapped_column(index=True)
    greeting_name: Mapped[str] = mapped_column(server_default="")


class Identity(Row):
    """One address of a person on one channel account, with what the gate must know of it."""

    __tablename__ = "identities"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    account: Mapped[str]
    external_id: Mapped[str]
    username: Mapped[str] = mapped_column(server_default="")
    reachable: Mapped[int] = mapped_column(server_default="1")
    last_inbound_at: Mapped[int] = mapped_column(server_default="0")
    session_ends_at: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "external_id"),)


class Proof(StrEnum):
    """How a phone or an e-mail came to be known."""

    SHARED = "shared"
    TOKEN = "token"
    DMARC = "dmarc"
    IMPORTED = "imported"
    CLAIMED = "claimed"


UNPROVEN = (Proof.IMPORTED.value, Proof.CLAIMED.value)
"""What somebody wrote down, themselves or the firm: it may be wrong, and never links by itself."""


class PointKind(StrEnum):
    """What a point is: a phone, an e-mail, the firm's own name for somebody (their account in its shop), or a key their name is found by."""

    PHONE = "phone"
    EMAIL = "email"
    VISITOR = "visitor"
    NAME = "name"


class ContactPoint(Row):
    """A normalised phone or e-mail of a person; only a proven one may ever link people."""

    __tablename__ = "contact_points"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    kind: Mapped[str]
    value: Mapped[str]
    proof: Mapped[str]
    message_id: Mapped[int | None]
    at: Mapped[int]
    __table_args__ = (UniqueConstraint("contact_id", "kind", "value"), Index("contact_points_value", "kind", "value"))


def root_of(session: Session, contact_id: int) -> Contact:
    """The person a contact was found to be."""
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("no such contact")
    return contact if contact.root_id == contact.id else session.get_one(Contact, contact.root_id)


_FAMILY = select(Contact.id).where(Contact.root_id == bindparam("root"))


def family_of(session: Session, contact_id: int) -> list[int]:
    """The ids of every contact row that is the same person."""
    return [row.id for row in ask(session, _FAMILY, {"root": root_of(session, contact_id).id})]


def accounts_used(session: Session) -> frozenset[str]:
    """The accounts people have an address at, set up or not."""
    return frozenset(session.scalars(select(Identity.account).where(Identity.account != SHELF).distinct()))


def heard_by(contact_id: int) -> str:
    """The cause of a change of a person's row: which of their contacts it was heard by, so that it stays with them when they are parted."""
    return f"contact:{contact_id}"


def _alone(session: Session, contact: Contact) -> bool:
    """Whether a person came once only; of others it is on record which of them said what the row says already."""
    return session.scalar(select(Contact.id).where(Contact.root_id == contact.id, Contact.id != contact.id).limit(1)) is None


def rename(session: Session, actor: Actor, contact_id: int, name: str, *, now: int) -> None:
    """Write down what a person goes by."""
    contact = root_of(session, contact_id)
    if contact.name == name and _alone(session, contact):
        return
    record(session, Change("contact", contact.id, "renamed", actor, {"name": contact.name}, {"name": name}, heard_by(contact_id)), now=now)
    contact.name = name


def speak(session: Session, actor: Actor, contact_id: int, language: str, *, now: int) -> None:
    """Write down a person's language."""
    contact = root_of(session, contact_id)
    if contact.language == language and _alone(session, contact):
        return
    change = Change("contact", contact.id, "language", actor, {"language": contact.language}, {"language": language}, heard_by(contact_id))
    record(session, change, now=now)
    contact.language = language


def add_point(session: Session, actor: Actor, contact_id: int, kind: str, value: str, *, proof: Proof, message_id: int | None, now: int) -> bool:
    """Write down a phone or an e-mail where it was heard; a stronger proof replaces a weaker one. Answers whether anything is new."""
    contact = root_of(session, contact_id)
    point = session.scalar(select(ContactPoint).where(ContactPoint.contact_id == contact_id, ContactPoint.kind == kind, ContactPoint.value == value))
    if point is None:
        row = {"contact_id": contact_id, "kind": kind, "value": value, "proof": proof.value, "message_id": message_id, "at": now}
        add_new(session, ContactPoint, [{"id": next(take_ids(session, 1)), **row}])
    elif point.proof not in UNPROVEN or proof in UNPROVEN:
        return False
    else:
        point.proof, point.message_id, point.at = proof.value, message_id, now
        session.flush()
    record(session, Change("contact", contact.id, kind, actor, after={kind: value, "proof": proof.value}, cause=heard_by(contact_id)), now=now)
    return True


_POINTS = select(ContactPoint.value, ContactPoint.proof, ContactPoint.at).where(
    among(ContactPoint.contact_id, "family"), ContactPoint.kind == bindparam("kind")
)


def points_of(session: Session, contact_id: int, kind: str, family: Sequence[int] = ()) -> list[str]:
    """The phones or e-mails of a person, best proven and newest first; `family` = all their contacts, where these are known already."""
    family = family or family_of(session, contact_id)
    found = ask(session, _POINTS, {"family": list(family), "kind": kind})
    return list(dict.fromkeys(row.value for row in sorted(found, key=lambda row: (row.proof in UNPROVEN, -row.at))))


def set_reachable(session: Session, identity_id: int, reachable: bool, *, now: int) -> None:
    """Note that an address can be written to, or cannot."""
    changed = session.execute(
        update(Identity).where(Identity.id == identity_id, Identity.reachable != int(reachable)).values(reachable=int(reachable)).returning(Identity.contact_id)
    ).first()
    if changed:
        kind = "reachable" if reachable else "unreachable"
        record(session, Change("identity", identity_id, kind, Customer(changed.contact_id)), now=now)


def block(session: Session, actor: Actor, contact_id: int, blocked: bool, *, now: int) -> None:
    """Shut a person out, or let them back in; their messages are still kept."""
    contact = root_of(session, contact_id)
    if contact.blocked == int(blocked) and _alone(session, contact):
        return
    contact.blocked = int(blocked)
    record(session, Change("contact", contact.id, "blocked" if blocked else "unblocked", actor, cause=heard_by(contact_id)), now=now)


@dataclass(frozen=True, slots=True)
class Nameless:
    """An address of somebody whose name nobody has told."""

    identity_id: int
    account: str
    address: str


def nameless(session: Session, accounts: Sequence[str], limit: int, *, now: int) -> list[Nameless]:
    """Those met of late on these accounts who have no name yet, the newest first."""
    rows = session.execute(
        select(Identity.id, Identity.account, Identity.external_id)
        .join(Contact, Contact.id == Identity.contact_id)
        .where(Identity.account.in_(accounts), Identity.created_at > now - DAY, Contact.platform_name == "", Contact.name == "")
        .order_by(Identity.id.desc())
        .limit(limit)
    )
    return [Nameless(row.id, row.account, row.external_id) for row in rows]


def call(session: Session, identity_id: int, name: str, username: str, *, now: int) -> bool:
    """Write down what a platform calls somebody, who told no name before; answers whether anything is known now."""
    identity = session.get_one(Identity, identity_id)
    contact = session.get_one(Contact, identity.contact_id)
    name, username = clean_name(name), clean_name(username)
    if not (name or username) or contact.platform_name:
        return False
    contact.platform_name, identity.username = name, username or identity.username
    record(session, Change("contact", contact.id, "called", Customer(contact.id), after={"name": name}), now=now)
    session.flush()
    return True
