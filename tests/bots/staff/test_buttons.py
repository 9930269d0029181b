"""Buttons: bound to who got them, what they are about, and how long; one effect however often they are pressed."""

import asyncio

import pytest

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Expired
from crm.base.time import DAY, local
from crm.conversations.later import moment
from crm.conversations.threads import Conversation, Note
from crm.people import reps
from crm.people.contacts import Contact
from crm.people.desk import BUTTON_MS, ButtonToken, Intent, Wizard, begin, issue, listening, quit_wizard, redeem, token_of
from tests.bots.staff.firm import labels, press
from tests.bots.staff.office import Office
from tests.conftest import NOON

KEY = b"key"
TAKE = Intent("take", 7)


async def member(store: Store, address: str) -> Rep:
    await store.write(lambda s: reps.invite(s, System("test"), Role.REP, address, now=NOON))
    rep, _ = await store.write(lambda s: reps.join(s, address, address=address, name=address, language="en", now=NOON))
    return rep


async def test_a_button_is_good_for_its_owner_until_it_expires(store: Store) -> None:
    ruben, mariam = await member(store, "1"), await member(store, "2")
    token = token_of(KEY, ruben.id, TAKE)
    await store.write(lambda s: issue(s, KEY, ruben.id, [TAKE], until=NOON + BUTTON_MS))
    assert await store.read(lambda s: redeem(s, ruben, token, now=NOON)) == TAKE
    with pytest.raises(Expired):
        await store.read(lambda s: redeem(s, mariam, token, now=NOON))
    with pytest.raises(Expired):
        await store.read(lambda s: redeem(s, ruben, token, now=NOON + BUTTON_MS))


@pytest.mark.parametrize("token", ["", "x", "take:7", token_of(b"other", 1, TAKE), "\x00" * 64, "ա" * 32])
async def test_what_was_never_given_out_is_expired(store: Store, token: str) -> None:
    ruben = await member(store, "1")
    with pytest.raises(Expired):
        await store.read(lambda s: redeem(s, ruben, token, now=NOON))


async def test_the_same_button_given_again_is_one_row_that_lasts_longer(store: Store) -> None:
    for days in (1, 2, 3):
        await store.write(lambda s, days=days: issue(s, KEY, 5, [TAKE, TAKE], until=NOON + days * DAY))  # type: ignore[misc]
    assert [row.expires_at for row in await store.read(lambda s: s.query(ButtonToken).all())] == [NOON + 3 * DAY]
    assert len(token_of(KEY, 5, TAKE).encode()) <= 64


async def test_one_thing_listens_at_a_time_and_ends_by_itself(store: Store) -> None:
    ruben = await member(store, "1")
    await store.write(lambda s: begin(s, ruben, Wizard("note", "note", 1), until=NOON + 10))
    await store.write(lambda s: begin(s, ruben, Wizard("promo", "promo", 2, {"words": "ա"}), until=NOON + 10))
    assert await store.read(lambda s: listening(s, ruben, now=NOON)) == Wizard("promo", "promo", 2, {"words": "ա"})
    assert await store.read(lambda s: listening(s, ruben, now=NOON + 10)) is None
    assert await store.write(lambda s: quit_wizard(s, ruben, "promo"))


@pytest.mark.parametrize(("name", "words"), [("1h", "Tue 17:00"), ("3h", "Tue 19:00"), ("tomorrow", "Wed 09:00"), ("monday", "Mon 09:00")])
def test_later_means_these_times(name: str, words: str) -> None:
    assert f"{local(moment(name, NOON, 'Asia/Yerevan'), 'Asia/Yerevan'):%a %H:%M}" == words


async def test_twenty_presses_of_take_by_two_reps_make_one_holder(office: Office) -> None:
    people = {"ruben": await office.member("ruben"), "mariam": await office.member("mariam")}
    await office.letter("Hello")
    await office.show()
    cards = {person: await office.find(person, "Ann Lee") for person in people}
    presses = [(person, cards[person]) for _ in range(10) for person in people]
    heard = [office.hands.do(person, "click", bot="staff", message_id=card["message_id"], button="Take", wait=5) for person, card in presses]
    answers = asyncio.gather(*heard)
    while not answers.done():
        await office.listen()
    toasts = [answer.get("text") for answer in await answers]
    await office.show()
    holder = (await office.store.read(lambda s: s.query(Conversation).one())).rep_id
    [winner] = [person for person, rep in people.items() if rep.id == holder]
    assert sum("It is yours" in str(toast) for toast in toasts) == 10
    assert sum(f"{winner.title()} has this conversation" in str(toast) for toast in toasts) == 10


async def test_somebody_elses_or_a_made_up_button_does_nothing(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam")
    await office.letter("Hello")
    await office.show()
    ruben, mariam = await office.find("ruben", "Ann Lee"), await office.find("mariam", "Ann Lee")
    stolen = ruben["buttons"][0][0]["data"]  # type: ignore[index]
    for data in (stolen, "take:1", "x" * 64):
        waiting = asyncio.ensure_future(office.hands.do("mariam", "press", bot="staff", message_id=mariam["message_id"], data=data, wait=5))
        while not waiting.done():
            await office.listen()
        assert "expired" in str((await waiting)["text"])
    assert (await office.store.read(lambda s: s.query(Conversation).one())).rep_id is None


async def test_a_removed_reps_button_does_nothing(office: Office) -> None:
    rep = await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    await office.store.write(lambda s: s.query(reps.Member).filter_by(id=rep.id).update({"active": 0}))
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "Take")
    assert (await office.store.read(lambda s: s.query(Conversation).one())).rep_id is None


async def test_close_block_and_their_undoing(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    for button, undo, blocked, status in (("Close", "Undo", 0, "closed"), ("Block", "Undo", 1, "open")):
        await office.press("ruben", await office.find("ruben", "Letters"), button)
        assert (await office.store.read(lambda s: s.query(Contact).one())).blocked == blocked
        assert (await office.store.read(lambda s: s.query(Conversation).one())).status == status
        await office.press("ruben", await office.last("ruben"), undo)
    assert (await office.store.read(lambda s: s.query(Contact).one())).blocked == 0


async def test_a_person_can_be_blocked_from_behind_more_where_a_card_is_full(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "⋯ More")
    menu = await office.find("ruben", "What shall it be about")
    while "Block" not in labels(menu):
        menu = await press(office, "ruben", menu, "More")
    await office.press("ruben", menu, "Block")
    assert (await office.store.read(lambda s: s.query(Contact).one())).blocked == 1
    await office.press("ruben", await office.last("ruben"), "Undo")
    assert (await office.store.read(lambda s: s.query(Contact).one())).blocked == 0


async def test_a_note_is_kept_and_never_sent_even_as_a_reply_to_the_card(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    card = await office.find("ruben", "Ann Lee")
    await office.press("ruben", card, "Note")
    await office.say("ruben", "Pays late", reply_to=card["message_id"])
    await office.settle()
    await office.press("ruben", card, "Note")
    await office.say("ruben", "Likes red")
    await office.settle()
    assert office.letters.texts == []
    assert [note.text for note in await office.store.read(lambda s: s.query(Note).all())] == ["Pays late", "Likes red"]
    assert "Likes red" in str((await office.find("ruben", "Letters"))["text"])


async def test_cancel_leaves_the_note(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "Note")
    await office.say("ruben", "/cancel")
    await office.say("ruben", "Pays late")
    await office.settle()
    assert await office.store.read(lambda s: s.query(Note).all()) == []


async def test_later_puts_the_conversation_off(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "Later")
    await office.press("ruben", await office.last("ruben"), "In 3 hours")
    conversation = await office.store.read(lambda s: s.query(Conversation).one())
    assert conversation.status == "snoozed"
    assert "Put off until" in str((await office.find("ruben", "Letters"))["text"])
