"""Greeting: how a person is greeted, as somebody of the staff has said; else by the name they told, never by a guessed surname."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.conversations.talk import within_reach
from crm.outbox.notices import card, tell
from crm.outreach.persons import threads_of
from crm.people.contacts import heard_by, root_of
from crm.people.reps import authorise

LONGEST = 60


def greet_as(session: Session, actor: Rep, contact_id: int, name: str, *, now: int) -> str:
    """Say how a person is greeted ("" = by the name they told), and answer how they were before."""
    authorise(session, actor, Action.CHANGE_PERSON)
    threads = threads_of(session, contact_id)
    for thread in threads:
        within_reach(session, actor, thread.id)
    root, wanted = root_of(session, contact_id), clean_name(name, LONGEST)
    before = root.greeting_name
    if wanted != before:
        root.greeting_name = wanted
        session.flush()
        told = Change("contact", root.id, "greeting", actor, {"greeting_name": before}, {"greeting_name": wanted}, heard_by(contact_id))
        record(session, told, now=now)
        tell(session, [card(thread.id) for thread in threads], now=now)
    return before


def choices(name: str) -> tuple[str, ...]:
    """The words of a name that somebody may be greeted by, the whole one last; pure."""
    words = [word for word in clean_name(name, LONGEST).split() if any(mark.isalpha() for mark in word)]
    return tuple(dict.fromkeys([*words[:4], *([" ".join(words)] if len(words) > 1 else [])]))
