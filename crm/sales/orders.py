"""Order: what a customer has bought, with its lines, where it goes and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add, bump, take_ids
from crm.base.table import Row
from crm.base.text import clean, clean_name
from crm.base.time import local
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import card, tell
from crm.people.contacts import family_of
from crm.people.pretended import only_real
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.sales.deals import REDRAWN, Deal, seen_deal
from crm.sales.lines import lines_of, totals

TITLE_MOST, ADDRESS_MOST, LINES_MOST = 120, 300, 100
RUNNING = sql("state IN ('new', 'confirmed', 'sent')")
"""The condition of orders that have not ended, in the words of the index that holds them alone."""


class OrderState(StrEnum):
    """How far an order is."""

    NEW = "new"
    CONFIRMED = "confirmed"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


ENDED = (OrderState.DELIVERED.value, OrderState.CANCELLED.value)


class Order(Row):
    """What was bought; `number` is the one customers know, `total` counts hundredths of its currency and is the sum of its lines.

    `tells` = the customer hears of each step; `paid_at` is when all of it was paid (0 = not yet); `conversation_id` is where it was spoken of.
    """

    __tablename__ = "orders"
    number: Mapped[str] = mapped_column(unique=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(index=True)
    deal_id: Mapped[int | None] = mapped_column(index=True)
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    state: Mapped[str] = mapped_column(server_default="new")
    before: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str]
    total: Mapped[int]
    note: Mapped[str] = mapped_column(server_default="")
    tells: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    moved_at: Mapped[int] = mapped_column(server_default="0")
    paid_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        Index("orders_open", "rep_id", "id", sqlite_where=RUNNING, postgresql_where=RUNNING),
        Index("orders_paid", "paid_at", "id"),
    )


class OrderLine(Row):
    """One line of an order: `quantity_m` counts thousandths, `price` and `total` hundredths; the totals of all lines are the order's."""

    __tablename__ = "order_lines"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    place: Mapped[int]
    product_id: Mapped[int | None]
    title: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default="")
    quantity_m: Mapped[int]
    price: Mapped[int]
    total: Mapped[int]


class OrderYear(Row):
    """How many orders a year has had: the row is held by who takes the next number, so that none is missing and none comes twice."""

    __tablename__ = "order_years"
    year: Mapped[int] = mapped_column(unique=True)
    last: Mapped[int] = mapped_column(server_default="1")


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be ordered; `total` is what it costs altogether, in hundredths."""

    title: str
    total: int
    price: int = 0
    quantity_m: int = 1000
    unit: str = ""
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be made: of whom, of what, in which money; `once` keeps one cause from making two."""

    contact_id: int
    lines: tuple[Line, ...]
    currency: str
    conversation_id: int | None = None
    deal_id: int | None = None
    rep_id: int | None = None
    address: str = ""
    once: str | None = None


def add_order(session: Session, actor: Actor, new: NewOrder, zone: str, *, now: int) -> Order:
    """Make an order; the same `once` answers the same. `zone` is the firm's: an order has the number of the year in which it is made there."""
    sight_of(session, actor, Action.CHANGE_ORDER)
    if isinstance(actor, Rep) and new.deal_id is None and new.conversation_id is not None:  # whose deal it is was seen where there is one
        within_reach(session, actor, new.conversation_id)
    before = session.scalar(select(Order).where(Order.once == new.once)) if new.once else None
    if before is not None:
        return before
    only_real(session, new.contact_id)
    if not new.lines or len(new.lines) > LINES_MOST or any(line.total < 0 for line in new.lines):
        raise Invalid("an order has lines that cost something or nothing")
    number = next(take_ids(session, 1))
    facts = {"contact_id": new.contact_id, "conversation_id": new.conversation_id, "deal_id": new.deal_id, "rep_id": new.rep_id}
    row = {**facts, "currency": new.currency, "total": sum(line.total for line in new.lines), "address": clean(new.address, ADDRESS_MOST), "once": new.once}
    called = next_number(session, local(now, zone).year)
    add(session, Order, [{"id": number, "number": called, **row, "created_at": now, "moved_at": now}])
    add_lines(session, number, new.lines)
    after = {"number": called, "total": row["total"], "currency": new.currency, "deal": new.deal_id, "rep": new.rep_id}
    record(session, Change("order", number, "opened", actor, after=after), now=now)
    order = session.get_one(Order, number)
    redraw(session, order, now=now)
    return order


def redraw(session: Session, order: Order, *, now: int) -> None:
    """The cards of whose order it is show it as it is now."""
    talks = select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, order.contact_id)), Conversation.status != Status.CLOSED.value)
    numbers = session.scalars(talks.order_by(Conversation.last_at.desc()).limit(REDRAWN)).all()
    tell(session, [card(number) for number in numbers], now=now)


def add_lines(session: Session, order_id: int, lines: tuple[Line, ...]) -> None:
    """Write the lines of an order."""
    ids = take_ids(session, len(lines))
    add(
        session,
        OrderLine,
        [
            {
                "id": next(ids),
                "order_id": order_id,
                "place": place,
                "product_id": line.product_id,
                "title": clean_name(line.title, TITLE_MOST),
                "unit": line.unit,
                "quantity_m": line.quantity_m,
                "price": line.price or line.total,
                "total": line.total,
            }
            for place, line in enumerate(lines)
        ],
    )


def next_number(session: Session, year: int) -> str:
    """The next number of a year; who takes one holds it until their transaction ends."""
    bump(session, OrderYear, [{"id": next(take_ids(session, 1)), "year": year}], key="year", version="last")
    last = session.scalars(select(OrderYear.last).where(OrderYear.year == year)).one()
    return f"{year}-{last:04}"


def order_at(session: Session, order_id: int) -> Order:
    """An order by its row."""
    found = session.get(Order, order_id)
    if found is None:
        raise NotFound("no such order")
    return found


def by_number(session: Session, number: str) -> Order | None:
    """An order by the number customers know (None = there is none)."""
    return session.scalar(select(Order).where(Order.number == number.strip().lstrip("#№").strip()))


def seen_order(session: Session, actor: Actor, order_id: int) -> Order:
    """An order this actor may look at; one of somebody outside their sight is not there."""
    sight, order = sight_of(session, actor, Action.SEE_ORDERS), order_at(session, order_id)
    if not sight.covers(owner_of(session, order)):
        raise NotFound("no such order")
    return order


def held_order(session: Session, actor: Actor, order_id: int, action: Action = Action.CHANGE_ORDER) -> Order:
    """An order this actor may change, held so that nobody else changes it at the same time; raises `Taken` by whose it is."""
    sight = sight_of(session, actor, action)
    order = session.get(Order, order_id, with_for_update=True, populate_existing=True)
    if order is None:
        raise NotFound("no such order")
    owner = owner_of(session, order)
    if not sight.covers(owner):
        raise Taken(session.get_one(Member, owner).name)
    return order


def owner_of(session: Session, order: Order) -> int | None:
    """Whose an order is (None = nobody's, or somebody's who has left)."""
    member = session.get(Member, order.rep_id) if order.rep_id else None
    return member.id if member and member.active else None


def lines_in(session: Session, order_id: int) -> list[OrderLine]:
    """The lines of an order, in their order."""
    return list(session.scalars(select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.place, OrderLine.id)))


def orders_about(session: Session, contact_id: int, limit: int = 20, family: Sequence[int] = ()) -> list[Order]:
    """The orders of a person, under whichever of their contacts: those that run first, then the newest; `family` = all of these, where known already."""
    family = family or family_of(session, contact_id)
    found = session.scalars(select(Order).where(Order.contact_id.in_(family)).order_by(Order.id.desc()).limit(limit))
    return sorted(found, key=lambda order: (order.state in ENDED, -order.id))


def orders_of_deal(session: Session, deal_id: int) -> list[Order]:
    """The orders of a deal, the newest first."""
    return list(session.scalars(select(Order).where(Order.deal_id == deal_id).order_by(Order.id.desc())))


def order_of_deal(session: Session, actor: Rep, deal_id: int, zone: str, *, once: str, now: int) -> Order:
    """Make an order of what a deal is about, for the one whose deal it is; where there is one already, that is it. Its address is that of their last order."""
    sight_of(session, actor, Action.CHANGE_ORDER)
    deal = seen_deal(session, actor, deal_id)
    session.get(Deal, deal_id, with_for_update=True, populate_existing=True)  # two who press at once make one
    there = next((one for one in orders_of_deal(session, deal_id) if one.state != OrderState.CANCELLED), None)
    if there is not None:
        return there
    talk = select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, deal.contact_id)))
    where = session.scalar(talk.order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(1))
    new = NewOrder(deal.contact_id, bought(session, deal), deal.currency, where, deal.id, deal.rep_id or actor.id, last_address(session, deal.contact_id), once)
    return add_order(session, actor, new, zone, now=now)


def bought(session: Session, deal: Deal) -> tuple[Line, ...]:
    """What a deal is about: its lines, or all of it as one."""
    found = lines_of(session, deal.id)
    each = zip(found, totals(found, deal.currency).lines, strict=True)
    lines = tuple(Line(one.title, counted.gross, one.price, one.quantity_m, one.unit, one.product_id) for one, counted in each)
    return lines or (Line(deal.title, deal.amount or 0),)


def last_address(session: Session, contact_id: int) -> str:
    """Where the last order of a person went ("" = there was none)."""
    went = select(Order.address).where(Order.contact_id.in_(family_of(session, contact_id)), Order.address != "")
    return session.scalar(went.order_by(Order.id.desc()).limit(1)) or ""
