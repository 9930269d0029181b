"""Triage: a lead becomes somebody's, or is put away for a reason; each step can be undone as long as nothing came after it."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.errors import Expired, Invalid, NotFound, Taken
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import clean
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import family_of
from crm.people.reps import Member, authorise, member_of
from crm.people.sight import sight_of
from crm.sales import tasks
from crm.sales.deals import Deal, DealState, open_deal
from crm.sales.details import fill_empty
from crm.sales.leads import OPEN, Lead, LeadStatus, another_open, lead_at, set_status
from crm.sales.moves import WORDS_MOST, Why
from crm.sales.quarantine import released, silenced
from crm.sales.reasons import LEAD, SPAM, reason_at
from crm.sales.tasks import Task, TaskState

TRIAGED = "triaged"
"""What a step of the triage is called on record; it holds everything that undoing it needs."""
REASONS = {LeadStatus.LOST: LEAD, LeadStatus.SPAM: SPAM}
DUTIES_MOST = 50


class DealRuns(Invalid):
    """A deal with them still runs."""


def accept(session: Session, actor: Rep, lead_id: int, *, rep_id: int | None = None, now: int) -> Lead:
    """A lead is worth the work and somebody's: the actor's, or another member's where they may give work away."""
    lead = held_lead(session, actor, lead_id)
    owner = member_of(session, rep_id if rep_id is not None else actor.id)
    if owner.id != actor.id:
        authorise(session, actor, Action.GIVE_TASK)
    if not may(Role(owner.role), Action.CHANGE_LEAD):
        raise Invalid("they may not work on leads")
    if lead.status == LeadStatus.MERGED:
        raise Invalid("this lead is part of another one")
    given = owner.id not in (actor.id, lead.rep_id)
    moved = _move(session, actor, lead, LeadStatus.ACCEPTED, owner.id, {}, now=now)
    if given:
        facts = {"rep": owner.id, "by": actor.id}
        tell(session, [Notice(NoticeKind.LEAD, lead.id, f"lead:{lead.id}:{owner.id}:{now}", facts)], now=now)
    return moved


def put_away(session: Session, actor: Rep, lead_id: int, status: LeadStatus, why: Why, *, now: int) -> Lead:
    """A lead is lost, or spam, for a reason of the list or in somebody's own words; raises `Invalid` without either.

    Spam is in quarantine: its conversations are closed, what was to be done about it or said to it is dropped, it counts in no report and gets no
    promotion. Raises `DealRuns` while a deal with them does.
    """
    lead, said = held_lead(session, actor, lead_id), clean(why.words, WORDS_MOST).strip()
    if status not in REASONS or lead.status == LeadStatus.MERGED:
        raise Invalid("a lead is put away as lost or as spam")
    if why.reason_id is None and not said:
        raise Invalid("this needs a reason")
    if why.reason_id is not None:
        reason_at(session, REASONS[status], why.reason_id)
    if (lead.status, lead.reason_id, lead.reason_words) == (status, why.reason_id, said):
        return lead
    quarantine = _quarantined(session, actor, lead, now=now) if status is LeadStatus.SPAM and lead.status != LeadStatus.SPAM else {}
    moved = _move(session, actor, lead, status, lead.rep_id, {"reason_id": why.reason_id, "reason_words": said, **quarantine}, now=now)
    moved.reason_id, moved.reason_words = why.reason_id, said
    session.flush()
    return moved


def convert(session: Session, actor: Rep, lead_id: int, firm: Company, known: Mapping[int, str], *, once: str, now: int) -> Deal:
    """Make a deal of a lead; of the person only what is not known yet is filled in: `known` are values of fields by number, as they are kept."""
    lead = held_lead(session, actor, lead_id)
    if lead.status not in OPEN:
        raise Invalid("this lead is closed")
    deal = open_deal(session, actor, lead.conversation_id, firm, once=once, now=now)
    fill_empty(session, actor, lead.contact_id, known, company_id=deal.company_id, now=now)
    return deal


def win(session: Session, actor: Rep, lead_id: int, *, now: int) -> Lead:
    """A lead has bought."""
    lead = held_lead(session, actor, lead_id)
    if lead.status == LeadStatus.MERGED:
        raise Invalid("this lead is part of another one")
    return _move(session, actor, lead, LeadStatus.WON, lead.rep_id, {}, now=now)


def last_step(session: Session, lead_id: int) -> int:
    """The number of the newest step of a lead's triage on record, by which it can be undone (0 = there was none)."""
    wanted = select(DomainEvent.id).where(DomainEvent.subject == "lead", DomainEvent.subject_id == lead_id, DomainEvent.kind == TRIAGED)
    return session.scalar(wanted.order_by(DomainEvent.id.desc()).limit(1)) or 0


def undo(session: Session, actor: Rep, lead_id: int, step_id: int, *, now: int) -> Lead:
    """Take back the newest step of a lead's triage; raises `Expired` where something came after it, as a new lead of the same person."""
    lead, step = held_lead(session, actor, lead_id), session.get(DomainEvent, step_id)
    if step is None or (step.subject, step.subject_id, step.kind) != ("lead", lead.id, TRIAGED):
        raise NotFound("no such step")
    before, after = json.loads(step.before), json.loads(step.after)
    if step.id != last_step(session, lead.id) or lead.status != after["status"]:
        raise Expired("this was changed again since")
    _move(session, actor, lead, LeadStatus(before["status"]), before["rep"], {}, now=now)
    lead.reason_id, lead.reason_words = before.get("reason_id"), before.get("reason_words", "")
    for task_id in after.get("dropped", ()):
        tasks.reopen(session, actor, task_id, now=now)
    released(session, actor, after, now=now)
    session.flush()
    return lead


def held_lead(session: Session, actor: Rep, lead_id: int) -> Lead:
    """A lead this actor may change: nobody's, their own, or one within their sight; else `Taken` by whose it is."""
    return _within(session, actor, Action.CHANGE_LEAD, lead_id)


def seen_lead(session: Session, actor: Rep, lead_id: int) -> Lead:
    """A lead this actor may look at; else `Taken` by whose it is."""
    return _within(session, actor, Action.SEE_LEADS, lead_id)


def _within(session: Session, actor: Rep, action: Action, lead_id: int) -> Lead:
    sight, lead = sight_of(session, actor, action), lead_at(session, lead_id)
    owner = owner_of(session, lead)
    if not sight.covers(owner):
        raise Taken(session.get_one(Member, owner).name if owner else "")
    return lead


def owner_of(session: Session, lead: Lead) -> int | None:
    """Whose a lead is: of who accepted it, or else of who has its conversation (None = nobody's, or somebody's who has left)."""
    member = session.get(Member, lead.rep_id) if lead.rep_id else None
    if member and member.active:
        return member.id
    conversation = session.get(Conversation, lead.conversation_id)
    return held_by(session, conversation) if conversation and conversation.status != Status.CLOSED else None


def _move(session: Session, actor: Rep, lead: Lead, status: LeadStatus, rep_id: int | None, besides: dict[str, Any], *, now: int) -> Lead:
    before = {"status": lead.status, "rep": lead.rep_id, "reason_id": lead.reason_id, "reason_words": lead.reason_words}
    if (lead.status, lead.rep_id) == (status, rep_id) and not besides:
        return lead
    if status in OPEN and lead.status not in OPEN and another_open(session, lead) is not None:
        raise Expired("they have written again: there is a newer lead")
    set_status(session, actor, lead.id, status, now=now)
    lead.rep_id = rep_id
    session.flush()
    tell(session, [card(lead.conversation_id)], now=now)
    record(session, Change("lead", lead.id, TRIAGED, actor, before, {"status": status.value, "rep": rep_id, **besides}), now=now)
    return lead


def _quarantined(session: Session, actor: Rep, lead: Lead, *, now: int) -> dict[str, Any]:
    """Drop what was to be done about a person, and silence their conversations; answers what, so that it can be undone."""
    family = family_of(session, lead.contact_id)
    if session.scalar(select(Deal.id).where(Deal.contact_id.in_(family), Deal.state == DealState.OPEN.value).limit(1)) is not None:
        raise DealRuns
    duties = session.scalars(select(Task.id).where(Task.contact_id.in_(family), Task.state == TaskState.OPEN.value).order_by(Task.id).limit(DUTIES_MOST)).all()
    for number in duties:
        tasks.drop(session, actor, number, now=now)
    return {"dropped": list(duties), **silenced(session, actor, family, now=now)}
