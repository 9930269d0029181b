"""F5, F17, F18, F24: the provider accepts and hangs up, breaks in every way, asks to wait, refuses for good. Nothing is sent twice, the backlog drains."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from sandbox.proxy import End, Proxy, Weather
from tests.faults.checker import against_intents, balance_of, left, settled
from tests.faults.stage import SHORT, dice, rounds
from tests.walks.desk import Phone, card_of, customer, phone
from tests.walks.house import PATIENCE, House, open_house, staffed

SEND = 3.0  # seconds after which nobody knows, which a busy machine needs too
pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
GREETING = """SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id
WHERE d.account = 'telegram' AND d.address = ? AND m.author = 'bot' ORDER BY d.id LIMIT 1"""
ENDED = GREETING.replace("ORDER", "AND d.state NOT IN ('queued', 'sending') ORDER")
REPLIES = """SELECT m.text, d.state FROM deliveries d JOIN messages m ON m.id = d.message_id
WHERE d.account = 'telegram' AND d.address = ? AND m.author = 'rep' ORDER BY d.id"""
BROKEN: dict[str, dict[str, Any]] = {
    "it says 500": {"kind": "500"},
    "a page stands in the way": {"kind": "garbage"},
    "it says nothing": {"kind": "hang", "seconds": 2 * SEND},
    "it hangs up": {"kind": "drop"},
    "it accepts and hangs up": {"kind": "drop_after"},
}
LINES = {
    "a byte a second": Weather(rate=20.0),
    "half an answer": Weather(cut_down=80, end=End.CLOSE),
    "half an answer and silence": Weather(cut_down=80, end=End.HALF_OPEN),
    "a hole": Weather(cut_up=0, cut_down=0, end=End.SILENCE),
}


@dataclass(slots=True)
class Outside:
    """A house with both bots whose line to Telegram is bad when it is told to be."""

    house: House
    line: Proxy
    rep: Phone
    people: int = 0

    async def stranger(self) -> Phone:
        """Somebody new."""
        self.people += 1
        return await customer(self.house, f"zoe{self.people}")

    async def fault(self, **rule: Any) -> None:
        """The provider misbehaves towards the customers' bot's next message."""
        await self.house.hands.fault(rule.pop("kind"), bot="customer", method="sendMessage", **rule)

    async def provider_has_it(self) -> None:
        """Wait until the request that a fault was laid out for is with the provider; `sending` is written before its first byte leaves."""
        async with asyncio.timeout(PATIENCE):
            while (await self.house.hands.get("/play/faults"))["faults"]:
                await asyncio.sleep(0.01)

    async def accepted(self, who: Phone) -> list[dict[str, Any]]:
        """What the provider took for somebody."""
        log = await self.house.hands.log(bot="customer", method="sendMessage")
        return [one for one in log if one["accepted"] and one["parameters"]["chat_id"] == who.id]

    def told(self, words: str) -> int:
        """How often the log has said something."""
        return self.house.log.read_text().count(words)

    async def hears(self, words: str, *, more_than: int) -> None:
        """Wait until the log has said something more often."""
        async with asyncio.timeout(PATIENCE):
            while self.told(words) <= more_than:
                await asyncio.sleep(0.02)

    async def checked(self) -> None:
        """Nothing was sent twice, the books balance, and a stranger is greeted."""
        await self.house.hands.heal()
        await settled(self.house)
        await left(self.house, "telegram")
        for account, bot in (("telegram", "customer"), ("staff", "staff")):
            found = await against_intents(self.house, account, bot)
            assert not found, found
        late = await self.stranger()
        await late.say("anybody there?")
        await late.sees("Marani")
        await settled(self.house)
        books = await balance_of(self.house)
        assert books.balanced, books.problems


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outside]:
    """One house for all tests of the module: both bots take seconds to awake."""
    async with open_house(tmp_path_factory.mktemp("outside"), **{**SHORT, "SEND_SECONDS": str(SEND)}) as house:
        line = Proxy("127.0.0.1", int(house.hands.url.rpartition(":")[2]))
        await line.open()
        house.vary(TELEGRAM_API_BASE=line.url)
        await staffed(house)
        await house.start()
        await house.until("SELECT count(*) FROM reps", want=[(2,)])
        yield Outside(house, line, await phone(house, "tigran", "staff"))
        await house.kill()
        await line.close()


async def test_a_refused_answer_is_told_and_later_ones_do_not_pass_it_silently(outside: Outside) -> None:
    for number in rounds(20, 200):
        dice("F24", number)
        who = await outside.stranger()
        await who.say("Hello, chairs please")
        await who.sees("Marani")
        card = await card_of(outside.rep, who.name)
        await outside.rep.answer(card, "first answer")
        await who.sees("first answer")
        await outside.fault(kind="400", chat=who.id, description="Bad Request: message text is empty")
        await outside.rep.say("second answer", reply_to=card["message_id"])
        await outside.rep.say("third answer", reply_to=card["message_id"])
        await who.sees("third answer")
        await outside.house.until(REPLIES, str(who.id), want=[("first answer", "sent"), ("second answer", "failed"), ("third answer", "sent")])
        await outside.rep.sees("second answer")
    await outside.checked()


@pytest.mark.parametrize("name", BROKEN)
async def test_a_provider_that_breaks_gets_each_message_once(outside: Outside, name: str) -> None:
    for number in rounds(20, 200):
        dice(f"F17 {name}", number)
        who = await outside.stranger()
        await outside.fault(chat=who.id, **BROKEN[name])
        await who.say("hello")
        [(state,)] = await outside.house.until(ENDED, str(who.id))
        assert state == "unknown"
        assert len(await outside.accepted(who)) == (name == "it accepts and hangs up")
    await outside.checked()


@pytest.mark.parametrize("name", LINES)
async def test_a_bad_line_sends_nothing_twice_and_the_backlog_drains(outside: Outside, name: str) -> None:
    for number in rounds(20, 200, ci=1):
        dice(f"F17 {name}", number)
        people = [await outside.stranger() for _ in range(3)]
        outside.line.set(LINES[name])
        for who in people:
            await who.say("hello")
        await asyncio.sleep(1.2 * SEND)  # the bad weather lasts longer than the patience of a sending
        outside.line.set(Weather())
        outside.line.break_lines()
        for who in people:
            await outside.house.until(ENDED, str(who.id))
            assert len(await outside.accepted(who)) <= 1
    await outside.checked()


async def test_an_outage_delays_and_loses_nothing(outside: Outside) -> None:
    for number in rounds(20, 200):
        dice("F17 outage", number)
        people = [await outside.stranger() for _ in range(3)]
        await outside.line.shut()
        for who in people:
            await who.say("hello")
        await asyncio.sleep(1.0)
        await outside.line.open()
        for who in people:
            await who.sees("Marani")
            assert len(await outside.accepted(who)) == 1
    await outside.checked()


async def test_a_provider_that_breaks_for_everybody_is_tried_with_one_at_a_time(outside: Outside) -> None:
    for number in rounds(20, 200, ci=1):
        dice("F17 everybody", number)
        people = [await outside.stranger() for _ in range(12)]
        rests, works = outside.told("it is tried with one at a time"), outside.told("answers again")
        await outside.fault(kind="500", count=0)
        await asyncio.gather(*(who.say("hello") for who in people))
        await outside.hears("it is tried with one at a time", more_than=rests)
        await outside.house.hands.heal()
        for who in people:
            [(state,)] = await outside.house.until(ENDED, str(who.id))
            assert (state, len(await outside.accepted(who))) in (("unknown", 0), ("sent", 1))
        late = await outside.stranger()
        await late.say("still there?")
        await late.sees("Marani")
        await outside.hears("answers again", more_than=works)
    await outside.checked()


async def test_what_the_provider_asks_to_wait_is_waited(outside: Outside) -> None:
    for number in rounds(20, 200):
        dice("F18", number)
        who = await outside.stranger()
        await outside.fault(kind="429", seconds=1.0, chat=who.id)
        await who.say("hello")
        await who.sees("Marani")
        log = [one for one in await outside.house.hands.log(bot="customer", method="sendMessage") if one["parameters"]["chat_id"] == who.id]
        refused, taken = log[0], log[-1]
        assert [one["accepted"] for one in log] == [False, True], "it asked again before its time"
        assert taken["at"] - refused["at"] >= 1.0
    await outside.checked()


async def test_dying_while_the_provider_accepts_leaves_an_unknown_that_is_not_repeated(outside: Outside) -> None:
    for number in rounds(5, 100, ci=1):
        dice("F5", number)
        who = await outside.stranger()
        await outside.fault(kind="slow", seconds=3.0, chat=who.id)
        await who.say("hello")
        await outside.provider_has_it()
        await outside.house.kill()
        await outside.house.start()
        await outside.house.until(GREETING, str(who.id), want=[("unknown",)])
        async with asyncio.timeout(PATIENCE):
            while not await outside.accepted(who):
                await asyncio.sleep(0.05)
        assert len(await outside.accepted(who)) == 1
    await outside.checked()
