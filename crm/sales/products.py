"""Product: what the firm sells at which price: the price list, kept by managers, typed or pasted line by line."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import Index, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid, NotFound
from crm.base.fold import fold
from crm.base.history import Change, record, record_many
from crm.base.money import CURRENCIES
from crm.base.policy import Action
from crm.base.pricing import ONE, Line, check
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people.reps import authorise

NAME_MOST, UNIT_MOST, CODE_MOST = 80, 12, 30
LIST_MOST = 300
_CODED = sql("active = 1 AND code <> ''")


class Which(StrEnum):
    """Which part of the price list is read: what is sold, what of it runs out, what is not sold any more."""

    SOLD = ""
    LOW = "low"
    OFF = "off"


class Product(Row):
    """Something of the price list: `price` for one in hundredths, `tax_bp` in basis points, quantities in thousandths.

    `folded` is its name and code by sound; `stock_kept` = it is counted: `on_hand` is there, `reserved` of it is promised, at `low_m` free ones it is low.
    """

    __tablename__ = "products"
    code: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str]
    folded: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default="")
    price: Mapped[int]
    currency: Mapped[str]
    tax_bp: Mapped[int] = mapped_column(server_default="0")
    tax_inside: Mapped[int] = mapped_column(server_default="1")
    stock_kept: Mapped[int] = mapped_column(server_default="0")
    on_hand: Mapped[int] = mapped_column(server_default="0")
    reserved: Mapped[int] = mapped_column(server_default="0")
    low_m: Mapped[int] = mapped_column(server_default="0")
    active: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)
    __table_args__ = (
        Index("products_code", "code", unique=True, sqlite_where=_CODED, postgresql_where=_CODED),
        Index("products_active", "active", "name", "id"),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What is said of a product: all that is typed in a line of the price list."""

    name: str
    price: int
    currency: str
    unit: str = ""
    tax_bp: int = 0
    tax_inside: bool = True
    code: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product as it is read: its offer, and how many there are, in thousandths."""

    id: int
    offer: Offer
    stock_kept: bool
    on_hand: int
    reserved: int
    low_m: int
    active: bool

    @property
    def free(self) -> int:
        """How much of it is neither sold nor promised, in thousandths; less than nothing where more is promised than there is."""
        return self.on_hand - self.reserved

    @property
    def low(self) -> bool:
        """Whether it runs out."""
        return self.stock_kept and self.free <= self.low_m


def view(row: Product) -> Goods:
    """A product as it is read."""
    offer = Offer(row.name, row.price, row.currency, row.unit, row.tax_bp, bool(row.tax_inside), row.code)
    return Goods(row.id, offer, bool(row.stock_kept), row.on_hand, row.reserved, row.low_m, bool(row.active))


def line_from(goods: Goods, quantity_m: int = ONE) -> Line:
    """So much of a product, at its price of now; pure."""
    one = goods.offer
    return Line(one.name, quantity_m, one.price, one.unit, tax_bp=one.tax_bp, tax_inside=one.tax_inside, product_id=goods.id)


def product_at(session: Session, product_id: int) -> Goods:
    """A product by its number."""
    found = session.get(Product, product_id)
    if found is None:
        raise NotFound("no such product")
    return view(found)


def products_at(session: Session, numbers: Collection[int]) -> dict[int, Goods]:
    """Products by their numbers, those that are off as well."""
    found = session.scalars(select(Product).where(Product.id.in_(numbers))).all() if numbers else ()
    return {row.id: view(row) for row in found}


def products_like(
    session: Session, actor: Actor, words: str = "", *, currency: str = "", limit: int = 5, offset: int = 0, which: Which = Which.SOLD
) -> list[Goods]:
    """The price list by name: those that hold every word of these by sound."""
    authorise(session, actor, Action.SEE_DEALS)
    heard = fold(words).split()
    if words.strip() and not heard:
        return []
    within = [Product.active == int(which is not Which.OFF), *(Product.folded.contains(word, autoescape=True) for word in heard)]
    if currency:
        within.append(Product.currency == currency)
    if which is Which.LOW:
        within += [Product.stock_kept == 1, Product.on_hand - Product.reserved <= Product.low_m]
    return [view(row) for row in session.scalars(select(Product).where(*within).order_by(Product.name, Product.id).limit(limit).offset(offset))]


def currencies_sold(session: Session) -> list[str]:
    """The currencies in which the firm has prices."""
    return sorted(session.scalars(select(Product.currency).where(Product.active == 1).distinct()))


def add_product(session: Session, actor: Actor, offer: Offer, *, once: str | None = None, now: int) -> Goods:
    """Put a product on the price list; the same `once` answers the same. Raises `Invalid` for a code that another one has."""
    authorise(session, actor, Action.SET_PRICES)
    said = cleaned(offer)
    before = session.scalar(select(Product).where(Product.once == once)) if once else None
    if before is not None:
        return view(before)
    _code_free(session, said.code)
    number = next(take_ids(session, 1))
    if not add_new(session, Product, [new_row(number, said, once, now)]):
        raise Invalid("another product has this code")
    record(session, Change("product", number, "added", actor, after=plain(said)), now=now)
    return product_at(session, number)


def revise(session: Session, actor: Actor, product_id: int, offer: Offer, *, now: int) -> Goods:
    """Say of a product what it is called and costs from now on; deals keep the price they were made at. Raises `Invalid`."""
    authorise(session, actor, Action.SET_PRICES)
    row, said = held_product(session, product_id), cleaned(offer)
    before = view(row).offer
    if before != said:
        if said.code != before.code:
            _code_free(session, said.code, row.id)
        write(row, said)
        session.flush()
        record(session, Change("product", row.id, "revised", actor, *differing(before, said)), now=now)
    return view(row)


def switch(session: Session, actor: Actor, product_id: int, active: bool, *, now: int) -> Goods:
    """Take a product off the price list, or put it back."""
    authorise(session, actor, Action.SET_PRICES)
    row = held_product(session, product_id)
    if row.active != int(active):
        if active:
            _code_free(session, row.code, row.id)
        row.active = int(active)
        session.flush()
        record(session, Change("product", row.id, "on" if active else "off", actor), now=now)
    return view(row)


def tax_all(session: Session, actor: Actor, tax_bp: int, tax_inside: bool, *, now: int) -> int:
    """Say one tax of everything on the price list; answers of how many it is another one now."""
    authorise(session, actor, Action.SET_PRICES)
    changes = []
    for row in session.scalars(select(Product).where(Product.active == 1).order_by(Product.id).with_for_update()):
        before = view(row).offer
        if (before.tax_bp, before.tax_inside) != (tax_bp, tax_inside):
            row.tax_bp, row.tax_inside = tax_bp, int(tax_inside)
            changes.append(Change("product", row.id, "revised", actor, *differing(before, cleaned(view(row).offer))))
    session.flush()
    record_many(session, changes, now=now)
    return len(changes)


def cleaned(offer: Offer) -> Offer:
    """An offer as it is kept; raises `Invalid` where it has no name, or a price that cannot be."""
    name = clean_name(offer.name, NAME_MOST)
    if not name:
        raise Invalid("a product needs a name")
    if offer.currency not in CURRENCIES:
        raise Invalid("this currency is not known")
    check(Line(name, ONE, offer.price, tax_bp=offer.tax_bp), offer.currency)
    unit, code = clean_name(offer.unit, UNIT_MOST), clean_name(offer.code, CODE_MOST)
    return Offer(name, offer.price, offer.currency, unit, offer.tax_bp, offer.tax_inside, code)


def held_product(session: Session, product_id: int) -> Product:
    """A product, held so that nobody else changes it at the same time."""
    row = session.get(Product, product_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("no such product")
    return row


def _code_free(session: Session, code: str, but: int = 0) -> None:
    if code and session.scalar(select(Product.id).where(Product.active == 1, Product.code == code, Product.id != but).limit(1)) is not None:
        raise Invalid("another product has this code")


def write(row: Product, offer: Offer) -> None:
    """A product is what this offer says from now on."""
    for name, value in _columns(offer).items():
        setattr(row, name, value)


def new_row(number: int, offer: Offer, once: str | None, now: int) -> dict[str, object]:
    """The row of a new product; pure."""
    return {"id": number, **_columns(offer), "created_at": now, "once": once}


def _columns(offer: Offer) -> dict[str, object]:
    return {**plain(offer), "tax_inside": int(offer.tax_inside), "folded": fold(f"{offer.name} {offer.code}")}


def plain(offer: Offer) -> dict[str, object]:
    """An offer as plain values; pure."""
    return {one.name: getattr(offer, one.name) for one in fields(offer)}


def differing(before: Offer, after: Offer) -> tuple[dict[str, object], dict[str, object]]:
    """What differs, as it was and as it is, and of which currency a price is; pure."""
    was, now = plain(before), plain(after)
    names = [name for name in was if was[name] != now[name] or (name == "currency" and before.price != after.price)]
    return {name: was[name] for name in names}, {name: now[name] for name in names}
