"""Beside the talk: a button under a document, an order or a question of ours is taken wherever the conversation stands, which stays as it was."""

from bots.customer.hearing import Meant
from crm.base.answers import Answer, Facts, Heard, Pressed


def flow(state: str, meant: Meant, _heard: Heard, _facts: Facts) -> Answer:
    """Hand on what was pressed; the verb behind it knows whether it may, and says what came of it."""
    name, _, detail = meant.detail.partition(":")
    return Answer(state=state, actions=(Pressed(name, detail),))
