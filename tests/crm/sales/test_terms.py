"""The terms of a deal: what it is worth, when it closes, whose it is, whom it is about; written down with the old value, never over somebody else's."""

from datetime import date

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.history import DomainEvent
from crm.base.money import AMOUNT_MOST
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people.companies import companies_like, make_company, sound
from crm.people.contacts import Contact
from crm.people.merge import join
from crm.reports.deal import deals_with, sheet
from crm.reports.deals import Wanted, board, briefs_about, deals, worth_of
from crm.sales import terms
from crm.sales.deals import Deal, Moved, NewDeal, add_deal, deals_about, open_deal
from crm.sales.pipelines import Stage, default_pipeline
from crm.sales.terms import Sum
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def rep(store: Store) -> Rep:
    """Tigran."""
    return await hire(store)


@pytest.fixture
async def people(store: Store, company: Company) -> tuple[int, int]:
    """Ann and Bob, who have both written; their contacts."""
    await hear(store, company, said(1, "ann"), said(2, "bob"))
    ann, bob = await rows(store, select(Contact.id).order_by(Contact.id))
    return ann, bob


@pytest.fixture
async def deal(store: Store, company: Company, rep: Rep, people: tuple[int, int]) -> int:
    """Tigran's deal with Ann."""
    [talk] = await rows(store, select(Conversation.id).where(Conversation.contact_id == people[0]))
    return await store.write(lambda session: open_deal(session, rep, talk, company, once="event:1:deal", now=NOON).id)


async def test_an_amount_is_not_written_over_one_that_was_not_seen(store: Store, rep: Rep, deal: int) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(5_000, "USD"), seen=None, now=NOON))
    with pytest.raises(Moved):
        await store.write(lambda session: terms.set_amount(session, boss, deal, Sum(9_000, "USD"), seen=None, now=NOON))
    assert await rows(store, select(Deal.amount, Deal.currency)) == [(5_000, "USD")]


@pytest.mark.parametrize("wrong", [Sum(-1, "USD"), Sum(AMOUNT_MOST + 1, "USD"), Sum(1, "XYZ")])
async def test_an_amount_that_cannot_be_is_refused(store: Store, rep: Rep, deal: int, wrong: Sum) -> None:
    with pytest.raises(Invalid):
        await store.write(lambda session: terms.set_amount(session, rep, deal, wrong, seen=None, now=NOON))


async def test_only_putting_a_close_off_counts_as_a_push(store: Store, rep: Rep, deal: int) -> None:
    seen = ""
    for day in ("2025-12-01", "2025-12-20", "2025-12-10", "2026-01-10"):
        await store.write(lambda session, day=day, seen=seen: terms.expect(session, rep, deal, date.fromisoformat(day), seen=seen, now=NOON))  # type: ignore[misc]
        seen = day
    await store.write(lambda session: terms.expect(session, rep, deal, None, seen="2026-01-10", now=NOON))
    assert await rows(store, select(Deal.expected_on, Deal.pushes)) == [("", 2)]


async def test_who_hands_a_deal_over_has_it_no_more_and_the_new_owner_hears_of_it(store: Store, rep: Rep, deal: int) -> None:
    other = await hire(store, "nare")
    await store.write(lambda session: terms.hand_over(session, rep, deal, other.id, now=NOON))
    assert await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "deal")) == [deal]
    with pytest.raises(Taken, match="Nare"):
        await store.write(lambda session: terms.entitle(session, rep, deal, "Back to me", now=NOON))


async def test_a_company_is_found_by_how_it_sounds_and_made_once(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    made = await store.write(lambda session: make_company(session, rep, "«Արարատ» ՍՊԸ", now=NOON).id)
    assert await store.write(lambda session: make_company(session, rep, "ararat LLC", now=NOON).id) == made
    for typed in ("Ararat", "арарат", "Ararat LLC", "arar"):
        found = await store.read(lambda session, typed=typed: companies_like(session, rep, typed))  # type: ignore[misc]
        assert [one.id for one in found] == [made]
    await store.write(lambda session: terms.set_company(session, rep, deal, made, now=NOON))
    assert await rows(store, select(Contact.company_id).where(Contact.id == people[0])) == [made]


async def test_a_person_who_belongs_to_a_company_already_stays_there(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    def deed(session: Session) -> int:
        old, new = (make_company(session, rep, name, now=NOON).id for name in ("Ararat", "Sevan"))
        session.get_one(Contact, people[0]).company_id = old
        session.flush()
        terms.set_company(session, rep, deal, new, now=NOON)
        return old

    old = await store.write(deed)
    assert await rows(store, select(Contact.company_id).where(Contact.id == people[0])) == [old]


def test_the_kind_of_firm_is_no_part_of_its_name() -> None:
    assert sound("ООО Ромашка") == sound("Romashka LLC") == sound("Ռոմաշկա ՍՊԸ")
    assert sound("LLC") == "lc"


async def test_a_deal_is_shown_with_everybody_it_is_about(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    ann, bob = people
    await store.write(lambda session: terms.add_person(session, rep, deal, bob, "Pays", now=NOON))
    for contact in (ann, bob):
        assert [one.id for one in await store.read(lambda session, contact=contact: briefs_about(session, contact))] == [deal]  # type: ignore[misc]
    seen = await store.read(lambda session: sheet(session, rep, deal))
    assert [(one.name, one.role) for one in seen.people] == [("Bob", "Pays")]
    await store.write(lambda session: terms.remove_person(session, rep, deal, bob, now=NOON))
    assert await store.read(lambda session: briefs_about(session, bob)) == ()
    with pytest.raises(NotFound):
        await store.write(lambda session: terms.remove_person(session, rep, deal, bob, now=NOON))


async def test_a_merged_person_has_the_deals_of_both(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    ann, bob = people
    await store.write(lambda session: add_deal(session, rep, NewDeal(bob, "Bob's", "AMD", rep_id=rep.id), "en", now=NOON).id)
    await store.write(lambda session: join(session, rep, bob, ann, now=NOON))
    titles = await store.read(lambda session: [one.title for one in deals_about(session, bob)])
    assert sorted(titles) == sorted(["Bob's", *await rows(store, select(Deal.title).where(Deal.id == deal))])


async def test_of_a_colleagues_deals_only_the_number_is_told(store: Store, deal: int, people: tuple[int, int]) -> None:
    other = await hire(store, "nare")
    assert await store.read(lambda session: deals_with(session, other, people[0], limit=5)) == ([], 1)


async def test_lists_and_sums_are_those_of_ones_sight(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    other, boss = await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)

    def more(session: Session) -> None:
        terms.set_amount(session, rep, deal, Sum(100_000, "AMD"), seen=None, now=NOON)
        last = session.scalars(select(Stage.id).order_by(Stage.place.desc())).first()
        add_deal(session, other, NewDeal(people[1], "Hers", "AMD", amount=50_000, rep_id=other.id, stage_id=last), "en", now=NOON + 1)
        add_deal(session, other, NewDeal(people[1], "In lari", "GEL", amount=70_000, rep_id=other.id), "en", now=NOON + 2)

    await store.write(more)
    mine = await store.read(lambda session: deals(session, rep, Wanted(), now=NOON))
    assert [one.id for one in mine.rows] == [deal]
    sums = await store.read(lambda session: worth_of(session, boss, Wanted(), now=NOON))
    assert [(one.currency, one.deals, one.amount, one.weighted) for one in sums] == [("AMD", 2, 150_000, 50_000), ("GEL", 1, 70_000, 7_000)]
    hers = await store.read(lambda session: worth_of(session, boss, Wanted(frozenset({other.id})), now=NOON))
    assert [(one.currency, one.weighted) for one in hers] == [("GEL", 7_000), ("AMD", 40_000)]


async def test_a_long_list_is_read_page_by_page_and_by_what_rots(store: Store, rep: Rep, deal: int, people: tuple[int, int]) -> None:
    for number in range(5):
        new = NewDeal(people[0], f"No {number}", "AMD", rep_id=rep.id)
        await store.write(lambda session, new=new, number=number: add_deal(session, rep, new, "en", now=NOON + number * DAY))  # type: ignore[misc]
    read, place = [], None
    while True:
        page = await store.read(lambda session, place=place: deals(session, rep, Wanted(), now=NOON, after=place, limit=2))  # type: ignore[misc]
        read += [one.id for one in page.rows]
        place = page.next
        if place is None:
            break
    assert len(read) == len(set(read)) == 6
    rotten = await store.read(lambda session: deals(session, rep, Wanted(rotting=True), now=NOON + 4 * DAY, limit=9))
    assert [one.title for one in rotten.rows][1:] == ["No 0", "No 1"]


async def test_the_board_counts_what_stands_and_what_rots_in_each_stage(store: Store, rep: Rep, deal: int) -> None:
    pipeline = await store.write(lambda session: default_pipeline(session, "en", now=NOON).id)
    columns = await store.read(lambda session: board(session, rep, pipeline, now=NOON + 3 * DAY))
    assert [(column.deals, column.rotten) for column in columns] == [(1, 1), (0, 0), (0, 0), (0, 0)]


async def test_only_amounts_of_ones_sight_are_offered_again(store: Store, rep: Rep, deal: int) -> None:
    other = await hire(store, "nare")
    await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(7_700, "AMD"), seen=None, now=NOON))
    assert await store.read(lambda session: terms.amounts_lately(session, rep, "AMD")) == [7_700]
    assert await store.read(lambda session: terms.amounts_lately(session, other, "AMD")) == []


async def test_a_title_that_is_a_phone_is_masked_for_whoever_sees_phones_so(store: Store, deal: int) -> None:
    trainee = await hire(store, "lia", Role.TRAINEE)

    def theirs(session: Session) -> str:
        session.get_one(Deal, deal).rep_id = trainee.id
        session.get_one(Deal, deal).title = "+37491123456"
        session.flush()
        return sheet(session, trainee, deal).brief.title

    assert "1123" not in await store.write(theirs)


async def test_every_term_is_on_record_with_its_old_value(store: Store, rep: Rep, deal: int) -> None:
    await store.write(lambda session: terms.entitle(session, rep, deal, "Oak", now=NOON))
    await store.write(lambda session: terms.entitle(session, rep, deal, "Walnut", now=NOON))
    [event] = await rows(store, select(DomainEvent.before, DomainEvent.after).where(DomainEvent.kind == "title").order_by(DomainEvent.id.desc()).limit(1))
    assert event == ('{"title": "Oak"}', '{"title": "Walnut"}')
