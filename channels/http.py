"""What every door on HTTP needs: bounded bodies, strict JSON, the caller's address, budgets per caller, origins."""

import asyncio
import json
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NoReturn
from urllib.parse import urlsplit

from aiohttp import web

from channels.base import Keep
from crm.base.errors import Busy, Invalid, NotFound
from crm.base.events import RawEvent
from crm.base.outbound import OpenMedia
from crm.base.webhooks import media_type

log = logging.getLogger(__name__)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REMEMBERED = 20_000
_HEADERS = "content-type, x-visitor, x-name"


def wall() -> int:
    """Tell the time of day in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, which no engine stores alike, by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


async def read_body(request: web.Request, *, limit: int, seconds: float = 10.0) -> bytes:
    """Read at most `limit` bytes; raises 415 for a compressed body, 413 for a longer one, 408 for a slow one."""
    refuse_compressed(request)
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length or 0)
    if request.content.is_eof():  # the whole of it came with the head, as short ones do: there is nothing to wait for
        whole = request.content.read_nowait()
        if len(whole) > limit:
            raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(whole))
        return whole
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def refuse_compressed(request: web.Request) -> None:
    """Raise 415 for a body that would have to be unpacked: a megabyte may hide a gigabyte."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType


async def read_json(request: web.Request, *, limit: int, seconds: float = 10.0) -> bytes:
    """Read the body of a request that says it is JSON, unread as yet; raises 415 for another type, and as `read_body` does."""
    if media_type(request.headers) != "application/json":
        raise web.HTTPUnsupportedMediaType
    return await read_body(request, limit=limit, seconds=seconds)


async def kept(keep: Keep, events: Sequence[RawEvent], *, again: int = 2) -> None:
    """Store events; raises 503 with Retry-After (`again`, seconds) when they were not stored, so that the platform brings them again."""
    try:
        await keep(events)
    except Exception as error:  # Whatever ails the store, nothing was kept; its words may hold what people wrote, so only its kind is logged.
        if not isinstance(error, Busy):
            log.error("events of %s were not kept: %s", events[0].account, type(error).__name__)
        raise web.HTTPServiceUnavailable(headers={"Retry-After": str(again)}) from None


async def handed_out(request: web.Request, answer: web.StreamResponse, open_media: OpenMedia, number: int) -> web.StreamResponse:
    """The bytes of one of our files under the headers of `answer`; raises 404 where they are not here, or not any more."""
    try:
        async with open_media(number) as chunks:
            await answer.prepare(request)
            async for chunk in chunks:
                await answer.write(chunk)
    except (NotFound, FileNotFoundError):
        raise web.HTTPNotFound from None
    await answer.write_eof()
    return answer


def strict_json(body: bytes | str, *, depth: int = 16) -> dict[str, object]:
    """Read one JSON object; raises Invalid for duplicate names, NaN, deep nesting, a byte order mark or anything else."""
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        value = _READ(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict) or _deeper_than(value, depth):
        raise Invalid("not a plain JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_READ = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant).decode  # made once: `json.loads` makes one a call


def _deeper_than(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def client_address(request: web.Request, proxies: Sequence[str]) -> str:
    """Tell who calls: the peer, or the last foreign hop of X-Forwarded-For when the peer is one of our `proxies` (networks)."""
    trusted = [ip_network(proxy) for proxy in proxies]
    hops = [request.remote or "", *reversed(request.headers.get("X-Forwarded-For", "").split(","))] if trusted else [request.remote or ""]
    believed = ""
    for hop in hops:
        address = _address(hop.strip())
        if address is None:
            break
        believed = _group(address)
        if not any(address in network for network in trusted):
            break
    return believed or "unknown"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _group(address: IPv4Address | IPv6Address) -> str:
    """One household has a whole /64, so an IPv6 caller is counted by it."""
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False).network_address)


class Budget:
    """Token buckets by key: `count` deeds in `seconds`, remembering only the callers seen last, so memory stays flat."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._every = float(count), seconds * 1000 / count
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str, now: int) -> float:
        """Spend one; answers 0, or the seconds to wait when nothing is left (and then spends nothing)."""
        left, since = self._left.pop(key, (self._count, now))
        left = min(self._count, left + max(0, now - since) / self._every)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * self._every / 1000


def own_origin(request: web.Request) -> bool:
    """Say whether the page that calls came from this very host (a proxy may have ended TLS, so the scheme is not compared)."""
    return urlsplit_host(request.headers.get("Origin", "")) == request.host.lower()


def urlsplit_host(address: str) -> str:
    """Give host and port of an http(s) address in small letters, "" for anything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else ""


def origin_allowed(request: web.Request, origins: Sequence[str]) -> bool:
    """Say whether the calling page may talk to us: our own pages, the listed origins, or any page when "*" is listed."""
    origin = request.headers.get("Origin", "")
    if not urlsplit_host(origin):
        return False
    return own_origin(request) or origin.lower() in origins or "*" in origins


def cross_origin(request: web.Request, origins: Sequence[str]) -> dict[str, str]:
    """Give the headers that let an allowed foreign page read the answer; never with credentials."""
    if not origin_allowed(request, origins):
        return {}
    return {
        "Access-Control-Allow-Origin": request.headers["Origin"],
        "Access-Control-Allow-Methods": "POST, GET",
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }
