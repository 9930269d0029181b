"""Scores: what the firm's own leads have taught, kept as counts; how likely a lead is, and what a person says of it instead."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.actors import Rep
from crm.base.history import Change, record
from crm.base.rows import add_new, among, ask, fixed, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import DAY, HOUR
from crm.outbox.notices import card, tell
from crm.people.calendars import as_open
from crm.people.contacts import ContactPoint
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.sales.entries import Entry, LeadEntry
from crm.sales.leads import OPEN, Lead, LeadStatus
from crm.sales.scoring import Model, Score, Trait, Traits, learn, packed, score, unpacked
from crm.sales.triage import held_lead

NAME = "leads"
LEARNED_FROM, LOOK_BACK = 5000, 730 * DAY
STALE = 6 * HOUR
SHORT, LONG = 4, 20
"""A first message of fewer words, and of more."""
_earlier = aliased(Lead)


class ScoreModel(Row):
    """What leads have taught: counts by trait, as JSON; one row, made anew."""

    __tablename__ = "score_models"
    name: Mapped[str] = mapped_column(unique=True)
    won: Mapped[int]
    lost: Mapped[int]
    seen: Mapped[str]
    made_at: Mapped[int]


class Heat(StrEnum):
    """What a person says of a lead, which wins over what was counted."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely a lead is: as a person says (None = nobody did), as it was counted (None = too little is known, of `known` ended leads)."""

    heat: Heat | None = None
    score: Score | None = None
    known: int = 0


_HEAT_RANK = {Heat.HOT: 2.0, Heat.WARM: 0.5, Heat.COLD: -1.0}


def rank(likely: Likely) -> float:
    """What a list of the most likely is ordered by; pure."""
    if likely.heat is not None:
        return _HEAT_RANK[likely.heat]
    return likely.score.chance if likely.score else 0.0


def _asked() -> Any:
    phone = exists().where(ContactPoint.contact_id == Lead.contact_id, ContactPoint.kind == "phone")
    again = exists().where(_earlier.contact_id == Lead.contact_id, _earlier.id < Lead.id)
    link = select(func.max(LeadEntry.entry_id)).where(LeadEntry.lead_id == Lead.id).correlate(Lead).scalar_subquery()
    columns = (Lead.id, Lead.channel, Lead.source, Lead.language, Lead.need, Lead.first_message, Lead.created_at, Lead.status, Lead.heat)
    return select(*columns, phone.label("phone"), again.label("again"), Entry.product, Entry.referrer_id).outerjoin(Entry, Entry.id == link)


_LEADS = _asked().where(among(Lead.id, "ids"))
_MODEL = select(ScoreModel.won, ScoreModel.lost, ScoreModel.seen).where(ScoreModel.name == fixed(NAME))


def traits_of(row: Any, company: Company) -> Traits:
    """What is weighed of one lead; pure."""
    return dict(_traits(row, company))


def _traits(row: Any, company: Company) -> Iterator[tuple[Trait, str]]:
    source = json.loads(row.source) if row.source else {}
    yield Trait.CHANNEL, row.channel
    yield Trait.LANGUAGE, row.language
    if came := source.get("utm_source") or source.get("referrer") or "":
        yield Trait.SOURCE, str(came)[:60].casefold()
    if row.product and row.referrer_id is None:
        yield Trait.LINK, row.product
    yield Trait.FRIEND, _yes(row.referrer_id is not None)
    yield Trait.PHONE, _yes(row.phone)
    yield Trait.NEED, _yes(row.need.strip())
    yield Trait.AGAIN, _yes(row.again)
    yield Trait.HOUR, "open" if company.hours.open_at(row.created_at) else "closed"
    words = len(row.first_message.split())
    yield Trait.LENGTH, "short" if words < SHORT else "long" if words > LONG else "middle"


def _yes(known: object) -> str:
    return "yes" if known else "no"


def stale(session: Session, *, now: int) -> bool:
    """Whether what was learned is of yesterday, or nothing was."""
    made = session.scalar(select(ScoreModel.made_at).where(ScoreModel.name == NAME))
    return made is None or made <= now - STALE


def learned(session: Session, company: Company, *, now: int) -> Model:
    """What the newest leads teach that came to an end in the last two years; it reads thousands, so it belongs into a snapshot."""
    ended = _asked().where(Lead.status.in_((LeadStatus.WON.value, LeadStatus.LOST.value)), Lead.created_at > now - LOOK_BACK, Lead.channel != PRACTICE)
    rows, firm = session.execute(ended.order_by(Lead.created_at.desc()).limit(LEARNED_FROM)), as_open(session, company, now=now)
    return learn((traits_of(row, firm), row.status == LeadStatus.WON) for row in rows)


def keep(session: Session, model: Model, *, now: int) -> None:
    """Keep what was learned, in the place of what was known before."""
    values = {"won": model.won, "lost": model.lost, "seen": packed(model), "made_at": now}
    row = session.scalar(select(ScoreModel).where(ScoreModel.name == NAME))
    if row is None:
        add_new(session, ScoreModel, [{"id": next(take_ids(session, 1)), "name": NAME, **values}])
        return
    row.won, row.lost, row.seen, row.made_at = model.won, model.lost, packed(model), now
    session.flush()


def model_of(session: Session) -> Model:
    """What was learned last."""
    rows = ask(session, _MODEL, {})
    return unpacked(rows[0].won, rows[0].lost, rows[0].seen) if rows else Model()


def likely(session: Session, company: Company, lead_ids: Sequence[int]) -> Mapping[int, Likely]:
    """How likely each of these leads is; those that are not open have nothing to be likely of."""
    # Their statuses are looked at here: asked of the database, an engine without statistics reads whatever is open.
    rows = [row for row in ask(session, _LEADS, {"ids": list(lead_ids)}) if row.status in OPEN] if lead_ids else []
    if not rows:
        return {}
    model, firm = model_of(session), as_open(session, company, now=max(row.created_at for row in rows))
    known = model.won + model.lost
    return {row.id: Likely(Heat(row.heat) if row.heat else None, score(model, traits_of(row, firm)), known) for row in rows}


def say_heat(session: Session, actor: Rep, lead_id: int, heat: Heat | None, *, now: int) -> Lead:
    """A person says how likely a lead is, in the place of what was counted; None = as counted."""
    lead = held_lead(session, actor, lead_id)
    value = heat.value if heat else ""
    if lead.heat != value:
        record(session, Change("lead", lead.id, "heat", actor, {"heat": lead.heat}, {"heat": value}), now=now)
        lead.heat = value
        session.flush()
        tell(session, [card(lead.conversation_id)], now=now)
    return lead
