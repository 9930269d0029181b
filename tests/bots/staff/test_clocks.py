"""How long customers may wait: who has them is warned before the time is over, the managers hear when it is, nobody is told twice or at night."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from crm.base.actors import Role
from crm.base.db import Session
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, day_start, parse_hours
from crm.conversations import clocks
from crm.conversations.threads import Author, Conversation, Kind
from crm.conversations.threads import Message as Said
from crm.people.contacts import Contact, Identity
from crm.people.reps import Member
from tests.bots.staff.firm import NOON_ZONE, firm
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    """Open from 9 to 18 every day, and it is noon."""
    return replace(firm(), hours=parse_hours("mon-sun 09:00-18:00", NOON_ZONE), answer_within=60 * MINUTE)


async def look(office: Office) -> int:
    """The clock looks, and the staff sees what it found."""
    told = 0
    while found := await office.store.write(lambda s: clocks.warn_due(s, office.company, now=office.now())):
        told += found
    await office.show()
    return told


async def posts(office: Office, person: str, words: str) -> int:
    return sum(words in text for text in await office.posts(person))


async def waits(office: Office, minutes: int) -> None:
    """Ann has waited for so long."""
    office.ahead += minutes * MINUTE


async def test_who_has_the_customer_is_warned_in_time_and_the_managers_when_it_is_late(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await office.letter("Do you have tables?")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "Take")
    await waits(office, 30)
    assert await look(office) == 0
    await waits(office, 16)
    assert await look(office) == 1
    assert (await posts(office, "ruben", "⏳"), await posts(office, "mariam", "⏳")) == (1, 0)
    await waits(office, 15)
    assert await look(office) == 1
    assert (await posts(office, "ruben", "waits for an answer for"), await posts(office, "mariam", "waits for an answer for")) == (1, 1)
    await waits(office, 30)
    assert await look(office) == 0


async def test_an_answer_ends_it_and_the_next_question_begins_anew(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    await waits(office, 50)
    assert await look(office) == 1
    card = await office.find("ruben", "Ann Lee")
    await office.say("ruben", "Yes", reply_to=card["message_id"])
    await office.settle()
    await waits(office, 20)
    assert await look(office) == 0
    await office.letter("And chairs?")
    await waits(office, 50)
    assert await look(office) == 1


async def test_the_night_does_not_count(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    midnight = day_start(office.now(), office.company.zone)
    await office.store.write(lambda s: s.execute(update(Conversation).values(waiting_since=midnight + 17 * HOUR + 30 * MINUTE)) and None)
    office.ahead += midnight + 30 * HOUR - office.now()  # six in the morning
    assert await look(office) == 0
    office.ahead += midnight + 33 * HOUR + 16 * MINUTE - office.now()
    assert await look(office) == 1
    assert await posts(office, "ruben", "⏳") == 1


async def test_where_the_firm_has_said_nothing_nobody_is_warned(office: Office) -> None:
    await office.letter("Do you have tables?")
    quiet = replace(office.company, answer_within=0)
    assert await office.store.write(lambda s: clocks.warn_due(s, quiet, now=office.now() + 10 * HOUR)) == 0


async def test_who_sees_phones_masked_hears_of_a_late_answer_with_the_phone_masked(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Do you have tables?")

    def masked(session: Session) -> None:
        session.execute(update(Member).values(points="masked"))
        session.execute(update(Contact).values(name="", platform_name="+37491234567"))
        session.execute(update(Said).where(Said.author == Author.CONTACT.value).values(text="Narek +37491234567", kind=Kind.CONTACT.value))

    await office.store.write(masked)
    await waits(office, 61)
    assert await look(office) == 1
    assert await posts(office, "ruben", "waits for an answer for") == 1
    for command in ("/kind", "/refer", "/later"):
        await office.say("ruben", command, reply_to=(await office.find("ruben", "waits for an answer for"))["message_id"])
        await office.settle()
    assert await posts(office, "ruben", "1234567") == 0


async def many(office: Office, count: int, minutes: int) -> None:
    """So many wait since so long."""
    await office.letter("Do you have tables?")
    since = office.now() - minutes * MINUTE

    def write(session: Session) -> None:
        columns = {table: table.__table__.columns.keys() for table in (Contact, Identity, Conversation)}
        thread = session.scalars(select(Conversation)).one()
        identity, person = session.get_one(Identity, thread.identity_id), session.get_one(Contact, thread.contact_id)

        def like(row: Contact | Identity | Conversation, **other: object) -> dict[str, object]:
            return {name: getattr(row, name) for name in columns[type(row)]} | other

        for n in range(1, count):
            who, at = 10_000_000 + n, 20_000_000 + n
            session.execute(insert(Contact).values(**like(person, id=who, root_id=who)))
            session.execute(insert(Identity).values(**like(identity, id=at, contact_id=who, external_id=f"x{n}")))
            session.execute(insert(Conversation).values(**like(thread, id=30_000_000 + n, contact_id=who, identity_id=at, open_identity_id=at)))
        session.execute(update(Conversation).values(waiting_since=since))

    await office.store.write(write)


async def test_of_many_at_once_everybody_hears_in_one_line(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await many(office, 15, 120)
    assert await look(office) == 15
    assert (await posts(office, "mariam", "15 customers should have been answered"), await posts(office, "mariam", "waits for an answer for")) == (1, 0)


async def test_of_who_has_waited_for_more_than_a_week_nobody_hears(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await many(office, 3, 8 * 24 * 60)
    assert await look(office) == 0
