"""Bodies of the form's and the widget's doors: what is no body of ours is refused, leaves no row, and tells nothing about us (rows 4-6)."""

import asyncio
import contextlib
import gzip
import json
import re
import time
import zlib
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.form import read_parts
from channels.http import read_body
from crm.base.errors import Invalid
from crm.base.tallies import Count, Tally
from crm.conversations.threads import Message
from crm.inbox.log import RawEventRow
from tests.channels.web_stand import SECRET
from tests.hostile.corpus import BROKEN, TEXTS
from tests.hostile.front import JSON, URLENCODED, Front, work_off
from tests.hostile.ledger import amount, everything

FORM, WIDGET, FILES = "/in/form", "/in/webchat/messages", "/in/webchat/files"
SAY = {"type": "say", "id": "word-000001", "text": "hello"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
@pytest.mark.parametrize("path", [FORM, WIDGET, FILES])
async def test_another_method_is_refused_by_name(front: Front, method: str, path: str) -> None:
    before = await everything(front.store)
    async with front.client.request(method, path, data=b"text=a", headers={"Origin": front.origin}) as answer:
        assert answer.status == 405
    assert await everything(front.store) == before


@pytest.mark.parametrize(
    "kind", ["text/xml", "text/plain", "application/octet-stream", "application/jsonp", "multipart/mixed; boundary=a", "*/*", "\t", "a/b;;;="]
)
async def test_a_body_of_another_type_is_refused(front: Front, kind: str) -> None:
    assert await front.refuses(FORM, b"text=a", **{"Content-Type": kind}) == 415


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
async def test_what_is_no_json_of_ours_is_refused(front: Front, body: bytes) -> None:
    assert await front.refuses(FORM, body, **JSON) in (400, 413)
    assert await front.refuses(WIDGET, body, **JSON) in (400, 413)


PACKED = {
    "gzip": gzip.compress(b"text=" + b"x" * 1_000_000),
    "deflate": zlib.compress(b"text=" + b"x" * 1_000_000),
    "br": b"\x0b\x02\x80abc\x03",
    "zstd": b"\x28\xb5\x2f\xfd",
}


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("path", [FORM, WIDGET, FILES])
async def test_a_packed_body_is_never_unpacked(front: Front, coding: str, path: str) -> None:
    assert await front.refuses(path, PACKED[coding], **{**URLENCODED, "Content-Encoding": coding}) in (400, 415)


@pytest.mark.parametrize(("path", "most"), [(FORM, 65_536), (WIDGET, 65_536), (FILES, 10_000_000)])
async def test_a_long_body_is_cut_off_whether_it_tells_its_length_or_not(front: Front, path: str, most: int) -> None:
    async def dripping() -> Any:
        for _ in range(most // 4096 + 2):
            yield b"x" * 4096

    assert await front.refuses(path, b"x" * (most + 1), **URLENCODED) == 413
    assert await front.refuses(path, dripping(), **URLENCODED) == 413


async def test_a_body_that_never_ends_is_given_up_after_its_time() -> None:
    async def slow(request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request, limit=100, seconds=0.05))

    app = web.Application()
    app.router.add_post("/", slow)
    async with TestClient(TestServer(app)) as client:
        reader, writer = await asyncio.open_connection(client.server.host, client.server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


PARTS = {
    "no boundary": (b"text=a", "multipart/form-data"),
    "a boundary that never comes": (b"text=a", "multipart/form-data; boundary=zzz"),
    "no end": (b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello', "multipart/form-data; boundary=b"),
    "no names": (b"--b\r\n\r\nhello\r\n--b--\r\n", "multipart/form-data; boundary=b"),
    "a file in place of words": (
        b'--b\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\nhello\r\n--b--\r\n',
        "multipart/form-data; boundary=b",
    ),
    "too many fields": (b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n' * 70 + b"--b--\r\n", "multipart/form-data; boundary=b"),
    "bytes for a boundary": (b"text=a", "multipart/form-data; boundary=\udcff\udcfe"),
    "an endless boundary": (b"text=a", "multipart/form-data; boundary=" + "b" * 4000),
}


@pytest.mark.parametrize("case", [name for name in PARTS if name != "no end"])
async def test_a_form_in_parts_that_has_none_is_refused(front: Front, case: str) -> None:
    body, kind = PARTS[case]
    assert await front.refuses(FORM, body, **{"Content-Type": kind}) == 400


async def test_a_form_cut_off_in_its_last_part_keeps_what_came(front: Front) -> None:
    body, kind = PARTS["no end"]
    assert (await front.post(FORM, body, **{"Content-Type": kind}))[0] == 200
    assert await amount(front.store, RawEventRow) == 1


def nested(depth: int) -> bytes:
    """Parts in parts in parts."""
    heads = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (number, number + 1) for number in range(depth))
    return heads + b"--b%d--\r\n" % depth


def cost(body: bytes) -> float:
    """How much of the processor reading a form in parts takes, in seconds."""
    costs = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(Invalid):
            read_parts(body, "multipart/form-data; boundary=b0")
        costs.append(time.process_time() - began)
    return min(costs)


HEADS = {"semicolons": b";", "facts": b"; a=1", "quotes": b'; "', "folds": b"\r\n a", "more lines": b"\r\nX: a"}


@pytest.mark.parametrize("shape", list(HEADS))
def test_a_part_with_an_endless_head_takes_no_longer_than_others(shape: str) -> None:
    def form(*sizes: int) -> bytes:
        parts = [b'--b0\r\nContent-Disposition: form-data; name="a"' + HEADS[shape] * (size // len(HEADS[shape])) + b"\r\n\r\nx\r\n" for size in sizes]
        return b"".join(parts) + b"--b0--\r\n"

    flat = (b'--b0\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x\r\n" * 300) * 55
    assert max(cost(form(65_000)), cost(form(*[1_900] * 33)), cost(form(*[30 * len(HEADS[shape])] * 55))) < 20 * cost(flat)
    assert read_parts(form(2 * len(HEADS[shape])), "multipart/form-data; boundary=b0")[0][1] == "x"
    with pytest.raises(Invalid):
        read_parts(form(2_100), "multipart/form-data; boundary=b0")


async def test_parts_within_parts_take_no_longer_than_others(front: Front) -> None:
    body = nested(900).ljust(65_000, b"x")
    flat = (b'--b0\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x\r\n" * 300) * 55
    assert cost(body) < 20 * cost(flat)
    assert await front.refuses(FORM, body, **{"Content-Type": "multipart/form-data; boundary=b0"}) == 400


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_any_words_in_any_field_are_kept_or_refused_and_never_break_a_page(front: Front, text: str) -> None:
    names = ("name", "phone", "email", "text", "utm_source", "referrer", "language", "offers_text", "submission", "size")
    for fields in [dict.fromkeys(names, text), {text: text}, {"name": text, "phone": " "}]:
        status, words = await front.post(FORM, json.dumps(fields), **JSON)
        assert status in (200, 400, 413), words[:200]
    status, _ = await front.post(FORM, {name: text.encode("utf-8", "replace").decode()[:6000] for name in names})
    assert status in (200, 400, 413)
    await work_off(front.store, front.company)
    stored = await front.store.read(lambda session: [message.text for message in session.query(Message)])
    assert not any("\x00" in words or re.search("[\ud800-\udfff]", words) for words in stored)


async def test_the_same_submission_with_other_words_is_another_one_and_replayed_it_is_none(front: Front) -> None:
    one = {"text": "a", "submission": "s" * 16}
    for fields in (one, one, {**one, "text": "b"}, one):
        assert (await front.post(FORM, fields))[0] == 200
    assert await amount(front.store, RawEventRow) == 2


async def test_the_same_client_id_with_other_words_changes_nothing_that_stands(front: Front) -> None:
    assert (await front.post(WIDGET, json.dumps({"frames": [SAY]}), **JSON))[0] == 200
    await work_off(front.store, front.company)
    before = await everything(front.store)
    for text in ("hello", "something else entirely"):
        assert (await front.post(WIDGET, json.dumps({"frames": [{**SAY, "text": text}]}), **JSON))[0] == 200
    await work_off(front.store, front.company)
    assert await everything(front.store) == before
    assert await amount(front.store, Tally, Tally.kind == Count.CONFLICT.value) == 1


@pytest.mark.parametrize("secret", ["", "s" * 42, "s" * 44, "../" * 15, "ß" * 43, "s" * 42 + "\n", "٣" * 43])
@pytest.mark.parametrize("path", [WIDGET, FILES])
async def test_a_secret_of_another_shape_opens_nothing(front: Front, secret: str, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: {front.origin[7:]}\r\nOrigin: {front.origin}\r\nX-Visitor: {secret}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    before = await everything(front.store)
    assert (await front.send(head.encode())).startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert await everything(front.store) == before


async def test_refusals_say_nothing_of_secrets(front: Front) -> None:
    for path in (FORM, WIDGET, FILES, "/in/webchat/files/a.b"):
        for headers in ({"X-Visitor": SECRET}, {"Origin": "https://evil.example"}):
            _, words = await front.post(path, b"{", **{**JSON, **headers})
            assert SECRET not in words
