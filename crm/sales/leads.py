"""Lead: unqualified interest of a person; one open lead each, with its source, its need and its status."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.table import Row
from crm.people.contacts import family_of, points_of, root_of
from crm.people.reps import authorise


class LeadStatus(StrEnum):
    """How far a lead has come."""

    NEW = "new"
    QUALIFIED = "qualified"
    ACCEPTED = "accepted"
    WON = "won"
    LOST = "lost"
    SPAM = "spam"
    MERGED = "merged"


OPEN = (LeadStatus.NEW, LeadStatus.QUALIFIED, LeadStatus.ACCEPTED)


class Lead(Row):
    """Interest of a person; `open_contact_id` is the person while the lead is open, so there is one open lead each.

    `rep_id` is whose it is since somebody accepted it; `reason_id` or `reason_words` say why it was lost, or called spam;
    `heat` is how likely a person says it is ("" = nobody did).
    """

    __tablename__ = "leads"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    open_contact_id: Mapped[int | None] = mapped_column(unique=True)
    conversation_id: Mapped[int]
    status: Mapped[str] = mapped_column(server_default="new")
    channel: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    need: Mapped[str] = mapped_column(server_default="")
    first_message: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    qualified_at: Mapped[int] = mapped_column(server_default="0")
    rep_id: Mapped[int | None]
    reason_id: Mapped[int | None]
    reason_words: Mapped[str] = mapped_column(server_default="")
    closed_at: Mapped[int] = mapped_column(server_default="0")
    heat: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (Index("leads_created", "created_at", "id"), Index("leads_status", "status", "created_at"))


def lead_of(session: Session, contact_id: int) -> Lead | None:
    """The open lead of a person, or the newest one."""
    root = root_of(session, contact_id)
    found = session.scalar(select(Lead).where(Lead.open_contact_id == root.id))
    return found or session.scalar(select(Lead).where(Lead.contact_id == root.id).order_by(Lead.id.desc()).limit(1))


def join_open(session: Session, actor: Actor, contact_id: int, *, now: int) -> None:
    """When two people are found to be one, one open lead stays: the person's own, or else the other's becomes theirs."""
    root = root_of(session, contact_id)
    found = session.scalars(select(Lead).where(Lead.open_contact_id.in_(family_of(session, root.id))).order_by(Lead.id)).all()
    kept = next((lead for lead in found if lead.open_contact_id == root.id), next(iter(found), None))
    for lead in found:
        if lead is not kept:
            record(session, Change("lead", lead.id, "status", actor, {"status": lead.status}, {"status": LeadStatus.MERGED.value}), now=now)
            lead.status, lead.open_contact_id = LeadStatus.MERGED.value, None
    session.flush()
    if kept is not None and kept.open_contact_id != root.id:
        record(session, Change("lead", kept.id, "person", actor, {"contact": kept.open_contact_id}, {"contact": root.id}), now=now)
        kept.open_contact_id = root.id
    session.flush()


def another_open(session: Session, lead: Lead) -> Lead | None:
    """The open lead of the same person, where that is another one."""
    root = root_of(session, lead.contact_id)
    return session.scalar(select(Lead).where(Lead.open_contact_id == root.id, Lead.id != lead.id))


def learn_need(session: Session, actor: Actor, contact_id: int, text: str, *, now: int) -> None:
    """Write down what a person needs; more words are added to what was said before."""
    lead = lead_of(session, contact_id)
    if lead is None:
        raise NotFound
    before = lead.need
    lead.need = f"{before}\n{text}".strip()[:2000]
    session.flush()
    record(session, Change("lead", lead.id, "need", actor, {"need": before}, {"need": lead.need}), now=now)


def qualify(session: Session, actor: Actor, contact_id: int, *, now: int) -> None:
    """Everything that was to be asked has been asked."""
    lead = lead_of(session, contact_id)
    if lead is None or lead.qualified_at:
        return
    lead.qualified_at = now
    known = lead.need or points_of(session, contact_id, "phone") or points_of(session, contact_id, "email")
    if lead.status == LeadStatus.NEW and known:
        lead.status = LeadStatus.QUALIFIED.value
    session.flush()
    record(session, Change("lead", lead.id, "qualified", actor), now=now)


def lead_at(session: Session, lead_id: int) -> Lead:
    """A lead by its number."""
    lead = session.get(Lead, lead_id)
    if lead is None:
        raise NotFound("no such lead")
    return lead


def set_status(session: Session, actor: Rep, lead_id: int, status: LeadStatus, *, now: int) -> Lead:
    """A rep moves a lead; closing it frees the person for a new one, opening it again takes that place back.

    Whose it becomes and why it is closed is `triage`'s to ask; what becomes of a deal becomes of its lead.
    """
    authorise(session, actor, Action.CHANGE_LEAD)
    lead = lead_at(session, lead_id)
    if lead.status == status:
        return lead
    record(session, Change("lead", lead.id, "status", actor, {"status": lead.status}, {"status": status.value}), now=now)
    lead.status, lead.closed_at = status.value, 0 if status in OPEN else now
    if status in OPEN:
        lead.reason_id, lead.reason_words = None, ""
    root = root_of(session, lead.contact_id)
    lead.open_contact_id = root.id if status in OPEN and another_open(session, lead) is None else None
    session.flush()
    return lead
