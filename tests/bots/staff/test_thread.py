"""The thread: a letter becomes a card, a reply to the card becomes a letter."""

from tests.bots.staff.office import Office


async def test_a_customers_word_becomes_a_card_and_a_reply_to_it_reaches_them(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Do you have red wine?")
    await office.show()
    card = await office.last("ruben")
    assert "Ann Lee" in str(card["text"])
    assert "Do you have red wine?" in str(card["text"])
    await office.say("ruben", "Yes, we do", reply_to=card["message_id"])
    await office.settle()
    assert office.letters.sent[0][0] == "ann"
    assert office.letters.texts == ["Yes, we do"]
    assert "sent ✓" in str((await office.find("ruben", "Ann Lee"))["text"])
