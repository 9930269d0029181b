"""One deal with everything about it, read once, as plain values, for one who may look at it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.conversations.threads import Conversation
from crm.documents.documents import CORRECTED, Document
from crm.people.companies import Company
from crm.people.contacts import Contact, root_of
from crm.people.sight import seen_by, sight_of
from crm.reports.deals import Brief, as_read_by, briefs
from crm.sales.deals import DealContact, deals_about, seen_deal
from crm.sales.pipelines import Reason, Step, pipelines, stages_of, steps_of

PAPERS = 3
_own, _root = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Person:
    """A further person of a deal; `contact_id` is the row it was written for."""

    contact_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A deal: its line, where it stands, its company and people; `conversation_id` is the newest talk with its person (0 = none).

    `pipeline` is the name of its pipeline where there are several ("" = it is the only one), `papers` are its newest documents.
    """

    brief: Brief
    contact_id: int
    pipeline_id: int
    pipeline: str
    stage: Step
    stages: tuple[Step, ...]
    company: str
    people: tuple[Person, ...]
    reason: Reason | None
    reason_words: str
    closed_at: int
    conversation_id: int
    papers: tuple[Document, ...] = ()

    @property
    def following(self) -> Step | None:
        """The stage after the one the deal is in."""
        return next((step for step in self.stages if step.place > self.stage.place), None)


def sheet(session: Session, actor: Rep, deal_id: int) -> Sheet:
    """A deal this member may look at; raises `NotFound` for another's."""
    deal = seen_deal(session, actor, deal_id)
    every = {one.id: one.name for one in pipelines(session)}
    company = session.get(Company, deal.company_id) if deal.company_id else None
    return Sheet(
        brief=as_read_by(actor, briefs(session, [deal.id])[0]),
        contact_id=deal.contact_id,
        pipeline_id=deal.pipeline_id,
        pipeline=every.get(deal.pipeline_id, "") if len(every) > 1 else "",
        stage=steps_of(session, [deal.pipeline_id])[deal.stage_id],
        stages=tuple(stages_of(session, deal.pipeline_id)),
        company=company.name if company else "",
        people=_people(session, actor, deal.id),
        reason=session.get(Reason, deal.reason_id) if deal.reason_id else None,
        reason_words=deal.reason_words,
        closed_at=deal.closed_at,
        conversation_id=talk_with(session, deal.contact_id),
        papers=_papers(session, deal.id),
    )


def _papers(session: Session, deal_id: int) -> tuple[Document, ...]:
    """The newest documents of a deal that the customer has or had an answer to."""
    told = (Document.deal_id == deal_id, Document.state.in_(CORRECTED))
    return tuple(session.scalars(select(Document).where(*told).order_by(Document.id.desc()).limit(PAPERS)))


def talk_with(session: Session, contact_id: int) -> int:
    """The newest conversation with a person, under whichever of their contacts (0 = none)."""
    family = select(Contact.id).where(Contact.root_id == root_of(session, contact_id).id)
    found = select(Conversation.id).where(Conversation.contact_id.in_(family)).order_by(Conversation.last_at.desc(), Conversation.id.desc())
    return session.scalar(found.limit(1)) or 0


def deals_with(session: Session, actor: Rep, contact_id: int, *, limit: int) -> tuple[Sequence[Brief], int]:
    """The deals of a person that this member may look at, those that run first, and how many are somebody else's."""
    sight = sight_of(session, actor, Action.SEE_DEALS)
    found = briefs(session, [deal.id for deal in deals_about(session, contact_id)])
    mine = [as_read_by(actor, one) for one in found if sight.covers(one.rep_id)]
    return mine[:limit], len(found) - len(mine)


def _people(session: Session, actor: Rep, deal_id: int) -> tuple[Person, ...]:
    rows = session.execute(
        select(DealContact.contact_id, DealContact.role, _root.name, _root.platform_name)
        .join(_own, _own.id == DealContact.contact_id)
        .join(_root, _root.id == _own.root_id)
        .where(DealContact.deal_id == deal_id)
        .order_by(DealContact.id)
    )
    named = seen_by(actor).named
    return tuple(Person(row.contact_id, named(row.name or row.platform_name), row.role) for row in rows)
