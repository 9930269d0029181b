"""Commands, the door, and notices: who may say what, who comes in, who is told what."""

import pytest

from bots.staff import menus
from bots.staff.buttons import show
from bots.staff.commands import COMMANDS, inbox, known_to, mine
from bots.staff.updates import Driven, Press, Text
from bots.staff.visit import Done, NotStaff, Visit, once
from crm.base.actors import Role, System
from crm.base.db import Session
from crm.base.errors import Forbidden
from crm.base.history import DomainEvent
from crm.base.i18n import translator
from crm.base.rows import add
from crm.base.time import MINUTE
from crm.conversations import assign, desk
from crm.conversations.threads import Conversation
from crm.inbox.log import RawEventRow, Waiting
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import Notice, NoticeKind, NoticeRow, tell
from crm.people import reps
from crm.people.desk import Intent
from crm.people.reps import Member, Stranger
from crm.sales.leads import Lead
from tests.bots.staff.firm import labels
from tests.bots.staff.office import Office
from tests.bots.staff.test_team import show_pin

GROUPS = set(menus.GROUPS.values())


async def ask(office: Office, person: str, words: str, reply_to: object = None) -> dict[str, object]:
    """Says something to the bot and reads its answer."""
    await office.say(person, words, reply_to)
    await office.settle()
    return await office.last(person)


def buttons(message: dict[str, object]) -> list[str]:
    """The labels under a message."""
    return [button["text"] for row in message["buttons"] for button in row]  # type: ignore[attr-defined]


async def test_a_stranger_gets_one_neutral_answer_whatever_they_type(office: Office) -> None:
    await office.hands.introduce("eve", first_name="Eve", language_code="en")
    for words in ("/start", "/today", "/start wrong", "hello", "/grant manager"):
        office.ahead += MINUTE
        await ask(office, "eve", words)
    assert set(await office.posts("eve")) == {"This bot is for the staff of Marani. If you have an invitation, open its link."}


async def test_the_door_is_locked_after_five_wrong_invitations(office: Office) -> None:
    await office.hands.introduce("eve", first_name="Eve", language_code="en")
    await office.store.write(lambda s: reps.invite(s, System("test"), Role.REP, "right", now=office.now()))
    for number in range(6):
        await office.hands.do("eve", "start", bot="staff", payload=f"wrong{number}")
    await office.hands.do("eve", "start", bot="staff", payload="right")
    await office.settle()
    assert [row.failures for row in await office.store.read(lambda s: s.query(Stranger).all())] == [5]
    assert await office.store.read(lambda s: reps.reps(s)) == []


async def test_an_invitation_works_once_and_its_giver_is_told(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    made = await ask(office, "mariam", "/invite rep")
    secret = str(made["text"]).rpartition("start=")[2]
    for person in ("ruben", "eve"):
        await office.hands.introduce(person, first_name=person.title(), language_code="en")
        await office.hands.do(person, "start", bot="staff", payload=secret)
    await office.settle()
    assert [rep.name for rep in await office.store.read(lambda s: reps.reps(s))] == ["Mariam", "Ruben"]
    assert any("Ruben\u2069 has joined" in post for post in await office.posts("mariam"))
    assert "Welcome, Ruben" in (await office.posts("ruben"))[0]


async def test_a_newcomer_sees_what_waits_already(office: Office) -> None:
    await office.letter("Anybody?")
    await office.show()
    await office.member("ruben")
    assert ["Welcome" in post or "1 conversation" in post for post in await office.posts("ruben")] == [True, False, True]


async def test_a_rep_may_not_invite_and_a_manager_chooses_the_role(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    assert (await ask(office, "ruben", "/invite manager"))["text"] == "/invite is for managers."
    question = await ask(office, "mariam", "/invite")
    await office.press("mariam", question, "A manager")
    await show_pin(office, "mariam", fresh=True)
    await office.press("mariam", await office.last("mariam"), "Do it now")
    link = str((await office.last("mariam"))["text"])
    assert link.startswith("A manager: ")
    assert "staff_bot?start=" in link


async def test_every_command_answers_and_is_reached_by_buttons(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    menu = await ask(office, "mariam", "/start")
    for command in known_to(Role.MANAGER):
        await office.say("mariam", f"/{command.name}")
        before = len(await office.posts("mariam"))
        await office.settle()
        assert len(await office.posts("mariam")) > before, command.name
    pressed = await _pressed(office, menu)
    for label in [label for label in buttons(menu) if label in GROUPS]:
        menu = await ask(office, "mariam", "/start")
        await office.press("mariam", menu, label)
        pressed += await _pressed(office, await _again(office, menu))
    assert len(pressed) == len(known_to(Role.MANAGER)) - 1


async def _pressed(office: Office, menu: dict[str, object]) -> list[str]:
    """Press every command of a menu and of its further pages; each answers with a post."""
    labels = [label for label in buttons(menu) if label not in {*GROUPS, "More", "Menu"}]
    assert len(buttons(menu)) <= 8
    for label in labels:
        before = len(await office.posts("mariam"))
        await office.press("mariam", menu, label)
        assert len(await office.posts("mariam")) > before, label
    if "More" not in buttons(menu):
        return labels
    await office.press("mariam", menu, "More")
    return labels + await _pressed(office, await _again(office, menu))


async def _again(office: Office, post: dict[str, object]) -> dict[str, object]:
    return next(message for message in await office.chat("mariam") if message["message_id"] == post["message_id"])


async def test_an_unknown_command_is_answered_with_help(office: Office) -> None:
    await office.member("ruben")
    for words in ("/nonsense", "/today@otherbot x", "/" + "a" * 3000):
        assert "/inbox" in str((await ask(office, "ruben", words))["text"])


async def test_the_inbox_shows_what_waits_longest_first_and_opens_a_fresh_card(office: Office) -> None:
    await office.member("ruben")
    for who in ("Ann", "Bob"):
        await office.letter("Hello", who=who, name=who)
        office.ahead += MINUTE
    await office.show()
    listed = await ask(office, "ruben", "/inbox")
    assert ["Ann" in buttons(listed)[0], "Bob" in buttons(listed)[1]] == [True, True]
    await office.press("ruben", listed, buttons(listed)[0])
    fresh = await office.last("ruben")
    assert "Ann" in str(fresh["text"])
    assert int(str(fresh["message_id"])) > int(str(listed["message_id"]))
    await office.press("ruben", fresh, "Take")
    assert "Yours" in str((await office.last("ruben"))["text"])


async def test_the_inbox_goes_on_behind_more(office: Office) -> None:
    await office.member("ruben")
    for number in range(9):
        await office.letter("Hello", who=f"p{number}", name=f"Person {number}")
    await ask(office, "ruben", "/inbox")
    listed = await office.find("ruben", "9 conversations")
    assert len(buttons(listed)) == 8
    await office.press("ruben", listed, "More")
    assert len(buttons(await office.find("ruben", "9 conversations"))) == 2


async def test_a_lead_is_shown_by_reply_and_moved_by_buttons(office: Office) -> None:
    await office.member("ruben")
    await office.letter("I want wine")
    await office.show()
    shown = await ask(office, "ruben", "/lead", reply_to=(await office.last("ruben"))["message_id"])
    assert "I want wine" in str(shown["text"])
    assert buttons(shown) == ["Accepted", "Won", "Lost", "Spam", "🌡 How likely?"]
    await office.press("ruben", shown, "Won")
    assert (await office.store.read(lambda s: s.query(Lead).one())).status == "won"
    assert "Reply with /lead" in str((await ask(office, "ruben", "/lead"))["text"])


async def test_a_language_is_chosen(office: Office) -> None:
    rep = await office.member("ruben")
    await office.press("ruben", await ask(office, "ruben", "/language"), "ქართული")
    [now] = await office.store.read(lambda s: reps.reps(s))
    assert (now.id, now.language) == (rep.id, "ka")


async def test_a_call_for_a_person_pings_and_can_be_replied_to(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    number = (await office.store.read(lambda s: s.query(Lead).one())).conversation_id
    await office.store.write(lambda s: tell(s, [Notice(NoticeKind.PERSON_CALLED, number, "called:1")], now=office.now()))
    await office.show()
    ping = await office.find("ruben", "asks for a person")
    await ask(office, "ruben", "I am here", reply_to=ping["message_id"])
    assert office.letters.texts == ["I am here"]


async def test_a_rep_who_blocks_the_bot_is_off_duty_and_managers_know(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.hands.do("ruben", "block", bot="staff")
    await office.settle()
    assert "blocked the staff bot" in str((await office.find("mariam", "Ruben"))["text"]) or any("blocked" in post for post in await office.posts("mariam"))
    assert [rep.name for rep in await office.store.read(lambda s: reps.reps(s, available=True))] == ["Mariam"]


async def test_a_parked_event_is_shown_to_managers_and_dropped(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.letter("Hello")
    event = await office.park()
    await office.show()
    post = await office.find("mariam", "could not be read")
    assert "1 message could not be read" in str((await ask(office, "mariam", "/parked"))["text"])
    await office.press("mariam", post, "Drop")
    assert await office.store.read(lambda s: s.get(Waiting, event)) is None


async def test_a_notice_that_cannot_be_rendered_holds_up_nothing(office: Office) -> None:
    await office.member("ruben")
    await office.store.write(lambda s: tell(s, [Notice(NoticeKind.HEARD, 999_999, "heard:0")], now=office.now()))
    await office.letter("Hello")
    await office.show()
    assert any("Ann Lee" in post for post in await office.posts("ruben"))
    assert await office.store.read(lambda s: s.query(NoticeRow).all()) == []


async def test_what_nobody_took_comes_again_as_a_new_post_after_a_while(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    first = await office.last("ruben")
    office.ahead += 20 * MINUTE
    await office.letter("Still there?")
    await office.show()
    again = await office.last("ruben")
    assert "Still there?" in str(again["text"])
    assert again["message_id"] != first["message_id"]


async def test_setup_lists_the_commands_of_each_role(office: Office) -> None:
    await office.member("ruben")
    await office.staff.setup()
    listed = {command["command"] for command in (await office.hands.chat("ruben", bot="staff"))["menu"]}
    assert {"inbox", "mine", "lead", "available", "help"} <= listed
    assert "invite" not in listed


async def test_something_that_cannot_be_passed_on_is_said_so(office: Office) -> None:
    await office.member("ruben")
    await office.hands.do("ruben", "location", bot="staff", latitude=1.0, longitude=2.0)
    await office.settle()
    assert "cannot be passed on" in str((await office.last("ruben"))["text"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_is_one_telegram_takes(command: object) -> None:
    name, description = getattr(command, "name", ""), getattr(command, "description", "")
    assert name.isascii()
    assert name.islower()
    assert 1 <= len(description) <= 256
    assert Intent("command", detail=name)


async def remove(office: Office, name: str) -> None:
    """Somebody leaves the staff."""
    await office.store.write(lambda s: s.query(Member).filter_by(name=name).update({"active": 0}))


async def test_a_removed_rep_whose_press_was_under_way_sees_no_card(office: Office) -> None:
    rep = await office.member("ruben")
    await office.letter("My secret address is Baker Street")
    before = await office.store.read(lambda s: s.query(Delivery).count())
    press = Press(int(rep.address), int(rep.address), "q", 1, "")
    visit = Visit(rep, press, 77, office.now(), office.now(), office.company, {}, "staff_bot")
    await remove(office, "Ruben")
    for deed in (lambda s, v: show(s, v, Intent("show", 1)), inbox.deed, mine.deed):
        with pytest.raises(NotStaff):
            await office.store.write(lambda s, deed=deed: once(s, visit, deed))  # type: ignore[misc]
    assert await office.store.read(lambda s: s.query(Delivery).count()) == before


async def test_a_deed_goes_by_the_role_of_now(office: Office) -> None:
    rep = await office.member("mariam", Role.MANAGER)
    said = Press(int(rep.address), int(rep.address), "q", 1, "")
    visit = Visit(rep, said, 78, office.now(), office.now(), office.company, {}, "staff_bot")
    await office.store.write(lambda s: s.query(Member).update({"role": Role.REP.value}))
    done = await office.store.write(lambda s: once(s, visit, lambda _, now: Done(toast=now.rep.role.value)))
    assert done.toast == "rep"


async def test_one_who_was_removed_while_the_deed_ran_gets_the_answer_of_a_stranger(office: Office) -> None:
    rep = await office.member("ruben")
    await remove(office, "Ruben")
    said = Text(int(rep.address), int(rep.address), "Ruben", "en", 99, "/inbox", None, False, False, (), office.now())
    done = await office.staff._do(rep, Driven(said, 79, office.now()), inbox.deed)
    pressed = await office.staff._do(rep, Driven(Press(int(rep.address), int(rep.address), "q", 1, "x"), 80, office.now()), inbox.deed)
    await office.show()
    assert (done.posts, pressed.toast) == ((), translator("hy")("This button has expired."))
    assert (await office.posts("ruben"))[-1] == "This bot is for the staff of Marani. If you have an invitation, open its link."


async def test_the_inbox_of_a_rep_has_theirs_and_what_nobody_took_of_a_manager_everybodys(office: Office) -> None:
    ruben, mariam = await office.member("ruben"), await office.member("mariam", Role.MANAGER)
    for who in ("ann", "bob"):
        await office.letter("Hello", who=who, name=who.title())
    await office.store.write(lambda s: assign.take(s, mariam, min(row.id for row in s.query(Conversation)), now=office.now()))
    assert [await office.store.read(lambda s, rep=rep: desk.inbox(s, rep)[1]) for rep in (ruben, mariam)] == [1, 2]  # type: ignore[misc]
    await remove(office, "Ruben")
    with pytest.raises(Forbidden):
        await office.store.read(lambda s: desk.inbox(s, ruben))


async def test_managers_are_told_of_a_parked_event_however_many_are_parked(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.park()
    rows = [{"id": 10**6 + n, "account": "letters", "key": f"k{n}", "received_at": 1} for n in range(250)]
    waiting = [{"event_id": row["id"], "shard": 0, "lane": "letters:x", "parked": 1, "attempts": 5, "error": f"E{n}"} for n, row in enumerate(rows)]

    def fill(session: Session) -> None:
        add(session, RawEventRow, rows)
        add(session, Waiting, waiting)
        tell(session, [Notice(NoticeKind.PARKED, 10**6 + 249, "parked:last")], now=office.now())

    await office.store.write(fill)
    await office.show()
    assert "E249" in str((await office.find("mariam", "E249"))["text"])


async def test_a_change_of_language_is_on_record(office: Office) -> None:
    await office.member("ruben")
    await office.press("ruben", await ask(office, "ruben", "/language"), "Русский")
    [event] = await office.store.read(lambda s: s.query(DomainEvent).filter_by(subject="rep", kind="language").all())
    assert (event.before, event.after) == ('{"language": "en"}', '{"language": "ru"}')


async def test_a_rep_who_types_a_managers_command_is_told_whose_it_is(office: Office) -> None:
    await office.member("ruben")
    before = len(await office.posts("ruben"))
    post = await ask(office, "ruben", "/promo")
    assert (await office.posts("ruben"))[before:] == ["/promo is for managers."]
    assert labels(post) == ["Inbox", "Menu"]


async def test_a_post_proved_by_an_answer_is_on_record(office: Office) -> None:
    rep = await office.member("ruben")
    await office.letter("Hello")
    await office.show()

    def lose(session: Session) -> int:
        card = session.query(Delivery).filter(Delivery.conversation_id.is_not(None), Delivery.address == rep.address).one()
        card.state, card.external_id = "unknown", None
        session.flush()
        desk.adopt(session, rep, "staff", card.conversation_id or 0, 5, now=office.now())
        return card.id

    number = await office.store.write(lose)
    [event] = await office.store.read(lambda s: s.query(DomainEvent).filter_by(subject="delivery", subject_id=number, kind="adopted").all())
    assert (event.rep_id, event.before, event.after) == (rep.id, '{"state": "unknown"}', '{"state": "sent"}')
