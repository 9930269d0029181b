"""A file with an answer: it goes out with the words, once, within its size, from our own page alone, and nothing refused stays on the disk."""

import os
import time
from collections.abc import Callable, Mapping

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy import select

from crm.base.db import Order, Session, Store
from crm.base.errors import Busy
from crm.base.outbound import Say
from crm.conversations.media import ORPHAN_SECONDS
from crm.conversations.threads import Attachment, Message
from tests.crm.fake import rows
from tests.web.front_desk import FrontDesk, Visitor, contents, said, visitor

PNG = b"\x89PNG\r\n\x1a\n an oak table"
MB = 1024 * 1024
FILES = select(Attachment.kind, Attachment.name, Attachment.mime, Attachment.size, Attachment.state, Attachment.account)


async def send(browser: Visitor, number: int, fields: Mapping[str, str], *files: tuple[str, bytes], origin: str | None = None) -> ClientResponse:
    """Send the answer's form as a browser does: its fields, then the file."""
    form = FormData(quote_fields=False)
    for name, value in fields.items():
        form.add_field(name, value)
    for name, content in files:
        form.add_field("file", content, filename=name, content_type="application/octet-stream")
    headers = {"Origin": browser.origin if origin is None else origin}
    answer = await browser.client.post(f"/desk/c/{number}", data=form, headers=headers, allow_redirects=False)
    if answer.content_type == "text/html":
        browser.page = await answer.text()
    return answer


async def answer(browser: Visitor, number: int, text: str, *files: tuple[str, bytes], **changed: str) -> ClientResponse:
    """Load the conversation and answer with a file."""
    await browser.get(f"/desk/c/{number}")
    return await send(browser, number, {**page(browser), "text": text, **changed}, *files)


def page(browser: Visitor) -> dict[str, str]:
    """The hidden fields of the page as it was loaded last."""
    return {"token": browser.hidden("token"), "once": browser.hidden("once"), "deed": "reply", "seen": browser.hidden("seen")}


def kept(desk: FrontDesk) -> list[bytes]:
    """The files on the disk."""
    return [path.read_bytes() for path in (desk.folder / "media").iterdir()]


@pytest.mark.parametrize("name", ["table.png", "սեղան «կաղնի».png"])
async def test_a_picture_goes_out_with_its_words_and_stands_in_the_thread(desk: FrontDesk, tigran: Visitor, ann: int, name: str) -> None:
    assert (await answer(tigran, ann, "In oak.", (name, PNG))).status == 303
    assert await rows(desk.store, FILES) == [("photo", name, "image/png", len(PNG), "ready", "desk")]
    await desk.deliver()
    [sent] = [one for _, one in desk.carrier.sent if isinstance(one, Say) and one.media]
    assert (sent.text, sent.media and sent.media.name) == ("In oak.", name)
    [number] = await rows(desk.store, select(Attachment.id))
    await tigran.get(f"/desk/c/{ann}")
    assert f"/desk/c/{ann}/files/{number}" in tigran.page
    assert await (await tigran.get(f"/desk/c/{ann}/files/{number}")).read() == PNG


async def test_a_file_needs_no_words_and_an_answer_needs_no_file(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    assert (await answer(tigran, ann, "", ("price.pdf", b"%PDF-1.7"))).status == 303
    assert (await answer(tigran, ann, "No file", ("", b""))).status == 303
    assert await said(desk) == ["", "No file"]
    assert [kind for kind, *_ in await rows(desk.store, FILES)] == ["document"]


async def test_the_same_file_sent_again_is_one_answer_and_another_file_is_another(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    fields = {**page(tigran), "text": "In oak."}
    for content in (PNG, PNG, b"another file"):
        assert (await send(tigran, ann, fields, ("table", content))).status == 303
    assert sorted(kept(desk)) == sorted([PNG, b"another file"])
    assert await said(desk) == ["In oak.", "In oak."]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\\b\\c.png", "\u202egnp.exe", "x" * 500 + ".png"])
async def test_a_name_of_a_file_is_only_a_word(desk: FrontDesk, tigran: Visitor, ann: int, name: str) -> None:
    assert (await answer(tigran, ann, "", (name, PNG))).status == 303
    [shown] = await rows(desk.store, select(Attachment.name))
    assert len(shown) <= 80
    assert not set(shown) & set("/\\\u202e")


async def test_a_page_that_claims_to_be_a_picture_is_a_file_to_save(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await answer(tigran, ann, "", ("picture.png", b"<script>alert(1)</script>"))
    [number] = await rows(desk.store, select(Attachment.id))
    assert (await tigran.get(f"/desk/c/{ann}/files/{number}")).headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(("content", "status", "words"), [(b"x" * (MB + 1), 413, "larger than 1 MB"), (b"", 400, "the file is empty")])
async def test_a_file_that_does_not_fit_is_named_and_the_words_stay(
    desk: FrontDesk, tigran: Visitor, rep: object, ann: int, content: bytes, status: int, words: str
) -> None:
    async with visitor(desk.app(file=MB)) as browser:
        browser.client.session.cookie_jar.update_cookies(
            {cookie.key: cookie.value for cookie in tigran.client.session.cookie_jar}, browser.client.make_url("/")
        )
        before = await contents(desk)
        assert (await answer(browser, ann, "In oak.", ("table", content))).status == status
        assert words in browser.page
        assert ">In oak.</textarea>" in browser.page
    assert await contents(desk) == before
    assert kept(desk) == []


async def test_a_file_that_words_overtook_is_asked_for_again_and_not_kept(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    await desk.letter("And chairs?")
    assert (await send(tigran, ann, {**page(tigran), "text": "In oak."}, ("table", PNG))).status == 409
    assert "Choose the file again." in tigran.page
    assert kept(desk) == []
    assert await rows(desk.store, select(Message.id).where(Message.author == "rep")) == []


class Doubtful:
    """A store of which nobody hears whether a write was done; it was, or it was not."""

    def __init__(self, store: Store, *, does: bool) -> None:
        self._store, self._does = store, does
        self.wakes, self.read = store.wakes, store.read

    async def write(self, deed: Callable[[Session], object], *order: Order) -> None:
        if self._does:
            await self._store.write(deed, *order)
        raise Busy


@pytest.mark.parametrize("done", [True, False], ids=["it was written", "it was not"])
async def test_a_file_nobody_knows_about_stays_only_if_a_message_shows_it(desk: FrontDesk, tigran: Visitor, ann: int, done: bool) -> None:
    await tigran.get(f"/desk/c/{ann}")
    doubtful = FrontDesk(Doubtful(desk.store, does=done), desk.company, desk.folder)  # type: ignore[arg-type]
    async with visitor(doubtful.app()) as browser:
        browser.client.session.cookie_jar.update_cookies({"desk": next(iter(tigran.client.session.cookie_jar)).value})
        assert (await answer(browser, ann, "In oak.", ("table", PNG))).status == 503
    assert await desk.files.tidy() == 0
    assert PNG in kept(desk)
    for path in (desk.folder / "media").iterdir():
        os.utime(path, (time.time() - 2 * ORPHAN_SECONDS,) * 2)
    assert await desk.files.tidy() == int(not done)
    assert kept(desk) == ([PNG] if done else [])
    assert len(await said(desk)) == int(done)


@pytest.mark.parametrize(
    ("changed", "origin", "status"),
    [
        ({"token": "x" * 32}, None, 403),
        ({}, "https://evil.example", 403),
        ({}, "", 403),
        ({"deed": "note"}, None, 400),
        ({"deed": "take"}, None, 400),
        ({"once": "short"}, None, 400),
    ],
)
async def test_a_form_that_is_not_ours_leaves_no_file(
    desk: FrontDesk, tigran: Visitor, ann: int, changed: dict[str, str], origin: str | None, status: int
) -> None:
    await tigran.get(f"/desk/c/{ann}")
    before = await contents(desk)
    assert (await send(tigran, ann, {**page(tigran), "text": "In oak.", **changed}, ("table", PNG), origin=origin)).status == status
    assert await contents(desk) == before
    assert kept(desk) == []


async def test_somebody_who_is_not_logged_in_leaves_no_file(desk: FrontDesk, outside: Visitor, ann: int) -> None:
    outside.client.session.cookie_jar.update_cookies({"desk": "a" * 43}, outside.client.make_url("/"))
    from web.desk.entry import token_of

    fields = {"token": token_of("a" * 43), "once": "b" * 43, "deed": "reply", "seen": "1", "text": "In oak."}
    assert (await send(outside, ann, fields, ("table", PNG))).status == 401
    assert kept(desk) == []


HEAD = b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nx\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"rubbish",
        b"--b",
        HEAD,
        HEAD + FILE + b"cut short",
        HEAD * 30 + b"--b--\r\n",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n--b--\r\n",
        b"--b\r\n\r\nno name\r\n--b--\r\n",
        b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 200_000 + b"\r\n--b--\r\n",
    ],
)
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary=" + "b" * 200])
async def test_a_form_in_parts_that_is_none_is_refused(desk: FrontDesk, tigran: Visitor, ann: int, body: bytes, kind: str) -> None:
    before = await contents(desk)
    headers = {"Origin": tigran.origin, "Content-Type": kind}
    answer = await tigran.client.post(f"/desk/c/{ann}", data=body, headers=headers, allow_redirects=False)
    assert answer.status in {400, 403, 413}
    assert await contents(desk) == before
    assert kept(desk) == []


async def test_a_file_cut_short_on_its_way_is_not_kept(desk: FrontDesk, tigran: Visitor, ann: int) -> None:
    await tigran.get(f"/desk/c/{ann}")
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in page(tigran).items()]
    headers = {"Origin": tigran.origin, "Content-Type": "multipart/form-data; boundary=b"}
    answer = await tigran.client.post(f"/desk/c/{ann}", data=b"".join(parts) + FILE + b"half a table", headers=headers, allow_redirects=False)
    assert answer.status == 400
    assert kept(desk) == []
    assert await said(desk) == []
