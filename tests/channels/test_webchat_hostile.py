"""What a hostile browser tries on the widget's doors: origins, floods, strange frames, other people's words."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from channels.webchat.raw import visitor_id
from crm.base.outbound import Say
from tests.channels.web_stand import OTHER_SECRET, SECRET, Stand, standing

ME = visitor_id(SECRET)


async def _close_code(socket: ClientWebSocketResponse) -> int:
    while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        continue
    return socket.close_code or 0


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "file://", "https://[", "javascript:1"])
async def test_a_foreign_page_gets_nothing(origin: str, tmp_path: Path) -> None:
    async with standing(tmp_path, origins=("https://shop.example",)) as stand:
        with pytest.raises(WSServerHandshakeError) as refused:
            await stand.open_socket(Origin=origin)
        assert refused.value.status == 403
        answer = await stand.post("/in/webchat/messages", json={}, headers={"Origin": origin})
        assert (answer.status, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


async def test_a_listed_page_may_talk_and_read_refusals(tmp_path: Path) -> None:
    async with standing(tmp_path, origins=("https://shop.example",)) as stand:
        headers = {"Origin": "https://shop.example"}
        before = await stand.client.options("/in/webchat/messages", headers=headers)
        assert (before.status, before.headers["Access-Control-Allow-Origin"]) == (204, "https://shop.example")
        answer = await stand.post("/in/webchat/messages", "short", json={}, headers=headers)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (400, "https://shop.example")
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_star_lets_any_page_in_but_no_page_without_a_name(tmp_path: Path) -> None:
    async with standing(tmp_path, origins=("*",)) as stand:
        assert (await stand.post("/in/webchat/messages", json={}, headers={"Origin": "https://any.example"})).status == 200
        assert (await stand.post("/in/webchat/messages", json={}, headers={"Origin": "null"})).status == 403


FRAMES = [
    "", "[]", "5", "{", '"say"', "{}", '{"type":"dance"}', '{"type":{"$ne":1}}', '{"type":"open","role":"agent"}', '{"type":"hello"}',
    '{"type":"say","text":"no id"}', '{"type":"say","id":"short","text":"x"}', '{"type":"say","id":"word-000001","text":5}',
    '{"type":"say","id":"word-000001","text":"x","from":"rep"}', '{"type":"say","id":"word-000001","text":"x","text":"y"}',
    '{"type":"say","id":"word-000001","text":NaN}', '{"type":"say","id":"word-000001","text":' + "[" * 5000, '\ufeff{"type":"open"}',
    '{"type":"press","id":"word-000001","value":"' + "v" * 300 + '"}',
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES)
async def test_a_strange_frame_ends_the_socket_and_keeps_nothing(frame: str, tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await socket.send_str(frame)
        assert await _close_code(socket) == 4400
        assert stand.shop.kept == []


HELLOS = [
    '{"type":"say","id":"word-000001","text":"no hello"}', '{"type":"hello","secret":"short"}', '{"type":"hello","last_seq":-1}',
    '{"type":"hello","last_seq":9223372036854775808}', '{"type":"hello","last_seq":true}', '{"type":"hello","last_seq":1.5}',
    '{"type":"hello","name":"Known Customer"}', '{"type":"hello","email":"a@b.example"}', '{"type":"hello","page":["x"]}',
    '{"type":"hello","last_seq":' + "9" * 5000 + "}",
]  # fmt: skip


@pytest.mark.parametrize("hello", HELLOS)
async def test_a_strange_hello_is_hung_up_on(hello: str, tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket = await stand.open_socket()
        await socket.send_str(hello)
        assert await _close_code(socket) == 4400


async def test_somebody_who_never_says_hello_is_hung_up_on(tmp_path: Path) -> None:
    async with standing(tmp_path, hello_seconds=0.05) as stand:
        assert await _close_code(await stand.open_socket()) == 4400


async def test_binary_and_huge_frames_are_refused(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        binary, _ = await stand.screen()
        await binary.send_bytes(b"\x00")
        assert await _close_code(binary) == 1003
        huge, _ = await stand.screen()
        await huge.send_str("x" * 20_000)
        assert await _close_code(huge) == 1009


@pytest.mark.parametrize("kind", ["typing", "ping"])
async def test_a_flood_of_frames_is_hung_up_on_and_others_are_not_touched(kind: str, tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        other, _ = await stand.screen(OTHER_SECRET)
        for _ in range(30):
            await (socket.ping() if kind == "ping" else socket.send_json({"type": "typing"}))
        assert await _close_code(socket) == 4429
        await other.send_json({"type": "say", "id": "word-000001", "text": "hello"})
        assert (await other.receive_json())["type"] == "kept"


async def test_seats_are_counted_per_address_and_given_back(tmp_path: Path) -> None:
    async with standing(tmp_path, sockets_per_address=2) as stand:
        one, _ = await stand.screen()
        await stand.screen()
        with pytest.raises(WSServerHandshakeError) as refused:
            await stand.open_socket()
        assert refused.value.status == 429
        await one.close()
        await _screens(stand, "1")
        await stand.screen()


async def test_a_full_house_says_come_back(tmp_path: Path) -> None:
    async with standing(tmp_path, sockets=1) as stand:
        await stand.screen()
        with pytest.raises(WSServerHandshakeError) as refused:
            await stand.open_socket()
        assert refused.value.status == 503


async def test_one_visitor_has_so_many_windows(tmp_path: Path) -> None:
    async with standing(tmp_path, sockets_per_visitor=1) as stand:
        await stand.screen()
        socket = await stand.open_socket()
        await socket.send_json({"type": "hello", "secret": SECRET})
        assert await _close_code(socket) == 4429


async def test_one_address_makes_so_many_strangers_an_hour(tmp_path: Path) -> None:
    async with standing(tmp_path, strangers_per_hour=2) as stand:
        answers = []
        for letter in "abc":
            socket, _ = await stand.screen(letter * 43)
            await socket.send_json({"type": "say", "id": "word-000001", "text": "hello"})
            answers.append((await socket.receive_json())["type"])
        assert answers == ["kept", "kept", "busy"]
        known, _ = await stand.screen("a" * 43)
        await known.send_json({"type": "say", "id": "word-000002", "text": "again"})
        assert (await known.receive_json())["type"] == "kept"


@pytest.mark.parametrize(("text", "reason"), [("x" * 4001, "too_long"), ("", "empty"), (" \n\t", "empty")])
async def test_words_that_cannot_be_taken_are_refused_by_name(text: str, reason: str, tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await socket.send_json({"type": "say", "id": "word-000001", "text": text})
        assert await socket.receive_json() == {"type": "refused", "id": "word-000001", "reason": reason}


async def test_the_longest_word_in_any_script_passes(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        await socket.send_str('{"type":"say","id":"word-000001","text":"' + "ሀ" * 4000 + '"}')
        assert (await socket.receive_json())["type"] == "kept"


async def test_one_visitor_never_sees_the_lines_of_another(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        other, _ = await stand.screen(OTHER_SECRET)
        stand.shop.line(ME, "for your eyes only")
        await stand.webchat.send(ME, Say("for your eyes only"), stand.shop.open_media)
        stand.shop.line(visitor_id(OTHER_SECRET), "yours")
        await stand.webchat.send(visitor_id(OTHER_SECRET), Say("yours"), stand.shop.open_media)
        assert (await other.receive_json())["text"] == "yours"


BATCHES: list[Any] = [[], 5, {"frames": {}}, {"frames": [5]}, {"frames": [{"type": "hello"}]}, {"frames": [{"type": "open"}] * 11}, {"role": "agent"}]


@pytest.mark.parametrize("body", BATCHES)
async def test_a_strange_batch_is_refused_whole(body: Any, tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        assert (await stand.post("/in/webchat/messages", json=body)).status == 400
        assert stand.shop.kept == []


async def test_bodies_that_are_packed_or_long_are_refused(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        packed = await stand.post("/in/webchat/messages", data=b"{}", headers={"Content-Encoding": "deflate"})
        assert packed.status in (400, 415)
        assert (await stand.post("/in/webchat/messages", data=b"x" * 70_000)).status == 413


async def test_posts_are_counted_like_frames(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        statuses = [(await stand.post("/in/webchat/messages", json={})).status for _ in range(25)]
        assert statuses.count(429) == 5


async def test_a_window_that_vanishes_without_goodbye_leaves_no_seat(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        server = stand.client.server
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(_handshake(stand.origin))
        await _screens(stand, "1")
        writer.transport.abort()
        await _screens(stand, "0")


def _handshake(origin: str) -> bytes:
    lines = ["GET /in/webchat/socket HTTP/1.1", f"Host: {origin.removeprefix('http://')}", f"Origin: {origin}", "Upgrade: websocket", "Connection: Upgrade"]
    return "\r\n".join([*lines, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==", "", ""]).encode()


async def _screens(stand: Stand, count: str) -> None:
    async with asyncio.timeout(5):
        while (await stand.webchat.health()).facts["screens"] != count:
            await stand.client.get("/nowhere")


async def test_a_store_that_fails_sends_the_screen_away_to_come_again(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        socket, _ = await stand.screen()
        stand.shop.lines[ME] = [None]  # type: ignore[list-item]
        await stand.webchat.send(ME, Say("x"), stand.shop.open_media)
        assert await _close_code(socket) == 1011
