"""Fetching what somebody else's message names: never from our own network, never more than was allowed, never by a detour.

The deny table is our own: what the standard library calls private changes between its versions. The name is resolved once, and the address that was
checked is the one connected to; every redirect is checked as if it were the first address.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from crm.base.errors import Invalid, NotFound
from crm.base.outbound import RetryLater

CHUNK = 64 * 1024
HOPS = 3
_INSIDE = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24
192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16
fc00::/7 fe80::/10 fec0::/10 ff00::/8
"""
_DENIED = tuple(map(ip_network, _INSIDE.split()))


class Refused(Invalid):
    """This address is not fetched from: it is inside, is not https, or is of somebody else."""


def denied(address: str) -> bool:
    """Whether an address is none of the open internet."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    return any(found in net for net in _DENIED if net.version == found.version)


def check(url: str, hosts: Collection[str] = (), trusted: Collection[str] = ()) -> None:
    """Raise Refused unless the address may be fetched: https on its usual port, of one of the `hosts` (".example.com" = and below), no number inside.

    `trusted` are host:port pairs of the firm's own, which may be anywhere and plain.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise Refused("this is no address") from None
    if not host.isascii():  # a library below may read other digits and dots as an address
        raise Refused("a host is written in plain letters")
    if f"{host}:{port or (443 if parts.scheme == 'https' else 80)}" in trusted and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https" or port not in (None, 443) or not host or parts.username or parts.password:
        raise Refused("only https addresses on their usual port are fetched")
    if hosts and not any(host == name.lstrip(".") or (name.startswith(".") and host.endswith(name)) for name in hosts):
        raise Refused("this host is not one the platform keeps files on")
    if _numeric(host) and denied(host.strip("[]")):
        raise Refused("this address is inside")


def _numeric(host: str) -> bool:
    """Whether a host is an address and not a name; the odd spellings (hex, octal, one number) are taken for one too, and then denied."""
    last = host.strip("[]").rpartition(".")[2]
    return ":" in host or last.isdigit() or last.lower().startswith("0x")


class Guarded(AbstractResolver):
    """Resolves names to addresses of the open internet alone."""

    def __init__(self, trusted: Collection[str] = ()) -> None:
        self._inner, self._trusted = ThreadedResolver(), trusted

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """The addresses of a host that may be connected to; raises OSError when there is none."""
        found = await self._inner.resolve(host, port, family)
        fine = found if f"{host}:{port}" in self._trusted else [one for one in found if not denied(one["host"])]
        if not fine:
            raise OSError(None, "this name leads inside")
        return fine

    async def close(self) -> None:
        """Nothing is held open."""
        await self._inner.close()


async def fetch(
    url: str,
    *,
    most: int,
    hosts: Collection[str] = (),
    trusted: Collection[str] = (),
    headers: dict[str, str] | None = None,
    seconds: float = 60.0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[bytes]:
    """Bring the bytes behind an address, at most `most`; `headers` go to the first host alone, `tls` checks certificates in place of the usual trust.

    Raises Refused, NotFound (it is gone, or too much) or RetryLater (it may come another time).
    """
    timeout = ClientTimeout(total=10 * seconds, sock_connect=10, sock_read=seconds)  # whoever drips holds nobody up for good
    async with AsyncExitStack() as stack:
        connector = TCPConnector(resolver=Guarded(trusted), use_dns_cache=False, limit=1, ssl=tls or True)
        session = await stack.enter_async_context(ClientSession(connector=connector, timeout=timeout, trust_env=False, auto_decompress=False))
        try:
            response = await _followed(session, stack, url, hosts, trusted, headers)
            if (response.content_length or 0) > most:
                raise NotFound("the file is larger than what is fetched")
            brought = 0
            async for chunk in response.content.iter_chunked(CHUNK):
                brought += len(chunk)
                if brought > most:
                    raise NotFound("the file is larger than what is fetched")
                yield chunk
        except (ClientError, OSError, TimeoutError) as error:
            raise RetryLater(5.0) from error


async def _followed(
    session: ClientSession, stack: AsyncExitStack, url: str, hosts: Collection[str], trusted: Collection[str], headers: dict[str, str] | None
) -> ClientResponse:
    first = urlsplit(url).netloc
    for _ in range(HOPS + 1):
        check(url, hosts, trusted)
        own = headers if urlsplit(url).netloc == first else None
        response = await stack.enter_async_context(
            session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity", **(own or {})}),
        )
        if response.status in (301, 302, 303, 307, 308):
            try:
                url = urljoin(url, response.headers.get("Location", ""))
            except ValueError:
                raise Refused("this is no address") from None
            continue
        if response.status == 429 or response.status >= 500:
            raise RetryLater(5.0)
        if response.status != 200:
            raise NotFound(f"the file is not there any more ({response.status})")
        return response
    raise Refused("the address leads on and on")


def homes(api: str, hosts: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where files may come from, and which of that is believed wherever it is: a host with its port, and a pretended API without TLS."""
    base = urlsplit(api)
    pretended = (base.netloc,) if base.scheme == "http" else ()
    return tuple(host for host in hosts if ":" not in host), (*pretended, *(host for host in hosts if ":" in host))
