"""Gathering: what the staff's group means by its words: whose topic it is, a note, a command that belongs there."""

from dataclasses import replace

from bots.staff import snippets
from bots.staff.commands import forum, named
from bots.staff.posts import ACCOUNT
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit, told
from crm.base.db import Session
from crm.conversations import assign
from crm.conversations.desk import post_at
from crm.conversations.forum import conversation_in, group, noted
from crm.outbox.forum import ForumState, forum_at

NOTE = "//"
# What is asked and answered in a topic; everything else that a button brings is for the one who pressed it.
HERE = frozenset({"later", "until", "take", "take_over", "send_anyway", "do_not_send", "recall", "resend", "mark_sent", "forum"})

# Commands that are about the conversation they are typed at: in its topic that is this one, and the answer comes to one's own chat.
OF_A_TALK = frozenset(
    {"deal", "document", "erase", "export", "field", "history", "kind", "later", "lead", "merge", "order", "refer", "snippets", "tag", "task"}
)


def about(session: Session, visit: Visit) -> int | None:
    """The conversation of the topic in which something was done (None = it was done elsewhere in the group, or the group is not in use)."""
    found, place = group(session, now=visit.now), visit.place
    if found is None or place is None or str(place.chat) != found.chat or not place.thread:
        return None
    return conversation_in(session, found.account, found.chat, place.thread)


def elsewhere(session: Session, visit: Visit) -> Done:
    """Words outside of topics are talk among colleagues; in a topic of a group that is not used any more they are answered, since nobody is sent them."""
    place = visit.place
    forum_row = forum_at(session, visit.chat) if place and place.thread else None
    if forum_row is None or place is None or forum_row.state == ForumState.LINKED or not post_at(session, ACCOUNT, visit.chat, place.thread):
        return Done()
    words = visit.tr("This group is not used for conversations now, so nothing was sent. The conversation goes on in your chat with me.")
    return Done(told(words).posts, private=True)


def note(session: Session, visit: Visit, conversation_id: int, words: str) -> Done:
    """Keep a remark about the customer; the message it was typed in gets a sign."""
    said, found = visit.said, group(session, now=visit.now)
    assert isinstance(said, Text)
    if not words.strip():
        return Done(told(visit.tr("A note is words: // and what colleagues shall know.")).posts, about=conversation_id)
    assign.note(session, visit.rep, conversation_id, words.strip(), once=visit.once, now=visit.now)
    if found:
        noted(session, found, said.message_id, now=visit.now)
    return Done()


def commanded(session: Session, visit: Visit) -> Done:
    """A command in the group: for the group itself, for the conversation of its topic, or one that belongs into one's own chat."""
    said = visit.said
    assert isinstance(said, Text)
    name, _, bot = said.text.split(maxsplit=1)[0].removeprefix("/").lower().partition("@")
    if bot not in ("", visit.username.lower()):
        return Done()
    if name == forum.COMMAND.name:
        return forum.here(session, visit)
    conversation_id = about(session, visit)
    if conversation_id is None:
        return Done()
    if name == "note":
        return note(session, visit, conversation_id, visit.rest)
    words = visit.tr("This was not sent. Here I know /note, /forum and what is about the customer; the other commands are for your own chat with me.")
    return _of_talk(session, visit, conversation_id, name) or Done(told(words).posts, about=conversation_id)


def _of_talk(session: Session, visit: Visit, conversation_id: int, name: str) -> Done | None:
    """A command about the conversation of the topic, or the word of a ready answer: answered privately, with a sign here that it was heard."""
    said, found = visit.said, group(session, now=visit.now)
    assert isinstance(said, Text)
    own = replace(visit, said=replace(said, place=None, reply_to=None), about=conversation_id)
    command = named(name, visit.rep.role)
    if command is not None and name in OF_A_TALK:
        done: Done | None = command.deed(session, own)
    else:
        done = None if command else snippets.meant(session, own, conversation_id, name)
    if done is None:
        return None
    if found:
        noted(session, found, said.message_id, now=visit.now)
    return replace(done, private=True)
