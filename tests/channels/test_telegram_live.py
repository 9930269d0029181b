"""The Telegram channel listens to the sandbox's Bot API server, through every fault."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from channels.telegram import Telegram, TelegramOptions
from channels.telegram.listen import Poller
from channels.telegram.verdicts import Refused
from crm.base.events import ContactShared, Edit, IdentityChanged, Message, Postback, SessionStarted
from crm.base.outbound import Button, Reason, Say
from tests.channels.telegram_world import TOKEN, Recorder, World, listening, opened_world, scripted


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with opened_world() as world:
        yield world


async def test_what_people_do_is_kept_in_order_and_read(world: World) -> None:
    offsets = Recorder()
    sent = await world.act("send", text="Do you have lamps?")
    await world.act("edit", message_id=sent["message_id"], text="Do you have green lamps?")
    await world.act("contact", phone="37499123456")
    await world.act("contact", phone="+1", user_id=5)
    await world.act("block")
    async with listening(world.telegram, offsets):
        offset, events = await offsets.next()
    start, text, edit, own, other, blocked = world.heard(events)
    assert isinstance(start, SessionStarted)
    assert (start.source.payload, start.sender.external_id, start.sender.name) == ("spring", world.address, "Anahit Quince")
    assert isinstance(text, Message)
    assert isinstance(edit, Edit)
    assert (text.external_id, edit.text) == (edit.external_id, "Do you have green lamps?")
    assert isinstance(own, ContactShared)
    assert isinstance(other, ContactShared)
    assert (own.own, other.own) == (True, False)
    assert isinstance(blocked, IdentityChanged)
    assert offset == int(events[-1].key) + 1
    assert {raw.lane for raw in events} == {f"telegram:{world.address}"}


async def test_the_offset_is_confirmed_only_after_the_keeping(world: World) -> None:
    offsets = Recorder(busy=3)
    async with listening(world.telegram, offsets):
        offset, _ = await offsets.next()
        await world.act("send", text="second")
        await offsets.next()
    asked = [entry["parameters"].get("offset") for entry in await world.log("getUpdates")]
    assert offsets.refused == 3
    assert [int(one) for one in asked if one] in ([offset], [offset, offset + 1])


async def test_a_restart_goes_on_at_the_kept_offset(world: World) -> None:
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        await offsets.next()
    await world.act("send", text="while away")
    async with listening(world.telegram, offsets):
        _, events = await offsets.next()
    (heard,) = world.heard(events)
    assert isinstance(heard, Message)
    assert heard.text == "while away"


async def test_an_update_never_seen_before_is_kept_whole(world: World) -> None:
    odd = {"update_id": 900, "teleportation": {"chat": {"id": 3, "type": "private"}, "beam": [1.5, None, "\ud83d\ude00", {"deep": {}}]}}
    await world.raw(odd)
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        _, events = await offsets.next()
    kept = events[-1]
    assert (kept.key, kept.lane) == ("900", "telegram:3")
    assert b'"beam":[1.5,null,"\\ud83d\\ude00",{"deep":{}}]' in kept.body


@pytest.mark.parametrize("kind", ["500", "409", "drop", "drop_after", "garbage", "429"])
async def test_polling_survives_every_fault(world: World, kind: str) -> None:
    await world.fault(kind, "getUpdates", count=1, seconds=1)
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        _, events = await offsets.next()
    assert len(world.heard(events)) == 1


async def test_the_same_updates_twice_have_the_same_keys(world: World) -> None:
    await world.fault("duplicate", "getUpdates")
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        _, first = await offsets.next()
        _, again = await offsets.next()
    assert [raw.key for raw in first] == [raw.key for raw in again]


async def test_a_rival_poller_is_told_by_health_and_outlived(world: World) -> None:
    await world.fault("409", "getUpdates", count=0)
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        async with asyncio.timeout(10):
            while (health := await world.telegram.health()).ok:
                pass
        assert "another program polls" in health.words
        await world.http.delete("/play/faults")
        await offsets.next()
        assert (await world.telegram.health()).ok


class Doubtful:
    """A Telegram that does not know the token at first, and then has an update."""

    def __init__(self) -> None:
        self.answers: list[list[object] | Exception] = [Refused(Reason.ACCOUNT_PROBLEM, "Unauthorized", code) for code in (401, 404, 401)]
        self.answers.append([{"update_id": 7}])

    async def updates(self, offset: int) -> list[object]:
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def answer_press(self, press: str) -> None:
        raise AssertionError("nobody pressed anything")


async def test_a_token_that_is_known_again_is_polled_with_again() -> None:
    offsets, poller = Recorder(), Poller("telegram", Doubtful(), lambda: 1, first_wait=0.0, longest_wait=0.001)
    task = asyncio.create_task(poller.run(offsets))
    offset, _ = await offsets.next()
    task.cancel()
    assert (offset, poller.trouble) == (8, "")


async def test_a_wrong_token_is_told_by_health_while_the_listening_goes_on(world: World) -> None:
    telegram = Telegram(replace(world.options, token="999:WRONG"))
    async with listening(telegram, Recorder()):
        health = await telegram.health()
    await telegram.close()
    assert (health.ok, health.words) == (False, "Telegram does not know this token")


async def test_health_names_the_bot(world: World) -> None:
    health = await world.telegram.health()
    assert (health.ok, health.facts["username"], health.words) == (True, "customer_bot", "@customer_bot answers")


async def test_a_press_is_answered_at_once_and_carries_its_label(world: World) -> None:
    receipt = await world.say(Say("Which language?", buttons=((Button("English", value="q:en"), Button("Shop", url="https://lamps.example/")),)))
    offsets = Recorder()
    async with listening(world.telegram, offsets):
        await offsets.next()
        pressed = await world.act("click", message_id=int(receipt.ids[0]), button="English")
        _, events = await offsets.next()
    (press,) = world.heard(events)
    assert pressed["answered"]
    assert isinstance(press, Postback)
    assert (press.value, press.label, press.message) == ("q:en", "English", receipt.ids[0])


async def test_an_update_nobody_can_read_is_kept_as_it_came_and_does_not_stop_the_rest() -> None:
    deep = '{"ok":true,"result":[{"update_id":41,"message":' + "[" * 100_000 + "]" * 100_000 + "}]}"
    plain = '{"ok":true,"result":[{"update_id":42,"message":{"chat":{"id":3}}}]}'
    offsets = Recorder()
    async with scripted({0: deep, 42: plain}) as url:
        telegram = Telegram(TelegramOptions(TOKEN, api_base=url, poll_seconds=1, first_wait=0.01))
        async with listening(telegram, offsets):
            first, (damaged,) = await offsets.next()
            second, (fine,) = await offsets.next()
        await telegram.close()
    assert (first, damaged.key, damaged.body.decode()) == (42, "41", deep)
    assert (second, fine.key) == (43, "42")
