"""Ticks: what the scheduler wakes up; each call does one chunk and answers how much it did, so it is called until it answers 0."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.settings import Company
from crm.outreach.campaigns import Campaign, CampaignState
from crm.outreach.compose import RATE, fill
from crm.outreach.compose import compose as compose_due
from crm.outreach.results import finish_done, tell_progress
from crm.outreach.sequences import enroll_due
from crm.outreach.steps import advance_due


def follow_ups(session: Session, company: Company, *, now: int) -> int:
    """Say what is due, else enrol who has fallen silent."""
    said = advance_due(session, company, now=now)
    if said:
        return said
    swept = enroll_due(session, company, now=now)
    return swept.enrolled + swept.more


def compose(session: Session, company: Company, *, now: int, rate_per_minute: int = RATE) -> int:
    """Write down an audience, say what is due, finish what is over."""
    filling = session.scalar(select(Campaign.id).where(Campaign.state == CampaignState.COMPOSING.value).order_by(Campaign.id).limit(1))
    if filling is not None:
        fill(session, filling, now=now)
        return 1
    said = compose_due(session, company, now=now, rate_per_minute=rate_per_minute)
    if said:
        return said
    tell_progress(session, now=now)
    return finish_done(session, now=now)
