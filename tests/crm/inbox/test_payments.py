"""Money as a till tells it: by the number of an order or an invoice, once, whoever told it; what nobody knows waits for a manager."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.history import DomainEvent
from crm.base.paid import Payment
from crm.base.settings import Company
from crm.outbox.notices import NoticeRow
from crm.sales.ledger import Payment as Entry
from crm.sales.orders import Order
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.sales.ordered import Trade, trade
from tests.crm.told import happen


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order of 120,000 drams."""
    return await trade(store, company)


async def came(ann: Trade, number: str, amount: int = 12_000_000, currency: str = "AMD", *, key: str = "b1", at: int = NOON) -> None:
    await happen(ann.store, ann.company, Payment(key, number, amount, currency, at, "Idram"), account="payments")


async def entries(ann: Trade) -> list[Any]:
    return await rows(ann.store, select(Entry.order_id, Entry.amount, Entry.state).order_by(Entry.id))


async def whys(ann: Trade) -> list[str]:
    return [json.loads(facts)["why"] for facts in await rows(ann.store, select(NoticeRow.facts).where(NoticeRow.kind == "payment").order_by(NoticeRow.id))]


async def test_money_by_the_number_of_an_order_pays_it_and_is_told(ann: Trade) -> None:
    await came(ann, "2025-0001", at=NOON - 1)
    assert await entries(ann) == [(ann.order, 12_000_000, "confirmed")]
    assert await rows(ann.store, select(Order.paid_at)) == [NOON - 1]
    assert await whys(ann) == ["came"]
    assert (await ann.said())[-1] == "We have received ֏120,000 for 2025-0001. Thank you!"
    assert await rows(ann.store, select(DomainEvent.actor).where(DomainEvent.kind == "paid")) == ["system:payments"]


async def test_money_that_is_told_twice_counts_once_and_is_told_once(ann: Trade) -> None:
    await came(ann, "2025-0001", 5_000_000)
    await ann.do(lambda session: session.execute(NoticeRow.__table__.delete()))  # type: ignore[attr-defined]
    await came(ann, "2025-0001", 5_000_000)
    await came(ann, "2025-0001", 7_000_000)
    assert await entries(ann) == [(ann.order, 5_000_000, "confirmed")]
    assert await whys(ann) == []


async def test_two_tills_may_call_two_payments_the_same(ann: Trade) -> None:
    await came(ann, "2025-0001", 5_000_000)
    await happen(ann.store, ann.company, Payment("b1", "2025-0001", 7_000_000, "AMD", NOON), account="payments:second")
    assert [amount for _, amount, _ in await entries(ann)] == [5_000_000, 7_000_000]


async def test_a_refund_makes_it_owed_again(ann: Trade) -> None:
    await came(ann, "2025-0001")
    await came(ann, "2025-0001", -2_000_000, key="b2")
    assert await rows(ann.store, select(Order.paid_at)) == [0]
    assert (await ann.said())[-1] == "We have sent back ֏20,000 for 2025-0001."


@pytest.mark.parametrize(("number", "currency"), [("X-77", "AMD"), ("", ""), ("2025-0001", "USD")])
async def test_what_nobody_knows_or_is_other_money_is_kept_for_a_manager(ann: Trade, number: str, currency: str) -> None:
    before = len(await ann.said())
    await came(ann, number, currency=currency)
    assert await entries(ann) == [(None, 12_000_000, "confirmed")]
    assert await whys(ann) == ["unknown"]
    assert len(await ann.said()) == before


async def test_a_claim_that_waits_is_closed_when_the_bank_tells_of_the_money(ann: Trade) -> None:
    await ann.press(f"paid:o{ann.order}")
    await came(ann, "2025-0001")
    assert await entries(ann) == [(ann.order, 12_000_000, "rejected"), (ann.order, 12_000_000, "confirmed")]
