"""Plan: what each row of a list does, given who is known: it makes somebody, fills what is empty, or nothing; pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crm.exchange.cells import Person
from crm.exchange.imports import Outcome
from crm.people.contacts import PointKind

Point = tuple[str, str]
MARK = {PointKind.PHONE.value: 2, PointKind.EMAIL.value: 1}
"""What weighs more where a phone and an e-mail lead to two people."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person who is known: what stands where a list might fill a gap."""

    id: int
    name: str = ""
    company_id: int | None = None
    points: frozenset[Point] = frozenset()
    fields: frozenset[int] = frozenset()
    answered: bool = False
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """Who is known by which phone or e-mail (who has proven it, or else whom a list brought in), which were erased; `claimed` = somebody only typed it."""

    by_point: Mapping[Point, tuple[int, ...]] = field(default_factory=dict)
    people: Mapping[int, Somebody] = field(default_factory=dict)
    erased: frozenset[Point] = frozenset()
    deals: frozenset[str] = frozenset()
    claimed: frozenset[Point] = frozenset()


@dataclass(frozen=True, slots=True)
class Deed:
    """What a row does: to whom (None = somebody new), what it writes. A person made by an earlier row of the list is `-number` of that row.

    `doubt` = somebody else has typed a phone or an e-mail of it, and may be the same.
    """

    person: Person
    outcome: Outcome
    contact_id: int | None = None
    name: str = ""
    company: str = ""
    points: tuple[Point, ...] = ()
    values: tuple[tuple[int, str], ...] = ()
    agrees: bool = False
    deal: str = ""
    others: tuple[int, ...] = ()
    doubt: bool = False
    tags: tuple[str, ...] = ()


def deal_key(person: Person) -> str:
    """What keeps a deal of a list from being opened twice, also by the same list next month ("" = the row tells of none)."""
    if not person.deal and person.amount is None:
        return ""
    words = repr((sorted(person.points), person.deal, person.amount, person.currency))
    return f"imported:{hashlib.sha256(words.encode()).hexdigest()[:32]}"


class Planner:
    """Goes through a list in its order; remembers whom it has planned to make, so that nobody is made twice."""

    def __init__(self) -> None:
        self._made: dict[Point, int] = {}
        self._people: dict[int, Somebody] = {}
        self._deals: set[str] = set()

    def plan(self, people: Sequence[Person], known: Known) -> Iterator[Deed]:
        """What each of these rows does."""
        for person in people:
            yield replace(self._deed(person, known), doubt=not known.claimed.isdisjoint(person.points))

    def _deed(self, person: Person, known: Known) -> Deed:
        if not person.points:
            return Deed(person, Outcome.NOBODY)
        if any(point in known.erased for point in person.points):
            return Deed(person, Outcome.ERASED)
        found = self._found(person, known)
        if len(found) > 1:
            return Deed(person, Outcome.UNCLEAR, others=found)
        if not found:
            return self._new(person, self._deal(person, known))
        return self._filled(person, self._people.get(found[0]) or known.people[found[0]], self._deal(person, known))

    def _deal(self, person: Person, known: Known) -> str:
        """The once-key of the deal a row opens ("" = none, or it stands already)."""
        key = deal_key(person)
        if not key or key in known.deals or key in self._deals:
            return ""
        self._deals.add(key)
        return key

    def _found(self, person: Person, known: Known) -> tuple[int, ...]:
        """Whom the phones lead to, or else the e-mails."""
        for kind in sorted(MARK, key=MARK.__getitem__, reverse=True):
            points = [point for point in person.points if point[0] == kind]
            found = [number for point in points for number in ((self._made[point],) if point in self._made else known.by_point.get(point, ()))]
            if found:
                return tuple(dict.fromkeys(found))
        return ()

    def _new(self, person: Person, deal: str) -> Deed:
        known = frozenset(person.points), frozenset(dict(person.values))
        somebody = Somebody(-person.number, person.name, 0 if person.company else None, *known, tags=frozenset(person.tags))
        self._remember(somebody, person, answered=person.agreed is not None)
        what = (person.name, person.company, person.points, person.values, person.agreed is not None, deal)
        return Deed(person, Outcome.NEW, None, *what, tags=person.tags)

    def _filled(self, person: Person, known: Somebody, opens: str) -> Deed:
        name = "" if known.name else person.name
        company = "" if known.company_id is not None else person.company
        points = tuple(point for point in person.points if point not in known.points)
        values = tuple((number, value) for number, value in person.values if number not in known.fields)
        tags = tuple(word for word in person.tags if word not in known.tags)
        agrees = person.agreed is not None and not known.answered
        fills = bool(name or company or points or values or agrees or opens or tags)
        deed = Deed(person, Outcome.FILLED if fills else Outcome.SAME, known.id, name, company, points, values, agrees, opens, tags=tags)
        fuller = Somebody(
            known.id,
            known.name or name,
            0 if company else known.company_id,
            known.points | frozenset(points),
            known.fields | frozenset(dict(values)),
            tags=known.tags | frozenset(tags),
        )
        self._remember(fuller, person, answered=known.answered or agrees)
        return deed

    def _remember(self, somebody: Somebody, person: Person, *, answered: bool) -> None:
        self._people[somebody.id] = replace(somebody, answered=answered)
        for point in person.points:
            self._made[point] = somebody.id
