"""The demo: a page that cannot be opened is said in words, and the folder of a demo that runs is left alone."""

import errno
import os
from pathlib import Path

import pytest

from console.demo import play
from crm.base.errors import Misconfigured


async def taken(bots: dict[str, str], settings: dict[str, object], port: int) -> None:
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


async def test_a_port_that_is_taken_is_said_and_nothing_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "dragoman.db").write_text("somebody's")
    with pytest.raises(Misconfigured, match="DEMO_PORT"):
        await play(taken, lambda _: [], Path("main.py"), tmp_path)  # type: ignore[arg-type]
    assert (tmp_path / "dragoman.db").exists()
