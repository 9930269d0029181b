"""The ways in which the pretended server misbehaves, one by one."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import BareBot, Hands, NotDone


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def timed(clock: Clock) -> AsyncIterator[tuple[Hands, BareBot, list[int]]]:
    """A server with a clock of its own, its hands, a bot, and the chats of Ann and Bob."""
    async with await serve(Sandbox({"customer": "100:CUSTOMER"}, clock=clock)) as server, Hands(server.url) as hands:
        bot = BareBot(server.url, "100:CUSTOMER")
        for person in ("ann", "bob"):
            await hands.do(person, "start")
        yield hands, bot, [update["message"]["chat"]["id"] for update in (await bot.call("getUpdates"))["result"]]
        await bot.close()


async def texts(hands: Hands) -> list[str]:
    return [message["text"] for message in (await hands.chat("ann"))["messages"] if message["from"] == "bot"]


@pytest.mark.parametrize("code", [400, 403, 409, 500])
async def test_a_refusal_comes_with_its_code_and_words_and_once(code: int, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault(str(code), method="sendMessage", description="Bad Request: no such luck")
    refused = await bot.call("sendMessage", chat_id=ann, text="x")
    assert refused == {"ok": False, "error_code": code, "description": "Bad Request: no such luck"}
    assert (await bot.call("sendMessage", chat_id=ann, text="y"))["ok"]
    assert await texts(hands) == ["y"]


async def test_a_rule_fits_only_its_bot_chat_and_method(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault("500", bot="staff")
    await hands.fault("500", chat=ann + 1)
    await hands.fault("500", method="sendPhoto")
    assert (await bot.call("sendMessage", chat_id=ann, text="x"))["ok"]
    await hands.fault("500", bot="customer", chat=ann, method="SENDMESSAGE")
    assert (await bot.call("sendMessage", chat_id=ann, text="x"))["description"] == "Internal Server Error"


async def test_rules_last_for_their_count_or_until_removed(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault("400", method="getMe", count=2)
    await hands.fault("403", method="getChat", count=0)
    assert [(await bot.call("getMe"))["ok"] for _ in range(3)] == [False, False, True]
    assert not any([(await bot.call("getChat", chat_id=ann))["ok"] for _ in range(5)])
    assert [fault["kind"] for fault in (await hands.get("/play/faults"))["faults"]] == ["403"]
    await hands.heal()
    assert (await bot.call("getChat", chat_id=ann))["ok"]


async def test_429_keeps_one_chat_closed_until_its_time_is_over(clock: Clock, timed: tuple[Hands, BareBot, list[int]]) -> None:
    hands, bot, (ann, bob) = timed
    await hands.fault("429", chat=ann, seconds=3)
    refused = await bot.call("sendMessage", chat_id=ann, text="1")
    assert (refused["error_code"], refused["parameters"]) == (429, {"retry_after": 3})
    assert refused["description"] == "Too Many Requests: retry after 3"
    clock.now += 2
    assert (await bot.call("sendMessage", chat_id=ann, text="2"))["parameters"] == {"retry_after": 1}
    assert (await bot.call("sendMessage", chat_id=bob, text="3"))["ok"]
    clock.now += 1
    assert (await bot.call("sendMessage", chat_id=ann, text="4"))["ok"]


@pytest.mark.parametrize("kind", ["drop", "hang"])
async def test_a_dropped_request_is_neither_done_nor_answered(kind: str, bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault(kind, method="sendMessage", seconds=0.05)
    with pytest.raises(aiohttp.ClientConnectionError):
        await bot.call("sendMessage", chat_id=ann, text="x")
    assert await texts(hands) == []
    (entry,) = await hands.log(method="sendMessage")
    assert (entry["accepted"], entry["answer"], entry["fault"]) == (False, None, kind)


async def test_drop_after_does_what_was_asked_and_does_not_say_so(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault("drop_after", method="sendMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await bot.call("sendMessage", chat_id=ann, text="done")
    assert await texts(hands) == ["done"]
    (entry,) = await hands.log(method="sendMessage")
    assert (entry["accepted"], entry["answer"]["result"]["message_id"], entry["fault"]) == (True, 2, "drop_after")


async def test_slow_answers_late_but_normally(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault("slow", method="sendMessage", seconds=0.05)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert (await bot.call("sendMessage", chat_id=ann, text="late"))["ok"]
    assert loop.time() - begun >= 0.05
    assert await texts(hands) == ["late"]


async def test_a_hanging_request_does_not_keep_the_server_from_closing() -> None:
    loop = asyncio.get_running_loop()
    server = await serve(Sandbox({"customer": "100:CUSTOMER"}))
    bot = BareBot(server.url, "100:CUSTOMER")
    async with Hands(server.url) as hands:
        await hands.fault("hang", method="getMe", seconds=60)
        asked = [asyncio.create_task(bot.call("getMe")), asyncio.create_task(bot.call("getUpdates", timeout=50))]
        while (await hands.get("/play/faults"))["faults"]:
            pass
        begun = loop.time()
        await server.close()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await bot.close()
    assert loop.time() - begun < 5
    assert isinstance(answers[0], aiohttp.ClientConnectionError)


async def test_duplicate_delivers_confirmed_updates_once_more(bot: BareBot, hands: Hands, ann: int) -> None:
    await hands.fault("duplicate", method="getUpdates")
    first = (await bot.call("getUpdates"))["result"]
    after = first[-1]["update_id"] + 1
    assert (await bot.call("getUpdates", offset=after))["result"] == first
    assert (await bot.call("getUpdates", offset=after))["result"] == []


async def test_duplicate_waits_for_updates_to_repeat(bot: BareBot, hands: Hands, ann: int) -> None:
    seen = (await bot.call("getUpdates"))["result"][-1]["update_id"] + 1
    await hands.fault("duplicate")
    assert (await bot.call("getUpdates", offset=seen))["result"] == []
    await hands.do("ann", "send", text="twice")
    first, second = [(await bot.call("getUpdates", offset=seen + step))["result"] for step in (0, 1)]
    assert first == second
    assert first[0]["message"]["text"] == "twice"


async def test_garbage_is_no_json(server: Server, hands: Hands) -> None:
    await hands.fault("garbage", method="getMe")
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/bot100:CUSTOMER/getMe") as response:
        assert (response.status, response.content_type) == (502, "text/html")


async def test_an_unknown_kind_is_refused(hands: Hands) -> None:
    with pytest.raises(NotDone, match="kind is one of"):
        await hands.fault("earthquake")
