"""Kind: what a person is to the firm. Offers and follow-ups are for customers; with suppliers and partners one only talks."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.conversations.talk import within_reach
from crm.outbox.notices import card, tell
from crm.outreach import sequences
from crm.outreach.persons import threads_of
from crm.people.contacts import family_of, root_of
from crm.people.kinds import Kind
from crm.people.reps import authorise


def set_kind(session: Session, actor: Rep, contact_id: int, kind: Kind, *, now: int) -> Kind:
    """Say what a person is to the firm, and answer what they were; follow-ups to who is no customer any more stop."""
    authorise(session, actor, Action.CHANGE_PERSON)
    threads = threads_of(session, contact_id)
    for thread in threads:
        within_reach(session, actor, thread.id)
    root = root_of(session, contact_id)
    before = Kind(root.kind)
    if before is not kind:
        root.kind = kind.value
        session.flush()
        record(session, Change("contact", root.id, "kind", actor, {"kind": before.value}, {"kind": kind.value}), now=now)
        tell(session, [card(thread.id) for thread in threads], now=now)
    if kind is not Kind.CUSTOMER:
        sequences.stop(session, family_of(session, root.id), "no customer", now=now)
    return before
