"""Telephones: Twilio, Zadarma and Mango side by side, and one person of each who texts or rings the firm."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.phone.mango import MangoPbx
from sandbox.phone.zadarma import ZadarmaPbx
from sandbox.twilio.api import TwilioApi
from sandbox.twilio.courier import Courier
from sandbox.twilio.voice import TwilioVoice
from sandbox.twilio.world import World

Line = dict[str, Any]
Person = tuple[Callable[[str], Awaitable[None]], Callable[[], list[Line]]]
"""How somebody says something (or rings), and what their screen shows."""
TEXTER, VOICE, ZADARMA, MANGO = "+37491000030", "+37491000031", "+37491000032", "+37491000033"


class Telephones:
    """Each platform with its world; `people` are named as accounts are."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.twilio, self.zadarma, self.mango = World(clock=clock), ZadarmaPbx(clock=clock), MangoPbx(clock=clock)
        self.courier = Courier(self.twilio)
        self.api = TwilioApi(self.twilio, self.courier)
        self.voice = TwilioVoice(self.twilio, self.courier, self.api)

    def mount(self, app: web.Application) -> None:
        """Add every platform to an application."""
        for part in (self.api, self.voice, self.zadarma, self.mango):
            part.mount(app)

    def found_at(self, places: Mapping[str, list[str]], base: str) -> None:
        """Learn where the firm's accounts are come to, and where this server is itself."""
        self.api.own_url = self.zadarma.own_url = base
        self.twilio.places.messages = _ending(places.get("twilio", []), "/message")
        self.twilio.places.states = _ending(places.get("voice", []), "/call")
        self.zadarma.url = next(iter(places.get("zadarma", [])), "")
        self.mango.url = _ending(places.get("mango", []), "/events/call").removesuffix("/events/call")

    def settings(self, base: str, shop: str) -> str:
        """The tables of these accounts in the firm's file."""
        who = f'sid = "{self.twilio.sid}"\ntokens = ["{self.twilio.tokens[0]}"]\napi = "{base}"\npublic_url = "{shop}"\n'
        return (
            f'[twilio]\n{who}sender = "{self.twilio.number}"\nrate = 10.0\n\n[voice]\n{who}\n'
            f'[zadarma]\nkey = "{self.zadarma.key}"\nsecrets = ["{self.zadarma.secret}"]\nzone = "{self.zadarma.zone}"\napi = "{base}"\n\n'
            f'[mango]\nkeys = ["{self.mango.key}"]\nsalts = ["{self.mango.salt}"]\napi = "{base}"\n\n'
        )

    def people(self) -> dict[str, Person]:
        """Somebody of each; who rings is not answered."""

        async def text(words: str) -> None:
            await self.api.write(TEXTER, words)

        async def voice(_: str) -> None:
            await self.voice.ring(VOICE)

        async def zadarma(_: str) -> None:
            await self.zadarma.ring(ZADARMA)

        async def mango(_: str) -> None:
            await self.mango.ring(MANGO)

        return {
            "twilio": (text, lambda: [{"mine": not one.ours, "text": one.text, "state": one.state} for one in self.twilio.with_(TEXTER)]),
            "voice": (voice, lambda: _rung(self.voice.told)),
            "zadarma": (zadarma, lambda: _rung(self.zadarma.told)),
            "mango": (mango, lambda: _rung(self.mango.told)),
        }


def _ending(addresses: list[str], end: str) -> str:
    return next((address for address in addresses if address.endswith(end)), "")


def _rung(told: list[str]) -> list[Line]:
    return [{"mine": True, "text": f"☎ {one}"} for one in told]
