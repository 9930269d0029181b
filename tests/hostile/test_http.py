"""HTTP itself (row 49): what is no clean request is refused before any of ours runs, and what is one never breaks a page."""

from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import ClientSession

from crm.base.outbound import Health
from tests.hostile.front import Front, no_inside_out
from tests.hostile.ledger import everything
from web.health import health_routes
from web.pages import PageOptions, Pages
from web.server import own_name, serve

H = b"Host: shop.example\r\n"
POST, GET = b"POST /in/form HTTP/1.1\r\n" + H, b"GET / HTTP/1.1\r\n" + H
SMUGGLED = {
    "length and chunks": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\ntext=ab",
    "the same length twice": POST + b"Content-Length: 6\r\nContent-Length: 6\r\n\r\ntext=a",
    "an Arabic length": POST + "Content-Length: \u0666\r\n\r\ntext=a".encode(),
    "a length with a sign": POST + b"Content-Length: +6\r\n\r\ntext=a",
    "a negative length": POST + b"Content-Length: -6\r\n\r\ntext=a",
    "a length with a line": POST + b"Content-Length: 6_0\r\n\r\ntext=a",
    "space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk of another world": POST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
    "a chunk size with a sign": POST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a folded header": GET + b"X: a\r\n b\r\n\r\n",
    "a bare carriage return": GET + b"X: a\rY: b\r\n\r\n",
    "NUL in a header": GET + b"X: a\x00b\r\n\r\n",
    "NUL in the address": b"GET /\x00 HTTP/1.1\r\n" + H + b"\r\n",
    "100 KB in a header": GET + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "a thousand headers": GET + b"X: a\r\n" * 20_000 + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "a method nobody knows": b"BREW / HTTP/1.1\r\n" + H + b"\r\n",
    "half an address": b"GET http://[ HTTP/1.1\r\n" + H + b"\r\n",
}


@pytest.mark.parametrize("request_", SMUGGLED.values(), ids=SMUGGLED)
async def test_what_two_servers_could_read_apart_is_refused(front: Front, request_: bytes) -> None:
    before = await everything(front.store)
    answer = await front.send(request_)
    assert answer.split(b" ", 2)[1] == b"400", answer[:200]
    assert no_inside_out(answer.decode("utf-8", "replace"))
    assert await everything(front.store) == before


async def test_an_expectation_nobody_can_meet_is_refused(front: Front) -> None:
    assert (await front.send(POST + b"Expect: magic\r\nContent-Length: 0\r\n\r\n")).startswith(b"HTTP/1.1 417")


HEADERS = {
    "referrer of bytes": b"Referer: http://\xff\xfe/\r\n",
    "referrer of markup": b"Referer: http://evil.example/<script>alert(1)</script>\r\n",
    "language of bytes": b"Accept-Language: \xff\xff,;;q=,\r\n",
    "a range in Arabic": "Range: bytes=\u0660-\u0661\r\n".encode(),
    "a range of nonsense": b"Range: bytes=9-1,--,99999999999999999999-\r\n",
    "forwarded markup": b"X-Forwarded-For: <script>\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: javascript\r\nForwarded: for=<b>\r\n",
    "a tag of bytes": b"If-None-Match: \xff\r\nIf-Modified-Since: Sat, 31 Feb 9999 99:99:99 GMT\r\n",
    "a cookie of nonsense": b"Cookie: =;;;a=\xff; \x80\r\n",
}


@pytest.mark.parametrize("path", [b"/", b"/form", b"/widget.js"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
async def test_no_header_breaks_a_page(front: Front, path: bytes, header: bytes) -> None:
    answer = await front.send(b"GET " + path + b" HTTP/1.1\r\n" + H + header + b"Connection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 304", b"HTTP/1.1 206", b"HTTP/1.1 400")), answer[:100]
    assert b"<script>alert" not in answer
    assert b"evil.example/<" not in answer


@pytest.mark.parametrize("host", [b"<script>alert(1)</script>", b"\xff\xfe", b'x" onfocus="alert(1)', b"evil.example", b"a" * 4000, b"[::1", b"x:99999"])
async def test_a_host_of_another_name_is_at_most_a_word_on_the_page(front: Front, host: bytes) -> None:
    answer = await front.send(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] in (b"200", b"400")
    assert b"<script>alert" not in answer
    assert b'" onfocus="' not in answer


ADDRESSES = [
    "/static/%2e%2e%2fpages.py", "/static/..%2f..%2fmain.py", "/static/%252e%252e%252fpages.py", "/static/%00", "/static/widget.js%00.css", "/static/",
    "/static//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/in/webchat/files/%2e%2e%2f%2e%2e", "/in/webchat/files/%ff.%ff", "/in/webchat/files/%D5%A1.%D5%A1",
    "/in/webchat/files/.", "/in/webchat/files/a.", "/in/webchat/files/" + "A" * 8000, "/.env", "/data/dragoman.db", "/link.key", "/in/form/%2e%2e/webchat/socket",
    "//evil.example/%2e%2e", "/\\evil.example", "/?u=https://evil.example", "/nowhere?x=" + "y" * 4000,
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
async def test_no_address_leads_out_of_the_house(front: Front, address: str) -> None:
    answer = await front.send(f"GET {address} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode("utf-8", "surrogatepass"))
    status = answer.split(b" ", 2)[1]
    assert status in (b"404", b"400", b"405") or (status == b"200" and address.startswith("/?")), answer[:200]
    assert b"\r\nLocation:" not in answer
    assert no_inside_out(answer.decode("utf-8", "replace"))


QUERIES = ["utm_source=%ff%ed%a0%80&lang=%00", "lang=../../etc", "lang=hy&lang=en&payload=%3Cscript%3E", "%ff=%fe&&&===", "utm_campaign=" + "%22%3E" * 200]


@pytest.mark.parametrize("query", QUERIES)
async def test_no_query_breaks_a_page(front: Front, query: str) -> None:
    answer = await front.send(f"GET /?{query} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"<script>a" not in answer
    assert b'"">"' not in answer


async def test_pages_may_not_be_kept_or_framed_by_strangers(front: Front) -> None:
    for path in ("/", "/form"):
        async with front.client.get(path) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def healthy() -> Health:
    return Health(True, "ready")


@pytest.fixture(params=["https://crm.example", ""], ids=["an address that people type", "none"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, bool]]:
    """The pages as the product serves them, and whether they have a public address."""
    routes = [*Pages(PageOptions("Marani")).routes(), *health_routes(healthy)]
    runner, address = await serve(routes, "127.0.0.1", 0, shutdown=1.0, public_url=request.param)
    yield address, bool(request.param)
    await runner.cleanup()


async def answers(address: str, path: str, hosts: Sequence[str]) -> set[int]:
    async with ClientSession() as http:
        return {(await http.get(address + path, headers={"Host": host})).status for host in hosts}


FOREIGN = (
    "evil.example",
    "crm.example.evil.example",
    "evil.example:443",
    "crm.example@evil.example",
    "203.0.113.9",
    "[2001:db8::1]",
    "<b>",
    "127.evil.example",
)


async def test_a_page_is_shown_under_our_own_names_alone(site: tuple[str, bool]) -> None:
    address, known = site
    for path in ("/", "/form", "/nowhere"):
        assert await answers(address, path, FOREIGN) == ({421} if known else {404 if path == "/nowhere" else 200})
    assert await answers(
        address, "/", ("crm.example", "CRM.example:443", "crm.example.", "127.0.0.1:8080", "localhost", "[::1]:80", "dragoman:8080", "10.8.0.2:8080")
    ) == {200}


@pytest.mark.parametrize(
    ("address", "name"), [("https://Քարտեզ.example", "xn--y9aid2hew.example"), ("https://crm.example:8443", "crm.example"), ("https://[crm", ""), ("", "")]
)
def test_our_own_name_is_the_one_that_browsers_send(address: str, name: str) -> None:
    assert own_name(address) == name


async def test_what_programs_ask_for_is_answered_under_any_name(site: tuple[str, bool]) -> None:
    for path in ("/health", "/ready", "/widget.js", "/static/site.css"):
        assert await answers(site[0], path, FOREIGN) == {200}
