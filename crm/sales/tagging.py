"""Tagging: the words on a person, read and changed by whoever may deal with them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.policy import Action
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import card, tell
from crm.people import tags
from crm.people.contacts import family_of, root_of
from crm.people.reps import authorise


def worn(session: Session, actor: Actor, contact_id: int) -> tuple[str, ...]:
    """The words on a person within the actor's reach; raises `Taken` by whoever has them."""
    authorise(session, actor, Action.TAG)
    _reached(session, actor, contact_id)
    root = root_of(session, contact_id).id
    return tags.tags_of(session, [root])[root]


def put_on(session: Session, actor: Actor, contact_id: int, word: str, *, now: int) -> bool:
    """Put a word on a person within the actor's reach; answers whether it is new there."""
    authorise(session, actor, Action.TAG)
    root = root_of(session, contact_id)
    talks = _reached(session, actor, root.id)
    done = tags.tag(session, actor, contact_id, word, now=now)
    tell(session, [card(number) for number in talks] if done else [], now=now)
    return done


def take_off(session: Session, actor: Actor, contact_id: int, word: str, *, now: int) -> bool:
    """Take a word off a person within the actor's reach; answers whether it was there."""
    authorise(session, actor, Action.TAG)
    root = root_of(session, contact_id)
    talks = _reached(session, actor, root.id)
    done = tags.untag(session, actor, contact_id, word, now=now)
    tell(session, [card(number) for number in talks] if done else [], now=now)
    return done


def _reached(session: Session, actor: Actor, contact_id: int) -> list[int]:
    """The open conversations of a person; refuses where somebody outside the actor's sight has one."""
    mine = (Conversation.contact_id.in_(family_of(session, contact_id)), Conversation.status != Status.CLOSED.value)
    talks = list(session.scalars(select(Conversation.id).where(*mine).order_by(Conversation.id)))
    if isinstance(actor, Rep):
        for number in talks:
            within_reach(session, actor, number)
    return talks
