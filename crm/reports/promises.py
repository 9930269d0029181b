"""Promises in figures: what nobody knows, what waits and how long, who took over from whom; for whoever watches from outside."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, case, column, func, or_, select, table
from sqlalchemy.orm import Session

from crm.base.dialect import instant
from crm.base.installation import held_since
from crm.base.leases import Lease
from crm.base.rows import fixed
from crm.base.tallies import Tally
from crm.outbox.deliveries import Batch, BatchState, Delivery, State
from crm.outreach.campaigns import Campaign, CampaignState

# The inbox stands above the reports and is never imported here: its two tables are named, not mapped.
_events = table("raw_events", column("id"), column("account"), column("received_at"))
_waiting = table("waiting", column("event_id"), column("desk"), column("parked"))
_kept = _waiting.join(_events, _events.c.id == _waiting.c.event_id)

UNKNOWN = select(Delivery.account, func.count()).where(Delivery.state == fixed(State.UNKNOWN.value)).group_by(Delivery.account)
# Begun at the few that wait: begun at the accounts, SQLite reads every event there ever was.
_account = select(_events.c.account).where(_events.c.id == _waiting.c.event_id).scalar_subquery().label("account")
_parked = select(_account).where(_waiting.c.parked == fixed(1)).subquery()
PARKED = select(_parked.c.account, func.count()).group_by(_parked.c.account)
WAITING = (
    select(_waiting.c.desk, func.count(), func.min(_events.c.received_at)).select_from(_kept).where(_waiting.c.parked == fixed(0)).group_by(_waiting.c.desk)
)
_held = or_(Batch.state.is_(None), Batch.state == fixed(BatchState.RUNNING.value))
# What a manager holds is not late.
QUEUED = (
    select(Delivery.account, Delivery.lane, func.count(), func.min(case((_held & (Delivery.due_at <= bindparam("now")), Delivery.due_at))))
    .outerjoin(Batch, Batch.id == Delivery.batch_id)
    .where(Delivery.state == fixed(State.QUEUED.value))
    .group_by(Delivery.account, Delivery.lane)
)
SENDING = select(Delivery.account, func.count()).where(Delivery.state == fixed(State.SENDING.value)).group_by(Delivery.account)
TALLIED = select(Tally.account, Tally.kind, func.sum(Tally.amount)).group_by(Tally.account, Tally.kind)
# Shards of the inbox change hands with every batch, which says nothing.
LEASES = select(Lease.name, Lease.token, (Lease.until > instant("now")).label("held")).where(Lease.pool == fixed(""), Lease.token > 0)
RUNNING = (CampaignState.COMPOSING, CampaignState.RUNNING, CampaignState.HELD)
CAMPAIGNS = select(Campaign.state, func.count()).where(Campaign.state.in_([state.value for state in RUNNING])).group_by(Campaign.state)


@dataclass(frozen=True, slots=True)
class Waits:
    """Kept events that are not processed yet, customers' or the staff's; the age of the oldest in milliseconds."""

    desk: bool
    amount: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What is to leave on one account in one lane; `late_ms` is how long the oldest that is due has been due."""

    account: str
    lane: int
    amount: int
    late_ms: int


@dataclass(frozen=True, slots=True)
class Tenure:
    """One lease: how often it has changed hands, and whether anybody holds it now."""

    name: str
    changes: int
    held: bool


Counted = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Promises:
    """The figures of one database at one instant; names of accounts, kinds and states beside each.

    `held_ms` is how long nothing has been sent to customers because a manager has not released this installation (0 = it is sent).
    """

    at: int
    held_ms: int
    unknown: Counted
    parked: Counted
    sending: Counted
    campaigns: Counted
    waits: tuple[Waits, ...]
    queues: tuple[Queue, ...]
    totals: tuple[tuple[str, str, int], ...]
    leases: tuple[Tenure, ...]


def promises(session: Session, *, now: int) -> Promises:
    """Read every figure, by indexes and from rows that are few; it only asks."""
    since = held_since(session)
    return Promises(
        at=now,
        held_ms=max(1, now - since) if since else 0,
        unknown=_counted(session, UNKNOWN),
        parked=_counted(session, PARKED),
        sending=_counted(session, SENDING),
        campaigns=_counted(session, CAMPAIGNS),
        waits=tuple(_waits(session, now)),
        queues=tuple(_queues(session, now)),
        totals=tuple(sorted((account, kind, int(amount)) for account, kind, amount in session.execute(TALLIED))),
        leases=tuple(sorted((Tenure(name, token, bool(held)) for name, token, held in session.execute(LEASES, {"now": now})), key=lambda one: one.name)),
    )


def newest(session: Session) -> int:
    """The instant of the newest event, to hold the clock against (0 = there is none)."""
    return session.scalar(select(_events.c.received_at).order_by(_events.c.id.desc()).limit(1)) or 0


def _counted(session: Session, question: Select[str, int]) -> Counted:
    return tuple(sorted((name, int(amount)) for name, amount in session.execute(question)))


def _waits(session: Session, now: int) -> Iterator[Waits]:
    """Both kinds of lanes, also the one where nothing waits: a figure that is missing looks like one that is not asked."""
    found = {bool(desk): (amount, oldest) for desk, amount, oldest in session.execute(WAITING)}
    for desk in (False, True):
        amount, oldest = found.get(desk, (0, now))
        yield Waits(desk, amount, max(0, now - oldest))


def _queues(session: Session, now: int) -> Iterator[Queue]:
    rows = session.execute(QUEUED, {"now": now}).all()
    for account, lane, amount, due in sorted(rows, key=lambda row: (row[0], row[1])):
        yield Queue(account, lane, amount, now - due if due is not None else 0)
