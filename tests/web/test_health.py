"""Health: a node says whether it lives and whether it serves, in words, and asking costs nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from crm.base.errors import Busy
from crm.base.outbound import Health
from web.health import Patience, Watch, health_routes

Client = TestClient[web.Request, web.Application]


class Hands:
    """A clock that is turned by hand, and a database that does as it is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fault: BaseException | None = None
        self.asked = 0

    def clock(self) -> float:
        return self.now

    async def write(self) -> None:
        self.asked += 1
        if self.fault:
            raise self.fault


async def silence() -> None:
    await asyncio.Event().wait()


def watch(hands: Hands, write: Callable[[], Awaitable[None]] | None = None, *, own_writer: bool = True) -> Watch:
    patience = Patience(every=5.0, beat=15.0, writer=0.01 if write else 30.0, steady=5.0)
    return Watch("node-one", write or hands.write, own_writer=own_writer, patience=patience, clock=hands.clock)


async def fine() -> Health:
    return Health(True, "ready", {"webchat": "open"})


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def watched(hands: Hands) -> Watch:
    made = watch(hands)
    made.opened()
    return made


@pytest_asyncio.fixture
async def client(watched: Watch) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(health_routes(fine, watched))
    async with TestClient(TestServer(app)) as made:
        yield made


async def asked(client: Client, path: str) -> tuple[int, Any]:
    answer = await client.get(path)
    return answer.status, await answer.json()


async def test_a_node_that_works_says_so_with_its_name(client: Client) -> None:
    assert await asked(client, "/health") == (200, {"ok": True, "node": "node-one"})
    ready = {"ok": True, "words": "ready", "node": "node-one", "reasons": [], "facts": {"webchat": "open"}}
    assert await asked(client, "/ready") == (200, ready)


async def test_a_loop_that_does_not_beat_is_a_dead_process(client: Client, hands: Hands) -> None:
    hands.now += 16
    status, told = await asked(client, "/health")
    assert (status, told["reasons"]) == (503, ["the event loop has not beaten for 16 s"])
    assert (await asked(client, "/ready"))[0] == 503


async def test_a_beat_and_a_writer_that_answers_keep_a_node_alive(hands: Hands, watched: Watch) -> None:
    hands.now += 60
    running = asyncio.create_task(watched.run())
    while not hands.asked:
        await asyncio.sleep(0)
    assert (watched.ailments(), watched.hindrances()) == ([], [])
    running.cancel()
    assert await asyncio.gather(running, return_exceptions=True)


async def test_a_writer_thread_that_never_answers_is_a_dead_process(hands: Hands) -> None:
    stuck = watch(hands, silence)
    stuck.opened()
    await stuck.write()
    assert stuck.ailments() == []
    hands.now += 20
    assert "the database has not answered for 20 s" in stuck.hindrances()
    hands.now += 20
    assert "the writer has not answered for 40 s" in stuck.ailments()


async def test_a_server_that_is_away_makes_a_node_not_ready_and_leaves_it_alive(hands: Hands) -> None:
    far = Watch("node-two", silence, own_writer=False, patience=Patience(beat=1e9, writer=0.01), clock=hands.clock)
    far.opened()
    await far.write()
    hands.now += 600
    assert far.ailments() == []
    assert far.hindrances() == ["the database has not answered for 600 s"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Busy("the database cannot be opened: /secret/place"), "the database cannot be written (the database cannot be opened)"),
        (OSError("postgresql://u:canary@host"), "the database cannot be written (OSError)"),
    ],
)
async def test_a_refusing_database_is_named_without_its_own_words_until_it_takes_again(
    client: Client, hands: Hands, watched: Watch, fault: Exception, words: str
) -> None:
    hands.fault = fault
    await watched.write()
    assert (await asked(client, "/health"))[0] == 200
    status, told = await asked(client, "/ready")
    assert (status, told["reasons"]) == (503, [words])
    hands.fault = None
    await watched.write()
    assert (await asked(client, "/ready"))[0] == 200


async def test_a_node_is_not_ready_before_it_has_opened_and_while_it_stops(hands: Hands) -> None:
    young = watch(hands)
    assert young.hindrances() == ["it is starting"]
    young.opened()
    assert young.hindrances() == []
    young.stopping()
    hands.now += 60
    assert young.hindrances()[0] == "it is stopping"
    assert young.ailments() == []


async def test_a_loop_that_broke_is_named_until_it_has_run_for_a_while(hands: Hands, watched: Watch) -> None:
    breaks = True

    async def work() -> None:
        if breaks:
            raise ValueError("customer's words")

    looked_after = watched.over("send:telegram", work)
    with pytest.raises(ValueError, match="words"):
        await looked_after()
    hands.now += 7
    assert watched.hindrances() == ["send:telegram broke (ValueError) and is started again"]
    breaks = False
    await looked_after()
    assert watched.hindrances() == ["send:telegram broke (ValueError) and is started again"]
    hands.now += 6
    assert watched.hindrances() == []


async def test_a_loop_that_goes_is_not_mentioned(watched: Watch) -> None:
    task = asyncio.ensure_future(watched.over("inbox", silence)())
    await asyncio.sleep(0)
    assert watched.hindrances() == []
    task.cancel()
    assert await asyncio.gather(task, return_exceptions=True)


async def test_what_the_parts_say_against_it_counts(watched: Watch) -> None:
    async def locked() -> Health:
        return Health(False, "nobody listens at the port yet")

    app = web.Application()
    app.add_routes(health_routes(locked, watched))
    async with TestClient(TestServer(app)) as client:
        assert (await asked(client, "/ready"))[1]["reasons"] == ["nobody listens at the port yet"]


async def test_asking_does_not_reach_the_database(client: Client, hands: Hands) -> None:
    for _ in range(20):
        await asked(client, "/ready")
        await asked(client, "/health")
    assert hands.asked == 0
