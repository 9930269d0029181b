"""Routes: on which address a person is written to: as somebody chose > where they last wrote > what they like better; and where else, if need be."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.errors import Unreachable
from crm.base.history import Change, record
from crm.base.outbound import Lane
from crm.people.contacts import Contact, Identity, family_of, root_of
from crm.people.own_accounts import OwnChat


def in_order(person: type[Contact] | Any) -> tuple[ColumnElement[Any], ...]:
    """How the addresses of a person are ordered, the best first; for a question that joins `Identity` and the `person` who is the root."""
    last = func.coalesce(person.last_inbound_at, 0)
    wrote = (Identity.last_inbound_at > 0) & (Identity.last_inbound_at >= last)
    return case((wrote, 0), (Identity.id == func.coalesce(person.preferred_id, 0), 1), else_=2), Identity.last_inbound_at.desc(), Identity.id.desc()


def identities_of(session: Session, contact_id: int) -> list[Identity]:
    """Every address of a person, the best first."""
    root = root_of(session, contact_id)
    rows = select(Identity).join(Contact, Contact.id == root.id).where(Identity.contact_id.in_(family_of(session, root.id)))
    return list(session.scalars(rows.order_by(*in_order(Contact))))


def best_identity(session: Session, contact_id: int, accounts: Collection[str], *, chosen: int = 0) -> Identity | None:
    """Where to write to a person: `chosen` if it is theirs and can be written to, else the first that can; `accounts` can send (empty = all).

    A chat in a member's own account is written to only where it is chosen.
    """
    usable = _usable(identities_of(session, contact_id), accounts)
    return next((one for one in usable if one.id == chosen), None) or next(iter(_the_firms(session, usable)), None)


def fallback(session: Session, identity_id: int, accounts: Collection[str], lane: Lane, *, shut: bool = False) -> Identity | None:
    """The next address of the person where this one cannot be written to; only for what serves them: nothing else follows anybody elsewhere.

    `shut` = the platform lets nothing through to this one now, whatever we know of it.
    """
    identity = session.get_one(Identity, identity_id)
    if lane is not Lane.SERVICE or (not shut and _usable([identity], accounts)):
        return None
    return next((one for one in _the_firms(session, _usable(identities_of(session, identity.contact_id), accounts)) if one.id != identity_id), None)


def _usable(identities: Sequence[Identity], accounts: Collection[str]) -> list[Identity]:
    return [one for one in identities if one.reachable and (not accounts or one.account in accounts)]


def _the_firms(session: Session, identities: Sequence[Identity]) -> list[Identity]:
    """Without those that are reached in the name of a member of the staff alone."""
    own = set(session.scalars(select(OwnChat.identity_id).where(OwnChat.identity_id.in_([one.id for one in identities])))) if identities else ()
    return [one for one in identities if one.id not in own]


def prefer(session: Session, actor: Actor, contact_id: int, identity_id: int, *, now: int) -> None:
    """Write down which address a person likes better, as a rep chose or as they showed twice; raises `Unreachable` for one that is not theirs."""
    root, identity = root_of(session, contact_id), session.get(Identity, identity_id)
    if identity is None or identity.contact_id not in family_of(session, root.id):
        raise Unreachable
    if root.preferred_id != identity.id:
        change = Change("contact", root.id, "preferred", actor, {"identity": root.preferred_id}, {"identity": identity.id})
        root.preferred_id = identity.id
        session.flush()
        record(session, change, now=now)


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said with a person: at which address, and whether we said it."""

    identity_id: int
    ours: bool


def better_liked(words: Iterable[Word]) -> int:
    """Where a person has answered twice in a row though we had written elsewhere, the last such address (0 = they answer where they are asked); pure."""
    asked_at, moved_to, times, liked = 0, 0, 0, 0
    for word in words:
        if word.ours:
            asked_at = word.identity_id
        elif asked_at and word.identity_id != asked_at:
            times = times + 1 if word.identity_id == moved_to else 1
            moved_to, asked_at = word.identity_id, 0
            liked = moved_to if times > 1 else liked
        elif asked_at and word.identity_id != moved_to:
            moved_to = times = asked_at = 0
    return liked


def choose(session: Session, actor: Rep, contact_id: int, identity_id: int, accounts: Collection[str], *, now: int) -> Identity:
    """A rep chooses where a person is written to from now on; raises `Unreachable` where nobody can be written to."""
    identity = best_identity(session, contact_id, accounts, chosen=identity_id)
    if identity is None or identity.id != identity_id:
        raise Unreachable
    prefer(session, actor, contact_id, identity.id, now=now)
    return identity
