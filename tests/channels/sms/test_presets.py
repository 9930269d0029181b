"""The examples of the documentation work as they stand there."""

import re
from pathlib import Path

import pytest

from channels.accounts import open_account, read_accounts
from channels.sms import Sms
from channels.sms.shape import flat, nested
from channels.telephony import Telephone
from tests.channels.sms.stand import ANN, firm

DOCUMENT = (Path(__file__).parents[3] / "docs" / "channels.md").read_text("utf-8")
EXAMPLES = [
    text
    for text in re.findall(r"^```toml\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    if re.search(r"^\[(sms|calls|twilio|voice|zadarma|mango)", text, re.MULTILINE)
]
VARIABLES = dict.fromkeys(re.findall(r'"env:(\w+)"', DOCUMENT), "a-secret-of-some-length")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_opens_an_account(text: str, tmp_path: Path) -> None:
    file = tmp_path / "channels.toml"
    file.write_text(text, "utf-8")
    [one] = read_accounts(file, VARIABLES)
    opened = open_account(one, firm())
    assert isinstance(opened, Sms | Telephone)


def asked(name: str, tmp_path: Path) -> object:
    """What the operator of an example is asked."""
    file = tmp_path / "channels.toml"
    file.write_text(next(text for text in EXAMPLES if f"[sms.{name}]" in text), "utf-8")
    fields = read_accounts(file, VARIABLES)[0].table["fields"]
    assert isinstance(fields, dict)
    values = {"to": ANN, "digits": ANN[1:], "text": "hi", "from": "Marani", "ref": "r1", "callback": "https://crm.example/in", "coding": "0"}
    return nested(fields, values) if name == "nested" else dict(flat(fields, values))


def test_a_nested_example_asks_in_lists(tmp_path: Path) -> None:
    place = {"to": ANN[1:], "messageId": "r1"}
    message = {"from": "Marani", "destinations": [place], "text": "hi", "notifyUrl": "https://crm.example/in"}
    assert asked("nested", tmp_path) == {"messages": [message]}


def test_an_example_with_a_query_names_our_own_mark(tmp_path: Path) -> None:
    found = asked("kannel", tmp_path)
    assert isinstance(found, dict)
    assert found["dlr-url"] == "https://crm.example/in?ref=r1&state=%d&to=%p"
