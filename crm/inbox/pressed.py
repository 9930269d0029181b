"""Pressed: what a customer's button under something of ours does, each by the verb that knows the thing; a line here for each of `ABOUT`."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from crm.base.settings import Company
from crm.conversations.pressing import Press
from crm.documents import sending
from crm.projects import answering
from crm.sales import asking, order_answers, said_times

Deed = Callable[[Session, Press, Company], None]
"""Does what was pressed and says what came of it by `crm.conversations.pressing.say`; what is not this person's, or over, changes nothing and is told so."""

PRESSED: Mapping[str, Deed] = {
    "doc": sending.pressed,
    "order": order_answers.asked,
    "paid": asking.said_paid,
    "rate": answering.pressed,
    "time": said_times.pressed,
}
