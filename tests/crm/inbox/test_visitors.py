"""Customers of the shop, for whom its server vouches: one person in two browsers, two in one."""

from sqlalchemy import select

from bots.turn import turn
from channels.webchat.frames import Hello, Said
from channels.webchat.raw import Visitor, parse_raw, write_raw
from crm.base.db import Store
from crm.base.settings import Company
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.people.contacts import Contact, ContactPoint, PointKind
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import rows


async def say(store: Store, company: Company, browser: str, text: str, customer: str = "") -> None:
    """Somebody says something in a browser, perhaps logged in at the shop."""
    raw = write_raw("webchat", Visitor(browser, Hello(language="en")), Said(f"word-{text}", text), (), NOON, customer=customer)
    await store.gather(keep, [raw])
    rules = Rules(turn, company)
    batch = await store.write(lambda s: process.step(s, (), rules, now=NOON))
    await store.write(lambda s: process.step(s, process.read(batch, parse_raw), rules, now=NOON))


async def people(store: Store) -> int:
    return len(set(await rows(store, select(Contact.root_id))))


async def test_one_customer_in_two_browsers_is_one_person_with_one_open_lead(store: Store, company: Company) -> None:
    await say(store, company, "phone", "Hello", "1042")
    await say(store, company, "laptop", "Hello again", "1042")
    assert await people(store) == 1
    assert len(await rows(store, select(Lead.id).where(Lead.open_contact_id.is_not(None)))) == 1


async def test_whoever_is_not_logged_in_is_nobody_we_know(store: Store, company: Company) -> None:
    await say(store, company, "phone", "Hello", "1042")
    await say(store, company, "laptop", "Hello again")
    await say(store, company, "tablet", "Hi", "1043")
    assert await people(store) == 3


async def test_who_logs_in_later_is_known_from_then_on(store: Store, company: Company) -> None:
    await say(store, company, "phone", "Hello", "1042")
    await say(store, company, "laptop", "Anonymous")
    await say(store, company, "laptop", "Logged in", "1042")
    assert await people(store) == 1


async def test_two_customers_of_one_browser_are_never_made_one(store: Store, company: Company) -> None:
    await say(store, company, "library", "Hello", "1042")
    await say(store, company, "library", "Me too", "1043")
    await say(store, company, "home", "It is me", "1043")
    assert await people(store) == 2
    assert await rows(store, select(ContactPoint.value).where(ContactPoint.kind == PointKind.VISITOR.value).order_by(ContactPoint.id)) == [
        "webchat:1042",
        "webchat:1043",
    ]
