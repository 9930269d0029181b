"""A firm with one bot, a pretended Viber, and the public address between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from channels.base import Firm
from channels.viber import Viber, ViberOptions
from crm.base.errors import NotFound
from crm.base.events import Event
from crm.base.outbound import OpenMedia, Outbound, Receipt
from sandbox.viber.hands import Hands
from sandbox.viber.server import ViberApi
from sandbox.viber.world import Person, ViberWorld
from tests.channels.sms.stand import operator
from tests.conftest import NOON
from tests.doors import Inbox, served

FIXTURES = Path(__file__).parent.parent / "fixtures" / "viber"
TOKEN, OLD = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9", "4453b6ac12345678-e02c5f12174805f9-daec9cbb5448c51f"
ANI = "01234567890A="
HOUR = 3_600_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def seconds(self) -> float:
        """The same for the platform."""
        return self.now / 1000


class Files:
    """Stored files by number; counts how often one was opened."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.opened = 0

    def __call__(self, attachment_id: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._open(attachment_id)

    @asynccontextmanager
    async def _open(self, attachment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        self.opened += 1
        if attachment_id not in self.files:
            raise NotFound("no such file")
        body = self.files[attachment_id]

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        yield chunks()


def firm(public_url: str = "https://crm.example", open_media: OpenMedia | None = None, clock: Callable[[], int] = lambda: NOON, key: bytes = b"k" * 32) -> Firm:
    """A firm in Yerevan."""
    return Firm("Marani", ("hy", "en"), "AM", "Asia/Yerevan", public_url, (key, b"o" * 32), Path("/nowhere"), clock, open_media)


def bot(**more: object) -> Viber:
    """A bot with settings a firm would start with, far from any platform."""
    return Viber(ViberOptions(**{"tokens": (TOKEN, OLD), "api_base": "http://127.0.0.1:9", **more}), firm())  # type: ignore[arg-type]


@dataclass(slots=True)
class Stand:
    """Both sides, open to each other."""

    viber: Viber
    world: ViberWorld
    api: ViberApi
    hands: Hands
    inbox: Inbox
    files: Files
    clock: Clock
    house: Firm
    door: str
    platform: str

    @property
    def ani(self) -> Person:
        """Somebody who writes to the firm."""
        return self.world.person(ANI, "Ani")

    @property
    def hook(self) -> str:
        """Where the firm is come to."""
        return f"{self.door}{self.house.paths('viber')[0]}"

    async def send(self, outbound: Outbound, to: str = ANI) -> Receipt:
        return await self.viber.send(to, outbound, self.files)

    async def heard(self, count: int) -> list[Event]:
        """What the first so many things that were brought mean."""
        return [event for raw in await self.inbox.until(count) for event in self.viber.parse(raw)]

    async def settled(self) -> list[Event]:
        """What everything means that was brought."""
        await self.api.quiet()
        return [event for raw in self.inbox.events for event in self.viber.parse(raw)]


@asynccontextmanager
async def stand(*, inbox: Inbox | None = None, looked: bool = True, **more: object) -> AsyncIterator[Stand]:
    """A firm and Viber on free ports; the webhook is set unless told otherwise."""
    clock, files, kept = Clock(), Files(), inbox or Inbox()
    world = ViberWorld(TOKEN, clock.seconds)
    api = ViberApi(world)
    made: list[Stand] = []

    def routes(door: str) -> list[web.RouteDef]:
        house = firm(door, files, clock)
        viber = Viber(ViberOptions(**{"tokens": (TOKEN, OLD), "api_base": f"{url}/viber", "first_wait": 0.01, **more}), house)  # type: ignore[arg-type]
        made.append(Stand(viber, world, api, Hands(api), kept, files, clock, house, door, url))
        return list(viber.routes(kept))

    async with operator(api) as url, served(routes):
        if looked:
            await made[0].viber.watch.look()
        try:
            yield made[0]
        finally:
            await made[0].viber.close()
