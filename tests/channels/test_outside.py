"""What a message of a stranger names is fetched from the open internet alone."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from channels.outside import Guarded, Refused, check, denied, fetch
from crm.base.errors import NotFound
from crm.base.outbound import RetryLater
from tests.doors import served

INSIDE = (
    "127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 198.18.0.1 "
    "::1 :: ::7f00:1 fec0::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 fe80::1%eth0 fc00::1 64:ff9b::7f00:1 2002:7f00:1:: 2001:db8::1 ff02::1 nonsense"
)


@pytest.mark.parametrize("address", INSIDE.split())
def test_no_address_inside_is_connected_to(address: str) -> None:
    assert denied(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450:4001::1"])
def test_the_open_internet_is_open(address: str) -> None:
    assert not denied(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example/a",
        "https://files.example:8443/a",
        "https://user:word@files.example/a",
        "ftp://files.example/a",
        "file:///etc/passwd",
        "https://127.0.0.1/a",
        "https://127。0。0。1/a",
        "https://①②⑦.0.0.1/a",
        "https://10．0．0．5/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://0177.0.0.1/a",
        "https://[::1]/a",
        "https:///a",
        "https://[broken/a",
        "https://files.example:99999/a",
    ],
)
def test_an_address_that_hides_where_it_leads_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        check(url)


def test_a_platform_keeps_files_on_its_own_hosts() -> None:
    check("https://cdn.files.example/a", hosts=[".files.example"])
    for url in ("https://evilfiles.example/a", "https://files.example.evil/a", "https://other.example/a"):
        with pytest.raises(Refused):
            check(url, hosts=[".files.example"])


async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved() -> None:
    with pytest.raises(OSError, match="inside"):
        await Guarded().resolve("localhost", 443)
    with pytest.raises(RetryLater):
        async for _ in fetch("https://localhost/a", most=10):
            raise AssertionError("bytes came")


@pytest.fixture
async def files() -> AsyncIterator[str]:
    """A host of files, on this machine, which the firm trusts."""

    async def give(request: web.Request) -> web.StreamResponse:
        match request.match_info["name"]:
            case "small":
                return web.Response(body=b"x" * 10)
            case "large":
                return web.Response(body=b"x" * 11)
            case "endless":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(11):
                    await response.write(b"x")
                return response
            case "inside":
                raise web.HTTPFound("http://127.0.0.1:9/secret")
            case "around":
                raise web.HTTPFound("around")
            case "on":
                raise web.HTTPFound("small")
            case "busy":
                raise web.HTTPServiceUnavailable
        raise web.HTTPNotFound

    async with served(lambda _: [web.get("/{name}", give)]) as url:
        yield url


async def fetched(url: str, name: str) -> bytes:
    return b"".join([chunk async for chunk in fetch(f"{url}/{name}", most=10, trusted=[url.removeprefix("http://")])])


async def test_a_file_comes_whole_and_by_a_detour_on_the_same_host(files: str) -> None:
    assert await fetched(files, "small") == await fetched(files, "on") == b"x" * 10


@pytest.mark.parametrize(
    ("name", "error"), [("large", NotFound), ("endless", NotFound), ("gone", NotFound), ("inside", Refused), ("around", Refused), ("busy", RetryLater)]
)
async def test_what_is_too_much_or_leads_astray_is_not_fetched(files: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await fetched(files, name)
