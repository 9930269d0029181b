"""One turn of the customer's bot over a batch: facts in, answers out; no clock, no network, no table."""

from collections.abc import Sequence

from bots.customer.engine import answer
from crm.base.answers import Answer, Exchange


def turn(exchanges: Sequence[Exchange]) -> list[Answer]:
    """One answer per exchange, in order; a flow that raises is not caught here, so that its event is parked."""
    return [answer(exchange) for exchange in exchanges]
