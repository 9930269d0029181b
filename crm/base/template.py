"""Templates without logic: `{name}` and `{name|friend}`, a fixed list of fields and the firm's own, read once at save; values are never read again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypedDict

from crm.base.errors import Invalid
from crm.base.i18n import N_, translator
from crm.base.text import clean, clean_name, cut_utf16, looks_like_name

TEXT_MOST = 4000
OUTPUT_MOST = 4000
VALUE_MOST = 200

# What stands where a value is missing and the text names no fallback: a sentence stays whole, nothing blank is ever sent.
NEUTRAL = {
    "name": N_("dear customer"),
    "company": N_("our company"),
    "channel": N_("this chat"),
    "need": N_("your question"),
    "rep": N_("our team"),
    "greeting_name": N_("dear customer"),
}
FIELDS = tuple(NEUTRAL)

_OWN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLACE = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}]")


class BadTemplate(Invalid):
    """This text cannot be used as a template; `phrase` and `fields` say why, for a face to translate."""

    def __init__(self, phrase: str, **fields: object) -> None:
        super().__init__(translator("en")(phrase, **fields))
        self.phrase, self.fields = phrase, fields


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A place for a value, with what stands there when the value is missing ("" = the language's neutral word)."""

    name: str
    fallback: str = ""


Template = tuple[Words | Field, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """What may be filled in; "" = not known; `own` are values of the firm's own fields by name.

    `greeting_name` is how staff said that a person is greeted, or else the name they told; a name that is only guessed is never one.
    """

    name: str = ""
    company: str = ""
    channel: str = ""
    need: str = ""
    rep: str = ""
    own: Mapping[str, str] = field(default_factory=dict)
    greeting_name: str = ""


def tidy(text: str) -> str:
    """The text as it is kept: clean, with plain line ends and nothing blank around it."""
    return clean(text).replace("\r\n", "\n").replace("\r", "\n").strip()


@lru_cache(maxsize=512)
def parse(text: str, own: frozenset[str] | None = frozenset()) -> Template:
    """Read a template; raises BadTemplate for what is blank, too long (4000 characters), unknown or misspelt.

    `own` are the names of the firm's own fields (None = whatever looks like one: a text that was read before), each of which needs a fallback.
    """
    if len(text) > TEXT_MOST:
        raise BadTemplate(N_("The text has {length} characters, {most} are allowed."), length=len(text), most=TEXT_MOST)
    if not clean_name(text, TEXT_MOST):
        raise BadTemplate(N_("The text is empty."))
    parts: list[Words | Field] = []
    end = 0
    for place in _PLACE.finditer(text):
        parts += [_words(text[end : place.start()]), _field(place[1], own)]
        end = place.end()
    parts.append(_words(text[end:]))
    return tuple(part for part in parts if part != Words(""))


def _words(text: str) -> Words:
    brace = _BRACE.search(text)
    if brace:
        near = text[max(0, brace.start() - 10) : brace.start() + 10]
        raise BadTemplate(N_("A brace stands alone near “{near}”: write a field as {example}."), near=near, example="{name}")
    return Words(text)


def _field(inside: str, own: frozenset[str] | None) -> Field:
    name, bar, fallback = (piece.strip() for piece in inside.partition("|"))
    ours = name not in NEUTRAL and (name in own if own is not None else _OWN.fullmatch(name) is not None)
    if name not in NEUTRAL and not ours:
        known = ", ".join((*FIELDS, *sorted(own or ())))
        raise BadTemplate(N_("There is no field “{field}”; there are: {fields}."), field=clean_name(name, 40), fields=known)
    if bar and (not clean_name(fallback) or "|" in fallback):
        raise BadTemplate(N_("After the bar in “{field}” stands one word or more for when the value is missing."), field=name)
    if ours and not bar:
        example = f"{{{name}|…}}"
        raise BadTemplate(N_("Say what stands there for people of whom “{field}” is not known: {example}."), field=name, example=example)
    return Field(name, fallback)


def render(template: Template, values: Values, language: str) -> str:
    """Fill in the values; the result holds at most 4000 UTF-16 units, which every channel takes in one piece."""
    return cut_utf16("".join(part.text if isinstance(part, Words) else _value(part, values, language) for part in template), OUTPUT_MOST)


def _value(field: Field, values: Values, language: str) -> str:
    given: str = getattr(values, field.name) if field.name in NEUTRAL else values.own.get(field.name, "")
    return clean_name(given, VALUE_MOST) or field.fallback or translator(language)(NEUTRAL[field.name])


def own_names(template: Template) -> frozenset[str]:
    """The firm's own fields that a template asks for."""
    return frozenset(part.name for part in template if isinstance(part, Field) and part.name not in NEUTRAL)


def name_to_use(name: str, platform_name: str) -> str:
    """What a person is called in a text ("" = better the neutral word): what they told, else what the platform says if it reads like a name."""
    return name or (clean_name(platform_name) if looks_like_name(platform_name) else "")


class Names(TypedDict):
    """The two names of a person that a text may have: what they are called, and how they are greeted, which is never a guess."""

    name: str
    greeting_name: str


def names_for(greeting_name: str, name: str, platform_name: str) -> Names:
    """The names of a person for a text ("" = not known)."""
    return {"name": name_to_use(name, platform_name), "greeting_name": greeting_name or name}
