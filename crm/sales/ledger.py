"""Ledger: money that came and went, an entry each with its sign; what is paid and what is owed is nothing but their sum."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.table import Row
from crm.documents.documents import Document
from crm.sales.orders import Order

_CLAIMED = sql("state = 'claimed'")


class PaymentState(StrEnum):
    """Whether money is there: somebody says so, it is, it is not, or it is the same as another entry."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    SAME = "same"


class Payment(Row):
    """One entry: `amount` in hundredths, below zero what went back; `contact_id` None = nobody knows yet whose it is.

    `number` is what was written beside it (an order's or a document's, or neither), `reference` the payer's or the bank's own words; `attachment_id` is
    the receipt, `at` when the money moved, `account` the channel that told of it ("" = a customer or one of the team said so).
    """

    __tablename__ = "payments"
    order_id: Mapped[int | None] = mapped_column(index=True)
    document_id: Mapped[int | None] = mapped_column(index=True)
    deal_id: Mapped[int | None] = mapped_column(index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    amount: Mapped[int]
    currency: Mapped[str]
    method: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    account: Mapped[str] = mapped_column(server_default="")
    number: Mapped[str] = mapped_column(server_default="")
    reference: Mapped[str] = mapped_column(server_default="")
    attachment_id: Mapped[int | None]
    at: Mapped[int]
    created_at: Mapped[int]
    confirmed_by: Mapped[int | None]
    confirmed_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (Index("payments_claimed", "rep_id", "id", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),)


def paid(session: Session, order: Order) -> int:
    """What has come for an order, less what went back, in hundredths of its currency."""
    return _sum(session, Payment.order_id == order.id, order.currency)


def owed(session: Session, order: Order) -> int:
    """What of an order is still to be paid; below zero = too much was."""
    return order.total - paid(session, order)


def paid_of_paper(session: Session, paper: Document) -> int:
    """What has come for a document, less what went back, in hundredths of its currency; what was paid for an older version of it is paid."""
    same = Payment.document_id.in_(select(Document.id).where(Document.number == paper.number)) if paper.number else Payment.document_id == paper.id
    return _sum(session, same, paper.currency)


def owed_of_paper(session: Session, paper: Document) -> int:
    """What of a document is still to be paid; below zero = too much was."""
    return paper.total - paid_of_paper(session, paper)


def entries(session: Session, order_id: int) -> list[Payment]:
    """Every entry of an order, the oldest first."""
    return list(session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)))


def _sum(session: Session, about: object, currency: str) -> int:
    there = (about, Payment.state == PaymentState.CONFIRMED.value, Payment.currency == currency)
    return int(session.scalar(select(func.coalesce(func.sum(Payment.amount), 0)).where(*there)) or 0)  # type: ignore[arg-type]
