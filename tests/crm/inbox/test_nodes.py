"""Two nodes on one server share the inbox: no event twice, no thread out of order, and who froze must not finish what another took over."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from bots.turn import turn
from crm.base import nodes
from crm.base.db import Order, Session, Store, open_store
from crm.base.errors import Lost
from crm.base.leases import SHARDS, Lease, Seat, found_shards, take
from crm.base.settings import Company
from crm.conversations.threads import Conversation, Message
from crm.inbox import desk, process
from crm.inbox.log import Offset, Polled, Waiting, keep, keep_polled
from crm.inbox.process import Claimed, Rules
from crm.outbox.deliveries import Delivery
from crm.reports.books import check
from tests.conftest import NOON
from tests.crm.fake import parse, rows, said

LANES, EACH = 30, 20


@pytest_asyncio.fixture
async def stores(server_database: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two nodes of one company."""
    made = open_store(server_database), open_store(server_database)
    await made[0].write(lambda session: found_shards(session, process.POOLS))
    yield made
    for store in made:
        await store.close()


def rules(company: Company, name: str, *, live: int = 2) -> Rules:
    """What a node works by; one of `live`."""
    return Rules(turn, company, limit=40, seat=Seat(name, live=live))


async def step(store: Store, done: tuple[Claimed, ...], given: Rules) -> tuple[Claimed, ...]:
    """Apply what was claimed before, claim the next and parse it."""
    return process.read(await store.write(lambda session: process.step(session, done, given, now=NOON), Order.FLOW), parse)


async def work(store: Store, given: Rules) -> int:
    """Work until nothing waits anywhere; answers how many events this node claimed."""
    claimed = 0
    done: tuple[Claimed, ...] = ()
    while True:
        done = await step(store, done, given)
        claimed += len(done)
        if not done and not await store.read(lambda session: session.scalar(select(Waiting.event_id).limit(1))):
            return claimed


async def test_two_nodes_do_everything_once_and_in_order(stores: tuple[Store, Store], company: Company) -> None:
    for number in range(EACH):
        batch = [said(f"{lane}-{number}", f"who{lane}", f"word {number}") for lane in range(LANES)]
        await asyncio.gather(*(store.gather(keep, batch) for store in stores))  # both nodes are told of everything
    shares = await asyncio.gather(*(work(store, rules(company, f"node{place}")) for place, store in enumerate(stores)))
    assert sum(shares) == LANES * EACH
    threads: dict[int, list[str]] = defaultdict(list)
    for conversation, words in await rows(stores[0], select(Message.conversation_id, Message.text).where(Message.author == "contact").order_by(Message.id)):
        threads[conversation].append(words)
    assert list(threads.values()) == [[f"word {number}" for number in range(EACH)]] * LANES
    assert (await stores[0].read(check)).balanced


async def test_a_node_takes_no_more_than_its_share(stores: tuple[Store, Store], company: Company) -> None:
    await stores[0].gather(keep, [said(number, f"who{number}") for number in range(200)])
    batch = await step(stores[0], (), rules(company, "first"))
    assert len({one.lease for one in batch}) == SHARDS // 2
    assert {one.lease for one in await step(stores[1], (), rules(company, "second"))}.isdisjoint({one.lease for one in batch})


async def expire(store: Store) -> None:
    """Time passes until every lease is over."""
    await store.write(lambda session: session.execute(update(Lease).values(until=1)))


async def test_who_froze_finds_its_work_done_by_another_and_does_nothing(stores: tuple[Store, Store], company: Company) -> None:
    frozen, awake = stores
    await frozen.gather(keep, [said(1, "ann", "hello"), said(2, "ann", "again")])
    batch = await step(frozen, (), rules(company, "frozen", live=1))
    await expire(awake)
    await work(awake, rules(company, "awake", live=1))
    with pytest.raises(Lost):
        await step(frozen, batch, rules(company, "frozen", live=1))
    heard = await rows(awake, select(Message.text).where(Message.author == "contact").order_by(Message.id))
    assert heard == ["hello", "again"]
    assert await rows(awake, select(Conversation.unread)) == [2]


async def test_a_dead_nodes_events_are_suspects_and_go_alone(stores: tuple[Store, Store], company: Company) -> None:
    dead, alive = stores
    await dead.gather(keep, [said(1, "ann"), said(2, "ann")])
    await step(dead, (), rules(company, "dead", live=1))
    await expire(alive)
    assert [one.attempts for one in await step(alive, (), rules(company, "alive", live=1))] == [2]


async def test_a_poller_who_lost_its_lease_moves_no_offset(stores: tuple[Store, Store]) -> None:
    before = await stores[0].write(lambda session: take(session, "poll:fake", "first", now=NOON))
    await expire(stores[1])
    await stores[1].write(lambda session: take(session, "poll:fake", "second", now=NOON))
    assert before
    with pytest.raises(Lost):
        await stores[0].gather(keep_polled, [Polled("fake", 7, (said(1, "ann"),), {"poll:fake": before.token})])
    assert await rows(stores[1], select(Offset.value)) == []


async def test_what_a_poller_brings_makes_its_lease_no_longer(stores: tuple[Store, Store]) -> None:
    held = await stores[0].write(lambda session: take(session, "poll:fake", "first", now=NOON, ttl=60_000))
    until = await rows(stores[0], select(Lease.until).where(Lease.name == "poll:fake"))
    assert held
    await stores[0].gather(keep_polled, [Polled("fake", 7, (said(1, "ann"),), {"poll:fake": held.token})])
    assert await rows(stores[0], select(Lease.until).where(Lease.name == "poll:fake")) == until


async def test_staff_updates_are_held_on_to_while_they_take_their_time(stores: tuple[Store, Store]) -> None:
    first, second = Seat("first"), Seat("second")
    await stores[0].gather(keep, [replace(said(number, "tigran"), desk=True) for number in (1, 2)])
    batch = await stores[0].write(lambda session: desk.claim_desk(session, now=NOON, seat=first))
    assert len(batch) == 2
    assert await stores[1].write(lambda session: desk.claim_desk(session, now=NOON, seat=second)) == ()
    await stores[0].write(lambda session: desk.hold_on(session, batch, first, now=NOON))
    await expire(stores[1])
    assert len(await stores[1].write(lambda session: desk.claim_desk(session, now=NOON, seat=second))) == 1
    with pytest.raises(Lost):
        await stores[0].write(lambda session: desk.hold_on(session, batch, first, now=NOON))


async def test_a_node_that_stops_lets_go_of_everything(stores: tuple[Store, Store]) -> None:
    seat = Seat("first")

    def begin(session: Session) -> int:
        take(session, "send:fake", "first", now=NOON)
        return nodes.beat(session, seat, address="http://first", version="1", now=NOON)

    assert await stores[0].write(begin) == 1
    seen = await stores[1].read(lambda session: nodes.nodes(session, now=NOON))
    assert [(one.name, one.address, one.holds) for one in seen] == [("first", "http://first", ("send:fake",))]
    await stores[0].write(lambda session: nodes.leave(session, seat))
    assert await stores[1].read(lambda session: nodes.nodes(session, now=NOON)) == []
    assert await stores[1].write(lambda session: take(session, "send:fake", "second", now=NOON)) is not None


async def test_one_person_on_two_channels_at_once_has_one_open_lead(stores: tuple[Store, Store], company: Company) -> None:
    from crm.people.contacts import Contact, Identity
    from crm.sales.leads import Lead

    await stores[0].gather(keep, [said(1, "ann"), said(2, "ann2")])
    await work(stores[0], rules(company, "first", live=1))

    def one_person(session: Session) -> None:
        first, second = session.scalars(select(Contact).order_by(Contact.id)).all()
        second.root_id = first.id
        session.execute(update(Lead).values(open_contact_id=None))

    await stores[0].write(one_person)
    assert len(await rows(stores[0], select(Identity.id))) == 2
    for number in range(10, 30, 2):
        await stores[0].write(lambda session: session.execute(update(Lead).values(open_contact_id=None)))
        await stores[0].gather(keep, [said(number, "ann"), said(number + 1, "ann2")])
        await asyncio.gather(*(work(store, rules(company, f"node{place}")) for place, store in enumerate(stores)))
        assert len(await rows(stores[0], select(Lead.id).where(Lead.open_contact_id.is_not(None)))) == 1
    assert len(await rows(stores[0], select(Delivery.once).where(Delivery.once.is_not(None)))) == len(await rows(stores[0], select(Delivery.once).distinct()))
