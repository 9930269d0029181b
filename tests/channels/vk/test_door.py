"""The door: what VK is answered, whom it believes, what is kept."""

import json
from typing import Any

import pytest

from channels.vk.door import raw_event
from crm.base.errors import Busy, Misconfigured
from crm.base.events import Message
from sandbox.vk.world import CONFIRMATION, GROUP
from tests.channels.test_contract import damaged, places
from tests.channels.vk.stand import ANI, NOW, Stand, channel, firm, fixture, stand
from tests.doors import Inbox


async def knock(here: Stand, body: Any, path: str = "") -> tuple[int, str]:
    """The status and the words of an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with here.http.post(path or here.door, data=raw, headers={"Content-Type": "application/json"}) as answer:
        return answer.status, await answer.text()


def brought(secret: str, **more: Any) -> dict[str, Any]:
    return {**json.loads(fixture("text")), "secret": secret, **more}


async def test_vk_hears_the_string_it_asks_for() -> None:
    async with stand(hooked=False, confirmation="a1b2c3") as here:
        assert await knock(here, {"type": "confirmation", "group_id": GROUP}) == (200, "a1b2c3")


async def test_another_community_hears_nothing() -> None:
    async with stand(hooked=False, confirmation="a1b2c3") as here:
        assert (await knock(here, {"type": "confirmation", "group_id": 5}))[0] == 403


async def test_a_string_that_is_not_set_is_asked_for_once_and_vk_comes_again_while_it_cannot_be_had() -> None:
    async with stand(hooked=False) as here:
        here.world.faults.add("drop", "groups.getCallbackConfirmationCode")
        assert (await knock(here, {"type": "confirmation", "group_id": GROUP}))[0] == 503
        for _ in range(2):
            assert await knock(here, {"type": "confirmation", "group_id": GROUP}) == (200, CONFIRMATION)
        assert len(here.sent("groups.getCallbackConfirmationCode")) == 1


async def test_every_event_is_answered_with_one_word_after_it_was_kept() -> None:
    async with stand() as here:
        assert await knock(here, brought(here.vk.secrets[0])) == (200, "ok")
        assert await knock(here, brought(here.vk.secrets[0], type="a_kind_of_next_year", event_id="e2")) == (200, "ok")
    assert len(here.inbox.events) == 2


@pytest.mark.parametrize("place", [0, 1])
async def test_both_secrets_are_believed_during_rotation_at_both_addresses(place: int) -> None:
    async with stand() as here:
        path = here.shop + firm().paths("vk")[place]
        assert await knock(here, brought(here.vk.secrets[place]), path) == (200, "ok")


async def test_secrets_of_the_settings_take_the_place_of_derived_ones() -> None:
    async with stand(hooked=False, secrets=("fresh", "stale")) as here:
        assert [(await knock(here, brought(secret)))[0] for secret in ("fresh", "stale", channel().secrets[0])] == [200, 200, 403]


@pytest.mark.parametrize("secret", ["", "wrong", None, 7, ["fresh"], "fresh\x00"])
async def test_without_the_secret_nothing_is_kept(secret: Any) -> None:
    async with stand(hooked=False, secrets=("fresh",)) as here:
        assert (await knock(here, brought(secret)))[0] == 403
        assert (await knock(here, b"not JSON"))[0] == 403
        assert (await knock(here, brought("fresh", group_id=5)))[0] == 403
    assert here.inbox.events == []


@pytest.mark.parametrize("loose", [False, True])
async def test_the_secret_stands_in_no_table(loose: bool) -> None:
    async with stand(hooked=False, secrets=("fresh_secret",)) as here:
        body = brought("fresh_secret")
        body["object"]["message"]["text"] = 'It says "secret":"fresh_secret" there'
        raw = json.dumps(body, indent=1 if loose else None, separators=None if loose else (",", ":")).encode()
        assert await knock(here, raw) == (200, "ok")
        (kept,) = here.inbox.events
        assert json.loads(kept.body)["secret"] == ""
        (found,) = here.vk.parse(kept)
    assert isinstance(found, Message)
    assert found.text == 'It says "secret":"fresh_secret" there'


async def test_the_same_event_from_two_servers_of_vk_is_one() -> None:
    async with stand() as here:
        for secret in here.vk.secrets:
            assert await knock(here, brought(secret)) == (200, "ok")
    assert len(here.inbox.events) == 1
    assert here.inbox.events[0].lane == f"vk:{ANI}"


async def test_an_event_without_an_id_is_known_by_its_words() -> None:
    async with stand() as here:
        for event_id in ("", "x" * 300, "\u2028"):
            assert (await knock(here, brought(here.vk.secrets[0], event_id=event_id)))[0] == 200
    assert all(event.key.startswith("body:") for event in here.inbox.events)


async def test_what_could_not_be_kept_is_brought_again_in_order() -> None:
    async with stand(inbox=Inbox(Busy("full"), Busy("full"))) as here:
        here.heard("first")
        here.heard("second")
        events = await here.events(2)
        await here.world.courier.idle()
    assert [event.text for event in events if isinstance(event, Message)] == ["first", "second"]
    assert [status for status, _ in here.world.courier.brought] == [503, 503, 200, 200]


async def test_events_that_come_twice_and_out_of_order_are_each_kept_once() -> None:
    async with stand() as here:
        here.world.courier.held = []
        for text in ("first", "second", "third"):
            here.heard(text)
        here.world.courier.release(shuffled=True, twice=True)
        await here.world.courier.idle()
        events = await here.events(3)
    assert [event.text for event in events if isinstance(event, Message)] == ["third", "second", "first"]
    assert len(here.inbox.events) == 3


async def test_people_at_once_keep_to_their_lanes() -> None:
    async with stand() as here:
        for number in (11, 12, 13):
            here.human.say(number, "hello")
        kept = await here.inbox.until(3)
    assert {event.lane for event in kept} == {"vk:11", "vk:12", "vk:13"}


HARMS = ("drop", "retype", "nest", "double")


@pytest.mark.parametrize("name", ["text", "forwarded", "echo_by_a_person", "read", "reaction", "lead_form", "denied"])
def test_no_damage_to_an_event_keeps_it_out_or_gives_it_a_key_nobody_can_store(name: str) -> None:
    payload = json.loads(fixture(name))
    for place in places(payload):
        for harm in HARMS:
            body = damaged(payload, place, harm)
            kept = raw_event("vk", json.loads(body), body, NOW)
            assert 0 < len(kept.key) <= 210
            assert kept.key.isascii()
            assert kept.lane.removeprefix("vk:").isdigit() or kept.lane == "vk:"


@pytest.mark.parametrize(
    "wrong",
    [{"group": 0}, {"token": ""}, {"token": "two words"}, {"secrets": ("with space",)}, {"api_base": "http://api.vk.example"}, {"reactions": {"like": "👍"}}],
)
def test_settings_that_cannot_work_are_refused_at_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        channel(**wrong)
