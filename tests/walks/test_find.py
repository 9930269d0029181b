"""A rep finds a customer, and what one said, by words in another spelling; everything by buttons, the words alone are typed."""

import pytest

from tests.walks.desk import Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
READ = "SELECT 1 FROM findables JOIN messages ON messages.id = findables.id WHERE messages.text = ?"
WORDS = "Կաղնե սեղանը Երևանում է՞, թե՞ Գյումրիում"


async def test_a_rep_finds_what_a_customer_said_by_another_spelling_and_opens_it_in_its_thread(rep: Phone) -> None:
    who, _ = await taken(rep, "varduhiana")
    await who.say(WORDS)
    await rep.house.until(READ, WORDS)
    await rep.say("/start")
    await rep.press(await rep.sees("What would you like to do?"), "Find")
    await rep.sees("What shall be found?")
    await rep.say("սեղանի Երեւան")
    found = await rep.sees("Found for")
    assert "Messages" in found["text"]
    assert len(labels(found)) <= 8
    await rep.press(found, "1. 💬 \u2068Varduhiana\u2069")
    thread = await rep.sees("👉")
    assert "Hello, I have a question about chairs" in thread["text"]
    await rep.press(thread, "The whole card")
    await rep.sees("🟢 Yours", after=thread["message_id"])


async def test_a_customer_is_found_by_name_in_another_script_and_their_card_opens(rep: Phone) -> None:
    await taken(rep, "hripsime")
    await rep.house.until("SELECT 1 FROM findables JOIN contacts ON contacts.id = findables.id WHERE contacts.platform_name = ?", "Hripsime")
    await rep.say("/find Հրիպսիմե")
    found = await rep.sees("Found for")
    assert "People" in found["text"]
    await rep.press(found, "1. 👤 \u2068Hripsime\u2069")
    await rep.sees("🟢 Yours", after=found["message_id"])


async def test_what_nobody_said_is_told_and_other_words_are_asked_for(rep: Phone) -> None:
    await rep.say("/find xyzzyplugh")
    nothing = await rep.sees("Nothing was found for")
    await rep.press(nothing, "Find something else")
    await rep.sees("What shall be found?")
    await rep.say("/cancel")
