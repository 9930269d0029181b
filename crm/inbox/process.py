"""Process: the only conductor. From kept events to rows of the business, a batch at a time, each lane in order.

A step applies the batch parsed before and claims the next in one transaction: the attempt is committed before it is made, at one commit a
batch. Between two steps the rim parses, outside any transaction.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.dialect import in_transaction
from crm.base.events import Event, IdentityChanged, OptOut, OwnAccount, RawEvent, SessionStarted, Unknown
from crm.base.leases import FREE, Lease, Seat, renew, take_shards
from crm.base.rows import among, ask, change, fixed, run, table_of
from crm.base.settings import Company
from crm.base.tallies import Count, count
from crm.base.time import SECOND
from crm.inbox.acts import act
from crm.inbox.besides import has_more, keep_besides
from crm.inbox.entrances import entered, remember
from crm.inbox.log import RawBody, RawEventRow, Waiting
from crm.inbox.own import lent
from crm.inbox.parked import placeholder
from crm.inbox.plan import Got
from crm.inbox.rare import arrive, changed, is_rare, seldom
from crm.inbox.receive import Turn, is_heard, receive
from crm.inbox.recognise import recognise
from crm.inbox.topics import titled
from crm.outbox.notices import Notice, NoticeKind, tell

log = logging.getLogger(__name__)
TRIES = 5
UNREADABLE = "unreadable"
Parse = Callable[[RawEvent], Sequence[Event]]

_earlier = aliased(Waiting)
_blocked = exists().where(_earlier.lane == Waiting.lane, _earlier.rank < Waiting.rank, _earlier.attempts > fixed(0), _earlier.parked == fixed(0))
_due = (
    select(Waiting.event_id, Waiting.lane, Waiting.shard, Waiting.attempts, RawEventRow.account, RawEventRow.key, RawEventRow.received_at, RawBody.body)
    .join(RawEventRow, RawEventRow.id == Waiting.event_id)
    .join(RawBody, RawBody.event_id == Waiting.event_id)
    .where(Waiting.desk == bindparam("desk"), Waiting.parked == fixed(0), Waiting.due_at <= bindparam("now"), ~_blocked)
    .order_by(Waiting.rank, Waiting.event_id)
)
SUSPECT = _due.where(Waiting.attempts > fixed(0)).limit(1)
DUE = _due.limit(bindparam("most"))
_in_hand = among(Waiting.shard, "shards")
SUSPECT_IN_HAND, DUE_IN_HAND = SUSPECT.where(_in_hand), DUE.where(_in_hand)
SHARDS_DUE = (
    FREE.add_columns(Lease.shard)
    .where(exists().where(Waiting.desk == bindparam("desk"), Waiting.shard == Lease.shard, Waiting.parked == fixed(0), Waiting.due_at <= bindparam("now")))
    .order_by(Lease.until)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=Lease)
)
POOLS = ("inbox", "desk")
COUNT = update(table_of(Waiting)).where(among(Waiting.event_id, "ids")).values(attempts=Waiting.attempts + 1)
DONE = delete(table_of(Waiting)).where(among(Waiting.event_id, "ids"))


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event under its attempt, and what parsing made of it: events, or a fault; `lease` and `token` are those of its shard, among nodes."""

    event_id: int
    attempts: int
    raw: RawEvent
    events: tuple[Event, ...] = ()
    fault: str = ""
    lease: str = ""
    token: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What applying a batch needs besides the batch; `seat` is this node's among others of one server, None where it is alone;
    `numbered` are the accounts where buttons are shown as numbers."""

    turn: Turn
    company: Company
    limit: int = 200
    backoff_ms: int = SECOND
    seat: Seat | None = None
    numbered: frozenset[str] = frozenset()


def step(session: Session, done: Sequence[Claimed], rules: Rules, *, now: int) -> tuple[Claimed, ...]:
    """Apply the batch before, claim the next; empty when nothing is due. Raises `Lost` when another node has taken a shard of the batch over."""
    renew(session, tokens(done), now=now, ttl=0)
    if done:
        finish(session, done, rules, now=now)
    return claim(session, desk=False, now=now, limit=rules.limit, seat=rules.seat)


def claim(session: Session, *, desk: bool, now: int, limit: int, seat: Seat | None = None) -> tuple[Claimed, ...]:
    """Count an attempt on the due events whose turn it is, each lane up to one that failed before; such a one goes alone."""
    if seat is None:
        return _claim(session, {"now": now, "desk": int(desk)}, limit, {}, now=now)
    pool = POOLS[desk]
    leases = take_shards(session, SHARDS_DUE, {"pool": pool, "desk": int(desk), "now": now}, seat)
    if not leases:
        return ()
    shards = [int(name.removeprefix(pool + ":")) for name in leases]
    claimed = _claim(session, {"now": now, "desk": int(desk), "shards": shards}, limit, leases, now=now)
    used = tokens(claimed)
    renew(session, {name: token for name, token in leases.items() if name not in used}, now=now, ttl=0)
    return claimed


def tokens(batch: Sequence[Claimed]) -> dict[str, int]:
    """The leases of the shards that a batch comes from."""
    return {one.lease: one.token for one in batch if one.lease}


def _claim(session: Session, given: dict[str, Any], limit: int, leases: dict[str, int], *, now: int) -> tuple[Claimed, ...]:
    suspect, due = (SUSPECT_IN_HAND, DUE_IN_HAND) if leases else (SUSPECT, DUE)
    rows = ask(session, suspect, given) or ask(session, due, {**given, "most": limit})
    if rows and rows[0].attempts >= TRIES:  # it was begun five times and never ended: whoever tried it died of it
        park(session, [_claimed(rows[0], given["desk"], {}, fault="nobody who began with it came to the end")], now=now)
        return _claim(session, given, limit, leases, now=now)
    if rows:
        run(session, COUNT, {"ids": [row.event_id for row in rows]})
    return tuple(_claimed(row, given["desk"], leases) for row in rows)


def _claimed(row: Any, desk: int, leases: dict[str, int], fault: str = "") -> Claimed:
    raw = RawEvent(row.account, row.key, row.lane, row.body, row.received_at, bool(desk))
    lease = f"{POOLS[desk]}:{row.shard}" if leases else ""
    return Claimed(row.event_id, row.attempts + (not fault), raw, fault=fault, lease=lease, token=leases.get(lease, 0))


def read(batch: Sequence[Claimed], parse: Parse) -> tuple[Claimed, ...]:
    """Parse a batch; a parser that raises faults its own event. Pure."""
    return tuple(_read(one, parse) for one in batch)


def _read(one: Claimed, parse: Parse) -> Claimed:
    try:
        events = tuple(parse(one.raw))
        if len(events) == 1 and isinstance(events[0], Unknown) and events[0].kind == UNREADABLE:  # genuine, and nobody can say what it is: it is shown
            return replace(one, events=events, fault=UNREADABLE)
        return Claimed(one.event_id, one.attempts, one.raw, events, one.fault, one.lease, one.token)  # three times as fast as `replace`
    except Exception as error:
        log.exception("event %s cannot be read", one.event_id)
        return replace(one, fault=f"{type(error).__name__}: {error}"[:500])


def finish(session: Session, batch: Sequence[Claimed], rules: Rules, *, now: int) -> None:
    """Apply what can be applied; a failing batch is redone event by event, and a fault stops its own lane only."""
    ready, faults = runnable(batch)
    try:
        with session.begin_nested():
            apply(session, ready, rules, now=now)
    except Exception:
        if not in_transaction(session.connection()):
            raise
        ready, more = one_by_one(session, ready, rules, now=now)
        faults += more
    run(session, DONE, {"ids": [one.event_id for one in ready]})
    outcomes = Counter((one.raw.account, Count.DONE if any(_means(event) for event in one.events) else Count.IGNORED) for one in ready)
    count(session, outcomes, now=now)
    set_aside(session, faults, rules, now=now)
    touched = {one.event_id for one in (*ready, *faults)}
    change(session, Waiting, "event_id", [{"event_id": one.event_id, "attempts": one.attempts - 1} for one in batch if one.event_id not in touched])


def _means(event: Event) -> bool:
    """Whether an event concerns anybody: what nobody sent is only counted."""
    return not isinstance(event, Unknown) or event.sender is not None


def apply(session: Session, batch: Sequence[Claimed], rules: Rules, *, now: int) -> None:
    """What the events of a batch mean; the few that carry actions or are rare run as ordinary verbs in the same transaction."""
    for part in in_turn([Got(one.event_id, place, one.raw.account, one.raw.received_at, event) for one in batch for place, event in enumerate(one.events)]):
        _apply(session, part, rules, now=now)


def in_turn(got: list[Got]) -> list[list[Got]]:
    """Cut where somebody speaks again after they wanted no more, or were gone: what they say later holds; pure."""
    if not any(isinstance(one.event, OptOut | IdentityChanged) for one in got):  # as nearly always
        return [got]
    parts: list[list[Got]] = [[]]
    gone: set[tuple[str, str]] = set()
    for one in got:
        who = (one.account, one.event.sender.external_id) if one.event.sender else None
        if who in gone and is_heard(one.event):
            parts.append([])
            gone.clear()
        parts[-1].append(one)
        if who and isinstance(one.event, OptOut | IdentityChanged):
            gone.add(who)
    return parts


def _apply(session: Session, got: Sequence[Got], rules: Rules, *, now: int) -> None:
    for one in got:
        if isinstance(one.event, IdentityChanged) and one.event.new_id:  # what comes under the new id is theirs already
            changed(session, one, now=now)
        elif isinstance(one.event, OwnAccount):  # whose it is tells whether what is written there is ours to read
            lent(session, one, now=now)
    got, came = entered(session, titled(session, recognise(session, got, rules.numbered)))
    for one in got:
        if isinstance(one.event, SessionStarted) and one.event.source.payload:
            arrive(session, one, rules.company, now=now)
    session.flush()
    session.expunge_all()
    for due in receive(session, got, rules.turn, rules.company, now=now):
        act(session, due, rules.company, now=now)
    if rare := [one for one in got if is_rare(one.event)]:
        seldom(session, rare, company=rules.company, now=now)
    if more := [one for one in got if has_more(one.event)]:  # last, since the rarer bring lines and addresses too
        keep_besides(session, more, now=now)
    if came:
        remember(session, came, now=now)


def runnable(batch: Sequence[Claimed]) -> tuple[list[Claimed], list[Claimed]]:
    """Each lane up to its first fault, and the faults; pure."""
    ready: list[Claimed] = []
    faults: dict[str, Claimed] = {}
    for one in batch:
        if one.raw.lane in faults:
            continue
        if one.fault:
            faults[one.raw.lane] = one
        else:
            ready.append(one)
    return ready, list(faults.values())


def one_by_one(session: Session, batch: Sequence[Claimed], rules: Rules, *, now: int) -> tuple[list[Claimed], list[Claimed]]:
    """The slow way round: every event in its own savepoint, in order, its lane stopping at the first failure."""
    ready: list[Claimed] = []
    faults: dict[str, Claimed] = {}
    for one in batch:
        if one.raw.lane in faults:
            continue
        try:
            with session.begin_nested():
                apply(session, [one], rules, now=now)
            ready.append(one)
        except Exception as error:
            if not in_transaction(session.connection()):
                raise
            log.exception("event %s cannot be applied", one.event_id)
            faults[one.raw.lane] = replace(one, fault=f"{type(error).__name__}: {error}"[:500])
    return ready, list(faults.values())


def set_aside(session: Session, faults: Sequence[Claimed], rules: Rules, *, now: int) -> None:
    """A fault is tried again later; at the fifth it is parked."""
    again = [one for one in faults if one.attempts < TRIES]
    rows: list[dict[str, Any]] = [
        {"event_id": one.event_id, "attempts": one.attempts, "due_at": now + rules.backoff_ms * 2**one.attempts, "error": one.fault} for one in again
    ]
    change(session, Waiting, "event_id", rows)
    park(session, [one for one in faults if one.attempts >= TRIES], now=now)


def park(session: Session, parked: Sequence[Claimed], *, now: int) -> None:
    """Put events aside with their bytes and error: a line stands in the thread, and managers are told."""
    change(session, Waiting, "event_id", [{"event_id": one.event_id, "attempts": one.attempts, "parked": 1, "error": one.fault} for one in parked])
    for one in parked:
        placeholder(session, one.event_id, one.raw.account, one.raw.lane, now=now)
    tell(session, [Notice(NoticeKind.PARKED, one.event_id, f"parked:{one.event_id}:{now}") for one in parked], now=now)
