"""The story of a customer on Viber in the product as it runs: greeted before a word is said, pressed, shared, shown, gone."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.town import Town
from sandbox.viber.hands import Hands
from sandbox.viber.world import Note, Person
from tests.walks.desk import Phone, phone
from tests.walks.house import House, open_house, staffed

pytestmark = pytest.mark.asyncio(loop_scope="session")
REACHABLE = "SELECT reachable FROM identities WHERE account = 'viber'"
PROVEN = "SELECT value, proof FROM contact_points WHERE kind = 'phone'"
LEAD = "SELECT channel, source FROM leads"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x02\0\0\0"
PLAN = b"%PDF-1.4 a plan of the kitchen"


class Place:
    """A running house, one rep, and somebody with Viber."""

    def __init__(self, house: House, town: Town, rep: Phone) -> None:
        self.house, self.rep, self.api = house, rep, town.viber
        self.hands = Hands(town.viber)
        self.ani: Person = town.viber.world.person("dGhlIHN0b3J5IG9mIGFu", "Ani")

    async def gets(self, true: str) -> Note:
        """The firm's message with these words, or of this sort."""

        def found() -> list[Note]:
            return [note for note in self.ani.notes if note.ours and (true in str(note.body.get("text")) or note.body["type"] == true)]

        await self.api.world.until(lambda: bool(found()))
        return found()[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The house and its town, with one rep on duty, and a bot whose webhook is set."""
    town = Town()
    async with open_house(tmp_path_factory.mktemp("viber"), town) as house:
        await staffed(house)
        await house.start()
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        await town.viber.world.until(lambda: bool(town.viber.world.hook))
        yield Place(house, town, await phone(house, "tigran", "staff"))


async def test_a_customer_opens_the_chat_asks_shares_a_number_is_shown_a_picture_and_leaves(place: Place) -> None:
    house, hands, ani = place.house, place.hands, place.ani
    assert await hands.open(ani, "shelf-oak") == ""
    greeting = await place.gets("This is Marani")
    assert house.rows("SELECT id FROM leads") == []
    await hands.say(ani, "Do you make shelves?")
    await house.until(LEAD, want=[("viber", '{"payload": "shelf-oak"}')])
    assert greeting.state == "seen"
    await place.gets("phone number")
    await hands.share(ani)
    await house.until(PROVEN, want=[(ani.number, "shared")])
    card = await place.rep.sees(ani.number)
    assert "Do you make shelves?" in card["text"]
    assert "free to write until tomorrow" in card["text"]
    await place.rep.press(card, "Take")
    await hands.picture(ani, PNG, "like this one")
    shown = await place.rep.sees("like this one", after=card["message_id"])
    assert await place.rep.file_of(shown) == PNG
    await place.rep.answer(shown, "Yes, in oak.")
    assert (await place.gets("Yes, in oak.")).billing == 1
    await place.rep.send_file("document", "plan.pdf", PLAN, reply_to=str(shown["message_id"]))
    plan = await place.gets("file")
    assert (plan.file, plan.state) == (PLAN, "delivered")
    hands.leave(ani)
    await house.until(REACHABLE, want=[(0,)])
