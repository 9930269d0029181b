"""A firm with one SMS account, a pretended operator, and the public address between them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from aiohttp import web

from channels.base import Firm
from channels.sms import Sms, SmsOptions
from crm.base.outbound import Limits, Say, Window
from sandbox.gateway.server import SmsApi
from sandbox.gateway.world import Gateway, Places, Shape
from tests.conftest import NOON
from tests.doors import Inbox, served


class Mounted(Protocol):
    """A part of a sandbox."""

    def mount(self, app: web.Application) -> None: ...


ANN = "+37491123456"
OPTIONS = SmsOptions(
    "sms",
    "http://127.0.0.1:9/sms/send",
    sender="Marani",
    headers={"Authorization": "Bearer open-sesame"},
    fields={"from": "{from}", "to": "{to}", "message": "{text}", "ref": "{ref}"},
    id_at="response.message_id",
    ok_at="acknowledge",
    ok=("success",),
    error_at="response.errors.0",
    errors={"invalid number": "bad_address", "opted out": "opted_out", "no credit": "account", "busy": "later", "http 503": "later"},
    receipt={"id": "id", "state": "status", "error": "error", "number": "to"},
    states={"DELIVERED": "delivered", "UNDELIVERED": "failed", "ACCEPTED": "sent"},
    inbound={"id": "id", "number": "from", "text": "text", "at": "at"},
)


def firm(folder: Path = Path("/nowhere"), public_url: str = "https://crm.example") -> Firm:
    """A firm in Yerevan whose clock stands at noon."""
    return Firm("Marani", ("hy", "en"), "AM", "Asia/Yerevan", public_url, (b"k" * 32, b"o" * 32), folder, lambda: NOON)


@dataclass(slots=True)
class Stand:
    """Both sides, open to each other."""

    sms: Sms
    gateway: Gateway
    api: SmsApi
    inbox: Inbox
    house: Firm
    door: str

    async def say(self, text: str, to: str = ANN, ref: str = "") -> tuple[str, ...]:
        """Send one text; the operator's ids."""
        return (await self.sms.send(to, Say(text, ref=ref), no_media)).ids

    def place(self, what: str, age: int = 0) -> str:
        """Where the operator brings receipts or messages; `age` 1 = the path made of the older key."""
        return f"{self.door}{self.house.paths('sms')[age]}/{what}"

    @property
    def limits(self) -> Limits:
        return self.sms.limits(Window(), NOON)


def no_media(_: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """SMS asks for no file."""
    raise AssertionError("no file was asked for")


@asynccontextmanager
async def stand(options: SmsOptions = OPTIONS, shape: Shape | None = None, *, inbox: Inbox | None = None) -> AsyncIterator[Stand]:
    """A firm and its operator on free ports."""
    gateway, kept = Gateway(shape or Shape(token="open-sesame"), lambda: NOON / 1000), inbox or Inbox()
    api = SmsApi(gateway)
    async with operator(api) as url:
        house = firm()
        sms = Sms(replace(options, url=f"{url}/sms/send"), house)
        async with served(lambda _: sms.routes(kept)) as door:
            made = Stand(sms, gateway, api, kept, house, door)
            gateway.places = Places(made.place("receipt"), made.place("message"))
            try:
                yield made
            finally:
                await sms.close()


@asynccontextmanager
async def operator(api: Mounted) -> AsyncIterator[str]:
    """The operator, or whatever else can be mounted, on a free port."""
    app = web.Application()
    api.mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
