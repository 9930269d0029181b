"""Person: everything known of one person on all channels, and what two would be if they were one, as plain values; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Expired
from crm.conversations.threads import Conversation, Message, the
from crm.outreach import persons
from crm.people import contacts, link, merge
from crm.people.contacts import UNPROVEN, Contact, ContactPoint, Identity, PointKind, root_of
from crm.people.ledger import Flags, combined
from crm.people.routes import identities_of
from crm.people.sight import seen_by
from crm.reports.words import title_of
from crm.sales.leads import Lead

POINTS = (PointKind.PHONE.value, PointKind.EMAIL.value)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a person; `conversation_id` is its newest conversation (0 = none), `heard_at` when they last wrote from it.

    `sendable` = the account can carry an answer at all, for a face that knows it.
    """

    identity_id: int
    account: str
    channel: str
    username: str
    reachable: bool
    heard_at: int
    conversation_id: int = 0
    sendable: bool = True


@dataclass(frozen=True, slots=True)
class Point:
    """A phone or an e-mail, and whether it is proven."""

    kind: str
    value: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that made the person who they are, which can be undone."""

    link_id: int
    name: str
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class Person:
    """One person; `marketing` is 1 for a yes to offers, -1 for a no, 0 for neither."""

    contact_id: int
    name: str
    language: str
    addresses: tuple[Address, ...]
    points: tuple[Point, ...]
    conversations: int
    messages: int
    need: str = ""
    lead_open: bool = False
    marketing: int = 0
    silenced: bool = False
    blocked: bool = False
    known_since: int = 0
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True, slots=True)
class Joining:
    """What a merge would make: who stays, who becomes theirs, what the one would say; `differ` = both have proven strong ids that are not the same."""

    stays: Person
    joins: Person
    after: Flags
    differ: bool


def addresses_of(session: Session, contact_id: int, titles: Mapping[str, str]) -> tuple[Address, ...]:
    """A person's addresses, where they are written to first."""
    found = identities_of(session, contact_id)
    newest = select(Conversation.identity_id, func.max(Conversation.id)).where(Conversation.identity_id.in_([one.id for one in found]))
    threads = {row[0]: row[1] for row in session.execute(newest.group_by(Conversation.identity_id))}
    return tuple(
        Address(one.id, one.account, title_of(titles, one.account), one.username, bool(one.reachable), one.last_inbound_at, threads.get(one.id, 0))
        for one in found
    )


def person(session: Session, actor: Rep, conversation_id: int, titles: Mapping[str, str]) -> Person:
    """The person of a conversation on all channels, for one who reaches all of it; raises `Taken` by whoever has a part."""
    contact_id = the(session, conversation_id).contact_id
    persons.reach(session, actor, contact_id)
    return as_read_by(actor, _person(session, root_of(session, contact_id), titles))


def preview(session: Session, actor: Rep, suggestion_id: int, titles: Mapping[str, str]) -> Joining:
    """What the two people of a suggestion would be as one, for one who reaches both."""
    about = persons.suggestion(session, suggestion_id)
    return preview_two(session, actor, about.contact_id, about.other_id, titles)


def preview_two(session: Session, actor: Rep, one_id: int, other_id: int, titles: Mapping[str, str]) -> Joining:
    """What any two people would be as one, for one who reaches both; raises `Expired` where they are one."""
    persons.reach(session, actor, one_id, other_id)
    winner, loser = (session.get_one(Contact, number) for number in persons.older(session, one_id, other_id))
    if winner.id == loser.id:
        raise Expired("they are one person already")
    after = combined(link.flags_of(winner), link.flags_of(loser))
    stays, joins = (as_read_by(actor, _person(session, one, titles)) for one in (winner, loser))
    sight = seen_by(actor)
    after = replace(after, name=sight.named(after.name), platform_name=sight.named(after.platform_name))
    return Joining(stays, joins, after, link.differ(session, winner.id, loser.id))


def as_read_by(reader: Rep, seen: Person) -> Person:
    """A person as this reader may have them: phones and e-mails are masked for whoever sees them so. Pure."""
    sight = seen_by(reader)
    points = tuple(replace(one, value=sight.shown(one.kind, one.value)) for one in seen.points)
    merges = tuple(replace(one, name=sight.named(one.name)) for one in seen.merges)
    addresses = tuple(replace(one, username=sight.named(one.username)) for one in seen.addresses)
    return replace(seen, name=sight.named(seen.name), points=points, addresses=addresses, merges=merges)


def _person(session: Session, root: Contact, titles: Mapping[str, str]) -> Person:
    family = contacts.family_of(session, root.id)
    threads = select(Conversation.id).where(Conversation.contact_id.in_(family))
    lead = session.scalar(select(Lead).where(Lead.open_contact_id == root.id))
    return Person(
        contact_id=root.id,
        name=root.name or root.platform_name,
        language=root.language,
        addresses=addresses_of(session, root.id, titles),
        points=_points(session, family),
        conversations=session.scalar(select(func.count()).select_from(threads.subquery())) or 0,
        messages=session.scalar(select(func.count()).where(Message.conversation_id.in_(threads))) or 0,
        need=lead.need if lead else "",
        lead_open=lead is not None,
        marketing=root.marketing,
        silenced=bool(root.silenced),
        blocked=bool(root.blocked),
        known_since=root.created_at,
        merges=tuple(_merge(session, made) for made in merge.merges_of(session, root.id)),
    )


def _merge(session: Session, made: link.Link) -> Merge:
    other = session.get_one(Contact, made.loser_id)
    return Merge(made.id, other.name or other.platform_name, made.why, made.at)


def _points(session: Session, family: list[int]) -> tuple[Point, ...]:
    rows = session.execute(
        select(ContactPoint.kind, ContactPoint.value, ContactPoint.proof)
        .where(ContactPoint.contact_id.in_(family), ContactPoint.kind.in_(POINTS))
        .order_by(ContactPoint.kind.desc(), ContactPoint.at.desc(), ContactPoint.id)
    )
    found: dict[tuple[str, str], bool] = {}
    for row in rows:
        found[row.kind, row.value] = found.get((row.kind, row.value), False) or row.proof not in UNPROVEN
    return tuple(Point(kind, value, proven) for (kind, value), proven in found.items())


def others_of(session: Session, identity: Identity, titles: Mapping[str, str]) -> tuple[Address, ...]:
    """The other addresses of whoever has this one."""
    return tuple(one for one in addresses_of(session, identity.contact_id, titles) if one.identity_id != identity.id)
