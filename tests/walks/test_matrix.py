"""The main job over a real Matrix server: the product in its own process, Synapse in another, and a customer's program on nio in a third."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.synapse import Account, Customer, Synapse, customer, needed, synapse
from tests.walks.desk import Phone, phone
from tests.walks.house import House, open_house, staffed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
LEAD = "SELECT c.status FROM leads l JOIN conversations c ON c.id = l.conversation_id WHERE l.channel = 'matrix'"
STATES = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.account = 'matrix' AND m.author = 'rep' AND d.desk = 0 ORDER BY d.id"
SAID = "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.account = 'matrix' AND m.author = 'contact' ORDER BY m.id"


@dataclass
class Place:
    """A running house with an account on the server, a rep on duty, and Ani at her own program."""

    house: House
    server: Synapse
    shop: Account
    rep: Phone
    ani: Customer
    room: str = ""
    card: int = 0

    async def says(self, text: str) -> str:
        """Ani writes."""
        return str(await self.ani.do("say", room=self.room, text=text))

    async def answered(self, text: str, to: str) -> dict[str, object]:
        """The rep answers what Ani said, and she sees it."""
        post = await self.rep.sees(to)
        await self.rep.answer(post, text)
        return await self.ani.hears(text)

    async def count(self, text: str) -> int:
        """How often Ani's program has seen these words."""
        return len([one for one in await self.ani.events() if one["content"].get("body") == text])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """Everything runs, and nobody has written yet."""
    needed()
    folder: Path = tmp_path_factory.mktemp("matrix")
    with synapse(folder / "synapse") as server:
        shop, ani = server.register("shop", "Marani"), server.register("ani", "Anahit")
        file = folder / "channels.toml"
        file.write_text(f'[matrix]\ntoken = "{shop.token}"\napi_base = "{server.url}"\nfirst_wait = 0.1\npoll_seconds = 5.0\n')
        async with open_house(folder / "house", CHANNELS_FILE=str(file)) as house, customer(server, ani) as program:
            await staffed(house)
            await house.start()
            await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
            yield Place(house, server, shop, await phone(house, "tigran", "staff"), program)


async def test_a_stranger_is_greeted_becomes_a_lead_and_reads_the_reps_answer_once(place: Place) -> None:
    place.room = await place.ani.do("open", who=place.shop.user)
    await place.says("Hello, do you make shelves?")
    await place.ani.hears("Marani")
    assert await place.house.until(LEAD) == [("open",)]
    card = await place.rep.sees("Hello, do you make shelves?")
    assert "ani:marani.example" in (await place.rep.sees("Anahit"))["text"]
    await place.rep.press(card, "Take")
    mine = await place.rep.sees("🟢 Yours", after=card["message_id"] - 1)
    place.card = mine["message_id"]
    await place.rep.answer(mine, "Yes, in oak and in pine.")
    heard = await place.ani.hears("Yes, in oak and in pine.")
    await place.house.until(STATES, want=[("sent",)])
    await place.ani.do("read", room=place.room, event=heard["event_id"])
    await place.house.until(STATES, want=[("read",)])
    assert await place.count("Yes, in oak and in pine.") == 1


async def test_a_picture_goes_both_ways(place: Place) -> None:
    url = await place.ani.do("upload", body=base64.b64encode(PICTURE).decode(), mime="image/png", name="wall.png")
    content = {"msgtype": "m.image", "body": "this wall", "filename": "wall.png", "url": url, "info": {"mimetype": "image/png", "size": len(PICTURE)}}
    await place.ani.do("send", room=place.room, type="m.room.message", content=content)
    post = await place.rep.sees("this wall", after=place.card)
    assert await place.rep.file_of(post) == PICTURE
    await place.rep.send_file("photo", "shelf.png", PICTURE, caption="like this", reply_to=str(post["message_id"]))
    heard = await place.ani.hears("like this")
    assert heard["content"]["msgtype"] == "m.image"
    assert base64.b64decode(await place.ani.do("download", url=heard["content"]["url"])) == PICTURE


async def test_a_change_an_emoji_and_what_was_taken_back_reach_the_thread(place: Place) -> None:
    message = await place.says("Two shelves please")
    await place.house.until(SAID + " DESC LIMIT 1", want=[("Two shelves please",)])
    content = {"msgtype": "m.text", "body": "* Three", "m.new_content": {"msgtype": "m.text", "body": "Three shelves please"}}
    content |= {"m.relates_to": {"rel_type": "m.replace", "event_id": message}}
    await place.ani.do("send", room=place.room, type="m.room.message", content=content)
    await place.house.until(SAID + " DESC LIMIT 1", want=[("Three shelves please",)])
    heard = await place.answered("Three it is.", "Three shelves please")
    relates = {"m.relates_to": {"rel_type": "m.annotation", "event_id": heard["event_id"], "key": "👍"}}
    await place.ani.do("send", room=place.room, type="m.reaction", content=relates)
    await place.rep.sees("👍")
    await place.ani.do("redact", room=place.room, event=message)
    gone = "SELECT count(*) FROM messages WHERE text = 'Three shelves please' AND author = 'contact' AND deleted_at > 0"
    await place.house.until(gone, want=[(1,)])


async def test_a_restart_in_the_middle_and_a_place_that_is_lost_lose_and_double_nothing(place: Place) -> None:
    said = [f"word {number}" for number in range(30)]
    for number, one in enumerate(said):
        await place.says(one)
        if number == 10:
            await place.house.kill()
        if number == 20:
            next(iter(place.house.folder.rglob("matrix.json"))).unlink()
            await place.house.start()
    await place.house.until(SAID.replace("'contact'", "'contact' AND m.text LIKE 'word %'"), want=[(one,) for one in said])
    await place.answered("All thirty have come.", said[-1])
    assert await place.count("All thirty have come.") == 1
    assert await place.count("Yes, in oak and in pine.") == 1
