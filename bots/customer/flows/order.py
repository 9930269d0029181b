"""Where is my order: asked in words, answered by the verb that knows the orders; the talk goes on where it stood."""

from bots.customer.hearing import Meant
from crm.base.answers import Answer, Facts, Heard, Pressed


def flow(state: str, _meant: Meant, _heard: Heard, _facts: Facts) -> Answer:
    """Hand the question on; while a rep talks with them nobody comes here, for the rep answers."""
    return Answer(state=state, actions=(Pressed("order"),))
