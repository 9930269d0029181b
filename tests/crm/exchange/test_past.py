"""The past brought along: an old chat stands with its person, at its own times, wakes nobody, comes in once, and goes again whole."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.errors import Expired, Forbidden, Invalid, Unreachable
from crm.base.time import DAY
from crm.conversations import desk
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation, Message, Note
from crm.exchange import erasure, imports, past
from crm.exchange.imports import Import, ImportState, Sheet
from crm.people.contacts import SHELF, Contact
from crm.people.steps import What
from crm.reports import search_index
from crm.reports.books import check
from crm.reports.search import find
from crm.reports.search_tables import Findable
from crm.sales.leads import Lead
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_capture import everything
from tests.crm.exchange.test_chats import CHAT, said, zipped
from tests.crm.exchange.test_erasure import holding, sure
from tests.crm.exchange.test_forgotten import second
from tests.crm.fake import hire

TALK = "12/03/2024, 14:05 - Anna Lee: Do you have red wine?\n12/03/2024, 14:06 - Marani: Yes\n25/03/2024, 09:00 - Anna Lee: Uniquewords, <Media omitted>\n"
NAME = "WhatsApp Chat with Anna Lee.txt"
PHONE_TALK = b"12/03/2024, 14:05 - +374 91 555000: hi\n12/03/2024, 14:06 - Marani: hello\n"


async def chats(stand: Stand, number: int) -> list[past.Chat]:
    return await stand.store.read(lambda s: past.chats_of(s.get_one(Import, number)))


async def run(stand: Stand, number: int) -> Sheet:
    for verb in (imports.check, imports.run):
        await stand.do(verb, number)
        await stand.work()
    return await stand.sheet(number)


async def thread(stand: Stand) -> list[tuple[str, str]]:
    messages = select(Message.author, Message.text).order_by(Message.conversation_id, Message.id)
    return await stand.store.read(lambda s: [(row.author, row.text) for row in s.execute(messages)])


async def test_an_old_chat_becomes_a_persons_thread(stand: Stand) -> None:
    number = await stand.receive(TALK.encode(), NAME)
    [chat] = await chats(stand, number)
    assert (chat.customer, chat.senders, chat.count, chat.who) == ("Anna Lee", ("Anna Lee", "Marani"), 3, past.NEW)
    assert (await stand.sheet(number)).state is ImportState.ASKED
    sheet = await run(stand, number)
    assert (sheet.state, sheet.counts) == (ImportState.DONE, {"new": 3})
    assert await thread(stand) == [("contact", "Do you have red wine?"), ("rep", "Yes"), ("contact", "Uniquewords, <Media omitted>")]
    home = await stand.store.read(lambda s: s.scalars(select(Conversation)).one())
    assert (home.account, home.status, home.unread, home.waiting_since, home.open_identity_id) == (SHELF, "closed", 0, 0, None)
    times = await stand.store.read(lambda s: list(s.scalars(select(Message.at).order_by(Message.id))))
    assert times == sorted(times)
    assert home.last_at == times[-1] < stand.now - DAY


async def test_nobody_is_woken_and_nothing_can_be_sent_there(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    assert await stand.store.read(lambda s: desk.inbox(s, stand.who)) == ([], 0)
    assert await stand.store.read(lambda s: s.scalar(select(Lead.id))) is None
    home = await stand.store.read(lambda s: s.scalars(select(Conversation.id)).one())
    with pytest.raises(Unreachable):
        await stand.store.write(lambda s: reply(s, stand.who, home, "hello", once="x", now=stand.now))
    assert (await stand.store.read(check)).problems == ()


async def test_it_is_found_by_search_and_no_more_when_it_was_taken_back(stand: Stand) -> None:
    number = await stand.receive(TALK.encode(), NAME)
    await run(stand, number)
    await index(stand)
    assert [one.author for one in (await stand.store.read(lambda s: find(s, stand.who, "Uniquewords", "AM"))).said] == ["contact"]
    await stand.undo(number)
    assert (await stand.store.read(lambda s: find(s, stand.who, "Uniquewords", "AM"))).said == ()
    assert await stand.store.read(lambda s: s.scalar(select(Findable.id).where(Findable.about == "message"))) is None


async def index(stand: Stand) -> None:
    while step := await stand.store.read(lambda s: search_index.upcoming(s, now=stand.now)):
        entries = search_index.digest(step)
        for part, some in search_index.portions(step, entries):
            await stand.store.write(lambda s, part=part, some=some: search_index.enter(s, part, some))  # type: ignore[misc]


async def test_the_way_back_is_exact(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\nAnna Lee;+37491555000\n")
    before = await everything(stand)
    number = await stand.receive(TALK.encode(), NAME)
    assert [chat.who > 0 for chat in await chats(stand, number)] == [True]
    await run(stand, number)
    await stand.undo(number)
    assert (await stand.sheet(number)).state is ImportState.UNDONE
    assert await everything(stand) == before


async def test_a_person_made_for_a_chat_goes_with_it(stand: Stand) -> None:
    before = await everything(stand)
    number = await stand.receive(TALK.encode(), NAME)
    await run(stand, number)
    await stand.undo(number)
    assert await everything(stand) == before


async def test_what_somebody_has_noted_since_keeps_the_person(stand: Stand) -> None:
    number = await stand.receive(TALK.encode(), NAME)
    await run(stand, number)

    def noted(session: Session) -> None:
        home = session.scalars(select(Conversation.id)).one()
        session.add(Note(id=10**6, conversation_id=home, rep_id=stand.who.id, text="x", at=1, once="x"))

    await stand.store.write(noted)
    await stand.undo(number)
    assert await stand.store.read(lambda s: len(s.scalars(select(Contact.id)).all())) == 1
    assert (await stand.sheet(number)).counts["kept"] == 1


async def test_brought_in_again_it_adds_only_what_is_new(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    again = await stand.receive(TALK.encode() + b"26/03/2024, 09:00 - Anna Lee: more\n", NAME)
    sheet = await run(stand, again)
    assert sheet.counts == {"new": 1, "same": 3}
    assert len(await thread(stand)) == 4
    await stand.undo(again)
    assert len(await thread(stand)) == 3


async def test_the_firm_is_asked_once_which_of_the_two_it_is(stand: Stand) -> None:
    number = await stand.receive(TALK.encode(), "_chat.txt")
    assert [chat.customer for chat in await chats(stand, number)] == [""]
    with pytest.raises(Invalid):
        await stand.do(imports.check, number)
    with pytest.raises(Invalid):
        await stand.store.read(lambda s: past.likely(s, stand.who, number, 0, 7, "AM"))
    found = await stand.store.read(lambda s: past.likely(s, stand.who, number, 0, 0, "AM"))
    with pytest.raises(Expired):
        await stand.do(past.choose_customer, number, 0, replace(found, key="another chat"))
    await stand.do(past.choose_customer, number, 0, found)
    await run(stand, number)
    other = await stand.receive(b"12/03/2024, 14:05 - Bagrat: hi\n12/03/2024, 14:06 - Marani: hello\n", "_chat.txt")
    assert [chat.customer for chat in await chats(stand, other)] == ["Bagrat"]


async def test_a_phone_for_a_name_leads_to_its_owner(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\nGor;+37491555000\n")
    gor = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    number = await stand.receive(b"12/03/2024, 14:05 - +374 91 555000: hi\n12/03/2024, 14:06 - Marani: hello\n", "WhatsApp +374 91 555000.txt")
    assert [(chat.customer, chat.who) for chat in await chats(stand, number)] == [("+374 91 555000", gor)]


async def test_who_sees_no_phones_reads_none_in_what_they_bring_and_whose_they_are_is_known_all_the_same(stand: Stand) -> None:
    await stand.bring(b"Name;Phone\nGor;+37491555000\n")
    gor = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    masked = await second(stand, points=False)

    async def brought(content: bytes, name: str) -> Sheet:
        path = stand.folder / name
        path.write_bytes(content)
        number = await stand.store.write(lambda s: imports.receive(s, masked, name, {"path": str(path)}, now=stand.now))
        await stand.work()
        return await stand.store.read(lambda s: imports.shown(s, masked, number))

    sheet = await brought(PHONE_TALK, "_chat.txt")
    [chat] = sheet.about["chats"]
    assert "555" not in f"{chat['title']}{chat['customer']}{chat['senders']}"
    place = (await chats(stand, sheet.id))[0].senders.index("+374 91 555000")
    assert (await stand.store.read(lambda s: past.likely(s, masked, sheet.id, 0, place, "AM"))).who == gor
    [row] = (await brought(b"Name;Phone\nAnna +37491555000;+37491555001\n", "own.csv")).samples
    assert "555" not in "".join(row)
    assert row[0].startswith("Anna ")


async def test_a_phone_of_nobody_makes_a_person_with_it(stand: Stand) -> None:
    number = await stand.receive(b"12/03/2024, 14:05 - +374 91 555000: hi\n", "x.txt")
    await run(stand, number)
    assert await stand.people() == [("", ("+37491555000",))]


async def test_all_of_telegram_goes_to_everybody_and_one_is_left_out(stand: Stand) -> None:
    other = {**CHAT, "name": "Bagrat", "id": 78, "messages": [said(78, "hello"), said(5, "hi")]}
    content = json.dumps({"chats": {"list": [CHAT, other]}}).encode()
    number = await stand.receive(zipped(result__json=content), "export.zip")
    assert [(chat.title, chat.sided) for chat in await chats(stand, number)] == [("Anna", True), ("Bagrat", True)]
    await stand.do(past.choose_person, number, 0, past.OUT)
    sheet = await run(stand, number)
    assert sheet.counts == {"new": 2, "nobody": 2}
    assert await thread(stand) == [("contact", "hello"), ("rep", "hi")]


async def test_many_messages_come_in_chunks_and_a_crash_loses_none(stand: Stand) -> None:
    lines = "".join(f"12/03/2024, 14:{n % 60:02} - {'Anna Lee' if n % 2 else 'Marani'}: message {n}\n" for n in range(700))
    number = await stand.receive(lines.encode(), NAME)
    await stand.do(imports.check, number)
    await stand.work()
    await stand.do(imports.run, number)
    await stand.do(imports.stop, number)
    assert (await stand.sheet(number)).state is ImportState.STOPPED
    await stand.do(imports.run, number)
    await stand.work()
    assert (await stand.sheet(number)).counts == {"new": 700}
    assert len(await thread(stand)) == 700
    await stand.undo(number)
    assert await thread(stand) == []


async def test_its_words_stand_in_one_place_only_and_are_forgotten_with_their_person(stand: Stand) -> None:
    number = await stand.receive(TALK.encode(), NAME)
    await run(stand, number)
    assert await stand.store.read(lambda s: holding(s, "Uniquewords")) == ["conversations", "messages"]
    waiting = await stand.receive(TALK.encode(), NAME)
    assert (await chats(stand, waiting))[0].who > 0
    contact = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, contact)
    await stand.work()
    for word in ("Uniquewords", "Anna Lee"):
        assert await stand.store.read(lambda s, word=word: holding(s, word)) == [], word  # type: ignore[misc]


async def test_only_who_may_bring_lists_may_steer_it(stand: Stand) -> None:
    rep = await hire(stand.store, "gor", Role.REP)
    number = await stand.receive(TALK.encode(), NAME)
    [chat] = await chats(stand, number)
    for verb, *given in ((past.choose_customer, 0, chat), (past.choose_person, 0, past.OUT)):
        with pytest.raises(Forbidden):
            await stand.store.write(lambda s, verb=verb, given=given: verb(s, rep, number, *given, now=stand.now))  # type: ignore[misc]
    with pytest.raises(Invalid):
        await stand.do(past.choose_person, number, 5, past.OUT)
    await run(stand, number)
    with pytest.raises(Expired):
        await stand.do(past.choose_person, number, 0, past.OUT)


async def test_an_export_that_was_left_or_is_with_the_same_name_says_no_more_of_who_is_forgotten(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    contact = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    left, new = await stand.receive(TALK.encode(), NAME), await stand.receive(TALK.encode(), NAME)
    await stand.do(imports.stop, left)
    await stand.do(past.choose_person, new, 0, past.NEW)
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, contact)
    await stand.work()
    for word in ("Uniquewords", "Anna Lee"):
        assert await stand.store.read(lambda s, word=word: holding(s, word)) == [], word  # type: ignore[misc]


async def test_a_chat_on_its_way_in_stops_at_who_is_forgotten_meanwhile(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    contact = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    number = await stand.receive(f"{TALK}26/03/2024, 09:00 - Anna Lee: Newuniq\n".encode(), NAME)
    await stand.do(imports.check, number)
    await stand.work()
    await stand.do(imports.run, number)
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, contact)
    await stand.work()
    assert (await stand.sheet(number)).counts == {"nobody": 4}
    for word in ("Uniquewords", "Anna Lee", "Newuniq"):
        assert await stand.store.read(lambda s, word=word: holding(s, word)) == [], word  # type: ignore[misc]


async def test_nobody_who_is_forgotten_is_chosen_for_a_chat(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    contact = await stand.store.read(lambda s: s.scalars(select(Contact.id)).one())
    await sure(stand, What.ERASE)
    await stand.do(erasure.ask, contact)
    await stand.work()
    number = await stand.receive(TALK.encode(), NAME)
    with pytest.raises(Invalid):
        await stand.do(past.choose_person, number, 0, contact)


async def test_what_is_taken_back_of_an_older_thread_leaves_its_last_words_right(stand: Stand) -> None:
    await run(stand, await stand.receive(TALK.encode(), NAME))
    before = await everything(stand)
    again = await stand.receive(f"{TALK}26/03/2024, 09:00 - Anna Lee: Newuniq\n".encode(), NAME)
    await run(stand, again)
    assert "Newuniq" in (await stand.store.read(lambda s: s.scalars(select(Conversation.preview)).one()))
    await stand.undo(again)
    assert await everything(stand) == before
