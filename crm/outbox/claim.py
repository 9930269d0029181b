"""Claim: what may leave an account now: through the gate, fitted to the carrier, `sending` on disk; all in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.installation import held as on_hold
from crm.base.leases import LEASE_MS, Held, Seat, leave, take
from crm.base.outbound import ApprovedTemplate, Edit, Lane, Limits, May, Outbound, Reason, Say, Window
from crm.base.rows import add, among, ask, change, fixed, table_of, take_ids
from crm.base.tallies import Count, count
from crm.base.time import SECOND
from crm.base.wakes import send_topic
from crm.outbox.approved import chosen
from crm.outbox.arrivals import Came
from crm.outbox.deliveries import Batch, Delivery, State
from crm.outbox.fit import fit, fit_edit
from crm.outbox.forum import Topics, given_up, in_topic, standing, topics_of
from crm.outbox.gate import Passing, Verdict, judge
from crm.outbox.lines import line_of
from crm.outbox.pace import Pace
from crm.outbox.payload import pack, unpack
from crm.outbox.queue import PENDING, posted_cards
from crm.outbox.settle import Result, settle, strand
from crm.outbox.shares import Share, linked
from crm.people.contacts import Contact, Identity

_ahead = aliased(Delivery)
_root = aliased(Contact)
_same_chat = (_ahead.account == Delivery.account, _ahead.address == Delivery.address, or_(_ahead.state == fixed("queued"), _ahead.state == fixed("sending")))
_behind = exists().where(*_same_chat, _ahead.talk == fixed(1), _ahead.place < Delivery.place)
# Both are asked below `or_`: by itself a server makes a join of it, and compares everything that is due with everything that waits.
_cut_off = exists().where(*_same_chat, _ahead.place == Delivery.place, _ahead.part < Delivery.part)
DUE = (
    select(
        *(
            getattr(Delivery, name)
            for name in ("id", "address", "conversation_id", "message_id", "part", "place", "lane", "payload", "card", "attempts", "batch_id", "desk", "talk")
        ),
        Identity.id.label("identity_id"),
        Identity.reachable,
        Identity.last_inbound_at,
        Identity.session_ends_at,
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
        or_(Delivery.part == fixed(0), ~_cut_off),
        or_(Delivery.talk == fixed(0), ~_behind),
    )
    .order_by(Delivery.lane, Delivery.due_at, Delivery.id)
    .limit(bindparam("room"))
)
NEXT = select(func.min(Delivery.due_at)).where(
    Delivery.account == bindparam("account"), Delivery.state == fixed("queued"), Delivery.needs_media == fixed(0), Delivery.due_at > bindparam("now")
)
CARDS = select(Delivery.card, Delivery.id, Delivery.state).where(
    among(Delivery.card, "cards"), Delivery.state.in_([fixed("queued"), fixed("sending"), fixed("sent")])
)
SENDING = (
    update(table_of(Delivery))
    .where(among(Delivery.id, "ids"), Delivery.state == fixed("queued"))
    .values(state=State.SENDING.value, claimed_at=bindparam("now"), attempts=Delivery.attempts + 1)
    .returning(Delivery.id)
)


UNHEARD = select(Delivery.id).where(
    Delivery.account == bindparam("account"), Delivery.state == fixed("sending"), among(Delivery.claimed_at, "turns"), ~among(Delivery.id, "aboard")
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
    """What a turn of the sender brought: parts to carry, when to look again (0 = on a wake), and the lease where it was taken over just now.

    `more` is true where as much as there was room for was found, and not all of it stays where it is: there may be more that is due.
    """

    claimed: tuple[Claimed, ...] = ()
    next_at: int = 0
    inherited: Held | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """A part that did not arrive for a reason that concerns more than this part: its window is closed, or the person is gone or unwilling."""

    delivery_id: int
    conversation_id: int | None
    lane: int
    reason: str
    account: str
    address: str


Owe = Callable[[Session, Sequence[Owed], int], None]
"""What is to be done about such parts, in the same transaction; the last argument is now."""
Tend = Callable[[Session, Sequence[Result], int], None]
"""Looks after what must stand before something may leave, and hears how sendings ended, in the turn's transaction; the last argument is now."""
_ENDING = (Reason.WINDOW_CLOSED.value, Reason.OPTED_OUT.value)
_TOLD = (*_ENDING, Reason.BLOCKED.value, Reason.BAD_ADDRESS.value)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends on an account and what it may do now; `seat` is its node's among others of one server, who must know its `pace`.

    `unheard` are the instants of turns whose commit was not heard of, `aboard` the deliveries that are on their way. `allows` tells the limits
    of one window, where they differ; `owe` is told what the platform lets through no more. `tend` stands where there are groups with topics.
    """

    account: str
    node: str
    limits: Limits
    room: int
    busy: dict[str, int]
    spent: dict[str, int] = field(default_factory=dict)
    seat: Seat | None = None
    pace: Pace | None = None
    unheard: tuple[int, ...] = ()
    aboard: tuple[int, ...] = ()
    allows: Callable[[Window, int], Limits] | None = None
    owe: Owe | None = None
    tend: Tend | None = None
    share: Share | None = None


def turn(session: Session, sender: Sender, results: Sequence[Result], *, now: int) -> Load:
    """Settle what was sent and claim what may leave, in one transaction."""
    held = take(session, send_topic(sender.account), sender.node, now=now, ttl=sender.seat.lease_ms if sender.seat else LEASE_MS)
    if held is None or held.taken_over:  # who was not the sender meanwhile still knows what arrived; anything else it knows is void
        settle(session, [result for result in results if result.state is State.SENT], now=now)
    if held is None:
        return Load(next_at=now + SECOND)
    if held.taken_over:
        strand(session, sender.account, now=now)
        if sender.seat:  # how much may leave now is known only after reading what the last sender left
            return Load(next_at=now, inherited=held)
    came = settle(session, [*results, *_never_left(session, sender, results, now=now)], now=now)
    _owe(session, sender, results, came, now=now)
    if sender.tend:
        sender.tend(session, results, now)
    claimed, more = claim(session, sender, now=now) if sender.room > 0 else ((), False)
    if sender.seat and sender.pace:
        leave(session, held, sender.pace.left(now, now - held.at, len(claimed)))
    if more:
        return Load(claimed, more=True)
    return Load(claimed, ask(session, NEXT, {"account": sender.account, "now": now})[0][0] or 0)


def _never_left(session: Session, sender: Sender, results: Sequence[Result], *, now: int) -> list[Result]:
    """What a turn claimed whose commit was not heard of goes back: only what a turn hands over is ever sent."""
    if not sender.unheard:
        return []
    aboard = [*sender.aboard, *(result.delivery_id for result in results)]
    rows = ask(session, UNHEARD, {"account": sender.account, "turns": list(sender.unheard), "aboard": aboard})
    return [Result(row.id, State.QUEUED, now, detail="handed back") for row in rows]


def claim(session: Session, sender: Sender, *, now: int) -> tuple[tuple[Claimed, ...], bool]:
    """The due heads of conversations: through the gate, fitted, marked `sending`; and whether there may be more."""
    rows = ask(session, DUE, {"account": sender.account, "now": now, "room": sender.room})
    full = len(rows) == sender.room
    if any(not row.desk for row in rows) and on_hold(session):
        rows = [row for row in rows if row.desk]  # a restored or cloned installation writes to its staff only
    if not rows:
        return (), False
    newest, leaving = cards_on_the_way(session, rows)
    topics = topics_of(session, rows) if sender.tend else {}
    free: list[Any] = []
    chats: set[str] = set()
    waits, rows = given_up(session, rows, topics, now=now)
    for row in rows:
        verdict, until = ruling(session, row, sender, now=now), waits_until(row, sender)
        if verdict.state is not None:
            waits.append(Result(row.id, verdict.state, verdict.due_at, detail=verdict.detail))
        elif row.card and newest[row.card] > row.id:
            waits.append(Result(row.id, State.CANCELLED, detail="superseded"))
        elif row.card in leaving:
            continue  # its older drawing is on the way: which of the two came last could not be told
        elif until or not standing(row, topics):
            waits.append(Result(row.id, State.QUEUED, until or now + SECOND))
        elif row.address not in chats:  # one at a time to a chat; the next is looked at when this one has landed
            chats.add(row.address)
            free.append(row)
    settle(session, waits, now=now)
    _owe(session, sender, waits, (), now=now)
    posted = posted_cards(session, {row.card for row in free if row.card})
    claimed = tuple(prepare(session, row, sender, posted, topics, now=now) for row in free)
    if not claimed:
        return (), full and bool(waits)  # what was put off is out of the way; what must stay where it is would be found again at once
    # What another node cancelled since we looked is not ours to send any more.
    ours = {row.id for row in ask(session, SENDING, {"ids": [part.delivery_id for part in claimed], "now": now})}
    return tuple(part for part in claimed if part.delivery_id in ours), full


def _owe(session: Session, sender: Sender, results: Sequence[Result], came: Sequence[Came], *, now: int) -> None:
    """What a closed window or an unwilling person keeps from leaving, by our judgement or by the platform's, is owed to somebody."""
    ended = {one.delivery_id: reason_of(one.detail) for one in results if one.state is State.FAILED and reason_of(one.detail) in _ENDING}
    ended |= {one.delivery_id: reason_of(one.detail) for one in came if one.state is State.FAILED and reason_of(one.detail) in _TOLD}
    if sender.owe is None or not ended:
        return
    columns = (Delivery.id, Delivery.conversation_id, Delivery.lane, Delivery.account, Delivery.address)
    rows = session.execute(select(*columns).where(Delivery.id.in_(ended), Delivery.desk == 0, Delivery.state == State.FAILED.value).order_by(Delivery.id))
    sender.owe(session, [Owed(row.id, row.conversation_id, row.lane, ended[row.id], row.account, row.address) for row in rows], now)


def reason_of(detail: str | None) -> str:
    """The code that a failure's detail begins with."""
    return (detail or "").partition(":")[0].strip()


def ruling(session: Session, row: Any, sender: Sender, *, now: int) -> Verdict:
    """What the gate says of a row; where windows differ, by that of its own address."""
    limits = limits_for(row, sender, now)
    if limits.may is May.ANYTHING:
        return judge(passing(row), limits, now=now)
    outbound = unpack(row.payload)
    approved = isinstance(outbound, ApprovedTemplate) or stand_in(session, row, sender, outbound) is not None
    return judge(replace(passing(row), personal=isinstance(outbound, Say) and outbound.personal, approved=approved), limits, now=now)


def limits_for(row: Any, sender: Sender, now: int) -> Limits:
    """What may go to the address of a row now."""
    if not sender.limits.windows or sender.allows is None:
        return sender.limits
    return sender.allows(Window(row.last_inbound_at or 0, row.session_ends_at or 0), now)


def stand_in(session: Session, row: Any, sender: Sender, outbound: Outbound) -> ApprovedTemplate | None:
    """The approved text that goes where a message itself may not: its own, or the one chosen for its lane."""
    if not isinstance(outbound, Say) or row.part:  # the parts of one message are not one text each
        return None
    return outbound.template or chosen(session, sender.account, Lane(row.lane), row.identity_id)


def cards_on_the_way(session: Session, rows: Sequence[Any]) -> tuple[dict[str, int], set[str]]:
    """The newest drawing of each card among these rows, and the cards of which one is being sent."""
    cards = {row.card for row in rows if row.card}
    found = ask(session, CARDS, {"cards": list(cards)}) if cards else []
    newest: dict[str, int] = {}
    for row in found:
        newest[row.card] = max(row.id, newest.get(row.card, 0))
    return newest, {row.card for row in found if row.state == State.SENDING}


def waits_until(row: Any, sender: Sender) -> int:
    """Until when this chat must wait (0 = not at all)."""
    busy: int = sender.busy.get(row.address, 0)
    return busy or (sender.spent.get(row.address, 0) if row.lane >= Lane.FOLLOWUP else 0)


def prepare(session: Session, row: Any, sender: Sender, posted: dict[str, str], topics: Topics, *, now: int) -> Claimed:
    """One row as what the carrier gets: a card that stands becomes an edit, a text that is too long becomes parts."""
    outbound = unpack(row.payload)
    limits = limits_for(row, sender, now)
    if isinstance(outbound, Say) and limits.may is not May.ANYTHING and not (limits.may is May.PERSONAL and outbound.personal):
        outbound = stand_in(session, row, sender, outbound) or outbound
    if isinstance(outbound, Say) and row.card in posted:
        outbound = Edit(posted[row.card], outbound.text, outbound.buttons, outbound.html, outbound.media is not None)
    if isinstance(outbound, Edit):
        outbound = fit_edit(aimed(session, outbound), limits)
    elif isinstance(outbound, Say) and row.part == 0:
        outbound, *rest = fit(linked(session, row.id, outbound, limits, sender.share, now=now), limits)
        if rest:
            _add_parts(session, row, sender.account, [outbound, *rest], now=now)
    return Claimed(row.id, row.address, in_topic(named(session, row, outbound, limits), row, topics), row.attempts + 1)


def named(session: Session, row: Any, outbound: Outbound, limits: Limits) -> Outbound:
    """A part as platforms that tell of it want it: under a name of ours, and where there are subjects, as an answer in its thread."""
    if isinstance(outbound, ApprovedTemplate):
        return replace(outbound, ref=f"d{row.id}")
    if not isinstance(outbound, Say) or not (limits.threads or limits.repeats or limits.windows or len(limits.knows) > 1):
        return outbound
    outbound = replace(outbound, ref=f"d{row.id}", late=limits.late)
    if not limits.threads or row.conversation_id is None:
        return outbound
    line = line_of(session, row.conversation_id)
    reply_to = outbound.reply_to or line.answers
    subject = outbound.subject or line.subject
    page = "page" if row.lane >= Lane.FOLLOWUP else ""  # the channel makes an address of it that is this message's own
    return replace(outbound, thread=f"c{row.conversation_id}", subject=subject, reply_to=reply_to, references=line.ancestors, unsubscribe=page)


def aimed(session: Session, edit: Edit) -> Edit:
    """An edit with the platform's id of what it changes, which may have become known since it was queued."""
    if not edit.message.startswith(PENDING):
        return edit
    return replace(edit, message=session.scalar(select(Delivery.external_id).where(Delivery.id == int(edit.message.removeprefix(PENDING)))) or "")


def _add_parts(session: Session, row: Any, account: str, parts: Sequence[Say], *, now: int) -> None:
    """The first part stays in its row; each further part is a row of its own, so that a failure in the middle repeats nothing."""
    ids = take_ids(session, len(parts) - 1)
    kept = {name: getattr(row, name) for name in ("address", "conversation_id", "message_id", "place", "talk", "lane", "batch_id", "desk")}
    rows: list[dict[str, Any]] = [
        {"id": next(ids), "account": account, **kept, "part": number, "due_at": now, "payload": pack(part), "created_at": now}
        for number, part in enumerate(parts[1:], 1)
    ]
    add(session, Delivery, rows)
    count(session, {(account, Count.CREATED): len(rows)}, now=now)
    change(session, Delivery, "id", [{"id": row.id, "payload": pack(parts[0])}])


def passing(row: Any) -> Passing:
    """What the gate sees of a claimed row."""
    return Passing(
        Lane(row.lane),
        row.identity_id,
        bool(row.reachable),
        row.last_inbound_at or 0,
        bool(row.blocked),
        row.marketing or 0,
        bool(row.silenced),
        row.zone or "UTC",
        row.promoted_at or 0 if row.part == 0 else 0,  # the second half of a promotion is not a second promotion
        row.batch_state,
        row.valid_until or 0,
    )
