"""Reach: whether somebody's work covers all there is about one person, before that is handed out or erased."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Forbidden
from crm.base.policy import Action
from crm.base.table import Base
from crm.people.contacts import family_of, root_of
from crm.people.sight import Sight, sight_of

OWNED = ("conversations", "leads", "deals")


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


def whole(sight: Sight) -> Sight:
    """Refuse who sees phones and e-mails only masked: all about one person says them on every page."""
    if not sight.points:
        raise Forbidden
    return sight
