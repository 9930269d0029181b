"""/later: a reply for another time, typed at once or asked for step by step, shown on the card, called back by a button."""

import pytest

from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations import planned
from tests.bots.staff.firm import Message, firm, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


def words(message: Message) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def asked(office: Office, said: str) -> Message:
    """Ruben replies to what Ann wrote."""
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    card = await office.find("ruben", "Do you have tables?")
    await office.say("ruben", said, reply_to=card["message_id"])
    await office.settle()
    return await office.last("ruben")


async def due(office: Office, days: int = 2) -> None:
    """Two days pass."""
    office.ahead += days * DAY
    while await office.store.write(lambda s: planned.say_due(s, office.company, now=office.now())):
        pass
    await office.show()


async def test_a_reply_is_planned_in_one_line_and_stands_on_the_card_until_it_is_said(office: Office) -> None:
    sure = await asked(office, "/later tomorrow 10:00 Good morning, Ann!")
    assert "Ann Lee shall get it tomorrow 10:00" in words(sure)
    await office.press("ruben", sure, "Only if no answer")
    assert "🕒 Ann Lee will get this tomorrow 10:00" in words(await office.last("ruben"))
    assert "Ruben will say tomorrow 10:00: Good morning, Ann!" in words(await office.find("ruben", "will say"))
    assert office.letters.texts == []
    await due(office)
    assert office.letters.texts == ["Good morning, Ann!"]
    assert not [post for post in await office.posts("ruben") if "will say" in post]


async def test_what_is_missing_is_asked_for_and_an_answer_calls_it_back(office: Office) -> None:
    question = await asked(office, "/later")
    assert "What shall Ann Lee get later?" in words(question)
    await office.say("ruben", "Have you decided?")
    await office.settle()
    await office.press("ruben", await office.last("ruben"), "Tomorrow 10:00")
    await office.press("ruben", await office.last("ruben"), "Only if no answer")
    await office.letter("Yes, I take it")
    await due(office)
    assert office.letters.texts == []
    news = await office.find("ruben", "wrote before its time came")
    await press(office, "ruben", news, "Send it now")
    await office.show()
    assert office.letters.texts == ["Have you decided?"]


async def test_it_is_called_back_by_a_button_and_planned_again(office: Office) -> None:
    sure = await asked(office, "/later tomorrow 10:00 Good morning!")
    await office.press("ruben", sure, "Send in any case")
    post = await office.last("ruben")
    post = await press(office, "ruben", post, "Do not say it")
    assert "will not get this" in words(post)
    assert await toast(office) == "Written down."
    post = await press(office, "ruben", post, "Undo")
    await press(office, "ruben", post, "Do not say it")
    await due(office)
    assert office.letters.texts == []


async def test_a_letter_keeps_its_lines_and_its_words(office: Office) -> None:
    letter = "Dear Ann,\n\nplease tell us if no reply is needed.\nRuben, tomorrow 12:00"
    sure = await asked(office, f"/later tomorrow 10:00 {letter}")
    assert letter in words(sure)
    await office.press("ruben", sure, "Send in any case")
    await due(office)
    assert office.letters.texts == [letter]


async def test_what_she_wrote_while_it_was_being_planned_is_an_answer(office: Office) -> None:
    await asked(office, "/later tomorrow 10:00")
    await office.letter("Never mind, I have one")
    await office.say("ruben", "Still interested?")
    await office.settle()
    await office.press("ruben", await office.find("ruben", "And if they write before?"), "Only if no answer")
    await due(office)
    assert office.letters.texts == []
    assert await office.find("ruben", "wrote before its time came")
