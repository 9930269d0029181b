"""Each channel as a firm would set it up, a platform that misbehaves on the wire, and a caller who knows each channel's secret."""

import asyncio
import hashlib
import hmac
import importlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from channels import CHANNELS
from channels.accounts import Account, open_account
from channels.base import Channel, Firm
from crm.base.events import RawEvent
from crm.base.outbound import OpenMedia
from tests.channels import phone_stand

FIXTURES = Path(__file__).parent / "fixtures"
NOW = 1_764_072_000_000
KEY, NOWHERE = b"k" * 32, "http://127.0.0.1:9"
VIBER_TOKENS = ["445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9", "4453b6ac12345678-e02c5f12174805f9-daec9cbb5448c51f"]
MAX_SECRETS = ["new-max-secret", "old-max-secret"]
VK_SECRETS = ["new_vk_secret", "old_vk_secret"]
META_SECRETS, PHONE_SECRETS = ["new-secret-of-the-app", "old-secret-of-the-app"], ["new-phone-secret-16", "old-phone-secret-16"]
ADDRESSES = {
    "telegram": "1001",
    "email": "ani@mail.example",
    "whatsapp": "37491000001",
    "messenger": "25381000000000000",
    "instagram": "6412000000000000",
    "sms": "+37491000002",
    "smpp": "+37491000004",
    "viber": "01234567890A=",
    "twilio": "+37491000002",
    "vk": "51515151",
    "max": "54321",
    "matrix": "!dm:marani.example",
}
"""Somebody on each channel that can be written to over the network."""
CALLED = [
    "telegram",
    "whatsapp",
    "messenger",
    "instagram",
    "sms",
    "calls",
    "viber",
    "leads",
    "twilio",
    "vk",
    "googleads",
    "vkleads",
    "tilda",
    "max",
    "voice",
    "zadarma",
    "mango",
    "payments",
]
"""Channels whose platforms come to us over HTTP."""
SECRET_IN_BODY = ["googleads", "vkleads", "tilda", "vk", "mango"]
"""Those that prove themselves by a word in what they bring, and sign nothing."""


async def nothing(*_: object) -> Sequence[Any]:
    return []


async def no_media(_: int) -> AsyncIterator[bytes]:
    raise AssertionError("no file was asked for")
    yield b""


NO_MEDIA: OpenMedia = no_media  # type: ignore[assignment]


def table(name: str, api: str = NOWHERE) -> dict[str, object]:
    """What stands in the channels' file, as short as it may be."""
    page: dict[str, object] = {"id": "102290129340398", "app": "123456789012345", "token": "EAAPAGE", "app_secrets": META_SECRETS, "api_base": api}
    port = int(api.rpartition(":")[2])
    mail = {"imap_host": "127.0.0.1", "imap_security": "plain", "imap_port": port, "smtp_host": "127.0.0.1", "smtp_security": "plain", "smtp_port": port}
    tables: dict[str, dict[str, object]] = {
        "email": {"address": "shop@shop.example", "password": "word", **mail},
        "whatsapp": {"phone_number": "106540352242922", "token": "EAAX", "app_secrets": META_SECRETS, "api_base": api},
        "messenger": page,
        "instagram": {**page, "id": "17841400008460056"},
        "sms": {"url": f"{api}/send", "fields": {"to": "{to}", "text": "{text}"}, "inbound": {"id": "id", "number": "from", "text": "text"}},
        "calls": {"secrets": PHONE_SECRETS},
        "asterisk": {"host": "127.0.0.1", "port": port, "user": "crm", "secret": "open-sesame"},
        "smpp": {"host": "127.0.0.1", "port": port, "system_id": "marani", "password": "sesame"},
        "viber": {"tokens": VIBER_TOKENS, "api_base": api},
        "leads": {"secrets": PHONE_SECRETS},
        "payments": {"secrets": PHONE_SECRETS},
        "googleads": {"keys": PHONE_SECRETS},
        "metaleads": {"page": "102290129340398", "token": "EAAPAGE", "app_secrets": META_SECRETS, "api_base": api},
        "vkleads": {"group": 123456, "confirmation": "0f4b1c6a", "secrets": PHONE_SECRETS},
        "tilda": {"keys": PHONE_SECRETS},
        "max": {"token": "f9LHodD0cOLtoken", "secrets": MAX_SECRETS, "api_base": api},
        "matrix": {"token": "syt_shop_token", "api_base": api},
        "vk": {"group": 210300400, "token": "vk1.a.TOKEN", "secrets": VK_SECRETS, "confirmation": "c0ffee00", "api_base": api},
    }
    return tables[name] if name in tables else phone_stand.tables(api)[name]


def built(name: str, folder: Path, api: str = NOWHERE) -> Channel:
    """A channel with the settings a firm would start with; `api` is where its platform is."""
    module, _, kind = CHANNELS[name].partition(":")
    made = importlib.import_module(module)
    match name:
        case "telegram":
            options = made.TelegramOptions("100:CUSTOMER", api, public_url="http://127.0.0.1:8", keys=(KEY, b"o" * 32), send_seconds=5.0)
            return getattr(made, kind)(options)  # type: ignore[no-any-return]
        case "webchat":
            return getattr(made, kind)(made.WebchatOptions(folder), nothing, nothing)  # type: ignore[no-any-return]
        case "form":
            return getattr(made, kind)(made.FormOptions(), lambda *_: web.Response())  # type: ignore[no-any-return]
    firm = Firm("Shop", ("en",), "AM", "Asia/Yerevan", "", (KEY, b"o" * 32), folder, lambda: NOW)
    opened = open_account(Account(name, "", table(name, api)), firm)
    assert opened
    return opened


def payloads(name: str) -> list[Path]:
    """What was captured of a channel."""
    return sorted((FIXTURES / name).glob("*.json"))


def raw(name: str, body: bytes) -> RawEvent:
    """A kept event of a channel."""
    return RawEvent(name, "k1", f"{name}:someone", body, NOW)


@dataclass(frozen=True, slots=True)
class Call:
    """What a platform brings: where, with which headers, and the bytes."""

    path: str
    headers: dict[str, str]
    body: bytes


def call(name: str, channel: Channel, *, old: bool = False) -> Call:
    """Two events brought as the platform brings them; `old` = under the secret of before the rotation."""
    paths = sorted({route.path for route in channel.routes(nothing) if isinstance(route, web.RouteDef) and route.method == "POST"})  # type: ignore[arg-type]
    match name:
        case "twilio" | "voice" | "zadarma" | "mango":
            return Call(*phone_stand.brought(name, paths[0], old))
        case "telegram":
            gate = channel._gate  # type: ignore[attr-defined]
            return Call(gate.paths[0], {"X-Telegram-Bot-Api-Secret-Token": gate.secrets[old]}, _fixture("telegram", "text"))
        case "calls":
            body = json.dumps({"call_id": "a1", "event": "missed", "from": "+37491123456", "to": "+37410111111", "at": NOW, "direction": "in"}).encode()
            return Call(paths[0], {"X-Signature": _mac(PHONE_SECRETS[old], body)}, body)
        case "payments":
            body = json.dumps({"id": "a1", "number": "2025-0001", "amount": "120000", "currency": "AMD", "status": "paid"}).encode()
            at = str(NOW // 1000)
            return Call(paths[0], {"X-Timestamp": at, "X-Signature": _mac(PHONE_SECRETS[old], f"{at}.".encode() + body)}, body)
        case "leads":
            body = json.dumps([{"id": n, "name": "Ani", "phone": "+37491123456", "message": f"word {n}"} for n in (1, 2)]).encode()
            return Call(paths[0], {"X-Signature": _mac(PHONE_SECRETS[old], body)}, body)
        case "viber":
            body = _fixture("viber", "text")
            return Call(paths[0], {"X-Viber-Content-Signature": _mac(VIBER_TOKENS[old], body)}, body)
        case "max":
            return Call(paths[0], {"X-Max-Bot-Api-Secret": MAX_SECRETS[old]}, _fixture("max", "text"))
        case "vk":
            return Call(paths[0], {}, _fixture("vk", "text").replace(b"new_vk_secret", VK_SECRETS[old].encode()))
        case "googleads":
            return Call(paths[0], {}, json.dumps({**json.loads(_fixture(name, "lead")), "google_key": PHONE_SECRETS[old]}).encode())
        case "vkleads":
            return Call(paths[0], {}, json.dumps({**json.loads(_fixture(name, "lead")), "secret": PHONE_SECRETS[old]}).encode())
        case "tilda":
            return Call(paths[0], {}, json.dumps({**json.loads(_fixture(name, "lead")), "api_key": PHONE_SECRETS[old]}).encode())
        case "sms":
            return Call(paths[0], {}, json.dumps({"id": "m1", "from": "+37491000002", "text": "hello"}).encode())
    body = _envelope(name)
    return Call(paths[0], {"X-Hub-Signature-256": f"sha256={_mac(META_SECRETS[old], body)}"}, body)


def _envelope(name: str) -> bytes:
    """Two things that happened, in one body, as Meta brings them."""
    if name == "whatsapp":
        about = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}}
        said = [{"from": "37491000001", "id": f"wamid.{n}", "timestamp": "1764072000", "type": "text", "text": {"body": f"word {n}"}} for n in (1, 2)]
        who = [{"profile": {"name": "Ani"}, "wa_id": "37491000001"}]
        value = {**about, "contacts": who, "messages": said}
        return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()
    page, person = ("102290129340398", "25381000000000000") if name == "messenger" else ("17841400008460056", "6412000000000000")
    between = {"sender": {"id": person}, "recipient": {"id": page}, "timestamp": NOW}
    heard = [{**between, "message": {"mid": f"m_{n}", "text": f"word {n}"}} for n in (1, 2)]
    return json.dumps({"object": "page" if name == "messenger" else "instagram", "entry": [{"id": page, "time": NOW, "messaging": heard}]}).encode()


def _fixture(name: str, what: str) -> bytes:
    return (FIXTURES / name / f"{what}.json").read_bytes()


def _mac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@asynccontextmanager
async def platform(answer: bytes | None) -> AsyncIterator[str]:
    """A platform on the wire that takes every request whole and answers these bytes, or hangs up without a word (None); gives its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            if answer:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def http(status: str, body: str = "", *headers: str) -> bytes:
    """An answer as it is on the wire."""
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", "", body]
    return "\r\n".join(lines).encode()
