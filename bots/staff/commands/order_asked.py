"""What a member is asked about an order: the next thing they type belongs to it."""

from bots.staff.visit import Visit
from crm.base.db import Session
from crm.base.time import HOUR
from crm.people.desk import Wizard, begin

TYPED = "order_typed"


def listen(session: Session, visit: Visit, what: str, target: int, **facts: object) -> None:
    """What is typed next belongs to a question about an order."""
    begin(session, visit.rep, Wizard(TYPED, TYPED, target, {"what": what, **facts}), until=visit.now + HOUR)
