"""The loop that fetches files goes on whatever stands in its way."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm.base.db import Store
from crm.base.events import MediaRef
from crm.conversations.media import MediaFiles
from scheduler.workers import media_loop

NOON = 1_764_072_000_000


async def nothing(_: str, __: MediaRef) -> AsyncIterator[bytes]:
    raise AssertionError("there is nothing to fetch")
    yield


async def test_what_cannot_be_tidied_away_keeps_no_file_from_being_fetched(store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = MediaFiles(tmp_path, store)
    stubborn = tmp_path / "abc.doubt"
    stubborn.mkdir()  # no file: taking it away fails
    os.utime(stubborn, (0, 0))  # of long ago
    loop = asyncio.create_task(media_loop(store, files, nothing, lambda: NOON, lambda _: None, look=0.01))
    async with asyncio.timeout(60):
        while "files in doubt could not be tidied" not in caplog.text:
            assert not loop.done(), loop
            await asyncio.sleep(0.01)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
