"""Habits: what a member of staff sets for themselves: where they work, and what comes to them by itself."""

from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.people.reps import Member


def set_zone(session: Session, actor: Rep, zone: str, *, now: int) -> None:
    """Work by the clock of a zone ("" = the firm's); raises `Invalid` for one there is none of."""
    member = _self(session, actor)
    if zone:
        try:
            ZoneInfo(zone)
        except (ValueError, KeyError, OSError) as error:
            raise Invalid("no such zone") from error
    if member.zone != zone:
        before, member.zone = member.zone, zone
        session.flush()
        record(session, Change("rep", member.id, "zone", actor, {"zone": before}, {"zone": zone}), now=now)


def set_morning(session: Session, actor: Rep, morning: bool, *, now: int) -> None:
    """Have one's plan of the day when the firm opens, or only when one asks."""
    member = _self(session, actor)
    if member.morning != int(morning):
        member.morning = int(morning)
        session.flush()
        record(session, Change("rep", member.id, "morning_on" if morning else "morning_off", actor), now=now)


def has_morning(session: Session, actor: Rep) -> bool:
    """Whether their plan comes to a member in the morning."""
    return bool(_self(session, actor).morning)


def set_weekly(session: Session, actor: Rep, weekly: bool, *, now: int) -> None:
    """Read once a week what was done for one, or not."""
    member = _self(session, actor)
    if member.weekly != int(weekly):
        member.weekly = int(weekly)
        session.flush()
        record(session, Change("rep", member.id, "weekly_on" if weekly else "weekly_off", actor), now=now)


def has_weekly(session: Session, actor: Rep) -> bool:
    """Whether a member reads once a week what was done for them."""
    return bool(_self(session, actor).weekly)


def _self(session: Session, actor: Rep) -> Member:
    member = session.get(Member, actor.id)
    if member is None or not member.active:
        raise NotFound
    return member
