"""The gateway over HTTP: `/sms/send`, asked by GET or POST, with JSON, a form or a query; receipts and messages are called back."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, web

from sandbox.gateway.faults import REFUSING
from sandbox.gateway.world import Gateway, Phone, Text

NUMBER = re.compile(r"\+?[1-9][0-9]{6,14}", re.ASCII)
PLACE = re.compile(r"\{(\w+)\}")
TEXT_MOST = 1530
TRIES = 5
AGAIN = 0.05


class SmsApi:
    """The gateway as the firm sees it, and the operator's own way back to the firm."""

    def __init__(self, world: Gateway) -> None:
        self._world = world
        self._couriers: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._session: ClientSession | None = None

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_route("*", "/sms/send", self.send)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take one SMS, or refuse it as this operator does."""
        shape, asked = self._world.shape, await read(request)
        self._world.asked.append(asked)
        number, text = asked.get(shape.to, ""), asked.get(shape.text, "")
        fault = self._world.faults.take(number, "hang", "drop", "garbage", "refuse", *REFUSING)
        if fault and fault.kind == "hang":
            await self._closing.wait()
        if fault and fault.kind in ("hang", "drop"):
            return _hang_up(request)
        if fault and fault.kind == "garbage":
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if fault and fault.kind in REFUSING:
            return web.json_response({"error": REFUSING[fault.kind]}, status=int(fault.kind), headers={"Retry-After": "2"})
        wrong = fault.words if fault else self._wrong(request, number, text)
        if wrong:
            return _told(filled(shape.refused, {"error": wrong}), shape.refused_status)
        made = await self._carry(number if number.startswith("+") else f"+{number}", text, asked)
        return _hang_up(request) if self._world.faults.take(number, "drop_after") else _told(filled(shape.accepted, {"id": made.id}), 200)

    async def write(self, number: str, text: str) -> Text:
        """Somebody writes an SMS to the firm."""
        made = Text(self._world.number(), text, self._world.clock(), ours=False)
        await self._world.put(self._world.phone(number), made)
        values = {"id": made.id, "number": number, "text": text, "at": str(int(made.at))}
        self._bring(self._world.places.messages, {name: filled(value, values) for name, value in self._world.shape.message.items()})
        return made

    def report(self, phone: Phone, text: Text, state: str, error: str = "") -> None:
        """Tell the firm what became of an SMS, twice or never where a fault says so."""
        text.state = state
        values = {"id": text.id, "state": state, "number": phone.number, "error": error, "ref": text.ref, "at": str(int(self._world.clock()))}
        if self._world.faults.take(phone.number, "lost"):
            return
        for _ in range(2 if self._world.faults.take(phone.number, "twice") else 1):
            self._bring(self._world.places.receipts, {name: filled(value, values) for name, value in self._world.shape.receipt.items()})

    async def quiet(self) -> None:
        """Wait until everything that was to be brought has been, or was given up."""
        while self._couriers:
            await asyncio.wait(self._couriers)

    def _wrong(self, request: web.Request, number: str, text: str) -> str:
        shape = self._world.shape
        if shape.token and request.headers.get("Authorization", "") != f"Bearer {shape.token}":
            return "unauthorized"
        if not NUMBER.fullmatch(number):
            return "invalid number"
        return "" if 0 < len(text) <= TEXT_MOST else "bad text"

    async def _carry(self, number: str, text: str, asked: Mapping[str, str]) -> Text:
        phone = self._world.phone(number)
        made = Text(self._world.number(), text, self._world.clock(), ours=True, ref=asked.get(self._world.shape.ref, ""))
        await self._world.put(phone, made)
        if phone.state:
            self.report(phone, made, phone.state, phone.error)
        return made

    def _bring(self, url: str, fields: Mapping[str, str]) -> None:
        if url:
            task = asyncio.create_task(self._call(url, fields))
            self._couriers.add(task)
            task.add_done_callback(self._couriers.discard)

    async def _call(self, url: str, fields: Mapping[str, str]) -> None:
        """Bring one callback, a few times until it is taken."""
        body = json.dumps(fields).encode() if self._world.shape.way == "json" else urlencode(fields).encode()
        places, asking = self._world.places, self._world.shape.way == "query"
        kind = "application/json" if self._world.shape.way == "json" else "application/x-www-form-urlencoded"
        headers = {} if asking else {"Content-Type": kind}
        if places.secret:
            headers[places.header] = hmac.new(places.secret.encode(), body, hashlib.sha256).hexdigest()
        assert self._session
        for _ in range(TRIES):
            with suppress(ClientError, TimeoutError):
                way = self._session.get(f"{url}?{body.decode()}", headers=headers) if asking else self._session.post(url, data=body, headers=headers)
                async with way as answer:
                    if answer.status < 500:
                        return
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await self._closing.wait()
            if self._closing.is_set():
                return

    async def _open(self, _app: web.Application) -> None:
        self._closing.clear()
        self._session = ClientSession()

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()
        for task in self._couriers:
            task.cancel()
        await asyncio.gather(*self._couriers, return_exceptions=True)
        if self._session:
            await self._session.close()


async def read(request: web.Request) -> dict[str, str]:
    """What was asked, in whichever way it came; what is nested has dotted names."""
    found = dict(request.query)
    if request.method == "GET":
        return found
    if request.content_type == "application/json":
        try:
            return found | dict(_flat("", json.loads(await request.text())))
        except ValueError:
            return found
    return found | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _flat(name: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(f"{name}.{key}".strip("."), inner)]
    if isinstance(value, list):
        return [pair for place, inner in enumerate(value) for pair in _flat(f"{name}.{place}", inner)]
    return [(name, str(value))]


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its places filled."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def _told(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/json" if text.startswith("{") else "text/plain")


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
