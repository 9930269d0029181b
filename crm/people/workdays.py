"""Working days: managers say when the firm, a team or a member works, and on which days the firm is closed whatever the country does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.base.time import Hours, local
from crm.base.week_words import read_week
from crm.people.calendars import OffDay, WorkHours, calendar_of
from crm.people.public_days import public_days
from crm.people.reps import authorise, member_of
from crm.people.teams import TeamRow

NAME_MOST = 60
AHEAD = 400


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose hours: a team's, a member's, or, where neither is given, the firm's."""

    team_id: int | None = None
    rep_id: int | None = None


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day out of the ordinary: a public holiday, or one a manager said something of; `off` = the firm is closed, `said` = because a manager said so."""

    day: date
    name: str
    off: bool
    said: bool


def hours_of(session: Session, company: Company, whose: Whose, *, now: int) -> tuple[Hours, str]:
    """The hours that hold for somebody, and the words that were said of just them ("" = theirs are as the next wider ones)."""
    row = _said(session, whose)
    return calendar_of(session, company, team_id=whose.team_id, rep_id=whose.rep_id, around=now).hours, row.words if row else ""


def set_hours(session: Session, actor: Actor, company: Company, whose: Whose, words: str, *, now: int) -> str:
    """Say when somebody works ("" = as the next wider hours say); answers the words that stood before, so that it can be taken back."""
    authorise(session, actor, Action.SET_CALENDARS)
    _there(session, whose)
    try:
        wanted = read_week(words, company.zone) if words.strip() else ""
    except ValueError as error:
        raise Invalid(str(error)) from error
    stood = session.scalars(_of(whose, WorkHours.ended_at == 0)).all()
    before = stood[0].words if stood else ""
    if wanted == before:
        return before
    for row in stood:
        row.ended_at = now
    session.flush()
    number = next(take_ids(session, 1))
    add_new(session, WorkHours, [{"id": number, "team_id": whose.team_id, "rep_id": whose.rep_id, "words": wanted, "said_at": now}])
    subject = ("rep", whose.rep_id) if whose.rep_id is not None else ("team", whose.team_id) if whose.team_id is not None else ("calendar", 0)
    record(session, Change(subject[0], subject[1] or 0, "hours", actor, {"hours": before}, {"hours": wanted}), now=now)
    return before


def set_day(session: Session, actor: Actor, company: Company, day: date, off: bool | None, name: str = "", *, now: int) -> None:
    """Say that the firm is closed on a day, or that it works; None = as the country has it."""
    authorise(session, actor, Action.SET_CALENDARS)
    if abs((day - local(now, company.zone).date()).days) > AHEAD:
        raise Invalid("too far away")
    rows = session.scalars(select(OffDay).where(OffDay.day == day.isoformat(), OffDay.ended_at == 0)).all()
    before = next((bool(row.off) for row in rows), None)
    closed = day in public_days(company.holidays, day.year) if company.holidays else False
    said = None if off is None or (off == closed and not name) else off
    if said == before and not name:
        return
    for row in rows:
        row.ended_at = now
    session.flush()
    row_of: dict[str, Any] = {"day": day.isoformat(), "country": company.holidays or company.region, "name": clean_name(name, NAME_MOST), "said_at": now}
    # What is taken back is a row as well, ended from the start: that there is one more row is how every reader notices.
    add_new(session, OffDay, [{"id": next(take_ids(session, 1)), **row_of, "off": int(bool(said)), "ended_at": now if said is None else 0}])
    after = closed if said is None else said
    record(session, Change("calendar", 0, "day_off" if after else "day_on", actor, after={"day": day.isoformat()}), now=now)


def days_ahead(session: Session, company: Company, language: str, *, now: int, days: int = AHEAD - 35) -> list[DayOff]:
    """The days out of the ordinary from today on, the next first."""
    first = local(now, company.zone).date()
    last = first + timedelta(days=days)
    names: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        names.update(public_days(company.holidays or company.region, year, language))
    rows = session.scalars(select(OffDay).where(OffDay.ended_at == 0, OffDay.day >= first.isoformat(), OffDay.day <= last.isoformat())).all()
    said = {date.fromisoformat(row.day): row for row in rows}
    shown = sorted(day for day in {*names, *said} if first <= day <= last)
    return [_day(day, names, said.get(day), bool(company.holidays)) for day in shown]


def _day(day: date, names: Mapping[date, str], row: OffDay | None, kept: bool) -> DayOff:
    closed = kept and day in names
    return DayOff(day, (row.name if row else "") or names.get(day, ""), bool(row.off) if row else closed, row is not None)


def _said(session: Session, whose: Whose) -> WorkHours | None:
    return session.scalar(_of(whose, WorkHours.ended_at == 0).limit(1))


def _of(whose: Whose, *rules: ColumnElement[bool]) -> Select[WorkHours]:
    """What was said of the hours of just one, the newest first."""
    mine = select(WorkHours).where(WorkHours.team_id == whose.team_id, WorkHours.rep_id == whose.rep_id, *rules)
    return mine.order_by(WorkHours.said_at.desc(), WorkHours.id.desc())


def _there(session: Session, whose: Whose) -> None:
    if whose.rep_id is not None:
        member_of(session, whose.rep_id)
    elif whose.team_id is not None:
        team = session.get(TeamRow, whose.team_id)
        if team is None or team.ended_at:
            raise NotFound("no such team")


def newest(session: Session, whose: Whose) -> int:
    """The number of what was said last of somebody's hours (0 = nothing), by which it can be taken back."""
    row = _said(session, whose)
    return row.id if row else 0


def unset_hours(session: Session, actor: Actor, company: Company, whose: Whose, said: int, *, now: int) -> str:
    """Take back what was said last, by its number: what stood before holds again; raises `Expired` where more was said since."""
    authorise(session, actor, Action.SET_CALENDARS)
    if not said or newest(session, whose) != said:
        raise Expired
    earlier = session.scalar(_of(whose, WorkHours.id < said).order_by(None).order_by(WorkHours.id.desc()).limit(1))
    return set_hours(session, actor, company, whose, earlier.words if earlier else "", now=now)
