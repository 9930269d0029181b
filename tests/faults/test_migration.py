"""F31: the making of the tables is killed at system calls, two make them at once, the program is older than the database."""

from pathlib import Path

import pytest

from tests.faults.checker import checked
from tests.faults.stage import beside_each_other, dice, indexes, open_receiver
from tests.faults.syscalls import STRACE
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
CALLS = {"pwrite64": (110, 3), "fdatasync": (6, 3)}


async def launched(house: House, call: str, index: int, signal: str = "SIGKILL") -> None:
    """Start the house, which gets a signal at a call of its."""
    await house.launch(STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal={signal}:when={index}")


async def killed_at(house: House, call: str, index: int) -> None:
    """Start the house and kill it at a call, or once it has come up."""
    await launched(house, call, index)
    while house.runs and not await house.answers():
        pass
    await house.kill()


@pytest.mark.file
@pytest.mark.parametrize("call", CALLS)
async def test_a_killed_making_of_the_tables_is_all_or_nothing(strace: str, tmp_path: Path, call: str) -> None:
    dice(f"F31 {call}")
    await beside_each_other(indexes(*CALLS[call]), lambda index: killed_and_made(tmp_path / str(index), call, index))


async def killed_and_made(folder: Path, call: str, index: int) -> None:
    """The making is killed at a call, and the next start makes what is missing."""
    async with open_receiver(folder) as house:
        await killed_at(house, call, index)
        await house.start()
        await checked(house, [])
        assert house.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
async def test_of_two_that_make_the_tables_one_wins(tmp_path: Path) -> None:
    async with open_receiver(tmp_path / "one") as house, open_receiver(tmp_path / "two", DATABASE_URL=f"sqlite:///{tmp_path / 'one' / 'dragoman.db'}") as other:
        await house.launch()
        await other.launch()
        while house.runs and other.runs:
            await house.answers()
        winner, loser = (house, other) if house.runs else (other, house)
        assert await loser.ended() != 0
        await loser.kill()
        await winner.kill()
        await house.start()
        await checked(house, [])


async def test_an_older_program_refuses_a_newer_database(tmp_path: Path) -> None:
    async with open_receiver(tmp_path) as house:
        await house.start()
        await house.stop()
        [(before,)] = house.rows("SELECT version_num FROM alembic_version")
        house.change("UPDATE alembic_version SET version_num = '9999'")
        await house.launch()
        assert await house.ended() != 0
        assert "install the newer program" in house.log.read_text()
        house.change(f"UPDATE alembic_version SET version_num = '{before}'")
        await house.start()
        await checked(house, [])
