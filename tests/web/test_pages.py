"""The public pages: five languages, safe headers, nothing from outside ever becomes markup."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from crm.base.i18n import LANGUAGES, NATIVE
from crm.base.outbound import Health
from web.health import health_routes
from web.pages import PageOptions, Pages

WIDGET = Path(__file__).parents[2] / "web" / "static" / "widget.js"
Client = TestClient[web.Request, web.Application]
HOSTILE = ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "' onfocus='alert(1)", "{{7*7}}", "</textarea><b>"]


async def _ready() -> Health:
    return Health(ok=False, words="the store is locked", facts={"store": "locked"})


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    pages = Pages(PageOptions(company='Beans & "Co"'))
    app = web.Application()
    app.add_routes([*pages.routes(), *health_routes(_ready)])
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_shop_speaks_every_language(client: Client, language: str) -> None:
    text = await (await client.get("/", params={"lang": language})).text()
    assert f'<html lang="{language}">' in text
    assert f'data-language="{language}"' in text
    assert all(NATIVE[code] in text for code in LANGUAGES)


@pytest.mark.parametrize(("accepted", "language"), [("ka-GE,en;q=0.8", "ka"), ("de,ru;q=0.5", "ru"), ("", "hy"), ("xx" * 500, "hy")])
async def test_a_browser_is_answered_in_its_own_language(client: Client, accepted: str, language: str) -> None:
    text = await (await client.get("/form", headers={"Accept-Language": accepted})).text()
    assert f'<html lang="{language}">' in text


async def test_pages_forbid_everything_they_do_not_need(client: Client) -> None:
    for path in ("/", "/form"):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        text = await answer.text()
        assert not re.search(r"<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", text)


async def test_the_form_keeps_where_the_visitor_came_from(client: Client) -> None:
    text = await (await client.get("/form?utm_source=insta&utm_x=1", headers={"Referer": "https://insta.example/p"})).text()
    assert 'name="utm_source" value="insta"' in text
    assert 'name="referrer" value="https://insta.example/p"' in text
    assert "utm_x" not in text


async def test_the_offers_box_is_unticked_and_its_words_travel(client: Client) -> None:
    text = await (await client.get("/form?lang=en")).text()
    assert re.search(r'<input type="checkbox" name="offers" value="yes">', text)
    assert 'name="offers_text" value="I would like to hear about offers and news."' in text


async def test_each_page_has_a_submission_id_of_its_own(client: Client) -> None:
    texts = [await (await client.get("/form")).text() for _ in range(2)]
    found = [re.findall(r'name="submission" value="([\w-]{20,})"', text) for text in texts]
    assert len(found[0]) == len(found[1]) == 1
    assert found[0] != found[1]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_stay_words(client: Client, text: str) -> None:
    pages = Pages(PageOptions(company="Beans"))
    fields = {"name": text, "phone": text, "text": text, "language": text, "utm_source": text, "submission": text}
    shown = pages.form_answer("empty", 400, fields).text or ""
    query = await (await client.get("/", params={"lang": text, "utm_source": text}, headers={"Referer": "https://x.example/" + text})).text()
    for page in (shown, query):
        assert not re.search(r"<script>|<img src=x|onfocus='|[>\"]49[<\"]|<b>", page)
    assert all(quoted in shown for quoted in ("name=", "value="))


async def test_bytes_that_are_no_text_in_an_address_do_no_harm(client: Client) -> None:
    for path in ("/?utm_source=%ED%A0%80%00%ff", "/form?lang=%00", "/static/..%2fpages.py", "/static/%00", "/static/pages.py"):
        assert (await client.get(path)).status in (200, 404)


@pytest.mark.parametrize(("state", "status"), [("thanks", 200), ("empty", 400), ("slow", 429), ("later", 503)])
def test_every_end_of_a_form_has_a_page(state: str, status: int) -> None:
    answer = Pages(PageOptions(company="Beans")).form_answer(state, status, {"name": "Ani", "language": "ru", "offers": "yes"})
    assert (answer.status, '<html lang="ru">' in (answer.text or "")) == (status, True)
    assert state == "thanks" or ('value="Ani"' in (answer.text or "") and "checked" in (answer.text or ""))


async def test_the_widget_is_small_cached_and_loadable_from_anywhere(client: Client) -> None:
    answer = await client.get("/widget.js")
    assert len(gzip.compress(await answer.read(), 9)) <= 15_000
    assert answer.content_type == "text/javascript"
    assert (answer.headers["Cache-Control"], answer.headers["Cross-Origin-Resource-Policy"]) == ("public, max-age=300", "cross-origin")
    assert (await client.get("/widget.js", headers={"If-None-Match": answer.headers["ETag"]})).status == 304


def test_the_widget_never_makes_markup_of_text_and_keeps_no_cookie() -> None:
    script = WIDGET.read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "document.cookie"):
        assert forbidden not in script


def test_the_widget_has_the_same_words_in_every_language() -> None:
    tables: dict[str, Any] = {}
    for language, table in re.findall(r"^    (\w\w): \{ (.*) \},$", WIDGET.read_text(), re.MULTILINE):
        tables[language] = re.findall(r"(\w+): '", table)
    assert set(tables) == set(LANGUAGES)
    assert all(words == tables["en"] for words in tables.values())


async def test_prices_are_in_the_firms_currency() -> None:
    app = web.Application()
    app.add_routes(Pages(PageOptions(company="Beans", currency="GEL")).routes())
    async with TestClient(TestServer(app)) as client:
        assert "86 ₾" in (await (await client.get("/?lang=ka")).text()).replace("\xa0", " ")


async def test_health_is_alive_while_ready_tells_the_truth(client: Client) -> None:
    assert await (await client.get("/health")).json() == {"ok": True}
    answer = await client.get("/ready")
    assert (answer.status, await answer.json()) == (503, {"ok": False, "words": "the store is locked", "facts": {"store": "locked"}})
