"""The main job on every channel: a stranger writes, the bot greets, a lead stands there, a rep answers from Telegram, and the state tells the truth."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.resident import Line
from sandbox.town import Town
from tests.walks.desk import Phone, phone
from tests.walks.house import PATIENCE, House, open_house, staffed

pytestmark = pytest.mark.asyncio(loop_scope="session")
WRITING = ["email", "whatsapp", "messenger", "instagram", "sms", "smpp", "viber", "twilio", "vk", "max", "matrix"]
KNOWS = {
    "email": "sent",
    "whatsapp": "delivered",
    "messenger": "delivered",
    "instagram": "sent",
    "sms": "delivered",
    "smpp": "delivered",
    "viber": "delivered",
    "twilio": "delivered",
    "vk": "sent",
    "max": "sent",
    "matrix": "sent",
}
"""How far each platform lets us see, as far as the other side does nothing."""
FORMS = ["leads", "googleads", "metaleads", "vkleads", "tilda"]
LEAD = "SELECT l.channel, c.status FROM leads l JOIN conversations c ON c.id = l.conversation_id WHERE l.channel = ?"
STATE = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.account = ? AND m.author = 'rep' AND d.desk = 0"


@dataclass(frozen=True, slots=True)
class Place:
    """A running house in a town with people on every platform."""

    house: House
    town: Town
    rep: Phone

    async def screen(self, channel: str, true: Callable[[list[Line]], bool]) -> list[Line]:
        """What the person's screen shows, once it shows what is waited for."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not true(lines := self.town.residents[channel].lines()):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"still {lines}\n{self.house.log.read_text()[-4000:]}") from None
        return lines

    async def hears(self, channel: str, words: str) -> Line:
        """The firm's message with these words on the person's screen."""
        lines = await self.screen(channel, lambda lines: any(words in line["text"] for line in lines if not line["mine"]))
        return next(line for line in lines if not line["mine"] and words in line["text"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The house and its town, with one rep on duty."""
    town = Town()
    async with open_house(tmp_path_factory.mktemp("town"), town) as house:
        await staffed(house)
        await house.start()
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        yield Place(house, town, await phone(house, "tigran", "staff"))


@pytest.mark.parametrize("channel", WRITING)
async def test_a_stranger_becomes_a_lead_and_gets_the_reps_answer(place: Place, channel: str) -> None:
    words = f"Hello, do you make shelves? By {channel}"
    await place.town.residents[channel].say(words)
    await place.hears(channel, "Marani")
    assert await place.house.until(LEAD, channel) == [(channel, "open")]
    card = await place.rep.sees(words)
    await place.rep.press(card, "Take")
    mine = await place.rep.sees("🟢 Yours", after=card["message_id"] - 1)
    await place.rep.answer(mine, f"Yes, in oak and in pine ({channel}).")
    await place.hears(channel, f"Yes, in oak and in pine ({channel}).")
    await place.house.until(STATE, channel, want=[(KNOWS[channel],)])


async def test_a_missed_call_is_a_lead_and_a_task(place: Place) -> None:
    await place.town.residents["calls"].say("")
    await place.house.until(LEAD, "calls")
    await place.house.until("SELECT kind, state FROM tasks", want=[("call", "open")])
    await place.rep.sees("+37491000003")


@pytest.mark.parametrize("channel", FORMS)
async def test_a_form_filled_in_elsewhere_is_a_lead_a_card_and_a_task_and_twice_the_same_is_one(place: Place, channel: str) -> None:
    world, filled = place.town.leads, place.town.leads.filled(f"Shelves for a wall, by {channel}", phone=f"+3749100002{FORMS.index(channel)}")
    assert set(await world.bring(channel, filled, times=2)) <= {200}
    assert await place.house.until(LEAD, channel) == [(channel, "open")]
    await place.house.until(
        "SELECT t.kind, t.state FROM tasks t JOIN conversations c ON c.id = t.conversation_id WHERE c.account = ?", channel, want=[("call", "open")]
    )
    card = await place.rep.sees(filled.message)
    assert filled.phone in card["text"]
    await world.courier.idle()
    assert place.house.rows("SELECT count(*) FROM raw_events WHERE account = ?", channel) == [(1,)]


async def test_a_payment_that_a_till_tells_of_is_kept_once_and_only_with_its_secret(place: Place) -> None:
    till = place.town.till
    assert await till.pay("2025-0001", "120000", times=2) == [200, 200]
    assert await till.pay("2025-0001", "1", secret="another secret of 16") == [401]
    assert await place.house.until("SELECT number, amount, currency, state FROM payments") == [("2025-0001", 12_000_000, "AMD", "confirmed")]
    assert place.house.rows("SELECT count(*) FROM raw_events WHERE account = 'payments'") == [(1,)]


async def test_a_call_that_an_asterisk_tells_of_is_a_lead_and_a_task(place: Place) -> None:
    await place.town.residents["asterisk"].say("")
    await place.house.until(LEAD, "asterisk")
    owed = "SELECT t.kind, t.state FROM tasks t JOIN conversations c ON c.id = t.conversation_id WHERE c.account = ?"
    await place.house.until(owed, "asterisk", want=[("call", "open")])
    await place.rep.sees("+37491000007")


@pytest.mark.parametrize(("channel", "number"), [("voice", "+37491000031"), ("zadarma", "+37491000032"), ("mango", "+37491000033")])
async def test_a_call_missed_at_a_provider_is_a_lead_and_a_task(place: Place, channel: str, number: str) -> None:
    await place.town.residents[channel].say("")
    await place.house.until(LEAD, channel)
    owed = "SELECT t.kind, t.state FROM tasks t JOIN conversations c ON c.id = t.conversation_id WHERE c.account = ?"
    await place.house.until(owed, channel, want=[("call", "open")])
    await place.rep.sees(number)


async def test_whom_a_platform_tells_only_by_number_gets_a_name_later(place: Place) -> None:
    await place.town.residents["vk"].say("And tables?")
    named = "SELECT c.platform_name FROM contacts c JOIN identities i ON i.contact_id = c.id WHERE i.account = ?"
    await place.house.until(named, "vk", want=[("Ани Петросян",)])
