"""Reach: whether somebody's work covers all there is about one person, before that is handed out or erased."""

from collections.abc import Collection
from itertools import product

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Forbidden
from crm.base.policy import Action
from crm.base.table import Base
from crm.people.contacts import Contact, family_of, root_of
from crm.people.reps import Member
from crm.people.sight import EVERYTHING, Sight, sight_at, sight_of

OWNED = ("conversations", "leads", "deals")
ASKED_MOST = 400


def in_reach(session: Session, actor: Actor, action: Action, contact_id: int) -> Sight:
    """Refuse who may not do this, or for whom something of this person's is out of sight; answers how they see the rest.

    Whom nobody works with is everybody's: one whose sight was narrowed does not erase them.
    """
    sight = sight_of(session, actor, action)
    if sight.reps is None:
        return sight
    family, owners = family_of(session, root_of(session, contact_id).id), set[int | None]()
    for table in (Base.metadata.tables[name] for name in OWNED):
        owners |= set(session.scalars(select(table.c.rep_id).where(table.c.contact_id.in_(family)).distinct()))
    if not all(sight.covers(owner) for owner in owners) or (action is Action.ERASE and not owners - {None}):
        raise Forbidden
    return sight


def reached(session: Session, sight: Sight, roots: Collection[int]) -> set[int]:
    """Of these people, those of whom nothing is out of sight; many at once, and none is refused."""
    found, every = set(roots), sorted(roots)
    if sight.reps is None:
        return found
    for first, name in product(range(0, len(every), ASKED_MOST), OWNED):
        table, some = Base.metadata.tables[name], every[first : first + ASKED_MOST]
        owners = select(Contact.root_id, table.c.rep_id).join(table, table.c.contact_id == Contact.id)
        rows = session.execute(owners.where(Contact.root_id.in_(some)).distinct())
        found -= {root for root, owner in rows if not sight.covers(owner)}
    return found


def sight_in(session: Session, rep_id: int | None) -> Sight:
    """What a member sees of whom their list may be about, whatever they may do now; the machine sees everybody (None = it)."""
    member = session.get(Member, rep_id) if rep_id else None
    return sight_at(session, member) if member else EVERYTHING


def whole(sight: Sight) -> Sight:
    """Refuse who sees phones and e-mails only masked: all about one person says them on every page."""
    if not sight.points:
        raise Forbidden
    return sight
