"""SMS by SMPP 3.4: a session with an operator, both ways."""

import re
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from channels.base import Firm, Keep, Offsets
from channels.smpp.listen import Follower
from channels.smpp.options import SENDING, TRANSCEIVER, SmppOptions, check
from channels.smpp.parse import parse
from channels.smpp.parts import reference_of, units
from channels.smpp.pdu import Address
from channels.smpp.send import Sender
from channels.smpp.session import Session, Unreachable
from crm.base.errors import NotFound
from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Reason, Receipt, Say, Undeliverable, Unit, Window
from crm.base.phones import normalise
from crm.base.sms import parts

_ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class Smpp:
    """One account at an operator that is reached by SMPP."""

    def __init__(self, options: SmppOptions, firm: Firm) -> None:
        check(options)
        self._options, self._firm = options, firm
        self._follower: Follower | None = None
        self._sender = Sender(options, self._followed)
        self._spare = 0
        self._limits = Limits(
            text=options.parts,
            unit=Unit.SMS,
            caption=0,
            buttons=0,
            label=0,
            knows=frozenset({"sent", "delivered"}) if options.receipts else frozenset({"sent"}),
            account_rate=options.rate,
            chat_every=options.chat_every,
            needs_inbound=False,
            free=False,
        )

    @property
    def account(self) -> str:
        return self._options.account

    @property
    def title(self) -> str:
        return self._options.title

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: text alone, counted in parts, and each part costs."""
        return self._limits

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open nothing: the operator is connected to."""
        return []

    async def listen(self, offsets: Offsets) -> None:
        """Hold the session until cancelled; return at once where the account only sends."""
        if self._options.bind == SENDING:
            return
        self._follower = Follower(self._options, self._firm, self._number)
        try:
            if self._options.bind == TRANSCEIVER:
                await self._sender.close()  # what follows carries both ways from now on, and many operators allow one session alone
            await self._follower.run(offsets)
        finally:
            self._follower = None  # from now on another node may follow

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read what was kept of one message or receipt: pure and total."""
        return [parse(raw.body, self._options, self._number, raw.key, raw.received_at)]

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Bring the parts of one text; errors as `Carrier.send` says."""
        if not _ADDRESS.fullmatch(address):
            raise Undeliverable(Reason.BAD_ADDRESS, "this is no telephone number")
        if not isinstance(outbound, Say) or outbound.media:
            raise Undeliverable(Reason.UNSUPPORTED, "SMS carries new words and nothing else")
        if not 0 < parts(outbound.text).parts <= self._options.parts:
            raise Undeliverable(Reason.BAD_CONTENT, "an SMS has words, and not too many")
        self._spare += 1
        target = Address(address[1:], self._options.target_ton, self._options.target_npi)
        try:
            made = units(outbound.text, target, reference_of(outbound.ref, self._spare), self._options)
        except ValueError:
            raise Undeliverable(Reason.BAD_CONTENT, "the operator's alphabet lacks a character of this text") from None
        return await self._sender.send(outbound.ref, made)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Refuse: an SMS carries no files."""
        raise NotFound("an SMS carries no files")
        yield b""

    async def health(self) -> Health:
        """Tell whether the session stands, and whether the operator took what it was last given."""
        trouble = (self._follower.trouble if self._follower else "") or self._sender.trouble
        stands = self._follower is not None and self._follower.session is not None
        return Health(not trouble, trouble or ("the session stands" if stands else "no session is held here"))

    async def close(self) -> None:
        """Leave the session for sending; the one that follows is left when following ends."""
        await self._sender.close()

    def _followed(self) -> Session | None:
        """The session that follows, for sending too; None where this node does not follow."""
        if self._follower is None:
            return None
        if self._follower.session is None:
            raise Unreachable(self._follower.trouble or "the session is on its way")
        return self._follower.session

    def _number(self, number: str) -> str:
        """A number as the operator writes it, in international form ("" = a short number or a name)."""
        return normalise(number, self._firm.region)
