"""Billed: how many of whom a promotion reaches cost money each, because their channel bills what is said to them now."""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from crm.base.outbound import Limits, May, Window
from crm.base.time import SECOND
from crm.outreach.segments import Segment, address_of, chosen
from crm.people.contacts import Contact, Identity

Ask = Callable[[Window], Limits]
"""What a channel takes now for an address with this window."""


def free_since(limits: Ask, now: int) -> int | None:
    """Whoever wrote at this instant or later is written to for nothing; `now` + 1 where everybody is billed, None where nobody is; pure."""
    if not _bills(limits(Window())):
        return None
    if _bills(limits(Window(now))):
        return now + 1
    least, most = 0, now
    while most - least > SECOND:
        middle = (least + most) // 2
        least, most = (middle, most) if _bills(limits(Window(middle))) else (least, middle)
    return most


def _bills(limits: Limits) -> bool:
    """Whether something can go and costs money: what nothing lets through costs none."""
    return not limits.free and limits.may is not May.NOTHING


def billed(session: Session, segment: Segment, since: Mapping[str, int], *, now: int) -> int:
    """How many of a segment's people are billed at the address they are written to; `since` is `free_since` of the accounts that bill."""
    if not since:
        return 0
    mine = address_of(segment).scalar_subquery()
    dear = or_(*(_dear(account, instant, now) for account, instant in sorted(since.items())))
    return session.scalar(select(func.count()).select_from(Contact).join(Identity, Identity.id == mine).where(*chosen(segment, now), dear)) or 0


def _dear(account: str, instant: int, now: int) -> ColumnElement[bool]:
    there = func.coalesce(Identity.account, "") == account  # no bare column, see `segments`
    return there if instant > now else and_(there, Identity.last_inbound_at < instant, Identity.session_ends_at <= now)
