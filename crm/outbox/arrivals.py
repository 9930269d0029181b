"""Arrivals: what platforms tell of what we sent; a state only moves up, and what is told too early waits for its delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Index, UniqueConstraint, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.events import Arrival
from crm.base.outbound import Lane
from crm.base.rows import add_new, among, ask, change, table_of, take_ids
from crm.base.table import Row
from crm.base.time import DAY
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, card, tell

KEPT = DAY
MOST = 2_000
"""How many may wait of one account: nobody has more on the way at once, and strangers can make them up."""
AS_TEMPLATE = "template: "
"""The detail of what went as an approved template begins so; its name follows."""


class PendingStatus(Row):
    """What a platform told of a message that we do not know by this id yet."""

    __tablename__ = "pending_statuses"
    account: Mapped[str]
    external_id: Mapped[str]
    arrival: Mapped[str]
    at: Mapped[int]
    detail: Mapped[str] = mapped_column(server_default="")
    kept_at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "external_id", "arrival"), Index("pending_statuses_kept", "kept_at"))


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one delivery; `at` is the platform's instant, `detail` begins with a `Reason` where it failed.

    `external_id` is the platform's id of one that was found by our own: its sending may have ended without it.
    """

    delivery_id: int
    arrival: Arrival
    at: int
    detail: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Came:
    """A delivery whose state has changed because of what was told."""

    delivery_id: int
    account: str
    address: str
    conversation_id: int | None
    message_id: int | None
    lane: int
    state: State
    detail: str


_COLUMNS = ("id", "account", "address", "conversation_id", "message_id", "lane", "state", "detail", "desk", "external_id")
_NOW = select(*(getattr(Delivery, name) for name in _COLUMNS)).where(among(Delivery.id, "ids"))
_LATE = (
    select(Delivery.id, PendingStatus.id.label("pending"), PendingStatus.arrival, PendingStatus.at, PendingStatus.detail)
    .join(PendingStatus, (PendingStatus.account == Delivery.account) & (PendingStatus.external_id == Delivery.external_id))
    .where(among(Delivery.id, "ids"))
)
_MOVE = (
    update(table_of(Delivery))
    .where(Delivery.id == bindparam("number"), Delivery.state == bindparam("before"))
    .values(state=bindparam("after"))
    .returning(Delivery.id)
)
_STEP = {Arrival.SENT: 1, Arrival.DELIVERED: 2, Arrival.READ: 3}
_STANDS = {State.QUEUED: 1, State.SENDING: 0, State.UNKNOWN: 0, State.EXPIRED: 0, State.SENT: 1, State.FAILED: 1, State.DELIVERED: 2, State.READ: 3}
_MAY_FAIL = (State.SENDING, State.UNKNOWN, State.SENT)


def moved(stands: State, arrival: Arrival) -> State | None:
    """Where a delivery is after what was told; None = where it was. Sent < delivered < read; what has arrived can fail no more.

    What failed was sent before, which may be told later; only that it arrived after all says otherwise. So it is with what waits to be sent again.
    """
    if arrival is Arrival.FAILED:
        return State.FAILED if stands in _MAY_FAIL else None
    if stands is State.CANCELLED or _STEP[arrival] <= _STANDS[stands]:
        return None
    return State(arrival.value)


def arrived(session: Session, told: Sequence[Told], *, now: int) -> list[Came]:
    """Move deliveries up by what was told of them; staff sees it on the card. Answers those that changed."""
    if not told:
        return []
    rows = {row.id: row for row in ask(session, _NOW, {"ids": sorted({one.delivery_id for one in told})}) if not row.desk}
    stands = {number: State(row.state) for number, row in rows.items()}
    details: dict[int, str] = {}
    for one in sorted(told, key=lambda one: one.at):
        if one.arrival is Arrival.FAILED and one.external_id and one.delivery_id in rows and rows[one.delivery_id].external_id not in (None, one.external_id):
            continue  # of an earlier sending, whose place another has taken
        after = moved(stands[one.delivery_id], one.arrival) if one.delivery_id in stands else None
        if after is not None:
            stands[one.delivery_id], details[one.delivery_id] = after, one.detail
    changed = {number for number, row in rows.items() if number in details and _moved(session, row, stands[number])}
    came = [_came(rows[number], stands[number], detail) for number, detail in details.items() if number in changed]
    change(session, Delivery, "id", [{"id": one.delivery_id, "detail": one.detail or None} for one in came])
    named = {one.delivery_id: one.external_id for one in told if one.external_id and one.delivery_id in rows}
    ids: list[dict[str, Any]] = [{"id": number, "external_id": external_id} for number, external_id in named.items()]
    change(session, Delivery, "id", ids, only=_nameless)
    tell(session, [notice for one in came for notice in _notices(one)], now=now)
    return came


def _moved(session: Session, row: Any, after: State) -> bool:
    """Move one from where it was read, unless another has moved it meanwhile."""
    return bool(ask(session, _MOVE, {"number": row.id, "before": row.state, "after": after.value}))


def _nameless(now: Any, _: Any) -> ColumnElement[bool]:
    """The id that came with the sending stays: one delivery may become several messages there, of which the first counts."""
    condition: ColumnElement[bool] = now.external_id.is_(None)
    return condition


def _came(row: Any, state: State, detail: str) -> Came:
    if state is not State.FAILED and (row.detail or "").startswith(AS_TEMPLATE):
        detail = row.detail
    return Came(row.id, row.account, row.address, row.conversation_id, row.message_id, row.lane, state, detail)


def _notices(one: Came) -> list[Notice]:
    if one.conversation_id is None or one.lane > Lane.SERVICE:
        return []
    if one.state is State.FAILED:
        return [Notice(NoticeKind.TROUBLE, one.delivery_id, f"trouble:{one.delivery_id}:{one.state}"), card(one.conversation_id)]
    return [card(one.conversation_id)] if one.lane == Lane.REPLY else []


def by_ref(session: Session, account: str, ref: str) -> list[Delivery]:
    """The delivery that a platform, or a person, names by our own mark (see `Say.ref`); empty where it is none of this account's."""
    number = ref.removeprefix("d")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return []
    found = session.get(Delivery, int(number))
    return [found] if found is not None and found.account == account and not found.desk else []


def put_off(session: Session, account: str, external_id: str, arrival: Arrival, at: int, detail: str, *, now: int) -> None:
    """Keep what was told of a message that is not known yet; what nothing came for in a day is given up."""
    session.execute(delete(PendingStatus).where(PendingStatus.kept_at < now - KEPT))
    if (session.scalar(select(func.count()).select_from(PendingStatus).where(PendingStatus.account == account)) or 0) >= MOST:
        return
    row = {"account": account, "external_id": external_id, "arrival": arrival.value, "at": at, "detail": detail, "kept_at": now}
    add_new(session, PendingStatus, [{"id": next(take_ids(session, 1)), **row}])


def catch_up(session: Session, delivery_ids: Sequence[int], *, now: int) -> list[Came]:
    """Apply what was told of these deliveries before their ids were known."""
    rows = ask(session, _LATE, {"ids": list(delivery_ids)})
    if not rows:
        return []
    session.execute(delete(PendingStatus).where(PendingStatus.id.in_([row.pending for row in rows])))
    return arrived(session, [Told(row.id, Arrival(row.arrival), row.at, row.detail) for row in rows], now=now)
