"""Days as they are lived: a customer names a time and presses it, somebody is away, a holiday closes the firm, a person is greeted as they like."""

import pytest

from tests.walks.desk import Desk, Phone, card_of, customer, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
TASKS = "SELECT t.kind, t.state FROM tasks t JOIN conversations c ON c.id = t.conversation_id WHERE c.address = ? ORDER BY t.id"


async def test_a_time_the_customer_names_is_confirmed_by_a_button_and_staff_hear_of_it(desk: Desk, rep: Phone) -> None:
    who = await customer(desk.house, "timely")
    await who.say("I would like to see the oak doors tomorrow at 15:00")
    asked = await who.sees("Do you mean this time?")
    assert labels(asked) == ["tomorrow 15:00", "Another time"]
    await who.press(asked, "tomorrow 15:00")
    await who.sees("We have written it down: tomorrow 15:00.")
    told = await rep.sees("wants to come tomorrow 15:00.")
    assert "the oak doors tomorrow at 15:00" in told["text"]
    assert "✔ Task done" in labels(told)
    await who.say("Or rather call me tomorrow at 16:30")
    await who.press(await who.sees("Do you mean this time?", after=asked["message_id"]), "tomorrow 16:30")
    await rep.sees("wants to be called tomorrow 16:30.")
    assert desk.house.rows(TASKS, str(who.id)) == [("meeting", "dropped"), ("call", "open")]


async def test_a_rep_is_ill_with_one_press_and_the_cards_go_to_the_managers(desk: Desk, rep: Phone) -> None:
    await rep.sees("Welcome")
    await rep.say("/leave")
    page = await rep.sees("Your leave:")
    await rep.press(page, "🤒 I am ill today")
    written = await rep.sees("Written down:")
    who = await customer(desk.house, "unlucky")
    await who.say("Hello, I need a lamp for my hall")
    await card_of(desk.manager, "unlucky")
    assert not any("Unlucky" in text for text in await rep.heard())
    await rep.press(written, "Undo")
    await rep.sees("Taken back:")
    who = await customer(desk.house, "blessed")
    await who.say("Hello, I need a lamp for my room")
    await card_of(rep, "blessed")


async def test_a_manager_closes_for_a_day_and_customers_hear_when_we_open(desk: Desk, rep: Phone) -> None:
    await rep.sees("Welcome")
    before = await desk.manager.last_id()
    await desk.manager.say("/calendar")
    await desk.manager.press(await desk.manager.sees("The firm works:", after=before), "Days off")
    page = await desk.manager.sees("Days off in the next months:", after=before)
    await desk.manager.press(page, "Close on another day")
    await desk.manager.sees("Which day?", after=before)
    await desk.manager.say("today Our own day")
    shut = await desk.manager.sees("Our own day · closed", after=page["message_id"])
    try:
        who = await customer(desk.house, "early")
        await who.say("Hello, I need a door")
        await who.sees("Marani")
        await who.say("talk to a person")
        assert "tomorrow 00:00" in (await who.sees("We are closed now"))["text"]
    finally:
        await desk.manager.press(shut, next(label for label in labels(shut) if label.startswith("Work on 1")))
        await desk.house.until("SELECT count(*) FROM off_days WHERE ended_at = 0", want=[(0,)])


async def test_somebody_is_greeted_as_a_rep_said_with_one_press(desk: Desk, rep: Phone) -> None:
    who, card = await taken(rep, "abebe")
    await rep.press(card, "⋯ More")
    menu = await rep.sees("What shall it be about")
    while "👋 How to greet" not in labels(menu):
        since = (await rep.chat())["revision"]
        await rep.press(menu, "More")
        menu = await rep.sees("What shall it be about", since=since)
    await rep.press(menu, "👋 How to greet")
    await rep.press(await rep.sees("be greeted?"), "Abebe")
    await rep.sees("They are greeted as \u2068Abebe\u2069 now.")
    assert desk.house.rows("SELECT greeting_name FROM contacts c JOIN identities i ON i.contact_id = c.id WHERE i.external_id = ?", str(who.id)) == [("Abebe",)]
