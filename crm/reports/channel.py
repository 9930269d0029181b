"""Channel: where a person is written to when we begin, why there, and where else they could be; nothing is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.i18n import N_
from crm.base.settings import Company
from crm.conversations.reaching import Why, where_to
from crm.people.contacts import root_of
from crm.people.routes import usable
from crm.people.sight import seen_by
from crm.reports.person import Address, addresses_of
from crm.reports.thread import reach

_LAST = N_("they wrote there last")
WHY: Mapping[Why, str] = {
    Why.ONLY: N_("there is no other way now"),
    Why.CHOSEN: N_("somebody of the team chose it"),
    Why.WRITING: _LAST,
    Why.ANSWERS: N_("they answer mostly there"),
    Why.LAST: _LAST,
}


@dataclass(frozen=True, slots=True)
class Channel:
    """The addresses a person can be written to on, the one that is taken now (None = none) and why, and the one that somebody chose (0 = by itself)."""

    name: str
    addresses: tuple[Address, ...]
    now: Address | None = None
    why: Why = Why.ONLY
    chosen: int = 0


def channel_of(session: Session, actor: Rep, conversation_id: int, titles: Mapping[str, str], company: Company, *, now: int) -> Channel:
    """Where the person of a conversation is written to, for one who may read it."""
    root, sight = root_of(session, reach(session, actor, conversation_id).contact_id), seen_by(actor)
    ours = {one.id for one in usable(session, root.id, company.sendable)}
    there = tuple(replace(one, username=sight.named(one.username)) for one in addresses_of(session, root.id, titles) if one.identity_id in ours)
    name, route = sight.named(root.name or root.platform_name), where_to(session, root.id, company.sendable, allows=company.allows, now=now)
    if route is None:
        return Channel(name, there)
    return Channel(name, there, next(one for one in there if one.identity_id == route.identity.id), route.why, root.preferred_id or 0)
