"""What fault tests may ask for: tools that CI installs, and a house that receives."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.faults.record import PAGE, Run, added, commit, minutes
from tests.faults.stage import HOW_MUCH, SEED, open_receiver
from tests.faults.syscalls import faketime, root, strace
from tests.walks.house import House

__all__ = ["faketime", "receiver", "root", "strace"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with no bots for all tests of a module."""
    async with open_receiver(tmp_path_factory.mktemp("receiver")) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def receiver(receiving: House) -> House:
    """A house with no bots that runs."""
    if not await receiving.answers():
        await receiving.kill()
        await receiving.start()
    return receiving


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A long run is written down, also one that failed; one of a few tests by hand is not."""
    if HOW_MUCH not in ("c", "n") or "tests/faults" not in config.args:
        return
    found = {name: terminalreporter.stats.get(name, []) for name in ("passed", "failed", "error", "skipped")}
    failed = tuple(sorted({report.nodeid.rpartition("::")[2] for name in ("failed", "error") for report in found[name]}))
    at, shard = datetime.now(UTC).date().isoformat(), os.environ.get("SHARD", "1/1")
    run = Run(at, commit(), HOW_MUCH, config.getoption("--engine"), shard, SEED, len(found["passed"]), failed, len(found["skipped"]), minutes())
    PAGE.write_text(added(PAGE.read_text(), run))
