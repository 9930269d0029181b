"""Files (rows 15, 31-33, as far as there are files): kept under names of our own, cut at their size, and never believed about what they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given

from channels.payload import file_name
from channels.webchat.uploads import Seals
from crm.base.db import Store
from crm.base.errors import NotFound
from crm.base.events import MediaKind
from crm.base.files import display_name, sniff
from crm.base.outbound import Media
from crm.conversations.media import SIZE_MOST, MediaFiles, TooLarge
from tests.hostile.corpus import TEXTS, XSS, anything, steady
from tests.hostile.front import Front
from tests.hostile.ledger import everything

NAMES = [
    *TEXTS.values(), *XSS, "..\\..\\x.exe", "CON", "a.", "a ", "\u200b.htaccess", "a\u202egpj.exe", "x" * 4096, "%2e%2e%2f%2e%2e%2fx", "%00.png", "a%0d%0aX: y", ".", "..", "/",
]  # fmt: skip
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_s_name_is_one_short_line_without_folders(name: str) -> None:
    for shown in (display_name(name), file_name(name)):
        assert len(shown) <= 200
        assert "/" not in shown
        assert "\\" not in shown
        assert not set(shown) & (TURNING | set("\r\n\x00"))
        assert shown not in (".", "..")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_an_upload_lies_under_a_name_of_ours_whatever_it_is_called(front: Front, tmp_path: Path, name: str) -> None:
    told = name.encode("utf-8", "replace").replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\x00", b"").decode()[:3000]
    try:
        status, _ = await front.post(
            "/in/webchat/files", b"<svg onload=alert(1)>", **{"X-Name": "".join(mark for mark in told if mark >= " " and mark != "\x7f")}
        )
    except ValueError:
        return  # not even a header
    assert status == 200
    for path in (tmp_path / "uploads").iterdir():
        assert path.name.removesuffix(".json").replace("-", "").replace("_", "").isalnum()
        assert path.stat().st_mode & 0o077 == 0


KINDS = {
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>": "",
    b"\x89PNG\r\n\x1a\n<script>alert(1)</script>": "image/png",
    b"GIF89a<script>": "image/gif",
    b"\xff\xd8\xff<html>": "image/jpeg",
    b"RIFF\x00\x00\x00\x00WEBP<b>": "image/webp",
    b"RIFF\x00\x00\x00\x00AVI ": "",
    b"PK\x03\x04": "",
    b"<html>": "",
    b"": "",
}


@pytest.mark.parametrize("body", KINDS)
def test_what_a_file_is_is_read_from_its_first_bytes(body: bytes) -> None:
    assert sniff(body) == KINDS[body]


async def test_a_file_over_the_size_is_cut_and_nothing_of_it_stays(store: Store, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_048_576

    files = MediaFiles(tmp_path / "media", store)
    with pytest.raises(TooLarge):
        await files.save(endless())
    assert list((tmp_path / "media").iterdir()) == []
    assert SIZE_MOST < 2**26


async def test_a_stream_that_breaks_off_leaves_nothing(store: Store, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise OSError

    files = MediaFiles(tmp_path / "media", store)
    with pytest.raises(OSError):
        await files.save(broken())
    assert list((tmp_path / "media").iterdir()) == []


@pytest.mark.parametrize("number", [0, -1, 1, 2**62])
async def test_a_file_nobody_keeps_is_not_found(store: Store, tmp_path: Path, number: int) -> None:
    with pytest.raises(NotFound):
        async with MediaFiles(tmp_path / "media", store).open(number):
            pass


MEDIA = Media(7, MediaKind.PHOTO, "a.png", "image/png", 5)


def sealed(seals: Seals) -> str:
    return seals.seal(MEDIA).rsplit("/", 1)[1]


def test_a_sealed_address_opens_whole_and_under_its_own_key_alone() -> None:
    seals = Seals(b"key")
    address = sealed(seals)
    assert seals.open(address) == MEDIA
    told, _, signature = address.partition(".")
    changed = [
        address[:-1],
        address[1:],
        told,
        f"{told}.",
        f".{signature}",
        f"{told}A.{signature}",
        f"{signature}.{told}",
        sealed(Seals(b"other")),
        f"{told}.{signature}.{signature}",
    ]
    for wrong in changed:
        with pytest.raises(NotFound):
            seals.open(wrong)


@steady
@given(anything(120))
def test_any_address_is_opened_or_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        Seals(b"key").open(text)


@pytest.mark.parametrize(
    "path", ["/in/webchat/files/" + "A" * 32, "/in/webchat/files/..", "/in/webchat/files/%2e%2e%2fx", "/in/webchat/files/a.b?u=file:///etc/passwd"]
)
async def test_an_upload_is_never_served_by_its_own_name(front: Front, path: str) -> None:
    before = await everything(front.store)
    assert (await front.get(path))[0] in (403, 404)
    assert await everything(front.store) == before
