"""The drill: the machine is lost, a backup comes back on another one. Nobody is written to before a manager says so, then each once.

On a server the backup is a dump and goes into a new, empty database.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from console import backup, restore
from console.environment import Environment
from crm.base.backup import newest
from crm.base.db import look
from crm.reports.books import check
from tests.walks.desk import Phone, customer, hasten, labels, phone
from tests.walks.house import House, open_house, staffed, zone_where_it_is

pytestmark = pytest.mark.asyncio(loop_scope="session")
GREETING, STEP = "This is Marani", "Do you still have a question for us?"
HEARD = "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.author = 'contact' ORDER BY m.id"
WAITS = "SELECT state FROM deliveries WHERE desk = 0 AND address = ? AND state IN ('queued', 'sending')"
PLANNED = "SELECT state FROM deliveries WHERE desk = 0 AND address = ? AND lane = 2"
DAY = 86_400_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lost(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house at one in the afternoon, running, that is about to be lost; whom nobody answers is asked again after a second."""
    settings = {"COMPANY_ZONE": zone_where_it_is(13), "FOLLOW_UP_SECONDS": "1"}
    async with open_house(tmp_path_factory.mktemp("lost"), **settings) as house:
        await hasten(house, (1_000, DAY, 2 * DAY))
        await staffed(house)
        await house.start()
        await house.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        yield house


@pytest.fixture
def programs(request: pytest.FixtureRequest, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the server's version, where there is a server."""
    if engine == "postgres":
        monkeypatch.setenv("PATH", f"{request.getfixturevalue('cluster').binaries}{os.pathsep}{os.environ['PATH']}")


def env(house: House) -> Environment:
    """What the console knows of a house."""
    return Environment(database_url=house.url, data_dir=str(house.folder))


async def greeted(house: House, name: str) -> Phone:
    """Somebody who wrote and was answered."""
    who = await customer(house, name)
    await who.say("Hello, I am looking for a cupboard")
    await who.sees(GREETING)
    await house.until(WAITS, str(who.id), want=[])
    return who


async def greetings(who: Phone) -> int:
    """How often somebody was greeted."""
    return len([text for text in await who.heard() if GREETING in text and STEP not in text])


async def switched(manager: Phone, button: str, words: str) -> None:
    """Turn the follow-ups on or off."""
    asked = await manager.say("/followup")
    await manager.press(await manager.sees("Follow-ups are", after=asked), button)
    await manager.sees(words)


async def restored(house: House, folder: Path, copy: Path) -> House:
    """The same firm on another machine: its backup, its bots, a folder and a database of its own."""
    fresh = House(folder, house.server, house.hands, {"COMPANY_ZONE": zone_where_it_is(13), "FOLLOW_UP_SECONDS": "1"})
    folder.mkdir(parents=True, exist_ok=True)
    restore.run(env(fresh), str(copy))
    await fresh.start()
    return fresh


async def test_a_restored_house_writes_to_nobody_until_a_manager_releases_it_and_then_once(lost: House, programs: None, tmp_path: Path) -> None:
    manager = await phone(lost, "mariam", "staff")
    await switched(manager, "Pause", "⏸ Follow-ups are paused")
    silva = await greeted(lost, "silva")
    backup.run(env(lost))
    copy = newest(lost.folder / "backups")
    assert copy
    vanished = await greeted(lost, "varduhi")
    assert await lost.stop() == 0
    latecomer = await customer(lost, "levon")
    await latecomer.say("Is anybody there?")
    await vanished.say("Hello again")
    house = await restored(lost, tmp_path / "other", copy.folder)
    try:
        told = await Phone(house, "mariam", "staff", manager.id).sees("Nothing is sent to customers")
        await switched(manager, "Resume", "🔁 Follow-ups are on")
        for who in (latecomer, vanished):
            await house.until(WAITS, str(who.id), want=[("queued",)])
        await house.until(PLANNED, str(silva.id), want=[("queued",)])
        assert [await greetings(who) for who in (silva, vanished, latecomer)] == [1, 1, 0]
        await manager.press(told, "Release sending")
        page = await manager.sees("Waits to be sent")
        await manager.press(page, next(label for label in labels(page) if label.startswith("Send all")))
        await latecomer.sees(GREETING)
        await silva.sees(STEP)
        await house.until("SELECT state FROM deliveries WHERE desk = 0 AND lane < 2 AND state IN ('queued', 'sending')", want=[])
        assert [await greetings(who) for who in (silva, vanished, latecomer)] == [1, 2, 1]
        assert len([text for text in await silva.heard() if STEP in text]) == 1
        assert [house.rows(HEARD, str(who.id)) for who in (latecomer, vanished)] == [[("Is anybody there?",)], [("Hello again",)]]
        assert (await asyncio.to_thread(look, house.url, check)).problems == ()
        assert await house.stop() == 0
        await house.start()
        await greeted(house, "nare")
    finally:
        await house.close()
