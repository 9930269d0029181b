"""Late orders: whoever has an order hears of it once when the day is over on which it should have been there."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.history import Change, DomainEvent, record
from crm.base.settings import Company
from crm.base.time import local
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.sales.orders import RUNNING, Order
from crm.sales.shipments import Shipment, ShipmentState

CHUNK = 50
_UNDER_WAY = (ShipmentState.PACKED.value, ShipmentState.ON_THE_WAY.value)


def late_due(session: Session, company: Company, *, now: int) -> int:
    """Tell of orders whose day is over, once for each day they were awaited on; answers how many were told of."""
    today = local(now, company.zone).date().isoformat()
    late = (Shipment.expected_on != "", Shipment.expected_on < today, Shipment.state.in_(_UNDER_WAY))
    running = Shipment.order_id.in_(select(Order.id).where(RUNNING))  # of the index of those alone: shipments only grow
    rows = session.execute(select(Shipment.order_id.label("id"), Shipment.expected_on).where(running, *late).order_by(Shipment.id.desc()).limit(1000)).all()
    keys = {f"order:{row.id}:late:{row.expected_on}": row.id for row in rows}
    known = set(session.scalars(select(DomainEvent.once).where(DomainEvent.once.in_(keys)))) if keys else set()
    new = [(key, number) for key, number in keys.items() if key not in known][:CHUNK]
    record(session, *(Change("order", number, "late", System("clock"), after={"expected": key.rpartition(":")[2]}, once=key) for key, number in new), now=now)
    tell(session, [Notice(NoticeKind.ORDER, number, f"order:{number}:late", {"why": "late"}) for _, number in new], now=now)
    return len(new)
