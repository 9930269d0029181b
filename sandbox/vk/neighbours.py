"""VK and MAX as a town has them: side by side, with Ani on both, and the tables an owner would write for them."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.max.human import MaxHuman
from sandbox.max.server import MaxApi
from sandbox.max.world import TOKEN as MAX_TOKEN
from sandbox.max.world import World as MaxWorld
from sandbox.vk.human import VkHuman
from sandbox.vk.server import VkApi
from sandbox.vk.world import GROUP, TOKEN
from sandbox.vk.world import World as VkWorld

Line = dict[str, Any]
Resident = tuple[Callable[[str], Awaitable[None]], Callable[[], list[Line]]]
"""How somebody says something, and what their screen shows."""
ANI_AT_VK, ANI_AT_MAX = 51515151, 54321
MAX_ROOT = "/max"


class Neighbours:
    """Both platforms."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.vk, self.max = VkWorld(clock), MaxWorld(clock)
        self._vk, self._max = VkHuman(self.vk), MaxHuman(self.max)

    def mount(self, app: web.Application) -> None:
        """Add both to an application."""
        for part in (VkApi(self.vk), self._vk, MaxApi(self.max, MAX_ROOT), self._max):
            part.mount(app)

    def settings(self, base: str, shop: str) -> str:
        """Their tables in the channels' file."""
        vk = f'[vk]\ngroup = {GROUP}\ntoken = "{TOKEN}"\napi_base = "{base}"\npublic_url = "{shop}"\nfirst_wait = 0.1\n\n'
        return vk + f'[max]\ntoken = "{MAX_TOKEN}"\napi_base = "{base}{MAX_ROOT}"\npublic_url = "{shop}"\nfirst_wait = 0.1\n\n'

    def people(self) -> dict[str, Resident]:
        """Ani on each."""
        return {"vk": (self._say_at_vk, self._seen_at_vk), "max": (self._say_at_max, self._seen_at_max)}

    async def _say_at_vk(self, text: str) -> None:
        if text in self._choices_at_vk():
            self._vk.press(ANI_AT_VK, text)
        else:
            self._vk.say(ANI_AT_VK, text)

    def _choices_at_vk(self) -> list[str]:
        lines = self.vk.person(ANI_AT_VK).lines
        keyboard = json.loads(lines[-1].fields.get("keyboard", "{}")) if lines else {}
        return [button["action"]["label"] for row in keyboard.get("buttons", []) for button in row]

    def _seen_at_vk(self) -> list[Line]:
        lines = [one for one in self.vk.person(ANI_AT_VK).lines if not one.gone]
        return [{"mine": not one.ours, "text": one.text, "choices": self._choices_at_vk() if one is lines[-1] else []} for one in lines]

    async def _say_at_max(self, text: str) -> None:
        if text in self._choices_at_max():
            self._max.press(ANI_AT_MAX, text)
        else:
            self._max.say(ANI_AT_MAX, text)

    def _choices_at_max(self) -> list[str]:
        lines = self.max.person(ANI_AT_MAX).lines
        held = lines[-1].body.get("attachments", []) if lines and lines[-1].ours else []
        rows = [row for one in held if one["type"] == "inline_keyboard" for row in one["payload"]["buttons"]]
        return [button["text"] for row in rows for button in row if button["type"] == "callback"]

    def _seen_at_max(self) -> list[Line]:
        lines = [one for one in self.max.person(ANI_AT_MAX).lines if not one.gone]
        return [{"mine": not one.ours, "text": one.body.get("text") or "", "choices": self._choices_at_max() if one is lines[-1] else []} for one in lines]
