"""The play page as the story sees it: four panes, the people in them, and a camera."""

import os
from pathlib import Path

from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.browser.packing import packed

PICTURES = Path(os.environ.get("PICTURES", "demo-data/pictures"))
PATIENCE = 90_000.0


class Pane:
    """One person's phone on the page."""

    def __init__(self, page: Page, name: str) -> None:
        self.root = page.locator(f"[data-pane={name}]")

    def posts(self, text: str) -> Locator:
        """Every message that holds a text."""
        return self.root.locator("[data-message-id]").filter(has_text=text)

    def post(self, text: str) -> Locator:
        """The newest of them."""
        return self.posts(text).last

    def card(self, text: str) -> Locator:
        """The newest message that holds a text and has buttons under it."""
        return self.posts(text).filter(has=self.root.page.locator("[data-role=button]")).last

    async def write(self, text: str) -> None:
        """Type a message and send it."""
        await self.root.locator("[data-role=composer]").fill(text)
        await self.root.locator("[data-role=send]").click()

    async def answer(self, message: Locator, text: str) -> None:
        """Reply to a message."""
        await message.locator(".bubble").hover()
        await message.locator("[data-role=reply]").click()
        await self.write(text)

    async def press(self, message: Locator, label: str) -> None:
        """Press a button under a message."""
        await message.get_by_role("button", name=label, exact=True).click()

    async def tap(self, label: str) -> None:
        """Press the newest button that is called so."""
        await self.root.get_by_role("button", name=label, exact=True).last.click()

    async def key(self, label: str) -> None:
        """Press a key of the keyboard that stands in place of the letters."""
        await self.root.locator("[data-role=key]").filter(has_text=label).click()


class Stage:
    """Everybody on the page; `shop` is inside the shop's own page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.customer, self.rep, self.manager = Pane(page, "customer"), Pane(page, "rep"), Pane(page, "manager")
        self.shop: FrameLocator = page.frame_locator("[data-role=shop]")

    async def picture(self, name: str, of: Locator | None = None) -> None:
        """Keep a picture of the page, or of a part of it, for the README and whoever looks; nothing pops up over it."""
        await expect(self.page.locator("[data-role=toast]:visible")).to_have_count(0)
        kept(name, await (of or self.page).screenshot())


def kept(name: str, png: bytes) -> None:
    """Keep a picture; one for the README is made small, which takes a while."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(packed(png) if "PICTURES" in os.environ else png)
