"""Drain: the third door. A delivery is `sending` on disk before the first byte leaves; nothing is sent twice by itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.db import Store
from crm.base.leases import take
from crm.base.outbound import GONE, Carrier, Delete, Edit, Lane, Limits, OpenMedia, Outbound, RetryLater, Say, Uncertain, Undeliverable, Window
from crm.base.rows import add, among, change, fixed, table_of, take_ids
from crm.base.tallies import Count, count
from crm.base.time import SECOND
from crm.outbox.deliveries import Batch, Delivery, State
from crm.outbox.fit import fit, fit_edit
from crm.outbox.gate import Passing, judge
from crm.outbox.pace import Pace
from crm.outbox.payload import pack, unpack
from crm.outbox.queue import PENDING, posted_cards
from crm.outbox.settle import Result, settle, strand
from crm.people.contacts import Contact, Identity

log = logging.getLogger(__name__)
WINDOW = 256

_ahead = aliased(Delivery)
_root = aliased(Contact)
_behind = exists().where(
    _ahead.account == Delivery.account,
    _ahead.address == Delivery.address,
    _ahead.talk == fixed(1),
    or_(_ahead.place < Delivery.place, and_(_ahead.place == Delivery.place, _ahead.part < Delivery.part)),
    or_(_ahead.state == fixed("queued"), _ahead.state == fixed("sending")),
)
DUE = (
    select(
        *(
            getattr(Delivery, name)
            for name in ("id", "address", "conversation_id", "message_id", "part", "place", "lane", "payload", "card", "attempts", "batch_id", "desk")
        ),
        Identity.id.label("identity_id"),
        Identity.reachable,
        Identity.last_inbound_at,
        _root.blocked,
        _root.marketing,
        _root.silenced,
        _root.zone,
        _root.promoted_at,
        Batch.state.label("batch_state"),
        Batch.valid_until,
    )
    .outerjoin(Identity, and_(Identity.account == Delivery.account, Identity.external_id == Delivery.address))
    .outerjoin(Contact, Contact.id == Identity.contact_id)
    .outerjoin(_root, _root.id == Contact.root_id)
    .outerjoin(Batch, Batch.id == Delivery.batch_id)
    .where(
        Delivery.account == bindparam("account"),
        Delivery.state == fixed("queued"),
        Delivery.due_at <= bindparam("now"),
        Delivery.needs_media == fixed(0),
        or_(Delivery.talk == fixed(0), ~_behind),
    )
    .order_by(Delivery.lane, Delivery.due_at, Delivery.id)
    .limit(bindparam("room"))
)
NEXT = select(func.min(Delivery.due_at)).where(
    Delivery.account == bindparam("account"), Delivery.state == fixed("queued"), Delivery.needs_media == fixed(0), Delivery.due_at > bindparam("now")
)
SENDING = (
    update(table_of(Delivery)).where(among(Delivery.id, "ids")).values(state=State.SENDING.value, claimed_at=bindparam("now"), attempts=Delivery.attempts + 1)
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One part that is `sending` on disk and may now be carried."""

    delivery_id: int
    address: str
    outbound: Outbound
    attempts: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a turn of the sender brought: parts to carry, and when to look again (0 = on a wake)."""

    claimed: tuple[Claimed, ...] = ()
    next_at: int = 0


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends on an account and what it may do now."""

    account: str
    node: str
    limits: Limits
    room: int
    busy: dict[str, int]
    spent: dict[str, int] = field(default_factory=dict)


def turn(session: Session, sender: Sender, results: Sequence[Result], *, now: int) -> Load:
    """Settle what was sent and claim what may leave, in one transaction."""
    held = take(session, f"send:{sender.account}", sender.node, now=now)
    if held is None:
        return Load(next_at=now + SECOND)
    if held.taken_over:
        strand(session, sender.account, before=now, now=now)
    settle(session, results, now=now)
    claimed = claim(session, sender, now=now) if sender.room > 0 else ()
    return Load(claimed, 0 if claimed else session.scalar(NEXT, {"account": sender.account, "now": now}) or 0)


def claim(session: Session, sender: Sender, *, now: int) -> tuple[Claimed, ...]:
    """The due heads of conversations: through the gate, fitted, marked `sending`."""
    rows = session.execute(DUE, {"account": sender.account, "now": now, "room": sender.room}).mappings().all()
    if not rows:
        return ()
    free: list[RowMapping] = []
    chats: set[str] = set()
    waits: list[Result] = []
    for row in rows:
        verdict, until = judge(passing(row), sender.limits, now=now), waits_until(row, sender)
        if verdict.state is not None:
            waits.append(Result(row["id"], verdict.state, verdict.due_at, detail=verdict.detail))
        elif until:
            waits.append(Result(row["id"], State.QUEUED, until))
        elif row["address"] not in chats:  # one at a time to a chat; the next is looked at when this one has landed
            chats.add(row["address"])
            free.append(row)
    settle(session, waits, now=now)
    posted = posted_cards(session, {row["card"] for row in free if row["card"]})
    claimed = tuple(prepare(session, row, sender, posted, now=now) for row in free)
    if claimed:
        session.execute(SENDING, {"ids": [part.delivery_id for part in claimed], "now": now})
    return claimed


def waits_until(row: RowMapping, sender: Sender) -> int:
    """Until when this chat must wait (0 = not at all)."""
    busy: int = sender.busy.get(row["address"], 0)
    return busy or (sender.spent.get(row["address"], 0) if row["lane"] >= Lane.FOLLOWUP else 0)


def prepare(session: Session, row: RowMapping, sender: Sender, posted: dict[str, str], *, now: int) -> Claimed:
    """One row as what the carrier gets: a card that stands becomes an edit, a text that is too long becomes parts."""
    outbound = unpack(row["payload"])
    if isinstance(outbound, Say) and row["card"] in posted:
        outbound = Edit(posted[row["card"]], outbound.text, outbound.buttons, outbound.html, outbound.media is not None)
    if isinstance(outbound, Edit):
        outbound = fit_edit(aimed(session, outbound), sender.limits)
    elif isinstance(outbound, Say) and row["part"] == 0:
        outbound, *rest = fit(outbound, sender.limits)
        if rest:
            _add_parts(session, row, sender.account, [outbound, *rest], now=now)
    return Claimed(row["id"], row["address"], outbound, row["attempts"] + 1)


def aimed(session: Session, edit: Edit) -> Edit:
    """An edit with the platform's id of what it changes, which may have become known since it was queued."""
    if not edit.message.startswith(PENDING):
        return edit
    return replace(edit, message=session.scalar(select(Delivery.external_id).where(Delivery.id == int(edit.message.removeprefix(PENDING)))) or "")


def _add_parts(session: Session, row: RowMapping, account: str, parts: Sequence[Say], *, now: int) -> None:
    """The first part stays in its row; each further part is a row of its own, so that a failure in the middle repeats nothing."""
    ids = take_ids(session, len(parts) - 1)
    kept = {name: row[name] for name in ("address", "conversation_id", "message_id", "place", "lane", "batch_id", "desk")}
    rows: list[dict[str, Any]] = [
        {"id": next(ids), "account": account, **kept, "talk": 1, "part": number, "due_at": now, "payload": pack(part), "created_at": now}
        for number, part in enumerate(parts[1:], 1)
    ]
    add(session, Delivery, rows)
    count(session, {(account, Count.CREATED): len(rows)}, now=now)
    change(session, Delivery, "id", [{"id": row["id"], "payload": pack(parts[0])}])


def passing(row: RowMapping) -> Passing:
    """What the gate sees of a claimed row."""
    return Passing(
        Lane(row["lane"]),
        row["identity_id"],
        bool(row["reachable"]),
        row["last_inbound_at"] or 0,
        bool(row["blocked"]),
        row["marketing"] or 0,
        bool(row["silenced"]),
        row["zone"] or "UTC",
        row["promoted_at"] or 0 if row["part"] == 0 else 0,  # the second half of a promotion is not a second promotion
        row["batch_state"],
        row["valid_until"] or 0,
    )


async def carry(carrier: Carrier, part: Claimed, open_media: OpenMedia, clock: Callable[[], int]) -> tuple[Result, RetryLater | None]:
    """Send one part and name the outcome; whatever a carrier raises beyond its contract means that nobody knows."""
    try:
        receipt = await carrier.send(part.address, part.outbound, open_media)
    except RetryLater as error:
        after = max(error.after, min(2.0**part.attempts, 60.0) if part.attempts > 1 else 0.0)
        return Result(part.delivery_id, State.QUEUED, clock() + int(after * SECOND), detail="retry later"), error
    except Undeliverable as error:
        gone = isinstance(part.outbound, Edit) and error.detail == GONE
        return Result(part.delivery_id, State.FAILED, detail=f"{error.reason}: {error.detail}", gone=gone), None
    except (Uncertain, OSError, TimeoutError) as error:
        if isinstance(part.outbound, Edit | Delete) and part.attempts < 4:  # doing these twice changes nothing
            return Result(part.delivery_id, State.QUEUED, clock() + 2**part.attempts * SECOND, detail=str(error)), None
        return Result(part.delivery_id, State.UNKNOWN, detail=str(error) or type(error).__name__), None
    except Exception as error:  # the books must balance even when a carrier breaks its contract
        log.exception("the carrier of %s broke its contract on delivery %s", carrier.account, part.delivery_id)
        return Result(part.delivery_id, State.UNKNOWN, detail=type(error).__name__), None
    target = part.outbound.message if isinstance(part.outbound, Edit | Delete) else None
    return Result(part.delivery_id, State.SENT, external_id=target or (receipt.ids[0] if receipt.ids else None)), None


class Drain:
    """The sender of one account: settles what ended with the claim of what comes next, at most `window` on the way."""

    def __init__(self, store: Store, carrier: Carrier, open_media: OpenMedia, *, node: str, clock: Callable[[], int], window: int = WINDOW) -> None:
        self._store, self._carrier, self._open_media = store, carrier, open_media
        self._node, self._clock, self._window = node, clock, window
        self._pace = Pace()
        self._flying: set[asyncio.Task[tuple[Claimed, Result, RetryLater | None]]] = set()
        self._ended: list[Result] = []

    async def run(self) -> int:
        """Send until nothing is due; answers the instant to look again (0 = when woken)."""
        while True:
            now = self._clock()
            limits = self._carrier.limits(Window(), now)
            room = min(self._window - len(self._flying), self._pace.room(limits, now))
            load = await self._turn(limits, room, now)
            for part in load.claimed:
                self._pace.sent(part.address, limits, now)
                self._flying.add(asyncio.create_task(self._fly(part)))
            if not self._flying:
                return load.next_at or (self._pace.free_at(limits, now) if room <= 0 else 0)
            await self._land()

    async def close(self, grace: float) -> None:
        """Let what flies arrive for at most `grace` seconds and settle it; the rest stays `sending`, which the next sender calls `unknown`."""
        self._window = 0
        if self._flying:
            await asyncio.wait(self._flying, timeout=grace)
        for task in self._flying:
            task.cancel()
        landed = await asyncio.gather(*self._flying, return_exceptions=True)
        self._flying = set()
        self._ended += [outcome[1] for outcome in landed if not isinstance(outcome, BaseException)]
        await self._turn(self._carrier.limits(Window(), self._clock()), 0, self._clock())

    async def _turn(self, limits: Limits, room: int, now: int) -> Load:
        ended = tuple(self._ended)
        sender = Sender(self._carrier.account, self._node, limits, room, self._pace.busy(limits, now), self._pace.spent(limits, now))
        load = await self._store.write(lambda session: turn(session, sender, ended, now=now))
        self._ended = self._ended[len(ended) :]  # only now: a refused commit must not lose how a sending ended
        return load

    async def _fly(self, part: Claimed) -> tuple[Claimed, Result, RetryLater | None]:
        result, asked = await carry(self._carrier, part, self._open_media, self._clock)
        return part, result, asked

    async def _land(self) -> None:
        done, self._flying = await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            part, result, asked = task.result()
            if asked is not None and asked.account:
                self._pace.hold_account(result.due_at)
            elif asked is not None:
                self._pace.hold(part.address, result.due_at)
            self._ended.append(result)
