"""The site widget as a channel: sending stirs the visitor's open screens, and they read what is new from the store."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from aiohttp import WSCloseCode, web

from channels.base import Keep, Offsets
from channels.http import wall
from channels.webchat.desk import Desk
from channels.webchat.doors import Doors, receipt
from channels.webchat.lines import History
from channels.webchat.options import WebchatOptions
from channels.webchat.raw import parse_raw
from channels.webchat.room import Room
from channels.webchat.uploads import Seals, Uploads
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Reason, Receipt, Typing, Undeliverable, Window
from crm.base.outbound import Say as SayOut

_LIMITS = Limits(
    text=4000,
    caption=4000,
    media=frozenset({MediaKind.PHOTO, MediaKind.DOCUMENT}),
    media_size=50_000_000,
    edits=True,
    deletes=True,
    account_rate=1000.0,
    chat_every=0.0,
    chat_burst=1000,
)
_VISITOR = re.compile(r"w[A-Za-z0-9_-]{32}")


class Webchat:
    """Our own widget, both ways.

    `history` reads a visitor's thread from the store, `open_media` the bytes of a stored file.
    """

    account = "webchat"
    title = "Site chat"

    def __init__(self, options: WebchatOptions, history: History, open_media: OpenMedia, clock: Callable[[], int] = wall) -> None:
        self._options, self._history, self._open_media, self._clock = options, history, open_media, clock
        self._uploads, self._room, self._seals = Uploads(options), Room(options), Seals(options.seal)

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """Tell what the widget can show; a visitor who went away still gets it when they come back, so only `sent` is known."""
        return _LIMITS

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Stir the visitor's screens; what is said waits in the store for those who are away."""
        if not _VISITOR.fullmatch(address):
            raise Undeliverable(Reason.BAD_ADDRESS)
        for session in self._room.of(address):
            if isinstance(outbound, Typing):
                session.tell({"type": "typing"})
            else:
                session.stir(deep=not isinstance(outbound, SayOut))
        return Receipt((receipt(),))

    def stir(self, addresses: Iterable[str]) -> None:
        """Have the screens of these visitors look at the store again: after another node sent, or what they said was processed."""
        for address in addresses:
            for session in self._room.of(address):
                session.stir(deep=False)

    def entry(self, code: str, words: str = "") -> str:
        """The first of the sites with a code behind it; the widget finds it on any page."""
        site = next((origin for origin in self._options.origins if origin.startswith("http")), "")
        return f"{site}/#dragoman={code}" if site else ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the doors under /in/webchat/."""
        desk = Desk(self.account, self._options, keep, self._uploads, self._clock)
        return Doors(desk, self._room, self._history, self._seals, self._open_media).routes()

    async def listen(self, offsets: Offsets) -> None:
        """Return at once: browsers come to us."""

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one raw event: pure and total."""
        return parse_raw(raw)

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Give the bytes of an upload; raises NotFound."""
        return self._uploads.read(ref.ref)

    async def health(self) -> Health:
        """Count the open screens."""
        return Health(ok=True, words="open to visitors", facts={"screens": str(len(self._room))})

    async def close(self) -> None:
        """Send everybody away; widgets come back to the next process by themselves."""
        sessions = self._room.everyone()
        closings = (session.socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"restart") for session in sessions)
        await asyncio.gather(*closings, return_exceptions=True)
