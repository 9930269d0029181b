"""Calendars: when the firm, a team or a member of staff works: weekly hours, public holidays with what a manager said of them, leave."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Engine, and_, bindparam, cast, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.rows import among, ask, fixed
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import Hours, local, parse_hours
from crm.base.worktime import Calendar
from crm.people.public_days import public_days
from crm.people.reps import Member

AROUND, NEAR = 400, 2
"""So many days before and after an instant a calendar knows the days off; to know whether somebody works now, a few are enough."""
KEPT = 8
Known = dict[tuple[object, ...], Hours]
_known: WeakKeyDictionary[Engine, Known] = WeakKeyDictionary()
"""What was made of the rows of a database, by its version of them: rows are only ever added, so that nothing old is taken for new."""


class WorkHours(Row):
    """Weekly hours of a team or a member, or, of neither, of the whole firm in the place of its setting; the newest of each holds, the others are ended.

    `words` are written like the setting ("" = as the next wider one has it), `zone` is whose clock they are by ("" = the firm's).
    """

    __tablename__ = "work_hours"
    team_id: Mapped[int | None]
    rep_id: Mapped[int | None] = mapped_column(index=True)
    words: Mapped[str]
    zone: Mapped[str] = mapped_column(server_default="")
    said_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")


class OffDay(Row):
    """What a manager said of one day (ISO): that the firm is closed (`off` 1) or works (0), whatever the country does; the newest of a day holds."""

    __tablename__ = "off_days"
    day: Mapped[str]
    country: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    off: Mapped[int]
    said_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")


class Leave(Row):
    """Days on which a member does not work, both ends included (ISO days); one that was taken back is ended.

    Of a part of one day `from_at` and `to_at` are the instants between which they do not work (0 = whole days).
    """

    __tablename__ = "leaves"
    rep_id: Mapped[int] = mapped_column(index=True)
    from_on: Mapped[str]
    to_on: Mapped[str]
    from_at: Mapped[int] = mapped_column(server_default="0")
    to_at: Mapped[int] = mapped_column(server_default="0")
    kind: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Version:
    """The sum of the instants at which something was said of days and of hours: another one as soon as more is said, or another thing than was taken back."""

    days: int
    hours: int


DAYS_SAID: Any = select(cast(func.coalesce(func.sum(OffDay.said_at), fixed(0)), BigInteger)).scalar_subquery()
HOURS_SAID: Any = select(cast(func.coalesce(func.sum(WorkHours.said_at), fixed(0)), BigInteger)).scalar_subquery()
_VERSION = select(DAYS_SAID.label("days"), HOURS_SAID.label("hours"))
_own, _teams = aliased(WorkHours), aliased(WorkHours)
_MEMBERS = (
    select(Member.id, _own.words, _own.zone, _teams.words.label("team_words"), _teams.zone.label("team_zone"))
    .select_from(Member)
    .outerjoin(_own, and_(_own.rep_id == Member.id, _own.ended_at == fixed(0)))
    .outerjoin(_teams, and_(_teams.team_id == Member.team_id, _teams.ended_at == fixed(0)))
    .where(among(Member.id, "people"), Member.active == fixed(1))
    .order_by(_own.said_at, _teams.said_at)
)
_LEAVES = (
    select(Leave.rep_id, Leave.from_on, Leave.to_on, Leave.from_at, Leave.to_at)
    .where(among(Leave.rep_id, "people"), Leave.ended_at == fixed(0), Leave.to_on >= bindparam("first"), Leave.from_on <= bindparam("last"))
    .order_by(Leave.id)
)


def calendar_of(session: Session, company: Company, *, team_id: int | None = None, rep_id: int | None = None, around: int) -> Calendar:
    """When a member works, or a team, or the firm where neither is given; it knows the days off of 400 days before and after an instant."""
    firm = firm_hours(session, company, now=around)
    if team_id is None and rep_id is None:
        return Calendar(firm)
    if rep_id is None:
        said = _said_of(session, team_id, None)
        return Calendar(_narrower(said.words, said.zone, firm, company) if said else firm)
    return _calendars(session, company, [rep_id], around).get(rep_id, Calendar(firm))


def at_work(session: Session, company: Company, rep_ids: Collection[int], *, now: int) -> set[int]:
    """Who of these works now by their hours, leave and holidays; whether they are on duty besides is not asked. Where no hours were said, all do."""
    found, alike = _calendars(session, company, rep_ids, now, days=NEAR), dict[tuple[object, ...], bool]()
    for calendar in found.values():  # most have the very hours of the firm
        key = id(calendar.hours), calendar.off, calendar.gaps
        if key not in alike:
            alike[key] = works_at(calendar, now)
    return {number for number, calendar in found.items() if alike[id(calendar.hours), calendar.off, calendar.gaps]}


def next_at_work(session: Session, company: Company, rep_id: int, now: int) -> int | None:
    """When a member works next: now, if they do; None where that is more than a year away, or they are not of the staff."""
    found = _calendars(session, company, [rep_id], now).get(rep_id)
    return _next(found, now) if found else None


def next_of_any(session: Session, company: Company, *, now: int) -> int | None:
    """When the first of those on duty works next; None where nobody is on duty, or nobody works within a year."""
    on_duty = session.scalars(select(Member.id).where(Member.active == 1, Member.available == 1)).all()
    found = [_next(calendar, now) for calendar in _calendars(session, company, on_duty, now).values()]
    return min((at for at in found if at is not None), default=None)


def _next(calendar: Calendar, now: int) -> int | None:
    if works_at(calendar, now):
        return now
    day = local(now, calendar.hours.zone).date()
    for ahead in range(AROUND):
        for opening, _ in _spans(calendar, day + timedelta(days=ahead)):
            if opening > now:
                return opening
    return None


def began_since(session: Session, company: Company, rep_ids: Collection[int], since: int, *, now: int) -> set[int]:
    """Whose working day has begun between an instant and now; nobody's where no hours were said."""
    found = _calendars(session, company, rep_ids, now, days=NEAR)
    spans = {number: _spans(calendar, local(now, calendar.hours.zone).date()) for number, calendar in found.items()}
    return {number for number, each in spans.items() if each and any(found[number].hours.days) and since <= each[0][0] <= now}


def works_at(calendar: Calendar, now: int) -> bool:
    """Whether somebody with this calendar works at an instant; one without any hours works whenever no day off is."""
    return any(opening <= now < closing for opening, closing in _spans(calendar, local(now, calendar.hours.zone).date()))


def _spans(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    if not any(calendar.hours.days):  # nobody said when: any hour of a day that is not off
        calendar = replace(calendar, hours=replace(parse_hours("mon-sun 00:00-24:00", calendar.hours.zone), off=calendar.hours.off))
    return calendar.worked_on(day)


def firm_hours(session: Session, company: Company, *, now: int, version: Version | None = None) -> Hours:
    """The firm's weekly hours and days off as they are now; made once for what was said so far, and anew as soon as more was."""
    if version is None:
        [row] = ask(session, _VERSION, {})
        version = Version(row.days, row.hours)
    there = local(now, company.zone).date()
    key = (version, company.hours, company.holidays, there.year)
    known = _known.setdefault(session.get_bind().engine, {})
    if key not in known:
        while len(known) >= KEPT:
            known.pop(next(iter(known)))
        known[key] = _firm(session, company, there)
    return known[key]


def as_open(session: Session, company: Company, *, now: int, version: Version | None = None) -> Company:
    """The firm with the hours and days off that hold now: its `hours` are closed on a holiday."""
    return replace(company, hours=firm_hours(session, company, now=now, version=version))


def _firm(session: Session, company: Company, there: date) -> Hours:
    found = _said_of(session, None, None)
    hours = _parsed(found.words, found.zone or company.zone) if found and found.words else company.hours
    days = {day for year in range(there.year - 2, there.year + 3) for day in public_days(company.holidays, year)} if company.holidays else set()
    for row in session.execute(select(OffDay.day, OffDay.off).where(OffDay.ended_at == 0).order_by(OffDay.said_at, OffDay.id)):
        (days.add if row.off else days.discard)(date.fromisoformat(row.day))
    return replace(hours, off=frozenset(days))


def _said_of(session: Session, team_id: int | None, rep_id: int | None) -> WorkHours | None:
    """The newest hours that were said of just one."""
    mine = (WorkHours.team_id == team_id, WorkHours.rep_id == rep_id, WorkHours.ended_at == 0)
    return session.scalar(select(WorkHours).where(*mine).order_by(WorkHours.said_at.desc(), WorkHours.id.desc()).limit(1))


def _narrower(words: str | None, zone: str | None, wider: Hours, company: Company) -> Hours:
    """What was said of somebody, or else the wider hours; with the firm's days off either way."""
    return _with_off(_parsed(words, zone or company.zone), wider.off) if words else wider


@lru_cache(maxsize=256)
def _parsed(words: str, zone: str) -> Hours:
    return parse_hours(words, zone)


@lru_cache(maxsize=256)
def _with_off(hours: Hours, off: frozenset[date]) -> Hours:
    return replace(hours, off=off)


def _calendars(session: Session, company: Company, rep_ids: Collection[int], around: int, *, days: int = AROUND) -> dict[int, Calendar]:
    """The calendars of active members, with their leave of so many days around an instant."""
    if not rep_ids:
        return {}
    firm, middle = firm_hours(session, company, now=around), local(around, "UTC").date()
    bounds = middle - timedelta(days=days), middle + timedelta(days=days)
    given = {"people": list(rep_ids)}
    leaves = ask(session, _LEAVES, {**given, "first": bounds[0].isoformat(), "last": bounds[1].isoformat()})
    away, gaps = _away([row for row in leaves if not row.to_at], *bounds), _gaps([row for row in leaves if row.to_at])
    found: dict[int, Calendar] = {}
    for row in ask(session, _MEMBERS, given):
        theirs = _narrower(row.words, row.zone, _narrower(row.team_words, row.team_zone, firm, company), company)
        found[row.id] = Calendar(theirs, away.get(row.id, frozenset()), gaps.get(row.id, ()))
    return found


def _away(leaves: Sequence[Any], first: date, last: date) -> dict[int, frozenset[date]]:
    """The days of leave of each member, as far as they lie between two days."""
    found: dict[int, set[date]] = {}
    for row in leaves:
        start, end = max(date.fromisoformat(row.from_on), first), min(date.fromisoformat(row.to_on), last)
        found.setdefault(row.rep_id, set()).update(start + timedelta(days=ahead) for ahead in range((end - start).days + 1))
    return {number: frozenset(days) for number, days in found.items()}


def _gaps(leaves: Sequence[Any]) -> dict[int, tuple[tuple[int, int], ...]]:
    """The parts of days that each member is away."""
    found: dict[int, list[tuple[int, int]]] = {}
    for row in leaves:
        found.setdefault(row.rep_id, []).append((row.from_at, row.to_at))
    return {number: tuple(sorted(parts)) for number, parts in found.items()}
