"""Rotting: a deal that stands too long in a stage is told to its owner, once for each stay."""

from sqlalchemy import String, cast, exists, literal, select
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.history import Change, DomainEvent, record
from crm.base.time import DAY, Hours
from crm.sales.deals import Deal, DealState, tell_owner
from crm.sales.pipelines import Stage

TOLD = 50
LATEST = 7 * DAY


def rotten_for(entered_at: int, rotting_days: int, now: int) -> int:
    """For how many days a deal has stood in its stage, where that is longer than it should (0 = it is not); pure."""
    days = (now - entered_at) // DAY
    return max(days, 1) if rotting_days and now - entered_at >= rotting_days * DAY else 0


def remind(session: Session, *, now: int, hours: Hours | None = None) -> int:
    """Tell of the deals that have begun to rot within the last week; answers how many, so that whoever asks goes on until there is none.

    Where the firm has `hours`, nobody is told outside of them: it waits until the firm opens.
    """
    if hours is not None and any(hours.days) and not hours.open_at(now):
        return 0
    told = 0
    for stage_id, days in session.execute(select(Stage.id, Stage.rotting_days).where(Stage.rotting_days > 0, Stage.active == 1)).all():
        told += _tell(session, stage_id, now - days * DAY, TOLD - told, now=now) if told < TOLD else 0
    return told


def _tell(session: Session, stage_id: int, due: int, most: int, *, now: int) -> int:
    """Those of one stage that came into it before an instant."""
    said = exists().where(DomainEvent.once == literal("deal:") + cast(Deal.id, String) + literal(":rotting:") + cast(Deal.entered_at, String))
    standing = (Deal.state == DealState.OPEN.value, Deal.stage_id == stage_id, Deal.entered_at <= due, Deal.entered_at > due - LATEST)
    deals = session.scalars(select(Deal).where(*standing, ~said).order_by(Deal.entered_at, Deal.id).limit(most)).all()
    record(session, *(_reminder(deal) for deal in deals), now=now)
    for deal in deals:
        tell_owner(session, deal, "rotting", now=now)
    return len(deals)


def _reminder(deal: Deal) -> Change:
    return Change("deal", deal.id, "rotting", System("clock"), after={"stage": deal.stage_id}, once=f"deal:{deal.id}:rotting:{deal.entered_at}")
