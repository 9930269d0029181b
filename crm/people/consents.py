"""Consent: a dated ledger of what a person agreed to; what is in force is kept on the person for the gate to see."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.history import Change, record
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.people.contacts import root_of

MARKETING = "marketing"
SERVICE = "service"
EVERYWHERE = "*"


class Consent(Row):
    """One answer to one question: purpose, channel scope ("*" = every channel), the text shown, the message that holds the answer."""

    __tablename__ = "consents"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    purpose: Mapped[str]
    scope: Mapped[str]
    granted: Mapped[int]
    shown: Mapped[str]
    source: Mapped[str]
    message_id: Mapped[int | None]
    at: Mapped[int]
    __table_args__ = (Index("consents_contact", "contact_id", "id"),)


def answer(
    session: Session, actor: Actor, contact_id: int, purpose: str, granted: bool, *, shown: str, source: str, message_id: int | None = None, now: int
) -> None:
    """Write an answer into the ledger, for the contact that was heard, and put it in force for the person on every channel at once."""
    contact = root_of(session, contact_id)
    row = {
        "contact_id": contact_id,
        "purpose": purpose,
        "scope": EVERYWHERE,
        "granted": int(granted),
        "shown": shown,
        "source": source,
        "message_id": message_id,
        "at": now,
    }
    add_new(session, Consent, [{"id": next(take_ids(session, 1)), **row}])
    if purpose == MARKETING:
        contact.marketing = 1 if granted else -1
    else:
        contact.silenced = 0 if granted else 1
    session.flush()
    record(session, Change("contact", contact.id, "consent", actor, after={"purpose": purpose, "granted": granted, "source": source}), now=now)


def stop(session: Session, actor: Actor, contact_id: int, *, shown: str, message_id: int | None, now: int) -> str:
    """Turn marketing off for the person; when it is off already, follow-ups too. Answers which purpose was stopped ("" = nothing was left)."""
    contact = root_of(session, contact_id)
    purpose = MARKETING if contact.marketing != -1 else SERVICE if not contact.silenced else ""
    if purpose:
        answer(session, actor, contact_id, purpose, False, shown=shown, source="stop", message_id=message_id, now=now)
    return purpose
