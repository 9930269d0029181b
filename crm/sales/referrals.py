"""Referral: a customer's own link for their friends, and whom it brought."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation
from crm.people.contacts import Contact, family_of, root_of
from crm.people.reps import authorise
from crm.sales.entries import Entry, Known, LeadEntry, came_by
from crm.sales.leads import Lead

SOURCE = "referral"


def refer(session: Session, actor: Rep, contact_id: int, code: str, *, now: int) -> Known:
    """The link of a customer, made when somebody first asks for it; a person has one, however many addresses they have. Raises `Taken` by who has them."""
    authorise(session, actor, Action.TALK)
    family = family_of(session, contact_id)
    for number in session.scalars(select(Conversation.id).where(Conversation.contact_id.in_(family)).order_by(Conversation.id)).all():
        within_reach(session, actor, number)
    found = session.scalar(select(Entry).where(Entry.referrer_id.in_(family)).order_by(Entry.id).limit(1))
    if found is None:
        root, number = root_of(session, contact_id), next(take_ids(session, 1))
        row = {"id": number, "code": code, "product": "", "source": SOURCE, "made_by": actor.id, "at": now, "referrer_id": root.id}
        add_new(session, Entry, [row])
        found = session.scalars(select(Entry).where(Entry.code == code)).one()
        record(session, Change("entry", found.id, "made", actor, after={"source": SOURCE, "referrer": root.id}), now=now)
    return Known(found.id, found.code, found.product, found.source, found.referrer_id)


def credit(session: Session, actor: Actor, lead: Lead, entry: Known, *, now: int) -> None:
    """Write down that a lead came by a link; the referrer gets the credit once, and nobody for themselves."""
    own = entry.referrer_id is not None and root_of(session, entry.referrer_id).id == root_of(session, lead.contact_id).id
    if own or not came_by(session, actor, lead.id, entry.id, now=now) or entry.referrer_id is None:
        return
    root = root_of(session, entry.referrer_id)
    record(session, Change("contact", root.id, "referred", actor, after={"lead": lead.id}, once=f"referred:{lead.id}:{entry.id}"), now=now)


def brought_by(session: Session, contact_id: int) -> int:
    """How many leads a person's friends became."""
    links = session.scalars(select(Entry.id).where(Entry.referrer_id.in_(family_of(session, contact_id)))).all()
    return session.scalar(select(func.count(func.distinct(LeadEntry.lead_id))).where(LeadEntry.entry_id.in_(links))) or 0 if links else 0


def referrer_name(session: Session, entry: Known | None) -> str:
    """Who a lead was sent by ("" = nobody)."""
    if entry is None or entry.referrer_id is None:
        return ""
    root: Contact = root_of(session, entry.referrer_id)
    return root.name or root.platform_name
