"""The firm's front as the internet sees it: its pages, its form and its widget on a real store, and a socket that sends any bytes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from bots.turn import turn
from channels.form import Form, FormOptions
from channels.telegram.parse import parse as parse_telegram
from channels.webchat import Webchat, WebchatOptions
from channels.webchat.raw import parse_raw
from crm.base.db import Store
from crm.base.events import Event, RawEvent
from crm.base.settings import Company
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from tests.channels.web_stand import SECRET
from tests.conftest import NOON
from tests.hostile.ledger import everything
from web.pages import PageOptions, Pages

URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def parse(raw: RawEvent) -> Sequence[Event]:
    """Read an event by the channel it came from, as the product does."""
    if raw.account == "telegram":
        return parse_telegram(raw)
    return parse_raw(raw) if raw.account == "webchat" else Form(FormOptions(), _never).parse(raw)


def _never(*_: Any) -> web.Response:
    raise AssertionError("nothing is shown while reading")


async def work_off(store: Store, company: Company, *, now: int = NOON, limit: int = 200) -> int:
    """Process everything that is due; answers in how many steps."""
    done: tuple[process.Claimed, ...] = ()
    rules, steps = Rules(turn, company, limit=limit), 0
    while True:
        before = done
        batch = await store.write(lambda session: process.step(session, before, rules, now=now))  # noqa: B023
        if not batch:
            return steps
        done, steps = process.read(batch, parse), steps + 1


@dataclass
class Front:
    """Doors open to the internet; `now` is their clock."""

    store: Store
    company: Company
    form: Form
    webchat: Webchat
    client: TestClient[web.Request, web.Application]
    said: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def send(self, data: bytes) -> bytes:
        """Send bytes as they are and read what comes back until the server hangs up or has answered."""
        reader, writer = await asyncio.open_connection(self.client.server.host, self.client.server.port)
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(10):
                return await reader.read(65_536)
        finally:
            writer.close()

    async def post(self, path: str, data: Any, **headers: str) -> tuple[int, str]:
        """Post a body; answers the status and what was said."""
        async with self.client.post(path, data=data, headers={"Origin": self.origin, "X-Visitor": SECRET, **headers}) as answer:
            return answer.status, await self._heard(answer)

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask for a page; answers the status and what was said."""
        async with self.client.get(path, headers=headers, allow_redirects=False) as answer:
            return answer.status, await self._heard(answer)

    async def _heard(self, answer: ClientResponse) -> str:
        words = (await answer.read()).decode("utf-8", "replace")
        self.said.append(words)
        return words

    async def refuses(self, path: str, data: Any, **headers: str) -> int:
        """Post what must be refused: nothing that stood in the store has changed, and nothing of us is in the answer."""
        before = await everything(self.store)
        status, words = await self.post(path, data, **headers)
        assert 400 <= status < 500, (status, words[:200])
        assert await everything(self.store) == before
        assert no_inside_out(words)
        return status


def no_inside_out(words: str) -> bool:
    """Whether an answer shows nothing of how we are made."""
    return not any(mark in words for mark in ("Traceback", 'File "', "sqlalchemy", "SELECT ", "link.key", "/work/"))


@asynccontextmanager
async def opened(store: Store, company: Company, folder: Path, **options: Any) -> AsyncIterator[Front]:
    """Open the doors for one test; `options` are the form's."""

    async def kept(events: Sequence[RawEvent]) -> None:
        await store.gather(keep, list(events))

    async def history(visitor: str, after: int) -> Sequence[Any]:
        return ()

    def clock() -> int:
        return NOON

    pages = Pages(PageOptions(company.name))
    form = Form(FormOptions(**{"posts": 10_000, **options}), pages.form_answer, clock)
    webchat = Webchat(WebchatOptions(folder / "uploads", frames=10_000, strangers_per_hour=10_000), history, _no_media, clock)
    app = web.Application()
    app.add_routes([*pages.routes(), *form.routes(kept), *webchat.routes(kept)])
    async with TestClient(TestServer(app)) as client:
        yield Front(store, company, form, webchat, client)
        await webchat.close()


@asynccontextmanager
async def _no_media(number: int) -> AsyncIterator[AsyncIterator[bytes]]:
    raise FileNotFoundError
    yield
