"""A staff inbox for tests: a real store, the pages on HTTP, a carrier that only remembers, and members who log in by links."""

import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.events import MediaKind
from crm.base.outbound import Limits, OpenMedia, Outbound, Receipt, Say
from crm.base.settings import Company
from crm.base.table import Base
from crm.conversations.media import MediaFiles
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.drain import Drain
from crm.people import logins
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, raw, rows
from web.desk import Desk, DeskOptions
from web.pages import PageOptions, Pages

Client = TestClient[web.Request, web.Application]


class Post(Stub):
    """A carrier whose next sendings end as they are told."""

    def __init__(self) -> None:
        super().__init__(limits=Limits(media=frozenset(MediaKind), media_size=50_000_000, edits=True))
        self.endings: list[Exception] = []

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        if self.endings:
            raise self.endings.pop(0)
        return await super().send(address, outbound, open_media)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Who was told what."""
        return [(address, one.text) for address, one in self.sent if isinstance(one, Say)]


@dataclass
class FrontDesk:
    """One company with a web inbox; `now` is its clock unless another one is given."""

    store: Store
    company: Company
    folder: Path
    carrier: Post = field(default_factory=Post)
    now: int = NOON
    clock: Callable[[], int] | None = None
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.files = MediaFiles(self.folder / "media", self.store)
        self._drain = Drain(self.store, self.carrier, self.files.open, node="test", clock=self.time)

    def time(self) -> int:
        """The instant it is here."""
        return self.clock() if self.clock else self.now

    def app(self, **options: Any) -> web.Application:
        """The pages as the product serves them."""
        desk = Desk(DeskOptions(self.folder / "logins", titles={"fake": "Telegram"}, **options), self.store, self.company, self.files, self.time)
        made = web.Application()
        made.add_routes([*Pages(PageOptions(self.company.name)).routes(), *desk.routes()])
        return made

    async def letter(self, text: str, who: str = "ann") -> None:
        """A customer writes; their name is `who` with capitals."""
        await hear(self.store, self.company, raw(f"k{next(self.numbers)}", who, "text", text, at=self.time()), now=self.time())

    async def member(self, name: str = "tigran", role: Role = Role.REP) -> Rep:
        """Somebody joins the staff."""
        return await hire(self.store, name, role)

    async def link(self, rep: Rep) -> str:
        """The secret of a fresh link."""
        secret = f"secret-for-tests-{next(self.numbers)}-of-{rep.id}"
        await self.store.write(lambda session: logins.issue(session, rep, rep.id, secret, now=self.time()))
        return secret

    async def deliver(self, *endings: Exception) -> None:
        """What waits leaves; the first sendings end with these errors."""
        self.carrier.endings += endings
        await self._drain.run()


@dataclass
class Visitor:
    """Somebody's browser: keeps cookies, follows nothing, and sends forms as pages do."""

    client: Client
    page: str = ""

    @property
    def origin(self) -> str:
        """The address the pages come from."""
        return str(self.client.make_url("")).rstrip("/")

    async def get(self, path: str, **headers: str) -> ClientResponse:
        """Load a page and keep its text."""
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        if answer.content_type == "text/html":
            self.page = await answer.text()
        return answer

    async def post(self, path: str, fields: dict[str, str], origin: str | None = None) -> ClientResponse:
        """Send a form from a page of ours, or of another origin ("" = a browser that says none)."""
        said = self.origin if origin is None else origin
        answer = await self.client.post(path, data=fields, headers={"Origin": said} if said else {}, allow_redirects=False)
        if answer.content_type == "text/html":
            self.page = await answer.text()
        return answer

    def hidden(self, name: str) -> str:
        """A hidden field of the page, as a form would send it."""
        found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', self.page)
        assert found, name
        return unescape(found[1])

    async def enter(self, secret: str) -> ClientResponse:
        """Open a link and press its button."""
        await self.get(f"/desk/login/{secret}")
        return await self.post("/desk/login", {"secret": self.hidden("secret"), "nonce": self.hidden("nonce")})

    async def do(self, number: int, deed: str, **fields: str) -> ClientResponse:
        """Load a conversation and do something about it."""
        await self.get(f"/desk/c/{number}")
        return await self.again(number, deed, **fields)

    async def again(self, number: int, deed: str, **fields: str) -> ClientResponse:
        """Do something about a conversation from the page as it was loaded last."""
        given = {"token": self.hidden("token"), "once": self.hidden("once"), "deed": deed}
        return await self.post(f"/desk/c/{number}", {**given, **({"seen": self.hidden("seen")} if deed == "reply" else {}), **fields})


@asynccontextmanager
async def visitor(app: web.Application) -> AsyncIterator[Visitor]:
    """A browser of its own on a running server."""
    async with TestClient(TestServer(app)) as client:
        yield Visitor(client)


async def newest(desk: FrontDesk) -> int:
    """The number of the newest conversation."""
    return int((await rows(desk.store, select(Conversation.id).order_by(Conversation.id.desc()).limit(1)))[0])


async def contents(desk: FrontDesk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""

    def ask(session: Session) -> dict[str, list[tuple[object, ...]]]:
        return {table.name: sorted(map(tuple, session.execute(select(table)).all()), key=repr) for table in Base.metadata.sorted_tables}

    return await desk.store.read(ask)


async def said(desk: FrontDesk) -> list[str]:
    """What reps have said to customers."""
    return await rows(desk.store, select(Message.text).where(Message.author == Author.REP.value).order_by(Message.id))


def bubbles(page: str) -> list[str]:
    """The texts of a thread as a browser shows them."""
    return [unescape(text) for text in re.findall(r'data-put="text">(.*?)</p>', page.partition("<template")[0], re.DOTALL)]


def cookie(answer: ClientResponse, name: str) -> SimpleCookie:
    """The cookie of this name that an answer sets."""
    found = [SimpleCookie(words) for words in answer.headers.getall("Set-Cookie", [])]
    return next(jar for jar in found if name in jar)


class Markup(HTMLParser):
    """Everything in a page that could do something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            leads_out = name in ("href", "src", "action") and not re.match(r"/(static|desk)", value or "")
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "autofocus") or leads_out:
                self.faults.append(f"<{tag} {name}={value!r}>")
