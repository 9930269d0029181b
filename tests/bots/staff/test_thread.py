"""The thread: a letter becomes a card, a reply to the card becomes a letter."""

import asyncio

import pytest

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.outbound import Edit, Reason, Say, Uncertain, Undeliverable
from crm.conversations.media import arrived
from crm.conversations.threads import Attachment, Conversation
from crm.inbox.desk import claim_desk
from crm.inbox.log import keep
from crm.outbox.deliveries import Delivery, State
from crm.people.calendars import Leave
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


async def test_a_bare_message_reaches_nobody(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello?")
    await office.show()
    await office.say("ruben", "We open at nine")
    await office.settle()
    assert office.letters.texts == []
    assert "not sent to anybody" in str((await office.last("ruben"))["text"])


async def test_a_photo_goes_with_the_reply(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Show me")
    await office.show()
    card = await office.last("ruben")
    await office.hands.send_file("ruben", "photo", "red.jpg", b"\x89PNG", bot="staff", caption="Here", reply_to=str(card["message_id"]))
    await office.listen()
    waiting = await office.store.read(lambda s: s.query(Attachment).all())
    assert [(file.account, file.kind, file.state) for file in waiting] == [("staff", "photo", "waiting")]


async def test_an_edit_of_the_reply_reaches_the_customer(office: Office) -> None:
    await office.member("ruben")
    await office.letter("How much?")
    await office.show()
    typed = await office.say("ruben", "10", reply_to=(await office.last("ruben"))["message_id"])
    await office.settle()
    await office.hands.do("ruben", "edit", bot="staff", message_id=typed, text="12")
    await office.settle()
    assert [outbound for _, outbound in office.letters.sent] == [Say("10"), Edit("letter-1", "12")]


async def test_a_reply_typed_before_newer_words_were_seen_waits_for_a_second_look(office: Office) -> None:
    await office.member("ruben")
    await office.letter("One bottle please")
    await office.show()
    card = await office.last("ruben")
    await office.say("ruben", "It is on its way", reply_to=card["message_id"])
    await office.letter("No, cancel it!")
    await office.settle()
    assert office.letters.texts == []
    warning = await office.find("ruben", "Not sent")
    assert "No, cancel it!" in str(warning["text"])
    await office.press("ruben", warning, "Send anyway")
    assert office.letters.texts == ["It is on its way"]


async def cancelled(office: Office) -> dict[int, str | None]:
    """A customer's newer words, shown; the posts with them and the numbers they have on Telegram."""
    await office.letter("No, cancel it!")
    await office.show()
    newest = await office.store.read(lambda s: s.query(Conversation).one().last_heard_id)
    return {row.id: row.external_id for row in await office.store.read(lambda s: s.query(Delivery).filter_by(desk=1, message_id=newest).all())}


async def stand(office: Office, state: State, numbers: dict[int, str | None]) -> None:
    """Put the posts with the newest words back (or forth) on their way."""

    def deed(session: Session) -> None:
        newest = session.query(Conversation).one().last_heard_id
        for row in session.query(Delivery).filter_by(desk=1, message_id=newest):
            row.state, row.external_id = state, numbers.get(row.id)

    await office.store.write(deed)


@pytest.mark.parametrize("arrives", [False, True])
async def test_a_reply_waits_for_what_comes_of_a_post_that_is_just_leaving(office: Office, arrives: bool) -> None:
    await office.member("ruben")
    await office.letter("One bottle please")
    await office.show()
    card = await office.last("ruben")
    await office.press("ruben", card, "Take")
    arrived_as = await cancelled(office)
    await stand(office, State.SENDING, {})
    await office.say("ruben", "Gladly", reply_to=card["message_id"])
    heard = asyncio.create_task(office.listen())
    await asyncio.sleep(0.3)
    assert not heard.done()
    await stand(office, *((State.SENT, arrived_as) if arrives else (State.QUEUED, {})))
    await heard
    await office.settle()
    assert office.letters.texts == (["Gladly"] if arrives else [])
    assert any("Not sent" in text for text in await office.posts("ruben")) is not arrives


async def test_a_card_drawn_again_behind_a_reply_does_not_count_as_seen_before_it(office: Office) -> None:
    await office.member("ruben")
    await office.letter("One bottle please")
    await office.show()
    card = await office.last("ruben")
    await office.press("ruben", card, "Take")
    await office.show()
    await office.say("ruben", "Gladly", reply_to=card["message_id"])
    await cancelled(office)  # their reply reaches us late: the card and a post have shown the newer words meanwhile
    await office.settle()
    assert office.letters.texts == []
    assert any("Not sent" in text for text in await office.posts("ruben"))


async def test_a_reply_does_not_wait_for_ever_for_a_post_nobody_hears_of(office: Office) -> None:
    await office.member("ruben")
    await office.letter("One bottle please")
    await office.show()
    card = await office.last("ruben")
    await office.press("ruben", card, "Take")
    await cancelled(office)
    await stand(office, State.SENDING, {})
    await office.say("ruben", "Gladly", reply_to=card["message_id"])
    await office.settle()
    assert office.letters.texts == []
    await office.press("ruben", await office.find("ruben", "Not sent"), "Send anyway")
    assert office.letters.texts == ["Gladly"]


async def test_what_waits_is_forgotten_or_changed_before_it_is_sent(office: Office) -> None:
    await office.member("ruben")
    await office.letter("One bottle please")
    await office.show()
    card = await office.last("ruben")
    typed = [await office.say("ruben", words, reply_to=card["message_id"]) for words in ("On its way", "Two on their way")]
    await office.letter("No, cancel it!")
    await office.settle()
    warnings = [message for message in await office.chat("ruben") if "Not sent" in str(message["text"])]
    await office.hands.do("ruben", "edit", bot="staff", message_id=typed[1], text="Cancelled")
    await office.press("ruben", warnings[0], "Do not send")
    await office.press("ruben", warnings[1], "Send anyway")
    assert office.letters.texts == ["Cancelled"]


async def test_another_still_newer_word_is_warned_about_again(office: Office) -> None:
    await office.member("ruben")
    await office.letter("One")
    await office.show()
    await office.say("ruben", "Yes", reply_to=(await office.last("ruben"))["message_id"])
    await office.letter("Two")
    await office.settle()
    warning = await office.find("ruben", "Not sent")
    await office.letter("Three")
    await office.press("ruben", warning, "Send anyway")
    assert office.letters.texts == []
    assert "Three" in str((await office.last("ruben"))["text"]) or "Three" in str((await office.find("ruben", "Not sent"))["text"])


async def test_a_reply_to_a_colleagues_customer_is_not_sent_and_a_manager_may_take_over(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await office.letter("Anybody?")
    await office.show()
    cards = {person: await office.find(person, "Ann Lee") for person in ("ruben", "mariam")}
    await office.press("ruben", cards["ruben"], "Take")
    assert "Taken by" in str((await office.find("mariam", "Ann Lee"))["text"])
    await office.say("mariam", "Me", reply_to=cards["mariam"]["message_id"])
    await office.settle()
    refused = await office.find("mariam", "has this conversation")
    await office.press("mariam", refused, "Take over")
    await office.say("mariam", "It is me now", reply_to=cards["mariam"]["message_id"])
    await office.settle()
    assert office.letters.texts == ["It is me now"]


async def test_whoever_has_a_conversation_gets_each_word_as_a_post_of_its_own(office: Office) -> None:
    await office.member("ruben")
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    await office.letter("Second <b>& co</b>")
    await office.show()
    post = await office.last("ruben")
    assert "Second <b>& co</b>" in str(post["text"])
    await office.say("ruben", "Heard", reply_to=post["message_id"])
    await office.settle()
    assert office.letters.texts == ["Heard"]


async def test_trouble_says_why_and_resend_sends_it_again(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    card = await office.last("ruben")
    await office.refuse(Undeliverable(Reason.REJECTED, "no"))
    await office.say("ruben", "Hi", reply_to=card["message_id"])
    await office.settle()
    trouble = await office.find("ruben", "failed")
    assert "the platform refused it" in str(trouble["text"])
    await office.refuse(None)
    await office.press("ruben", trouble, "Resend")
    assert office.letters.texts == ["Hi"]


async def test_an_unknown_end_can_be_marked_sent(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    card = await office.last("ruben")
    await office.refuse(Uncertain("silence"))
    await office.say("ruben", "Hi", reply_to=card["message_id"])
    await office.settle()
    trouble = await office.find("ruben", "Nobody knows")
    await office.press("ruben", trouble, "Mark sent")
    assert "sent ✓" in str((await office.find("ruben", "Our last answer"))["text"])


async def test_the_same_update_driven_twice_changes_nothing(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    card = await office.last("ruben")
    await office.say("ruben", "Hi", reply_to=card["message_id"])
    updates = await office.staff.carrier.request.call("getUpdates", {"offset": 0, "timeout": 0})
    assert isinstance(updates, list)
    await office.store.gather(keep, [office.raw(updates[-1])])
    [claimed] = await office.store.write(lambda s: claim_desk(s, now=office.now()))
    await office.staff.drive(claimed)
    await office.staff.drive(claimed)
    await office.show()
    assert office.letters.texts == ["Hi"]


async def test_nobody_on_duty_means_the_managers_see_it(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    for person in ("ruben", "mariam"):
        await office.say(person, "/available")
    await office.settle()
    await office.letter("Anybody there?")
    await office.show()
    assert not any("Ann Lee" in post for post in await office.posts("ruben"))
    assert any("Ann Lee" in post for post in await office.posts("mariam"))


async def test_whoever_takes_a_conversation_gets_the_photos_of_before(office: Office) -> None:
    await office.member("ruben")
    await office.letter("A cat", photo=True)
    await office.show()
    file = (await office.store.read(lambda s: s.query(Attachment).one())).id
    await office.store.write(lambda s: arrived(s, file, "path", 4, now=office.now()))
    await office.press("ruben", await office.last("ruben"), "Take")
    await office.show()
    posts = await office.store.read(lambda s: [row.payload or "" for row in s.query(Delivery).filter(Delivery.desk == 1)])
    assert any('"media"' in payload and "A cat" in payload for payload in posts)


async def test_a_manager_hears_for_a_rep_who_went_off_duty(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    await office.say("ruben", "/available")
    await office.settle()
    await office.letter("Where do I pay?")
    await office.show()
    for person in ("ruben", "mariam"):
        assert any("Where do I pay?" in post for post in await office.posts(person))


@pytest.mark.parametrize("ends", [0, 1])
async def test_a_manager_hears_for_a_rep_who_is_on_leave(office: Office, ends: int) -> None:
    ruben = await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    leave = Leave(id=9_000, rep_id=ruben.id, from_on="2000-01-01", to_on="2100-01-01", to_at=ends, kind="leave", created_at=1)
    await office.store.write(lambda session: session.add(leave))
    await office.letter("Where do I pay?")
    await office.show()
    assert any("Where do I pay?" in post for post in await office.posts("ruben"))
    assert any("Where do I pay?" in post for post in await office.posts("mariam")) is not bool(ends)  # a part of a day that is over is no leave


async def test_a_customers_photo_waits_for_its_bytes_and_holds_nothing_else_back(office: Office) -> None:
    await office.member("ruben")
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    await office.letter("A cat", photo=True)
    await office.letter("Do you like it?")
    await office.show()
    assert "Do you like it?" in str((await office.last("ruben"))["text"])
    file = (await office.store.read(lambda s: s.query(Attachment).one())).id
    await office.store.write(lambda s: arrived(s, file, "path", 4, now=office.now()))
    await office.show()
    photo = await office.last("ruben")
    assert "A cat" in str(photo["text"])
    await office.say("ruben", "Yes", reply_to=photo["message_id"])
    await office.settle()
    assert office.letters.texts == ["Yes"]


async def test_a_photo_that_is_here_already_is_shown_at_once(office: Office) -> None:
    await office.member("ruben")
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    await office.letter("A cat", photo=True)
    file = (await office.store.read(lambda s: s.query(Attachment).one())).id
    await office.store.write(lambda s: arrived(s, file, "path", 4, now=office.now()))
    await office.show()
    assert "A cat" in str((await office.last("ruben"))["text"])


async def test_a_very_long_message_is_shown_whole(office: Office) -> None:
    await office.member("ruben")
    await office.letter("First")
    await office.show()
    await office.press("ruben", await office.last("ruben"), "Take")
    before = len(await office.posts("ruben"))
    await office.letter("wine & bread <3 " * 600)
    await office.show()
    assert "".join((await office.posts("ruben"))[before:]).count("<3") >= 600
