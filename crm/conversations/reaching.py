"""Reaching: the one place where it is decided on which address a person is written to when we begin: as chosen > where they write now > where they answer."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.outbound import Lane, Limits, May, Window
from crm.base.settings import Allows
from crm.base.time import DAY
from crm.conversations.threads import Author, Conversation, Kind, Message
from crm.people import liking, routes
from crm.people.contacts import Identity, family_of, root_of
from crm.people.liking import Word

LOOK_BACK = 60
"""From how many of the last messages is learnt where a person answers."""
_TELLS = (Kind.MESSAGE.value, Kind.PRESS.value)


class Why(StrEnum):
    """Why an address and no other: `ONLY` = there is no other, `LAST` = they wrote there last."""

    ONLY = "only"
    CHOSEN = "chosen"
    WRITING = "writing"
    ANSWERS = "answers"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Way:
    """An address that can be written to; `shut` = its platform lets nothing of a machine's through now, `billed` = it would cost money."""

    id: int
    heard_at: int = 0
    shut: bool = False
    billed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where a person is written to, and why there."""

    identity: Identity
    why: Why


def where_to(
    session: Session, contact_id: int, accounts: Collection[str], *, allows: Allows | None = None, without: Collection[int] = (), now: int
) -> Route | None:
    """Where a person is written to when we begin; None where nobody can be.

    `accounts` can send (empty = all), `allows` tells what each lets through now (None = everything, for nothing), `without` are addresses not to take.
    """
    there = {one.id: one for one in routes.usable(session, contact_id, accounts) if one.id not in without}
    ways = [way_of(one.id, one.account, Window(one.last_inbound_at, one.session_ends_at), allows, now=now) for one in there.values()]
    if not ways:
        return None
    picked = settled(ways, root_of(session, contact_id).preferred_id or 0, now=now)
    if picked is None:
        fit = fitting(ways)
        liked = liking.liked(liking.tried(_words(session, contact_id), now=now), [one.id for one in fit])
        picked = (liked, Why.ANSWERS) if liked else (fit[0].id, Why.LAST)
    return Route(there[picked[0]], picked[1])


def way_of(number: int, account: str, window: Window, allows: Allows | None, *, now: int) -> Way:
    """What can be said at an address now."""
    limits = allows(account, window, now) if allows else Limits(needs_inbound=False)
    shut = limits.may is not May.ANYTHING or (limits.needs_inbound and not window.last_inbound_at)
    return Way(number, window.last_inbound_at, shut, not limits.free)


def fitting(ways: Sequence[Way]) -> Sequence[Way]:
    """Those that are open and cost nothing, else those that are open, else all; in their order. Pure."""
    open_now = [one for one in ways if not one.shut]
    return [one for one in open_now if not one.billed] or open_now or ways


def settled(ways: Sequence[Way], chosen: int, *, now: int) -> tuple[int, Why] | None:
    """The address that needs no look at what was said; None where that has to tell. Pure.

    What somebody chose is taken though it costs money, but not where it is shut and another is open.
    """
    if any(one.id == chosen and not one.shut for one in ways) or (ways[0].id == chosen and all(one.shut for one in ways)):
        return chosen, Why.CHOSEN
    fit = fitting(ways)
    if len(fit) == 1:
        return fit[0].id, Why.ONLY
    newest = max(fit, key=lambda one: one.heard_at)
    return (newest.id, Why.WRITING) if newest.heard_at > now - DAY else None


def _words(session: Session, contact_id: int) -> Iterable[Word]:
    """What was said with a person of late, the oldest first; offers ask nothing, so that nobody has to answer them."""
    said = (
        select(Conversation.identity_id, Message.author, Message.at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.contact_id.in_(family_of(session, contact_id)), Message.kind.in_(_TELLS), Message.lane != Lane.PROMOTION.value)
        .order_by(Message.id.desc())
        .limit(LOOK_BACK)
    )
    return [Word(row.identity_id, row.at, row.author != Author.CONTACT) for row in reversed(session.execute(said).all())]
