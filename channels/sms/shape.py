"""Shape: filling in what a gateway is asked, and finding a value in what it says; pure."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from crm.base.errors import Misconfigured

PATTERN = "re:"
_PLACE = re.compile(r"\{(to|digits|text|from|ref|callback|coding)\}")


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its places filled, once: what a customer is told may itself have braces."""
    return _PLACE.sub(lambda place: values.get(place[1], ""), template)


def flat(fields: Mapping[str, str], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The fields of a form or of a query."""
    return [(name, filled(template, values)) for name, template in fields.items()]


def nested(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a JSON body: a dotted name goes inside, a part with [] at its end is a list of one."""
    made: dict[str, Any] = {}
    for name, template in fields.items():
        inside: dict[str, Any] = made
        *ways, last = name.split(".")
        for way in ways:
            inside = _step(inside, way)
        value = filled(template, values)
        inside[last.removesuffix("[]")] = [value] if last.endswith("[]") else value
    return made


def _step(inside: dict[str, Any], way: str) -> dict[str, Any]:
    name = way.removesuffix("[]")
    found = inside.setdefault(name, [{}] if way.endswith("[]") else {})
    return found[0] if isinstance(found, list) else found  # type: ignore[no-any-return]


def found(place: str, text: str, told: object) -> str:
    """What stands at a place of an answer: `text` as it came, `told` read as JSON; "" = nothing."""
    if place.startswith(PATTERN):
        match = pattern(place).search(text)
        return (match[1] if match and match.re.groups else match[0] if match else "") or ""
    return scalar(at(place, told)) if place else ""


def at(place: str, told: object) -> object:
    """What a dotted path leads to in JSON; None = nowhere."""
    for way in filter(None, place.split(".")):
        match told:
            case dict():
                told = told.get(way)
            case list() if way.isdecimal() and int(way) < len(told):
                told = told[int(way)]
            case _:
                return None
    return told


def scalar(value: object) -> str:
    """A value as text: yes and no in small letters, the first of a list, nothing for what has parts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return scalar(value[0]) if value else ""
    return str(value) if isinstance(value, str | int | float) else ""


@lru_cache(maxsize=64)
def pattern(place: str) -> re.Pattern[str]:
    """The pattern of a place; raises Misconfigured for one that cannot be read."""
    try:
        return re.compile(place.removeprefix(PATTERN))
    except re.error as error:
        raise Misconfigured(f"{place!r} is no pattern: {error}") from None


def records(each: str, told: object) -> Sequence[Mapping[str, object]]:
    """The records of a callback: the list at `each`, or the whole as one."""
    inside = at(each, told) if each else told
    many = inside if isinstance(inside, list) else [inside]
    return [one for one in many if isinstance(one, dict)]
