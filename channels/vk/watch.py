"""Looks after a community at VK: that its key is good, and that what happens is brought to us."""

import asyncio
import logging
import random
from dataclasses import dataclass, field

from channels.payload import Json, name, objects, parts, text, whole
from channels.vk.api import Api
from channels.vk.verdicts import Refused
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)
EVENTS = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_read",
    "message_event",
    "message_reaction_event",
    "user_block",
    "user_unblock",
    "lead_forms_new",
)
_TITLE = "Dragoman"


@dataclass(frozen=True, slots=True)
class Post:
    """Where VK is to bring what happens, with which secret; `url` "" = nowhere, or somebody sets it by hand."""

    group: int
    version: str
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, and how soon again after a failure: seconds."""

    look: float
    first_wait: float
    longest_wait: float = 300.0


class Watch:
    """Sets the webhook and looks now and then; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, account: str, api: Api, confirmation: str, post: Post, pace: Pace) -> None:
        self._account, self._api, self._confirmation, self._post, self._pace = account, api, confirmation, post, pace
        self._failures = 0
        self.trouble = self.named = self.screen_name = ""
        self.looked = asyncio.Event()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(await self.look())

    async def look(self) -> float:
        """Look once and set what has to be set; answers the seconds until the next look."""
        try:
            await self._who()
            trouble = await self._hears() if self._post.url else ""
        except (RetryLater, Uncertain, Undeliverable) as error:
            self._failures += 1
            self._say(_words(error))
            return max(self._wait(), error.after if isinstance(error, RetryLater) and error.answered else 0.0)
        self._failures = 0
        self._say(trouble)
        self.looked.set()
        return self._pace.look

    async def _who(self) -> None:
        told = await self._api.call("groups.getById", {"group_id": str(self._post.group)})
        groups = parts(told, "groups") if isinstance(told, dict) else objects(told)
        ours: Json = next((one for one in groups if whole(one, "id") == self._post.group), {})
        self.named, self.screen_name = name(ours, "name"), name(ours, "screen_name")

    async def _hears(self) -> str:
        """Have a server of VK's bring everything to us; answers what is wrong with it."""
        group = {"group_id": str(self._post.group)}
        servers = await self._api.call("groups.getCallbackServers", group)
        mine: Json = next((one for one in parts(servers, "items") if text(one, "url") == self._post.url), {}) if isinstance(servers, dict) else {}
        server, ours = whole(mine, "id"), {"url": self._post.url, "title": _TITLE, "secret_key": self._post.secret}
        if not mine:
            made = await self._api.call("groups.addCallbackServer", {**group, **ours})
            server = whole(made, "server_id") if isinstance(made, dict) else 0
        elif text(mine, "secret_key") != self._post.secret or text(mine, "status") == "failed":
            await self._api.call("groups.editCallbackServer", {**group, "server_id": str(server), **ours})
        wanted = {**group, "server_id": str(server), "api_version": self._post.version, **dict.fromkeys(EVENTS, "1")}
        await self._api.call("groups.setCallbackSettings", wanted)
        return "VK had given up bringing what happens, and was asked anew" if text(mine, "status") == "failed" else ""

    async def confirmation(self) -> str:
        """The string VK wants to hear, asked for once where it is not set: the node VK comes to need not be the one that looks ("" = not to be had now)."""
        if not self._confirmation:
            try:
                told = await self._api.call("groups.getCallbackConfirmationCode", {"group_id": str(self._post.group)})
            except (RetryLater, Undeliverable) as error:
                log.warning("%s: the confirmation string cannot be had: %s", self._account, _words(error))
                return ""
            self._confirmation = text(told, "code") if isinstance(told, dict) else ""
        return self._confirmation

    def _wait(self) -> float:
        """Doubling, and between half and all of it, so that many nodes do not come back at once."""
        longest = min(self._pace.first_wait * 2.0 ** min(self._failures - 1, 20), self._pace.longest_wait)
        return longest * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "well again")
        self.trouble = trouble


def _words(error: Exception) -> str:
    if isinstance(error, Refused) and error.code in (7, 15, 27) and error.reason is not Reason.BAD_CONTENT:
        return f"VK does not give this key the right it needs: {error.detail}"
    if isinstance(error, Undeliverable):
        return f"VK does not take this key: {error.detail}" if error.reason is Reason.ACCOUNT_PROBLEM else f"VK refuses: {error.detail}"
    return "VK asks to wait" if isinstance(error, RetryLater) and error.answered else "VK cannot be reached"
