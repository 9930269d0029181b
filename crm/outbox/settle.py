"""What became of what was sent: states only move on, trouble is told, a card shows it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Expired, NotFound
from crm.base.history import Change, record
from crm.base.outbound import Lane, Reason
from crm.base.policy import Action
from crm.base.rows import among, ask, change, fixed, run, table_of
from crm.base.time import MINUTE
from crm.base.wakes import send_topic, wake
from crm.outbox import pieces
from crm.outbox.arrivals import Came, arrived, catch_up
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Contact, Identity
from crm.people.reps import authorise

PATIENCE = 15 * MINUTE
EVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Result:
    """How one sending ended; `queued` with `due_at` = it certainly did not leave, try again then; `gone` = what was to be edited is not there any more.

    `pieces` = the ids of the messages it became, where it has arrived when all have; then there is no `external_id`.
    """

    delivery_id: int
    state: State
    due_at: int = 0
    external_id: str | None = None
    detail: str | None = None
    gone: bool = False
    pieces: tuple[str, ...] = ()


_ABOUT = select(Delivery.id, Delivery.account, Delivery.address, Delivery.conversation_id, Delivery.lane, Delivery.desk, Delivery.card).where(
    among(Delivery.id, "ids")
)
_STRANDED = select(Delivery.id).where(Delivery.account == bindparam("account"), Delivery.state == fixed("sending"), Delivery.claimed_at <= bindparam("before"))
_OWNERS = select(Identity.contact_id).where(Identity.account == bindparam("of"), among(Identity.external_id, "addresses"))
_ROOTS = select(Contact.root_id).where(among(Contact.id, "ids"))
_PROMOTED = update(table_of(Contact)).where(among(Contact.id, "ids")).values(promoted_at=bindparam("at"))
_OLDER = (
    update(table_of(Delivery))
    .where(Delivery.card == bindparam("name"), Delivery.id < bindparam("newest"), Delivery.state.not_in([fixed("queued"), fixed("sending")]))
    .values(card=None)
)
_REPEATED = (
    select(Delivery.card)
    .where(among(Delivery.card, "cards"), Delivery.state == fixed("unknown"), Delivery.settled_at > bindparam("since"))
    .group_by(Delivery.card)
    .having(func.count() > 1)
)
_FORGET = update(table_of(Delivery)).where(among(Delivery.card, "cards")).values(card=None)
_BLOCKED = (
    update(table_of(Identity))
    .where(Identity.account == bindparam("of"), among(Identity.external_id, "addresses"), Identity.reachable == fixed(1))
    .values(reachable=0)
)


def _stands(now: Any, given: Any) -> ColumnElement[bool]:
    """A result changes what is under way; what was given up as unknown learns only that it was sent: anything else a dead sender says late is void."""
    return or_(now.state.in_([fixed("queued"), fixed("sending")]), and_(now.state == fixed("unknown"), given["state"] == fixed("sent")))


def settle(session: Session, results: Sequence[Result], *, now: int) -> list[Came]:
    """Write down how sendings ended and tell whoever must know; answers what became of those of which platforms had told already."""
    if not results:
        return []
    rows: list[dict[str, Any]] = [
        {
            "id": r.delivery_id,
            "state": r.state.value,
            "due_at": r.due_at or now,
            "external_id": r.external_id,
            "detail": r.detail,
            "settled_at": now,
        }
        for r in results
    ]
    change(session, Delivery, "id", rows, only=_stands)
    ended = {r.delivery_id: r for r in results if r.state is not State.QUEUED}
    if not ended:
        return []
    about = ask(session, _ABOUT, {"ids": list(ended)})
    gone = [row.card for row in about if ended[row.id].gone and row.card]
    if gone:
        run(session, _FORGET, {"cards": gone})
    known = [number for number, r in ended.items() if r.external_id]
    came = catch_up(session, known, now=now) if known else []
    for account in {row.account for row in about if ended[row.id].pieces}:
        split = {row.id: ended[row.id].pieces for row in about if row.account == account and ended[row.id].pieces}
        came += arrived(session, pieces.note(session, account, split, now=now), now=now)
    for row in about:
        if row.card and ended[row.id].state is State.SENT:
            run(session, _OLDER, {"name": row.card, "newest": row.id})
    doubtful = {row.card for row in about if row.card and ended[row.id].state is State.UNKNOWN}
    repeated = {row.card for row in ask(session, _REPEATED, {"cards": list(doubtful), "since": now - PATIENCE})} if doubtful else set[str]()
    tell(session, [notice for row in about for notice in _notices(row, ended[row.id], repeated)], now=now)
    blocked = [row for row in about if ended[row.id].state is State.FAILED and (ended[row.id].detail or "").startswith(Reason.BLOCKED)]
    promoted = [row for row in about if ended[row.id].state in (State.SENT, State.UNKNOWN) and row.lane == Lane.PROMOTION]
    for account in {row.account for row in blocked}:
        run(session, _BLOCKED, {"of": account, "addresses": [row.address for row in blocked if row.account == account]})
    for account in {row.account for row in promoted}:
        _promoted(session, account, [row.address for row in promoted if row.account == account], now=now)
    return came


def _promoted(session: Session, account: str, addresses: list[str], *, now: int) -> None:
    """Remember when these people last had a promotion.

    In steps, each a list of ids: a server that planned one statement for all while the tables were nearly empty compares everybody with everybody.
    """
    owners = [row.contact_id for row in ask(session, _OWNERS, {"of": account, "addresses": addresses})]
    roots = [row.root_id for row in ask(session, _ROOTS, {"ids": owners})]
    run(session, _PROMOTED, {"ids": roots, "at": now})


def _notices(row: Any, result: Result, repeated: Set[str]) -> list[Notice]:
    """What staff must be told about one ended sending."""
    bad = result.state in (State.FAILED, State.UNKNOWN)
    if row.desk and (result.gone or result.state is State.UNKNOWN) and row.card and row.conversation_id and row.card not in repeated:
        return [card(row.conversation_id)]
    if row.desk:
        lost = bad and (result.detail or "").startswith(Reason.BLOCKED)
        return [Notice(NoticeKind.REP_LOST, row.id, f"rep_lost:{row.address}", {"address": row.address})] if lost else []
    found: list[Notice] = []
    if row.conversation_id is None:
        return [Notice(NoticeKind.TROUBLE, row.id, f"trouble:{row.id}:{result.state}")] if bad else found
    if bad and row.lane <= Lane.SERVICE:
        found.append(Notice(NoticeKind.TROUBLE, row.id, f"trouble:{row.id}:{result.state}"))
    if row.lane == Lane.REPLY or (bad and row.lane <= Lane.SERVICE):
        found.append(card(row.conversation_id))
    return found


def strand(session: Session, account: str, *, before: int = EVER, now: int) -> int:
    """What a dead sender left in `sending` may have left the house or not: it becomes `unknown`, never `queued`.

    Whoever takes an account over takes all of it, also what was claimed by a clock that has been set back since.
    """
    ids = [row.id for row in ask(session, _STRANDED, {"account": account, "before": before})]
    settle(session, [Result(number, State.UNKNOWN, detail="the sender stopped before the answer came") for number in ids], now=now)
    return len(ids)


def resend(session: Session, actor: Actor, delivery_id: int, *, now: int) -> None:
    """A person decides that an unknown or failed part is sent again."""
    delivery = _open_question(session, actor, delivery_id, State.UNKNOWN, State.FAILED)
    delivery.state, delivery.due_at, delivery.settled_at, delivery.detail = State.QUEUED.value, now, now, None
    delivery.external_id = None  # what is told of the first sending is not told of this one
    pieces.forget(session, delivery.id)
    session.flush()
    record(session, Change("delivery", delivery.id, "resent", actor), now=now)
    wake(session, send_topic(delivery.account))
    _redraw(session, delivery, now=now)


def mark_sent(session: Session, actor: Actor, delivery_id: int, *, now: int) -> None:
    """A person has seen that an unknown part did arrive."""
    delivery = _open_question(session, actor, delivery_id, State.UNKNOWN)
    delivery.state, delivery.detail = State.SENT.value, "marked by hand"  # it arrived when it was settled, not when somebody says so
    session.flush()
    record(session, Change("delivery", delivery.id, "marked_sent", actor), now=now)
    _redraw(session, delivery, now=now)


def _open_question(session: Session, actor: Actor, delivery_id: int, *states: State) -> Delivery:
    authorise(session, actor, Action.SETTLE_DELIVERY)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.desk:
        raise NotFound
    if delivery.state not in states:
        raise Expired("this message is no longer in question")
    return delivery


def _redraw(session: Session, delivery: Delivery, *, now: int) -> None:
    if delivery.conversation_id is not None:
        tell(session, [card(delivery.conversation_id)], now=now)
