"""F20, F21, F23: downtime across due times, a tick killed in the middle, a clock that jumps. Each follow-up once, the late ones not at all."""

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from crm.base.outbound import Limits
from crm.people.logins import Letterbox
from tests.faults.checker import checked, left
from tests.faults.stage import HOW_MUCH, SHORT, beside_each_other, dice, indexes, open_office, open_receiver, rounds
from tests.faults.syscalls import committing, injected
from tests.faults.visitors import Visitor, greeted
from tests.walks.desk import customer, letters, phone
from tests.walks.house import House, open_house, staffed, zone_where_it_is

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


# Waits by the monotonic clock are left to the system: the library would poll for them, and threads that share a lock would hardly get on. Files keep their times.
WALL_ONLY = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0", "NO_FAKE_STAT": "1"}
AHEAD = {"+0": 0, "-1h": -3600, "+25h": 25 * 3600, "+73h": 73 * 3600, "+30d": 30 * 86400, "-30d": -30 * 86400}
CAP, MANY = int(Limits().account_rate), 40
CLAIMED = "SELECT claimed_at FROM deliveries WHERE account = 'telegram' AND claimed_at > ? ORDER BY claimed_at"
TOLD = "SELECT d.state, count(*) FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.account = 'telegram' AND d.claimed_at > ? GROUP BY 1"
FAR_OFF = "SELECT name, until FROM leases WHERE until > ?"
GREETED = "SELECT d.state, count(*) FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.account = 'telegram' AND m.author = 'bot' GROUP BY 1"
TURNED_AWAY, LET_IN = "This bot is for the staff", "Welcome"


def lie(house: House, library: str, by: str) -> None:
    """From the next start on the house's clock is wrong by so much, such as `+25h`."""
    house.vary(LD_PRELOAD=library, FAKETIME=by, **WALL_ONLY)


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


def wind(house: House, library: str, to: str) -> Callable[[str], int]:
    """A clock that shows a wrong time from the next start on, and can be set while the house runs; setting it answers what it shows, in milliseconds."""
    lies = house.folder / "clock"
    house.vary(LD_PRELOAD=library, FAKETIME_TIMESTAMP_FILE=str(lies), FAKETIME_NO_CACHE="1", **WALL_ONLY)

    def set_to(by: str) -> int:
        lies.write_text(by)
        return int((time.time() + AHEAD[by]) * 1000)

    set_to(to)
    return set_to


async def test_a_clock_that_jumps_stops_nothing_and_doubles_nothing(faketime: str, tmp_path: Path) -> None:
    async with open_receiver(tmp_path, COMPANY_ZONE=zone_where_it_is(13)) as house:
        jump = wind(house, faketime, "+0")
        await house.start()
        people = [await greeted(house)]
        for number in rounds(20, 200, ci=1):
            dice("F21", number)
            for by in ("-1h", "+30d", "-30d", "+0") if HOW_MUCH in ("c", "n") else ("-1h", "+30d", "+0"):
                shown = jump(by)
                people.append(await greeted(house))
                await no_lease_is_stuck(house, shown)
        await checked(house, people)


async def no_lease_is_stuck(house: House, shown: int) -> None:
    """No lease of before a jump lasts till the clock comes there again; a server's leases go by its own clock, which nobody sets."""
    now = int(time.time() * 1000) if house.url.startswith("postgresql") else shown
    await house.until(FAR_OFF, now + 30 * 60_000, want=[])


async def test_a_clock_set_back_does_not_stop_the_ticks(faketime: str, tmp_path: Path) -> None:
    async with open_receiver(tmp_path, COMPANY_ZONE=zone_where_it_is(13)) as house:
        jump = wind(house, faketime, "+30d")
        await house.start()
        await greeted(house)
        jump("+0")
        who = await greeted(house)
        jump("+25h")
        await house.until(FOLLOWED + " AND c.address = ?", who.address)


async def test_what_falls_due_all_at_once_leaves_within_the_cap(faketime: str, tmp_path: Path) -> None:
    """A crowd is silent over a downtime, and then over a clock that jumps while everything runs: what is due then leaves no faster than ever."""
    for number in rounds(20, 200, ci=1):
        dice("F20 burst", number)
        settings = {**SHORT, "STAFF_BOT_TOKEN": "", "SEND_SECONDS": "20"}
        async with open_house(tmp_path / str(number), COMPANY_ZONE=zone_where_it_is(13), **settings) as house:
            jump = wind(house, faketime, "+0")
            for person in [await customer(house, f"zoe{person}") for person in range(MANY)]:
                await person.say("Hello, chairs please")
            await house.start()
            await house.until(GREETED, want=[("sent", MANY)])
            await house.stop()
            shown = jump("+25h")
            await house.start()
            await spread_out(house, shown, AHEAD["+25h"])
            await spread_out(house, jump("+73h"), AHEAD["+73h"])
            await checked(house, [], accounts={"telegram": "customer"})


async def spread_out(house: House, shown: int, ahead: float) -> None:
    """Everybody gets one message after the clock has shown this, and the provider never takes more than what may have left since the first was claimed.

    A message can come late and never early, so this holds however busy the machine is.
    """
    await house.until(TOLD, shown, want=[("sent", MANY)])
    first = house.rows(CLAIMED, shown)[0][0] / 1000 - ahead
    log = [one["at"] for one in await house.hands.log(bot="customer", method="sendMessage") if one["accepted"] and one["at"] >= first]
    assert len(log) == MANY
    too_many = [(place, at - first) for place, at in enumerate(log, 1) if place > CAP * (int(at - first) + 1)]
    assert not too_many, f"{too_many} of {MANY} came within so many seconds, at {CAP} a second"


async def test_an_invitation_and_a_login_are_judged_by_their_own_expiry(faketime: str, tmp_path: Path) -> None:
    await beside_each_other(rounds(5, 50), lambda number: judged(faketime, tmp_path / str(number), number))


async def judged(faketime: str, folder: Path, number: int) -> None:
    """A login ends by a clock that is too far ahead and an invitation is refused by it; set right, the clock lets in whose invitation still holds."""
    dice("F21 invitations", number)
    async with open_office(folder) as house:
        jump = wind(house, faketime, "+0")
        await staffed(house)
        early, late = await letters(house, 2)
        await house.start()
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        [(rep_id,)] = house.rows("SELECT id FROM reps WHERE name = 'Tigran'")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            await log_in(house, browser, rep_id)
            assert await desk(house, browser) == 200
            jump("+30d")
            assert await desk(house, browser) == 401
            await presses_start(house, "ana", early, TURNED_AWAY)
        jump("-1h")
        await presses_start(house, "bella", late, LET_IN)
        jump("+0")
        await presses_start(house, "clara", late, TURNED_AWAY)
        await presses_start(house, "dora", early, LET_IN)
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Bella",), ("Dora",), ("Mariam",), ("Tigran",)])
        await checked(house, [], accounts={"staff": "staff"})


async def presses_start(house: House, name: str, secret: str, words: str) -> None:
    """Somebody uses an invitation, and is told this."""
    who = await phone(house, name, "staff")
    await who.do("start", payload=secret)
    await who.sees(words)


async def log_in(house: House, browser: aiohttp.ClientSession, rep_id: int) -> None:
    """Open the web inbox by a link that was left at the machine."""
    secret = "a-link-left-at-the-machine"
    Letterbox(house.folder / "logins").drop(secret, rep_id, now=int(time.time() * 1000))
    async with browser.get(f"{house.shop}/desk/login/{secret}") as answer:
        fields = dict(re.findall(r'name="(secret|nonce)"[^>]*value="([^"]*)"', await answer.text()))
    async with browser.post(f"{house.shop}/desk/login", data=fields, headers={"Origin": house.shop}, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()


async def desk(house: House, browser: aiohttp.ClientSession) -> int:
    """How the web inbox answers a browser."""
    async with browser.get(f"{house.shop}/desk", allow_redirects=False) as answer:
        return answer.status


@pytest.mark.file
async def test_two_schedulers_cannot_start_on_one_file(receiver: House, tmp_path: Path) -> None:
    async with open_receiver(tmp_path, DATABASE_URL=f"sqlite:///{receiver.database}") as second:
        await second.launch()
        assert await second.ended() != 0
        assert "another process works on" in second.log.read_text()
    await greeted(receiver)
