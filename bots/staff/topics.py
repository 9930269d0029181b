"""Topics: what the staff bot does in a group besides talking: topics made, renamed, closed and opened, reactions put on messages."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import BadRequest

from bots.staff.endings import CLOSED, says
from bots.staff.transport import MaybeSent, StaffBot
from crm.base.outbound import React, Receipt, Tempo, Topic, TopicAct

Sent = TypeVar("Sent")
# Telegram takes 20 messages a minute in one group; these two never make more of any minute, and are never silent for longer than four seconds.
GROUP = Tempo(every=4.0, burst=5)
PRIVATE = Tempo(every=1.0, burst=5)
UNCHANGED = ("topic_not_modified", "not modified")
NAME_MOST = 128


def tempo(address: str) -> Tempo:
    """How fast an address may be written to: a group's number is negative."""
    return GROUP if address.startswith("-") else PRIVATE


def thread_of(say_thread: str) -> int | None:
    """A thread as Telegram takes it; None is outside of topics."""
    return int(say_thread) if say_thread.isdecimal() else None


async def act(bot: StaffBot, chat: int, topic: Topic) -> Receipt:
    """Do something to a topic; what is so already is as good as done."""
    thread = thread_of(topic.thread)
    if topic.act is TopicAct.MAKE:
        made = await bot.create_forum_topic(chat, topic.name[:NAME_MOST])
        if not made.message_thread_id:
            raise MaybeSent("a topic without a number")
        return Receipt((str(made.message_thread_id),))
    if thread is None:
        raise BadRequest("message thread not found")
    try:
        match topic.act:
            case TopicAct.RENAME:
                await bot.edit_forum_topic(chat, thread, name=topic.name[:NAME_MOST])
            case TopicAct.CLOSE:
                await bot.close_forum_topic(chat, thread)
            case TopicAct.REOPEN:
                await bot.reopen_forum_topic(chat, thread)
    except BadRequest as error:
        if not says(error, UNCHANGED):
            raise
    return Receipt((topic.thread,))


async def react(bot: StaffBot, chat: int, message: int, reaction: React) -> Receipt:
    """Put a sign on a message, or take it away."""
    await bot.set_message_reaction(chat, message, reaction.emoji or None)
    return Receipt(())


async def opened(bot: StaffBot, chat: int, thread: str, send: Callable[[], Awaitable[Sent]]) -> Sent:
    """Send to a topic; one that somebody has closed meanwhile is opened first."""
    try:
        return await send()
    except BadRequest as error:
        number = thread_of(thread)
        if number is None or not says(error, CLOSED):
            raise
        await bot.reopen_forum_topic(chat, number)
    return await send()
