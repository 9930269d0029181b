"""Old chats brought along by one whose sight is narrowed: of whom they may be with, only those within it are named."""

import pytest
from sqlalchemy import select

from bots.staff.exchange import names_in
from bots.staff.past import body, choices
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import Forbidden
from crm.base.i18n import LANGUAGES, translator
from crm.base.policy import Scope
from crm.exchange import imports, past
from crm.exchange.imports import CHATS, ImportState, Sheet
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.sales.leads import Lead
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_forgotten import second
from tests.crm.fake import hire

PEOPLE = b"Name;Phone\nAnna Lee;+37491555000\n"
BY_NAME = (b"12/03/2024, 14:05 - Anna Lee: hi\n12/03/2024, 14:06 - Marani: hello\n", "WhatsApp Chat with Anna Lee.txt")
BY_PHONE = (b"12/03/2024, 14:05 - +374 91 555000: hi\n12/03/2024, 14:06 - Marani: hello\n", "WhatsApp +374 91 555000.txt")


async def somebodys(stand: Stand, *, of: int | None) -> int:
    """Anna Lee, whom this member has as a lead (None = nobody)."""
    await stand.bring(PEOPLE)

    def led(session: Session) -> int:
        person = session.scalars(select(Contact.id)).one()
        session.add(Lead(id=10**6, contact_id=person, conversation_id=0, channel="whatsapp", language="en", rep_id=of, created_at=stand.now))
        return person

    return await stand.store.write(led)


async def brought(stand: Stand, who: Rep, content: bytes, name: str) -> tuple[int, past.Chat]:
    path = stand.folder / "chat"
    path.write_bytes(content)
    number = await stand.store.write(lambda s: imports.receive(s, who, name, {"path": str(path)}, now=stand.now))
    await stand.work()
    [chat] = await stand.store.read(lambda s: past.chats_of(s.get_one(imports.Import, number)))
    return number, chat


@pytest.mark.parametrize("told", [BY_NAME, BY_PHONE])
async def test_nobody_of_a_colleagues_is_named_to_whose_sight_is_narrowed(stand: Stand, told: tuple[bytes, str]) -> None:
    gor = await hire(stand.store, "gor")
    person = await somebodys(stand, of=gor.id)
    narrowed = await second(stand, scope=Scope.OWN)
    number, chat = await brought(stand, narrowed, *told)
    assert (chat.who, chat.near) == (past.NEW, ())
    likely = await stand.store.read(lambda s: past.likely(s, narrowed, number, 0, chat.senders.index(chat.customer), "AM"))
    assert (likely.who, likely.near) == (past.NEW, ())
    with pytest.raises(Forbidden):
        await stand.store.write(lambda s: past.choose_person(s, narrowed, number, 0, person, now=stand.now))
    assert (await brought(stand, stand.who, *told))[1].near == (person,)


async def test_their_own_and_nobodys_are_named_to_them_all_the_same(stand: Stand) -> None:
    narrowed = await second(stand, scope=Scope.OWN)
    person = await somebodys(stand, of=narrowed.id)
    assert (await brought(stand, narrowed, *BY_NAME))[1].who == person
    await stand.store.write(lambda s: setattr(s.scalars(select(Lead)).one(), "rep_id", None))
    assert (await brought(stand, narrowed, *BY_PHONE))[1].who == person


async def test_whose_sight_was_narrowed_since_reads_no_name_that_was_found_before(stand: Stand) -> None:
    gor, vahan = await hire(stand.store, "gor"), await second(stand)
    person = await somebodys(stand, of=gor.id)
    number, chat = await brought(stand, vahan, *BY_NAME)
    assert (chat.who, chat.near) == (person, (person,))

    def read(session: Session) -> tuple[Sheet, dict[int, str]]:
        sheet = imports.shown(session, vahan, number)
        return sheet, dict(names_in(session, sheet, vahan))

    assert (await stand.store.read(read))[1] == {person: "Anna Lee"}
    await stand.store.write(lambda s: setattr(s.get_one(Member, vahan.id), "scope", "own"))
    sheet, names = await stand.store.read(read)
    assert names == {}
    assert [key.label for row in choices(translator("en"), sheet, 0, names).keys for key in row] == ["Somebody new", "Left out", "Back"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_days_of_an_old_chat_stand_as_every_other_day(language: str) -> None:
    chat = {"key": "a", "title": "Anna", "count": 2, "first": "2026-03-01T09:00", "last": "1774951200", "senders": ["Anna"], "sided": True, "near": []}
    sheet = Sheet(1, "x.txt", ImportState.ASKED, "", (), (), (), {}, 2, None, "", 7, 1, kind=CHATS, about={"source": "whatsapp", "chats": [chat]})
    told = body(translator(language), sheet, {}, "Asia/Yerevan")
    assert told
    assert "2026-03" not in told[0]
    assert "2026" in told[0]
    if language == "en":
        assert "Anna\u2069: 2 messages, 1 Mar 2026 \u2013 31 Mar 2026" in told[0]
