"""Pressing: a customer's button under something of ours, and how it is answered in their conversation."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.base.outbound import Buttons, Lane
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author


@dataclass(frozen=True, slots=True)
class Press:
    """What was pressed, where and by whom: `detail` is the rest of the button's value, `once` the once-key of what it does, `at` is now."""

    conversation_id: int
    account: str
    address: str
    contact_id: int
    root_id: int
    language: str
    detail: str
    once: str = ""
    at: int = 0


def say(session: Session, press: Press, text: str, buttons: Buttons = (), *, part: str = "answer") -> None:
    """Answer a press in its conversation, once; `part` tells two answers of one press apart."""
    said = Saying(press.conversation_id, press.account, press.address, text, Author.BOT, Lane.SERVICE, f"{press.once}:{part}", buttons)
    say_many(session, [said], now=press.at)
