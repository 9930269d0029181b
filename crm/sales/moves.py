"""Moves: a deal goes from stage to stage, is won, is lost for a reason, is opened again; what was seen before is never overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record, record_many
from crm.base.rows import add, take_ids
from crm.base.text import clean
from crm.people.contacts import root_of
from crm.people.fields import About, Field, FieldValue
from crm.people.reps import Member
from crm.sales.deals import Deal, DealState, Missing, Moved, StageStay, enter, held_deal, redraw
from crm.sales.leads import OPEN, Lead, LeadStatus, another_open, set_status
from crm.sales.pipelines import Stage, Step, pipeline_at, pipelines_for, stage_at, stages_of
from crm.sales.reasons import DEAL, reason_at

WORDS_MOST = 300
AMOUNT, EXPECTED, COMPANY = "amount", "expected", "company"


@dataclass(frozen=True, slots=True)
class Why:
    """Why a deal was lost: a reason of the list, or somebody's own words, or both."""

    reason_id: int | None = None
    words: str = ""


def move(session: Session, actor: Actor, deal_id: int, stage_id: int, *, seen: int, now: int) -> Deal:
    """Put a deal into another stage; `seen` is the stage it was looked at in. Raises `Moved` when it is there no more, `Missing` where more must be known."""
    deal = held_deal(session, actor, deal_id)
    stage = stage_at(session, stage_id)
    if deal.stage_id == stage_id and deal.state == DealState.OPEN:
        return deal
    _still(deal, seen)
    if not (stage.active and pipeline_at(session, stage.pipeline_id).active):
        raise Invalid("this stage is archived")
    _demand(session, deal, stage)
    before = {"stage": deal.stage_id, "pipeline": deal.pipeline_id}
    _leave(session, deal, now=now)
    deal.stage_id, deal.pipeline_id, deal.entered_at = stage.id, stage.pipeline_id, now
    session.flush()
    enter(session, deal, now=now)
    record(session, Change("deal", deal.id, "stage", actor, before, {"stage": stage.id, "pipeline": stage.pipeline_id}), now=now)
    redraw(session, deal, now=now)
    return deal


def change_pipeline(session: Session, actor: Actor, deal_id: int, pipeline_id: int, *, seen: int, now: int) -> Deal:
    """Put a deal into another pipeline, into the stage there that stands for its own."""
    deal = held_deal(session, actor, deal_id)
    there = stages_of(session, pipeline_at(session, pipeline_id).id)
    if not there:
        raise Invalid("this pipeline has no stage")
    here = stages_of(session, deal.pipeline_id)
    return move(session, actor, deal_id, counterpart(here, deal.stage_id, there).id, seen=seen, now=now)


def counterpart(here: Sequence[Step], stage_id: int, there: Sequence[Step]) -> Step:
    """The stage of another pipeline that stands for one of ours: of the same name, or as far along as it is; pure."""
    at = next((place for place, step in enumerate(here) if step.id == stage_id), 0)
    name = here[at].name.casefold() if here else ""
    alike = next((step for step in there if step.name.casefold() == name), None)
    return alike or there[min(at, len(there) - 1)]


def win(session: Session, actor: Actor, deal_id: int, *, seen: int, now: int) -> Deal:
    """A deal is won, and its lead with it."""
    deal = held_deal(session, actor, deal_id)
    if deal.state == DealState.WON:
        return deal
    _still(deal, seen)
    _demand(session, deal, None)
    _close(session, actor, deal, DealState.WON, {}, now=now)
    _close_lead(session, actor, deal, LeadStatus.WON, now=now)
    return deal


def lose(session: Session, actor: Actor, deal_id: int, why: Why, *, seen: int, now: int) -> Deal:
    """A deal is lost for a reason of the list, or in somebody's own words; raises `Invalid` without either."""
    deal = held_deal(session, actor, deal_id)
    said = clean(why.words, WORDS_MOST).strip()
    if why.reason_id is None and not said:
        raise Invalid("a lost deal needs a reason")
    reason = reason_at(session, DEAL, why.reason_id) if why.reason_id is not None else None
    if deal.state == DealState.LOST and (deal.reason_id, deal.reason_words) == (why.reason_id, said):
        return deal
    _still(deal, seen)
    deal.reason_id, deal.reason_words = why.reason_id, said
    _close(session, actor, deal, DealState.LOST, {"reason": reason.usual or reason.name if reason else said}, now=now)
    others = select(Deal.id).where(Deal.lead_id == deal.lead_id, Deal.id != deal.id, Deal.state != DealState.LOST.value)
    if deal.lead_id is None or session.scalar(others.limit(1)) is None:
        _close_lead(session, actor, deal, LeadStatus.LOST, now=now)
    return deal


def reopen(session: Session, actor: Actor, deal_id: int, *, now: int) -> Deal:
    """Undo the end of a deal: it runs on in the stage it was in, or in the one that stands for it now, and its lead is accepted again."""
    deal = held_deal(session, actor, deal_id)
    if deal.state == DealState.OPEN:
        return deal
    _land(session, deal)
    before = {"state": deal.state, "reason_id": deal.reason_id, "reason_words": deal.reason_words}
    deal.state, deal.closed_at, deal.reason_id, deal.reason_words, deal.entered_at = DealState.OPEN.value, 0, None, "", now
    session.flush()
    enter(session, deal, now=now)
    record(
        session,
        Change("deal", deal.id, "reopened", actor, before, {"state": DealState.OPEN.value, "stage": deal.stage_id, "pipeline": deal.pipeline_id}),
        now=now,
    )
    _reopen_lead(session, actor, deal, now=now)
    redraw(session, deal, now=now)
    return deal


def missing(session: Session, deal: Deal, demands: Sequence[str]) -> tuple[str, ...]:
    """Which of these are not known of a deal, in the order they were asked for; a field that is there no more is not asked for."""
    known = {AMOUNT: deal.amount is not None, EXPECTED: bool(deal.expected_on), COMPANY: deal.company_id is not None}
    wanted = [name for name in dict.fromkeys(demands) if name not in known]
    if wanted:
        filled = select(FieldValue.id).where(FieldValue.field_id == Field.id, FieldValue.subject_id == deal.id, FieldValue.value != "").exists()
        fields = select(Field.name, filled).where(Field.about == About.DEAL.value, Field.name.in_(wanted), Field.active == 1)
        known |= {name: bool(there) for name, there in session.execute(fields)}
    return tuple(name for name in dict.fromkeys(demands) if not known.get(name, True))


def _still(deal: Deal, seen: int) -> None:
    if deal.state != DealState.OPEN or deal.stage_id != seen:
        raise Moved


def _demand(session: Session, deal: Deal, stage: Stage | None) -> None:
    """Refuse to go on, to a later stage or to the win (None), while something is not known that a stage on the way asks for."""
    if stage is not None and stage.pipeline_id != deal.pipeline_id:
        return
    way = stages_of(session, deal.pipeline_id)
    at = next((step.place for step in way if step.id == deal.stage_id), 0)
    end = stage.place if stage else None
    asked = [name for step in way if step.place >= at and (end is None or step.place < end) for name in step.demands]
    if lacks := missing(session, deal, asked):
        raise Missing(lacks)


def _leave(session: Session, deal: Deal, *, now: int) -> None:
    there = update(StageStay).where(StageStay.deal_id == deal.id, StageStay.left_at == 0)
    session.execute(there.values(left_at=now), execution_options={"synchronize_session": False})


def _close(session: Session, actor: Actor, deal: Deal, state: DealState, why: dict[str, str], *, now: int) -> None:
    _leave(session, deal, now=now)
    deal.state, deal.closed_at = state.value, now
    session.flush()
    after = {"state": state.value, "stage": deal.stage_id, "amount": deal.amount, "currency": deal.currency, **why}
    record(session, Change("deal", deal.id, state.value, actor, {"state": DealState.OPEN.value, "stage": deal.stage_id}, after), now=now)
    redraw(session, deal, now=now)


def _close_lead(session: Session, actor: Actor, deal: Deal, status: LeadStatus, *, now: int) -> None:
    lead = session.get(Lead, deal.lead_id) if deal.lead_id else None
    if lead and lead.status in OPEN and isinstance(actor, Rep):
        set_status(session, actor, lead.id, status, now=now)


def _reopen_lead(session: Session, actor: Actor, deal: Deal, *, now: int) -> None:
    """The lead of a deal that runs on is accepted again; where the person has a newer one that is open, the deal is of that one from now on."""
    lead = session.get(Lead, deal.lead_id) if deal.lead_id else None
    if not (lead and lead.status in (LeadStatus.WON, LeadStatus.LOST) and isinstance(actor, Rep)):
        return
    newer = another_open(session, lead)
    if newer is not None:
        record(session, Change("deal", deal.id, "lead", actor, {"lead": lead.id}, {"lead": newer.id}), now=now)
        deal.lead_id = newer.id
        session.flush()
    if newer is None or newer.status != LeadStatus.ACCEPTED:
        set_status(session, actor, (newer or lead).id, LeadStatus.ACCEPTED, now=now)


def _land(session: Session, deal: Deal) -> None:
    """Put a deal that runs on where deals still go: in the first pipeline for its person where its own was archived, in the nearest stage where that was."""
    stage = stage_at(session, deal.stage_id)
    if not pipeline_at(session, deal.pipeline_id).active:
        fitting = pipelines_for(session, root_of(session, deal.contact_id).kind)
        there = next(filter(None, (stages_of(session, one.id) for one in fitting)), None)
        if there is None:
            raise Invalid("no pipeline has a stage")
        step = counterpart(stages_of(session, deal.pipeline_id), deal.stage_id, there)
        deal.pipeline_id, deal.stage_id = step.pipeline_id, step.id
    elif not stage.active:
        deal.stage_id = _nearest(session, stage)


def _nearest(session: Session, stage: Stage) -> int:
    """Where a deal goes on whose stage was archived meanwhile."""
    there = stages_of(session, stage.pipeline_id)
    if not there:
        raise Invalid("this pipeline has no stage")
    return min(there, key=lambda step: (abs(step.place - stage.place), step.place)).id


def relocate(session: Session, actor: Actor, deal_ids: Sequence[int], stage: Stage, *, now: int) -> None:
    """Put many deals of one stage into another one of its pipeline, whose stage is archived; their cards are drawn anew when something else happens."""
    deals = {row.id: row for row in session.execute(select(Deal.id, Deal.stage_id, Deal.rep_id).where(Deal.id.in_(deal_ids)))}
    quiet = {"synchronize_session": False}
    session.execute(update(StageStay).where(StageStay.deal_id.in_(deal_ids), StageStay.left_at == 0).values(left_at=now), execution_options=quiet)
    session.execute(update(Deal).where(Deal.id.in_(deal_ids)).values(stage_id=stage.id, entered_at=now), execution_options=quiet)
    ids = take_ids(session, len(deals))
    add(session, StageStay, [{"id": next(ids), "deal_id": one.id, "stage_id": stage.id, "entered_at": now, "rep_id": one.rep_id} for one in deals.values()])
    session.expire_all()
    after = {"stage": stage.id, "pipeline": stage.pipeline_id}
    record_many(
        session, [Change("deal", one.id, "stage", actor, {"stage": one.stage_id, "pipeline": stage.pipeline_id}, after) for one in deals.values()], now=now
    )


@dataclass(frozen=True, slots=True)
class Latest:
    """What was done to a deal last: what, when and by whom ("" = by nobody of the staff)."""

    kind: str
    at: int
    who: str


def last_change(session: Session, deal_id: int) -> Latest | None:
    """What was done to a deal last."""
    wanted = select(DomainEvent.kind, DomainEvent.at, Member.name).outerjoin(Member, Member.id == DomainEvent.rep_id)
    found = session.execute(wanted.where(DomainEvent.subject == "deal", DomainEvent.subject_id == deal_id).order_by(DomainEvent.id.desc()).limit(1)).first()
    return Latest(found.kind, found.at, found.name or "") if found else None
