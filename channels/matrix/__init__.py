"""Matrix: an account on any server, which people talk to in rooms of two; over the client-server API, without a library."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

from aiohttp import web

from channels import outside
from channels.base import Firm, Keep, Offsets
from channels.matrix.api import Api
from channels.matrix.contents import place_of
from channels.matrix.digest import Digest
from channels.matrix.listen import Listener
from channels.matrix.memo import Memo
from channels.matrix.options import MB, MatrixOptions, check
from channels.matrix.parse import Reader
from channels.matrix.rooms import Rooms
from channels.matrix.say import Marks
from channels.matrix.send import Speaker
from channels.matrix.verdicts import Refused
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Reason, Receipt, Unit, Window

__all__ = ["Matrix", "MatrixOptions"]


class Matrix:
    """One account that people write to."""

    title = "Matrix"

    def __init__(self, options: MatrixOptions, firm: Firm) -> None:
        check(options)
        self.options = options
        marks, memo = Marks(firm.derived("matrix mark", options.account)), Memo(firm.folder, options.account)
        self._api = Api(options)
        self._speaker, self._reader = Speaker(self._api, options, marks), Reader(marks)
        self._rooms = Rooms(self._api, options, self._speaker, firm.languages)
        self._digest = Digest(options, self._api, self._rooms, memo, marks, firm.clock)
        self.listener = Listener(options, self._api, self._rooms, self._digest, memo, firm.clock)
        self._limits = _limits(options)
        self._denied = ""

    @property
    def account(self) -> str:
        return self.options.account

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: who is in a room with us can be written to until they leave it."""
        return self._limits

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Nobody comes to us: everything is fetched."""
        return []

    async def listen(self, offsets: Offsets) -> None:
        """Fetch what happens, until cancelled."""
        await self.listener.run(offsets)

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return self._reader.parse(raw)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        try:
            receipt = await self._speaker.send(address, outbound, open_media)
        except Refused as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM:
                self._denied = f"the server refuses to send for us: {refused.detail}"
            raise
        self._denied = ""
        return receipt

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file, which our own server brings from wherever it lies; NotFound, Refused or RetryLater as `outside.fetch` says."""
        most, base = self.options.download_mb * MB, urlsplit(self.options.api_base)
        server, file = place_of(ref.ref)
        if ref.size > most or not file:
            raise NotFound("the file is larger than what is fetched" if file else "this is no file of Matrix")
        own = (f"{base.hostname}:{base.port or (443 if base.scheme == 'https' else 80)}",)
        now, before = self._api.files(server, file)
        fetched = 0
        try:
            async for chunk in outside.fetch(now, most=most, trusted=own, headers=self._api.headers, seconds=self.options.upload_seconds):
                fetched += len(chunk)
                yield chunk
        except NotFound:
            if fetched:
                raise
        else:
            return
        async for chunk in outside.fetch(before, most=most, trusted=own, headers=self._api.headers, seconds=self.options.upload_seconds):
            yield chunk

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {"invitations": str(len(self._rooms.pending)), "missed": str(self._digest.history.missed)}
        trouble = self.listener.trouble or self._denied
        if trouble or not self.listener.looked.is_set():
            return Health(not trouble, trouble or "the server has not been asked yet", facts)
        return Health(True, f"what is written to {self._api.me or self.title} is fetched", facts)

    async def close(self) -> None:
        await self._api.close()


def _limits(options: MatrixOptions) -> Limits:
    return Limits(
        text=options.text,
        caption=options.text,
        buttons=0,
        media=frozenset(MediaKind),
        media_size=options.upload_mb * MB,
        edits=True,
        deletes=True,
        knows=frozenset({"sent", "read"}),
        account_rate=options.rate,
        chat_every=options.chat_every,
        chat_burst=options.chat_burst,
        unit=Unit.BYTES,
        reactions=True,
        repeats=True,
    )
