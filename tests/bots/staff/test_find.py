"""/find in the staff bot: asked for and answered, paged, grouped, opened; for those who may see it only, and with hostile words."""

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation, Message
from crm.sales.orders import Order
from scheduler.indexing import indexing
from tests.bots.staff.firm import ask, firm, labels, press, toast
from tests.bots.staff.office import Office
from tests.bots.staff.test_orders import ordered

WALNUT = "How much is the walnut table?"


@pytest.fixture
def company() -> Company:
    return firm()


async def read_in(office: Office, *texts: str, who: str = "ann", name: str = "Ann Lee") -> None:
    """A customer says these, and the index has read them."""
    for text in texts:
        await office.letter(text, who=who, name=name)
    await indexing(office.store, office.now)()


async def test_the_words_are_asked_for_and_what_is_found_stands_in_groups(office: Office) -> None:
    await office.member("mariam")
    await read_in(office, WALNUT)
    await ask(office, "mariam", "/find")
    found = await ask(office, "mariam", "walnut tables")
    assert "Messages" in str(found["text"])
    assert "walnut table?" in str(found["text"])
    assert labels(found) == ["1. 💬 \u2068Ann Lee\u2069", "Find something else"]
    both = await ask(office, "mariam", "/find ann")
    assert "People" in str(both["text"])
    assert labels(both)[0] == "1. 👤 \u2068Ann Lee\u2069"


async def test_a_message_opens_among_its_neighbours_and_from_there_the_card(office: Office) -> None:
    await office.member("mariam")
    await read_in(office, "Good day", WALNUT, "And the chairs?")
    await press(office, "mariam", await ask(office, "mariam", "/find walnut"), "1. 💬 \u2068Ann Lee\u2069")
    thread = await office.last("mariam")
    lines = str(thread["text"]).splitlines()
    assert [line.startswith("👉") for line in lines] == [False, True, False]
    assert labels(thread) == ["The whole card", "Find something else"]
    await press(office, "mariam", thread, "The whole card")
    assert "Waits for an answer" in str((await office.last("mariam"))["text"])


async def test_many_are_paged_with_eight_buttons_at_most(office: Office) -> None:
    await office.member("mariam")
    await read_in(office, *(f"walnut shelf {number}" for number in range(9)))
    first = await ask(office, "mariam", "/find walnut")
    assert len(labels(first)) == 8
    await press(office, "mariam", first, "More")
    second = await office.last("mariam")
    assert [label[:2] for label in labels(second)] == ["7.", "8.", "9.", "Fi"]
    assert "walnut shelf 0" in str(second["text"])


async def test_a_message_of_a_colleagues_customer_is_not_found_and_its_old_button_opens_nothing(office: Office) -> None:
    nare = await office.member("nare")
    await office.member("mariam")
    await read_in(office, WALNUT)
    found = await ask(office, "mariam", "/find walnut")
    number = await office.store.read(lambda s: s.scalars(select(Conversation.id)).one())
    await office.store.write(lambda s: assign.take(s, nare, number, now=office.now()))
    await press(office, "mariam", found, "1. 💬 \u2068Ann Lee\u2069")
    assert "Nare" in await toast(office)
    assert "Nothing was found" in str((await ask(office, "mariam", "/find walnut"))["text"])
    await office.member("boss", Role.MANAGER)
    assert "walnut" in str((await ask(office, "boss", "/find walnut"))["text"])


@pytest.mark.parametrize("words", ["<b>x</b>", '" OR 1', "&amp;", "\u202e" + "x" * 2000, "*", "🪑"])
async def test_hostile_words_are_only_words(office: Office, words: str) -> None:
    await office.member("mariam")
    await read_in(office, WALNUT)
    assert "Nothing was found" in str((await ask(office, "mariam", f"/find {words}"))["text"])


async def test_hostile_words_of_a_customer_are_shown_as_they_are(office: Office) -> None:
    await office.member("mariam")
    await read_in(office, "walnut <b>bold</b> & <script>")
    found = await ask(office, "mariam", "/find walnut")
    assert "<b>bold</b> & <script>" in str(found["text"])
    assert await office.store.read(lambda s: s.scalars(select(Message.author).limit(1)).one()) == "contact"


async def test_an_order_is_found_by_its_number_and_by_what_is_ordered_and_opens(office: Office) -> None:
    await office.member("ruben")
    await ordered(office)
    await indexing(office.store, office.now)()
    number = (await office.store.read(lambda s: s.scalars(select(Order.number)).one()))[-9:]
    for words in (number, "ann"):
        found = await ask(office, "ruben", f"/find {words}")
        assert "Orders" in str(found["text"])
        button = next(label for label in labels(found) if number in label)
        await press(office, "ruben", found, button)
        assert "Address: \u20681 Abovyan Street" in str((await office.last("ruben"))["text"])
