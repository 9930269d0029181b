"""Rehearsal: what a rule would have done in the last thirty days; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.history import DomainEvent
from crm.base.policy import Action
from crm.base.time import DAY
from crm.conversations.threads import Author, Kind, Message
from crm.people.pretended import pretended
from crm.people.reps import authorise
from crm.rules.conditions import holds, leaves
from crm.rules.events import HEARD, SAID
from crm.rules.facts import Subject, facts_of, subject_of
from crm.rules.plans import Plan

DAYS, LOOKED_MOST, SHOWN = 30, 500, 5


@dataclass(frozen=True, slots=True)
class Example:
    """One event on which the rule would have acted."""

    at: int
    about: Subject


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """On how many of the events that were looked at the rule would have acted, the newest of them as examples; `cut` = there were more events.

    Old and new values are those of then; what is known besides is what is known now. Of a rule that waits, it counts what it would have waited for.
    """

    looked: int
    acted: int
    examples: tuple[Example, ...] = ()
    cut: bool = False


def rehearse(session: Session, actor: Rep, plan: Plan, *, now: int) -> Rehearsal:
    """Ask a rule's conditions of what has happened, the newest first."""
    authorise(session, actor, Action.SET_RULES)
    wanted, nobody = {leaf.field for leaf in leaves(plan.when)}, pretended(session)
    past, looked, found = list(_past(session, plan, now)), 0, []
    for at, number, before, after in past:
        about = subject_of(session, plan.subject, number)
        if about.contact_id in nobody:
            continue
        looked += 1
        if holds(plan.when, facts_of(session, about, before, after, wanted=wanted)):
            found.append(Example(at, about))
    return Rehearsal(looked, len(found), tuple(found[:SHOWN]), len(past) == LOOKED_MOST)


def _past(session: Session, plan: Plan, now: int) -> Iterator[tuple[int, int, str, str]]:
    """When something happened, to what, and the values before and after."""
    since = now - DAYS * DAY
    if plan.event in (HEARD, SAID):
        author = Author.CONTACT if plan.event == HEARD else Author.REP
        said = select(Message.at, Message.id).where(Message.at > since, Message.author == author.value, Message.kind == Kind.MESSAGE.value)
        yield from ((row.at, row.id, "", "") for row in session.execute(said.order_by(Message.at.desc()).limit(LOOKED_MOST)))
        return
    changes = select(DomainEvent).where(DomainEvent.kind == plan.kind, DomainEvent.at > since, DomainEvent.subject == plan.subject)
    for one in session.scalars(changes.order_by(DomainEvent.at.desc(), DomainEvent.id.desc()).limit(LOOKED_MOST)):
        yield one.at, one.subject_id, one.before, one.after
