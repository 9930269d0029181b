"""Leave: the days on which a member of staff does not work; they plan their own, managers anybody's."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.text import clean
from crm.base.time import local
from crm.people.calendars import Leave
from crm.people.reps import Member, authorise, member_of

LONGEST = 366
AHEAD = 366
SHOWN = 40
NOTE_MOST = 200


class LeaveKind(StrEnum):
    """Why somebody is away, as far as colleagues need to know."""

    LEAVE = "leave"
    SICK = "sick"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Away:
    """Days somebody is away, both ends included; of a part of one day the instants between which (0 = whole days)."""

    id: int
    rep_id: int
    name: str
    from_on: date
    to_on: date
    kind: LeaveKind
    from_at: int = 0
    to_at: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """The days somebody wants to be away, both ends included; of a part of one day the instants from and to which (0 = whole days)."""

    from_on: date
    to_on: date
    kind: LeaveKind = LeaveKind.LEAVE
    note: str = ""
    from_at: int = 0
    to_at: int = 0


def part_of_day(from_at: int, to_at: int, zone: str) -> Wish:
    """Wanting to be away between two instants of one day where somebody lives."""
    return Wish(local(from_at, zone).date(), local(to_at - 1, zone).date(), from_at=from_at, to_at=to_at)


def plan_leave(session: Session, actor: Actor, company: Company, rep_id: int, wish: Wish, *, once: str, now: int) -> int:
    """Write down that a member is away and answer its number; a colleague's is planned by whoever sets calendars. Days that are planned already join."""
    _may(session, actor, rep_id)
    member = member_of(session, rep_id)
    today = local(now, member.zone or company.zone).date()
    if wish.to_on < wish.from_on or wish.to_on < today - timedelta(days=1):
        raise Invalid("leave ends before it begins, or is over")
    if wish.to_on - wish.from_on > timedelta(days=LONGEST) or wish.from_on > today + timedelta(days=AHEAD):
        raise Invalid("leave is too long, or too far away")
    if wish.to_at and not (wish.from_on == wish.to_on and wish.from_at < wish.to_at and wish.to_at > now):
        raise Invalid("a part of a day begins before it ends, and is not over")
    there = _planned(session, rep_id, wish)
    if there is not None:
        return there
    number = next(take_ids(session, 1))
    row = {"from_on": wish.from_on.isoformat(), "to_on": wish.to_on.isoformat(), "kind": wish.kind.value, "note": clean(wish.note)[:NOTE_MOST]}
    part = {"from_at": wish.from_at, "to_at": wish.to_at} if wish.to_at else {}
    add_new(session, Leave, [{"id": number, "rep_id": rep_id, **row, **part, "created_at": now}])
    said = {"from": row["from_on"], "to": row["to_on"], **part}
    record(session, Change("rep", rep_id, "leave", actor, after={**said, "leave": number}, once=f"leave:{once}"), now=now)
    return number


def _planned(session: Session, rep_id: int, wish: Wish) -> int | None:
    """A leave that covers what somebody wants already."""
    whole = and_(Leave.to_at == 0, Leave.from_on <= wish.from_on.isoformat(), Leave.to_on >= wish.to_on.isoformat())
    part = and_(Leave.to_at > 0, Leave.from_at <= wish.from_at, Leave.to_at >= wish.to_at)
    covers = or_(whole, part) if wish.to_at else whole
    return session.scalar(select(Leave.id).where(Leave.rep_id == rep_id, Leave.ended_at == 0, covers).limit(1))


def end_leave(session: Session, actor: Actor, leave_id: int, *, now: int) -> None:
    """Take leave back: its days are working days again."""
    row = _the(session, leave_id)
    _may(session, actor, row.rep_id)
    if row.ended_at:
        return
    row.ended_at = now
    session.flush()
    record(session, Change("rep", row.rep_id, "leave_over", actor, {"from": row.from_on, "to": row.to_on, "leave": leave_id}), now=now)


def renew_leave(session: Session, actor: Actor, leave_id: int, *, now: int) -> None:
    """Take back that leave was taken back."""
    row = _the(session, leave_id)
    _may(session, actor, row.rep_id)
    if not row.ended_at:
        return
    row.ended_at = 0
    session.flush()
    record(session, Change("rep", row.rep_id, "leave", actor, after={"from": row.from_on, "to": row.to_on, "leave": leave_id}), now=now)


def leave_at(session: Session, actor: Actor, leave_id: int) -> Away:
    """One leave, for whoever it is about and whoever sets calendars."""
    row = _the(session, leave_id)
    _may(session, actor, row.rep_id)
    return seen(row, member_of(session, row.rep_id).name)


def leaves_of(session: Session, actor: Actor, company: Company, rep_id: int | None, *, now: int) -> list[Away]:
    """The leave of a member that is not over, or, of None, everybody's; the next first."""
    if rep_id is None:
        authorise(session, actor, Action.SET_CALENDARS)
    else:
        _may(session, actor, rep_id)
    whose = [Leave.rep_id == rep_id] if rep_id is not None else []
    return _found(session, *whose, Leave.to_on >= local(now, company.zone).date().isoformat(), or_(Leave.to_at == 0, Leave.to_at > now))


def away_on(session: Session, company: Company, *, now: int, but: Collection[int] = ()) -> list[Away]:
    """Who is away today by the firm's clock, as every colleague may know."""
    today = local(now, company.zone).date().isoformat()
    found = _found(session, Leave.from_on <= today, Leave.to_on >= today, or_(Leave.to_at == 0, Leave.to_at > now))
    last: dict[int, Away] = {}
    for one in found:
        if one.rep_id not in but and (one.rep_id not in last or _lasts(last[one.rep_id]) < _lasts(one)):
            last[one.rep_id] = one
    return list(last.values())


def gone_now(session: Session, company: Company, rep_id: int, *, now: int) -> bool:
    """Whether a member is on leave at this instant."""
    today = local(now, company.zone).date().isoformat()
    days = and_(Leave.rep_id == rep_id, Leave.ended_at == 0, Leave.from_on <= today, Leave.to_on >= today)
    return session.scalar(select(Leave.id).where(days, or_(Leave.to_at == 0, and_(Leave.from_at <= now, Leave.to_at > now))).limit(1)) is not None


def _lasts(one: Away) -> tuple[date, bool, int]:
    return one.to_on, not one.to_at, one.to_at


def _found(session: Session, *where: object) -> list[Away]:
    question = select(Leave, Member.name).join(Member, Member.id == Leave.rep_id).where(Leave.ended_at == 0, Member.active == 1, *where)  # type: ignore[arg-type]
    return [seen(row, name) for row, name in session.execute(question.order_by(Leave.from_on, Leave.id).limit(SHOWN))]


def seen(row: Leave, name: str) -> Away:
    """A leave as colleagues see it."""
    return Away(row.id, row.rep_id, name, date.fromisoformat(row.from_on), date.fromisoformat(row.to_on), LeaveKind(row.kind), row.from_at, row.to_at)


def _may(session: Session, actor: Actor, rep_id: int) -> None:
    authorise(session, actor, Action.PLAN_LEAVE if isinstance(actor, Rep) and actor.id == rep_id else Action.SET_CALENDARS)


def _the(session: Session, leave_id: int) -> Leave:
    row = session.get(Leave, leave_id)
    if row is None:
        raise NotFound("no such leave")
    return row
