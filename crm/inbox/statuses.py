"""Statuses: what platforms tell of what we sent, found by their id, by ours, or by everything said up to an instant."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.events import Arrival, Status
from crm.base.outbound import Lane, Reason
from crm.base.rows import fixed
from crm.conversations.addresses import serve_elsewhere
from crm.conversations.threads import Author, Conversation, Message
from crm.inbox.plan import Got
from crm.inbox.strangers import identity_at
from crm.outbox import pieces
from crm.outbox.arrivals import PendingStatus, Told, arrived, by_ref, catch_up, put_off
from crm.outbox.claim import Owed, reason_of
from crm.outbox.deliveries import Delivery, State
from crm.outbox.pieces import Heard
from crm.outreach import sequences
from crm.people import consents, contacts
from crm.people.contacts import Identity
from crm.sales.unsent import unsent

UP_TO = 200
"""How many of the newest messages of a thread a watermark may reach."""
_LOST = (Reason.BLOCKED.value, Reason.BAD_ADDRESS.value)
_MISSED = (Reason.WINDOW_CLOSED.value, Reason.BAD_ADDRESS.value, Reason.CLOSED.value)


def statuses_told(session: Session, got: Sequence[Got], *, now: int, accounts: Collection[str] = frozenset()) -> None:
    """Apply the statuses of a batch, and those that waited for what has become known since; `accounts` can carry what failed to arrive, see `owed`."""
    told: list[Told] = []
    waits: list[str] = []
    telling = {one.account for one in got}
    split = pieces.made(session, telling)
    by_ids: dict[str, list[Status]] = {}
    for one in got:
        if not isinstance(one.event, Status):
            continue
        if one.event.ids:
            by_ids.setdefault(one.account, []).append(one.event)
        else:
            told += _found(session, one.account, one.event)
    for account, statuses in by_ids.items():
        found, unknown = _by_ids(session, account, statuses, split=split, now=now)
        told, waits = [*told, *found], [*waits, *unknown]
    came = arrived(session, told, now=now)
    came += catch_up(session, _known_by_now(session, telling), now=now)
    if split or waits:  # what is unknown may be of pieces that have been noted since
        came += arrived(session, pieces.catch_up(session, telling), now=now)
    failed = [one for one in came if one.state is State.FAILED]
    parts = [Owed(one.delivery_id, one.conversation_id, one.lane, reason_of(one.detail), one.account, one.address) for one in failed]
    owed(session, parts, now, accounts=accounts)


def _known_by_now(session: Session, accounts: set[str]) -> list[int]:
    """Deliveries that something waits for: on a server two transactions may pass each other, and neither sees what the other brings."""
    here = (PendingStatus.account == Delivery.account) & (PendingStatus.external_id == Delivery.external_id)
    waiting = select(Delivery.id).join(PendingStatus, here).where(PendingStatus.account.in_(accounts), Delivery.desk == fixed(0))
    return list(session.scalars(waiting.where(Delivery.external_id.is_not(None)).limit(UP_TO)))


def _found(session: Session, account: str, status: Status) -> list[Told]:
    numbers = [one.id for one in by_ref(session, account, status.ref)] if status.ref else _said_until(session, account, status)
    return [Told(number, status.arrival, status.at, _detail(status)) for number in numbers]


def _detail(status: Status) -> str:
    return ": ".join(filter(None, (status.reason, status.detail))) if status.arrival is Arrival.FAILED else ""


def _by_ids(session: Session, account: str, statuses: Sequence[Status], *, split: bool, now: int) -> tuple[list[Told], list[str]]:
    """Found by the platform's ids, else by ours; what is not known yet waits, and is named. `split` = there are pieces to look among."""
    wanted = {number for status in statuses for number in status.ids}
    question = select(Delivery.id, Delivery.external_id).where(Delivery.account == account, Delivery.external_id.in_(sorted(wanted)))
    newest_first = question.where(Delivery.desk == fixed(0)).order_by(Delivery.id.desc())  # an edit has the id of what it changed
    found = {row.external_id: row.id for row in session.execute(newest_first)}
    events = [Heard(one, status.arrival, status.at, _detail(status)) for status in statuses for one in status.ids] if split else []
    told, known = pieces.heard(session, account, events) if events else ([], frozenset[str]())
    waits: list[str] = []
    for status in statuses:
        for number in status.ids:
            if number in known:
                continue
            if number in found:
                told.append(Told(found[number], status.arrival, status.at, _detail(status)))
            elif named := by_ref(session, account, status.ref):
                told.append(Told(named[0].id, status.arrival, status.at, _detail(status), number))
            else:
                put_off(session, account, number, status.arrival, status.at, _detail(status), now=now)
                waits.append(number)
    return told, waits


def _said_until(session: Session, account: str, status: Status) -> list[int]:
    """What was sent to an address up to an instant and is not known to have come as far."""
    identity = identity_at(session, account, status.address)
    if identity is None:
        return []
    ours = (
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.identity_id == identity.id, Message.author != Author.CONTACT.value)
        .order_by(Message.id.desc())
        .limit(UP_TO)
    )
    below = [State.SENT.value] if status.arrival is Arrival.DELIVERED else [State.SENT.value, State.DELIVERED.value]
    return list(
        session.scalars(
            select(Delivery.id).where(
                Delivery.message_id.in_(list(session.scalars(ours))), Delivery.desk == 0, Delivery.state.in_(below), Delivery.claimed_at <= status.until
            )
        )
    )


def owed(session: Session, parts: Sequence[Owed], now: int, *, accounts: Collection[str] = frozenset()) -> None:
    """What a failure tells of the person: gone, unwilling, or out of reach until they write again; the last becomes somebody's task.

    What serves them is said on their next channel instead, by one of the `accounts` (none given = nowhere else).
    """
    for part in parts:
        identity = identity_at(session, part.account, part.address)
        if identity is not None and part.reason in _LOST:
            contacts.set_reachable(session, identity.id, False, now=now)
        if identity is not None and part.reason == Reason.OPTED_OUT:
            _unwilling(session, identity, now=now)
    unsent(session, [part for part in parts if not (accounts and _served(session, part, accounts, now=now))], now)


def _served(session: Session, part: Owed, accounts: Collection[str], *, now: int) -> bool:
    """Whether a part was said elsewhere: only who did not mean to be out of reach is followed there."""
    if part.lane != Lane.SERVICE or part.reason not in _MISSED:
        return False
    message_id = session.get_one(Delivery, part.delivery_id).message_id
    return message_id is not None and serve_elsewhere(session, message_id, accounts, now=now) is not None


def _unwilling(session: Session, identity: Identity, *, now: int) -> None:
    """Somebody has told the platform that they want no more of us; it is on record once."""
    root = contacts.root_of(session, identity.contact_id)
    if root.marketing != -1:
        source = f"platform {identity.account}"
        consents.answer(session, Customer(root.id), identity.contact_id, consents.MARKETING, False, shown="", source=source, now=now)
    sequences.stop(session, contacts.family_of(session, root.id), "stopped", now=now)
