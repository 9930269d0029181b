"""Payments: asked for, claimed, confirmed or not, part by part and back; what is owed is nothing but the sum of the entries."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, Taken, Unreachable
from crm.base.events import MediaKind, MediaRef, Message, Sender
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Attachment
from crm.conversations.threads import Message as MessageRow
from crm.documents.documents import Document
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.sales import asking, ledger, pay_ways, payments
from crm.sales.asking import PayAsk
from crm.sales.deals import Deal
from crm.sales.ledger import Payment, PaymentState
from crm.sales.orders import Line, NewOrder, Order, OrderState, add_order, order_at
from crm.sales.pay_ways import WayKind
from crm.sales.payments import Due, Money
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows
from tests.crm.sales.ordered import Trade, boss, trade
from tests.crm.told import ANN, happen

BOB = Sender("bob", "Bob", language="en")
TILL = System("payments")
PICTURE = MediaRef(MediaKind.PHOTO, "r", "receipt.jpg", "image/jpeg", 10)


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order."""
    return await trade(store, company)


async def owed(ann: Trade) -> int:
    return await ann.store.read(lambda s: ledger.owed(s, order_at(s, ann.order)))


async def asked(ann: Trade, once: str = "1", *, now: int = NOON) -> int:
    return await ann.do(lambda s: asking.ask(s, ann.rep, ann.due(s), once=once, now=now))


async def claims(store: Store) -> list[Any]:
    return await rows(store, select(Payment.state, Payment.amount, Payment.attachment_id).order_by(Payment.id))


async def event(store: Store, subject: str, kind: str) -> dict[str, Any]:
    found = await rows(store, select(DomainEvent.after).where(DomainEvent.subject == subject, DomainEvent.kind == kind))
    return json.loads(found[-1]) if found else {}


async def test_part_by_part_and_back_again(ann: Trade) -> None:
    await ann.pay(5_000_000, "1")
    assert await owed(ann) == 7_000_000
    assert not (await ann.now()).paid_at
    await ann.pay(7_000_000, "2", at=NOON + 3 * DAY + HOUR, now=NOON + 4 * DAY)
    assert (await ann.now()).paid_at == NOON + 3 * DAY + HOUR
    assert (await event(ann.store, "order", "paid"))["days"] == 3
    await ann.pay(-2_000_000, "3")
    assert await owed(ann) == 2_000_000
    assert not (await ann.now()).paid_at
    assert await event(ann.store, "order", "unpaid") == {"number": "2025-0001"}


async def test_a_payment_that_is_told_twice_counts_once(ann: Trade) -> None:
    first, again = await ann.pay(5_000_000, "same"), await ann.pay(5_000_000, "same")
    assert first.id == again.id
    assert await owed(ann) == 7_000_000


async def test_nothing_and_too_much_are_no_payment(ann: Trade) -> None:
    for wrong in (0, 10**15 + 1):
        with pytest.raises(Invalid):
            await ann.pay(wrong, f"{wrong}")
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.enter(s, ann.rep, ann.due(s), Money(100, "USD", NOON), once="usd", now=NOON))
    assert await counts(ann.store, Payment) == {"payments": 0}


async def test_asking_tells_the_sum_the_ways_and_has_a_button(ann: Trade) -> None:
    manager = await boss(ann.store)
    await ann.do(lambda s: pay_ways.add_way(s, manager, WayKind.WALLET, "Idram", "101 202 303", once="w", now=NOON))
    assert await asked(ann) == 12_000_000
    text = (await ann.said())[-1]
    assert text.startswith("Order 2025-0001: please pay ֏120,000.\n• Idram: 101 202 303\n")
    [buttons] = await rows(ann.store, select(MessageRow.buttons).where(MessageRow.text == text))
    assert f"paid:o{ann.order}" in buttons
    assert (await event(ann.store, "order", "asked_to_pay"))["amount"] == 12_000_000


async def test_the_picture_of_a_code_goes_along(ann: Trade) -> None:
    manager = await boss(ann.store)

    def made(session: Session) -> None:
        way = pay_ways.add_way(session, manager, WayKind.WALLET, "Idram", "", once="w", now=NOON)
        pay_ways.show_code(session, manager, way.id, MediaRef(MediaKind.PHOTO, "file-9", "q.jpg", "image/jpeg"), "staff", now=NOON)

    await ann.do(made)
    await asked(ann)
    assert await rows(ann.store, select(Attachment.account, Attachment.ref, Attachment.kind)) == [("staff", "file-9", "photo")]
    assert (await ann.said())[-1] == "Idram"


async def test_i_have_paid_is_a_claim_that_somebody_looks_at(ann: Trade) -> None:
    await asked(ann)
    await ann.press(f"paid:o{ann.order}")
    await ann.press(f"paid:o{ann.order}", now=NOON + 1000)
    assert await claims(ann.store) == [("claimed", 12_000_000, None)]
    assert "We will check it" in (await ann.said())[-1]
    assert await owed(ann) == 12_000_000
    assert len(await rows(ann.store, select(NoticeRow.id).where(NoticeRow.kind == "payment"))) == 1


async def test_nobody_claims_for_anothers_order(ann: Trade) -> None:
    await happen(ann.store, ann.company, Message(BOB, "b1", "hello", NOON))
    for value in (f"paid:o{ann.order}", "paid:o99999999", "paid:", "paid:x", "paid:o" + "9" * 400, "paid:o-1", "paid:o²"):
        await ann.press(value, BOB)
        assert "out of date" in (await ann.said())[-1]
    assert await counts(ann.store, Payment) == {"payments": 0}


async def test_who_has_paid_already_is_told_so(ann: Trade) -> None:
    await ann.pay(12_000_000, "1")
    await ann.press(f"paid:o{ann.order}")
    assert (await ann.said())[-1] == "It is paid already. Thank you!"
    assert len(await claims(ann.store)) == 1


async def picture(ann: Trade, key: str, *, now: int, sender: Sender = ANN) -> None:
    await happen(ann.store, ann.company, Message(sender, key, "", now, (PICTURE,)), now=now)
    await ann.do(lambda s: asking.receipts_due(s, now=now))


async def test_a_picture_after_the_button_is_the_receipt_of_what_was_claimed(ann: Trade) -> None:
    await asked(ann)
    await ann.press(f"paid:o{ann.order}")
    await picture(ann, "p1", now=NOON + HOUR)
    [(state, amount, receipt)] = await claims(ann.store)
    assert (state, amount) == ("claimed", 12_000_000)
    assert await rows(ann.store, select(Attachment.name).where(Attachment.id == receipt)) == ["receipt.jpg"]
    assert "Thank you for the receipt" in (await ann.said())[-1]
    await picture(ann, "p2", now=NOON + 2 * HOUR)  # the next one is not
    assert len(await claims(ann.store)) == 1


async def test_a_picture_within_a_day_of_the_ask_is_a_claim_by_itself_and_a_later_one_is_not(ann: Trade) -> None:
    await picture(ann, "p0", now=NOON)
    assert await claims(ann.store) == []
    await asked(ann, now=NOON + HOUR)
    await picture(ann, "p1", now=NOON + HOUR + DAY + 1)
    assert await claims(ann.store) == []
    assert await rows(ann.store, select(PayAsk.open)) == [0]
    await asked(ann, "2", now=NOON + 3 * DAY)
    await picture(ann, "p2", now=NOON + 3 * DAY + HOUR)
    assert [state for state, _, _ in await claims(ann.store)] == ["claimed"]


async def test_words_after_an_ask_are_no_receipt(ann: Trade) -> None:
    await asked(ann)
    await happen(ann.store, ann.company, Message(ANN, "w", "tomorrow!", NOON + 1))
    assert await ann.do(lambda s: asking.receipts_due(s, now=NOON + 1)) == 1
    assert await ann.do(lambda s: asking.receipts_due(s, now=NOON + 1)) == 0
    assert await claims(ann.store) == []
    await picture(ann, "p1", now=NOON + 2)
    assert len(await claims(ann.store)) == 1


async def claimed(ann: Trade) -> int:
    await asked(ann)
    await ann.press(f"paid:o{ann.order}")
    return int((await rows(ann.store, select(Payment.id)))[0])


async def test_a_claim_is_confirmed_with_the_sum_that_came_and_undone(ann: Trade) -> None:
    number = await claimed(ann)
    await ann.do(lambda s: payments.confirm(s, ann.rep, number, amount=10_000_000, now=NOON))
    assert await owed(ann) == 2_000_000
    await ann.do(lambda s: payments.take_back(s, ann.rep, number, now=NOON))
    assert await owed(ann) == 12_000_000
    await ann.do(lambda s: payments.reject(s, ann.rep, number, now=NOON))
    with pytest.raises(Invalid):
        await asked_of_nothing(ann)
    assert [state for state, _, _ in await claims(ann.store)] == ["rejected", "confirmed"]


async def asked_of_nothing(ann: Trade) -> None:
    await ann.pay(12_000_000, "all")
    await asked(ann, "2")


async def test_a_confirmed_payment_is_not_refused_by_an_old_button(ann: Trade) -> None:
    number = await claimed(ann)
    await ann.do(lambda s: payments.confirm(s, ann.rep, number, now=NOON))
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.reject(s, ann.rep, number, now=NOON))
    assert (await ann.now()).paid_at


async def test_only_who_may_and_whose_sight_covers_it_decides(ann: Trade) -> None:
    number = await claimed(ann)
    trainee, other = await hire(ann.store, "saro", Role.TRAINEE), await hire(ann.store, "nare")
    with pytest.raises(Forbidden):
        await ann.do(lambda s: payments.confirm(s, trainee, number, now=NOON))
    with pytest.raises(Taken):
        await ann.do(lambda s: payments.confirm(s, other, number, now=NOON))
    assert [state for state, _, _ in await claims(ann.store)] == ["claimed"]


async def invoice(ann: Trade) -> int:
    def made(session: Session) -> int:
        order = order_at(session, ann.order)
        paper = {"kind": "invoice", "number": "I-2025-0001", "state": "sent", "language": "en", "currency": "AMD"}
        session.add(Document(id=900, contact_id=order.contact_id, deal_id=ann.deal, total=order.total, issued_at=NOON, created_at=NOON, **paper))
        return 900

    return await ann.do(made)


async def test_money_for_an_order_pays_the_invoice_of_the_same_and_the_other_way_round(ann: Trade) -> None:
    number = await invoice(ann)
    due = await ann.store.read(lambda s: payments.due_by_number(s, "i-2025-0001"))
    assert due
    assert due.order
    assert due.order.id == ann.order
    paid = await ann.pay(12_000_000, "1", at=NOON + DAY)
    assert await rows(ann.store, select(Document.paid_at).where(Document.id == number)) == [NOON + DAY]
    await ann.do(lambda s: payments.take_back(s, ann.rep, paid.id, now=NOON))
    assert await rows(ann.store, select(Document.paid_at).where(Document.id == number)) == [0]


async def test_what_was_claimed_for_a_paid_invoice_is_not_looked_for_and_not_confirmed_twice(ann: Trade) -> None:
    number = await invoice(ann)

    def both(session: Session) -> int:
        due = Due(paper=session.get_one(Document, number))
        waiting = payments.claim(session, ann.rep, due, Money(12_000_000, "AMD", NOON), once="c", now=NOON).id
        payments.enter(session, ann.rep, due, Money(12_000_000, "AMD", NOON), once="e", now=NOON)
        return waiting

    claim = await ann.do(both)
    assert [state for state, _, _ in await claims(ann.store)] == ["rejected", "confirmed"]
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.confirm(s, ann.rep, claim, now=NOON))
    assert [state for state, _, _ in await claims(ann.store)] == ["rejected", "confirmed"]


async def test_a_paid_deal_is_won_where_the_firm_says_so(ann: Trade) -> None:
    manager = await boss(ann.store)
    await ann.pay(12_000_000, "1")
    assert await rows(ann.store, select(Deal.state)) == ["open"]
    await ann.pay(-1, "2")
    await ann.do(lambda s: pay_ways.let_win(s, manager, True, now=NOON))
    await ann.pay(1, "3")
    assert await rows(ann.store, select(Deal.state)) == ["won"]


async def test_money_nobody_knows_waits_until_somebody_says_what_it_is_for(ann: Trade) -> None:
    manager = await boss(ann.store)
    stray = Money(12_000_000, "AMD", NOON, number="X-1")
    number = await ann.do(lambda s: payments.enter(s, manager, Due(), stray, once="stray", now=NOON).id)
    assert await owed(ann) == 12_000_000
    await ann.do(lambda s: payments.assign(s, manager, number, ann.due(s), now=NOON))
    assert await owed(ann) == 0
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.assign(s, manager, number, ann.due(s), now=NOON))


async def test_no_more_goes_back_than_has_come_and_nothing_is_confirmed_below_nothing(ann: Trade) -> None:
    number = await claimed(ann)
    await ann.pay(5_000_000, "1")
    with pytest.raises(Invalid):
        await ann.pay(-5_000_001, "2")
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.confirm(s, ann.rep, number, amount=-100, now=NOON))
    await ann.pay(-5_000_000, "3")
    assert await owed(ann) == 12_000_000


async def test_a_double_tap_asks_once_and_a_blocked_person_is_not_said_to_be_asked(ann: Trade) -> None:
    before = len(await ann.said())
    await asked(ann, "1")
    await asked(ann, "2", now=NOON + 500)
    assert len(await ann.said()) == before + 1
    await ann.do(lambda s: s.execute(update(Contact).values(blocked=1)))
    with pytest.raises(Unreachable):
        await asked(ann, "3", now=NOON + DAY)


async def test_nobody_is_asked_or_claims_for_an_order_that_was_cancelled(ann: Trade) -> None:
    await asked(ann)
    await ann.step(OrderState.CANCELLED)
    with pytest.raises(Invalid):
        await asked(ann, "2", now=NOON + DAY)
    await ann.press(f"paid:o{ann.order}")
    await ann.press("paid:o9999999999999999999", now=NOON + 1)
    await picture(ann, "p1", now=NOON + HOUR)
    assert await claims(ann.store) == []


async def test_what_was_paid_for_an_older_version_is_paid_for_the_newer(ann: Trade) -> None:
    number = await invoice(ann)
    await ann.step(OrderState.CANCELLED)  # else the order is paid with it

    def corrected(session: Session) -> None:
        old = session.get_one(Document, number)
        payments.enter(session, ann.rep, Due(paper=old), Money(5_000_000, "AMD", NOON), once="a", now=NOON)
        old.state = "superseded"
        paper = {"kind": "invoice", "number": old.number, "version": 2, "state": "sent", "language": "en", "currency": "AMD"}
        session.add(Document(id=901, contact_id=old.contact_id, deal_id=ann.deal, total=12_000_000, issued_at=NOON, created_at=NOON, **paper))
        session.flush()
        assert payments.still_owed(session, Due(paper=session.get_one(Document, 901))) == 7_000_000

    await ann.do(corrected)
    await ann.press(f"paid:d{number}")
    assert await rows(ann.store, select(Payment.document_id, Payment.amount).where(Payment.state == "claimed")) == [(901, 7_000_000)]
    [claim] = await rows(ann.store, select(Payment.id).where(Payment.state == "claimed"))
    await ann.do(lambda s: payments.confirm(s, ann.rep, claim, now=NOON + DAY))
    assert await rows(ann.store, select(Document.id).where(Document.paid_at > 0)) == [901]


async def strays(ann: Trade) -> tuple[Rep, int]:
    manager = await boss(ann.store)
    stray = Money(12_000_000, "AMD", NOON, number="rent", account="payments")
    return manager, await ann.do(lambda s: payments.enter(s, manager, Due(), stray, once="stray", now=NOON).id)


async def test_money_that_is_none_of_ours_is_put_aside_and_that_can_be_undone(ann: Trade) -> None:
    manager, number = await strays(ann)
    for verb, state in ((payments.reject, "rejected"), (payments.reject, "rejected"), (payments.take_back, "confirmed"), (payments.take_back, "confirmed")):
        await ann.do(lambda s, verb=verb: verb(s, manager, number, now=NOON))  # type: ignore[misc]
        assert await claims(ann.store) == [(state, 12_000_000, None)]
    await ann.do(lambda s: payments.reject(s, manager, number, now=NOON))
    with pytest.raises(Invalid):
        await ann.do(lambda s: payments.assign(s, manager, number, ann.due(s), now=NOON))
    assert await owed(ann) == 12_000_000


async def test_money_that_was_said_to_be_for_the_wrong_thing_is_said_anew(ann: Trade) -> None:
    manager, number = await strays(ann)
    person = (await ann.now()).contact_id
    new = NewOrder(person, (Line("Oil", 12_000_000),), "AMD", rep_id=ann.rep.id)
    other = await ann.do(lambda s: add_order(s, ann.rep, new, "Asia/Yerevan", now=NOON).id)
    await ann.do(lambda s: payments.assign(s, manager, number, payments.due_of_order(s, order_at(s, other)), now=NOON))
    assert (await ann.said())[-1] == "We have received ֏120,000 for 2025-0002. Thank you!"
    await ann.do(lambda s: payments.take_back(s, manager, number, now=NOON))
    await ann.do(lambda s: payments.assign(s, manager, number, ann.due(s), now=NOON))
    assert await owed(ann) == 0
    assert await ann.store.read(lambda s: ledger.owed(s, order_at(s, other))) == 12_000_000
    assert (await ann.said())[-1] == "We have received ֏120,000 for 2025-0001. Thank you!"
    assert await rows(ann.store, select(Payment.number, Payment.reference)) == [("2025-0001", "rent")]


async def test_nobody_pays_anothers_order_with_money_nobody_knows(ann: Trade) -> None:
    _, number = await strays(ann)
    other = await hire(ann.store, "nare")
    with pytest.raises(Taken):
        await ann.do(lambda s: payments.assign(s, other, number, ann.due(s), now=NOON))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(-(10**9), 10**9).filter(bool), st.sampled_from(["enter", "claim", "confirm", "reject", "back"])), max_size=12))
async def test_the_ledger_is_the_sum_of_its_entries_whatever_happens(ann: Trade, moves: list[tuple[int, str]]) -> None:
    def played(session: Session) -> None:
        with session.begin_nested() as nested:
            _play(session, ann, moves)
            order = session.get_one(Order, ann.order)
            sure = [one.amount for one in ledger.entries(session, order.id) if one.state == PaymentState.CONFIRMED]
            assert ledger.paid(session, order) == sum(sure)
            assert ledger.owed(session, order) == order.total - sum(sure)
            assert bool(order.paid_at) == (sum(sure) >= order.total)
            nested.rollback()

    await ann.do(played)


def _play(session: Session, ann: Trade, moves: list[tuple[int, str]]) -> None:
    """Entries, claims and second thoughts in any order; what is refused changes nothing."""
    made: list[int] = []
    for place, (amount, what) in enumerate(moves):
        due, one = ann.due(session), made[amount % len(made)] if made else 0
        if what == "enter":
            made.append(payments.enter(session, TILL, due, Money(amount, "AMD", NOON), once=f"h{place}", now=NOON).id)
        elif what == "claim":
            made.append(payments.claim(session, ann.rep, due, Money(abs(amount), "AMD", NOON), once=f"h{place}", now=NOON).id)
        elif one:
            try:
                {"confirm": payments.confirm, "reject": payments.reject, "back": payments.take_back}[what](session, ann.rep, one, now=NOON)
            except Invalid:
                continue
