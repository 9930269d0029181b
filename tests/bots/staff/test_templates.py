"""Sending an approved text where nothing else may go, as a rep sees it; and /templates, as a manager does."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select

from bots.staff.sight import freedom
from bots.staff.transport import StaffOptions
from crm.base.actors import Role
from crm.base.db import Store
from crm.base.outbound import ApprovedTemplate, Limits, May, Window
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, SECOND
from crm.conversations import windows
from crm.inbox.statuses import owed
from crm.outbox.approved import ApprovedRow
from crm.outbox.drain import Drain
from crm.sales.tasks import Task
from sandbox.telegram.hands import Hands
from tests.bots.staff.firm import Message, ask, firm, label, labels, press, toast
from tests.bots.staff.office import Letters, Office, Wall, no_media
from tests.conftest import NOON
from tests.crm.fake import rows


class Windowed(Letters):
    """Letters that are taken for a day after the person wrote last; then only what is approved."""

    def limits(self, window: Window, now: int) -> Limits:
        may = May.ANYTHING if now < window.last_inbound_at + DAY else May.TEMPLATE
        return replace(super().limits(window, now), windows=True, needs_inbound=False, templates=True, may=may)


class Shop(Office):
    """An office whose letters have a window."""

    def __init__(self, store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> None:
        letters = Windowed()
        super().__init__(store, company, replace(options, allows=lambda _, window, now: letters.limits(window, now)), hands, wall)
        self.letters = letters
        carriers = (letters, self.staff.carrier)
        self._drains = [Drain(store, carrier, no_media, node="test", clock=self.now, owe=owed) for carrier in carriers]

    async def approve(self, name: str, text: str, language: str = "en", status: str = "approved") -> None:
        """The platform lists a template."""
        row = {"account": "letters", "name": name, "language": language, "text": text, "status": status, "seen_at": self.now()}
        await self.store.write(lambda s: add(s, ApprovedRow, [{"id": next(take_ids(s, 1)), **row}]))

    async def late(self) -> Message:
        """Ann wrote two days ago, and only now does Ruben answer; what he is told of it."""
        await self.letter("Do you have tables?")
        await self.show()
        self.ahead += 2 * DAY
        await self.say("ruben", "Yes, we have", (await self.find("ruben", "Do you have tables?"))["message_id"])
        await self.settle()
        return await self.find("ruben", "failed")


@pytest.fixture
def company() -> Company:
    return firm()


@pytest_asyncio.fixture
async def shop(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Shop]:
    made = Shop(store, company, options, hands, wall)
    await made.staff.open()
    await made.member("ruben")
    yield made
    await made.staff.close()


def words(message: Message) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def test_a_rep_sends_a_template_field_by_field_where_their_words_may_not_go(shop: Shop) -> None:
    await shop.approve("hello", "Hello {{1}}, your {{2}} is here")
    told = await shop.late()
    assert "the customer must write first" in words(told)
    assert await rows(shop.store, select(Task.state)) == ["open"]
    await shop.press("ruben", told, "Send a template")
    choice = await shop.last("ruben")
    await shop.press("ruben", choice, label(choice, "hello"))
    question = await shop.last("ruben")
    assert "Field 1 of 2" in words(question)
    await shop.press("ruben", question, label(question, "Use Ann Lee"))
    assert "Hello Ann Lee, your {{2}} is here" in words(await shop.last("ruben"))
    preview = await ask(shop, "ruben", "red\nchair")
    assert "Hello Ann Lee, your red chair is here" in words(preview)
    assert shop.letters.sent == []
    await press(shop, "ruben", preview, "Send")
    [(_, sent)] = shop.letters.sent
    assert sent == ApprovedTemplate("hello", "en", "Hello Ann Lee, your red chair is here", ("Ann Lee", "red chair"))
    assert await rows(shop.store, select(Task.state)) == ["done"]
    assert "sent ✓ as the approved template hello" in words(await shop.find("ruben", "Do you have tables?"))


async def test_a_template_without_fields_is_looked_at_before_it_goes(shop: Shop) -> None:
    await shop.approve("hello", "We are here")
    await shop.press("ruben", await shop.late(), "Send a template")
    choice = await shop.last("ruben")
    await shop.press("ruben", choice, label(choice, "hello"))
    preview = await shop.last("ruben")
    assert labels(preview) == ["Send", "Cancel"]
    await press(shop, "ruben", preview, "Send")
    await press(shop, "ruben", preview, "Undo")
    assert await toast(shop) == "It has left already."
    assert len(shop.letters.sent) == 1


async def test_a_preview_that_was_left_or_is_old_sends_nothing(shop: Shop) -> None:
    await shop.approve("hello", "Hello {{1}}")
    await shop.press("ruben", await shop.late(), "Send a template")
    choice = await shop.last("ruben")
    await shop.press("ruben", choice, label(choice, "hello"))
    first = await ask(shop, "ruben", "Ani")
    await shop.press("ruben", first, "Fill in again")
    second = await ask(shop, "ruben", "Anna")
    await shop.press("ruben", first, "Send")
    await shop.press("ruben", second, "Cancel")
    await shop.press("ruben", second, "Send")
    assert await toast(shop) == "This template was sent or left already."
    assert shop.letters.sent == []


async def test_the_customers_language_comes_first_and_a_long_list_has_pages(shop: Shop) -> None:
    for name in "abcdefg":
        await shop.approve(name, "Здравствуйте", "ru")
    await shop.approve("mine", "Hello")
    await shop.approve("bad", "Hello", status="paused")
    await shop.press("ruben", await shop.late(), "Send a template")
    first = await shop.last("ruben")
    assert labels(first) == ["mine · English", *(f"{name} · Русский" for name in "abcde"), "More", "Cancel"]
    await shop.press("ruben", first, "More")
    assert labels(await shop.last("ruben")) == ["f · Русский", "g · Русский", "More", "Cancel"]


async def test_where_there_is_no_template_the_rep_is_told_what_is_left_to_do(shop: Shop) -> None:
    await shop.press("ruben", await shop.late(), "Send a template")
    assert words(await shop.last("ruben")).startswith("No approved template can be sent over Letters now.")


async def test_a_template_paused_while_it_was_filled_in_is_not_sent(shop: Shop) -> None:
    await shop.approve("hello", "We are here")
    await shop.press("ruben", await shop.late(), "Send a template")
    choice = await shop.last("ruben")
    await shop.press("ruben", choice, label(choice, "hello"))
    preview = await shop.last("ruben")
    await shop.store.write(lambda s: s.query(ApprovedRow).update({"status": "paused"}))
    await shop.press("ruben", preview, "Send")
    assert shop.letters.sent == []


async def test_nobody_sends_a_template_to_whom_a_colleague_has_taken_meanwhile(shop: Shop) -> None:
    await shop.approve("hello", "We are here")
    await shop.member("zara")
    await shop.letter("Do you have tables?")
    shop.ahead += 2 * DAY
    await shop.show()
    await shop.press("ruben", await shop.find("ruben", "Do you have tables?"), "Send a template")
    choice = await shop.last("ruben")
    await shop.press("ruben", choice, label(choice, "hello"))
    preview = await shop.last("ruben")
    await shop.press("zara", await shop.find("zara", "Do you have tables?"), "Take")
    await shop.press("ruben", preview, "Send")
    assert (await toast(shop)).startswith("Zara has this conversation.")
    assert shop.letters.sent == []


async def test_a_card_says_until_when_one_may_write_and_offers_a_template_after_that(shop: Shop) -> None:
    await shop.letter("Do you have tables?")
    await shop.show()
    card = await shop.find("ruben", "Do you have tables?")
    assert "free to write until tomorrow" in words(card)
    assert "Send a template" not in labels(card)
    shop.ahead += 2 * DAY
    await shop.press("ruben", card, "Take")
    card = await shop.find("ruben", "Do you have tables?")
    assert "only an approved template may go now" in words(card)
    assert "Send a template" in labels(card)


async def test_a_manager_sees_the_templates_and_chooses_one_for_follow_ups_with_a_way_back(shop: Shop) -> None:
    await shop.member("mariam", Role.MANAGER)
    await shop.approve("hello", "Hello {{1}}")
    await shop.approve("bye", "Bye", "ru", status="paused")
    page = await ask(shop, "mariam", "/templates")
    assert "Letters: 1 of 2 approved" in words(page)
    one = await press(shop, "mariam", page, label(page, "hello"))
    assert "Status: approved" in words(one)
    one = await press(shop, "mariam", one, "Use for follow-ups")
    assert "Goes in the place of follow-ups" in words(one)
    assert await rows(shop.store, select(ApprovedRow.name).where(ApprovedRow.used_for == "followup")) == ["hello"]
    one = await press(shop, "mariam", one, "Undo")
    assert await rows(shop.store, select(ApprovedRow.name).where(ApprovedRow.used_for == "followup")) == []
    page = await press(shop, "mariam", one, "All templates")
    one = await press(shop, "mariam", page, label(page, "bye"))
    assert "Status: paused by the platform" in words(one)
    assert labels(one) == ["All templates"]


async def test_templates_are_for_managers(shop: Shop) -> None:
    await ask(shop, "ruben", "/templates")
    assert await shop.find("ruben", "/templates is for managers.")


@pytest.mark.parametrize(
    ("may", "expected"),
    [(May.ANYTHING, May.ANYTHING), (May.PERSONAL, May.PERSONAL), (May.TEMPLATE, May.TEMPLATE), (May.NOTHING, May.NOTHING)],
)
def test_what_may_go_is_known_with_its_end(may: May, expected: May) -> None:
    def limits(at: int) -> Limits:
        return Limits(windows=True, may=may if at < NOON + HOUR else May.NOTHING)

    found, until = freedom(limits, NOON)
    assert found is expected
    assert until == 0 if may in (May.TEMPLATE, May.NOTHING) else NOON + HOUR <= until < NOON + HOUR + SECOND


def test_where_windows_do_not_differ_a_card_says_nothing_of_them() -> None:
    assert freedom(lambda _: Limits(), NOON) == (None, 0)
    assert freedom(lambda _: Limits(windows=True), NOON) == (May.ANYTHING, 0)


async def test_a_card_is_drawn_again_by_itself_when_its_window_closes(shop: Shop) -> None:
    await shop.letter("Do you have tables?")
    await shop.show()
    assert "⏳ free to write until" in words(await shop.find("ruben", "Do you have tables?"))
    shop.ahead += DAY
    assert await shop.store.write(lambda s: windows.passed(s, now=shop.now())) == 1
    await shop.show()
    card = await shop.find("ruben", "Do you have tables?")
    assert "⏳ only an approved template may go now" in words(card)
    assert "Send a template" in labels(card)
    assert await shop.store.write(lambda s: windows.passed(s, now=shop.now() + DAY)) == 0
