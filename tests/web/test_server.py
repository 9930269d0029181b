"""The web server's door: many may wait before it, and one after another is taken in."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import ClientSession, web

from web.server import serve

CROWD = 100


@pytest_asyncio.fixture
async def address() -> AsyncIterator[str]:
    """A server that answers one page."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    runner, address = await serve([web.get("/", page)], "127.0.0.1", 0, shutdown=1)
    yield address
    await runner.cleanup()


def knock(address: str) -> list[socket.socket]:
    """A crowd comes while nobody is taken in, since the loop that would do it is busy here."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    return [socket.create_connection((host, int(port)), timeout=60) for _ in range(CROWD)]


async def test_a_crowd_waits_before_a_busy_house_and_is_served(address: str) -> None:
    crowd = knock(address)
    for one in crowd:
        one.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
    answers = await asyncio.gather(*(asyncio.to_thread(one.recv, 1000) for one in crowd))
    for one in crowd:
        one.close()
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}


async def test_of_those_who_wait_one_is_taken_in_at_each_turn_of_the_loop(address: str) -> None:
    taken: set[int] = set()
    crowd = knock(address)
    before = asyncio.all_tasks()
    for _ in range(CROWD // 2):
        await asyncio.sleep(0)
        taken.add(len(asyncio.all_tasks() - before))
    for one in crowd:
        one.close()
    async with ClientSession() as http, http.get(address) as answer:
        assert (await answer.text(), max(taken) < CROWD) == ("hello", True)
