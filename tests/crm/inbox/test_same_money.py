"""The same money twice: written down by hand, and told by a bank a day later; a person says whether it is the same, and the sum stays true."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text

from crm.base.actors import Role
from crm.base.db import Order, Session, Store
from crm.base.dialect import is_server
from crm.base.errors import Forbidden, Invalid
from crm.base.paid import Payment
from crm.base.settings import Company
from crm.base.time import DAY
from crm.documents.documents import Document, Kind
from crm.inbox.payments import TILL
from crm.reports.trade_books import trade as unbalanced
from crm.sales import papers, payments, twins
from crm.sales.ledger import Payment as Entry
from crm.sales.ledger import owed
from crm.sales.orders import order_at
from crm.sales.payments import Money
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.inbox.test_payments import came, entries, whys
from tests.crm.sales.ordered import Trade, trade
from tests.crm.told import happen

ALL = 12_000_000


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order of 120,000 drams, which she says she has paid and a rep has confirmed."""
    made = await trade(store, company)
    await made.press(f"paid:o{made.order}")
    [claimed] = await rows(store, select(Entry.id))
    await made.do(lambda s: payments.confirm(s, made.rep, claimed, now=NOON))
    return made


async def left(ann: Trade) -> int:
    return await ann.store.read(lambda s: owed(s, order_at(s, ann.order)))


async def told_by_the_bank(ann: Trade) -> Any:
    [number] = await rows(ann.store, select(Entry.id).where(Entry.account != ""))
    return number


async def test_what_a_bank_tells_of_money_that_is_confirmed_already_waits_for_a_word(ann: Trade) -> None:
    before = await ann.said()
    await came(ann, "2025-0001", at=NOON + DAY)
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "claimed"]
    assert await left(ann) == 0
    assert "same" in await whys(ann)
    assert await ann.said() == before
    assert await ann.store.read(lambda s: list(unbalanced(s))) == []


async def test_the_same_money_counts_once_and_that_may_be_taken_back(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON + DAY)
    number = await told_by_the_bank(ann)
    for _ in range(2):
        await ann.do(lambda s: twins.same(s, ann.rep, number, now=NOON + DAY))
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "same"]
    assert await left(ann) == 0
    await ann.do(lambda s: payments.take_back(s, ann.rep, number, now=NOON + DAY))
    await ann.do(lambda s: payments.confirm(s, ann.rep, number, now=NOON + DAY))
    assert await left(ann) == -ALL
    assert await ann.store.read(lambda s: list(unbalanced(s))) == []


async def test_what_is_the_same_money_counts_by_no_old_button_of_a_colleagues(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON + DAY)
    number = await told_by_the_bank(ann)
    await ann.do(lambda s: twins.same(s, ann.rep, number, now=NOON + DAY))
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.confirm(s, ann.rep, number, now=NOON + DAY))
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.confirm(s, ann.rep, number, amount=ALL // 2, now=NOON + DAY))
    assert await left(ann) == 0


async def test_other_money_counts_when_somebody_says_that_it_is_other(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON + DAY)
    number = await told_by_the_bank(ann)
    await ann.do(lambda s: payments.confirm(s, ann.rep, number, now=NOON + DAY))
    assert await left(ann) == -ALL
    with pytest.raises(Invalid):
        await ann.do(lambda s: twins.same(s, ann.rep, number, now=NOON + DAY))


@pytest.mark.parametrize(("amount", "at"), [(ALL - 100, NOON + DAY), (ALL, NOON + 8 * DAY)])
async def test_another_sum_or_much_later_is_other_money(ann: Trade, amount: int, at: int) -> None:
    await happen(ann.store, ann.company, Payment("b1", "2025-0001", amount, "AMD", at, "Idram"), account="payments", now=at)
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "confirmed"]
    assert "same" not in await whys(ann)


async def test_what_two_banks_tell_is_never_taken_for_one(store: Store, company: Company) -> None:
    ann = await trade(store, company)
    await came(ann, "2025-0001", 6_000_000)
    await came(ann, "2025-0001", 6_000_000, key="b2")
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "confirmed"]


async def test_money_for_an_invoice_that_was_written_down_as_paid_is_recognised(store: Store, company: Company) -> None:
    ann = await trade(store, company)
    paper = await ann.do(lambda s: papers.draft_of(s, ann.rep, ann.deal, Kind.INVOICE, company, once="i", now=NOON).id)
    await ann.do(lambda s: papers.send(s, ann.rep, paper, company, once="send", now=NOON))
    await ann.do(lambda s: papers.paid(s, ann.rep, paper, once="paid", now=NOON))
    [number] = await rows(store, select(Document.number))
    await came(ann, number, at=NOON + DAY)
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "claimed"]


async def test_another_payment_in_full_does_not_put_aside_what_a_bank_told(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON + DAY)
    [first] = await rows(ann.store, select(Entry.id).where(Entry.account == ""))
    await ann.do(lambda s: payments.take_back(s, ann.rep, first, now=NOON + DAY))
    await ann.do(lambda s: payments.confirm(s, ann.rep, first, now=NOON + DAY))
    assert [state for _, _, state in await entries(ann)] == ["confirmed", "claimed"]


async def test_only_who_may_decides_whether_it_is_the_same(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON + DAY)
    guest, number = await hire(ann.store, "ani", Role.GUEST), await told_by_the_bank(ann)
    with pytest.raises(Forbidden):
        await ann.do(lambda s: twins.same(s, guest, number, now=NOON + DAY))


async def test_what_is_written_down_by_hand_at_that_instant_is_seen_by_what_a_bank_tells(store: Store, company: Company) -> None:
    made, began, loop = await trade(store, company), asyncio.Event(), asyncio.get_running_loop()

    def by_hand(session: Session) -> None:
        due = payments.due_of_order(session, order_at(session, made.order))
        payments.enter(session, made.rep, due, Money(ALL, "AMD", NOON), once="by hand", now=NOON)
        loop.call_soon_threadsafe(began.set)
        if is_server(session):  # a file has one writer, who does one thing at a time
            while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                pass

    async def told() -> str:
        await began.wait()
        return await store.write(by_bank, Order.FLOW)

    def by_bank(session: Session) -> str:
        due = payments.due_of_order(session, order_at(session, made.order))
        return twins.arrived(session, TILL, due, Money(ALL, "AMD", NOON, account="bank"), once="by bank", now=NOON).state

    _, state = await asyncio.gather(store.write(by_hand, Order.FLOW), told())
    assert state == "claimed"
    assert await left(made) == 0
