"""The demo as a newcomer starts it, and one browser that looks at it for the whole story."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from tests.browser.stage import PATIENCE, Stage
from tests.ports import free_port
from tests.walks.house import zone_where_it_is

CHROMIUM = shutil.which("chromium") or ""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
START = 120


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; without it a person's walk is skipped, and CI's fails."""
    if not CHROMIUM and os.environ.get("REQUIRE_ALL"):
        pytest.fail("the Debian package chromium is not installed")
    if not CHROMIUM:
        pytest.skip("the Debian package chromium is not installed")
    return CHROMIUM


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The demo in a process of its own, where it is noon so that promotions may leave; answers the page's address."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    log = folder / "demo.log"
    variables = {**os.environ, "DEMO_PORT": str(port), "DEMO_ZONE": zone_where_it_is(12)}
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "main.py"), "demo", cwd=folder, env=variables, stdout=asyncio.subprocess.PIPE, stderr=file, start_new_session=True
        )
    assert process.stdout
    async with asyncio.timeout(START):
        while b"play page" not in await process.stdout.readline():
            assert not process.stdout.at_eof(), log.read_text()
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    await process.communicate()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page(chromium: str, demo: str) -> AsyncIterator[Page]:
    """The play page, wide enough for four people side by side."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        size: ViewportSize = {"width": 1400, "height": 900}
        context = await browser.new_context(viewport=size, reduced_motion="reduce", locale="en-GB", timezone_id=zone_where_it_is(12))
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        opened = await context.new_page()
        await opened.goto(demo)
        yield opened
        await browser.close()


@pytest.fixture
def stage(page: Page) -> Stage:
    """The people on the page."""
    return Stage(page)
