"""Looks after our number at Meta: that messages are brought to us, and how the number does."""

import asyncio
import logging
import random
from dataclasses import dataclass, field

from channels.graph import Graph, Refused
from channels.payload import Json, name, part, text
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)
_FIELDS = "display_phone_number,verified_name,quality_rating,webhook_configuration"


@dataclass(frozen=True, slots=True)
class Post:
    """Where Meta is to bring what happens: the address and the word that proves it ours; "" = nowhere, or somebody set it by hand."""

    url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, and how soon again after a failure: seconds."""

    look: float = 3600.0
    first_wait: float = 1.0
    longest_wait: float = 300.0


class Watch:
    """Sets the webhook and looks now and then; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, graph: Graph, account: str, numbers: tuple[str, str], post: Post, pace: Pace) -> None:
        self._graph, self._account, self._post, self._pace = graph, account, post, pace
        self._number, self._business = numbers
        self._set = False
        self._failures = 0
        self.trouble, self.number, self.quality = "", "", ""
        self.looked = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._look()
            except (RetryLater, Uncertain, Undeliverable) as error:
                self._failures += 1
                self._say(_words(error))
                asked = error.after if isinstance(error, RetryLater) and error.answered else 0.0
                await asyncio.sleep(max(self._wait(), asked))
                continue
            self._failures = 0
            self._say("")
            self.looked.set()
            await asyncio.sleep(self._pace.look)

    async def _look(self) -> None:
        """Look once, and set what has to be set; a word cannot be read back, so it is set once in any case."""
        found = await self._graph.get(self._number, fields=_FIELDS)
        self.number, self.quality = name(found, "display_phone_number"), name(found, "quality_rating")
        if not self._post.url or (self._set and _leads(found) == self._post.url):
            return
        ours = {"override_callback_uri": self._post.url, "verify_token": self._post.token}
        if self._business:
            await self._graph.post(f"{self._business}/subscribed_apps", ours, repeatable=True)
        await self._graph.post(self._number, {"webhook_configuration": ours}, repeatable=True)
        self._set = True

    def _wait(self) -> float:
        """Doubling, and between half and all of it, so that many nodes do not come back at once."""
        longest = min(self._pace.first_wait * 2.0 ** min(self._failures - 1, 20), self._pace.longest_wait)
        return longest * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


def _leads(found: Json) -> str:
    return text(part(found, "webhook_configuration"), "phone_number")


def _words(error: Exception) -> str:
    if isinstance(error, Refused):
        return f"Meta refuses the token or its rights: {error.detail}" if error.reason is Reason.ACCOUNT_PROBLEM else f"Meta refuses: {error.detail}"
    return "Meta asks to wait" if isinstance(error, RetryLater) and error.answered else "Meta cannot be reached"
