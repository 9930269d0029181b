"""A small way to play a customer: facts of a shop called Bat & Ball, and one exchange with the bot."""

from dataclasses import replace

from bots.customer.engine import answer
from crm.base.answers import Answer, Exchange, Facts, Heard
from crm.base.i18n import LANGUAGES

SHOP = Facts(company="Bat & Ball", language="en", languages=LANGUAGES)
KNOWN = replace(SHOP, name="Ani", need="a bat", phone="+37491234567", offers=False)


def said(text: str, state: str = "", facts: Facts = SHOP, **more: object) -> Answer:
    """The answer to a typed message."""
    return answer(Exchange(replace(Heard("message", text=text), **more), facts, state))  # type: ignore[arg-type]


def did(kind: str, state: str = "", facts: Facts = SHOP, **more: object) -> Answer:
    """The answer to anything else a person did."""
    return answer(Exchange(replace(Heard(kind), **more), facts, state))  # type: ignore[arg-type]


def pressed(value: str, state: str = "", facts: Facts = SHOP, **more: object) -> Answer:
    """The answer to a pressed button."""
    return did("postback", state, facts, value=value, **more)


def words(answered: Answer) -> str:
    """All that the bot said."""
    return "\n".join(reply.text for reply in answered.say)


def labels(answered: Answer) -> dict[str, str]:
    """The buttons shown, label to value (or what they ask for)."""
    return {button.label: button.value or button.ask or button.url for reply in answered.say for row in reply.buttons for button in row}
