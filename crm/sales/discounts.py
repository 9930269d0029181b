"""Discount rules of the price list: from so many pieces, for a kind of people or for a tag, a share less; the best single one counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from sqlalchemy import UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.pricing import QUANTITY_MOST, WHOLE, Line
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.people import tags
from crm.people.contacts import root_of
from crm.people.reps import authorise
from crm.sales.products import held_product

HAND, AGAIN = "hand", "again"
"""Whose the discount of a line is, where it is no rule's: a person's, who typed it; or nobody's any more, so that the rules are asked again."""
EVERYTHING = 0
RULES_MOST = 20


class By(StrEnum):
    """What a rule goes by."""

    FROM = "from"
    KIND = "kind"
    TAG = "tag"


class DiscountRule(Row):
    """A discount of the price list, in basis points; `product_id` 0 = on everything, `cause` is what it is given for: from:10000 (thousandths), tag:vip."""

    __tablename__ = "discount_rules"
    product_id: Mapped[int]
    cause: Mapped[str]
    share_bp: Mapped[int]
    set_at: Mapped[int]
    __table_args__ = (UniqueConstraint("product_id", "cause"),)


@dataclass(frozen=True, slots=True)
class Rule:
    """A discount as it is read: what for, how much in basis points, and whether on everything that is sold."""

    cause: str
    share_bp: int
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Whom:
    """What rules know of a buyer."""

    kind: str = ""
    tags: frozenset[str] = frozenset()


def fits(cause: str, quantity_m: int, whom: Whom) -> bool:
    """Whether a rule is for so much and for this buyer; pure."""
    by, _, what = cause.partition(":")
    if by == By.FROM:
        return quantity_m >= int(what)
    return what in whom.tags if by == By.TAG else what == whom.kind


def best(rules: Iterable[Rule], quantity_m: int, whom: Whom) -> Rule | None:
    """The rule that takes most off; of two alike that of the product itself. They are not added up. Pure."""
    return max((one for one in rules if fits(one.cause, quantity_m, whom)), key=lambda one: (one.share_bp, not one.everything, one.cause), default=None)


def by_hand(line: Line) -> bool:
    """Whether a person has said what is taken off a line, be it nothing; pure."""
    return line.discount_why == HAND or (not line.discount_why and bool(line.discount_bp or line.discount_amount))


def applied(line: Line, rules: Iterable[Rule], whom: Whom) -> Line:
    """A line with what the rules take off, instead of whatever was taken off; pure."""
    found = best(rules, line.quantity_m, whom)
    return replace(line, discount_bp=found.share_bp if found else 0, discount_amount=0, discount_why=found.cause if found else "")


def renewed(before: Iterable[Line], after: Sequence[Line], rules: Mapping[int, Sequence[Rule]], whom: Whom) -> tuple[Line, ...]:
    """The lines with what the rules take off of those that are new or another quantity now; what was agreed or typed stays as it is; pure."""
    agreed = {_said(line) for line in before}
    return tuple(line if _said(line) in agreed or by_hand(line) else applied(line, rules.get(line.product_id or 0, ()), whom) for line in after)


def by_itself(lines: Sequence[Line], place: int | None = None) -> tuple[Line, ...]:
    """The lines with the discount of one of them, or of all, given back to the rules; pure."""
    bare = (replace(line, discount_bp=0, discount_amount=0, discount_why=AGAIN) for line in lines)
    return tuple(free if place is None or at == place else line for at, (line, free) in enumerate(zip(lines, bare, strict=True)))


def whom(session: Session, contact_id: int) -> Whom:
    """What rules know of a person, whichever of their contacts this is."""
    root = root_of(session, contact_id)
    return Whom(root.kind, frozenset(tags.tags_of(session, [root.id])[root.id]))


def rules_of(session: Session, products: Collection[int]) -> dict[int, tuple[Rule, ...]]:
    """The rules of each of these products, with those on everything; by quantity, then by whom they are for."""
    rows = session.scalars(select(DiscountRule).where(DiscountRule.product_id.in_({EVERYTHING, *products}))).all() if products else ()
    found = sorted(rows, key=lambda row: (_order(row.cause), row.product_id == EVERYTHING))
    return {one: tuple(Rule(row.cause, row.share_bp, not row.product_id) for row in found if row.product_id in (EVERYTHING, one)) for one in products}


def given(session: Session, contact_id: int, before: Iterable[Line], after: Sequence[Line]) -> tuple[Line, ...]:
    """Lines for a person with what the rules of now take off of what is new among them."""
    products = {line.product_id for line in after if line.product_id is not None}
    rules = rules_of(session, products)
    return renewed(before, after, rules, whom(session, contact_id) if any(rules.values()) else Whom())


def set_discount(session: Session, actor: Actor, product_id: int, rule: Rule, *, now: int) -> int:
    """Take so much off from now on, on a product or (said at one) on everything; nothing ends it. Answers what it was before; deals keep what they have.

    Raises `Invalid` for what cannot be a rule, and where a product has 20.
    """
    authorise(session, actor, Action.SET_PRICES)
    held_product(session, product_id)
    cause = _cleaned(rule.cause)
    if not 0 <= rule.share_bp <= WHOLE:
        raise Invalid("this discount cannot be used")
    number = EVERYTHING if rule.everything else product_id
    held = select(DiscountRule).where(DiscountRule.product_id == number, DiscountRule.cause == cause).with_for_update()
    row = session.scalar(held)
    before = row.share_bp if row else 0
    if before == rule.share_bp:
        return before
    if row is None:
        if (session.scalar(select(func.count()).where(DiscountRule.product_id == number)) or 0) >= RULES_MOST:
            raise Invalid("these are too many discounts")
        fresh = {"id": next(take_ids(session, 1)), "product_id": number, "cause": cause, "share_bp": rule.share_bp, "set_at": now}
        if not add_new(session, DiscountRule, [fresh]):
            raise Invalid("somebody else sets this discount")
    elif rule.share_bp:
        row.share_bp, row.set_at = rule.share_bp, now
    else:
        session.delete(row)
    session.flush()
    after = {"share_bp": rule.share_bp, "for": cause, "everything": rule.everything}
    record(session, Change("product", product_id, "discount", actor, {"share_bp": before}, after), now=now)
    return before


def _cleaned(cause: str) -> str:
    by, _, what = cause.partition(":")
    if by == By.FROM and what.isdecimal() and 0 < int(what) <= QUANTITY_MOST:
        return f"{by}:{int(what)}"
    word = tags.plain(what)
    if by not in (By.KIND, By.TAG) or not word:
        raise Invalid("a discount is for a quantity, a kind of people or a tag")
    return f"{by}:{word}"


def _order(cause: str) -> tuple[bool, int, str]:
    by, _, what = cause.partition(":")
    return (False, int(what), "") if by == By.FROM else (True, 0, cause)


def _said(line: Line) -> tuple[object, ...]:
    return tuple(getattr(line, one.name) for one in fields(Line))
