"""Watching: who is to see a conversation, and who hears each word of it."""

from bots.staff import forum, routing
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.conversations.threads import Conversation, the
from crm.people.leave import gone_now
from crm.people.pretended import ACCOUNT as PRACTICE


def audience(session: Session, conversation_id: int, scene: Scene) -> tuple[Rep, ...]:
    """Who is to see a conversation: whoever has it, else those who watch."""
    if at := forum.used(session, conversation_id, scene):
        return (at.reader,)
    conversation = the(session, conversation_id)
    holder = scene.rep(conversation.rep_id)
    return (holder,) if holder else routing.readers(session, conversation, scene)


def hearers(session: Session, holder: Rep, conversation: Conversation, scene: Scene) -> tuple[Rep, ...]:
    """Who hears each word for a conversation: its holder; where they went home or are on leave, managers do too, unless it is there to practise."""
    if conversation.account == PRACTICE or (holder in scene.on_duty and not gone_now(session, scene.company, holder.id, now=scene.now)):
        return (holder,)
    return tuple(dict.fromkeys((holder, *scene.managers)))
