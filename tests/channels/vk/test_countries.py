"""What is off by default in a country, and what is not off anywhere."""

from dataclasses import replace

import pytest

from channels.accounts import Account, open_account
from tests.channels.contract_stand import table
from tests.channels.vk.stand import firm

META = ["whatsapp", "messenger", "instagram"]


@pytest.mark.parametrize("name", META)
def test_metas_channels_are_off_in_russia_until_they_are_asked_for(name: str) -> None:
    russian, armenian = firm(), replace(firm(), region="AM")
    assert open_account(Account(name, "", table(name)), russian) is None
    assert open_account(Account(name, "", {**table(name), "anyway": True}), russian)
    assert open_account(Account(name, "", table(name)), armenian)


@pytest.mark.parametrize("region", ["RU", "AM", "GE", "ET", "US"])
@pytest.mark.parametrize("name", ["vk", "max"])
def test_vk_and_max_are_off_nowhere(name: str, region: str) -> None:
    assert open_account(Account(name, "", table(name)), replace(firm(), region=region))
