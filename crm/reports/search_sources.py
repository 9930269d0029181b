"""What the index of search reads: messages, people, firms, deals and orders in the order of their numbers, and what of them has changed since."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from crm.base.history import DomainEvent
from crm.base.rows import among
from crm.base.table import Row
from crm.conversations.threads import Kind, Message
from crm.people.companies import Company
from crm.people.contacts import Contact, Identity
from crm.reports.search_tables import About, Findable
from crm.sales.deals import Deal
from crm.sales.orders import Order, OrderLine

CHUNK = 100
EVENTS = 2000
TOKEN_LETTERS = 6
_MESSAGE_CHANGES = frozenset(("edited", "deleted"))
SPOKEN = (Message.text != "") & Message.kind.not_in((Kind.CALL.value, Kind.REACTION.value))
"""The messages that have words of their own."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be found by its words; without any it is only taken out. `held` = about how many tokens the index has of it now."""

    id: int
    about: About
    text: str = ""
    names: tuple[str, ...] = ()
    held: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """From which number on to read, and up to which (None = to the end); `late` = only what the index has not."""

    after: int
    upto: int | None = None
    late: bool = False

    def of(self, number: ColumnElement[int]) -> ColumnElement[bool]:
        """The condition on a column of numbers."""
        found = number > self.after
        if self.upto is not None:
            found &= number <= self.upto
        return found & ~exists().where(Findable.id == number) if self.late else found


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: things, the last number among what was looked at (0 = there was nothing), and whether there may be more."""

    things: tuple[Thing, ...] = ()
    last: int = 0
    more: bool = False


Source = Callable[[Session, Span], Reading]


def messages(session: Session, span: Span) -> Reading:
    """What was said, by whomever; what was taken back is not read."""
    rows = _rows(session, select(Message.id, Message.text, Message.deleted_at).where(span.of(_id(Message)), SPOKEN), Message)
    return _reading(rows, [_message(row) for row in rows])


def people(session: Session, span: Span) -> Reading:
    """Who is known, by the names they go by."""
    rows = _rows(session, select(Contact.id, Contact.name, Contact.platform_name).where(span.of(_id(Contact))), Contact)
    return _reading(rows, _people(session, rows))


def deals(session: Session, span: Span) -> Reading:
    """Deals, by their titles and the names of their firms."""
    rows = _rows(session, _DEALS.where(span.of(_id(Deal))), Deal)
    return _reading(rows, [_deal(row) for row in rows])


def orders(session: Session, span: Span) -> Reading:
    """Orders, by their numbers and what is ordered."""
    rows = _rows(session, select(Order.id, Order.number).where(span.of(_id(Order))), Order)
    return _reading(rows, _orders(session, rows))


def companies(session: Session, span: Span) -> Reading:
    """Firms, by their names."""
    rows = _rows(session, select(Company.id, Company.name).where(span.of(_id(Company))), Company)
    return _reading(rows, [Thing(row.id, About.COMPANY, names=(row.name,)) for row in rows])


def changes(session: Session, span: Span) -> Reading:
    """What is to be read anew, since it is on record that it changed."""
    near = Span(span.after, span.upto)
    question = select(DomainEvent.id, DomainEvent.subject, DomainEvent.subject_id, DomainEvent.kind).where(near.of(_id(DomainEvent)))
    events = session.execute(question.order_by(DomainEvent.id).limit(EVENTS)).all()
    wanted: dict[str, set[int]] = {}
    for taken, event in enumerate(events):
        if sum(map(len, wanted.values())) >= CHUNK:
            events = events[:taken]
            break
        if event.subject != About.MESSAGE or event.kind in _MESSAGE_CHANGES:
            wanted.setdefault(event.subject, set()).add(event.subject_id)
    things = [thing for about, numbers in wanted.items() if about in _ANEW for thing in _ANEW[about](session, sorted(numbers))]
    return Reading(_weighed(session, things), events[-1].id if events else 0, bool(wanted) or len(events) == EVENTS)


def _weighed(session: Session, things: Sequence[Thing]) -> tuple[Thing, ...]:
    """The same things, with how much of each there is to be taken out."""
    question = select(Findable.id, func.length(Findable.words).label("letters")).where(among(Findable.id, "ids"))
    held = {row.id: row.letters // TOKEN_LETTERS for row in session.execute(question, {"ids": [one.id for one in things]})} if things else {}
    return tuple(replace(one, held=held.get(one.id, 0)) for one in things)


def _id(table: type[Row]) -> ColumnElement[int]:
    return table.__table__.c.id


def _rows(session: Session, question: Any, table: type[Row]) -> Sequence[Any]:
    return session.execute(question.order_by(_id(table)).limit(CHUNK)).all()


def _reading(rows: Sequence[Any], things: Sequence[Thing]) -> Reading:
    return Reading(tuple(things), rows[-1].id if rows else 0, len(rows) == CHUNK)


def _message(row: Any) -> Thing:
    return Thing(row.id, About.MESSAGE, "" if row.deleted_at else row.text)


_DEALS = select(Deal.id, Deal.title, Company.name).outerjoin(Company, Company.id == Deal.company_id)


def _deal(row: Any) -> Thing:
    return Thing(row.id, About.DEAL, row.title, (row.name,) if row.name else ())


def _orders(session: Session, rows: Sequence[Any]) -> list[Thing]:
    titles: dict[int, list[str]] = {}
    lines = select(OrderLine.order_id, OrderLine.title).where(among(OrderLine.order_id, "ids")).order_by(OrderLine.place, OrderLine.id)
    for order, title in session.execute(lines, {"ids": [row.id for row in rows]}) if rows else ():
        titles.setdefault(order, []).append(title)
    return [Thing(row.id, About.ORDER, "\n".join((row.number, *titles.get(row.id, ())))) for row in rows]


def _people(session: Session, rows: Sequence[Any]) -> list[Thing]:
    known: dict[int, list[str]] = {}
    given = {"ids": [row.id for row in rows]}
    for contact, username in session.execute(
        select(Identity.contact_id, Identity.username).where(among(Identity.contact_id, "ids"), Identity.username != ""), given
    ):
        known.setdefault(contact, []).append(username)
    return [Thing(row.id, About.CONTACT, names=tuple(filter(None, (row.name, row.platform_name, *known.get(row.id, ()))))) for row in rows]


def _messages_anew(session: Session, numbers: Sequence[int]) -> list[Thing]:
    rows = session.execute(select(Message.id, Message.text, Message.deleted_at).where(among(Message.id, "ids")), {"ids": numbers}).all()
    return [_message(row) for row in rows]


def _people_anew(session: Session, numbers: Sequence[int]) -> list[Thing]:
    return _people(session, session.execute(select(Contact.id, Contact.name, Contact.platform_name).where(among(Contact.id, "ids")), {"ids": numbers}).all())


def _deals_anew(session: Session, numbers: Sequence[int]) -> list[Thing]:
    return [_deal(row) for row in session.execute(_DEALS.where(among(Deal.id, "ids")), {"ids": numbers})]


def _orders_anew(session: Session, numbers: Sequence[int]) -> list[Thing]:
    return _orders(session, session.execute(select(Order.id, Order.number).where(among(Order.id, "ids")), {"ids": numbers}).all())


def _companies_anew(session: Session, numbers: Sequence[int]) -> list[Thing]:
    """The firms, and the deals that carry their names."""
    rows = session.execute(select(Company.id, Company.name).where(among(Company.id, "ids")), {"ids": numbers}).all()
    theirs = session.execute(_DEALS.where(among(Deal.company_id, "ids")), {"ids": numbers}).all()
    return [*(Thing(row.id, About.COMPANY, names=(row.name,)) for row in rows), *map(_deal, theirs)]


SOURCES: dict[str, Source] = {About.COMPANY: companies, About.CONTACT: people, About.DEAL: deals, About.ORDER: orders, About.MESSAGE: messages}
"""Each kind with what reads it, the smallest first."""
_ANEW: dict[str, Callable[[Session, Sequence[int]], list[Thing]]] = {
    About.MESSAGE: _messages_anew,
    About.CONTACT: _people_anew,
    About.DEAL: _deals_anew,
    About.ORDER: _orders_anew,
    About.COMPANY: _companies_anew,
}


def as_they_are(session: Session, things: Sequence[Thing]) -> dict[int, Thing]:
    """The same things as they stand now, by their numbers; one that is gone is not among them."""
    found: dict[int, Thing] = {}
    for about in {one.about for one in things}:
        numbers = {one.id for one in things if one.about is about}
        found.update((one.id, one) for one in _ANEW[about](session, sorted(numbers)) if one.id in numbers)
    return found
