"""The goods of a deal: they make its amount, the second of two who change them changes nothing, and every change can be taken back."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, Taken
from crm.base.history import DomainEvent
from crm.base.pricing import ONE, Line, totals
from crm.base.settings import Company
from crm.sales import lines, products, terms
from crm.sales.deals import Deal, Moved, open_deal
from crm.sales.lines import DealLine, mark
from crm.sales.products import Offer, line_from
from crm.sales.terms import Sum
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, rows, said

TABLE = Line("Oak table", 2 * ONE, 4_500_000, "pc")
BRINGING = Line("Bringing it", ONE, 500_000)


@pytest.fixture
async def rep(store: Store) -> Rep:
    """Tigran."""
    return await hire(store)


@pytest.fixture
async def deal(store: Store, company: Company, rep: Rep) -> int:
    """Tigran's deal with Ann."""
    await hear(store, company, said(1, "ann"))
    return await store.write(lambda session: open_deal(session, rep, _talk(session), company, once="event:1:deal", now=NOON).id)


def _talk(session: Session) -> int:
    from crm.conversations.threads import Conversation

    return session.scalars(select(Conversation.id)).one()


async def put(store: Store, rep: Rep, deal: int, *wanted: Line, seen: tuple[Line, ...] = (), currency: str = "") -> None:
    await store.write(lambda session: lines.set_lines(session, rep, deal, wanted, seen=mark(seen), currency=currency, now=NOON))


async def stands(store: Store, deal: int) -> tuple[list[str], int | None]:
    """The titles of a deal's lines, and its amount."""
    found = await store.read(lambda session: [one.title for one in lines.lines_of(session, deal)])
    [amount] = await rows(store, select(Deal.amount).where(Deal.id == deal))
    return found, amount


async def kinds(store: Store, deal: int) -> list[str]:
    return await rows(store, select(DomainEvent.kind).where(DomainEvent.subject == "deal", DomainEvent.subject_id == deal).order_by(DomainEvent.id))


async def test_lines_make_the_amount_with_one_change_on_record(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE, BRINGING)
    assert await stands(store, deal) == (["Oak table", "Bringing it"], 9_500_000)
    assert await kinds(store, deal) == ["opened", "lines"]


async def test_what_is_read_back_is_what_was_said(store: Store, deal: int, rep: Rep) -> None:
    wanted = (replace(TABLE, discount_bp=500, discount_amount=100, tax_bp=2000, tax_inside=False, product_id=77), BRINGING)
    await put(store, rep, deal, *wanted)
    found = await store.read(lambda session: lines.lines_of(session, deal))
    assert lines.unpacked(lines.packed(found)) == wanted
    assert [one.position for one in found] == [0, 1]


async def test_the_second_of_two_who_change_the_lines_changes_nothing(store: Store, deal: int, rep: Rep) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    await put(store, rep, deal, TABLE)
    with pytest.raises(Moved):
        await put(store, boss, deal, BRINGING)
    assert await stands(store, deal) == (["Oak table"], 9_000_000)


async def test_the_same_lines_again_are_no_change(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE)
    await put(store, rep, deal, TABLE)
    assert await kinds(store, deal) == ["opened", "lines"]


async def test_a_change_is_taken_back_and_made_again(store: Store, deal: int, rep: Rep) -> None:
    await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(100, "AMD"), seen=None, now=NOON))
    await put(store, rep, deal, TABLE)
    await put(store, rep, deal, TABLE, BRINGING, seen=(TABLE,))
    await store.write(lambda session: lines.undo_lines(session, rep, deal, now=NOON))
    assert await stands(store, deal) == (["Oak table"], 9_000_000)
    await store.write(lambda session: lines.undo_lines(session, rep, deal, now=NOON))
    assert await stands(store, deal) == (["Oak table", "Bringing it"], 9_500_000)


async def test_nothing_is_taken_back_over_what_came_later(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE)
    await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(100, "AMD"), seen=Sum(9_000_000, "AMD"), now=NOON))
    with pytest.raises(Moved):
        await store.write(lambda session: lines.undo_lines(session, rep, deal, now=NOON))
    assert await stands(store, deal) == (["Oak table"], 100)


async def test_what_an_erasure_took_from_the_record_is_not_brought_back(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE)
    await store.write(lambda session: session.execute(update(DomainEvent).values(before="", after="")))
    with pytest.raises(Moved):
        await store.write(lambda session: lines.undo_lines(session, rep, deal, now=NOON))


async def test_without_lines_a_deal_keeps_its_amount(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE)
    await put(store, rep, deal, seen=(TABLE,))
    assert await stands(store, deal) == ([], 9_000_000)
    assert await counts(store, DealLine) == {"deal_lines": 0}


async def test_a_deal_that_is_worth_nothing_yet_may_be_in_another_currency(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, Line("Wine", ONE, 1_050), currency="GEL")
    assert await rows(store, select(Deal.amount, Deal.currency)) == [(1_050, "GEL")]
    with pytest.raises(Invalid):
        await put(store, rep, deal, BRINGING, seen=(Line("Wine", ONE, 1_050),), currency="AMD")


async def test_an_amount_in_other_money_is_not_typed_over_lines(store: Store, deal: int, rep: Rep) -> None:
    await put(store, rep, deal, TABLE)
    with pytest.raises(Invalid):
        await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(100, "USD"), seen=Sum(9_000_000, "AMD"), now=NOON))
    assert await rows(store, select(Deal.amount, Deal.currency)) == [(9_000_000, "AMD")]


async def test_half_a_dram_is_no_price(store: Store, deal: int, rep: Rep) -> None:
    with pytest.raises(Invalid):
        await put(store, rep, deal, Line("Wine", ONE, 1_050))
    assert await stands(store, deal) == ([], None)


async def test_a_product_may_become_dearer_and_the_deal_does_not(store: Store, deal: int, rep: Rep) -> None:
    boss = await hire(store, "mariam", Role.MANAGER)
    made = await store.write(lambda session: products.add_product(session, boss, Offer("Oak table", 4_500_000, "AMD"), now=NOON))
    await put(store, rep, deal, line_from(made))
    await store.write(lambda session: products.revise(session, boss, made.id, Offer("Oak table", 9_900_000, "AMD"), now=NOON))
    assert await stands(store, deal) == (["Oak table"], 4_500_000)


async def test_nobody_changes_the_goods_of_a_deal_outside_their_sight(store: Store, deal: int) -> None:
    other, guest = await hire(store, "nare"), await hire(store, "gor", Role.GUEST)
    with pytest.raises(Taken, match="Tigran"):
        await put(store, other, deal, TABLE)
    with pytest.raises(Forbidden):
        await put(store, guest, deal, TABLE)
    with pytest.raises(Taken, match="Tigran"):
        await store.write(lambda session: lines.undo_lines(session, other, deal, now=NOON))
    assert await stands(store, deal) == ([], None)


def test_a_discount_on_all_is_taken_off_each() -> None:
    assert totals(lines.discounted((TABLE, BRINGING), 1000), "AMD").gross == 8_550_000
    assert totals(lines.shared_out((TABLE, BRINGING), 1_234_500, "AMD"), "AMD").gross == 9_500_000 - 1_234_500
    with pytest.raises(Invalid):
        lines.shared_out((BRINGING,), 500_100, "AMD")
