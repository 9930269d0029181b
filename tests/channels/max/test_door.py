"""How updates come: brought with a secret, or fetched; each kept once, whichever way it came."""

import asyncio
import json
from typing import Any

import pytest

from channels.max import Max
from channels.max.split import raw_event
from crm.base.errors import Busy, Misconfigured
from crm.base.events import Message
from sandbox.max.world import Subscription
from tests.channels.max.stand import ANI, FIXTURES, NOW, OPTIONS, Stand, channel, firm, stand
from tests.channels.test_contract import damaged, places
from tests.doors import Inbox

TEXT = (FIXTURES / "text.json").read_bytes()


async def knock(here: Stand, body: bytes, secret: str | None, path: str = "") -> int:
    headers = {"Content-Type": "application/json", **({} if secret is None else {"X-Max-Bot-Api-Secret": secret})}
    async with here.http.post(path or here.door, data=body, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("place", [0, 1])
async def test_both_secrets_are_believed_during_rotation_at_both_addresses(place: int) -> None:
    async with stand(hooked=False) as here:
        assert await knock(here, TEXT, here.max.secrets[place], here.shop + firm().paths("max")[place]) == 200
    assert len(here.inbox.events) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "fresh-secret\u00e9"])
async def test_without_the_secret_nothing_is_kept(secret: str | None) -> None:
    async with stand(hooked=False, secrets=("fresh-secret",)) as here:
        assert await knock(here, TEXT, secret) == 401
    assert here.inbox.events == []


async def test_a_body_that_cannot_be_read_is_kept_whole() -> None:
    async with stand(hooked=False) as here:
        assert await knock(here, b'{"update_type": ', here.max.secrets[0]) == 200
    assert here.inbox.events[0].body == b'{"update_type": '


async def test_max_is_told_where_to_come_and_comes() -> None:
    async with stand() as here:
        (subscription,) = here.world.subscriptions
        assert (subscription.url, subscription.secret) == (here.door, here.max.secrets[0])
        here.human.say(ANI, "Здравствуйте")
        (found,) = await here.events(1)
        assert isinstance(found, Message)
        assert (await here.max.health()).ok


async def test_an_address_from_before_the_key_changed_is_given_up() -> None:
    async with stand(hooked=False) as here:
        old = here.shop + firm().paths("max")[1]
        here.world.subscriptions += [Subscription(old, "secret", frozenset(), 0), Subscription("https://other.example/bot", "", frozenset(), 0)]
        await here.max.listener.begin()
        assert [one.url for one in here.world.subscriptions] == [here.door, "https://other.example/bot"]


async def test_what_could_not_be_kept_is_brought_again_in_order() -> None:
    async with stand(inbox=Inbox(Busy("full"), Busy("full"))) as here:
        here.human.say(ANI, "first")
        here.human.say(ANI, "second")
        events = await here.events(2)
        await here.world.courier.idle()
    assert [event.text for event in events if isinstance(event, Message)] == ["first", "second"]
    assert [status for status, _ in here.world.courier.brought] == [503, 503, 200, 200]


async def test_updates_that_come_twice_and_out_of_order_are_each_kept_once() -> None:
    async with stand() as here:
        here.world.courier.held = []
        here.human.start(ANI)
        for text in ("first", "second"):
            here.human.say(ANI, text)
        here.world.courier.release(shuffled=True, twice=True)
        await here.world.courier.idle()
        events = await here.events(3)
    assert [event.text for event in events if isinstance(event, Message)] == ["second", "first"]
    assert len(here.inbox.events) == 3


async def test_without_a_public_address_updates_are_fetched_and_a_webhook_from_before_is_removed() -> None:
    async with stand(public=False) as here:
        here.world.subscriptions.append(Subscription("https://old.example/hook", "", frozenset(), 0))
        task = asyncio.create_task(here.max.listen(here.inbox))
        async with asyncio.timeout(30):
            await here.max.listener.looked.wait()
        assert here.world.subscriptions == []
        here.human.say(ANI, "first")
        here.human.say(ANI, "second")
        events = await here.events(2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [event.text for event in events if isinstance(event, Message)] == ["first", "second"]
    assert here.inbox.offset == 3


async def test_where_max_cannot_come_by_https_updates_are_fetched_too() -> None:
    plain = Max(OPTIONS, firm("http://crm.example"))
    assert plain.listener._post.poll
    assert not Max(OPTIONS, firm("https://crm.example")).listener._post.poll


async def test_fetching_goes_on_where_it_stood_and_shows_nothing_twice() -> None:
    async with stand(public=False) as here:
        here.human.say(ANI, "seen before")
        here.inbox.offset = 2
        here.human.say(ANI, "new")
        task = asyncio.create_task(here.max.listen(here.inbox))
        (found,) = await here.events(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert here.asked("GET", "/updates")[0]["marker"] == "2"
    assert isinstance(found, Message)
    assert found.text == "new"


async def test_what_could_not_be_kept_is_fetched_again() -> None:
    async with stand(public=False, inbox=Inbox(Busy("full"), Busy("full"))) as here:
        here.human.say(ANI, "first")
        task = asyncio.create_task(here.max.listen(here.inbox))
        await here.inbox.until(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert here.inbox.offset == 2


@pytest.mark.parametrize("fault", [{"kind": "error", "code": 401, "word": "verify.token"}, {"kind": "drop"}, {"kind": "status", "code": 429, "after": 1}])
async def test_whatever_max_says_it_is_asked_again(fault: dict[str, Any]) -> None:
    async with stand(public=False) as here:
        here.world.faults.add(path="/me", **fault)
        here.world.faults.add(path="/updates", **fault)
        here.human.say(ANI, "first")
        task = asyncio.create_task(here.max.listen(here.inbox))
        await here.inbox.until(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(here.asked("GET", "/me")) >= 1


async def test_a_token_max_does_not_take_is_told_by_health() -> None:
    async with stand(public=False) as here:
        assert not (await here.max.health()).words.startswith("MAX does not")
        here.world.faults.add("error", "/me", code=401, word="verify.token")
        assert await here.max.listener.attempt(here.inbox) < 1
        health = await here.max.health()
    assert (health.ok, health.words) == (False, "MAX does not take this token")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_an_update_has_the_same_key_both_ways(path: Any) -> None:
    body = path.read_bytes()
    brought, fetched = raw_event("max", json.loads(body), NOW, body), raw_event("max", json.loads(body), NOW + 5)
    assert brought.key == fetched.key
    assert not brought.key.startswith("body:") or "channel" in path.stem
    assert brought.lane == fetched.lane


HARMS = ("drop", "retype", "nest", "double")


@pytest.mark.parametrize("name", ["text", "press", "started", "removed", "own_contact", "edit"])
def test_no_damage_to_an_update_keeps_it_out_or_gives_it_a_key_nobody_can_store(name: str) -> None:
    payload = json.loads((FIXTURES / f"{name}.json").read_bytes())
    for place in places(payload):
        for harm in HARMS:
            body = damaged(payload, place, harm)
            kept = raw_event("max", json.loads(body), NOW, body)
            assert 0 < len(kept.key) <= 210
            assert kept.key.isascii()
            assert kept.lane.removeprefix("max:").isdigit() or kept.lane == "max:"


@pytest.mark.parametrize(
    "wrong", [{"token": ""}, {"token": "two words"}, {"secrets": ("abc",)}, {"secrets": ("with space",)}, {"api_base": "http://max.example"}]
)
def test_settings_that_cannot_work_are_refused_at_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        channel(**wrong)
