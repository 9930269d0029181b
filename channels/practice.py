"""Practice: a pretended customer for a rep who learns. What is said to them leaves nothing; a few lines of theirs come back by the usual door."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from aiohttp import web

from channels.base import Keep, Offsets
from channels.http import wall
from crm.base.errors import NotFound
from crm.base.events import Event, MediaRef, Message, RawEvent, Sender, Unknown
from crm.base.i18n import LANGUAGES, N_, translator
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Receipt, Say, Window

ACCOUNT = "practice"
# What the pretended customer says: first of all, and after each answer; then they are content and silent.
LINES = (
    N_("Hello! How much does it cost, and when could I have it?"),
    N_("That sounds good. How can I pay?"),
    N_("Thank you very much, I will take it!"),
)
NAME = N_("Anna (to practise with)")


def _line(address: str, place: int, language: str, now: int) -> RawEvent:
    body = json.dumps({"address": address, "place": place, "language": language})
    return RawEvent(ACCOUNT, f"{address}:{place}", f"{ACCOUNT}:{address}", body.encode(), now)


class Practice:
    """An account without a platform; its customers' addresses are made by whoever begins to practise, with the language at the end: `7-1-hy`."""

    account = ACCOUNT
    title = "Practice"

    def __init__(self, keep: Keep, clock: Callable[[], int] = wall) -> None:
        self._keep, self._clock = keep, clock
        self._answered: Counter[str] = Counter()

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """Take everything."""
        return Limits(edits=True)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Hear what was said and answer with the next line; an answer that was told twice is one event, by its key."""
        if not isinstance(outbound, Say):
            return Receipt((f"{address}:0",))
        self._answered[address] += 1
        place = self._answered[address]
        if place < len(LINES):
            await self._keep([_line(address, place, address.rpartition("-")[2], self._clock())])
        return Receipt((f"{address}:{place}",))

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open nothing."""
        return ()

    async def listen(self, offsets: Offsets) -> None:
        """Return at once: there is nobody to poll."""

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one line: pure and total."""
        try:
            body = json.loads(raw.body)
            address, place, language = str(body["address"]), int(body["place"]), str(body["language"])
            tr = translator(language if language in LANGUAGES else "en")
            return [Message(Sender(address, tr(NAME), language=tr.language), f"{address}:{place}", tr(LINES[place]), raw.received_at)]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return [Unknown("unreadable", at=raw.received_at)]

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Refuse: nobody sends a file here."""
        raise NotFound("nobody sends files here")
        yield b""

    async def health(self) -> Health:
        """Tell that it is there."""
        return Health(ok=True, words="a pretended customer for whoever learns")

    async def close(self) -> None:
        """Nothing is held open."""
