"""The bad line itself: what passes, what is cut, what is held, and that it can be steered from another process."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from sandbox.control import serve_weather
from sandbox.proxy import BLACKHOLE, FAIR, End, Proxy, Weather

SAID = b"0123456789"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that says back what it hears."""
    while piece := await reader.read(100):
        writer.write(piece)
    writer.close()


@pytest_asyncio.fixture
async def line() -> AsyncIterator[Proxy]:
    """A line to an echo."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    await proxy.open()
    yield proxy
    await proxy.close()
    server.close()


async def heard(line: Proxy, amount: int = len(SAID), seconds: float = 60.0) -> bytes:
    """What comes back of ten bytes, as far as it comes: at most `amount`, in so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    writer.write(SAID)
    found = b""
    try:
        async with asyncio.timeout(seconds):
            while len(found) < amount and (piece := await reader.read(100)):
                found += piece
    except TimeoutError:
        found += b"..."
    finally:
        writer.close()
    return found


async def test_in_fair_weather_everything_passes(line: Proxy) -> None:
    assert await heard(line) == SAID
    assert line.carried == [10, 10]


@pytest.mark.parametrize("weather", [Weather(cut_up=4, end=End.CLOSE), Weather(cut_down=4, end=End.CLOSE)])
async def test_a_line_is_cut_after_so_many_bytes_either_way(line: Proxy, weather: Weather) -> None:
    line.set(weather)
    assert await heard(line) == (b"" if weather.cut_up else SAID[:4])
    line.set(FAIR)
    assert await heard(line) == SAID


async def test_a_reset_is_a_reset(line: Proxy) -> None:
    line.set(Weather(cut_down=0))
    with pytest.raises(ConnectionResetError):
        await heard(line)


@pytest.mark.parametrize("weather", [BLACKHOLE, Weather(cut_down=0, end=End.HALF_OPEN)])
async def test_silence_says_nothing_and_hangs_up_on_nobody(line: Proxy, weather: Weather) -> None:
    line.set(weather)
    assert await heard(line, seconds=0.2) == b"..."


async def test_a_slow_line_is_slow(line: Proxy) -> None:
    line.set(Weather(rate=20.0))
    begun = time.monotonic()
    assert await heard(line) == SAID
    assert time.monotonic() - begun >= 0.8 * len(SAID) / 20.0
    line.set(Weather(delay=0.05))
    assert await heard(line) == SAID


async def test_a_shut_line_refuses_and_opens_at_the_same_place(line: Proxy) -> None:
    port = line.port
    await line.shut()
    with pytest.raises(OSError):
        await heard(line)
    await line.open()
    assert line.port == port
    assert await heard(line) == SAID


async def test_the_weather_is_steered_from_outside(line: Proxy) -> None:
    url, close = await serve_weather(line)
    async with aiohttp.ClientSession() as session:
        async with session.put(url, json={"cut_down": 3, "end": "close"}) as answer:
            assert (await answer.json())["cut_down"] == 3
        assert await heard(line) == SAID[:3]
        async with session.put(url, json={"storm": True}) as answer:
            assert answer.status == 400
        async with session.post(f"{url}/blackhole") as answer:
            assert (await answer.json())["end"] == "silence"
        async with session.delete(url) as answer:
            assert answer.status == 200
        assert await heard(line) == SAID
    await close()
