"""The line to Telegram tells the truth about what left, and never tells the token."""

import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from telegram import InputFile
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, TelegramError

from bots.staff.transport import AiohttpRequest, MaybeSent, NotSent, StaffBot, StaffOptions, Throttled, verdict
from sandbox.telegram.hands import Hands
from tests.ports import free_port


@asynccontextmanager
async def line_to(options: StaffOptions) -> AsyncIterator[StaffBot]:
    request = AiohttpRequest(options)
    yield StaffBot(options, request)
    await request.shutdown()


@asynccontextmanager
async def portal(answer: Callable[[web.Request], web.Response]) -> AsyncIterator[str]:
    """Something between us and Telegram that answers everything itself."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_library_works_on_our_line(options: StaffOptions) -> None:
    async with line_to(options) as bot, bot:
        assert bot.username == "staff_bot"


async def test_a_refused_connection_is_certainly_not_sent(options: StaffOptions) -> None:
    async with line_to(replace(options, server=f"http://127.0.0.1:{free_port()}")) as bot:
        with pytest.raises(NotSent):
            await bot.send_message(1, "hello")


async def test_a_proxy_that_is_down_is_certainly_not_sent(options: StaffOptions) -> None:
    async with line_to(replace(options, proxy=f"http://127.0.0.1:{free_port()}")) as bot:
        with pytest.raises(NotSent):
            await bot.send_message(1, "hello")


async def test_requests_go_through_the_proxy(options: StaffOptions) -> None:
    seen: list[str] = []

    def answer(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.json_response({"ok": True, "result": {"id": 7, "is_bot": True, "first_name": "Staff", "username": "s_bot"}})

    async with portal(answer) as url, line_to(replace(options, server="http://telegram.invalid", proxy=url)) as bot:
        assert (await bot.get_me()).id == 7
    assert seen[0].startswith("http://telegram.invalid/bot")


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garbage", "500"])
async def test_an_answer_that_never_came_leaves_it_open(options: StaffOptions, hands: Hands, ruben: str, kind: str) -> None:
    await hands.fault(kind, method="sendMessage")
    async with line_to(options) as bot:
        with pytest.raises(MaybeSent):
            await bot.send_message(int(ruben), "hello")


async def test_a_server_that_hangs_leaves_it_open(options: StaffOptions, hands: Hands, ruben: str) -> None:
    await hands.fault("hang", method="sendMessage", seconds=5)
    async with line_to(replace(options, read_timeout=0.1)) as bot:
        with pytest.raises(MaybeSent):
            await bot.send_message(int(ruben), "hello")


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"ok":true}', "[" * 100_000, '{"ok":false,"description":"no"}'])
async def test_a_success_that_cannot_be_read_leaves_it_open(options: StaffOptions, body: str) -> None:
    async with portal(lambda _: web.Response(text=body)) as url, line_to(replace(options, server=url)) as bot:
        with pytest.raises(MaybeSent):
            await bot.send_message(1, "hello")


@pytest.mark.parametrize("code", [302, 403, 404, 401])
async def test_a_middlebox_is_not_believed(options: StaffOptions, code: int) -> None:
    page = web.Response
    async with portal(lambda _: page(status=code, text="<h1>Login</h1>")) as url, line_to(replace(options, server=url)) as bot:
        with pytest.raises(MaybeSent):
            await bot.send_message(1, "hello")


@pytest.mark.parametrize(
    ("code", "refusal"), [(400, BadRequest), (401, InvalidToken), (403, Forbidden), (404, InvalidToken), (409, Conflict), (413, BadRequest)]
)
def test_telegrams_own_refusals_keep_their_class(code: int, refusal: type[TelegramError]) -> None:
    assert type(verdict(code, b'{"ok":false,"description":"no"}')) is refusal


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (b'{"ok":false,"parameters":{"retry_after":7}}', 7.0),
        (b'{"ok":false,"parameters":{"retry_after":0}}', 1.0),
        (b'{"ok":false,"parameters":{"retry_after":1e9}}', 3600.0),
        (b'{"ok":false,"parameters":[]}', 1.0),
        (b"<html>slow down</html>", 1.0),
    ],
)
def test_a_429_is_a_wait_whatever_its_body(body: bytes, after: float) -> None:
    told = verdict(429, body)
    assert isinstance(told, Throttled)
    assert told.after == after


async def test_half_a_character_is_refused_before_it_leaves(options: StaffOptions, hands: Hands) -> None:
    async with line_to(options) as bot:
        with pytest.raises(BadRequest):
            await bot.send_message(1, "\ud83d")
    assert await hands.log(bot="staff", method="sendMessage") == []


async def test_a_file_keeps_its_bytes_and_its_armenian_name(options: StaffOptions, hands: Hands, ruben: str) -> None:
    async with line_to(options) as bot:
        sent = await bot.send_document(int(ruben), InputFile(b"\x00\xff" * 5000, "Պայմանագիր 7.pdf"), caption="թուղթ")
        assert sent.document is not None
        path = await bot.request.call("getFile", {"file_id": sent.document.file_id})  # type: ignore[attr-defined]
        fetched = b"".join([chunk async for chunk in bot.request.download(path["file_path"])])  # type: ignore[attr-defined]
    assert sent.document.file_name == "Պայմանագիր 7.pdf"
    assert fetched == b"\x00\xff" * 5000


async def test_a_closed_line_sends_nothing(options: StaffOptions) -> None:
    request = AiohttpRequest(options)
    await request.call("getMe", {})
    await request.shutdown()
    await request.shutdown()
    with pytest.raises(NotSent):
        await request.call("getMe", {})


async def test_the_token_stands_in_no_error_and_no_log(options: StaffOptions, hands: Hands, ruben: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(options)]
    for kind in ("drop", "garbage", "403", "500", "400", "429"):
        await hands.fault(kind, method="sendMessage")
    for server in (options.server, f"http://127.0.0.1:{free_port()}", "http://[broken", "nonsense://x"):
        async with line_to(replace(options, server=server)) as bot:
            for _ in range(7):
                told += await everything_said_by(bot, int(ruben))
    assert options.token not in "".join([*told, caplog.text])
    assert options.token.partition(":")[2] not in "".join([*told, caplog.text])


async def everything_said_by(bot: StaffBot, chat: int) -> list[str]:
    try:
        await bot.send_message(chat, "hello")
    except TelegramError as error:
        return [*traceback.format_exception(error), repr(error), repr(bot), str(bot)]
    return []
