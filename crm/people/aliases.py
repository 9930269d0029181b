"""Aliases: one address that a platform calls by several ids; who writes under any of them is the same identity."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ForeignKey, UniqueConstraint, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Customer
from crm.base.history import Change, record
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.people import link
from crm.people.contacts import Identity, root_of

PLATFORM = "platform"


class IdentityAlias(Row):
    """Another id of an identity on the same account."""

    __tablename__ = "identity_aliases"
    account: Mapped[str]
    external_id: Mapped[str]
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), index=True)
    __table_args__ = (UniqueConstraint("account", "external_id"),)


_KNOWN_AS = (
    select(IdentityAlias.external_id.label("alias"), Identity.external_id)
    .join(Identity, Identity.id == IdentityAlias.identity_id)
    .where(IdentityAlias.account == bindparam("account"), among(IdentityAlias.external_id, "ids"))
)


def canonical(session: Session, account: str, ids: Sequence[str]) -> dict[str, str]:
    """By which id the owner of each of these aliases is known; ids that are nobody's alias are left out."""
    if not ids:
        return {}
    return {row.alias: row.external_id for row in ask(session, _KNOWN_AS, {"account": account, "ids": list(dict.fromkeys(ids))})}


def learn_aliases(session: Session, identity_id: int, ids: Sequence[str], *, now: int) -> list[int]:
    """Write down other ids of an identity; one that is somebody's own address already links the two, on the platform's word. Answers the links made."""
    identity = session.get_one(Identity, identity_id)
    fresh = [one for one in dict.fromkeys(ids) if one and one != identity.external_id]
    if not fresh:
        return []
    owners = {row.external_id: row for row in session.scalars(select(Identity).where(Identity.account == identity.account, Identity.external_id.in_(fresh)))}
    numbers = take_ids(session, len(fresh))
    rows = [{"id": next(numbers), "account": identity.account, "external_id": one, "identity_id": identity.id} for one in fresh if one not in owners]
    new = add_new(session, IdentityAlias, rows)
    if new:
        learnt = [row["external_id"] for row in rows if row["id"] in new]
        record(session, Change("identity", identity.id, "aliases", Customer(identity.contact_id), after={"ids": learnt}), now=now)
    made = [link.prove(session, owner.contact_id, identity.contact_id, why=PLATFORM, now=now) for owner in owners.values()]
    return [one for one in made if one]


@dataclass(frozen=True, slots=True)
class Readdressed:
    """What became of a change of address: `follows` = what is meant for the old one goes to the new one, `link` that it made (0 = none)."""

    follows: bool = False
    link: int = 0


def readdress(session: Session, account: str, old_id: str, new_id: str, *, now: int) -> Readdressed:
    """An address has a new id: its identity keeps its row, and the old id stays as its alias.

    Where the new id is another identity already, both rows stay and are linked on the platform's word; who staff has parted stays apart.
    """
    identity = _known_by(session, account, old_id)
    if identity is None or identity.external_id == new_id:
        return Readdressed()
    other = session.scalar(select(Identity).where(Identity.account == account, Identity.external_id == new_id))
    if other is not None:
        made = link.prove(session, identity.contact_id, other.contact_id, why=PLATFORM, now=now)
        return Readdressed(root_of(session, identity.contact_id).id == root_of(session, other.contact_id).id, made)
    session.execute(delete(IdentityAlias).where(IdentityAlias.account == account, IdentityAlias.external_id == new_id))
    before, identity.external_id, identity.reachable = identity.external_id, new_id, 1
    session.flush()
    add_new(session, IdentityAlias, [{"id": next(take_ids(session, 1)), "account": account, "external_id": before, "identity_id": identity.id}])
    record(session, Change("identity", identity.id, "moved", Customer(identity.contact_id), {"address": before}, {"address": new_id}), now=now)
    return Readdressed(follows=True)


def _known_by(session: Session, account: str, external_id: str) -> Identity | None:
    """The identity behind an address or one of its aliases."""
    found = session.scalar(select(Identity).where(Identity.account == account, Identity.external_id == external_id))
    aliased = select(Identity).join(IdentityAlias, IdentityAlias.identity_id == Identity.id)
    return found or session.scalar(aliased.where(IdentityAlias.account == account, IdentityAlias.external_id == external_id))
