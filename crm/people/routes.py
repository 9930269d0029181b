"""Routes: the addresses of a person in the order in which they are written to: as somebody chose > where they last wrote > the newest."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Unreachable
from crm.base.history import Change, record
from crm.people.contacts import Contact, Identity, family_of, root_of
from crm.people.own_accounts import OwnChat


def in_order(person: type[Contact] | Any) -> tuple[ColumnElement[Any], ...]:
    """How the addresses of a person are ordered, the best first; for a question that joins `Identity` and the `person` who is the root."""
    last = func.coalesce(person.last_inbound_at, 0)
    wrote = (Identity.last_inbound_at > 0) & (Identity.last_inbound_at >= last)
    return case((Identity.id == func.coalesce(person.preferred_id, 0), 0), (wrote, 1), else_=2), Identity.last_inbound_at.desc(), Identity.id.desc()


def identities_of(session: Session, contact_id: int) -> list[Identity]:
    """Every address of a person, the best first."""
    root = root_of(session, contact_id)
    rows = select(Identity).join(Contact, Contact.id == root.id).where(Identity.contact_id.in_(family_of(session, root.id)))
    return list(session.scalars(rows.order_by(*in_order(Contact))))


def usable(session: Session, contact_id: int, accounts: Collection[str]) -> list[Identity]:
    """The addresses that can be written to, the best first; `accounts` can send (empty = all). None in the name of a member of the staff alone."""
    return _the_firms(session, [one for one in identities_of(session, contact_id) if carried(one, accounts)])


def carried(identity: Identity, accounts: Collection[str]) -> bool:
    """Whether an address takes anything, and an account of ours carries it."""
    return bool(identity.reachable) and (not accounts or identity.account in accounts)


def _the_firms(session: Session, identities: Sequence[Identity]) -> list[Identity]:
    """Without those that are reached in the name of a member of the staff alone."""
    own = set(session.scalars(select(OwnChat.identity_id).where(OwnChat.identity_id.in_([one.id for one in identities])))) if identities else ()
    return [one for one in identities if one.id not in own]


def prefer(session: Session, actor: Actor, contact_id: int, identity_id: int, accounts: Collection[str], *, now: int) -> int:
    """Write down on which address a person is written to (0 = by itself again), and answer what it was; `Unreachable` for one nobody can be written to on."""
    root = root_of(session, contact_id)
    before = root.preferred_id or 0
    if identity_id and identity_id not in {one.id for one in usable(session, root.id, accounts)}:
        raise Unreachable
    if before != identity_id:
        root.preferred_id = identity_id or None
        session.flush()
        record(session, Change("contact", root.id, "preferred", actor, {"identity": before}, {"identity": identity_id}), now=now)
    return before
