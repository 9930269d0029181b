"""Conditions: a typed tree of what must hold for a rule to act, read from data and asked of facts; pure and total."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from crm.base.errors import Invalid
from crm.base.fold import fold
from crm.base.i18n import N_, Translator, translator

Value = str | int | Decimal | tuple[str, ...] | None
"""What a fact may be: words, a number, several words (tags), or nothing known."""
Facts = Mapping[str, Value]
LEAVES_MOST, DEPTH_MOST, WORDS_MOST, LIST_MOST = 50, 5, 300, 50
NAME = re.compile(r"[a-z][a-z_]{0,19}(\.[a-z0-9_]{1,45}){1,2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadRule(Invalid):
    """A rule cannot be read; `phrase` and `fields` say what in it is wrong, for a face to translate."""

    def __init__(self, phrase: str, **fields: object) -> None:
        super().__init__(translator("en")(phrase, **fields))
        self.phrase, self.fields = phrase, fields

    def words(self, tr: Translator) -> str:
        """What is wrong, in the reader's language."""
        return tr(self.phrase, **self.fields)


class Is(StrEnum):
    """How a fact is compared with a value."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    HAS = "has"
    SAYS = "says"
    KNOWN = "known"
    UNKNOWN = "unknown"


BARE = (Is.KNOWN, Is.UNKNOWN)
"""Comparisons that need no value."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of a fact."""

    field: str
    how: Is
    value: Value = None


@dataclass(frozen=True, slots=True)
class All:
    """All of these hold; none at all = always."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """One of these holds."""

    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    part: "Condition"


Condition = Leaf | All | Any | Not
ALWAYS = All()


def read(data: object, depth: int = 0) -> Condition:
    """Read a tree from data such as {"all": [{"field": "deal.amount", "is": "at_least", "value": 500}]}; raises `BadRule`."""
    if depth > DEPTH_MOST:
        raise BadRule(N_("The conditions go too deep: at most {most} levels."), most=DEPTH_MOST)
    if data is None or data == {}:
        return ALWAYS
    if not isinstance(data, dict):
        raise BadRule(N_("A condition is an object with all, any, not or field."))
    tree = _branch(data, depth) if {"all", "any", "not"} & set(data) else _leaf(data)
    if depth == 0 and sum(1 for _ in leaves(tree)) > LEAVES_MOST:
        raise BadRule(N_("There are too many conditions: at most {most}."), most=LEAVES_MOST)
    return tree


def _branch(data: dict[object, object], depth: int) -> Condition:
    if len(data) != 1:
        raise BadRule(N_("all, any and not stand alone in their object."))
    [(word, inside)] = data.items()
    if word == "not":
        return Not(read(inside, depth + 1))
    if not isinstance(inside, list) or len(inside) > LEAVES_MOST:
        raise BadRule(N_("all and any need a list of at most {most} conditions."), most=LEAVES_MOST)
    parts = tuple(read(one, depth + 1) for one in inside)
    return All(parts) if word == "all" else Any(parts)


def _leaf(data: dict[object, object]) -> Leaf:
    field, how = data.get("field"), data.get("is", Is.IS.value)
    if set(data) - {"field", "is", "value"} or not isinstance(field, str) or not NAME.fullmatch(field):
        raise BadRule(N_("A condition has a field such as deal.amount, a word for is, and a value."))
    if how not in set(Is):
        raise BadRule(N_("“{word}” is no comparison; there are: {words}."), word=str(how)[:40], words=", ".join(Is))
    found = Is(str(how))
    if found in BARE:
        return Leaf(field, found)
    value = data.get("value")
    if found is Is.ONE_OF:
        if not isinstance(value, list) or not 0 < len(value) <= LIST_MOST:
            raise BadRule(N_("one_of needs a list of at most {most} values."), most=LIST_MOST)
        return Leaf(field, found, tuple(str(_plain(one)) for one in value))
    return Leaf(field, found, _plain(value))


def _plain(value: object) -> str | int | Decimal:
    """One value; a number with a fraction is kept exactly."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return Decimal(str(value))
    if isinstance(value, str) and len(value) <= WORDS_MOST:
        return value
    raise BadRule(N_("A condition compares with words of at most {most} characters or with a number."), most=WORDS_MOST)


def write(tree: Condition) -> dict[str, object]:
    """The tree as data again; reading it gives the same."""
    match tree:
        case All(parts):
            return {"all": [write(part) for part in parts]} if parts else {}
        case Any(parts):
            return {"any": [write(part) for part in parts]}
        case Not(part):
            return {"not": write(part)}
        case Leaf(field, how, value):
            if how in BARE:
                return {"field": field, "is": how.value}
            said = list(value) if isinstance(value, tuple) else float(value) if isinstance(value, Decimal) else value
            return {"field": field, "is": how.value, "value": said}


def leaves(tree: Condition) -> Iterator[Leaf]:
    """Every comparison of a tree."""
    match tree:
        case All(parts) | Any(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Leaf():
            yield tree


def holds(tree: Condition, facts: Facts) -> bool:
    """Whether the conditions hold; what is not known is equal to nothing, not even to something else."""
    match tree:
        case All(parts):
            return all(holds(part, facts) for part in parts)
        case Any(parts):
            return any(holds(part, facts) for part in parts)
        case Not(part):
            return not holds(part, facts)
        case Leaf(field, how, value):
            return _compared(how, facts.get(field), value)


def _compared(how: Is, fact: Value, value: Value) -> bool:
    known = fact not in (None, "", ())
    match how:
        case Is.KNOWN:
            return known
        case Is.UNKNOWN:
            return not known
        case Is.IS:
            return known and _same(fact, value)
        case Is.IS_NOT:
            return not (known and _same(fact, value))
        case Is.ONE_OF:
            return known and any(_same(fact, one) for one in _several(value))
        case Is.HAS | Is.SAYS:
            return known and _found(fact, value, whole=how is Is.HAS)
    return known and _ordered(fact, value, least=how is Is.AT_LEAST)


def _same(fact: Value, value: Value) -> bool:
    if isinstance(fact, tuple):
        return any(_same(one, value) for one in fact)
    one, other = _number(fact), _number(value)
    return one == other if one is not None and other is not None else str(fact).casefold() == str(value).casefold()


def _found(fact: Value, value: Value, *, whole: bool) -> bool:
    if whole and isinstance(fact, tuple):
        return _same(fact, value)
    wanted = fold(str(value))
    return bool(wanted) and wanted in fold(" ".join(_several(fact)))


def _ordered(fact: Value, value: Value, *, least: bool) -> bool:
    one, other = _number(fact), _number(value)
    if one is not None and other is not None:
        return one >= other if least else one <= other
    if _DAY.fullmatch(str(fact)) and _DAY.fullmatch(str(value)):
        return str(fact) >= str(value) if least else str(fact) <= str(value)
    return False


def _number(value: Value) -> Decimal | None:
    if isinstance(value, tuple) or value is None:
        return None
    try:
        found = Decimal(str(value).partition(" ")[0]) if _starts_as_number(str(value)) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def _starts_as_number(text: str) -> bool:
    """A number, or an amount as it is kept: a number and its currency."""
    return re.fullmatch(r"-?\d{1,18}(\.\d{1,15})?( [A-Z]{3})?", text) is not None


def _several(value: Value) -> Sequence[str]:
    return value if isinstance(value, tuple) else (str(value),)
