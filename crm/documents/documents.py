"""Document: a quote, an invoice, a contract or an act; once issued its words never change, a correction is a further version of the same number."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.table import Row
from crm.base.time import DAY
from crm.people.reps import authorise


class Kind(StrEnum):
    """What a document is."""

    QUOTE = "quote"
    INVOICE = "invoice"
    CONTRACT = "contract"
    ACT = "act"


class DocumentState(StrEnum):
    """Where a document stands; whether it is paid is told by `paid_at`."""

    DRAFT = "draft"
    ISSUED = "issued"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


STANDING = (DocumentState.ISSUED.value, DocumentState.SENT.value, DocumentState.ACCEPTED.value)
"""The states in which a document is good."""
CORRECTED = (*STANDING, DocumentState.DECLINED.value)
"""The states in which a document may give way to a further version of it."""
ANSWERED = frozenset({Kind.QUOTE, Kind.CONTRACT, Kind.ACT})
"""What a customer accepts or declines; an invoice is paid."""


class Document(Row):
    """One version of a document; `net`, `tax` and `total` count hundredths of its currency, `data` is what is on the paper as JSON.

    `number` is None until it is issued, `seal` is the SHA-256 of `data` from then on, `message_id` the message it was sent with, `due_on` the local day
    until which it is good or to be paid ("" = none). `deal_id` may be nothing: a document can be about a person alone.
    """

    __tablename__ = "documents"
    kind: Mapped[str]
    number: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str] = mapped_column(server_default="draft")
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(index=True)
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    language: Mapped[str]
    currency: Mapped[str]
    net: Mapped[int] = mapped_column(server_default="0")
    tax: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int] = mapped_column(server_default="0")
    due_on: Mapped[str] = mapped_column(server_default="")
    data: Mapped[str] = mapped_column(server_default="{}")
    seal: Mapped[str] = mapped_column(server_default="")
    replaces_id: Mapped[int | None]
    message_id: Mapped[int | None]
    created_at: Mapped[int]
    issued_at: Mapped[int] = mapped_column(server_default="0")
    sent_at: Mapped[int] = mapped_column(server_default="0")
    answered_at: Mapped[int] = mapped_column(server_default="0")
    paid_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (UniqueConstraint("number", "version"), Index("documents_state", "state", "id"))


def document_at(session: Session, document_id: int) -> Document:
    """A document by its row; raises `NotFound`."""
    found = session.get(Document, document_id)
    if found is None:
        raise NotFound("no such document")
    return found


def by_number(session: Session, number: str) -> Document | None:
    """The newest version of a document by the number on it, however its letters are written (None = there is none)."""
    wanted = select(Document).where(Document.number == number.strip().upper())
    return session.scalar(wanted.order_by(Document.version.desc()).limit(1))


def open_invoices(session: Session, contact_ids: Collection[int]) -> list[Document]:
    """The invoices of these contacts that are good and not paid yet, the oldest first."""
    good = (Document.kind == Kind.INVOICE.value, Document.state.in_(STANDING), Document.paid_at == 0)
    return list(session.scalars(select(Document).where(Document.contact_id.in_(contact_ids), *good).order_by(Document.issued_at, Document.id)))


def mark_paid(session: Session, actor: Actor, document_id: int, *, at: int, now: int) -> Document:
    """Write down that a document is paid in full since an instant; again changes nothing. Raises `Invalid` where it is not good."""
    authorise(session, actor, Action.CONFIRM_PAYMENT)
    paper = held(session, document_id)
    if paper.paid_at:
        return paper
    if paper.state not in STANDING:
        raise Invalid("this document is not good any more")
    after = {"at": at, "number": paper.number, "days": max(0, at - paper.issued_at) // DAY}
    record(session, Change("document", paper.id, "paid", actor, {"at": 0}, after), now=now)
    paper.paid_at = at
    session.flush()
    return paper


def mark_unpaid(session: Session, actor: Actor, document_id: int, *, now: int) -> Document:
    """Take back that a document is paid: the money went back, or never came."""
    authorise(session, actor, Action.CONFIRM_PAYMENT)
    paper = held(session, document_id)
    if paper.paid_at:
        record(session, Change("document", paper.id, "unpaid", actor, {"at": paper.paid_at}, {"at": 0}), now=now)
        paper.paid_at = 0
        session.flush()
    return paper


def held(session: Session, document_id: int) -> Document:
    """A document, held so that nobody else changes it at the same time."""
    found = session.get(Document, document_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("no such document")
    return found
