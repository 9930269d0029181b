"""Pay ways: how people pay the firm: a card, a wallet, a bank, cash; what customers read of it, and the picture of its code."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid, NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean, clean_name
from crm.people.reps import authorise

LABEL_MOST, DETAILS_MOST, WAYS_MOST = 24, 300, 6
WINS = "paid deals are won"


class WayKind(StrEnum):
    """What somebody pays with."""

    CARD = "card"
    WALLET = "wallet"
    BANK = "bank"
    CASH = "cash"


class PayWay(Row):
    """One way to pay: `details` is what customers read; `qr_ref` is where the staff's bot keeps the picture of its code ("" = there is none)."""

    __tablename__ = "pay_ways"
    label: Mapped[str]
    kind: Mapped[str]
    details: Mapped[str] = mapped_column(server_default="")
    qr_account: Mapped[str] = mapped_column(server_default="")
    qr_ref: Mapped[str] = mapped_column(server_default="")
    qr_mime: Mapped[str] = mapped_column(server_default="")
    active: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)


class PayRule(Row):
    """Something the firm has said of money in general, by name; where there is no row it is off."""

    __tablename__ = "pay_rules"
    name: Mapped[str] = mapped_column(unique=True)
    holds: Mapped[int]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay as it is read; `picture` is its code (None = there is none), kept at `account`."""

    id: int
    label: str
    kind: WayKind
    details: str
    picture: MediaRef | None
    account: str
    active: bool


def ways(session: Session, *, every: bool = False) -> Sequence[Way]:
    """How the firm is paid, the oldest first; with `every`, also those that are not offered any more."""
    wanted = select(PayWay).order_by(PayWay.id)
    return [_view(row) for row in session.scalars(wanted if every else wanted.where(PayWay.active == 1))]


def way_at(session: Session, way_id: int) -> Way:
    """One way to pay."""
    return _view(_row(session, way_id))


def add_way(session: Session, actor: Actor, kind: WayKind, label: str, details: str, *, once: str, now: int) -> Way:
    """Add a way to pay; the same `once` answers the same. At most six are offered at a time."""
    authorise(session, actor, Action.SET_PRICES)
    known = session.scalar(select(PayWay).where(PayWay.once == once))
    if known is not None:
        return _view(known)
    label, details = clean_name(label, LABEL_MOST), clean(details, DETAILS_MOST).strip()
    if not label or len(ways(session)) >= WAYS_MOST:
        raise Invalid("a way to pay needs a name, and there are at most six")
    number = next(take_ids(session, 1))
    add_new(session, PayWay, [{"id": number, "label": label, "kind": kind.value, "details": details, "created_at": now, "once": once}])
    record(session, Change("pay_way", number, "made", actor, after={"label": label, "details": details}), now=now)
    return way_at(session, number)


def reword(session: Session, actor: Actor, way_id: int, details: str, *, now: int) -> Way:
    """What customers read of a way to pay."""
    authorise(session, actor, Action.SET_PRICES)
    row, after = _row(session, way_id), clean(details, DETAILS_MOST).strip()
    if row.details != after:
        record(session, Change("pay_way", row.id, "edited", actor, {"details": row.details}, {"details": after}), now=now)
        row.details = after
        session.flush()
    return _view(row)


def show_code(session: Session, actor: Actor, way_id: int, picture: MediaRef | None, account: str, *, now: int) -> Way:
    """The picture of its code goes to customers with a way to pay (None = none goes any more)."""
    authorise(session, actor, Action.SET_PRICES)
    row = _row(session, way_id)
    if picture is not None and picture.kind is not MediaKind.PHOTO:
        raise Invalid("a code is a picture")
    record(session, Change("pay_way", row.id, "code", actor, {"picture": bool(row.qr_ref)}, {"picture": picture is not None}), now=now)
    row.qr_ref, row.qr_mime, row.qr_account = (picture.ref, picture.mime, account) if picture else ("", "", "")
    session.flush()
    return _view(row)


def offer(session: Session, actor: Actor, way_id: int, active: bool, *, now: int) -> Way:
    """Whether a way to pay is offered."""
    authorise(session, actor, Action.SET_PRICES)
    row = _row(session, way_id)
    if row.active != int(active):
        record(session, Change("pay_way", row.id, "offered", actor, {"active": bool(row.active)}, {"active": active}), now=now)
        row.active = int(active)
        session.flush()
    return _view(row)


def wins(session: Session) -> bool:
    """Whether a deal is won by itself once its order or invoice is paid in full."""
    return bool(session.scalar(select(PayRule.holds).where(PayRule.name == WINS)))


def let_win(session: Session, actor: Actor, on: bool, *, now: int) -> None:
    """Say whether a deal is won by itself once its order or invoice is paid in full."""
    authorise(session, actor, Action.SET_PRICES)
    row = session.scalar(select(PayRule).where(PayRule.name == WINS))
    if (row is not None and row.holds) == on:
        return
    if row is None:
        add_new(session, PayRule, [{"id": next(take_ids(session, 1)), "name": WINS, "holds": int(on)}])
    else:
        row.holds = int(on)
        session.flush()
    record(session, Change("pay_way", 0, "wins", actor, {"on": not on}, {"on": on}), now=now)


def _row(session: Session, way_id: int) -> PayWay:
    found = session.get(PayWay, way_id)
    if found is None:
        raise NotFound("no such way to pay")
    return found


def _view(row: PayWay) -> Way:
    picture = MediaRef(MediaKind.PHOTO, row.qr_ref, "code.jpg", row.qr_mime) if row.qr_ref else None
    return Way(row.id, row.label, WayKind(row.kind), row.details, picture, row.qr_account, bool(row.active))
