"""Merge: a member of staff makes two people one, or two of one again, exactly as if they had never been one; in any order.

A contact was merged into at most one other that still stands, so what stands is a tree: without one branch it is two trees, each a person.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.errors import Expired, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.people import suggestions
from crm.people.consents import MARKETING, Consent
from crm.people.contacts import Contact, Identity, family_of, heard_by
from crm.people.ledger import Decided, Flags, Joined, bases, below, replayed
from crm.people.link import Link, flags_of, link, put_flags, roots_for_change

BY_HAND = "staff"
_FLAGS = {"renamed": "name", "language": "language", "kind": "kind", "greeting": "greeting_name"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of two people that were one: who, and which contacts are theirs."""

    root_id: int
    contacts: frozenset[int]


@dataclass(frozen=True, slots=True)
class Parted:
    """What an undone merge left: who stayed, and who went."""

    link_id: int
    stayed: Side
    went: Side


def join(session: Session, actor: Actor, winner_id: int, loser_id: int, *, now: int) -> int:
    """Make two people one because somebody says so; answers the link. Leads and cards are `outreach.persons`' to bring along."""
    made = link(session, winner_id, loser_id, why=BY_HAND, now=now, actor=actor)
    if not made:
        raise Expired("they are one person already")
    return made


def part(session: Session, actor: Rep, link_id: int, *, now: int) -> Parted:
    """Undo a merge: each side is who it would be had they never been one, with everything that was heard of it since; raises `Expired` when it is undone."""
    made = standing(session, link_id)
    [root] = roots_for_change(session, made.loser_id)
    session.refresh(made)
    if made.undone_at:
        raise Expired("this merge is undone already")
    family = set(family_of(session, root.id))
    went = below(made.loser_id, _parents(session, family))
    stayed = family - went
    about = _About.read(session, family)
    left = session.get_one(Contact, made.loser_id)
    flags = {side.id: _flags(session, side, members, about, link_id, root) for side, members in ((root, stayed), (left, went))}
    made.undone_at = now
    session.execute(update(Contact).where(Contact.id.in_(went)).values(root_id=left.id))
    for side in (root, left):
        put_flags(side, flags[side.id])
    session.flush()
    record(session, Change("contact", root.id, "parted", actor, {"contact": left.id, "link": link_id}, cause=heard_by(left.id)), now=now)
    suggestions.keep_apart(session, actor, made.winner_id, made.loser_id, now=now)
    return Parted(link_id, Side(root.id, frozenset(stayed)), Side(left.id, frozenset(went)))


def standing(session: Session, link_id: int) -> Link:
    """A merge that can be undone; raises `Expired` for one that was."""
    made = session.get(Link, link_id)
    if made is None:
        raise NotFound("no such merge")
    if made.undone_at:
        raise Expired("this merge is undone already")
    return made


def merges_of(session: Session, contact_id: int) -> list[Link]:
    """The merges that made a person who they are, the newest first."""
    return list(session.scalars(select(Link).where(Link.loser_id.in_(family_of(session, contact_id)), Link.undone_at == 0).order_by(Link.id.desc())))


def _parents(session: Session, family: set[int]) -> dict[int, int]:
    rows = session.execute(select(Link.loser_id, Link.winner_id).where(Link.loser_id.in_(family), Link.undone_at == 0))
    return {row.loser_id: row.winner_id for row in rows}


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of a family: each row before it was merged first, the merges that stand, what was decided since."""

    bases: Mapping[int, Flags]
    joins: Mapping[int, Joined]
    decisions: tuple[Decided, ...]

    @staticmethod
    def read(session: Session, family: set[int]) -> "_About":
        links = session.scalars(select(Link).where(or_(Link.winner_id.in_(family), Link.loser_id.in_(family)))).all()
        first = bases([((one.at, one.id), one.winner_id, one.loser_id, one.before) for one in links])
        alone = session.scalars(select(Contact).where(Contact.id.in_(family))).all()  # who was merged before such things were kept is who they are now
        before = {one.id: first[one.id][1] if one.id in first else flags_of(one) for one in alone}
        joins = {one.id: Joined((one.at, one.id), one.winner_id, one.loser_id) for one in links if not one.undone_at}
        decided = (*_answers(session, family), *_changes(session, family))
        return _About(before, joins, tuple(one for one in decided if one.contact not in first or one.order > first[one.contact][0]))


def _answers(session: Session, family: set[int]) -> Iterable[Decided]:
    for row in session.scalars(select(Consent).where(Consent.contact_id.in_(family))):
        flag, value = ("marketing", 1 if row.granted else -1) if row.purpose == MARKETING else ("silenced", 0 if row.granted else 1)
        yield Decided((row.at, row.id), row.contact_id, flag, value)


def _changes(session: Session, family: set[int]) -> Iterable[Decided]:
    kinds = (*_FLAGS, "blocked", "unblocked")
    causes = {heard_by(number): number for number in family}
    wanted = (DomainEvent.subject == "contact", DomainEvent.subject_id.in_(_ever(session, family)), DomainEvent.kind.in_(kinds))
    for row in session.scalars(select(DomainEvent).where(*wanted)):
        contact = causes.get(row.cause) if row.cause else row.subject_id if row.subject_id in family else None
        if contact is None:
            continue
        if row.kind in _FLAGS:
            after: dict[str, Any] = json.loads(row.after)
            yield Decided((row.at, row.id), contact, _FLAGS[row.kind], after[_FLAGS[row.kind]])
        else:
            yield Decided((row.at, row.id), contact, "blocked", int(row.kind == "blocked"))


def _ever(session: Session, family: set[int]) -> set[int]:
    """The family and everybody who ever was of it: a change stands with the person as they were then."""
    found, more = set(family), set(family)
    while more:
        rows = session.execute(select(Link.winner_id, Link.loser_id).where(or_(Link.winner_id.in_(more), Link.loser_id.in_(more))))
        more = {number for row in rows for number in row} - found
        found |= more
    return found


def _flags(session: Session, side: Contact, members: set[int], about: _About, undone: int, person: Contact) -> Flags:
    """What a side's row says now; `person` is who both were."""
    joins = [one for number, one in about.joins.items() if number != undone and one.loser in members and one.winner in members]
    decided = [one for one in about.decisions if one.contact in members]
    found = replayed(side.id, {number: about.bases[number] for number in members}, joins, decided)
    heard_at = session.scalar(select(func.max(Identity.last_inbound_at)).where(Identity.contact_id.in_(members))) or 0
    # A promotion to the person since then counts for both: who of the two it reached is no reason to send another today.
    since = person.promoted_at if person.promoted_at > max(about.bases[number].promoted_at for number in about.bases) else 0
    preferred = next((one for one in (person.preferred_id, found.preferred_id) if one and _owner(session, one) in members), None)
    return replace(found, last_inbound_at=max(found.last_inbound_at, heard_at), promoted_at=max(found.promoted_at, since), preferred_id=preferred)


def _owner(session: Session, identity_id: int) -> int:
    identity = session.get(Identity, identity_id)
    return identity.contact_id if identity else 0
