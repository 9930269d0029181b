"""How messages come in from Meta: handshake, signature, batches, repeats, disorder."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, web

from channels.meta import SIGNATURE, Door, DoorOptions, signed
from channels.whatsapp.split import split
from crm.base.errors import Busy
from crm.base.events import Message, RawEvent, Status, Unknown
from crm.base.outbound import Say
from tests.channels.whatsapp.stand import ANAHIT, NOW, SECRETS, Town, channel, firm, raw, town
from tests.doors import Inbox, served


def mark(body: bytes, secret: str = SECRETS[0]) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def envelope(*messages: dict[str, Any], **more: Any) -> bytes:
    value = {"metadata": {"phone_number_id": "106540352242922"}, "messages": list(messages), **more}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()


def text(number: int, person: str = ANAHIT) -> dict[str, Any]:
    return {"from": person, "id": f"wamid.{number:04}", "timestamp": "1764071000", "type": "text", "text": {"body": str(number)}}


async def bring(town: Town, body: bytes, **headers: str) -> int:
    path = firm().paths("whatsapp")[0]
    given = {"Content-Type": "application/json", SIGNATURE: mark(body), **headers}
    async with town.http.post(town.public_url + path, data=body, headers=given) as answer:
        return answer.status


def test_the_mark_is_hmac_over_the_raw_bytes() -> None:
    vector = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"  # published for the same header and algorithm
    assert signed(b"Hello, World!", vector, ["It's a Secret to Everybody"])
    assert not signed(b"Hello, World! ", vector, ["It's a Secret to Everybody"])


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", mark(b"x").removeprefix("sha256="), "sha256=\udcff", mark(b"x", "")])
def test_a_bad_mark_is_no_mark(header: str) -> None:
    assert not signed(b"x", header, SECRETS)
    assert not signed(b"x", header, ("",))


async def test_while_the_secret_changes_both_are_believed() -> None:
    async with town(app_secrets=("new-secret", "app-secret")) as here:
        await here.heard(text="with the old one")
        await here.play("secrets", new="new-secret")
        await here.heard(text="with the new one")
        assert len(here.inbox.events) == 2
        await here.play("secrets", new="of another app")
        await here.does("send", text="forged")
        while (await here.whatsapp.health()).facts.get("refused") is None:
            await asyncio.sleep(0)
        assert len(here.inbox.events) == 2


async def test_meta_is_answered_with_its_own_word_only_if_it_knows_ours() -> None:
    async with town() as here:
        url, token = here.public_url + firm().paths("whatsapp")[0], firm().derived("webhook token", "whatsapp")[0]
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "<b>42</b>"}
        async with here.http.get(url, params=asked) as answer:
            assert (answer.status, await answer.text(), answer.content_type) == (200, "<b>42</b>", "text/plain")
        for wrong in ({"hub.verify_token": "guess"}, {"hub.mode": "other"}, {"hub.verify_token": ""}):
            async with here.http.get(url, params={**asked, **wrong}) as answer:
                assert answer.status == 403


async def test_the_tokens_of_all_our_keys_are_believed() -> None:
    old, new = firm(keys=(b"o" * 32,)), firm(keys=(b"n" * 32, b"o" * 32))
    assert set(old.derived("webhook token", "whatsapp")) < set(new.derived("webhook token", "whatsapp"))
    assert set(old.paths("whatsapp")) < set(new.paths("whatsapp"))


async def test_every_element_of_a_batch_is_an_event_of_its_own() -> None:
    async with town() as here:
        await here.play("hold")
        for number in range(3):
            await here.does("send", text=str(number))
        await here.does("send", "37455000111", text="another person")
        await here.play("release")
        found = await here.events(4)
        assert [one.text for one in found if isinstance(one, Message)] == ["0", "1", "2", "another person"]
        assert len({one.key for one in here.inbox.events}) == 4
        assert [one.lane for one in here.inbox.events] == [f"whatsapp:{ANAHIT}"] * 3 + ["whatsapp:37455000111"]
        await here.world.courier.idle()
        assert [status for status, _ in here.world.courier.brought] == [200]


async def test_a_replay_is_kept_once_and_answered_well() -> None:
    async with town() as here:
        body = envelope(text(1), text(2), text(1))
        assert [await bring(here, body) for _ in range(3)] == [200, 200, 200]
        assert list(dict.fromkeys(one.key for one in here.inbox.events)) == ["wamid.0001", "wamid.0002"]


async def test_a_repeat_in_another_batch_is_the_same_event() -> None:
    card = {"profile": {"name": "Anahit"}, "wa_id": ANAHIT}
    [first] = split("whatsapp", envelope(text(1), contacts=[card]), NOW)
    again = split("whatsapp", envelope(text(2), text(1), contacts=[{**card, "profile": {"name": "A."}}]), NOW + 5)[1]
    assert (first.key, first.lane) == (again.key, again.lane)
    assert again.same in first.body


async def test_states_in_any_order_and_twice_are_events_of_their_own() -> None:
    async with town() as here:
        await here.heard()
        here.world.automatic = False
        sent = (await here.say(Say("hello"))).ids[0]
        await here.play("hold")
        for state in ("sent", "delivered", "read", "read"):
            await here.play("status", message_id=sent, status=state)
        await here.play("release", shuffled=True, twice=True)
        await here.world.courier.idle()
        states = {one.key: event.arrival for one in here.inbox.events for event in here.whatsapp.parse(one) if isinstance(event, Status)}
        assert states == {f"{sent}:{state}": state for state in ("read", "delivered", "sent")}


async def test_without_the_mark_nothing_is_kept() -> None:
    async with town() as here:
        body = envelope(text(1))
        for wrong in ({SIGNATURE: ""}, {SIGNATURE: mark(body + b" ")}, {SIGNATURE: mark(body, "guess")}):
            assert await bring(here, body, **wrong) == 401
        assert here.inbox.events == []


async def test_what_is_too_large_or_no_json_is_refused_unread() -> None:
    async with town(body_mb=1) as here:
        large = envelope({**text(1), "text": {"body": "x" * 2**20}})
        assert await bring(here, large) == 413
        assert await bring(here, b"{}", **{"Content-Type": "text/plain"}) == 415
        assert await bring(here, envelope(text(1)), **{"Content-Encoding": "gzip"}) == 415
        assert here.inbox.events == []


async def test_a_batch_as_large_as_meta_makes_them_is_taken_whole() -> None:
    async with town() as here:
        body = envelope(*({**text(number), "text": {"body": "ս" * 400}} for number in range(1000)))
        assert len(body) > 2_500_000
        assert await bring(here, body) == 200
        assert len(here.inbox.events) == 1000


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 9000, b'{"entry":[]}', b'{"entry":[{"changes":[5]}]}', b"NaN"])
async def test_a_signed_body_that_will_not_split_is_kept_whole(body: bytes) -> None:
    async with town() as here:
        assert await bring(here, body) == 200
        [kept] = here.inbox.events
        assert (kept.body, kept.key) == (body, f"body:{hashlib.sha256(body).hexdigest()}")
        assert all(isinstance(event, Unknown) for event in here.whatsapp.parse(kept))


async def test_elements_that_are_none_do_not_take_the_others_with_them() -> None:
    body = json.dumps({"entry": [None, {"changes": [None, {"field": "messages", "value": {"messages": [None, 7, text(1), {"type": "text"}]}}]}]}).encode()
    found = [channel().parse(one)[0] for one in split("whatsapp", body, NOW)]
    assert [type(one).__name__ for one in found] == ["Unknown", "Unknown", "Message", "Unknown"]


async def test_meta_comes_again_when_the_store_was_full() -> None:
    async with town() as here:
        here.inbox.failures.append(Busy("full"))
        await here.heard(text="brought twice")
        await here.world.courier.idle()
        assert [status for status, _ in here.world.courier.brought] == [503, 200]


async def test_another_number_of_the_same_app_is_kept_and_not_answered() -> None:
    body = envelope(text(1)).replace(b"106540352242922", b"999999999999999")
    [kept] = split("whatsapp", body, NOW)
    assert channel().parse(kept) == [Unknown("another_number", at=NOW)]


async def test_a_person_who_shows_and_hides_the_number_is_one_by_the_aliases() -> None:
    async with town() as here:
        await here.heard()
        here.world.people[ANAHIT].hides = True
        await here.heard(text="hidden now")
        first, second = (one.sender for one in await here.events(2) if isinstance(one, Message))
        assert second.external_id in first.aliases
        assert (first.phone, second.phone) == (f"+{ANAHIT}", "")


async def test_the_owners_phone_and_a_new_number_are_heard() -> None:
    async with town() as here:
        await here.heard()
        await here.does("echo", text="I will call you")
        await here.does("prefer", value="stop")
        await here.does("number", new="37499000000")
        kinds = [type(one).__name__ for one in await here.events(4)]
        assert kinds == ["Message", "Message", "OptOut", "IdentityChanged"]


async def test_a_door_without_paths_is_no_door() -> None:
    door = Door(DoorOptions((), (), SECRETS), lambda body, now: [], lambda: NOW)

    async def keep(_: Sequence[RawEvent]) -> None:
        raise AssertionError

    assert door.routes(keep) == []


async def test_the_door_of_an_empty_split_keeps_nothing() -> None:
    inbox = Inbox(Busy("never asked"))
    door = Door(DoorOptions(("/in/x",), ("t",), SECRETS), lambda body, now: [], lambda: NOW)
    async with served(lambda _: list(door.routes(inbox))) as url, ClientSession() as http:
        headers = {"Content-Type": "application/json", SIGNATURE: mark(b"{}")}
        async with http.post(f"{url}/in/x", data=b"{}", headers=headers) as answer:
            assert answer.status == web.HTTPOk.status_code
        async with http.delete(f"{url}/in/x") as answer:
            assert answer.status == 405


def test_raw_bytes_of_anything_are_unknown() -> None:
    assert isinstance(channel().parse(raw(b"\x00"))[0], Unknown)
