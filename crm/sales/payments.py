"""Payments: money is said to have come, is confirmed or not, goes back; what it was for is paid by it, and its deal may be won."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep, System
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.history import Change, record
from crm.base.money import AMOUNT_MOST
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.text import clean_name
from crm.base.time import DAY
from crm.documents import documents
from crm.documents.documents import STANDING, Document, Kind
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import family_of
from crm.people.reps import Member
from crm.people.sight import Sight, sight_of
from crm.sales import moves
from crm.sales.deals import Deal, DealState, Missing, Moved
from crm.sales.ledger import Payment, PaymentState, owed, owed_of_paper, paid, paid_of_paper
from crm.sales.orders import Order, OrderState, by_number, orders_of_deal, redraw
from crm.sales.pay_talk import thank
from crm.sales.pay_ways import wins

METHOD_MOST, WORDS_MOST = 40, 200


@dataclass(frozen=True, slots=True)
class Due:
    """What money is for: an order, a document, or both where they are about the same."""

    order: Order | None = None
    paper: Document | None = None

    @property
    def contact_id(self) -> int | None:
        """Who owes it."""
        thing = self.order or self.paper
        return thing.contact_id if thing else None

    @property
    def rep_id(self) -> int | None:
        """Whose it is."""
        return next((one.rep_id for one in (self.order, self.paper) if one and one.rep_id), None)

    @property
    def deal_id(self) -> int | None:
        """The deal it is of."""
        return next((one.deal_id for one in (self.order, self.paper) if one and one.deal_id), None)

    @property
    def number(self) -> str:
        """The number a customer knows it by."""
        return (self.order.number if self.order else self.paper.number if self.paper else "") or ""

    @property
    def currency(self) -> str:
        """The money it is owed in."""
        thing = self.order or self.paper
        return thing.currency if thing else ""


@dataclass(frozen=True, slots=True)
class Money:
    """Money to be written down: how much, by which way, when it moved; `number` and `reference` are words that stood beside it."""

    amount: int
    currency: str
    at: int
    method: str = ""
    number: str = ""
    reference: str = ""
    account: str = ""
    attachment_id: int | None = None


def due_of_order(session: Session, order: Order) -> Due:
    """An order with the invoice of its deal that asks for the same."""
    wanted = documents.open_invoices(session, family_of(session, order.contact_id)) if order.deal_id else []
    same = (one for one in wanted if (one.deal_id, one.currency, one.total) == (order.deal_id, order.currency, order.total))
    return Due(order, next(same, None))


def due_of_paper(session: Session, paper: Document) -> Due:
    """A document with the order of its deal that is about the same."""
    wanted = orders_of_deal(session, paper.deal_id) if paper.deal_id else []
    alive = (one for one in wanted if one.state != OrderState.CANCELLED)
    return Due(next((one for one in alive if (one.currency, one.total) == (paper.currency, paper.total)), None), paper)


def newest(session: Session, paper: Document) -> Document:
    """The version of a document that is good now, else the newest, held: money for an older one is money for it."""
    found = documents.by_number(session, paper.number) if paper.number else None
    return documents.held(session, found.id) if found is not None and found.id != paper.id else paper


def standing(due: Due) -> bool:
    """Whether something is still to be paid for: an order that was not cancelled, a document that is good."""
    return due.order.state != OrderState.CANCELLED if due.order is not None else due.paper is not None and due.paper.state in STANDING


def settle(session: Session, paper: Document, *, now: int) -> Document:
    """A document is paid where as much as it asks for has come already, for an older version of it."""
    if paper.kind == Kind.INVOICE and not paper.paid_at and paper.total > 0 and owed_of_paper(session, paper) <= 0:
        documents.mark_paid(session, System("payments"), paper.id, at=now, now=now)
    return paper


def due_by_number(session: Session, number: str) -> Due | None:
    """What a number stands for: an order, or an invoice (None = nothing)."""
    if order := by_number(session, number):
        return due_of_order(session, order)
    paper = documents.by_number(session, number)
    return due_of_paper(session, paper) if paper and paper.kind == Kind.INVOICE and paper.state in STANDING else None


def due_of_payment(session: Session, payment: Payment) -> Due:
    """What a payment is for."""
    order = session.get(Order, payment.order_id) if payment.order_id else None
    return Due(order, session.get(Document, payment.document_id) if payment.document_id else None)


def still_owed(session: Session, due: Due) -> int:
    """What is still to be paid for something, in hundredths."""
    if due.order is not None:
        return owed(session, due.order)
    return owed_of_paper(session, due.paper) if due.paper is not None else 0


def came_for(session: Session, due: Due) -> int:
    """What has come for something, less what went back, in hundredths."""
    if due.order is not None:
        return paid(session, due.order)
    return paid_of_paper(session, due.paper) if due.paper is not None else 0


def claim(session: Session, actor: Actor, due: Due, money: Money, *, once: str, now: int) -> Payment:
    """Somebody says that they have paid: it counts when one of the team confirms it. The same `once` answers the same."""
    return _write(session, actor, due, money, PaymentState.CLAIMED, once, now=now)


def enter(session: Session, actor: Actor, due: Due, money: Money, *, once: str, now: int) -> Payment:
    """Money has come, or gone back (below zero), as somebody who may say so says; told twice it counts once.

    Raises `Invalid` where one of the team sends back more than has come; a till is believed.
    """
    within(session, sight_of(session, actor, Action.CONFIRM_PAYMENT), due.rep_id)
    if known(session, once) is None and isinstance(actor, Rep) and money.amount < 0 and -money.amount > came_for(session, due):
        raise Invalid("more would go back than has come")
    return known(session, once) or settled(session, actor, _write(session, actor, due, money, PaymentState.CONFIRMED, once, now=now), now=now)


def confirm(session: Session, actor: Actor, payment_id: int, *, amount: int | None = None, now: int) -> Payment:
    """What somebody said they have paid is there; `amount` is what came where it is another sum than was claimed. Again changes nothing."""
    payment = held_payment(session, actor, payment_id)
    if payment.state == PaymentState.CONFIRMED:
        return payment
    if payment.state == PaymentState.SAME:
        raise Invalid("it is the same money as another entry: take that back first")
    if payment.state == PaymentState.REJECTED and payment.contact_id is not None and still_owed(session, due_of_payment(session, payment)) <= 0:
        raise Invalid("it is paid already, by another entry")
    before = {"state": payment.state, "amount": payment.amount}
    if amount is not None and amount <= 0:
        raise Invalid("this amount cannot be used")
    _fits(payment.amount if amount is None else amount)
    payment.amount = payment.amount if amount is None else amount
    return decided(session, actor, payment, PaymentState.CONFIRMED, before, now=now)


def reject(session: Session, actor: Actor, payment_id: int, *, now: int) -> Payment:
    """What somebody said they have paid is not there; again changes nothing. What was confirmed is taken back first.

    Money of which nobody knows whose it is may be none of the firm's: that is said by the same word.
    """
    payment = held_payment(session, actor, payment_id)
    if payment.state == PaymentState.CONFIRMED and payment.contact_id is not None:
        raise Invalid("this payment is confirmed: take that back first")
    if payment.state == PaymentState.REJECTED:
        return payment
    return decided(session, actor, payment, PaymentState.REJECTED, {"state": payment.state}, now=now)


def take_back(session: Session, actor: Actor, payment_id: int, *, now: int) -> Payment:
    """Undo a decision: whether the money came is open again, and what it was for is owed again."""
    payment = held_payment(session, actor, payment_id)
    stood = PaymentState.CLAIMED if payment.contact_id is not None else PaymentState.CONFIRMED
    if payment.state == stood:
        return payment
    return decided(session, actor, payment, stood, {"state": payment.state}, now=now)


def assign(session: Session, actor: Actor, payment_id: int, due: Due, *, now: int) -> Payment:
    """Say what money is for that came with a number nobody knows; where it was said wrongly, that is taken back first. Raises `Invalid`."""
    payment = held_payment(session, actor, payment_id)
    within(session, sight_of(session, actor, Action.CONFIRM_PAYMENT), due.rep_id)
    if not unassigned(payment) or payment.currency != due.currency:
        raise Invalid("this payment is somebody's, or in another currency")
    before = {"number": due_of_payment(session, payment).number} if payment.contact_id is not None else {}
    record(session, Change("payment", payment.id, "assigned", actor, before, {"number": due.number, "amount": payment.amount}), now=now)
    payment.contact_id, payment.rep_id, payment.deal_id = due.contact_id, due.rep_id, due.deal_id
    payment.order_id, payment.document_id = due.order.id if due.order else None, due.paper.id if due.paper else None
    payment.reference, payment.number = payment.reference or payment.number, due.number  # what stood beside it is the payer's own word
    payment.state, payment.confirmed_by, payment.confirmed_at = PaymentState.CONFIRMED.value, getattr(actor, "id", None), now
    session.flush()
    return settled(session, actor, payment, now=now)


def unassigned(payment: Payment) -> bool:
    """Whether it may be said what an entry is for: nobody knows, or it came from outside and its confirmation was taken back."""
    if payment.contact_id is None:
        return payment.state == PaymentState.CONFIRMED
    return bool(payment.account) and payment.state == PaymentState.CLAIMED


def receipt(session: Session, actor: Actor, payment_id: int, attachment_id: int, *, now: int) -> Payment:
    """A picture of the receipt came for what was claimed."""
    payment = payment_at(session, payment_id)
    record(session, Change("payment", payment.id, "receipt", actor, after={"attachment": attachment_id}, once=f"receipt:{attachment_id}"), now=now)
    payment.attachment_id = attachment_id
    session.flush()
    return payment


def known(session: Session, once: str) -> Payment | None:
    """What was written down under a once-key before (None = nothing)."""
    return session.scalar(select(Payment).where(Payment.once == once))


def payment_at(session: Session, payment_id: int) -> Payment:
    """A payment by its row."""
    found = session.get(Payment, payment_id)
    if found is None:
        raise NotFound("no such payment")
    return found


def held_payment(session: Session, actor: Actor, payment_id: int) -> Payment:
    """A payment this actor may decide about, held so that nobody else does at the same time; raises `Taken` by whose it is."""
    sight = sight_of(session, actor, Action.CONFIRM_PAYMENT)
    payment = session.get(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment is None:
        raise NotFound("no such payment")
    within(session, sight, payment.rep_id)
    return payment


def within(session: Session, sight: Sight, rep_id: int | None) -> None:
    """Refuse what is outside a sight: raises `Taken` by whose it is; what somebody has who left is nobody's."""
    member = session.get(Member, rep_id) if rep_id else None
    owner = member if member and member.active else None
    if not sight.covers(owner.id if owner else None):
        raise Taken(owner.name if owner else "")


def _write(session: Session, actor: Actor, due: Due, money: Money, state: PaymentState, once: str, *, now: int) -> Payment:
    before = known(session, once)
    if before is not None:
        return before
    _fits(money.amount)
    if due.currency not in ("", money.currency):
        raise Invalid("this is other money than is owed")
    number, sure = next(take_ids(session, 1)), state is PaymentState.CONFIRMED
    what = {"order_id": due.order.id if due.order else None, "document_id": due.paper.id if due.paper else None, "deal_id": due.deal_id}
    whose = {"contact_id": due.contact_id, "rep_id": due.rep_id, "number": clean_name(money.number or due.number, METHOD_MOST)}
    how = {"method": clean_name(money.method, METHOD_MOST), "reference": clean_name(money.reference, WORDS_MOST), "account": money.account}
    much = {"amount": money.amount, "currency": money.currency, "attachment_id": money.attachment_id, "at": money.at, "created_at": now}
    by = {"state": state.value, "confirmed_by": getattr(actor, "id", None) if sure else None, "confirmed_at": now if sure else 0, "once": once}
    if add_new(session, Payment, [{"id": number, **what, **whose, **how, **much, **by}]):
        after = {"amount": money.amount, "currency": money.currency, "number": whose["number"], "method": how["method"]}
        record(session, Change("payment", number, state.value, actor, after=after), now=now)
    return session.scalars(select(Payment).where(Payment.once == once)).one()


def _fits(amount: int) -> None:
    if amount == 0 or abs(amount) > AMOUNT_MOST:
        raise Invalid("this amount cannot be used")


def decided(session: Session, actor: Actor, payment: Payment, state: PaymentState, before: dict[str, object], *, now: int) -> Payment:
    """A payment that is held comes into a state, and what it was for follows."""
    after = {"state": state.value, "amount": payment.amount, "currency": payment.currency}
    record(session, Change("payment", payment.id, state.value, actor, before, after), now=now)
    sure = state is PaymentState.CONFIRMED
    payment.state, payment.confirmed_by, payment.confirmed_at = state.value, getattr(actor, "id", None) if sure else None, now if sure else 0
    session.flush()
    return settled(session, actor, payment, now=now)


def settled(session: Session, actor: Actor, payment: Payment, *, now: int) -> Payment:
    """What the entry was for is paid in full now, or is not any more; whoever paid is told what came."""
    order = session.get(Order, payment.order_id, with_for_update=True, populate_existing=True) if payment.order_id else None
    paper = newest(session, documents.held(session, payment.document_id)) if payment.document_id else None
    full = (order is not None and _order_paid(session, actor, order, payment, now=now)) | (
        paper is not None and _paper_paid(session, actor, paper, payment, now=now)
    )
    deal = session.get(Deal, payment.deal_id) if payment.deal_id and full else None
    if deal is not None and deal.state == DealState.OPEN and wins(session):
        try:
            moves.win(session, System("payments"), deal.id, seen=deal.stage_id, now=now)
        except (Missing, Moved):
            tell(session, [Notice(NoticeKind.PAYMENT, payment.id, f"payment:{payment.id}:stuck", {"why": "stuck"})], now=now)
    if payment.state == PaymentState.CONFIRMED:
        thank(session, payment, now=now)
    if full:
        _needless(session, payment, now=now)
    return payment


def _needless(session: Session, payment: Payment, *, now: int) -> None:
    """What a customer claimed besides for something that is paid in full now is not looked for any more; of what a bank told somebody decides."""
    same = Payment.order_id == payment.order_id if payment.order_id else Payment.document_id == payment.document_id
    others = (same, Payment.state == PaymentState.CLAIMED.value, Payment.account == "", Payment.id != payment.id)
    for one in session.scalars(select(Payment).where(*others)).all():
        record(session, Change("payment", one.id, PaymentState.REJECTED.value, System("payments"), {"state": one.state}, {"number": one.number}), now=now)
        one.state = PaymentState.REJECTED.value
    session.flush()


def _order_paid(session: Session, actor: Actor, order: Order, payment: Payment, *, now: int) -> bool:
    """Whether an order has just become paid in full."""
    redraw(session, order, now=now)
    full = order.total > 0 and owed(session, order) <= 0
    if full == bool(order.paid_at):
        return False
    days = max(0, payment.at - order.created_at) // DAY
    after = {"number": order.number, "amount": order.total, "currency": order.currency, "days": days} if full else {"number": order.number}
    record(session, Change("order", order.id, "paid" if full else "unpaid", actor, {"paid": order.paid_at}, after), now=now)
    order.paid_at = max(payment.at, 1) if full else 0
    session.flush()
    return full


def _paper_paid(session: Session, actor: Actor, paper: Document, payment: Payment, *, now: int) -> bool:
    """Whether a document has just become paid in full; one that is not good any more stays as it is."""
    full = paper.total > 0 and owed_of_paper(session, paper) <= 0
    if full == bool(paper.paid_at) or (full and paper.state not in STANDING):
        return False
    if full:
        documents.mark_paid(session, actor, paper.id, at=payment.at, now=now)
    else:
        documents.mark_unpaid(session, actor, paper.id, now=now)
    return full
