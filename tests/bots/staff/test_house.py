"""/backup and /health: what managers see of the machine; /refer: a customer's link for their friends."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select

from bots.staff.transport import StaffOptions
from crm.base.actors import Role
from crm.base.db import Store
from crm.base.history import DomainEvent
from crm.base.outbound import Health
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Attachment
from crm.outbox.upkeep import Wish, ready
from crm.outreach.segments import Segment, reached
from crm.sales.entries import Entry, LeadEntry, Ways
from sandbox.telegram.hands import Hands
from tests.bots.staff.firm import Message, agree, ask, firm, labels, press, toast
from tests.bots.staff.office import Office, Wall


@pytest.fixture
def company() -> Company:
    return replace(firm(), media_quota=10_000_000)


@pytest_asyncio.fixture
async def office(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Office]:
    ways = Ways(lambda code, words: {"letters": f"https://letters/{code}"}, lambda name: {})
    made = Office(store, company, replace(options, ways=ways), hands, wall)
    await made.staff.open()
    yield made
    await made.staff.close()


def words(message: Message) -> str:
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def test_a_manager_reads_how_the_backups_stand_and_asks_for_one(office: Office) -> None:
    mariam = await office.member("mariam", Role.MANAGER)
    facts = {"every": str(DAY), "folder": "/copies", "last": str(office.now() - 3_600_000), "size": "12300000"}
    office.staff.channels = {"backup": Health(True, "the last backup is good", facts)}
    post = await ask(office, "mariam", "/backup")
    assert "12.3 MB" in words(post)
    assert "/copies" in words(post)
    post = await press(office, "mariam", post, "Back up now")
    assert "is being taken" in words(post)
    assert "Back up now" not in labels(post)
    [wish] = await office.store.read(lambda s: list(s.scalars(select(DomainEvent).where(DomainEvent.subject == "backup"))))
    assert (wish.kind, wish.rep_id) == ("asked", mariam.id)


async def test_whoever_asked_hears_that_the_copy_stands(office: Office) -> None:
    mariam = await office.member("mariam", Role.MANAGER)
    await office.member("vardan", Role.MANAGER)
    await office.store.write(lambda s: ready(s, Wish(7, office.now(), mariam.id), now=office.now()))
    await office.show()
    assert "The backup is taken" in str((await office.last("mariam"))["text"])
    assert "The backup is taken" not in str((await office.last("vardan"))["text"])


async def test_where_backups_are_off_it_says_how_to_take_one_and_a_rep_sees_nothing(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    assert "main.py backup" in words(await ask(office, "mariam", "/backup"))
    assert "Backups" not in words(await ask(office, "ruben", "/backup"))


async def test_health_names_what_is_wrong_and_warns_when_the_room_for_files_is_nearly_full(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    office.staff.channels = {"letters": Health(True, "fine"), "backup": Health(False, "the last backup failed: no room")}
    assert "No photos or files" in words(await ask(office, "mariam", "/health"))
    await office.letter("Look", photo=True)
    await office.show()
    await office.store.write(lambda s: s.query(Attachment).update({"state": "ready", "size": 9_500_000}))
    post = words(await ask(office, "mariam", "/health"))
    assert "✅ Letters" in post
    assert "⚠️ Backups: the last backup failed" in post
    assert "9.5 MB of 10 MB, 95 %" in post
    assert "MEDIA_QUOTA_MB" in post


async def referred(office: Office) -> str:
    """Ann's link, made by replying to her card; its code."""
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    card = await office.find("ruben", "Ann Lee")
    await office.say("ruben", "/refer", reply_to=card["message_id"])
    await office.settle()
    return await office.store.read(lambda s: s.scalars(select(Entry.code)).one())


async def test_a_friend_who_comes_by_a_customers_link_is_written_to_their_credit(office: Office) -> None:
    code = await referred(office)
    assert f"https://letters/{code}" in words(await office.last("ruben"))
    await office.letter(f"Ann sent me #{code}", who="bob", name="Bob")
    await office.show()
    assert "Sent by Ann Lee" in words(await office.find("ruben", "Bob"))
    await office.letter("And chairs?")
    await office.show()
    assert "Brought 1 customer" in words(await office.find("ruben", "And chairs?"))
    await office.say("ruben", "/refer", reply_to=(await office.find("ruben", "And chairs?"))["message_id"])
    await office.settle()
    assert "1 customer came by it" in words(await office.last("ruben"))
    assert await office.store.read(lambda s: s.query(Entry).count()) == 1


async def test_nobody_gets_credit_for_themselves(office: Office) -> None:
    code = await referred(office)
    await office.letter(f"What is #{code}?")
    assert await office.store.read(lambda s: s.query(LeadEntry).count()) == 0


async def test_the_link_goes_to_the_customer_by_a_button(office: Office) -> None:
    code = await referred(office)
    post = await office.last("ruben")
    await office.press("ruben", post, "Send it to them")
    assert await toast(office) == "It is on its way."
    await office.show()
    assert office.letters.texts == [f"Tell your friends about us: https://letters/{code}"]


async def test_a_supplier_is_marked_by_a_button_and_gets_no_offers(office: Office) -> None:
    await office.member("ruben")
    await agree(office, "ann")
    await office.show()
    card = await office.find("ruben", "Ann")
    assert await offered(office) == 1
    await office.say("ruben", "/kind", reply_to=card["message_id"])
    await office.settle()
    post = await press(office, "ruben", await office.last("ruben"), "A supplier")
    assert "Ann: supplier" in words(post)
    assert labels(post) == ["A customer", "A partner"]
    assert "🏷 supplier" in words(await office.find("ruben", "Do you have tables?"))
    assert await offered(office) == 0
    await press(office, "ruben", post, "A customer")
    assert await offered(office) == 1


async def offered(office: Office) -> int:
    """How many people a promotion to everybody would reach."""
    return await office.store.read(lambda s: reached(s, Segment(), now=office.now()))
