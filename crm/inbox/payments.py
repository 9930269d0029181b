"""Payments as a bank, a wallet or a till tells them: an order or an invoice is paid by its number, and what nobody knows is kept for a manager."""

from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.paid import Payment
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.inbox.plan import Got, sane
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.sales import payments, twins
from crm.sales.ledger import PaymentState
from crm.sales.payments import Due, Money

TILL = System("payments")
NUMBER_MOST = 40


def money_came(session: Session, got: Got, company: Company, *, now: int) -> None:
    """Write down money that moved; told twice it counts once, whoever told it. Other money than is owed waits for a manager too."""
    event = got.event
    assert isinstance(event, Payment)
    once = f"paid:{got.account}:{event.external_id}"
    if payments.known(session, once) is not None:
        return
    due, currency = payments.due_by_number(session, event.number) or Due(), event.currency or company.currency
    due = due if due.currency == currency else Due()
    at, number = sane(event.at, got.received_at), clean_name(event.number, NUMBER_MOST)
    money = Money(event.amount, currency, at, event.method, number, event.reference, got.account)
    payment = twins.arrived(session, TILL, due, money, once=once, now=now)
    why = "unknown" if due.contact_id is None else "came" if payment.state == PaymentState.CONFIRMED else "same"
    tell(session, [Notice(NoticeKind.PAYMENT, payment.id, f"payment:{payment.id}:{why}", {"why": why})], now=now)
