"""Accepting: what whoever was asked says to it: they take the customer, or they do not."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Expired, NotFound
from crm.base.policy import Action
from crm.conversations.assign import take
from crm.conversations.offers import Offer, Outcome, end
from crm.conversations.threads import Conversation, the
from crm.people.reps import authorise


def accept(session: Session, actor: Rep, offer_id: int, *, now: int) -> Conversation:
    """Whoever was asked takes the conversation; after their time, too, as long as nobody has it. Raises `Taken` by whoever does."""
    authorise(session, actor, Action.TAKE)
    found = mine(session, actor, offer_id)
    if not found.ended_at or found.outcome == Outcome.TIMEOUT:
        conversation = take(session, actor, found.conversation_id, now=now)
        end(session, [found], Outcome.TAKEN, now=now)
        return conversation
    conversation = the(session, found.conversation_id)
    return conversation if conversation.rep_id == actor.id else take(session, actor, conversation.id, now=now)


def decline(session: Session, actor: Rep, offer_id: int, *, now: int) -> None:
    """Whoever was asked does not take it; the next one is asked. Raises `Expired` where it has gone on already."""
    authorise(session, actor, Action.TAKE)
    found = mine(session, actor, offer_id)
    if found.ended_at:
        if found.outcome == Outcome.DECLINED:
            return
        raise Expired
    end(session, [found], Outcome.DECLINED, now=now)


def mine(session: Session, actor: Rep, offer_id: int) -> Offer:
    """An offer that was made to this member; raises `NotFound`."""
    found = session.get(Offer, offer_id)
    if found is None or found.rep_id != actor.id:
        raise NotFound("this was not offered to you")
    return found
