"""The widget and the public pages attacked in a real browser: no dialog, no request to a stranger, no breach of our own policy by our own code."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from channels.form import Form, FormOptions
from channels.webchat import Author, Webchat, WebchatOptions
from crm.base.events import MediaKind, Message
from crm.base.outbound import Button, Edit, Media, Say
from tests.browser.conftest import FLAGS
from tests.browser.stage import PATIENCE
from tests.channels.web_stand import Shop
from tests.hostile.corpus import XSS
from web.pages import PageOptions, Pages

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]
# Runs before any script of the page: whatever the policy blocks is written down.
LISTEN = """
window.__breaches = [];
document.addEventListener('securitypolicyviolation', (event) => window.__breaches.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile));
"""
SITE_SECRET = b"a secret of the shop and of nobody else"
HOSTILE_FIRM = 'Beans "><script>alert(0)</script>'


@dataclass
class Site:
    """The firm's site, the browser that looks at it, and everything in it that should not have been."""

    page: Page
    url: str
    shop: Shop
    webchat: Webchat
    dialogs: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def visitor(self) -> str:
        """The one visitor, as the store knows them."""
        return next(iter(self.shop.lines))

    async def unharmed(self) -> None:
        """Nothing of it ran, called home or was stopped by the policy only."""
        assert await self.page.evaluate("window.__breaches") == []
        assert self.dialogs == []
        assert self.strangers == []
        assert self.complaints == []

    async def open(self, path: str = "/", referrer: str = "") -> None:
        """Come to a page."""
        await self.page.goto(self.url + path, referer=referrer or None)

    async def chat(self) -> None:
        """Open the widget and say hello, so that there is a thread."""
        await self.page.locator("[data-dragoman-open]").first.click()
        words = self.page.get_by_role("dialog").get_by_role("textbox")
        await words.fill("Hello")
        await words.press("Enter")
        await expect(self.page.get_by_role("dialog").get_by_text("Hello", exact=True)).to_be_visible()
        await expect(self.page.get_by_role("dialog").get_by_text("✓").first).to_be_visible()  # it is kept


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[object]:
    """A browser of this module's own."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(browser: object, tmp_path: Path) -> AsyncIterator[Site]:
    """A firm with a hostile name of its own, and a page that is listened to."""
    shop, pages = Shop(), Pages(PageOptions(HOSTILE_FIRM))
    shop.webchat = Webchat(
        WebchatOptions(tmp_path / "uploads", title=HOSTILE_FIRM, secrets=(SITE_SECRET,), frames=1000), shop.history, shop.open_media, shop.clock
    )
    app = web.Application()
    app.add_routes([*pages.routes(), *Form(FormOptions(posts=1000), pages.form_answer, shop.clock).routes(shop.keep), *shop.webchat.routes(shop.keep)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    context = await browser.new_context(locale="en-GB", reduced_motion="reduce")  # type: ignore[attr-defined]
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(LISTEN)
    page = await context.new_page()
    made = Site(page, url, shop, shop.webchat)
    listen(page, made)
    yield made
    await context.close()
    await shop.webchat.close()
    await runner.cleanup()


def listen(page: Page, site: Site) -> None:
    """Write down every dialog, every request to a stranger, and every complaint of the console."""

    async def dismissed(dialog: object) -> None:
        site.dialogs.append(str(dialog))
        await dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", dismissed)
    page.on("request", lambda request: site.strangers.append(request.url) if is_strange(request.url, site.url) else None)
    page.on("console", lambda said: site.complaints.append(said.text) if said.type in ("error", "warning") and "favicon" not in said.text else None)
    page.on("pageerror", lambda error: site.complaints.append(str(error)))


def is_strange(url: str, ours: str) -> bool:
    """Whether a request leaves the house."""
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(ours).netloc


async def test_the_traps_of_these_tests_go_off(site: Site) -> None:
    await site.open()
    await site.page.evaluate("new Image().src = 'https://evil.example/pixel.gif'; document.body.insertAdjacentHTML('beforeend', '<p onclick=alert(1)>x</p>')")
    await site.page.wait_for_function("window.__breaches.length > 1")
    await site.page.evaluate("alert(2)")
    assert site.dialogs
    assert site.complaints


async def test_what_a_visitor_types_is_shown_as_they_typed_it(site: Site) -> None:
    await site.open()
    await site.chat()
    words = site.page.get_by_role("dialog").get_by_role("textbox")
    for text in XSS:
        await words.fill(text)
        await words.press("Enter")
        await expect(site.page.get_by_role("dialog").get_by_text(text.strip("\u202e\u2066"), exact=False).last).to_be_visible()
    await site.page.reload()
    await site.page.locator("[data-dragoman-open]").first.click()
    await expect(site.page.get_by_role("dialog").get_by_text(XSS[0], exact=False).last).to_be_visible()
    await site.unharmed()


async def test_what_we_say_is_text_whoever_wrote_it(site: Site) -> None:
    await site.open()
    await site.chat()
    for text in XSS:
        button = Button(text[:24], value=text[:60])
        line = site.shop.line(site.visitor, text, Author.REP, name=text, buttons=((button,),))
        await site.webchat.send(site.visitor, Say(text), site.shop.open_media)
        site.shop.change(site.visitor, line, f"edited {text}")
        await site.webchat.send(site.visitor, Edit("x", f"edited {text}"), site.shop.open_media)
    await expect(site.page.get_by_role("dialog").get_by_text(f"edited {XSS[0]}", exact=False).last).to_be_visible()
    await site.unharmed()


async def test_a_link_of_a_button_leads_to_pages_alone(site: Site) -> None:
    await site.open()
    await site.chat()
    for url in ("javascript:alert(1)", "data:text/html,<script>alert(2)</script>", " javascript:alert(3)", "vbscript:x", "https://t.me/marani"):
        site.shop.line(site.visitor, f"go {url}", buttons=((Button("Go", url=url),),))
    await site.webchat.send(site.visitor, Say("go"), site.shop.open_media)
    await expect(site.page.get_by_role("dialog").get_by_text("go https://t.me/marani")).to_be_visible()
    links = site.page.get_by_role("dialog").get_by_role("link", name="Go")
    hrefs = [await link.get_attribute("href") for link in await links.all()]
    assert hrefs == ["https://t.me/marani"]
    assert await links.first.get_attribute("rel") == "noopener noreferrer nofollow"
    await site.unharmed()


async def test_a_file_s_name_is_a_name(site: Site) -> None:
    await site.open()
    await site.chat()
    for text in XSS:
        media = (Media(2, MediaKind.DOCUMENT, text, text, 5), Media(1, MediaKind.PHOTO, text, "image/png", 5))
        site.shop.line(site.visitor, "", media=media)
    await site.webchat.send(site.visitor, Say("files"), site.shop.open_media)
    await expect(site.page.get_by_role("dialog").get_by_text(XSS[0][:10], exact=False).last).to_be_visible()
    await site.unharmed()


async def test_a_file_of_markup_is_downloaded_and_never_shown(site: Site) -> None:
    await site.open()
    await site.chat()
    site.shop.line(site.visitor, "", media=(Media(2, MediaKind.DOCUMENT, "evil.html", "text/html", 5),))
    await site.webchat.send(site.visitor, Say("file"), site.shop.open_media)
    async with site.page.expect_download() as waiting:
        await site.page.get_by_role("dialog").get_by_text("evil.html").click()
    assert (await waiting.value).suggested_filename == "evil.html"
    await site.unharmed()


async def test_a_hostile_file_may_be_sent_and_is_only_named(site: Site, tmp_path: Path) -> None:
    await site.open()
    await site.chat()
    for name in ("<img src=x onerror=alert(1)>.png", "\u202egnp.exe", "a'onload='alert(2).svg"):
        (tmp_path / name).write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(3)'/>")
        await site.page.get_by_role("dialog").locator("input[type=file]").set_input_files(tmp_path / name)
    await expect(site.page.get_by_role("dialog").get_by_text("onerror", exact=False).last).to_be_visible()
    await site.unharmed()


async def test_marks_in_an_address_and_where_somebody_came_from_stay_words(site: Site) -> None:
    for text in XSS:
        marks = "&".join(f"{name}={quote(text)}" for name in ("utm_source", "utm_campaign", "referrer", "page", "payload", "lang"))
        for path in ("/", "/form"):
            await site.open(f"{path}?{marks}#{quote(text)}", referrer=f"{site.url}/?{quote(text)}")
            assert await site.page.locator("form[action='/in/form']").count() == 1
        assert await site.page.locator("input[name=utm_source]").input_value() in (text, text.replace("\u202e", ""))
    await site.unharmed()


@pytest.mark.parametrize("path", ["/", "/form"])
async def test_a_form_given_back_holds_what_was_typed_as_text(site: Site, path: str) -> None:
    for text in XSS[:8]:
        await site.open(path)
        await site.page.locator("form[action='/in/form']").evaluate("(form) => { form.noValidate = true; }")
        await site.page.get_by_label("Your name").fill(text)
        await site.page.locator("form[action='/in/form'] button[type=submit]").click()
        await expect(site.page.get_by_role("alert")).to_be_visible()
        await expect(site.page.get_by_label("Your name")).to_have_value(text)
    complaints = [said for said in site.complaints if "400 (Bad Request)" not in said]
    site.complaints[:] = complaints
    await site.unharmed()


async def test_a_page_of_a_stranger_may_neither_frame_nor_question_us(site: Site) -> None:
    await site.open("/form")
    said = await site.page.evaluate(
        """async () => {
            const frame = document.createElement('iframe');
            frame.sandbox = 'allow-scripts';
            frame.srcdoc = `<script>parent.postMessage({type: 'open', text: '<img src=x onerror=alert(1)>'}, '*')</scr` + `ipt>`;
            document.body.append(frame);
            for (const origin of ['*']) {
                window.postMessage({type: 'message', text: '<img src=x onerror=alert(2)>', dragoman: true}, origin);
                window.postMessage('{"type": "edit", "seq": 1, "text": "<svg onload=alert(3)>"}', origin);
            }
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            return document.querySelectorAll('img[src=x], svg[onload]').length;
        }"""
    )
    assert said == 0
    assert site.dialogs == []
    assert site.strangers == []


async def test_who_is_logged_in_at_the_shop_has_a_thread_of_their_own_and_nobody_elses(site: Site) -> None:
    def page(visitor: str) -> str:
        word = hmac.new(SITE_SECRET, visitor.encode(), hashlib.sha256).hexdigest()
        own = f' data-visitor="{visitor}" data-signature="{word}"' if visitor else ""
        return f'<!doctype html><button data-dragoman-open>Chat</button><script src="{site.url}/static/widget.js"{own}></script>'

    async def come(visitor: str) -> None:
        await site.page.route("**/shop", lambda route: route.fulfill(body=page(visitor), content_type="text/html"))
        await site.open("/shop")
        await site.page.locator("[data-dragoman-open]").first.click()

    async def say(text: str) -> None:
        words = site.page.get_by_role("dialog").get_by_role("textbox")
        await words.fill(text)
        await words.press("Enter")
        row = site.page.get_by_role("dialog").locator(".row").filter(has_text=text)
        await expect(row.get_by_text("✓")).to_be_visible()  # it is kept

    await come("")
    await say("Not logged in")
    await come("1042")
    await expect(site.page.get_by_role("dialog").get_by_text("Not logged in")).to_be_visible()  # what was begun before is theirs
    await say("It is me")
    await come("1043")
    await say("Somebody else")
    await expect(site.page.get_by_role("dialog").get_by_text("It is me")).to_have_count(0, timeout=20_000)
    await come("1042")
    await expect(site.page.get_by_role("dialog").get_by_text("It is me")).to_be_visible()
    said = [event for raw in site.shop.kept for event in site.webchat.parse(raw) if isinstance(event, Message)]
    assert [(one.text, one.sender.visitor) for one in said] == [("Not logged in", ""), ("It is me", "1042"), ("Somebody else", "1043")]
    assert said[0].sender.external_id == said[1].sender.external_id != said[2].sender.external_id


async def test_a_code_behind_a_page_comes_along_with_the_first_words(site: Site) -> None:
    await site.open("/#dragoman=k7f3q2ab")
    await site.chat()
    await expect(site.page.get_by_role("dialog").get_by_text("✓").first).to_be_visible()
    [said] = [event for raw in site.shop.kept for event in site.webchat.parse(raw) if isinstance(event, Message)]
    assert said.source is not None
    assert said.source.payload == "k7f3q2ab"
