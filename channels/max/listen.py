"""How updates come from MAX: it is told where to bring them, or, where nobody can come to us, they are fetched; never both."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.base import Offsets
from channels.max.api import Api
from channels.max.split import raw_event
from channels.payload import Json, name, objects, parts, text, whole
from crm.base.errors import Busy
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)
KINDS = (
    "message_created",
    "message_edited",
    "message_removed",
    "message_callback",
    "bot_started",
    "bot_stopped",
    "dialog_cleared",
    "dialog_muted",
    "dialog_unmuted",
    "dialog_removed",
)
_FAILURES = (RetryLater, Uncertain, Undeliverable, Busy)
BATCH = 100


@dataclass(frozen=True, slots=True)
class Post:
    """Where MAX is to bring updates, and with which secret; `url` "" = nowhere; `poll` = fetch them."""

    poll: bool
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a poll waits, how long to pause between two, how often to look at the webhook, how soon again after a failure: seconds."""

    poll: float
    pause: float
    look: float
    first_wait: float
    longest_wait: float = 300.0


class Listener:
    """Follows one bot's updates; `trouble` says in words what is wrong at the moment ("" = nothing), `heard` is told of each update that was kept."""

    def __init__(self, account: str, api: Api, post: Post, pace: Pace, heard: Callable[[Json], None], clock: Callable[[], int]) -> None:
        self._account, self._api, self._post, self._pace = account, api, post, pace
        self._heard, self._clock = heard, clock
        self._failures = 0
        self.trouble = self.named = self.username = ""
        self.looked = asyncio.Event()

    async def run(self, offsets: Offsets) -> None:
        """Listen until cancelled, whatever MAX says: a token it does not know today may be known again tomorrow."""
        while True:
            await asyncio.sleep(await self.attempt(offsets))

    async def attempt(self, offsets: Offsets) -> float:
        """Listen until something goes wrong, or set what has to be set; answers the seconds until the next time."""
        try:
            await self.begin()
            if self._post.poll:
                await self._follow(offsets)
        except _FAILURES as error:
            return self._failed(error)
        self._well()
        return self._pace.look

    async def begin(self) -> None:
        """Learn who we are, and have MAX bring updates where they are wanted, and nowhere else where they are fetched."""
        me = await self._api.call("GET", "/me")
        self.named, self.username = name(me, "first_name") or name(me, "name"), name(me, "username")
        if not (self._post.poll or self._post.url):
            self.looked.set()
            return
        known = [text(one, "url") for one in parts(await self._api.call("GET", "/subscriptions"), "subscriptions")]
        if self._post.url:
            # Told anew in any case: the secret cannot be read back, and MAX gives up an address that was silent for eight hours.
            body = {"url": self._post.url, "update_types": list(KINDS), "secret": self._post.secret}
            await self._api.call("POST", "/subscriptions", body=body)
        for url in known:
            if url != self._post.url and (self._post.poll or _ours(url, self._post.url)):
                await self._api.call("DELETE", "/subscriptions", asked={"url": url})
        self.looked.set()

    async def _follow(self, offsets: Offsets) -> None:
        """Fetch, keep, and only then move on; ends by an error alone."""
        marker = await offsets.get(self._account)
        while True:
            asked = {"limit": str(BATCH), "timeout": str(round(self._pace.poll)), "types": ",".join(KINDS), **({"marker": str(marker)} if marker else {})}
            told = await self._api.call("GET", "/updates", seconds=self._pace.poll + 15, asked=asked)
            self._well()
            updates, following = objects(told.get("updates")), whole(told, "marker") or marker
            if updates or following != marker:
                now = self._clock()
                await offsets.keep(self._account, following, [raw_event(self._account, one, now) for one in updates])
                marker = following
            for one in updates:
                self._heard(one)
            await asyncio.sleep(self._pace.pause)

    def _well(self) -> None:
        self._failures = 0
        self._say("")

    def _failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait: doubling, between half and all of it, so that many nodes do not come back at once."""
        self._failures += 1
        self._say(_words(error))
        longest = min(self._pace.first_wait * 2.0 ** min(self._failures - 1, 20), self._pace.longest_wait)
        asked = error.after if isinstance(error, RetryLater) and error.answered else 0.0
        return max(longest * random.uniform(0.5, 1.0), asked)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


def _ours(url: str, now: str) -> bool:
    """Whether an address is one of ours from before the key or the path changed."""
    return url.rpartition("/")[0] == now.rpartition("/")[0]


def _words(error: Exception) -> str:
    if isinstance(error, Undeliverable):
        return "MAX does not take this token" if error.reason is Reason.ACCOUNT_PROBLEM else f"MAX refuses: {error.detail}"
    if isinstance(error, Busy):
        return "our own waiting list is full"
    return "MAX asks to wait" if isinstance(error, RetryLater) and error.answered else "MAX cannot be reached"
