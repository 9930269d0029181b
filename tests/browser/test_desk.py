"""The staff inbox in a real browser: on a phone, on a desk, without scripts, and under attack.

`PICTURES=docs/pictures` renews the README's pictures.
"""

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import select

from crm.base.actors import Bot, Rep
from crm.base.db import Session, Store
from crm.base.outbound import Say, Uncertain
from crm.base.settings import Company
from crm.outreach import persons
from crm.people.contacts import Identity, Proof
from tests.browser.conftest import FLAGS
from tests.browser.stage import PATIENCE, kept
from tests.web.front_desk import FrontDesk

pytestmark = [pytest.mark.browser]
PHONE, TABLE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
ASKED, ANSWER, MORE = "Do you have oak tables, 180 cm long? We need two for the office.", "Yes, in oak and in walnut.", "Great. And chairs?"
PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
# The alarm rings in the page's title, so that it is seen without a dialog to close.
ATTACKS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"\' autofocus onfocus="document.title=\'owned\'" x="',
    "</textarea></template><svg/onload=document.title='owned'>",
    "<a href=javascript:document.title='owned'>x</a>",
    "<style>*{display:none}</style>",
    "\u202e\u2066cod.exe",
]


def wall() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def desk(store: Store, company: Company, tmp_path: Path) -> FrontDesk:
    """A company with a web inbox, by the clock on the wall."""
    return FrontDesk(store, company, tmp_path, clock=wall)


@pytest_asyncio.fixture
async def address(desk: FrontDesk) -> AsyncIterator[str]:
    """Where it is."""
    async with TestServer(desk.app(file=1024 * 1024)) as server:
        yield str(server.make_url("/desk"))


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser of this test's own."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        yield opened
        await opened.close()


@pytest_asyncio.fixture
async def rep(desk: FrontDesk) -> Rep:
    """Tigran, a rep."""
    return await desk.member()


async def inside(browser: Browser, address: str, secret: str, *, size: dict[str, int] = PHONE, script: bool = True) -> Page:
    """A page on which a link's button was pressed; `complaints` of the browser are kept on it."""
    context = await browser.new_context(viewport=size, java_script_enabled=script, reduced_motion="reduce", locale="en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(f"{address}/login/{secret}")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator("#rows")).to_be_attached()
    return page


async def refresh(page: Page) -> None:
    """Let the script ask now rather than in a few seconds."""
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


async def picture(page: Page, name: str) -> None:
    """Keep a picture for whoever looks."""
    kept(name, await page.screenshot())


async def test_a_rep_logs_in_on_a_phone_takes_answers_and_sees_it_delivered(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    await desk.letter(ASKED, "ann lee")
    page = await inside(browser, address, await desk.link(rep))
    assert await fits(page)
    await page.get_by_role("link", name="Ann Lee").click()
    await page.get_by_role("button", name="Take", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Yours")
    await page.get_by_label("Your answer").fill(ANSWER)
    await page.get_by_role("button", name="Send", exact=True).click()
    answer = page.locator(".bubble").filter(has_text=ANSWER)
    await expect(answer).to_contain_text("waiting to be sent")
    await desk.deliver()
    await refresh(page)
    await expect(answer).to_contain_text("sent ✓")
    assert ("ann lee", ANSWER) in desk.carrier.texts
    await desk.letter(MORE, "ann lee")
    await refresh(page)
    await expect(page.locator(".bubble.them").last).to_contain_text(MORE)
    await expect(page.locator(".bubble.them").last).to_be_in_viewport()
    assert await fits(page)
    await picture(page, "desk-phone")


async def test_a_customer_is_found_on_a_phone_and_gets_a_file(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    for who in ("ann lee", "արմեն հակոբյան", "nino"):
        await desk.letter(ASKED, who)
    page = await inside(browser, address, await desk.link(rep))
    await page.get_by_label("Find a customer").fill("armen")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row")).to_have_count(1)
    assert await fits(page)
    await picture(page, "desk-find")
    await page.locator(".row a").click()
    file = page.get_by_label("Attach a file")
    await file.set_input_files({"name": "large.pdf", "mimeType": "application/pdf", "buffer": b"x" * 2_000_000})
    assert "larger than 1 MB" in await file.evaluate("input => input.validationMessage")
    await page.get_by_role("button", name="Take the file away").click()
    await expect(page.locator(".chosen")).to_be_hidden()
    await file.set_input_files({"name": "oak.png", "mimeType": "image/png", "buffer": PICTURE})
    await expect(page.locator(".chosen")).to_contain_text("oak.png")
    assert await fits(page)
    await picture(page, "desk-file")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".bubble.us .file img")).to_be_visible()
    await desk.deliver()
    assert [one.media.name for _, one in desk.carrier.sent if isinstance(one, Say) and one.media] == ["oak.png"]


async def test_words_that_came_while_typing_hold_the_answer_back(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    await desk.letter(ASKED)
    page = await inside(browser, address, await desk.link(rep))
    await page.get_by_role("link", name="Ann").click()
    await expect(page.get_by_label("Your answer")).to_be_visible()
    await page.route("**/desk/now*", lambda route: route.abort())  # what is new is not shown before they send
    await page.get_by_label("Your answer").fill(ANSWER)
    await desk.letter(MORE)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Not sent: newer messages have come.")
    await expect(page.locator(".bubble.new")).to_contain_text(MORE)
    await expect(page.get_by_label("Your answer")).to_have_value(ANSWER)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".bubble.us").last).to_contain_text(ANSWER)


async def test_what_nobody_knows_is_settled_on_a_desk(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    for who, text in (("ann lee", ASKED), ("անի", "Բարև ձեզ, երկու կիլոգրամ սուրճ եմ ուզում"), ("nino", "გამარჯობა, მიწოდება რა ღირს?")):
        await desk.letter(text, who)
    await desk.deliver()
    page = await inside(browser, address, await desk.link(rep), size=TABLE)
    await page.get_by_role("link", name="Ann Lee").click()
    await page.get_by_label("Your answer").fill(ANSWER)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#status")).to_have_text("Yours")
    await desk.deliver()
    await page.locator("summary").filter(has_text="Note").click()
    await page.get_by_label("A note for colleagues").fill("Wants an invoice in the company's name.")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.locator(".bubble.note")).to_be_visible()
    await page.get_by_label("Your answer").fill("Until Friday?")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".bubble.us")).to_have_count(3)
    await desk.deliver(Uncertain("no answer"))
    await refresh(page)
    await expect(page.get_by_role("button", name="Mark sent")).to_be_visible()
    await expect(page.locator(".done")).to_have_count(0)
    assert await fits(page)
    await picture(page, "desk")
    await page.get_by_role("button", name="Mark sent").click()
    await expect(page.get_by_role("status").filter(has_text="Marked as sent.")).to_be_visible()


async def test_everything_needed_works_without_scripts(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    await desk.letter(ASKED)
    page = await inside(browser, address, await desk.link(rep), script=False)
    await page.get_by_role("link", name="Ann").click()
    await page.get_by_role("button", name="Take", exact=True).click()
    await page.get_by_label("Your answer").fill(ANSWER)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".bubble.us").last).to_contain_text(ANSWER)
    await expect(page.locator(".bubble.us").last).to_be_in_viewport()
    await page.locator("summary").filter(has_text="Later").click()
    await page.get_by_role("button", name="In 1 hour").click()
    await expect(page.locator("#status")).to_contain_text("Put off until")
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    await page.goto(f"{address}/sessions")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("heading", name="You are not logged in")).to_be_visible()


async def test_attacks_in_names_and_texts_stay_texts_also_when_a_script_shows_them(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    await desk.letter("harmless", ATTACKS[0])
    page = await inside(browser, address, await desk.link(rep), size=TABLE)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.get_by_role("link").filter(has_text="harmless").or_(page.locator(".row a")).first.click()
    for attack in ATTACKS:
        await desk.letter(attack, ATTACKS[0])
        await desk.letter(attack, attack)
    await refresh(page)
    await expect(page.locator(".bubble.them")).to_have_count(1 + 2 + len(ATTACKS) - 1)
    await expect(page.locator(".row")).to_have_count(len(ATTACKS))
    await page.get_by_label("Your answer").fill(ATTACKS[3])
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".bubble.us").last).to_contain_text(ATTACKS[3])
    assert "owned" not in await page.title()
    assert await page.locator("#bubbles :is(script, svg, style, img, a), #rows :is(script, svg, style, img)").count() == 0
    assert complaints == []


async def test_who_is_removed_sees_nothing_more_by_themselves(desk: FrontDesk, address: str, browser: Browser, rep: Rep) -> None:
    from tests.crm.fake import fire

    await desk.letter(ASKED)
    page = await inside(browser, address, await desk.link(rep))
    await page.get_by_role("link", name="Ann").click()
    await expect(page.locator(".bubble.them")).to_contain_text(ASKED)
    await fire(desk.store, rep)
    await refresh(page)
    await expect(page.get_by_role("heading", name="You are not logged in")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
async def test_two_people_are_looked_at_merged_and_parted_on_a_phone(desk: FrontDesk, address: str, browser: Browser, rep: Rep, script: bool) -> None:
    await desk.letter(ASKED, "ann lee")
    await desk.letter(MORE, "lee ann")
    page = await inside(browser, address, await desk.link(rep), script=script)
    await page.get_by_role("link", name="Lee Ann").click()
    same, contact = page.locator("#same"), select(Identity.contact_id).order_by(Identity.id)
    if script:
        await expect(same).to_be_hidden()

    def claim(session: Session) -> None:
        for number in session.scalars(contact).all():
            persons.learn_point(session, Bot(), number, "phone", "+37491223344", proof=Proof.CLAIMED, message_id=None, now=wall())

    await desk.store.write(claim)
    await (refresh(page) if script else page.reload())
    await same.get_by_text("Possibly the same as").click()
    await expect(same).to_contain_text("Every conversation stays on its channel.")
    assert await fits(page)
    await picture(page, "desk-same")
    await same.get_by_role("button", name="Merge").click()
    await expect(page.locator(".done")).to_contain_text("They are one person now.")
    await same.get_by_text("Not one person?").click()
    assert await fits(page)
    await same.get_by_role("button", name="Undo").click()
    await expect(page.locator(".done")).to_contain_text("They are two people again")
    await expect(same).to_be_hidden()
