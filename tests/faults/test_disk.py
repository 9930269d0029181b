"""F13-F16, F35: the disk is full, fails, goes read-only, somebody else holds the file, files run out. No ack without a row, and it heals by itself."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.faults.checker import against_intents, checked
from tests.faults.disks import lock_for, small_disk
from tests.faults.stage import dice, indexes, open_office, open_receiver, rounds
from tests.faults.syscalls import injected, writer_of
from tests.faults.visitors import Outcome, Visitor
from tests.walks.house import PATIENCE, House, staffed

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
BUSY_ANSWER = '"type": "busy"'  # the widget's word for 503: come again later
STANDS = "SELECT 1 FROM messages WHERE text = ?"
KEPT = "SELECT count(*) FROM raw_events"
NO_FILES = "socket.accept() out of system resource"
ALARMS = 500
WRITES = "pwrite64,fdatasync,ftruncate"
# A busy writer of another program: short transactions that change something, one after another, each with a pause behind it that is long enough for others.
BUSY = """import random, sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
luck = random.Random(sys.argv[3])
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    c.execute("BEGIN IMMEDIATE")
    c.execute("UPDATE counters SET next = next + 1")
    time.sleep(luck.uniform(0.0, 0.1))
    c.execute("COMMIT")
    time.sleep(luck.uniform(0.0, 0.3))
"""


async def one_tries(visitors: list[Visitor], house: House) -> Outcome:
    """Somebody new says one word, once: it is acknowledged, or refused in so many words."""
    visitors.append(Visitor(house))
    outcome = await visitors[-1].say(visitors[-1].word())
    assert outcome is Outcome.OK or BUSY_ANSWER in visitors[-1].words[0].body, f"{outcome}: {visitors[-1].words[0].body!r}"
    return outcome


async def until(visitors: list[Visitor], house: House, *, ok: bool) -> None:
    """New visitors talk until one is acknowledged (or refused)."""
    async with asyncio.timeout(PATIENCE):
        while (await one_tries(visitors, house) is Outcome.OK) is not ok:
            pass


async def form(house: House) -> int:
    """Somebody sends the form; answers the status, and sees that whom it refuses it tells when to come again."""
    post = house.http.post(f"{house.shop}/in/form", json={"text": "do you have chairs?", "phone": "+37477123456"}, headers=Visitor(house).headers)
    async with post as answer:
        assert (answer.status, answer.headers.get("Retry-After")) in ((200, None), (503, "5"))
        return answer.status


async def no_form_is_taken(house: House) -> None:
    """The form is sent until it is refused: what room there was is used up then."""
    async with asyncio.timeout(PATIENCE):
        while await form(house) != 503:
            pass


def in_doubt(visitors: list[Visitor]) -> list[Visitor]:
    """Those whose word is not acknowledged."""
    return [visitor for visitor in visitors if visitor.words[0].outcome is not Outcome.OK]


async def nothing_left_for(refused: list[Visitor], house: House) -> None:
    """What was refused stands nowhere and was told to nobody, and whatever was told was written down as meant before."""
    found = await against_intents(house, "staff", "staff")
    assert not found, found
    log = [str(one["parameters"]) for one in await house.hands.log(bot="staff") if one["accepted"]]
    words = {visitor.words[0].text for visitor in refused}
    assert not [(word, told) for word in words for told in log if word in told]
    assert not words & {text for (text,) in house.rows("SELECT text FROM messages")}


async def says(house: House, words: str) -> None:
    """Wait until the house says something about itself to those who watch it."""
    told = ""
    async with asyncio.timeout(PATIENCE):
        while words not in told:
            async with house.http.get(f"{house.shop}/ready") as answer:
                told = await answer.text()
            await asyncio.sleep(0.05)


@pytest.mark.file
async def test_a_full_disk_refuses_and_heals_by_itself(root: None, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as disk:
        async with open_office(disk.folder) as house:
            house.log = tmp_path / "product.log"
            await staffed(house)
            await house.start()
            await house.until("SELECT count(*) FROM reps", want=[(2,)])
            visitors: list[Visitor] = []
            for number in rounds(10, 200):
                dice("F13", number)
                await until(visitors, house, ok=True)
                ballast = disk.fill()
                await until(visitors, house, ok=False)
                for _ in range(3):
                    await one_tries(visitors, house)
                await no_form_is_taken(house)
                refused = in_doubt(visitors)
                await nothing_left_for(refused, house)
                assert house.runs
                ballast.unlink()
                await until(visitors, house, ok=True)
                for visitor in refused:
                    await visitor.insist(visitor.words[0])
            await checked(house, visitors, accounts={"staff": "staff"})
            assert house.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync", "EIO")])
@pytest.mark.parametrize("lasting", ["", "+"], ids=["once", "on"])
async def test_a_failing_disk_never_lies(strace: str, receiver: House, call: str, error: str, lasting: str) -> None:
    visitors: list[Visitor] = []
    dice(f"F14 {call} {error} {lasting}")
    log, failed = receiver.folder / "strace.log", 0
    for index in indexes({"pwrite64": 30, "fdatasync": 8}[call], 3):
        async with injected(writer_of(receiver.pid), call, f"error={error}:when={index}{lasting}", log):
            for _ in range(6):
                await one_tries(visitors, receiver)
            if lasting:
                await until(visitors, receiver, ok=False)
        failed += log.read_text().count("(INJECTED)")
        assert receiver.runs
        for visitor in in_doubt(visitors):
            await visitor.insist(visitor.words[0])
    assert failed, "no call failed: another thread was traced, or nothing was written"
    await checked(receiver, visitors)
    assert receiver.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
async def test_a_disk_gone_read_only_is_refused_and_comes_back(strace: str, receiver: House) -> None:
    """A file system that has errors goes read-only under whoever works on it: no mount option does that to an open file, so each call is refused as it would be."""
    visitors: list[Visitor] = []
    for number in rounds(10, 100, ci=1):
        dice("F15 running", number)
        kept = receiver.rows(KEPT)
        async with injected(writer_of(receiver.pid), WRITES, "error=EROFS:when=1+", receiver.folder / "strace.log"):
            for _ in range(3):
                assert await one_tries(visitors, receiver) is Outcome.FAILED
            assert await form(receiver) == 503
            refused = in_doubt(visitors)
            await says(receiver, "the database cannot be written")
            assert receiver.rows(KEPT) == kept
            assert receiver.runs
        await until(visitors, receiver, ok=True)
        assert await form(receiver) == 200
        for visitor in refused:
            await visitor.insist(visitor.words[0])
        await says(receiver, '"words": "ready"')
    await checked(receiver, visitors)
    assert receiver.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
async def test_a_disk_that_is_read_only_at_the_start_is_refused_and_comes_back(root: None, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as disk:
        async with open_receiver(disk.folder) as house:
            house.log = tmp_path / "product.log"
            visitors: list[Visitor] = []
            for number in rounds(10, 100):
                dice("F15", number)
                disk.change("ro")
                await house.launch()
                assert await house.ended() != 0, "it starts on a disk it cannot write"
                disk.change("rw")
                await house.start()
                await until(visitors, house, ok=True)
                await house.kill()
            await house.start()
            await checked(house, visitors)


@pytest.mark.file
async def test_somebody_elses_lock_makes_people_wait_and_loses_nothing(receiver: House) -> None:
    everybody: list[Visitor] = []
    for number in rounds(20, 200):
        luck = dice("F16", number)
        visitors: list[Visitor] = []
        holding = asyncio.create_task(lock_for(receiver.database, luck.uniform(0.2, 2.0)))
        await asyncio.gather(*(one_tries(visitors, receiver) for _ in range(6)))
        await holding
        await asyncio.gather(*(visitor.insist(visitor.words[0]) for visitor in in_doubt(visitors)))
        everybody += visitors
    await checked(receiver, everybody)


@pytest.mark.file
async def test_who_has_the_patience_to_wait_for_somebody_elses_lock_refuses_nobody(tmp_path: Path) -> None:
    """Not one word is refused: neither while a lock is held for seconds, nor where somebody writes between our reading and our writing (SQLITE_BUSY_SNAPSHOT)."""
    async with open_receiver(tmp_path, LOCK_SECONDS="60") as house:
        await house.start()
        everybody: list[Visitor] = []
        for number in rounds(20, 200, ci=1):
            luck = dice("F16 patient", number)
            for other in (lock_for(house.database, luck.uniform(1.0, 3.0)), busy_writer(house.database, 1.5, luck.random())):
                working = asyncio.create_task(other)
                while not working.done():
                    outcomes = await asyncio.gather(*(one_tries(everybody, house) for _ in range(6)))
                    assert outcomes == [Outcome.OK] * 6
                await working
        await checked(house, everybody)
        assert "database is locked" not in house.log.read_text()


async def test_running_out_of_files_refuses_and_recovers(tmp_path: Path) -> None:
    async with open_receiver(tmp_path) as house:
        await house.start("prlimit", "--nofile=64")
        everybody: list[Visitor] = []
        for number in rounds(10, 50):
            dice("F35", number)
            inside, outside = Visitor(house), Visitor(house)
            everybody += [inside, outside]
            await turned_away(house, inside, outside)
            for visitor in (inside, outside):
                await visitor.insist(visitor.words[-1])
        assert house.runs
        await checked(house, everybody)


async def turned_away(house: House, inside: Visitor, outside: Visitor) -> None:
    """Whoever has a line is answered on it while a crowd takes all the others, and whoever has none is not let in."""
    async with one_line(house):
        await inside.insist(inside.word())
        async with crowd(house):
            async with one_line(house):
                assert await outside.say(outside.word(), seconds=0.5) is not Outcome.OK
            assert not house.rows(STANDS, outside.words[0].text)
            assert await form(house) in (200, 503)  # who came in before the crowd has a line already, and gets an answer on it
            # A word that could not even be looked up for want of a file is turned away whole: no frame of it was taken.
            outcome, heard = await inside.say(inside.word()), inside.words[1].body
            assert outcome is Outcome.OK or BUSY_ANSWER in heard or heard.startswith("503"), heard


@asynccontextmanager
async def one_line(house: House) -> AsyncIterator[None]:
    """Whoever talks to the house meanwhile does it over one line of their own, which stays open."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=PATIENCE)) as line:
        before, house.http = house.http, line
        try:
            yield
        finally:
            house.http = before


@asynccontextmanager
async def crowd(house: House) -> AsyncIterator[None]:
    """More people stand at the door than the house has files left, and it says so."""
    before = house.log.read_text().count(NO_FILES)
    lines = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", house.port) for _ in range(90)))
    try:
        async with asyncio.timeout(PATIENCE):
            while house.log.read_text().count(NO_FILES) == before:
                await asyncio.sleep(0.02)
        yield
        # One try a second, and not as many at once as may wait at the door.
        assert house.log.read_text().count(NO_FILES) - before < ALARMS
    finally:
        for _, writer in lines:
            writer.close()


async def busy_writer(database: Path, seconds: float, seed: float) -> None:
    """Another program that writes a little into the database, again and again."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BUSY, str(database), str(seconds), str(seed))
    assert await process.wait() == 0
