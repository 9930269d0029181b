"""Links that bring a product and a source: codes in payloads and in words, the leads they brought, posts that can be taken down."""

import json

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Expired, Forbidden, Invalid
from crm.base.outbound import Delete, Say
from crm.base.settings import Company
from crm.outbox.deliveries import Delivery, State
from crm.outbox.payload import unpack
from crm.sales import entries, postings
from crm.sales.entries import LENGTH, Entry, Known, LeadEntry, code_of, is_code, written_code
from crm.sales.leads import Lead
from crm.sales.postings import Draft
from tests.conftest import NOON
from tests.crm.fake import hear, hire, raw, rows, said

CODE = "k7f3q2ab"
DRAFT = Draft("telegram", "@marani", "New tables!", "Write to us", f"https://t.me/marani_bot?start={CODE}")


async def made(store: Store, code: str = CODE, product: str = "Oak table", source: str = "Autumn post") -> tuple[Rep, Known]:
    boss = await hire(store, f"boss of {code}", Role.MANAGER)
    return boss, await store.write(lambda s: entries.make(s, boss, product, source, code, now=NOON))


async def the_lead(store: Store) -> Lead:
    [lead] = await rows(store, select(Lead))
    return lead  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Oak table #k7f3q2ab", CODE),
        ("#K7F3Q2AB", CODE),
        ("(#k7f3q2ab) how much?", CODE),
        ("#k7f3q2abc", ""),
        ("k7f3q2ab", ""),
        ("x#k7f3q2ab", ""),
        ("##k7f3q2ab", ""),
        ("#k7f3q2a0", ""),
        ("price #1", ""),
    ],
)
def test_a_code_is_found_in_words_where_it_stands_alone(text: str, code: str) -> None:
    assert written_code(text) == code


def test_codes_are_made_of_letters_that_nobody_takes_for_others() -> None:
    found = {code_of(str(number)) for number in range(500)}
    assert len(found) == 500
    assert all(is_code(code) and len(code) == LENGTH and not set(code) & set("ilo01") for code in found)


async def test_who_starts_the_bot_by_a_link_is_a_lead_of_its_product_and_source(store: Store, company: Company) -> None:
    _, entry = await made(store)
    await hear(store, company, raw(1, "ann", "start", CODE))
    lead = await the_lead(store)
    assert json.loads(lead.source) == {"utm_source": "Autumn post", "utm_content": "Oak table"}
    assert await store.read(lambda s: entries.entry_of(s, lead.id)) == entry


async def test_who_sends_the_code_in_words_came_by_it_too(store: Store, company: Company) -> None:
    _, entry = await made(store)
    await hear(store, company, said(1, "ann", "Oak table #k7f3q2ab"))
    lead = await the_lead(store)
    assert lead.first_message == "Oak table #k7f3q2ab"
    assert await store.read(lambda s: entries.entry_of(s, lead.id)) == entry


async def test_who_only_looks_is_no_lead_and_came_by_it_with_their_first_words(store: Store, company: Company) -> None:
    await made(store)
    await hear(store, company, raw(1, "ann", "look", {"payload": CODE}))
    assert await rows(store, select(LeadEntry)) == []
    await hear(store, company, raw(2, "ann", "start", CODE))
    assert len(await rows(store, select(LeadEntry))) == 1


async def test_an_unknown_code_is_a_payload_like_any_other(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "start", "zzzzzzzz"), said(2, "bob", "see #zzzzzzzz"))
    first, second = await rows(store, select(Lead).order_by(Lead.id))
    assert (json.loads(first.source), json.loads(second.source)) == ({"payload": "zzzzzzzz"}, {})


async def test_somebody_known_who_follows_another_link_asks_for_its_product_now(store: Store, company: Company) -> None:
    await made(store)
    _, other = await made(store, "bbbbbbbb", "Chair", "Flyer")
    await hear(store, company, raw(1, "ann", "start", CODE))
    await hear(store, company, raw(2, "ann", "start", "bbbbbbbb"), raw(3, "ann", "start", "bbbbbbbb"))
    lead = await the_lead(store)
    assert json.loads(lead.source)["utm_source"] == "Autumn post"  # where they came from first
    assert await store.read(lambda s: entries.entry_of(s, lead.id)) == other
    assert len(await rows(store, select(LeadEntry))) == 2


async def test_links_are_counted_listed_no_more_and_listed_again(store: Store, company: Company) -> None:
    boss, entry = await made(store)
    await hear(store, company, raw(1, "ann", "start", CODE), raw(2, "bob", "start", CODE), raw(3, "bob", "start", CODE))
    [one] = await store.read(lambda s: entries.listed(s, boss, limit=9))
    assert (one.entry, one.leads) == (entry, 2)
    await store.write(lambda s: entries.end(s, boss, entry.id, now=NOON))
    assert await store.read(lambda s: entries.listed(s, boss, limit=9)) == []
    await store.write(lambda s: entries.renew(s, boss, entry.id, now=NOON))
    assert len(await store.read(lambda s: entries.listed(s, boss, limit=9))) == 1


async def test_a_link_needs_a_product_a_source_and_a_manager(store: Store) -> None:
    boss, entry = await made(store)
    assert await store.write(lambda s: entries.make(s, boss, "Else", "Else", CODE, now=NOON)) == entry
    with pytest.raises(Invalid):
        await store.write(lambda s: entries.make(s, boss, " ", "Flyer", "bbbbbbbb", now=NOON))
    rep = await hire(store)
    with pytest.raises(Forbidden):
        await store.write(lambda s: entries.make(s, rep, "Chair", "Flyer", "bbbbbbbb", now=NOON))
    assert len(await rows(store, select(Entry))) == 1


async def published(store: Store) -> tuple[Rep, int]:
    boss, entry = await made(store)
    return boss, await store.write(lambda s: postings.publish(s, boss, entry.id, DRAFT, once="1", now=NOON))


async def sent(store: Store, state: State, external_id: str | None = None) -> None:
    def deed(session: Session) -> None:
        row = session.scalars(select(Delivery)).one()
        row.state, row.external_id = state.value, external_id

    await store.write(deed)


async def parcels(store: Store) -> list[tuple[str, str, object]]:
    return [(row.address, row.state, unpack(row.payload or "")) for row in await rows(store, select(Delivery).order_by(Delivery.id))]


async def test_a_post_leaves_by_the_one_door_once(store: Store) -> None:
    boss, number = await published(store)
    assert await store.write(lambda s: postings.publish(s, boss, 1, DRAFT, once="1", now=NOON)) == number
    [(address, state, say)] = await parcels(store)
    assert isinstance(say, Say)
    assert (address, state, say.text, say.buttons[0][0].url) == ("@marani", "queued", "New tables!", DRAFT.url)


async def test_a_post_that_waits_is_called_back_and_one_that_stands_is_deleted_there(store: Store) -> None:
    boss, number = await published(store)
    await sent(store, State.SENT, "77")
    assert (await store.write(lambda s: postings.take_down(s, boss, number, now=NOON))).down
    assert (await parcels(store))[1] == ("@marani", "queued", Delete("77"))
    await store.write(lambda s: postings.take_down(s, boss, number, now=NOON))
    assert len(await parcels(store)) == 2


async def test_a_post_that_has_not_left_does_not_leave(store: Store) -> None:
    boss, number = await published(store)
    await store.write(lambda s: postings.take_down(s, boss, number, now=NOON))
    assert [(state, type(what)) for _, state, what in await parcels(store)] == [("cancelled", Say)]


async def test_a_post_that_is_just_leaving_is_not_taken_down_blindly(store: Store) -> None:
    boss, number = await published(store)
    await sent(store, State.SENDING)
    with pytest.raises(Expired):
        await store.write(lambda s: postings.take_down(s, boss, number, now=NOON))
