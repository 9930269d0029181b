"""From kept events to rows: one of everything, in order, nothing twice, poison set aside."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update

from crm.base.answers import Answer, Exchange, Opening, Reply
from crm.base.db import SqliteStore, Store
from crm.base.events import RawEvent, Sender
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, local, parse_hours
from crm.conversations.threads import Conversation, Message
from crm.inbox import parked
from crm.inbox.log import RawBody, RawEventRow, Waiting, keep
from crm.inbox.process import Rules, claim
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, parse, raw, rows, said, settle
from tests.crm.told import happen, message

EVERYTHING = (RawEventRow, Waiting, Contact, Identity, Conversation, Lead)


async def test_thirty_first_messages_at_once_make_one_of_everything(store: Store, company: Company) -> None:
    await asyncio.gather(*(store.gather(keep, [said(number, "zoe", f"t{number}")]) for number in range(30)))
    await settle(store, company)
    assert await counts(store, *EVERYTHING) == {"raw_events": 30, "waiting": 0, "contacts": 1, "identities": 1, "conversations": 1, "leads": 1}
    assert await rows(store, select(Message.text).where(Message.author == "contact").order_by(Message.id)) == [f"t{number}" for number in range(30)]


async def test_a_stranger_is_greeted_once_however_many_first_messages_come(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "zoe", "Hello"), said(2, "zoe", "Are you there?"), said(3, "zoe", "I need a table"))
    assert (await counts(store, Delivery))["deliveries"] == 1


async def test_the_same_event_again_adds_nothing(store: Store, company: Company) -> None:
    for _ in range(3):
        await hear(store, company, said(1, "yan"), said(1, "yan"), said(2, "yan"))
    assert await rows(store, select(Message.text).where(Message.author == "contact")) == ["hi", "hi"]


async def test_keep_says_which_events_were_new(store: Store) -> None:
    assert await store.gather(keep, [said(1, "ann"), said(1, "ann"), said(2, "ann")]) == [True, False, True]
    assert await store.gather(keep, [said(2, "ann"), said(3, "ann")]) == [False, True]


async def test_the_same_key_on_two_accounts_is_two_events(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"), raw(1, "ann", "text", "hi", account="other"))
    assert (await counts(store, Identity))["identities"] == 2


async def test_a_poison_event_is_parked_with_its_bytes_and_its_lane_goes_on(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann", "a1"), raw(2, "ann", "boom"), said(3, "ann", "a2"), said(4, "bob", "b1"))
    heard = select(Message.text).where(Message.author == "contact").order_by(Message.id)
    assert await rows(store, heard) == ["a1", "b1"]
    for tries in range(1, 6):
        await settle(store, company, now=NOON + tries * DAY)
    assert await rows(store, heard) == ["a1", "b1", "a2"]
    assert await rows(store, select(Waiting.attempts, Waiting.parked)) == [(5, 1)]
    assert await rows(store, select(RawBody.body).join(Waiting, Waiting.event_id == RawBody.event_id)) == [b'["boom", "ann"]']
    assert await rows(store, select(Message.kind).where(Message.author == "system")) == ["lost"]
    assert NoticeKind.PARKED in {notice.kind for notice in await store.read(waiting_notices)}


async def test_an_event_that_breaks_applying_is_found_and_set_aside_alone(store: Store, company: Company) -> None:
    def cruel(exchanges: list[Exchange]) -> list[Answer]:
        if exchanges[0].heard.text == "m9":
            raise ValueError("m9")
        return [Answer()]

    rules = Rules(cruel, company)  # type: ignore[arg-type]
    await hear(store, company, *(said(number, f"p{number % 7}", f"m{number}") for number in range(50)), rules=rules)
    for tries in range(1, 6):
        await settle(store, company, now=NOON + tries * DAY, rules=rules)
    assert len(await rows(store, select(Message.id).where(Message.author == "contact"))) == 49


async def test_an_attempt_is_on_disk_before_it_is_made(store: Store) -> None:
    await store.gather(keep, [said(1, "ann")])
    await store.write(lambda session: claim(session, desk=False, now=NOON, limit=10))
    assert await rows(store, select(Waiting.attempts)) == [1]


async def test_events_for_the_desk_are_left_to_the_desk(store: Store, company: Company) -> None:
    await hear(store, company, replace(said(1, "ann"), desk=True))
    assert await counts(store, Contact, Waiting) == {"contacts": 0, "waiting": 1}


async def test_a_manager_retries_a_parked_event_and_a_rep_may_not(store: Store, company: Company) -> None:
    from crm.base.actors import Role
    from crm.base.errors import Forbidden

    await store.gather(keep, [raw(1, "ann", "boom")])
    for tries in range(6):
        await settle(store, company, now=NOON + tries * DAY)
    rep, manager = await hire(store, "tigran"), await hire(store, "mariam", Role.MANAGER)
    [event] = await rows(store, select(Waiting.event_id))
    with pytest.raises(Forbidden):
        await store.write(lambda session: parked.retry(session, rep, event, now=NOON))
    await store.write(lambda session: parked.retry(session, manager, event, now=NOON))
    assert await rows(store, select(Waiting.parked, Waiting.attempts)) == [(0, 0)]


async def test_what_is_heard_and_said_reads_in_order(store: Store, company: Company) -> None:
    def echo(exchanges: list[Exchange]) -> list[Answer]:
        return [Answer((Reply(f"re {one.heard.text}"),)) for one in exchanges]

    await hear(store, company, *(said(number, "ann", str(number)) for number in range(4)), rules=Rules(echo, company))  # type: ignore[arg-type]
    texts = await rows(store, select(Message.text).order_by(Message.conversation_id, Message.id))
    assert texts == ["0", "re 0", "1", "re 1", "2", "re 2", "3", "re 3"]


async def test_a_customer_edit_changes_the_message_and_keeps_the_old_words(store: Store, company: Company) -> None:
    from crm.base.history import DomainEvent

    await hear(store, company, said(1, "ann", "teh"), raw(2, "ann", "edit", "1", "the"), raw(3, "ann", "edit", "1", "the"))
    assert await rows(store, select(Message.text).where(Message.author == "contact")) == ["the"]
    assert await rows(store, select(DomainEvent.before).where(DomainEvent.kind == "edited")) == ['{"text": "teh"}']


async def test_an_event_that_means_nothing_is_counted_as_ignored(store: Store, company: Company) -> None:
    from crm.base.tallies import Tally

    await hear(store, company, raw(1, "ann", "nothing"), said(2, "ann"))
    assert dict(await rows(store, select(Tally.kind, Tally.amount).where(Tally.account == "fake", Tally.kind.in_(["kept", "done", "ignored"])))) == {
        "kept": 2,
        "done": 1,
        "ignored": 1,
    }


async def test_hostile_text_is_stored_without_harm(store: Store, company: Company) -> None:
    body = b'["text", "ann", "a\\u0000b\\ud800c"]'
    await hear(store, company, RawEvent("fake", "1", "fake:ann", body, NOON))
    assert await rows(store, select(Message.text).where(Message.author == "contact")) == ["a\ufffdb\ufffdc"]


async def test_nobody_on_duty_gives_the_next_opening(store: Store, company: Company) -> None:
    seen: list[Opening | None] = []

    def note(exchanges: list[Exchange]) -> list[Answer]:
        seen.extend(one.facts.opens for one in exchanges)
        return [Answer()]

    weekdays = replace(company, hours=parse_hours("mon-fri 09:00-15:00", "Asia/Yerevan"))
    await hear(store, weekdays, said(1, "ann"), rules=Rules(note, weekdays))  # type: ignore[arg-type]
    await hire(store)
    await hear(store, company, said(2, "ann"), rules=Rules(note, company))  # type: ignore[arg-type]
    assert seen[0]
    assert local(seen[0].at, weekdays.zone).strftime("%H:%M") == "09:00"
    assert seen[1] is None


async def test_parse_is_what_the_tests_say(company: Company) -> None:
    assert parse(said(1, "ann", "x"))[0].sender.external_id == "ann"  # type: ignore[union-attr]


async def test_an_event_that_kills_whoever_begins_with_it_is_parked_too(store: Store, company: Company) -> None:
    await store.gather(keep, [said(1, "ann"), said(2, "bob")])
    for _ in range(5):
        await store.write(lambda session: claim(session, desk=False, now=NOON, limit=1))  # and then the process dies
    await settle(store, company)
    assert await rows(store, select(Waiting.parked, Waiting.attempts)) == [(1, 5)]
    assert await rows(store, select(Message.text).where(Message.author == "contact")) == ["hi"]


async def test_a_database_that_refuses_for_a_while_parks_nobody(file_store: SqliteStore, company: Company) -> None:
    store = file_store  # a file by its nature
    from crm.base.errors import Busy

    async def full(most: int) -> None:
        await store.write(lambda session: session.execute(text(f"PRAGMA max_page_count = {most}")) and None)

    await store.gather(keep, [said(number, f"p{number}", "x" * 900) for number in range(30)])
    await full(1)
    for _ in range(7):
        try:
            await settle(store, company)
        except Busy:
            continue
    await full(1_000_000)
    for tries in range(1, 4):
        await settle(store, company, now=NOON + tries * DAY)
    assert len(await rows(store, select(Message.id).where(Message.author == "contact"))) + len(await rows(store, select(Waiting.event_id))) == 30


async def test_words_kept_through_an_outage_count_from_when_they_were_written(store: Store, company: Company) -> None:
    """A batch of old words of several people, of whom one has been heard since and one had closed the chat."""
    people = [Sender(name) for name in ("ann", "bob", "eve")]
    await happen(store, company, *(message(f"{one.external_id}1", "hi", one) for one in people))
    await happen(store, company, message("eve2", "still here", people[2], at=NOON + 5 * HOUR), now=NOON + 5 * HOUR)
    await store.write(lambda session: session.execute(update(Identity).values(reachable=0)) and None)
    old = [replace(message(f"{one.external_id}3", "hello?", one), at=NOON + HOUR * number) for number, one in enumerate(people, 1)]
    await happen(store, company, *old, now=NOON + 9 * HOUR)
    stands = select(Identity.external_id, Identity.last_inbound_at, Identity.reachable).order_by(Identity.external_id)
    assert await rows(store, stands) == [("ann", NOON + HOUR, 1), ("bob", NOON + 2 * HOUR, 1), ("eve", NOON + 5 * HOUR, 1)]
