"""Pay talk: what a customer is told of their money: that it came, that it was sent back, that nobody sees it yet."""

from sqlalchemy.orm import Session

from crm.base.i18n import Translator
from crm.base.money import money
from crm.base.outbound import Buttons
from crm.sales.ledger import Payment, owed
from crm.sales.order_talk import say_to, talk_with, tongue
from crm.sales.orders import Order


def thank(session: Session, payment: Payment, *, now: int) -> bool:
    """Tell a customer that their money came, or was sent back, and what is left to pay; once for each entry. Answers whether they were told."""
    if payment.contact_id is None:
        return False
    order, tr = session.get(Order, payment.order_id) if payment.order_id else None, tongue(session, payment.contact_id)
    rest = owed(session, order) if order else 0
    return _say(session, payment, order, came(tr, payment, rest), f"came:{payment.order_id or 0}:{payment.document_id or 0}", now=now)


def miss(session: Session, payment: Payment, buttons: Buttons, *, now: int) -> bool:
    """Tell a customer that nobody sees what they said they have paid; once for each time it was claimed."""
    if payment.contact_id is None:
        return False
    order, tr = session.get(Order, payment.order_id) if payment.order_id else None, tongue(session, payment.contact_id)
    words = tr("We do not see your payment for {number} yet. Please look whether it has left, and send a picture of the receipt.", number=payment.number)
    return _say(session, payment, order, words, "missed", buttons, now=now)


def came(tr: Translator, payment: Payment, rest: int) -> str:
    """What is told of an entry; pure."""
    much = money(tr.language, abs(payment.amount), payment.currency)
    if payment.amount < 0:
        return tr("We have sent back {amount} for {number}.", amount=much, number=payment.number)
    left = tr("Left to pay: {amount}", amount=money(tr.language, rest, payment.currency)) if rest > 0 else ""
    return "\n".join(filter(None, (tr("We have received {amount} for {number}. Thank you!", amount=much, number=payment.number), left)))


def _say(session: Session, payment: Payment, order: Order | None, words: str, why: str, buttons: Buttons = (), *, now: int) -> bool:
    if payment.contact_id is None or (order is not None and not order.tells):
        return False
    talk = talk_with(session, payment.contact_id, order.conversation_id if order else None, now=now)
    return bool(talk and say_to(session, talk, words, f"payment:{payment.id}:{why}", buttons, now=now))
