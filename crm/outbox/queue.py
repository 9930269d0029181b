"""Putting things on the way out; every once-key makes saying it twice impossible."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from crm.base.outbound import Lane, Outbound, Say
from crm.base.rows import add, add_new, among, ask, fixed, table_of, take_ids
from crm.base.tallies import Count, count
from crm.base.time import MINUTE
from crm.base.wakes import send_topic, wake
from crm.outbox.deliveries import Batch, BatchState, Delivery, State
from crm.outbox.payload import pack

_POSTED = (
    select(Delivery.card, Delivery.external_id)
    .where(among(Delivery.card, "cards"), Delivery.external_id.is_not(None), Delivery.state == fixed("sent"))
    .order_by(Delivery.id)
)
_OUTDATED = (
    update(table_of(Delivery))
    .where(among(Delivery.card, "cards"), Delivery.state == fixed("queued"), Delivery.id < bindparam("first"))
    .values(state=State.CANCELLED.value, detail="superseded", settled_at=bindparam("now"))
)
_WITHDRAWN = (
    update(table_of(Delivery))
    .where(Delivery.account == bindparam("surface"), Delivery.address == bindparam("whose"), Delivery.state == fixed("queued"))
    .values(state=State.CANCELLED.value, detail=bindparam("why"), settled_at=bindparam("now"))
)
_CALLED_BACK = (
    update(table_of(Delivery))
    .where(Delivery.id == bindparam("number"), Delivery.state == fixed("queued"))
    .values(state=State.CANCELLED.value, detail=bindparam("why"), settled_at=bindparam("now"))
    .returning(Delivery.id)
)
_PUT_BACK = (
    update(table_of(Delivery))
    .where(among(Delivery.id, "numbers"), Delivery.state == fixed("cancelled"), Delivery.payload.is_not(None))
    .values(state=State.QUEUED.value, detail=None, settled_at=0)
    .returning(Delivery.account)
)
_under_way = (Delivery.account == bindparam("surface"), Delivery.address == bindparam("whose"), Delivery.state == fixed("sending"))
_CARRIED = select(exists().where(*_under_way))
_NOT_AGAIN = update(table_of(Delivery)).where(*_under_way).values(batch_id=bindparam("batch"))
HELD_MOST = 5 * MINUTE
"""No answer is held longer than this so that it can be called back; what is due later than that after its queueing was put off on purpose."""
_held = Delivery.due_at - Delivery.created_at
_DATED_AHEAD = (
    update(table_of(Delivery))
    .where(Delivery.state == fixed("queued"), Delivery.due_at > bindparam("now"), Delivery.created_at > bindparam("now"))
    .where(or_(_held == fixed(0), and_(Delivery.talk == fixed(1), Delivery.settled_at == fixed(0), _held > fixed(0), _held <= fixed(HELD_MOST))))
    .values(due_at=bindparam("now", type_=BigInteger()) + _held)
    .returning(Delivery.account)
)
# What was put off while under way waits as long as it was told to then: a busy chat, a platform that asked for a moment.
_PUT_OFF = (
    update(table_of(Delivery))
    .where(Delivery.state == fixed("queued"), Delivery.due_at > bindparam("now"), Delivery.settled_at > bindparam("now"), Delivery.talk == fixed(1))
    .values(due_at=Delivery.due_at - Delivery.settled_at + bindparam("now", type_=BigInteger()), settled_at=bindparam("now"))
    .returning(Delivery.account)
)
PENDING = "#"
"""An edit's target may be a delivery that is still on its way: this mark and its number; the platform's id is known when the edit's turn comes."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to put on the way out to an address of an account; see `Delivery` for the fields."""

    account: str
    address: str
    outbound: Outbound
    lane: Lane
    once: str | None = None
    conversation_id: int | None = None
    message_id: int | None = None
    batch_id: int | None = None
    card: str | None = None
    due_at: int = 0
    place: int | None = None
    needs_media: bool = False
    desk: bool = False


def enqueue(session: Session, parcels: Sequence[Parcel], *, now: int) -> int:
    """Queue parcels; a card still waiting under the same name gives way to the newer one. Answers how many were new."""
    if not parcels:
        return 0
    ids = take_ids(session, len(parcels))
    posted = posted_cards(session, {parcel.card for parcel in parcels if parcel.card})
    rows = [_row(next(ids), parcel, now) for parcel in parcels]
    for row in rows:
        if row["card"] in posted:  # redrawing can wait, and must hold nothing back: news goes first
            row |= {"lane": int(Lane.FOLLOWUP), "talk": 0}
    new = add_new(session, Delivery, rows)
    cards = {row["card"]: row["id"] for row in rows if row["card"] and row["id"] in new}
    if cards:
        session.execute(_OUTDATED, {"cards": list(cards), "first": min(cards.values()), "now": now})
    count(session, Counter((row["account"], Count.CREATED) for row in rows if row["id"] in new), now=now)
    wake(session, *{send_topic(parcel.account) for parcel in parcels})
    return len(new)


def withdraw(session: Session, account: str, address: str, *, why: str, now: int) -> None:
    """Call back everything that waits for one address; what is being carried there now is let through by no gate should it come back to be tried again."""
    session.execute(_WITHDRAWN, {"surface": account, "whose": address, "why": why, "now": now})
    if session.scalar(_CARRIED, {"surface": account, "whose": address}):
        batch = next(take_ids(session, 1))
        add(session, Batch, [{"id": batch, "state": BatchState.CANCELLED.value, "created_at": now}])
        session.execute(_NOT_AGAIN, {"surface": account, "whose": address, "batch": batch})


def put_back(session: Session, delivery_ids: Sequence[int]) -> int:
    """Have what was withdrawn leave after all, at the time it was due; answers how many."""
    accounts = [row.account for row in ask(session, _PUT_BACK, {"numbers": list(delivery_ids)})] if delivery_ids else []
    wake(session, *{send_topic(account) for account in accounts})
    return len(accounts)


def call_back(session: Session, delivery_id: int, *, why: str, now: int) -> bool:
    """Cancel one that still waits; false when a sender, perhaps of another node, has just taken it."""
    return bool(ask(session, _CALLED_BACK, {"number": delivery_id, "why": why, "now": now}))


def date_anew(session: Session, *, now: int) -> int:
    """After the clock was set back: what was queued, or put off, at an instant that is yet to come waits no longer than it was to; answers how many."""
    accounts = [account for statement in (_DATED_AHEAD, _PUT_OFF) for account in session.execute(statement, {"now": now}).scalars()]
    wake(session, *{send_topic(account) for account in accounts})
    return len(accounts)


def posted_cards(session: Session, cards: set[str]) -> dict[str, str]:
    """Where these cards stand already, by name; the newest post wins."""
    return {row.card: row.external_id for row in session.execute(_POSTED, {"cards": list(cards)})} if cards else {}


def _row(number: int, parcel: Parcel, now: int) -> dict[str, Any]:
    return {
        "id": number,
        "account": parcel.account,
        "address": parcel.address,
        "conversation_id": parcel.conversation_id,
        "message_id": parcel.message_id,
        "batch_id": parcel.batch_id,
        "place": parcel.place or parcel.message_id or number,
        "talk": int(parcel.lane <= Lane.SERVICE),
        "desk": int(parcel.desk),
        "lane": int(parcel.lane),
        "due_at": parcel.due_at or now,
        "needs_media": parcel.outbound.media.attachment_id if parcel.needs_media and isinstance(parcel.outbound, Say) and parcel.outbound.media else 0,
        "payload": pack(parcel.outbound),
        "card": parcel.card,
        "once": parcel.once,
        "created_at": now,
    }
