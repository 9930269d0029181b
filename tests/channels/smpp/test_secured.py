"""Under TLS, and set up as the documents say."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from channels.accounts import Account, open_account
from channels.smpp import Smpp
from crm.base.outbound import RetryLater
from tests.channels.certificates import certified
from tests.channels.smpp.stand import ANN, OPTIONS, Clock, firm, stand

DOCUMENT = (Path(__file__).parents[3] / "docs" / "channels.md").read_text("utf-8")


async def test_words_go_both_ways_under_tls(tmp_path: Path) -> None:
    file, context = certified(tmp_path)
    async with stand(tmp_path, replace(OPTIONS, tls=True, ca_file=file), tls=context) as place:
        await place.say("hello")
        place.smsc.write(ANN, "hi")
        assert len(await place.events(2)) == 2


async def test_nothing_is_said_to_an_operator_nobody_vouches_for(tmp_path: Path) -> None:
    _, context = certified(tmp_path)
    async with stand(tmp_path, replace(OPTIONS, tls=True), tls=context, listen=False) as place:
        with pytest.raises(RetryLater):
            await place.say("hello")
    assert place.centre.taken == []


def test_the_example_of_the_documents_opens(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(\[smpp\].*?)```", DOCUMENT, re.DOTALL)
    assert found
    assert isinstance(open_account(Account("smpp", "", tomllib.loads(found[1])["smpp"]), firm(tmp_path, Clock())), Smpp)
