"""Telegram Business: the bot reads and answers in the account of a member of the staff, as far as Telegram and they let it; and reactions both ways."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import Update

from crm.base.events import Delete as Gone
from crm.base.events import Edit as Change
from crm.base.events import Event, Message, OwnAccount, Postback, Reaction, Unknown
from crm.base.outbound import Button, Delete, Edit, May, Outbound, React, Reason, Receipt, Say, Typing, Undeliverable, Window
from crm.base.time import DAY, HOUR
from tests.channels.pretended import Stored
from tests.channels.telegram_world import Recorder, World, listening, opened_world

FIXTURES = Path(__file__).parent / "fixtures" / "telegram"
NOW = 1_767_000_000_000


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with opened_world() as world:
        yield world


class Own:
    """Ruben's account, to which the bot is connected, and Anahit who writes to him there."""

    def __init__(self, world: World) -> None:
        self.world, self.offsets = world, Recorder()
        self.address = f"{world.address}@"

    async def do(self, deed: str, **body: object) -> dict[str, Any]:
        path = deed if deed in ("connect", "disconnect") else f"anahit/{deed}"
        async with self.world.http.post(f"/play/own/ruben/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            said: dict[str, Any] = await answer.json()
            return said

    async def heard(self) -> Event:
        (event,) = self.world.heard((await self.offsets.next())[1])
        return event

    async def say(self, outbound: Outbound) -> Receipt:
        return await self.world.telegram.send(self.address, outbound, Stored({}))

    async def shown(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = (await self.do("chat"))["messages"]
        return messages


@pytest.fixture
async def own(world: World) -> AsyncIterator[Own]:
    """Connected, and Anahit has written."""
    made = Own(world)
    async with listening(world.telegram, made.offsets):
        await made.offsets.next()  # Start
        connection = (await made.do("connect"))["connection"]["id"]
        assert isinstance(await made.heard(), OwnAccount)
        await made.do("say", text="hello Ruben")
        asked = await made.heard()
        assert isinstance(asked, Message)
        made.address = f"{world.address}@{connection}"
        assert (asked.sender.external_id, asked.sender.through) == (made.address, connection)
        yield made


async def test_an_answer_goes_out_in_the_owners_name_and_its_echo_is_nobodys_news(own: Own) -> None:
    receipt = await own.say(Say("Yes, we do", buttons=((Button("Thanks", value="thanks"),),)))
    *_, shown = await own.shown()
    assert (shown["text"], shown["from"], shown["for_owner"]) == ("Yes, we do", "bot", True)
    assert receipt.ids[0].startswith(f"{shown['message_id']}@")
    assert isinstance(await own.heard(), Unknown)
    await own.do("click", message_id=shown["message_id"], data="thanks")
    pressed = await own.heard()
    assert isinstance(pressed, Postback)
    assert (pressed.sender.external_id, pressed.message, pressed.value) == (own.address, receipt.ids[0], "thanks")


async def test_our_words_there_are_changed_and_taken_back(own: Own) -> None:
    receipt = await own.say(Say("At five"))
    await own.say(Edit(receipt.ids[0], "At six"))
    assert [message["text"] for message in await own.shown()] == ["hello Ruben", "At six"]
    await own.say(Typing())
    await own.say(Delete(receipt.ids[0]))
    assert [message["text"] for message in await own.shown()] == ["hello Ruben"]


async def test_what_the_owner_writes_by_hand_comes_as_an_echo(own: Own) -> None:
    await own.do("say", text="Come by", by="owner")
    echo = await own.heard()
    assert isinstance(echo, Message)
    assert (echo.echo, echo.text, echo.sender.external_id) == (True, "Come by", own.address)


async def test_edits_and_deletions_of_the_person_are_told(own: Own) -> None:
    asked = (await own.shown())[0]["message_id"]
    await own.do("edit", message_id=asked, text="hello!")
    changed = await own.heard()
    assert isinstance(changed, Change)
    assert changed.text == "hello!"
    await own.do("delete", message_ids=[asked])
    gone = await own.heard()
    assert isinstance(gone, Gone)
    assert gone.external_id == changed.external_id


async def test_nobody_is_asked_for_a_number_by_a_keyboard_there(own: Own) -> None:
    await own.say(Say("Your number?", buttons=((Button("Share", ask="phone"),),)))
    await own.say(Say("Bye"))
    *_, asked, bye = await own.shown()
    assert "keyboard" not in asked
    assert "keyboard" not in bye


async def test_a_bot_that_may_not_answer_is_refused_for_good(own: Own) -> None:
    await own.do("connect", can_reply=False)
    lost = await own.heard()
    assert isinstance(lost, OwnAccount)
    assert not lost.may_write
    with pytest.raises(Undeliverable) as refused:
        await own.say(Say("Hello?"))
    assert refused.value.reason is Reason.BLOCKED


async def test_a_removed_connection_takes_nothing(own: Own) -> None:
    await own.do("disconnect")
    assert isinstance(await own.heard(), OwnAccount)
    with pytest.raises(Undeliverable) as refused:
        await own.say(Say("Hello?"))
    assert (refused.value.reason, "business connection not found" in refused.value.detail) == (Reason.BLOCKED, True)


async def test_who_never_wrote_there_cannot_be_written_to(own: Own) -> None:
    await own.do("say", text="hi", by="owner")
    connection = own.address.partition("@")[2]
    with pytest.raises(Undeliverable):
        await own.world.telegram.send(f"999@{connection}", Say("Hello?"), Stored({}))


async def test_no_reaction_is_put_in_an_own_account(own: Own) -> None:
    with pytest.raises(Undeliverable) as refused:
        await own.say(React("1@x", "👍"))
    assert refused.value.reason is Reason.UNSUPPORTED


def test_an_own_account_may_be_written_in_for_a_day_and_the_bots_own_chat_always(world: World) -> None:
    limits = world.telegram.limits
    own = Window(last_inbound_at=NOW, session_ends_at=NOW + DAY)
    assert [limits(own, at).may for at in (NOW, NOW + DAY - 1, NOW + DAY)] == [May.ANYTHING, May.ANYTHING, May.NOTHING]
    assert limits(own, NOW).windows
    assert not limits(own, NOW).offers
    plain = limits(Window(last_inbound_at=NOW), NOW + 100 * DAY)
    assert (plain.may, plain.windows) == (May.ANYTHING, False)
    assert limits(Window(), NOW + HOUR).windows


async def test_our_reaction_stands_on_their_message_until_it_is_taken_away(world: World) -> None:
    number = (await world.act("send", text="Bought it!"))["message_id"]
    await world.say(React(str(number), "❤️"))
    await world.say(React(str(number), ""))
    sent = [entry["parameters"]["reaction"] for entry in await world.log("setMessageReaction")]
    assert [len(json.loads(one) if isinstance(one, str) else one) for one in sent] == [1, 0]


async def test_an_emoji_that_telegram_does_not_have_is_refused_in_words(world: World) -> None:
    number = (await world.act("send", text="Bought it!"))["message_id"]
    with pytest.raises(Undeliverable) as refused:
        await world.say(React(str(number), "🧦"))
    assert (refused.value.reason, refused.value.detail) == (Reason.UNSUPPORTED, "Telegram has no reaction 🧦")


async def test_their_reaction_is_heard_when_it_is_put_and_when_it_is_taken_away(world: World) -> None:
    offsets = Recorder()
    sent = await world.say(Say("Here you are"))
    async with listening(world.telegram, offsets):
        await offsets.next()
        for emoji in ("👎", ""):
            await world.act("react", message_id=int(sent.ids[0]), emoji=emoji)
            (event,) = world.heard((await offsets.next())[1])
            assert isinstance(event, Reaction)
            assert (event.message, event.emoji) == (sent.ids[0], emoji)


KINDS = ("own/", "album", "business", "live", "reaction", "dice", "added", "edited_caption")
NEW = sorted(name for file in FIXTURES.rglob("*.json") if (name := str(file.relative_to(FIXTURES).with_suffix(""))).startswith(KINDS))


@pytest.mark.parametrize("name", NEW)
def test_captured_updates_are_what_the_library_takes(name: str) -> None:
    update = Update.model_validate(json.loads((FIXTURES / f"{name}.json").read_text()))
    assert update.event_type != "unknown"
