"""A promotion from the first button to the result, and everything that may be pressed wrongly on the way."""

import pytest

from bots.staff.commands import promo
from bots.staff.updates import Press
from bots.staff.visit import Unanswered, Visit, once
from crm.base.actors import Role
from crm.base.outbound import Reason, Undeliverable
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.outbox.deliveries import Delivery
from crm.outreach.campaigns import Campaign
from crm.people.contacts import Contact
from crm.people.desk import WizardRow
from tests.bots.staff.firm import Message, agree, ask, firm, label, labels, press, tick
from tests.bots.staff.office import Office

TEXT = "Hello {name}, chairs are cheaper this week"


@pytest.fixture
def company() -> Company:
    return firm()


async def previewed(office: Office, text: str = TEXT) -> Message:
    """A manager chose everybody and typed a text."""
    first = await ask(office, "mariam", "/promo")
    await office.press("mariam", first, "Next: the text")
    return await ask(office, "mariam", text)


async def launched(office: Office, number: int) -> Message:
    """A manager sent it to so many; the progress message."""
    await office.press("mariam", await previewed(office), f"Send to {number}")
    return await office.find("mariam", "Promotion:")


def offers(office: Office) -> list[str]:
    """Who got the promotion, with their name in it."""
    return sorted(text for text in office.letters.texts if "chairs" in text)


async def test_a_promotion_goes_from_the_first_button_to_the_result(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann", "bob")
    await office.letter("No offers, please", who="eve", name="Eve")
    first = await ask(office, "mariam", "/promo")
    assert "It would reach: 2" in str(first["text"])
    assert "no consent to offers: 1" in str(first["text"])
    preview = await previewed(office)
    assert "2 people get it" in str(preview["text"])
    assert "Hello Bob, chairs" in str(preview["text"])
    assert offers(office) == []
    await office.press("mariam", preview, "Send to 2")
    await tick(office)
    assert offers(office) == ["Hello Ann, chairs are cheaper this week", "Hello Bob, chairs are cheaper this week"]
    result = await office.find("mariam", "Promotion:")
    assert "finished" in str(result["text"])
    assert "Sent: 2 of 2" in str(result["text"])


async def test_the_progress_is_one_message_that_edits_itself(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    before = len(await office.posts("mariam"))
    await launched(office, 1)
    await tick(office)
    progress = [post for post in (await office.posts("mariam"))[before:] if "Promotion:" in post]
    assert len(progress) == 1


async def test_who_replies_and_who_turns_offers_off_is_counted_when_asked_again(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann", "bob")
    await launched(office, 2)
    await tick(office)
    office.ahead += HOUR
    await office.letter("How much?", who="ann", name="Ann")
    await office.show()
    result = await press(office, "mariam", await office.find("mariam", "finished"), "Refresh")
    assert "Replied within 72 hours: 1" in str(result["text"])


async def test_a_promotion_is_held_resumed_and_called_off(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    progress = await press(office, "mariam", await launched(office, 1), "Hold")
    assert "held" in str(progress["text"])
    await tick(office)
    assert offers(office) == []
    progress = await press(office, "mariam", progress, "Resume")
    assert "is being" in str(progress["text"])
    await office.press("mariam", progress, "Cancel")
    assert offers(office) == []
    await office.press("mariam", await office.find("mariam", "Call this promotion off"), "Yes, call it off")
    await tick(office)
    assert offers(office) == []
    assert "called off" in str((await office.find("mariam", "Promotion:"))["text"])


async def test_calling_off_is_thought_over(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await office.press("mariam", await launched(office, 1), "Cancel")
    await office.press("mariam", await office.find("mariam", "Call this promotion off"), "No, go on")
    await tick(office)
    assert len(offers(office)) == 1


async def test_the_choice_is_made_in_one_message(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await office.store.write(lambda s: s.query(Contact).update({"language": "ru"}))
    first = await ask(office, "mariam", "/promo")
    for button in ("Languages", "English"):
        first = await press(office, "mariam", first, button)
    assert "✓ English" in labels(first)
    first = await press(office, "mariam", first, "Done")
    assert "It would reach: 0" in str(first["text"])
    for button in ("Languages", "Русский", "✓ English", "Done", "Age of the lead", "Last 90 days", "Channels", "✓ All", "Done", "Lead status", "new", "Done"):
        first = await press(office, "mariam", first, button)
    text = str(first["text"])
    assert "It would reach: 1" in text
    assert "Languages: Русский" in text
    assert "last 90 days" in text
    assert "Lead status: new" in text
    assert len([post for post in await office.posts("mariam") if "1 of 3" in post]) == 1


async def test_a_bad_text_is_explained_and_may_be_typed_again(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    assert "no field “nme”" in str((await previewed(office, "Hello {nme}"))["text"])
    assert "stands alone" in str((await ask(office, "mariam", "Hello {name"))["text"])
    assert "1 person gets it" in str((await ask(office, "mariam", "Hello {name|friend}"))["text"])
    assert await office.store.read(lambda s: s.query(Campaign).count()) == 0


async def test_a_number_that_changed_is_shown_again_before_anything_is_sent(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    preview = await previewed(office)
    await agree(office, "bob")
    await office.show()
    preview = await press(office, "mariam", preview, "Send to 1")
    assert "2 people get it" in str(preview["text"])
    assert await office.store.read(lambda s: s.query(Campaign).count()) == 0
    await office.press("mariam", preview, "Send to 2")
    await tick(office)
    assert len(offers(office)) == 2


async def test_an_older_preview_sends_nothing(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    older = await previewed(office)
    await ask(office, "mariam", "Other chairs")
    await office.press("mariam", older, "Send to 1")
    await tick(office)
    assert offers(office) == []


async def test_send_pressed_twice_launches_once(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    preview = await previewed(office)
    for _ in range(2):
        await office.hands.do("mariam", "click", bot="staff", message_id=preview["message_id"], button="Send to 1", wait=0)
    await office.settle()
    await tick(office)
    assert len(offers(office)) == 1
    assert await office.store.read(lambda s: s.query(Campaign).count()) == 1


async def test_only_one_promotion_is_put_together_at_a_time(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    first = await ask(office, "mariam", "/promo")
    await ask(office, "mariam", "/promo")
    after = await press(office, "mariam", first, "Languages")
    assert after["text"] == first["text"]
    assert await office.store.read(lambda s: s.query(WizardRow).count()) == 1


async def test_cancel_ends_it_and_what_is_typed_then_goes_nowhere(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    preview = await previewed(office)
    await ask(office, "mariam", "/cancel")
    await office.press("mariam", preview, "Send to 1")
    assert "not sent to anybody" in str((await ask(office, "mariam", "More chairs"))["text"])
    left = await press(office, "mariam", await ask(office, "mariam", "/promo"), "Cancel")
    assert "Nobody was written to" in str(left["text"])
    await tick(office)
    assert offers(office) == []


async def test_a_promotion_left_alone_for_an_hour_is_over(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    preview = await previewed(office)
    office.ahead += HOUR
    await office.press("mariam", preview, "Send to 1")
    await tick(office)
    assert offers(office) == []


async def test_another_managers_buttons_do_nothing(office: Office) -> None:
    for person in ("mariam", "sona"):
        await office.member(person, Role.MANAGER)
    await office.member("ruben")
    await agree(office, "ann")
    preview = await previewed(office)
    stolen = next(button["data"] for row in preview["buttons"] for button in row if button["text"] == "Send to 1")  # type: ignore[attr-defined]
    for thief in ("sona", "ruben"):
        own = await office.last(thief)
        await office.hands.do(thief, "press", bot="staff", data=stolen, message_id=own["message_id"], wait=0)
        await office.settle()
    await tick(office)
    assert offers(office) == []
    await office.press("mariam", preview, "Send to 1")
    await tick(office)
    assert len(offers(office)) == 1


async def test_who_had_one_lately_is_left_out_and_said_so(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await launched(office, 1)
    await tick(office)
    preview = await previewed(office)
    assert "0 people get it" in str(preview["text"])
    assert "got a promotion in the last 24 hours: 1" in str(preview["text"])
    assert not any(one.startswith("Send") for one in labels(preview))
    office.ahead += DAY
    assert "1 person gets it" in str((await previewed(office))["text"])


async def test_what_failed_is_counted(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await office.refuse(Undeliverable(Reason.BLOCKED))
    await launched(office, 1)
    await tick(office)
    assert "Failed: 1" in str((await office.find("mariam", "Promotion:"))["text"])


async def test_earlier_promotions_are_looked_at_again(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await launched(office, 1)
    await tick(office)
    await office.press("mariam", await ask(office, "mariam", "/promo"), "Earlier promotions")
    listed = await office.last("mariam")
    await office.press("mariam", listed, label(listed, "Hello {name}"))
    again = await office.last("mariam")
    assert "Sent: 1 of 1" in str(again["text"])
    await office.letter("Yes!", who="ann", name="Ann")
    await office.show()
    assert "Replied within 72 hours: 1" in str((await press(office, "mariam", again, "Refresh"))["text"])


async def test_a_text_as_long_as_may_be_is_shown_and_sent_whole(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    long = "chairs " * 500
    await office.press("mariam", await previewed(office, long), "Send to 1")
    await tick(office)
    assert offers(office) == [long.strip()]
    states = await office.store.read(lambda s: {row.state for row in s.query(Delivery).filter(Delivery.desk == 1)})
    assert "failed" not in states


async def test_people_are_counted_before_the_writer_is_asked_for_anything(office: Office) -> None:
    rep = await office.member("mariam", Role.MANAGER)
    visit = Visit(rep, Press(int(rep.address), int(rep.address), "q", 1, ""), 77, office.now(), office.now(), office.company, {}, "staff_bot")
    with pytest.raises(Unanswered):
        await office.store.write(lambda s: once(s, visit, promo.deed))
    assert await office.store.read(lambda s: s.query(WizardRow).count()) == 0


async def test_a_promotion_by_no_sms_tells_of_no_parts(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    assert "SMS" not in str((await previewed(office))["text"])
