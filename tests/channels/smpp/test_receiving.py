"""What comes to a firm by SMPP: kept before it is acknowledged, long messages as one, receipts however they are written."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from channels.smpp.joins import Joins
from channels.smpp.pdu import short_of
from crm.base.errors import Busy
from crm.base.events import Arrival, Message, Status, Unknown
from sandbox.smsc.wire import Sm
from sandbox.smsc.world import Centre, Manner
from tests.channels.smpp.stand import ANN, OPTIONS, Stand, stand
from tests.conftest import NOON

LONG = "გამარჯობა, გაქვთ თაროები მუხისგან? " * 6


class Broken(Sm):
    """A message whose body ends too early."""

    def body(self) -> bytes:
        return b"\x00\x01"


async def said(place: Stand, count: int) -> list[tuple[str, str]]:
    """Who has said what."""
    return [(event.sender.external_id, event.text) for event in await place.events(count) if isinstance(event, Message)]


async def states(place: Stand, count: int) -> list[tuple[Arrival, tuple[str, ...]]]:
    """What is told of which ids."""
    return [(event.arrival, event.ids) for event in await place.events(count) if isinstance(event, Status)]


async def test_what_somebody_writes_is_kept(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.smsc.write(ANN, "Hello, do you make shelves?")
        place.smsc.write(ANN, "Բարև 😀")
        assert await said(place, 2) == [(ANN, "Hello, do you make shelves?"), (ANN, "Բարև 😀")]
        await place.smsc.quiet()


@pytest.mark.parametrize("window", [1, 10])
async def test_a_long_message_is_one_however_the_operator_waits_for_us(tmp_path: Path, window: int) -> None:
    async with stand(tmp_path, manner=Manner(window=window)) as place:
        place.smsc.write(ANN, LONG)
        place.smsc.write(ANN, "Hello?")
        assert await said(place, 2) == [(ANN, LONG), (ANN, "Hello?")]
        async with asyncio.timeout(30):
            while list((tmp_path / "smpp" / "smpp").iterdir()):
                await asyncio.sleep(0.01)


async def test_parts_may_come_in_any_order_and_twice(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        first, second, third, *rest = place.centre.written(ANN, LONG)
        place.smsc.bring(third, first, first, third, *rest, second, second, first)
        await place.smsc.quiet()
        assert await said(place, 1) == [(ANN, LONG)]
        assert len(place.inbox.events) == 1


async def test_parts_laid_down_are_there_after_a_crash(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        *most, last = place.centre.written(ANN, LONG)
        place.smsc.bring(*most)
        await place.smsc.quiet()
        assert place.inbox.events == []
        await place.again()
        place.smsc.bring(last)
        assert await said(place, 1) == [(ANN, LONG)]


async def test_a_whole_that_could_not_be_kept_is_told_by_the_next_process_and_once(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.inbox.failures = [Busy("full")] * 3
        place.smsc.write(ANN, LONG)
        await place.inbox.until(1)
        await place.smsc.quiet()
        await place.again()
        place.smsc.write(ANN, "Hello?")
        assert await said(place, 2) == [(ANN, LONG), (ANN, "Hello?")]


async def test_a_whole_that_was_never_told_is_told_by_the_next_process(tmp_path: Path) -> None:
    sms, folder = Centre().written(ANN, LONG), tmp_path / "smpp" / "smpp"
    before = Joins(folder, 60_000)
    for sm in sms:
        told = await before.add(short_of(sm.body()), sm.body(), NOON)
    after = Joins(folder, 60_000)
    await after.load()
    assert [half.ordered() for half in after.late(NOON)] == [half.ordered() for half in told]
    assert after.pause(NOON) == 0
    async with stand(tmp_path) as place:
        assert await said(place, 1) == [(ANN, LONG)]


async def test_what_never_becomes_whole_is_told_as_it_is(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, join_seconds=60)) as place:
        first, _, *rest = place.centre.written(ANN, LONG)
        place.smsc.bring(first, *rest)
        await place.smsc.quiet()
        place.clock.now += 59_000
        place.smsc.write(ANN, "Hello?")
        assert await said(place, 1) == [(ANN, "Hello?")]
        place.clock.now += 2_000
        place.smsc.write(ANN, "Are you there?")
        texts = {text for _, text in await said(place, 3)}
    assert texts == {"Hello?", "Are you there?", f"{LONG[:67]}[…]{LONG[134:]}"}


async def test_a_number_that_has_come_round_begins_another_message(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        old, new = place.centre.written(ANN, "a" * 200), place.centre.written(ANN, "b" * 200)
        for sm in new:
            sm.words = sm.words[:3] + old[0].words[3:4] + sm.words[4:]
        place.smsc.bring(old[0], *new)
        assert {text for _, text in await said(place, 2)} == {"a" * 153 + "[…]", "b" * 200}


async def test_what_could_not_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.inbox.failures = [Busy("full")]
        place.smsc.write(ANN, "hello")
        assert await said(place, 1) == [(ANN, "hello")]
        assert place.inbox.failures == []
        await place.smsc.quiet()


async def test_what_was_not_acknowledged_comes_again_and_is_kept_once(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.inbox.failures = [OSError("the store is gone")]
        place.smsc.write(ANN, "hello")
        await place.smsc.quiet()
        place.smsc.write(ANN, "are you there?")
        assert await said(place, 2) == [(ANN, "hello"), (ANN, "are you there?")]


async def test_the_same_words_again_are_another_message(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.smsc.write(ANN, "yes")
        await place.smsc.quiet()
        place.clock.now += 1000
        place.smsc.write(ANN, "yes")
        assert await said(place, 2) == [(ANN, "yes"), (ANN, "yes")]


async def test_the_same_words_in_one_breath_are_as_many_messages(tmp_path: Path) -> None:
    async with stand(tmp_path, manner=Manner(window=10)) as place:
        for _ in range(3):
            place.smsc.write(ANN, "yes")
        assert await said(place, 3) == [(ANN, "yes")] * 3


async def test_the_same_words_over_a_new_line_are_a_repeat(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.smsc.write(ANN, "yes")
        await place.smsc.quiet()
        await place.again()
        place.smsc.write(ANN, "yes")
        place.smsc.write(ANN, "or no?")
        assert await said(place, 2) == [(ANN, "yes"), (ANN, "or no?")]


@pytest.mark.parametrize(("answers", "receipts"), [("text", "text"), ("hex", "decimal"), ("decimal", "hex")])
@pytest.mark.parametrize("parameters", [False, True])
async def test_a_receipt_is_about_what_was_sent_however_its_number_is_written(tmp_path: Path, answers: str, receipts: str, parameters: bool) -> None:
    manner = Manner(answers=answers, receipts=receipts, parameters=parameters)
    async with stand(tmp_path, replace(OPTIONS, submit_ids=answers, receipt_ids=receipts), manner) as place:
        ids = await place.say("hello")
        assert await states(place, 1) == [(Arrival.DELIVERED, ids)]


async def test_parameters_alone_are_a_receipt(tmp_path: Path) -> None:
    async with stand(tmp_path, manner=Manner(words=False, parameters=True)) as place:
        place.centre.phone(ANN).state = "UNDELIV"
        ids = await place.say("hello")
        assert await states(place, 1) == [(Arrival.FAILED, ids)]


async def test_each_part_has_its_receipt(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        ids = await place.say("x" * 400)
        assert await states(place, 3) == [(Arrival.DELIVERED, (one,)) for one in ids]


async def test_a_receipt_twice_is_one_and_one_before_the_answer_waits_for_nobody(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.centre.faults.add("twice")
        place.centre.faults.add("early")
        ids = await place.say("hello")
        await place.smsc.quiet()
        assert await states(place, 1) == [(Arrival.DELIVERED, ids)]
        assert len(place.inbox.events) == 1


async def test_the_networks_own_error_says_why_where_the_owner_has_mapped_it(tmp_path: Path) -> None:
    async with stand(tmp_path, replace(OPTIONS, errors={"027": "bad_address", "expired": "rejected"})) as place:
        phone = place.centre.phone(ANN)
        phone.state, phone.error = "UNDELIV", "027"
        await place.say("hello")
        [event] = await place.events(1)
    assert isinstance(event, Status)
    assert (event.arrival, event.reason, event.detail) == (Arrival.FAILED, "bad_address", "UNDELIV 027")


async def test_what_cannot_be_read_is_kept_and_stops_nobody(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.smsc.bring(Broken("37491123456", place.centre.line))
        place.smsc.write(ANN, "hello")
        assert [type(event) for event in await place.events(2)] == [Unknown, Message]
        await place.smsc.quiet()


async def test_a_centre_that_says_goodbye_is_met_again(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        place.smsc.cut()
        place.smsc.write(ANN, "hello")
        assert await said(place, 1) == [(ANN, "hello")]


async def test_following_that_ends_says_goodbye(tmp_path: Path) -> None:
    async with stand(tmp_path) as place:
        await place.stop()
        async with asyncio.timeout(30):
            while place.smsc.links:
                await asyncio.sleep(0)
        assert not place.follows
