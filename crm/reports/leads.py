"""Leads as a list: who showed interest in the last days, newest first."""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.time import DAY
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.sight import sight_of
from crm.reports.orphans import forgotten
from crm.reports.paging import Page, Place
from crm.sales.leads import OPEN, Lead, LeadStatus
from crm.sales.scores import likely, rank

_own, _root = aliased(Contact), aliased(Contact)
WEIGHED = 1000
_APART = (LeadStatus.MERGED.value, LeadStatus.SPAM.value)


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead in a menu; `source` is where it came from, as JSON ("" = nothing is known)."""

    lead_id: int
    conversation_id: int
    name: str
    status: LeadStatus
    channel: str
    language: str
    need: str
    source: str
    created_at: int


def leads(
    session: Session,
    actor: Rep,
    *,
    now: int,
    days: int = 0,
    status: LeadStatus | None = None,
    forgotten_only: bool = False,
    after: Place | None = None,
    limit: int = 8,
) -> Page[LeadRow]:
    """The leads of the last `days` (0 = of any age) within the actor's sight: of one status, or of any but spam; or only those without a next step."""
    sight = sight_of(session, actor, Action.SEE_LEADS)
    question = (
        select(Lead, _root.name, _root.platform_name)
        .join(_own, _own.id == Lead.contact_id)
        .join(_root, _root.id == _own.root_id)
        .order_by(Lead.created_at.desc(), Lead.id.desc())
        .limit(limit + 1)
    )
    if days:
        question = question.where(Lead.created_at >= now - days * DAY)
    question = question.where(Lead.status == status.value if status else Lead.status.not_in(_APART), sight.rows(Lead.rep_id), Lead.channel != PRACTICE)
    if forgotten_only:
        question = question.where(*forgotten(now))
    if after:
        question = question.where(or_(Lead.created_at < after.at, and_(Lead.created_at == after.at, Lead.id < after.id)))
    found = session.execute(question).all()
    rows = tuple(_row(lead, name or platform) for lead, name, platform in found[:limit])
    return Page(rows, Place(rows[-1].created_at, rows[-1].lead_id) if len(found) > limit else None)


def likeliest(session: Session, actor: Rep, company: Company, *, skip: int = 0, limit: int = 8) -> tuple[tuple[LeadRow, ...], bool]:
    """The open leads within the actor's sight, the most likely first, and whether more follow; of the newest `WEIGHED`."""
    sight = sight_of(session, actor, Action.SEE_LEADS)
    open_ones = select(Lead.id).where(Lead.status.in_([one.value for one in OPEN]), sight.rows(Lead.rep_id), Lead.channel != PRACTICE)
    numbers = session.scalars(open_ones.order_by(Lead.created_at.desc(), Lead.id.desc()).limit(WEIGHED)).all()
    found = likely(session, company, numbers)
    ranked = sorted(found, key=lambda number: (-rank(found[number]), -number))[skip : skip + limit + 1]
    question = select(Lead, _root.name, _root.platform_name).join(_own, _own.id == Lead.contact_id).join(_root, _root.id == _own.root_id)
    rows = {lead.id: _row(lead, name or platform) for lead, name, platform in session.execute(question.where(Lead.id.in_(ranked)))}
    return tuple(rows[number] for number in ranked[:limit]), len(ranked) > limit


def _row(lead: Lead, name: str) -> LeadRow:
    need = lead.need or lead.first_message
    return LeadRow(lead.id, lead.conversation_id, name, LeadStatus(lead.status), lead.channel, lead.language, need, lead.source, lead.created_at)
