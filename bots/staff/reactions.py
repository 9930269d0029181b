"""Reactions: an emoji that a rep puts on the post of a customer's message, or answers it with, goes on that message, where the channel knows such a thing."""

from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.sight import see
from bots.staff.updates import Reacted, Text
from bots.staff.visit import Done, Visit, told
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.outbound import May
from crm.conversations import reactions
from crm.conversations.threads import Message
from crm.people.desk import CONFIRM_MS, Intent


def reacted(session: Session, visit: Visit) -> Done:
    """A reaction was put on a post of ours, or taken away; on what shows no message of a customer it means nothing."""
    assert isinstance(visit.said, Reacted)
    number = reactions.shown_by(session, ACCOUNT, visit.chat, visit.said.message_id)
    if not number:
        return Done()
    if not can_react(session, visit, number):
        return _sorry(session, visit, number) if visit.said.emoji else Done()
    reactions.react(session, visit.rep, number, visit.said.emoji, once=f"reacted:{visit.once}", now=visit.now)
    return Done()


def instead_of_words(session: Session, visit: Visit, said: Text) -> Done | None:
    """A single emoji as the answer to a post of one message is a reaction where the channel knows such; elsewhere it is an answer like any other (None)."""
    if said.media or said.reply_to is None or not reactions.is_emoji(said.text):
        return None
    number = reactions.shown_by(session, ACCOUNT, visit.chat, said.reply_to)
    if not number or not can_react(session, visit, number):
        return None
    reactions.react(session, visit.rep, number, said.text, once=f"reacted:{visit.once}", now=visit.now)
    words = visit.tr("{emoji} is on its way to the customer's message.", emoji=said.text.strip())
    return Done((Post(words, ((Key(visit.tr.button(UNDO), Intent("unreact", number)),),), lasts=CONFIRM_MS),))


def unreact(session: Session, visit: Visit, intent: Intent) -> Done:
    """Take a reaction away again."""
    reactions.react(session, visit.rep, intent.target, "", once=f"reacted:{visit.once}", now=visit.now)
    return Done(toast=visit.tr("Taken away."))


def can_react(session: Session, visit: Visit, message_id: int) -> bool:
    """Whether the channel of a message takes a reaction to it now."""
    sight = see(session, session.get_one(Message, message_id).conversation_id, visit.scene(session))
    if visit.allows is None or sight.account not in visit.titles:
        return False
    limits = visit.allows(sight.account, sight.window, visit.now)
    return limits.reactions and limits.may is May.ANYTHING


def _sorry(session: Session, visit: Visit, message_id: int) -> Done:
    sight = see(session, session.get_one(Message, message_id).conversation_id, visit.scene(session))
    return told(visit.tr("{channel} takes no reactions now, so the customer does not see yours. Answer the message to write to them.", channel=sight.channel))
