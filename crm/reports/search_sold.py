"""What was sold and is found: orders by their numbers and the words of their lines, documents by their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep
from crm.base.errors import NotFound
from crm.base.policy import Action, may
from crm.base.rows import among
from crm.documents.documents import Document
from crm.documents.documents import by_number as paper_by_number
from crm.people.contacts import Contact, root_of
from crm.people.reps import Member
from crm.people.sight import Sight
from crm.sales.orders import Order, OrderLine
from crm.sales.papers import paper_of

ORDERS, TITLES = 8, 2
_own, _root = aliased(Contact), aliased(Contact)
_HOLDER = case((Member.active == 1, Member.id))


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order that was found: its number, the first things that are ordered, and whose it is."""

    order_id: int
    number: str
    what: str
    state: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class FoundPaper:
    """A document that was found, in its newest version."""

    document_id: int
    number: str
    kind: str
    name: str


def orders_found(session: Session, sight: Sight, held: Iterable[list[int]], roots: Sequence[int], *, only: Sequence[int] = ()) -> list[FoundOrder]:
    """Orders in sight that hold the words (`only` of some people), circle by circle until there are some; then those of these people."""
    found: dict[int, FoundOrder] = {}
    which = (among(Order.id, "ids"), *([_own.root_id.in_(only)] if only else []))
    for numbers in held:
        found = found or _orders(session, sight, and_(*which), numbers)
    theirs = _orders(session, sight, among(_own.root_id, "ids"), roots) if roots else {}
    return list({**found, **theirs}.values())[:ORDERS]


def _orders(session: Session, sight: Sight, which: object, numbers: Sequence[int]) -> dict[int, FoundOrder]:
    question = (
        select(Order.id, Order.number, Order.state, func.coalesce(func.nullif(_root.name, ""), _root.platform_name).label("name"), Order.created_at)
        .join(_own, _own.id == Order.contact_id)
        .join(_root, _root.id == _own.root_id)
        .outerjoin(Member, Member.id == Order.rep_id)
        .where(which, sight.rows(_HOLDER), _root.blocked == 0)  # type: ignore[arg-type]
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(ORDERS)
    )
    rows = session.execute(question, {"ids": list(numbers)}).all()
    what = _titles(session, [row.id for row in rows])
    return {row.id: FoundOrder(row.id, row.number, what.get(row.id, ""), row.state, sight.named(row.name), row.created_at) for row in rows}


def _titles(session: Session, orders: Sequence[int]) -> dict[int, str]:
    """The first things of each order."""
    wanted = select(OrderLine.order_id, OrderLine.title).where(OrderLine.order_id.in_(orders)).order_by(OrderLine.order_id, OrderLine.place, OrderLine.id)
    titles: dict[int, list[str]] = {}
    for row in session.execute(wanted) if orders else ():
        titles.setdefault(row.order_id, []).append(row.title)
    return {number: ", ".join(each[:TITLES]) + (", …" if len(each) > TITLES else "") for number, each in titles.items()}


def papers_found(session: Session, actor: Actor, sight: Sight, words: str) -> list[FoundPaper]:
    """The document whose number the words are, for one who may look at it."""
    paper = paper_by_number(session, words) if isinstance(actor, Rep) and may(actor.role, Action.MAKE_DOCUMENTS) else None
    return [_paper(session, sight, paper)] if paper is not None and isinstance(actor, Rep) and _seen(session, actor, paper.id) else []


def _seen(session: Session, actor: Rep, document_id: int) -> bool:
    try:
        return bool(paper_of(session, actor, document_id))
    except NotFound:
        return False


def _paper(session: Session, sight: Sight, paper: Document) -> FoundPaper:
    root = root_of(session, paper.contact_id)
    return FoundPaper(paper.id, paper.number or "", paper.kind, sight.named(root.name or root.platform_name))
