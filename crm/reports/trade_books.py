"""Books of trade: orders held against their lines and their payments, stock against its moves; every problem in one line."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from crm.sales.ledger import Payment, PaymentState
from crm.sales.orders import Order, OrderLine, OrderYear
from crm.sales.products import Product
from crm.sales.stock import Kind, StockMove

SHOWN = 5


def trade(session: Session) -> Iterator[str]:
    """What does not add up in what was sold, paid and counted."""
    yield from _orders(session)
    yield from _numbers(session)
    yield from _payments(session)
    yield from _stock(session)


def _orders(session: Session) -> Iterator[str]:
    """An order comes to the sum of its lines."""
    lines = select(func.coalesce(func.sum(OrderLine.total), 0)).where(OrderLine.order_id == Order.id).correlate(Order).scalar_subquery()
    for number, total, there in session.execute(select(Order.number, Order.total, lines).where(Order.total != lines).limit(SHOWN)):
        yield f"order {number}: its total is {total}, its lines come to {int(there)}"


def _numbers(session: Session) -> Iterator[str]:
    """A year has had as many orders as it gave numbers."""
    for year, last in session.execute(select(OrderYear.year, OrderYear.last).order_by(OrderYear.year)):
        there = session.scalar(select(func.count()).select_from(Order).where(Order.number.startswith(f"{year}-"))) or 0
        if there != last:
            yield f"orders of {year}: {last} numbers were given, {there} are there"


def _payments(session: Session) -> Iterator[str]:
    """An order is paid exactly where what came for it, less what went back, is as much as it costs."""
    sure = and_(Payment.order_id == Order.id, Payment.state == PaymentState.CONFIRMED.value, Payment.currency == Order.currency)
    came = select(func.coalesce(func.sum(Payment.amount), 0)).where(sure).correlate(Order).scalar_subquery()
    full = and_(Order.total > 0, came >= Order.total)
    wrong = or_(and_(full, Order.paid_at == 0), and_(~full, Order.paid_at != 0))
    for number, total, there, paid in session.execute(select(Order.number, Order.total, came, Order.paid_at).where(wrong).limit(SHOWN)):
        yield f"order {number}: {int(there)} of {total} came, but it {'is' if paid else 'is not'} called paid"
    strange = select(Payment.id).where(or_(Payment.amount == 0, Payment.state.not_in([state.value for state in PaymentState])))
    yield from (f"payment {number}: it is of nothing, or in an unknown state" for number in session.scalars(strange.limit(SHOWN)))


def _stock(session: Session) -> Iterator[str]:
    """What is there and what is promised of a product is what its moves come to."""

    def much(up: Kind, down: Kind) -> ColumnElement[int]:
        sign = case((StockMove.kind == up.value, 1), (StockMove.kind == down.value, -1), else_=0)
        return func.coalesce(func.sum(StockMove.quantity_m * sign), 0)

    moves = select(StockMove.product_id, much(Kind.IN, Kind.OUT).label("there"), much(Kind.RESERVE, Kind.RELEASE).label("promised"))
    sums = moves.group_by(StockMove.product_id).subquery()
    there, promised = func.coalesce(sums.c.there, 0), func.coalesce(sums.c.promised, 0)
    rows = select(Product.name, Product.on_hand, there, Product.reserved, promised).outerjoin(sums, sums.c.product_id == Product.id)
    for name, on_hand, moved, reserved, freed in session.execute(rows.where(or_(Product.on_hand != there, Product.reserved != promised)).limit(SHOWN)):
        yield f"product {name}: {on_hand} there and {reserved} promised, its moves come to {int(moved)} and {int(freed)} (thousandths)"
