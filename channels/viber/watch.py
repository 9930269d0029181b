"""Looks after a bot at Viber: that what happens there is brought to us, and that the token is good."""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass, field

from channels.payload import Json, name, text
from channels.viber.options import EVENTS
from channels.viber.wire import Wire
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, and how soon again after a failure: seconds."""

    look: float
    first_wait: float
    longest_wait: float = 300.0


@dataclass(frozen=True, slots=True)
class Post:
    """Where Viber is to bring what happens ("" = somebody sets it by hand), and the address it may stand under already."""

    url: str = field(default="", repr=False)
    ours: frozenset[str] = field(default=frozenset(), repr=False)


class Watch:
    """Sets the webhook where it is not set; `trouble` says in words what is wrong ("" = nothing), `uri` is the bot's name in links."""

    def __init__(self, account: str, wire: Wire, post: Post, pace: Pace) -> None:
        self._account, self._wire, self._post, self._pace = account, wire, post, pace
        self._failures, self._asked = 0, asyncio.Event()
        self.trouble = self.named = self.uri = ""
        self.looked = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            wait = await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._asked.wait()
            self._asked.clear()

    def hurry(self) -> None:
        """Look at once: Viber has just said that it brings nothing anywhere."""
        self._asked.set()

    async def look(self) -> float:
        """Look once and set what has to be set; answers the seconds until the next look."""
        try:
            told = await self._wire.post("get_account_info", {})
            self.named, self.uri = name(told, "name"), text(told, "uri")
            elsewhere = await self._hear(told)
        except (RetryLater, Uncertain, Undeliverable) as error:
            self._failures += 1
            self._say(_words(error))
            return max(self._wait(), error.after if isinstance(error, RetryLater) and error.answered else 0.0)
        self._failures, self.looked = 0, True
        self._say(elsewhere)
        return self._pace.look

    async def _hear(self, told: Json) -> str:
        """Have events brought to us; in words what hinders it, where we may not set it."""
        events = told.get("event_types")
        known = {event for event in events if isinstance(event, str)} if isinstance(events, list) else set[str]()
        hook = text(told, "webhook")
        if self._post.url:
            if hook != self._post.url or not known.issuperset(EVENTS):
                await self._wire.post("set_webhook", {"url": self._post.url, "event_types": list(EVENTS), "send_name": True, "send_photo": False})
            return ""
        return "" if hook in self._post.ours else "Viber brings what happens to another address, or to none: set the webhook"

    def _wait(self) -> float:
        """Doubling, and between half and all of it, so that many nodes do not come back at once."""
        longest = min(self._pace.first_wait * 2.0 ** min(self._failures - 1, 20), self._pace.longest_wait)
        return longest * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


def _words(error: Exception) -> str:
    if isinstance(error, Undeliverable):
        return f"Viber does not take this bot: {error.detail}" if error.reason is Reason.ACCOUNT_PROBLEM else f"Viber refuses: {error.detail}"
    return "Viber asks to wait" if isinstance(error, RetryLater) and error.answered else "Viber cannot be reached"
