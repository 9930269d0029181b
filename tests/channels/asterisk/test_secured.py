"""Under TLS, and set up as the documents say."""

import asyncio
import re
import tomllib
from dataclasses import replace
from pathlib import Path

from channels.accounts import Account, open_account
from channels.asterisk import Asterisk
from sandbox.asterisk.server import Ami
from tests.channels.asterisk.stand import FIRM, OPTIONS, log_of, stand
from tests.channels.certificates import certified

DOCUMENT = (Path(__file__).parents[3] / "docs" / "channels.md").read_text("utf-8")


async def test_calls_are_told_under_tls(tmp_path: Path) -> None:
    file, context = certified(tmp_path)
    ami = Ami()
    await ami.open(tls=context)
    async with stand(replace(OPTIONS, tls=True, ca_file=file), ami) as place:
        place.ami.replay(log_of("missed"))
        assert len(await place.calls(2)) == 2


async def test_no_secret_is_told_to_an_asterisk_nobody_vouches_for(tmp_path: Path) -> None:
    _, context = certified(tmp_path)
    ami = Ami()
    await ami.open(tls=context)
    async with stand(replace(OPTIONS, tls=True), ami, listed=False) as place:
        async with asyncio.timeout(30):
            while (await place.asterisk.health()).ok:
                await asyncio.sleep(0.01)
        assert ami.asked == []


def test_the_example_of_the_documents_opens() -> None:
    found = re.search(r"```toml\n(\[asterisk\].*?)```", DOCUMENT, re.DOTALL)
    assert found
    assert isinstance(open_account(Account("asterisk", "", tomllib.loads(found[1])["asterisk"]), FIRM), Asterisk)
