"""Readiness: what a new firm still has to do until nothing and nobody is forgotten; a queue or an alert without an owner keeps it from being ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.rows import take_ids
from crm.exchange.settling import SUBJECT, standing
from crm.people.contacts import Contact
from crm.people.pretended import real
from crm.people.reps import Member, authorise
from crm.people.teams import TeamRow

READY = "ready"
PRACTISED = "practised"
NAMED = 5


class Part(StrEnum):
    """What there is to do, in the order in which people do it."""

    TRADE = "trade"
    CHANNELS = "channels"
    TEAM = "team"
    PEOPLE = "people"
    OWNERS = "owners"
    PRACTISE = "practise"


MUST = frozenset({Part.OWNERS})
"""What no firm is left without; the rest may wait."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is done; `unowned` are teams that nobody leads, as (number, name), `alone` = nobody who answers customers is on duty."""

    done: frozenset[Part]
    unowned: tuple[tuple[int, str], ...] = ()
    alone: bool = False
    ready: bool = False


def readiness(session: Session, actor: Rep, channels: Sequence[str]) -> Readiness:
    """How far the firm has come; `channels` are the accounts by which customers reach it besides its own site."""
    authorise(session, actor, Action.SET_UP)
    members = session.scalars(select(Member).where(Member.active == 1)).all()
    unowned, alone = _unowned(session), not any(one.available and may(Role(one.role), Action.TALK) for one in members)
    found = {
        Part.TRADE: standing(session) is not None,
        Part.CHANNELS: bool(channels),
        Part.TEAM: len(members) > 1,
        Part.PEOPLE: (session.scalar(select(func.count()).select_from(select(Contact.id).where(real(Contact.id)).limit(2).subquery())) or 0) > 1,
        Part.OWNERS: not unowned and not alone,
        Part.PRACTISE: session.scalar(select(exists().where(DomainEvent.subject == "conversation", DomainEvent.kind == PRACTISED))) or False,
    }
    return Readiness(frozenset(part for part, done in found.items() if done), unowned, alone, _said_ready(session))


def be_ready(session: Session, actor: Rep, *, now: int) -> None:
    """Say that the firm is set up; raises `Invalid` while a team has nobody who leads it, or nobody is there to hear an alert."""
    authorise(session, actor, Action.SET_UP)
    found = readiness(session, actor, ())
    if not found.done >= MUST:
        raise Invalid("a team has nobody who leads it, or nobody is on duty")
    if not found.ready:
        record(session, Change(SUBJECT, next(take_ids(session, 1)), READY, actor), now=now)


def _said_ready(session: Session) -> bool:
    return session.scalar(select(DomainEvent.id).where(DomainEvent.subject == SUBJECT, DomainEvent.kind == READY).limit(1)) is not None


def _unowned(session: Session) -> tuple[tuple[int, str], ...]:
    leads = select(Member.id).where(Member.active == 1)
    rows = session.execute(
        select(TeamRow.id, TeamRow.name)
        .where(TeamRow.ended_at == 0, TeamRow.lead_id.is_(None) | TeamRow.lead_id.not_in(leads))
        .order_by(TeamRow.id)
        .limit(NAMED)
    )
    return tuple((row.id, row.name) for row in rows)
