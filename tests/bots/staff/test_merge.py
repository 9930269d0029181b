"""One person on two addresses, as the staff sees it: possibly the same, a look, a merge, its undoing, an answer on the other address."""

import pytest
from sqlalchemy import select

from crm.base.actors import Bot, Role
from crm.base.db import Session
from crm.base.outbound import Reason, Undeliverable
from crm.base.settings import Company
from crm.outreach import persons
from crm.people.contacts import Contact, Identity, Proof
from tests.bots.staff.firm import ask, firm, label, labels, press, toast
from tests.bots.staff.office import Office

PHONE = "+37491223344"


@pytest.fixture
def company() -> Company:
    return firm()


def words(message: dict[str, object]) -> str:
    """The text of a message without the marks around names."""
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def twins(office: Office, role: Role = Role.MANAGER) -> dict[str, object]:
    """Two who wrote and left the same phone; answers the card of the second one."""
    await office.member("mariam", role)
    await office.letter("Do you have tables?", who="ann", name="Ann Lee")
    await office.letter("And chairs?", who="ann-lee", name="A. Lee")

    def claim(session: Session) -> None:
        for contact in session.scalars(select(Identity.contact_id).order_by(Identity.id)).all():
            persons.learn_point(session, Bot(), contact, "phone", PHONE, proof=Proof.CLAIMED, message_id=None, now=office.now())

    await office.store.write(claim)
    await office.show()
    return await office.find("mariam", "And chairs?")


async def roots(office: Office) -> int:
    return await office.store.read(lambda s: len(set(s.scalars(select(Contact.root_id)))))


async def merged(office: Office) -> dict[str, object]:
    """The words that say it is done, with Undo below."""
    await press(office, "mariam", await twins(office), "Merge")
    return await press(office, "mariam", await office.find("mariam", "Merge these two"), "Merge")


async def test_a_card_says_who_it_may_be_and_why(office: Office) -> None:
    card = await twins(office)
    assert f"❓ Possibly the same as Ann Lee: the same phone {PHONE}, 80 %" in words(card)
    assert labels(card)[:2] == ["Merge", "Not the same"]


async def test_a_look_comes_before_the_merge_and_tells_both_sides(office: Office) -> None:
    await press(office, "mariam", await twins(office), "Merge")
    look = await office.find("mariam", "Merge these two")
    for told in ("Ann Lee", "A. Lee", f"{PHONE} ?", "1 conversation", "One open lead stays.", "It can be undone."):
        assert told in words(look)
    assert await roots(office) == 2


async def test_a_merge_shows_the_other_address_and_is_undone_by_its_button(office: Office) -> None:
    done = await merged(office)
    assert words(done) == "Ann Lee and A. Lee are one person now."
    assert await roots(office) == 1
    card = await office.find("mariam", "And chairs?")
    assert "🔗 Also on Letters" in words(card)
    assert "Possibly the same" not in words(card)
    await press(office, "mariam", done, "Undo")
    assert await toast(office) == "They are two people again, each with what they said themselves."
    assert await roots(office) == 2
    card = await office.find("mariam", "And chairs?")
    assert "🔗" not in words(card)
    assert "Possibly the same" not in words(card)


async def test_a_merge_that_nobody_asked_for_is_found_on_the_card_and_undone(office: Office) -> None:
    await merged(office)
    await press(office, "mariam", await office.find("mariam", "And chairs?"), "Not one person?")
    found = await office.find("mariam", "came more than once")
    assert "1. A. Lee: merged by staff, today" in words(found)
    await press(office, "mariam", found, "Undo 1")
    assert await roots(office) == 2


async def test_of_two_looks_one_merges_and_the_other_says_it_is_done(office: Office) -> None:
    await press(office, "mariam", await twins(office), "Merge")
    first = await office.find("mariam", "Merge these two")
    await press(office, "mariam", await office.find("mariam", "And chairs?"), "Merge")
    second = await office.find("mariam", "Merge these two")
    await press(office, "mariam", first, "Merge")
    await press(office, "mariam", second, "Merge")
    assert "expired" in await toast(office)
    assert await roots(office) == 1


async def test_not_the_same_is_said_once_and_can_be_asked_again(office: Office) -> None:
    await press(office, "mariam", await twins(office), "Not the same")
    assert await toast(office) == "Not the same."
    assert "Possibly the same" not in words(await office.find("mariam", "And chairs?"))
    said = await office.find("mariam", "are not the same")
    await press(office, "mariam", said, "Ask again")
    assert "Possibly the same as Ann Lee" in words(await office.find("mariam", "And chairs?"))


async def test_an_answer_on_the_other_address_goes_there_and_an_answer_here_stays_here(office: Office) -> None:
    await merged(office)
    await press(office, "mariam", await office.find("mariam", "And chairs?"), "↪️ Letters")
    assert await toast(office) == "It is yours. Reply to the card to answer on Letters."
    other = await office.last("mariam")
    assert "Do you have tables?" in words(other)
    await office.say("mariam", "We have tables.", reply_to=other["message_id"])
    await office.settle()
    here = await office.find("mariam", "And chairs?")
    await office.say("mariam", "And chairs.", reply_to=here["message_id"])
    await office.settle()
    assert [address for address, _ in office.letters.sent] == ["ann", "ann-lee"]


async def test_a_rep_cannot_merge_whom_a_colleague_has(office: Office) -> None:
    await office.member("zara")
    await twins(office, Role.REP)
    await office.press("zara", await office.find("zara", "Do you have tables?"), "Take")
    await press(office, "mariam", await office.find("mariam", "And chairs?"), "Merge")
    assert "Zara has this conversation." in (await toast(office)).replace("\u2068", "").replace("\u2069", "")
    assert await roots(office) == 2


async def strangers(office: Office, role: Role = Role.MANAGER) -> dict[str, object]:
    """Two who have nothing in common; answers the card of the second one."""
    await office.member("mariam", role)
    await office.letter("Do you have tables?", who="ann", name="Ann Lee")
    await office.letter("And chairs?", who="bob", name="Bob Ross")
    await office.show()
    return await office.find("mariam", "And chairs?")


async def search(office: Office, card: dict[str, object], told: str) -> dict[str, object]:
    """Mariam replies to a card with /merge and some words; what is offered."""
    await office.say("mariam", f"/merge {told}", reply_to=card["message_id"])
    await office.settle()
    return await office.last("mariam")


async def test_two_whom_nobody_suggested_are_found_looked_at_merged_and_parted(office: Office) -> None:
    offered = await search(office, await strangers(office), "ann")
    await office.press("mariam", offered, label(offered, "Ann Lee"))
    question = await office.find("mariam", "Merge these two")
    assert ("Ann Lee" in words(question), "Bob Ross" in words(question), await roots(office)) == (True, True, 2)
    done = await press(office, "mariam", question, "Merge")
    assert words(done) == "Ann Lee and Bob Ross are one person now."
    assert await roots(office) == 1
    await press(office, "mariam", done, "Undo")
    assert await roots(office) == 2


async def test_the_other_one_is_asked_for_and_typed(office: Office) -> None:
    question = await search(office, await strangers(office), "")
    assert words(question) == "Who is the same person as Bob Ross? Type a name, @name or phone."
    assert "Nobody was found." in words(await ask(office, "mariam", "zzz"))
    assert label(await ask(office, "mariam", "Lee"), "Ann Lee")


async def test_whoever_they_may_be_anyway_is_a_button_and_nobody_is_offered_themselves(office: Office) -> None:
    card = await twins(office)
    question = await search(office, card, "")
    assert labels(question)[0].replace("\u2068", "").replace("\u2069", "") == "Ann Lee"
    assert [one for one in labels(await search(office, card, "lee")) if "A. Lee" in one] == []


async def test_a_merge_by_hand_that_was_done_meanwhile_says_so(office: Office) -> None:
    offered = await search(office, await strangers(office), "ann")
    await office.press("mariam", offered, label(offered, "Ann Lee"))
    first = await office.find("mariam", "Merge these two")
    await office.press("mariam", offered, label(offered, "Ann Lee"))
    second = await office.find("mariam", "Merge these two")
    await press(office, "mariam", first, "Merge")
    await press(office, "mariam", second, "Merge")
    assert "expired" in await toast(office)
    assert await roots(office) == 1


async def test_without_a_card_there_is_nobody_to_merge(office: Office) -> None:
    await strangers(office)
    assert words(await ask(office, "mariam", "/merge ann")) == "Reply with /merge to a card or to a message of the customer."


async def test_a_rep_is_not_offered_whom_a_colleague_has(office: Office) -> None:
    await office.member("zara")
    card = await strangers(office, Role.REP)
    await office.press("zara", await office.find("zara", "Do you have tables?"), "Take")
    assert "Nobody was found." in words(await search(office, card, "ann"))


@pytest.mark.parametrize("reason", [Reason.WINDOW_CLOSED, Reason.CLOSED])
async def test_where_an_answer_does_not_go_the_other_address_is_a_button(office: Office, reason: Reason) -> None:
    await merged(office)
    await office.refuse(Undeliverable(reason))
    here = await office.find("mariam", "And chairs?")
    await office.say("mariam", "We have chairs.", reply_to=here["message_id"])
    await office.settle()
    assert "↪️ Letters" in labels(await office.find("mariam", "Your message to"))
