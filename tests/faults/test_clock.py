"""F20, F21, F23: downtime across due times, a tick killed in the middle, a clock that jumps. Each follow-up once, the late ones not at all."""

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.checker import checked, left
from tests.faults.stage import HOW_MUCH, dice, indexes, open_receiver, rounds
from tests.faults.syscalls import committing, injected
from tests.faults.visitors import Visitor, greeted
from tests.walks.desk import zone_where_it_is
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
SILENT = 3
FOLLOWED = """SELECT c.address, m.id FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN conversations c ON c.id = m.conversation_id
WHERE d.batch_id IS NOT NULL AND m.author = 'bot'"""
# How far ahead the clock is at each start, how many follow-ups everybody has got then, and what is planned; the third would come twelve days late.
DOWNTIMES: tuple[tuple[str, int, list[tuple[str, int, int]]], ...] = (
    ("+1m", 0, []),
    ("+25h", 1, [("active", 1, SILENT)]),
    ("+73h", 2, [("active", 2, SILENT)]),
    ("+12d", 2, [("finished", 3, SILENT)]),
)
SO_FAR = """SELECT e.state, e.step, count(*) FROM enrollments e JOIN conversations c ON c.id = e.conversation_id
WHERE EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.text LIKE 'anybody there%') GROUP BY 1, 2"""


def lie(house: House, library: str, by: str) -> None:
    """From the next start on the house's clock is wrong by so much, such as `+25h`."""
    house.vary(LD_PRELOAD=library, FAKETIME=by, FAKETIME_DONT_FAKE_MONOTONIC="1")


async def silent_people(house: House) -> list[Visitor]:
    """Visitors who were answered and say no more."""
    return [await greeted(house) for _ in range(SILENT)]


async def test_after_a_downtime_each_step_comes_once_and_what_is_too_late_does_not(faketime: str, strace: str, tmp_path: Path) -> None:
    async with open_receiver(tmp_path, COMPANY_ZONE=zone_where_it_is(13)) as house:
        await house.start()
        people = await silent_people(house)
        await house.stop()
        for by, steps, planned in DOWNTIMES:
            lie(house, faketime, by)
            for index in indexes(8, 3) if steps == 1 else []:
                await killed_in_a_tick(house, index)
            await house.start()
            await house.until(SO_FAR, want=planned)
            await left(house, "webchat")
            followed = Counter(address for address, _ in house.rows(FOLLOWED))
            assert [followed[person.address] for person in people] == [steps] * SILENT, by
            await house.stop()
        await house.start()
        await checked(house, people)


async def killed_in_a_tick(house: House, index: int) -> None:
    """Start the house and kill it while it writes in its first seconds, when the follow-ups are due; what it cannot do any more is done at the next start."""
    await house.start()
    async with injected(*committing(house), f"signal=SIGKILL:when={index}", house.folder / "strace.log"):
        while house.runs:
            probe = Visitor(house)
            await probe.say(probe.word("is the clock ticking?"))
        await house.ended()


async def test_a_clock_that_jumps_stops_nothing_and_doubles_nothing(faketime: str, tmp_path: Path) -> None:
    lies = tmp_path / "clock"
    lies.write_text("+0")
    async with open_receiver(tmp_path, COMPANY_ZONE=zone_where_it_is(13)) as house:
        house.vary(LD_PRELOAD=faketime, FAKETIME_TIMESTAMP_FILE=str(lies), FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        await house.start()
        people = [await greeted(house)]
        for number in rounds(20, 200, ci=1):
            dice("F21", number)
            for jump in ("-1h", "+30d", "-30d", "+0") if HOW_MUCH in ("c", "n") else ("-1h", "+30d", "+0"):
                lies.write_text(jump)
                people.append(await greeted(house))
        await checked(house, people)


async def test_a_clock_set_back_does_not_stop_the_ticks(faketime: str, tmp_path: Path) -> None:
    lies = tmp_path / "clock"
    lies.write_text("+30d")
    async with open_receiver(tmp_path, COMPANY_ZONE=zone_where_it_is(13)) as house:
        house.vary(LD_PRELOAD=faketime, FAKETIME_TIMESTAMP_FILE=str(lies), FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        await house.start()
        await greeted(house)
        lies.write_text("+0")
        who = await greeted(house)
        lies.write_text("+25h")
        await house.until(FOLLOWED + " AND c.address = ?", who.address)


@pytest.mark.file
async def test_two_schedulers_cannot_start_on_one_file(receiver: House, tmp_path: Path) -> None:
    async with open_receiver(tmp_path, DATABASE_URL=f"sqlite:///{receiver.database}") as second:
        await second.launch()
        assert await second.ended() != 0
        assert "another process works on" in second.log.read_text()
    await greeted(receiver)
