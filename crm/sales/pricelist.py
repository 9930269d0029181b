"""Price list: many products said at once, as a list that was pasted: what is known costs what it says from now on, the rest is new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record_many
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.people.reps import authorise
from crm.sales.price_words import Said
from crm.sales.products import LIST_MOST, Offer, Product, cleaned, differing, new_row, plain, view, write


@dataclass(frozen=True, slots=True)
class Listed:
    """What a price list does: how many are new and how many are so already, and, by number, what those that change are said to be before."""

    added: int = 0
    same: int = 0
    before: Mapping[int, Offer] = field(default_factory=dict)
    made: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be done for a list: each row with what it says from now on, and the offers that no row is meant by."""

    rows: tuple[tuple[Product, Offer], ...]
    fresh: tuple[Offer, ...]

    @property
    def changed(self) -> list[tuple[Product, Offer, Offer]]:
        """The rows that change, with what they say before and after."""
        return [(row, view(row).offer, after) for row, after in self.rows if view(row).offer != after]


def take_list(session: Session, actor: Actor, said: Sequence[Said], *, once: str, now: int) -> Listed:
    """Take a price list: one that is known by its code, or else by its name, costs what is said from now on, others are new. `once` keeps it from two.

    What a line does not say of a known one stays as it was; a new one without a tax gets the usual. Raises `Invalid` for more than 300 lines.
    """
    authorise(session, actor, Action.SET_PRICES)
    plan, before = _planned(session, said), {}
    changes = []
    for row, was, after in plan.changed:
        before[row.id] = was
        write(row, after)
        changes.append(Change("product", row.id, "revised", actor, *differing(was, after), cause=once))
    session.flush()
    ids = list(take_ids(session, len(plan.fresh)))
    fresh = dict(zip(ids, plan.fresh, strict=True))
    there = add_new(session, Product, [new_row(number, one, f"{once}:{place}", now) for place, (number, one) in enumerate(fresh.items())])
    made = tuple(number for number in ids if number in there)
    changes += [Change("product", number, "added", actor, after=plain(fresh[number]), cause=once) for number in made]
    record_many(session, changes, now=now)
    return Listed(len(made), len(plan.rows) - len(before), before, made)


def compare(session: Session, actor: Actor, said: Sequence[Said]) -> Listed:
    """What a price list would do, without doing it."""
    authorise(session, actor, Action.SET_PRICES)
    plan = _planned(session, said)
    before = {row.id: was for row, was, _ in plan.changed}
    return Listed(len(plan.fresh), len(plan.rows) - len(before), before)


def take_back(session: Session, actor: Actor, done: Listed, *, now: int) -> None:
    """Undo a price list: what it made is off the list, what it changed says what it said before."""
    authorise(session, actor, Action.SET_PRICES)
    numbers, changes = {*done.made, *done.before}, []
    for row in session.scalars(select(Product).where(Product.id.in_(numbers)).order_by(Product.id).with_for_update()):
        if row.id in done.before:
            was, then = view(row).offer, done.before[row.id]
            if was != then:
                write(row, then)
                changes.append(Change("product", row.id, "revised", actor, *differing(was, then)))
        elif row.active:
            row.active = 0
            changes.append(Change("product", row.id, "off", actor))
    session.flush()
    record_many(session, changes, now=now)


def usual_tax(session: Session) -> tuple[int, bool]:
    """The tax that the newest product has, in basis points, and whether it is inside the price."""
    found = session.execute(select(Product.tax_bp, Product.tax_inside).where(Product.active == 1).order_by(Product.id.desc()).limit(1)).first()
    return (found.tax_bp, bool(found.tax_inside)) if found else (0, True)


def _planned(session: Session, said: Sequence[Said]) -> _Planned:
    if len(said) > LIST_MOST:
        raise Invalid("this list is too long for one go")
    usual, lines = usual_tax(session), [replace(one, offer=cleaned(one.offer)) for one in said]
    active = select(Product.id, Product.code, Product.name).where(Product.active == 1).order_by(Product.id.desc())
    known = _Known([(row.id, row.code, row.name) for row in session.execute(active)])
    meant = [known.meant(one.offer) for one in lines]
    there = {row.id: row for row in session.scalars(select(Product).where(Product.id.in_({number for number in meant if number})))}
    rows, fresh = {}, {}
    for number, one in zip(meant, lines, strict=True):
        if number is not None:
            rows[number] = there[number], _kept(view(there[number]).offer, one)
        else:
            fresh[_key(one.offer)] = one.offer if one.taxed else replace(one.offer, tax_bp=usual[0], tax_inside=usual[1])
    return _Planned(tuple(rows.values()), tuple(fresh.values()))


class _Known:
    """Which products there are, by code and by name, the newest given first; the oldest of a name is the one that is meant by it."""

    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        self._codes: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._bare: dict[str, int] = {}
        for number, code, name in rows:
            self._names[_plain(name)] = number
            (self._codes if code else self._bare)[_plain(code or name)] = number

    def meant(self, offer: Offer) -> int | None:
        """Which one a line is about: by its code, by its name where either has none."""
        name = _plain(offer.name)
        return (self._codes.get(_plain(offer.code)) or self._bare.get(name)) if offer.code else self._names.get(name)


def _key(offer: Offer) -> str:
    return _plain(offer.code) or _plain(offer.name)


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())


def _kept(before: Offer, said: Said) -> Offer:
    """What is not said in a line stays as it was."""
    one = said.offer
    taxed = (one.tax_bp, one.tax_inside) if said.taxed else (before.tax_bp, before.tax_inside)
    return Offer(one.name, one.price, one.currency, one.unit or before.unit, *taxed, one.code or before.code)
