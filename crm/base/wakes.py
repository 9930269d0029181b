"""Hints that work is due: a deed names a topic, the store rings it after the commit, a loop that slept looks at once."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from sqlalchemy.orm import Session

INBOX = "inbox"
DESK = "desk"
NOTICES = "notices"
NEWS = "news"
MEDIA = "media"


def send_topic(account: str) -> str:
    """The topic of one account's sender."""
    return "send:" + account


def wake(session: Session, *topics: str) -> None:
    """Ring `topics` once this session's transaction is committed."""
    session.info.setdefault("wakes", set()).update(topics)


class Wakes:
    """One event per topic; a hint over a poll, never the only way work is found."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._followers: dict[str, Callable[[str], None]] = {}

    def follow(self, prefix: str, heard: Callable[[str], None]) -> None:
        """Have every topic that begins so told to `heard` instead of rung: there are too many of them for a bell each."""
        self._followers[prefix] = heard

    def ring(self, topics: set[str]) -> None:
        """Wake whoever waits for these topics, and whoever waits next."""
        for topic in topics:
            follower = next((heard for prefix, heard in self._followers.items() if topic.startswith(prefix)), None)
            if follower:
                follower(topic)
            else:
                self._events[topic].set()

    async def wait(self, topic: str, seconds: float) -> None:
        """Sleep until the topic rings or `seconds` have passed."""
        event = self._events[topic]
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        event.clear()
