"""What a person meant: a button's value, a label or word typed instead of pressing, or plain text."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bots.customer.words import LABELS
from crm.base.answers import Heard, about
from crm.base.i18n import LANGUAGES, NATIVE, translator
from crm.base.text import is_command, is_greeting, is_order_question, is_person, is_stop, plain


class Act(StrEnum):
    """What was done, as far as a flow cares."""

    STOP = "stop"
    PERSON = "person"
    OFFERS = "offers"
    LANGUAGE = "lang"
    SKIP = "skip"
    ELSEWHERE = "continue"
    PHONE = "phone"
    START = "start"
    FORM = "form"
    ABOUT = "about"
    ORDER = "order"
    GREETING = "greeting"
    TEXT = "text"
    MEDIA = "media"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Meant:
    """An act with what came along: `detail` is a language, a question's name, yes or no; `shown` the language a button was shown in."""

    act: Act
    detail: str = ""
    shown: str = ""
    text: str = ""


_VALUES = frozenset({Act.STOP, Act.PERSON, Act.OFFERS, Act.LANGUAGE, Act.SKIP, Act.ELSEWHERE})


def meaning(heard: Heard, state: str) -> Meant:
    """What a person meant; total: a stale or foreign value, and what we cannot read, mean nothing.

    A typed yes or no answers the offers question alone, and a typed "skip" the question it follows.
    """
    match heard.kind:
        case "postback":
            return _pressed(heard.value)
        case "contact":
            return Meant(Act.PHONE)
        case "start":
            return Meant(Act.START)
        case "form":
            return Meant(Act.FORM, text=heard.text.strip())
        case "message":
            return _said(heard, state)
    return Meant(Act.NOTHING)


def _pressed(value: str) -> Meant:
    if about(value):
        return Meant(Act.ABOUT, value)
    act, _, rest = value.partition(":")
    detail, _, shown = rest.partition(":")
    if act not in _VALUES or (act == Act.LANGUAGE and detail not in LANGUAGES) or (act == Act.OFFERS and detail not in {"yes", "no"}):
        return Meant(Act.NOTHING)
    return Meant(Act(act), detail, shown if shown in LANGUAGES else "")


def _said(heard: Heard, state: str) -> Meant:
    text = heard.text.strip()
    if not text:
        return Meant(Act.MEDIA if heard.media else Act.NOTHING)
    if is_stop(text):
        return Meant(Act.STOP)
    typed = _pressed(_labels().get(plain(text), ""))
    if typed.act is not Act.NOTHING and (typed.act is not Act.OFFERS or (state == "offers" and heard.seen)):
        return typed
    if is_person(text):
        return Meant(Act.PERSON)
    if is_order_question(text):
        return Meant(Act.ORDER)
    if is_command(text):
        return Meant(Act.NOTHING)
    return Meant(Act.GREETING if is_greeting(text) else Act.TEXT, text=text)


@cache
def _labels() -> dict[str, str]:
    """Every label as it may come back in words: a keyboard of the platform sends the label, and some people type it."""
    said = {plain(translator(language).button(label)): value for label, value in LABELS.items() for language in LANGUAGES}
    return said | {plain(name): f"{Act.LANGUAGE}:{language}" for language, name in NATIVE.items()}
