"""A firm with an account at a pretended Twilio, and the public address between them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiohttp import web

from channels.base import Firm
from channels.sms.twilio import TwilioSms, TwilioSmsOptions
from crm.base.events import Event
from crm.base.outbound import Say
from sandbox.twilio.api import TwilioApi
from sandbox.twilio.courier import Courier
from sandbox.twilio.world import Places, World
from tests.channels.sms.stand import ANN, firm, no_media, operator
from tests.conftest import NOON
from tests.doors import Inbox, served

NEW, OLD = "new-auth-token", "old-auth-token"
LINE = "+37410111111"


@dataclass(slots=True)
class Stand:
    """Both sides, open to each other."""

    sms: TwilioSms
    world: World
    api: TwilioApi
    courier: Courier
    inbox: Inbox
    house: Firm
    door: str

    async def say(self, text: str, to: str = ANN, ref: str = "") -> tuple[str, ...]:
        """Send one text; Twilio's ids."""
        return (await self.sms.send(to, Say(text, ref=ref), no_media)).ids

    async def hear(self, text: str, *files: str) -> None:
        """Somebody writes, and everything arrives."""
        await self.api.write(ANN, text, *files)
        await self.courier.quiet()

    def place(self, what: str, age: int = 0) -> str:
        """Where Twilio brings receipts or messages; `age` 1 = the path made of the older key."""
        return f"{self.door}{self.house.paths('twilio')[age]}/{what}"

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.sms.parse(raw)]


OPTIONS = TwilioSmsOptions("twilio", World().sid, (NEW, OLD), sender=LINE)


@asynccontextmanager
async def stand(options: TwilioSmsOptions = OPTIONS, *, inbox: Inbox | None = None) -> AsyncIterator[Stand]:
    """A firm and its Twilio on free ports."""
    world, kept = World(LINE, tokens=(NEW,), clock=lambda: NOON / 1000), inbox or Inbox()
    courier = Courier(world)
    api = TwilioApi(world, courier)
    made: list[TwilioSms] = []

    def routes(door: str) -> Sequence[web.RouteDef]:
        made.append(TwilioSms(replace(options, api=api.own_url), firm(public_url=door)))
        return made[0].routes(kept)

    async with operator(api) as api.own_url, served(routes) as door:
        opened = Stand(made[0], world, api, courier, kept, firm(public_url=door), door)
        world.places = Places(messages=opened.place("message"))
        try:
            yield opened
        finally:
            await made[0].close()
