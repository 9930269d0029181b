"""Nothing that staff did is acknowledged before it is kept, and listening never dies silently."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from bots.staff.carrier import StaffCarrier
from bots.staff.poll import ALLOWED, Pace, PollState, introduce, listen_once, poll
from bots.staff.transport import AiohttpRequest, StaffOptions
from bots.staff.updates import application
from crm.base.errors import Busy, Lost
from crm.base.events import RawEvent
from sandbox.telegram.hands import Hands

QUICK = Pace(wait=1, first=0.01, most=0.02)


class Kept:
    """Offsets and events in memory, which fail first with the `failures` given."""

    def __init__(self, *failures: Exception) -> None:
        self.offset, self.events, self.failures = 0, list[RawEvent](), list(failures)
        self.came = asyncio.Condition()

    async def get(self, name: str) -> int:
        assert name == "staff"
        async with self.came:
            self.came.notify_all()
        return self.offset

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        async with self.came:
            known = {event.key for event in self.events}
            self.offset, self.events = offset, [*self.events, *(event for event in events if event.key not in known)]
            self.came.notify_all()

    async def texts(self, count: int) -> list[str]:
        await self.until(lambda: len(self.events) >= count)
        return [json.loads(event.body)["message"]["text"] for event in self.events]

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for something that is true when a round begins or events are kept."""
        async with asyncio.timeout(10), self.came:
            await self.came.wait_for(true)


@asynccontextmanager
async def listening(request: AiohttpRequest, kept: Kept) -> AsyncIterator[PollState]:
    state = PollState()
    task = asyncio.create_task(poll(request, kept, state, pace=QUICK))
    yield state
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_a_rep_writes_is_kept_raw_in_the_lane_of_their_chat(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    kept = Kept()
    await hands.do("ruben", "send", bot="staff", text="բարև")
    await listen_once(carrier.request, kept, "staff", 0)
    event, update = kept.events[-1], json.loads(kept.events[-1].body)
    assert (event.account, event.key, event.lane) == ("staff", str(update["update_id"]), f"staff:{ruben}")
    assert update["message"]["text"] == "բարև"
    assert event.received_at > 1_600_000_000_000
    assert kept.offset == update["update_id"] + 1


async def test_it_names_the_updates_it_wants(carrier: StaffCarrier, hands: Hands) -> None:
    await listen_once(carrier.request, Kept(), "staff", 0)
    asked = (await hands.log(bot="staff", method="getUpdates"))[0]["parameters"]
    assert asked["allowed_updates"] == list(ALLOWED)


async def test_presses_and_blocks_are_in_the_same_lane(carrier: StaffCarrier, hands: Hands, ruben: str) -> None:
    kept = Kept()
    await carrier.bot.send_message(int(ruben), "card")
    card = (await hands.chat("ruben", bot="staff"))["messages"][-1]["message_id"]
    await hands.do("ruben", "press", bot="staff", data="tk:1", message_id=card, wait=0)
    await hands.do("ruben", "block", bot="staff")
    await listen_once(carrier.request, kept, "staff", 0)
    assert {event.lane for event in kept.events} == {f"staff:{ruben}"}
    assert len(kept.events) == 3


@pytest.mark.parametrize("failure", [Busy(), RuntimeError("disk full")])
async def test_what_could_not_be_kept_comes_again(carrier: StaffCarrier, hands: Hands, ruben: str, failure: Exception) -> None:
    kept = Kept(failure)
    async with listening(carrier.request, kept) as state:
        await hands.do("ruben", "send", bot="staff", text="still here")
        assert await kept.texts(2) == ["/start", "still here"]
        await kept.until(lambda: state.ok)


@pytest.mark.parametrize("kind", ["500", "garbage", "drop", "drop_after", "409", "429", "403", "duplicate"])
async def test_it_survives_what_telegram_does(carrier: StaffCarrier, hands: Hands, ruben: str, kind: str) -> None:
    kept = Kept()
    await hands.fault(kind, method="getUpdates", seconds=1)
    async with listening(carrier.request, kept):
        await hands.do("ruben", "send", bot="staff", text="one")
        assert await kept.texts(2) == ["/start", "one"]


async def test_it_waits_for_a_telegram_that_is_down(options: StaffOptions) -> None:
    request = AiohttpRequest(replace(options, server="http://127.0.0.1:9"))
    kept = Kept()
    async with listening(request, kept) as state:
        await kept.until(lambda: "cannot reach Telegram" in state.words)
        assert not state.health().ok
    await request.shutdown()


async def test_a_wrong_token_is_told_in_words(options: StaffOptions) -> None:
    request = AiohttpRequest(replace(options, token="200:WRONG"))
    kept = Kept()
    async with listening(request, kept) as state:
        await kept.until(lambda: "refuses the token" in state.words)
    await request.shutdown()


async def test_a_second_poller_is_told_in_words(carrier: StaffCarrier, hands: Hands) -> None:
    await hands.fault("409", method="getUpdates", count=0)
    kept = Kept()
    async with listening(carrier.request, kept) as state:
        await kept.until(lambda: "another program" in state.words)


async def test_it_ends_when_another_node_has_taken_over(carrier: StaffCarrier, ruben: str) -> None:
    state = PollState()
    with pytest.raises(Lost):
        await poll(carrier.request, Kept(Lost()), state, pace=QUICK)
    assert not state.ok


@pytest.mark.parametrize("update", [{"update_id": "seven"}, {"update_id": True}, {"update_id": 1.5}])
async def test_an_update_without_a_number_is_never_acknowledged(carrier: StaffCarrier, hands: Hands, update: object) -> None:
    await hands.post("/play/raw", {"bot": "staff", "update": update})
    kept = Kept()
    async with listening(carrier.request, kept) as state:
        await kept.until(lambda: "not a list of updates" in state.words)


@pytest.mark.parametrize("update", [{"update_id": 7}, {"update_id": 8, "message": 5}, {"update_id": 9, "message": {"chat": {"id": "x"}}}])
async def test_a_strange_update_is_kept_in_a_lane_of_its_own(carrier: StaffCarrier, hands: Hands, update: dict[str, object]) -> None:
    kept = Kept()
    await hands.post("/play/raw", {"bot": "staff", "update": update})
    await listen_once(carrier.request, kept, "staff", 0)
    assert [(event.lane, json.loads(event.body)) for event in kept.events] == [("staff:0", update)]


async def test_half_a_character_is_kept_as_it_came(carrier: StaffCarrier, hands: Hands) -> None:
    kept, update = Kept(), {"update_id": 7, "message": {"text": "\ud83d"}}
    await hands.post("/play/raw", {"bot": "staff", "update": update})
    await listen_once(carrier.request, kept, "staff", 0)
    assert json.loads(kept.events[0].body) == update


def test_pauses_grow_spread_and_end() -> None:
    pace, luck = Pace(), random.Random(7)
    pauses = [pace.pause(failures, luck.random()) for failures in range(1, 200)]
    assert pauses[0] <= 0.5
    assert max(pauses) <= 30.0
    assert min(pauses[8:]) >= 15.0


async def test_an_application_is_introduced_however_often_it_takes(carrier: StaffCarrier, hands: Hands) -> None:
    app, state = application(carrier.bot), PollState()
    await hands.fault("500", method="getMe", count=3)
    await introduce(app, state, pace=QUICK)
    assert app.bot.username == "staff_bot"
    assert state.ok
