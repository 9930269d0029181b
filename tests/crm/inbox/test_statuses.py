"""Statuses: whose they are, and what several of them in one batch come to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.db import Store
from crm.base.events import Arrival, Status
from crm.base.outbound import May, Reason
from crm.base.settings import Company
from crm.conversations.threads import the
from crm.outbox.deliveries import Delivery
from crm.people import consents
from crm.people.consents import Consent
from tests.conftest import NOON
from tests.crm.fake import hear, rows, said
from tests.crm.told import Windowed, drain, happen, message, say

OURS = select(Delivery.address, Delivery.state).where(Delivery.lane == 0).order_by(Delivery.id)


async def written_to(store: Store, company: Company, *people: str) -> list[str]:
    """Each wrote and was answered; the platform's ids of the answers."""
    await hear(store, company, *(said(number, who) for number, who in enumerate(people)))
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, NOON)
    for who in people:
        await say(store, f"to {who}", who=who)
    for _ in range(2):
        await drain(store, carrier, NOON)
    return await rows(store, select(Delivery.external_id).where(Delivery.lane == 0).order_by(Delivery.id))


async def test_a_batch_of_statuses_and_words_is_taken_whole(store: Store, company: Company) -> None:
    one, two = await written_to(store, company, "ann", "bob")
    read = Status(Arrival.READ, NOON, (one,), address="ann")
    await happen(store, company, read, message(9, "thanks"), Status(Arrival.FAILED, NOON, (two,), address="bob", reason=Reason.BLOCKED))
    assert await rows(store, OURS) == [("ann", "read"), ("bob", "failed")]


async def test_a_watermark_reaches_the_thread_it_names_and_no_other(store: Store, company: Company) -> None:
    await written_to(store, company, "ann", "bob")
    await happen(store, company, Status(Arrival.DELIVERED, NOON, address="bob", until=NOON))
    assert await rows(store, OURS) == [("ann", "sent"), ("bob", "delivered")]


async def test_a_watermark_of_what_arrived_does_not_undo_what_was_read(store: Store, company: Company) -> None:
    [one] = await written_to(store, company, "ann")
    await happen(store, company, Status(Arrival.READ, NOON, (one,)))
    await happen(store, company, Status(Arrival.DELIVERED, NOON, address="ann", until=NOON))
    assert await rows(store, OURS) == [("ann", "read")]


async def test_who_has_told_us_already_is_not_put_on_record_again_by_the_platform(store: Store, company: Company) -> None:
    [one] = await written_to(store, company, "ann")
    [person] = await rows(store, select(Delivery.conversation_id).where(Delivery.lane == 0))

    def stop(session: Session) -> None:
        contact = the(session, person).contact_id
        consents.answer(session, Customer(contact), contact, consents.MARKETING, False, shown="", source="test", now=NOON)

    await store.write(stop)
    await happen(store, company, Status(Arrival.FAILED, NOON, (one,), reason=Reason.OPTED_OUT))
    assert await rows(store, select(Consent.source)) == ["test"]
