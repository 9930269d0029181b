"""How the pretended Telegram brings updates to a webhook: in order, again until they are taken, and honest about it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import BareBot, Hands, NotDone
from sandbox.telegram.shapes import Json
from sandbox.telegram.webhook import Pace, judged, lane_of

QUICK = Pace(first=0.01, longest=0.02, patience=5.0)


class Stand:
    """An address that notes what is brought to it; `answer` says what becomes of one delivery."""

    def __init__(self) -> None:
        self.answer: Callable[[Json], int] = lambda _: 200
        self.brought: list[tuple[Json, str]] = []
        self.url, self.at_once, self.most_at_once = "", 0, 0
        self.came = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        async with self.came:
            self.brought.append((update, request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")))
            self.came.notify_all()
        await self.gate.wait()
        self.at_once -= 1
        return web.Response(status=self.answer(update))

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update, _ in self.brought if "message" in update]

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30), self.came:
            await self.came.wait_for(lambda: len(self.brought) >= count)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    made, app = Stand(), web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    made.gate.set()
    await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Instead of the usual one: a sandbox that tries again quickly."""
    sandbox = Sandbox({"customer": "100:CUSTOMER", "staff": "200:STAFF"})
    sandbox.world.pace = QUICK
    async with await serve(sandbox) as server:
        yield server


async def info(bot: BareBot) -> Json:
    return dict((await bot.call("getWebhookInfo"))["result"])


async def quiet(bot: BareBot) -> Json:
    """What is told of the webhook once nothing waits."""
    async with asyncio.timeout(30):
        while (told := await info(bot))["pending_update_count"]:
            pass
    return told


async def test_what_waited_and_what_comes_is_brought_in_order_with_the_secret(bot: BareBot, hands: Hands, stand: Stand, ann: int) -> None:
    await bot.call("setWebhook", url=stand.url, secret_token="s3-cret_")
    await stand.until(1)
    for text in ("two", "three"):
        await hands.do("ann", "send", text=text)
    await stand.until(3)
    assert stand.texts == ["/start", "two", "three"]
    assert {secret for _, secret in stand.brought} == {"s3-cret_"}
    assert "last_error_date" not in await quiet(bot)


async def test_a_delivery_that_is_not_taken_comes_again_and_the_failure_is_told(bot: BareBot, stand: Stand, ann: int) -> None:
    stand.answer = lambda _: 503 if len(stand.brought) < 4 else 204
    await bot.call("setWebhook", url=stand.url)
    told = await quiet(bot)
    assert stand.texts == ["/start"] * 4
    assert told["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    assert told["last_error_date"] > 1_600_000_000


async def test_one_chat_waits_for_its_own_and_not_for_another(bot: BareBot, hands: Hands, stand: Stand, ann: int) -> None:
    stand.answer = lambda update: 500 if update["message"]["chat"]["id"] == ann else 200
    await bot.call("setWebhook", url=stand.url)
    await stand.until(2)
    await hands.do("ann", "send", text="behind")
    await hands.do("ben", "start")
    async with asyncio.timeout(30):
        while (await info(bot))["pending_update_count"] > 2:
            pass
    assert "behind" not in stand.texts


async def test_no_more_than_the_connections_asked_for_are_open_at_once(bot: BareBot, hands: Hands, stand: Stand) -> None:
    stand.gate.clear()
    for person in ("ann", "ben", "cem", "dan"):
        await hands.do(person, "start")
    await bot.call("setWebhook", url=stand.url, max_connections=2)
    await stand.until(2)
    stand.gate.set()
    await stand.until(4)
    assert stand.most_at_once == 2


async def test_an_address_where_nobody_answers_is_told(bot: BareBot, ann: int) -> None:
    await bot.call("setWebhook", url="http://127.0.0.1:9/hook")
    async with asyncio.timeout(30):
        while (told := await info(bot)).get("last_error_message") != "Connection refused":
            pass
    assert told["pending_update_count"] == 1


async def test_nobody_outside_this_machine_is_ever_called(bot: BareBot, ann: int) -> None:
    await bot.call("setWebhook", url="https://example.test/hook")
    async with asyncio.timeout(30):
        while not (told := await info(bot)).get("last_error_message", "").startswith("Failed to resolve host"):
            pass
    assert told["url"] == "https://example.test/hook"


@pytest.mark.parametrize("asked", [{"url": "http://example.test/hook"}, {"url": "ftp://127.0.0.1/"}, {"url": "https://a.test", "secret_token": "no spaces"}])
async def test_a_webhook_without_tls_or_with_an_odd_secret_is_refused(bot: BareBot, asked: Json) -> None:
    assert (await bot.call("setWebhook", **asked))["error_code"] == 400
    assert (await info(bot))["url"] == ""


async def test_without_the_webhook_the_rest_can_be_polled(bot: BareBot, hands: Hands, stand: Stand, ann: int) -> None:
    stand.answer = lambda update: 200 if update["message"]["text"] == "/start" else 500
    await bot.call("setWebhook", url=stand.url)
    await quiet(bot)
    await hands.do("ann", "send", text="left over")
    await stand.until(2)
    await bot.call("deleteWebhook")
    assert [update["message"]["text"] for update in (await bot.call("getUpdates"))["result"]] == ["left over"]


async def test_asking_for_the_same_webhook_again_changes_nothing(bot: BareBot, stand: Stand, ann: int) -> None:
    stand.answer = lambda _: 500 if len(stand.brought) < 2 else 200
    await bot.call("setWebhook", url=stand.url)
    await quiet(bot)
    await bot.call("setWebhook", url=stand.url)
    assert "last_error_date" in await info(bot)
    await bot.call("setWebhook", url=stand.url + "?new")
    assert "last_error_date" not in await info(bot)


async def test_kinds_not_asked_for_are_not_brought(bot: BareBot, hands: Hands, stand: Stand, ann: int) -> None:
    await bot.call("setWebhook", url=stand.url, allowed_updates=["edited_message"])
    await stand.until(1)
    sent = await hands.do("ann", "send", text="one")
    await hands.do("ann", "edit", message_id=sent["message_id"], text="two")
    await stand.until(2)
    assert [sorted(update) for update, _ in stand.brought][1] == ["edited_message", "update_id"]


@pytest.mark.parametrize("kind", ["duplicate", "drop_after"])
async def test_a_fault_brings_an_update_twice(bot: BareBot, hands: Hands, stand: Stand, ann: int, kind: str) -> None:
    await hands.fault(kind, method="webhook")
    await bot.call("setWebhook", url=stand.url)
    await stand.until(2)
    await quiet(bot)
    assert stand.texts == ["/start"] * 2


async def test_every_delivery_is_written_down(bot: BareBot, hands: Hands, stand: Stand, ann: int) -> None:
    stand.answer = lambda _: 401 if len(stand.brought) < 2 else 200
    await bot.call("setWebhook", url=stand.url)
    await quiet(bot)
    listed = (await hands.get("/play/deliveries", bot="customer"))["deliveries"]
    assert [(entry["status"], entry["taken"]) for entry in listed] == [(401, False), (200, True)]


async def test_the_pace_can_be_set_from_outside(hands: Hands) -> None:
    assert (await hands.put("/play/pace", {"longest": 3}))["pace"] == {"first": 0.01, "longest": 3, "patience": 5.0}
    with pytest.raises(NotDone):
        await hands.put("/play/pace", {"longest": -3})


async def test_a_world_that_is_served_again_goes_on_delivering(stand: Stand) -> None:
    sandbox = Sandbox({"customer": "100:CUSTOMER"})
    async with await serve(sandbox) as server:
        bot = BareBot(server.url, "100:CUSTOMER")
        await bot.call("setWebhook", url=stand.url)
        await bot.close()
    async with await serve(sandbox) as server, Hands(server.url) as hands:
        await hands.do("ann", "start")
        await stand.until(1)


def test_pauses_begin_at_nothing_double_and_end() -> None:
    pace = Pace(first=1.0, longest=60.0)
    assert [pace.pause(failures) for failures in (1, 2, 3, 4, 7, 8, 10_000)] == [0, 1, 2, 4, 32, 60, 60]


@pytest.mark.parametrize(("given", "after"), [("7", 7.0), ("999999", 3600.0), ("", None), ("soon", None), ("-1", None), ("٣", None)])
def test_a_wish_to_come_back_later_is_obeyed_up_to_an_hour(given: str, after: float | None) -> None:
    assert judged(503, given).after == after


def test_presses_of_a_person_and_messages_of_a_chat_are_different_lanes() -> None:
    message = {"update_id": 1, "message": {"chat": {"id": 5}}}
    press = {"update_id": 2, "callback_query": {"from": {"id": 5}, "message": {"chat": {"id": 5}}}}
    assert lane_of(message) == lane_of({"update_id": 3, "edited_message": {"chat": {"id": 5}}}) != lane_of(press)
    assert lane_of({"update_id": 4, "odd": [1]}) == ("odd", "")
