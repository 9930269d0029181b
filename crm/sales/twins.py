"""Twins: money a bank tells of that one of the team has written down by hand already is probably the same; it counts when somebody says it is not."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.time import DAY
from crm.documents.documents import Document, held
from crm.sales.ledger import Payment, PaymentState
from crm.sales.orders import Order
from crm.sales.payments import Due, Money, claim, decided, due_of_payment, enter, held_payment, known

WITHIN = 7 * DAY
"""A bank tells of money at most so long after it moved, holidays included."""


def arrived(session: Session, actor: Actor, due: Due, money: Money, *, once: str, now: int) -> Payment:
    """Money came as a bank or a till tells; what is probably written down already waits for somebody's word and counts for nothing till then."""
    before = known(session, once)
    if before is not None:
        return before
    _hold(session, due)
    like = _like(session, due, money.amount, money.currency, money.at)
    return (enter if like is None else claim)(session, actor, due, money, once=once, now=now)


def twin_of(session: Session, payment: Payment) -> Payment | None:
    """What was written down by hand and is probably the same money as this, which a bank tells of (None = nothing)."""
    if not payment.account or payment.state != PaymentState.CLAIMED:
        return None
    return _like(session, due_of_payment(session, payment), payment.amount, payment.currency, payment.at)


def same(session: Session, actor: Actor, payment_id: int, *, now: int) -> Payment:
    """It is the same money: the entry stays and counts for nothing; again changes nothing. Raises `Invalid` where it was decided otherwise."""
    payment = held_payment(session, actor, payment_id)
    if payment.state == PaymentState.SAME:
        return payment
    _hold(session, due_of_payment(session, payment))
    if twin_of(session, payment) is None:
        raise Invalid("nothing else is like this payment")
    return decided(session, actor, payment, PaymentState.SAME, {"state": payment.state, "amount": payment.amount}, now=now)


def _hold(session: Session, due: Due) -> None:
    """Have what money is for held, in the order in which whoever settles it holds it: what others write down for it is seen then, or comes after this."""
    if due.order is not None:
        session.get(Order, due.order.id, with_for_update=True, populate_existing=True)
    if due.paper is not None:
        held(session, due.paper.id)


def _like(session: Session, due: Due, amount: int, currency: str, at: int) -> Payment | None:
    """The newest entry that one of the team has confirmed for the same, of as much, within days."""
    about = []
    if due.order is not None:
        about.append(Payment.order_id == due.order.id)
    if due.paper is not None:
        versions = select(Document.id).where(Document.number == due.paper.number) if due.paper.number else [due.paper.id]
        about.append(Payment.document_id.in_(versions))
    if not about:
        return None
    by_hand = (Payment.account == "", Payment.state == PaymentState.CONFIRMED.value, Payment.amount == amount, Payment.currency == currency)
    lately = (Payment.at > at - WITHIN, Payment.at < at + WITHIN)
    return session.scalar(select(Payment).where(or_(*about), *by_hand, *lately).order_by(Payment.id.desc()).limit(1))
