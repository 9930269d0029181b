"""The page that ends offers: a look changes nothing, one click from a mail program does, and nobody can do it for another."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from channels.email.channel import Email
from channels.email.options import EmailOptions
from channels.email.unsubscribe import Leaving
from crm.base.errors import Busy
from crm.base.events import OptOut, Scope
from crm.base.outbound import Say
from sandbox.mail.letters import opened
from tests.channels.email.stand import ANAHIT, NOON, SHOP, firm, standing
from tests.doors import Inbox, served

OPTIONS = EmailOptions(SHOP, password="x", provider="gmail")


class Door:
    """The page served, and who comes to it."""

    def __init__(self, folder: Path, url: str, http: ClientSession, kept: Inbox) -> None:
        self.email, self.kept, self.http = Email(OPTIONS, firm(folder)), kept, http
        self._leaving = Leaving(self.email.options, firm(folder))
        self._url = url

    def page(self, address: str = ANAHIT) -> str:
        return self._leaving.page(address).replace("https://shop.example", self._url)

    async def ask(self, method: str, url: str, **more: object) -> tuple[int, str]:
        async with self.http.request(method, url, **more) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.text()


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    kept, made = Inbox(), Email(OPTIONS, firm(tmp_path))

    def routes(_: str) -> Sequence[web.RouteDef]:
        return made.routes(kept)

    async with served(routes) as url, ClientSession() as http:
        yield Door(tmp_path, url, http, kept)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(door: Door, method: str) -> None:
    status, page = await door.ask(method, door.page())
    assert status == 200
    assert method == "HEAD" or ANAHIT in page
    assert door.kept.events == []


async def test_one_click_of_a_mail_program_ends_offers(door: Door) -> None:
    status, _ = await door.ask("POST", door.page(), data={"List-Unsubscribe": "One-Click"})
    [kept] = door.kept.events
    [left] = door.email.parse(kept)
    assert status == 200
    assert isinstance(left, OptOut)
    assert (left.sender.external_id, left.scope) == (ANAHIT, Scope.MARKETING)


async def test_the_button_on_the_page_does_the_same(door: Door) -> None:
    status, page = await door.ask("POST", door.page())
    assert (status, len(door.kept.events)) == (200, 1)
    assert "no more offers" in page


async def test_pressing_twice_is_written_down_once(door: Door) -> None:
    leaving = Leaving(door.email.options, door.email._firm)
    assert leaving.event(ANAHIT, NOON).key == leaving.event(ANAHIT, NOON + 1000).key
    assert leaving.event(ANAHIT, NOON).key != leaving.event(ANAHIT, NOON + 86_400_000).key


async def test_a_page_speaks_the_readers_language(door: Door) -> None:
    _, page = await door.ask("GET", door.page(), headers={"Accept-Language": "xx,hy;q=0.8"})
    assert 'lang="hy"' in page


@pytest.mark.parametrize("change", [lambda page: page[:-1] + "0z"[page[-1] == "0"], lambda page: page + "0", lambda page: page.rpartition(".")[0], lambda page: page.rpartition("/")[0] + "/x.y", lambda page: page.rpartition("/")[0] + "/%ff%00.y"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_address_nobody_signed_is_no_page(door: Door, method: str, change: object) -> None:
    assert callable(change)
    status, _ = await door.ask(method, change(door.page()))
    assert status == 404
    assert door.kept.events == []


async def test_a_seal_is_good_for_its_own_address_alone(door: Door) -> None:
    mine, theirs = door.page(), door.page("boris@home.example")
    status, _ = await door.ask("POST", theirs.rpartition(".")[0] + "." + mine.rpartition(".")[2])
    assert status == 404


async def test_what_could_not_be_stored_is_not_promised(door: Door) -> None:
    door.kept.failures.append(Busy())
    status, _ = await door.ask("POST", door.page())
    assert status == 503


async def test_what_an_address_says_is_no_page_of_ours(door: Door) -> None:
    _, page = await door.ask("GET", door.page("<script>@home.example"))
    assert "<script>" not in page


async def test_a_long_body_is_refused(door: Door) -> None:
    status, _ = await door.ask("POST", door.page(), data=b"x" * 10_000)
    assert status == 413


async def test_a_mail_that_may_be_left_names_the_page(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.send(Say("New wine", subject="News", unsubscribe="page", thread="c1", ref="d1"))
        [mail] = stand.got()
    page = Leaving(stand.email.options, stand.firm).page(ANAHIT)
    assert page.startswith("https://shop.example/in/email/")
    assert mail["List-Unsubscribe"].startswith(f"<{page}>")
    assert opened(mail.as_bytes())["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
