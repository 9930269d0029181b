"""F36: the house is killed while a file is taken in, its store is full, a half-written file is left. The words stand, the file comes or is said to be missing."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.faults.checker import checked
from tests.faults.disks import small_disk
from tests.faults.stage import dice, open_receiver, rounds
from tests.faults.visitors import Visitor
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 800
STATE = """SELECT a.state, a.path FROM attachments a JOIN messages m ON m.id = a.message_id JOIN conversations c ON c.id = m.conversation_id
WHERE c.address = ? AND a.state != 'waiting'"""


async def shows_a_picture(visitor: Visitor) -> None:
    """A visitor uploads a picture and sends it with a word."""
    house = visitor.house
    async with asyncio.timeout(PATIENCE):
        async with house.http.post(
            f"{house.shop}/in/webchat/files", headers=visitor.headers | {"Content-Type": "image/png", "X-Name": "cat.png"}, data=PICTURE
        ) as answer:
            assert answer.status == 200, await answer.text()
            visitor.word().file = (await answer.json())["file"]


async def test_a_file_is_whole_or_fetched_again_after_a_kill(receiver: House) -> None:
    visitors: list[Visitor] = []
    for number in rounds(50, 500):
        luck, visitor = dice("F36", number), Visitor(receiver)
        visitors.append(visitor)
        await shows_a_picture(visitor)
        await visitor.insist(visitor.words[0])
        await asyncio.sleep(luck.uniform(0.0, 0.06))
        await receiver.kill()
        await receiver.start()
        [(state, path)] = await receiver.until(STATE, visitor.address)
        assert state == "ready"
        assert (receiver.folder / "media" / path).read_bytes() == PICTURE
    await checked(receiver, visitors)


async def test_a_half_written_file_of_long_ago_is_swept_away(receiver: House) -> None:
    old, young = receiver.folder / "media" / "old.part", receiver.folder / "media" / "young.part"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    await receiver.kill()
    await receiver.start()
    assert (old.exists(), young.exists()) == (False, True)


async def test_a_file_in_doubt_that_no_message_shows_is_tidied_away_after_an_hour(receiver: House) -> None:
    media = receiver.folder / "media"
    old, young = ([media / name, media / f"{name}.doubt"] for name in ("a" * 32, "b" * 32))
    for path in (*old, *young):
        path.write_bytes(b"")
    for path in old:
        os.utime(path, (time.time() - 7200,) * 2)
    await receiver.kill()
    await receiver.start()
    async with asyncio.timeout(PATIENCE):
        while any(path.exists() for path in old):
            await asyncio.sleep(0.05)
    assert all(path.exists() for path in young)


async def test_a_full_store_of_files_keeps_the_words(root: None, tmp_path: Path) -> None:
    async with open_receiver(tmp_path) as house:
        (tmp_path / "media").mkdir()
        with small_disk(tmp_path / "media", "64k"):
            await house.start()
            visitor = Visitor(house)
            await shows_a_picture(visitor)
            await visitor.insist(visitor.words[0])
            await house.until("SELECT 1 FROM messages WHERE text = ?", visitor.words[0].text)
            await house.kill()
        await house.start()
        [(state, path)] = await house.until(STATE, visitor.address)
        assert state == "ready"
        assert (house.folder / "media" / path).read_bytes() == PICTURE
        await checked(house, [visitor])
