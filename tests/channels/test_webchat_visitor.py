"""Who is logged in at the shop, by the word of its server: signed, forged, signed by the secret before, or by nobody."""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any

import pytest

from channels.webchat.frames import Hello
from channels.webchat.raw import LONGEST_VISITOR, vouched
from crm.base.events import Message, SessionStarted
from tests.channels.web_stand import Stand, standing

NEW, OLD = b"n" * 32, b"o" * 32


def signed(visitor: str, secret: bytes = NEW) -> dict[str, str]:
    """What a shop's page says of its customer."""
    return {"visitor": visitor, "signature": hmac.new(secret, visitor.encode(), hashlib.sha256).hexdigest()}


async def heard(stand: Stand, **hello: str) -> Any:
    socket, _ = await stand.screen(**hello)
    await socket.send_json({"type": "say", "id": "word-000001", "text": "Barev"})
    assert (await socket.receive_json())["type"] == "kept"
    [event] = stand.webchat.parse(stand.shop.kept[-1])
    return event


@pytest.mark.parametrize("secret", [NEW, OLD])
async def test_a_signed_visitor_is_who_the_shop_says_by_either_secret(tmp_path: Path, secret: bytes) -> None:
    async with standing(tmp_path, secrets=(NEW, OLD)) as stand:
        event = await heard(stand, **signed("1042", secret))
        assert isinstance(event, Message)
        assert (event.sender.visitor, event.text) == ("1042", "Barev")
        assert signed("1042", secret)["signature"] not in str(stand.shop.kept)


@pytest.mark.parametrize(
    "hello",
    [
        {},
        {"visitor": "1042"},
        {"visitor": "1042", "signature": ""},
        {"visitor": "1042", "signature": "0" * 64},
        {"visitor": "1042", "signature": "ոչ"},
        {"visitor": "1042", "signature": "\ud800"},
        {"visitor": "1042\ud800", "signature": signed("1042")["signature"]},
        {"visitor": "1043", "signature": signed("1042")["signature"]},
        signed("1042", b"somebody else's secret, long enough"),
        signed(" "),
        signed("7" * (LONGEST_VISITOR + 1)),
        {"signature": signed("1042")["signature"]},
    ],
)
async def test_a_forged_word_is_not_believed_and_the_chat_goes_on(tmp_path: Path, hello: dict[str, str]) -> None:
    async with standing(tmp_path, secrets=(NEW,)) as stand:
        event = await heard(stand, **hello)
        assert (event.sender.visitor, event.text) == ("", "Barev")


async def test_without_a_secret_nobody_is_believed(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        assert (await heard(stand, **signed("1042", b""))).sender.visitor == ""


async def test_where_sockets_are_not_let_through_it_is_the_same(tmp_path: Path) -> None:
    async with standing(tmp_path, secrets=(NEW,)) as stand:
        frames = [{"type": "open"}]
        answer = await stand.post("/in/webchat/messages", json={"frames": frames, **signed("1042")})
        assert answer.status == 200
        [event] = stand.webchat.parse(stand.shop.kept[-1])
        assert isinstance(event, SessionStarted)
        assert event.sender.visitor == "1042"


def test_the_case_of_a_signature_does_not_matter_and_every_script_can_be_signed() -> None:
    word = signed("Անի")
    assert vouched(Hello(visitor="Անի", signature=word["signature"].upper()), (NEW,)) == "Անի"


def test_the_example_of_the_documentation_is_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text("utf-8")
    example = re.search(r"the secret `([^`]+)` signs `([^`]+)` as `([0-9a-f]{64})`", page)
    assert example
    secret, visitor, signature = example.groups()
    assert vouched(Hello(visitor=visitor, signature=signature), (secret.encode(),)) == visitor
