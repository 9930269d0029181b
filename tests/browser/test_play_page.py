"""The story on the play page, in a real browser: one person plays the customer, the visitor, the rep and the manager."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Locator, Page, async_playwright, expect

from main import free_port

CHROMIUM = shutil.which("chromium") or ""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ROOT = Path(__file__).parents[2]
PICTURES = Path(os.environ.get("PICTURES", ROOT / "demo-data" / "pictures"))
PATIENCE = 30_000

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("REQUIRE_ALL"), reason="the Debian package chromium is not installed"),
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The demo as a newcomer starts it; answers the page's address."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    log = (folder / "demo.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "main.py"), "demo", cwd=folder, env={**os.environ, "DEMO_PORT": str(port)}, stdout=log, stderr=log, start_new_session=True
    )
    async with asyncio.timeout(60):
        while "play page" not in (folder / "demo.log").read_text():
            assert process.returncode is None, (folder / "demo.log").read_text()
            await asyncio.sleep(0.1)
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    await process.wait()
    log.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(demo: str) -> AsyncIterator[Page]:
    """The play page, opened wide."""
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = await browser.new_page(viewport={"width": 1680, "height": 1000})
        opened.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        await opened.goto(demo)
        yield opened
        await browser.close()


def pane(page: Page, name: str) -> Locator:
    """One person's pane."""
    return page.locator(f"[data-pane={name}]")


async def write(chat: Locator, text: str) -> None:
    """Type into a chat and send."""
    await chat.locator("textarea[data-role=composer]").fill(text)
    await chat.locator("[data-role=send]").click()


async def answer(chat: Locator, message: Locator, text: str) -> None:
    """Reply to a message."""
    await message.hover()
    await message.locator("[data-role=reply]").click()
    await write(chat, text)


def post(chat: Locator, text: str) -> Locator:
    """The newest message that holds a text."""
    return chat.locator("[data-message-id]").filter(has_text=text).last


async def picture(page: Page, name: str) -> None:
    """Keep a picture for whoever looks."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")


async def test_a_stranger_is_greeted_taken_and_answered(page: Page) -> None:
    customer, rep = pane(page, "customer"), pane(page, "rep")
    await customer.locator("[data-role=start]").click()
    await expect(post(customer, "Marani")).to_be_visible()
    await write(customer, "Բարև ձեզ, երկու կիլոգրամ սուրճ եմ ուզում")
    card = post(rep, "երկու կիլոգրամ")
    await expect(card).to_be_visible()
    await picture(page, "card")
    await card.get_by_role("button", name=TAKE).click()
    await expect(post(rep, "երկու կիլոգրամ").get_by_role("button", name=HAND_BACK)).to_be_visible()
    await answer(rep, post(rep, "երկու կիլոգրամ"), "Այո, այսօր կբերենք")
    await expect(post(customer, "Այո, այսօր կբերենք")).to_be_visible()
    await write(customer, "Շնորհակալություն")
    await expect(post(rep, "Շնորհակալություն")).to_be_visible()
    await picture(page, "answered")


async def test_a_visitor_uses_the_widget_and_goes_on_in_telegram(page: Page) -> None:
    rep = pane(page, "rep")
    shop: FrameLocator = page.frame_locator("[data-role=shop]")
    await shop.locator("[data-dragoman-open]").first.click()
    box = shop.locator("textarea")
    await box.last.fill("Do you grind the beans too?")
    await box.last.press("Enter")
    await expect(post(rep, "grind the beans")).to_be_visible()
    await picture(page, "widget")
    await answer(rep, post(rep, "grind the beans"), "Yes, as fine as you like")
    await expect(shop.get_by_text("Yes, as fine as you like")).to_be_visible()
    await picture(page, "widget-answered")


async def test_a_manager_reads_the_day(page: Page) -> None:
    manager = pane(page, "manager")
    await write(manager, "/today")
    await expect(post(manager, "leads")).to_be_visible()
    await picture(page, "today")


async def test_the_plug_is_pulled_and_nothing_is_lost(page: Page) -> None:
    customer, rep = pane(page, "customer"), pane(page, "rep")
    await page.locator("[data-role=plug]").click()
    await write(customer, "Are you still there after the blackout?")
    await expect(post(rep, "after the blackout")).to_be_visible()
    assert await rep.locator("[data-message-id]").filter(has_text="after the blackout").count() == 1
    await picture(page, "plug")


TAKE, HAND_BACK = "Take", "Hand back"
