"""Viber comes to our door: proven, kept before it is answered, and an opened chat is greeted at once."""

import asyncio
import json
from collections.abc import Sequence

import aiohttp
import pytest

from channels.viber.door import signed
from crm.base.errors import Busy
from crm.base.events import Arrival, Message, RawEvent, SessionStarted, Status
from crm.base.outbound import Button, Say
from sandbox.viber.courier import signature
from tests.channels.viber.stand import ANI, FIXTURES, OLD, Stand, stand
from tests.doors import Inbox


async def knock(stand: Stand, body: bytes, token: str = "", age: int = 0) -> tuple[int, bytes]:
    """Bring a body as Viber does; `age` 1 = to the path made of the older key."""
    url = f"{stand.door}{stand.house.paths('viber')[age]}"
    headers = {"X-Viber-Content-Signature": signature(token or stand.world.tokens[0], body)}
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.read()


def test_the_published_signature_is_believed() -> None:
    """Viber/viber-bot-python, tests/api/test_api.py."""
    token = b"44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3"
    body = b'{"event":"webhook","timestamp":4977069964384421269,"message_token":1478683725125}'
    mark = "d21b343448c8aee33b8e93768ef6ceb64a6ba6163099973a2b8bd028fea510ef"
    assert signed(body, mark, (token,))
    assert signed(body, mark, (b"another", token))
    assert not signed(body + b" ", mark, (token,))
    assert not signed(b'{"event":"webhook"}', "aaaaaaaaaaaaaaaaaaaaaa", (token,))


async def test_both_tokens_and_both_paths_are_good_during_a_change() -> None:
    async with stand() as place:
        for number, (token, age) in enumerate([("", 0), (OLD, 0), ("", 1), (OLD, 1)]):
            body = json.dumps({"event": "subscribed", "message_token": number + 1, "user": {"id": ANI}}).encode()
            assert await knock(place, body, token, age) == (200, b"")
        assert len(place.inbox.events) == 4


async def test_a_third_token_is_not() -> None:
    async with stand() as place:
        assert (await knock(place, b'{"event":"message"}', "a-third-token"))[0] == 401
        assert place.inbox.events == []


async def test_the_call_while_the_webhook_is_set_is_answered_and_is_nothing_that_happened() -> None:
    async with stand(looked=False) as place:
        await place.viber.watch.look()
        assert place.world.hook == place.hook
        assert (place.inbox.events, place.viber._door.counts["webhook"]) == ([], 1)


async def test_what_one_person_does_stays_in_order_and_comes_once() -> None:
    async with stand() as place:
        place.world.faults.add("twice")
        await place.hands.say(place.ani, "one")
        await place.hands.say(place.ani, "two")
        events = await place.settled()
        assert [event.text for event in events if isinstance(event, Message)] == ["one", "two"]
        assert {raw.lane for raw in place.inbox.events} == {f"viber:{ANI}"}


async def test_what_could_not_be_kept_is_brought_again() -> None:
    async with stand(inbox=Inbox(Busy("full"), Busy("full"))) as place:
        await place.hands.say(place.ani, "hello")
        (event,) = await place.heard(1)
        assert isinstance(event, Message)


async def test_delivered_and_seen_of_one_message_are_two_events() -> None:
    async with stand() as place:
        for name in ("delivered", "seen", "delivered"):
            assert (await knock(place, (FIXTURES / f"{name}.json").read_bytes()))[0] == 200
        assert [raw.key for raw in place.inbox.events] == ["delivered:5741311803571721087", "seen:5741311803571721087"]


async def test_receipts_may_come_late_and_turned_around() -> None:
    async with stand() as place:
        await place.hands.say(place.ani, "hello")
        place.ani.reads = True
        place.world.faults.add("late", count=2)
        sent = await place.send(Say("Hi!"))
        await place.api.quiet()
        place.api.courier.release(turned=True)
        told = [event for event in await place.settled() if isinstance(event, Status)]
        assert [(event.arrival, event.ids) for event in told] == [(Arrival.READ, sent.ids), (Arrival.DELIVERED, sent.ids)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"event": 7}', b'{"event":"message","message_token":1}', b'{"a":1,"a":2}'])
async def test_a_signed_body_of_another_shape_is_kept_and_said_to_be_unknown(body: bytes) -> None:
    async with stand() as place:
        assert (await knock(place, body))[0] == 200
        assert (await knock(place, body))[0] == 200
        (raw,) = place.inbox.events
        assert len(place.viber.parse(raw)) == 1


# An opened chat.


async def test_what_is_said_to_who_opens_the_chat_goes_as_the_answer_to_that() -> None:
    async with stand(welcome_seconds=60.0) as place:
        opening = asyncio.create_task(place.hands.open(place.ani, "shelf-oak"))
        (event,) = await place.heard(1)
        assert isinstance(event, SessionStarted)
        assert (await place.send(Say("Welcome to Marani!", buttons=((Button("Prices", "prices"),),), ref="d1"))).ids == ()
        assert await opening == ""
        (note,) = place.ani.notes
        assert (note.body["text"], [one["Text"] for one in place.ani.keyboard]) == ("Welcome to Marani!", ["Prices"])
        assert not any(method == "send_message" for method, _ in place.world.asked)


async def test_whoever_answers_the_welcome_is_subscribed_and_written_to_as_usual() -> None:
    async with stand(welcome_seconds=60.0) as place:
        opening = asyncio.create_task(place.hands.open(place.ani))
        await place.heard(1)
        await place.send(Say("Welcome!", ref="d1"))
        await opening
        await place.hands.say(place.ani, "hello")
        _, status, said = await place.heard(2)
        assert isinstance(status, Status)
        assert (status.ref, status.arrival) == ("d1", Arrival.READ)
        assert isinstance(said, Message)
        assert len((await place.send(Say("Hi!"))).ids) == 1


async def test_when_nobody_greets_in_time_the_ready_words_are_said() -> None:
    async with stand(welcome_seconds=0.01, welcome="Write to us!") as place:
        assert await place.hands.open(place.ani) == ""
        assert [note.body["text"] for note in place.ani.notes] == ["Write to us!"]


async def test_the_time_that_keeping_took_is_none_to_wait_besides() -> None:
    late = json.dumps({"type": "text", "text": "too late"}).encode()

    class Slow(Inbox):
        async def __call__(self, events: Sequence[RawEvent]) -> None:
            await asyncio.sleep(0.5)  # longer than a greeting is waited for
            asyncio.get_running_loop().call_later(0.05, place.viber._door._welcomes.hand, ANI, lambda: late)

    async with stand(inbox=Slow(), welcome_seconds=0.4, welcome="Write to us!") as place:
        await place.hands.open(place.ani)
        assert [note.body["text"] for note in place.ani.notes] == ["Write to us!"]


async def test_when_nobody_greets_and_nothing_is_ready_the_answer_is_empty() -> None:
    async with stand(welcome_seconds=0.01) as place:
        assert await place.hands.open(place.ani) == ""
        assert place.ani.notes == []


async def test_what_could_not_be_kept_is_not_greeted() -> None:
    async with stand(inbox=Inbox(Busy("full")), welcome_seconds=60.0) as place:
        body = (FIXTURES / "conversation_started.json").read_bytes()
        assert (await knock(place, body))[0] == 503
        assert place.viber._door._welcomes._waiting == {}


async def test_a_subscribers_own_look_is_answered_at_once_and_a_link_is_greeted() -> None:
    async with stand(welcome_seconds=60.0, welcome="never") as place:
        place.ani.subscribed = True
        assert await place.hands.open(place.ani) == ""
        opening = asyncio.create_task(place.hands.open(place.ani, "shelf-pine"))
        await place.inbox.until(2)
        await place.send(Say("This is the pine one"))
        await opening
        assert [note.body["text"] for note in place.ani.notes] == ["This is the pine one"]
