"""Looks after a page at Meta: that what happens there is brought to us, and that the token is good."""

import asyncio
import logging
import random
from collections.abc import Set
from dataclasses import dataclass, field

from channels.graph import Graph
from channels.payload import Json, name, parts, text
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """Where Meta is to bring what happens, and the word that proves the address ours; `url` "" = nowhere, or somebody sets it by hand."""

    app: str
    object: str
    url: str = field(default="", repr=False)
    word: str = field(default="", repr=False)
    fields: frozenset[str] = frozenset()
    page_fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, and how soon again after a failure: seconds."""

    look: float
    first_wait: float
    longest_wait: float = 300.0


class Watch:
    """Has the app brought everything by two subscriptions, its own and the page's; `trouble` says in words what is wrong ("" = nothing)."""

    def __init__(self, account: str, page: Graph, app: Graph, post: Post, pace: Pace) -> None:
        self._account, self._page, self._app, self._post, self._pace = account, page, app, post, pace
        self._failures = 0
        self.trouble = self.named = ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(await self.look())

    async def look(self) -> float:
        """Look once and set what has to be set; answers the seconds until the next look."""
        try:
            self.named = name(await self._page.get("me", fields="id,name"), "name")
            missing = await self._page_hears()
            if self._post.url:
                await self._app_hears()
        except (RetryLater, Uncertain, Undeliverable) as error:
            self._failures += 1
            self._say(_words(error))
            return max(self._wait(), error.after if isinstance(error, RetryLater) and error.answered else 0.0)
        self._failures = 0
        self._say(f"the page does not send us {', '.join(sorted(missing))}: subscribe the app to them" if missing else "")
        return self._pace.look

    async def _app_hears(self) -> None:
        """The app's own subscription: its address and fields; what else it was subscribed to stays."""
        told = await self._app.get(f"{self._post.app}/subscriptions")
        mine: Json = next((one for one in parts(told, "data") if text(one, "object") == self._post.object), {})
        known = {text(one, "name") for one in parts(mine, "fields")} - {""}
        if text(mine, "callback_url") == self._post.url and self._post.fields <= known:
            return
        wanted = {"object": self._post.object, "callback_url": self._post.url, "verify_token": self._post.word}
        await self._app.post(f"{self._post.app}/subscriptions", {**wanted, "fields": _listed(self._post.fields | known)}, repeatable=True)

    async def _page_hears(self) -> Set[str]:
        """What the page should tell the app: set where we may, else what is missing."""
        told = await self._page.get("me/subscribed_apps")
        mine: Json = next((one for one in parts(told, "data") if text(one, "id") == self._post.app), {})
        fields = mine.get("subscribed_fields")
        known = {field for field in fields if isinstance(field, str)} if isinstance(fields, list) else set()
        missing = self._post.page_fields - known
        if missing and self._post.url:
            await self._page.post("me/subscribed_apps", {"subscribed_fields": _listed(self._post.page_fields | known)}, repeatable=True)
            return frozenset()
        return missing

    def _wait(self) -> float:
        """Doubling, and between half and all of it, so that many nodes do not come back at once."""
        longest = min(self._pace.first_wait * 2.0 ** min(self._failures - 1, 20), self._pace.longest_wait)
        return longest * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


def _listed(fields: Set[str]) -> str:
    return ",".join(sorted(fields))


def _words(error: Exception) -> str:
    if isinstance(error, Undeliverable):
        return "Meta does not take this token" if error.reason is Reason.ACCOUNT_PROBLEM else f"Meta refuses: {error.detail}"
    return "Meta asks to wait" if isinstance(error, RetryLater) and error.answered else "Meta cannot be reached"
