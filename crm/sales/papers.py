"""Papers: the documents of a deal, drafted from its lines, sent to its person, corrected and withdrawn by whoever may look at the deal."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound, Unreachable
from crm.base.policy import Action
from crm.base.pricing import ONE, Line
from crm.base.settings import Company as Firm
from crm.conversations.addresses import thread_at
from crm.conversations.reaching import where_to
from crm.documents import drawing, making, sending
from crm.documents.documents import STANDING, Document, DocumentState, Kind, document_at
from crm.people.companies import Company
from crm.people.contacts import root_of
from crm.people.reps import authorise
from crm.sales import asking, payments
from crm.sales.deals import Deal, Missing, seen_deal
from crm.sales.ledger import Payment
from crm.sales.lines import lines_of
from crm.sales.payments import Money

AMOUNT = "amount"
"""What is missing where a deal has neither lines nor an amount."""


def papers_of(session: Session, actor: Rep, deal_id: int) -> list[Document]:
    """The documents of a deal, the newest first; drafts that were thrown away are not among them."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    seen_deal(session, actor, deal_id)
    found = session.scalars(select(Document).where(Document.deal_id == deal_id).order_by(Document.id.desc())).all()
    return [one for one in found if one.number or one.state == DocumentState.DRAFT]


def paper_of(session: Session, actor: Rep, document_id: int) -> Document:
    """A document this member may work with: one of a deal they may look at, or one of their own; another's is not there."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = document_at(session, document_id)
    if paper.deal_id is not None:
        seen_deal(session, actor, paper.deal_id)
    elif paper.rep_id != actor.id:
        raise NotFound("no such document")
    return paper


def draft_of(session: Session, actor: Rep, deal_id: int, kind: Kind, firm: Firm, *, once: str, now: int, language: str = "") -> Document:
    """Draft a document of what a deal is about, in its person's language unless another is said; a picture of it is drawn for who asked.

    Raises `Missing` where the deal has neither lines nor an amount.
    """
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    deal = seen_deal(session, actor, deal_id)
    paper = making.draft(session, actor, _facts(session, actor, deal, kind, firm, language, once=once), firm, now=now)
    return _shown(session, actor, paper, now=now)


def speak(session: Session, actor: Rep, document_id: int, language: str, firm: Firm, *, now: int) -> Document:
    """Write a draft in another language, and of what its deal is about now."""
    paper = paper_of(session, actor, document_id)
    if paper.deal_id is None:
        raise NotFound("no such deal")
    new = _facts(session, actor, seen_deal(session, actor, paper.deal_id), Kind(paper.kind), firm, language)
    return _shown(session, actor, making.redraft(session, actor, document_id, new, firm, now=now), now=now)


def correct(session: Session, actor: Rep, document_id: int, firm: Firm, *, once: str, now: int) -> Document:
    """Draft a further version of a document, of what its deal is about now; it takes its place once it is sent."""
    paper = paper_of(session, actor, document_id)
    if paper.deal_id is None:
        raise NotFound("no such deal")
    deal = seen_deal(session, actor, paper.deal_id)
    new = _facts(session, actor, deal, Kind(paper.kind), firm, paper.language, replaces=paper.id, once=once)
    return _shown(session, actor, making.draft(session, actor, new, firm, now=now), now=now)


def send(session: Session, actor: Rep, document_id: int, firm: Firm, *, once: str, now: int) -> Document:
    """Send a document to its person, where they are best written to; raises `Unreachable` where there is no such address."""
    paper = paper_of(session, actor, document_id)
    route = where_to(session, paper.contact_id, firm.sendable, allows=firm.allows, now=now)
    if route is None:
        raise Unreachable
    there = sending.send(session, actor, paper.id, thread_at(session, route.identity, now=now).id, firm, once=once, now=now)
    return payments.settle(session, there, now=now)


def look(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Draw a picture of a document for who asks."""
    return _shown(session, actor, paper_of(session, actor, document_id), now=now)


def withdraw(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Cancel a document, or throw a draft away."""
    return making.withdraw(session, actor, paper_of(session, actor, document_id).id, now=now)


def bring_back(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Undo that a document was cancelled, or a draft thrown away."""
    return making.bring_back(session, actor, paper_of(session, actor, document_id).id, now=now)


def accept(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Write down that the customer has accepted a document in person."""
    return sending.accept_by_hand(session, actor, paper_of(session, actor, document_id).id, now=now)


def not_accepted(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Undo that: it waits for an answer again."""
    return sending.not_accepted(session, actor, paper_of(session, actor, document_id).id, now=now)


def ask_money(session: Session, actor: Rep, document_id: int, *, once: str, now: int) -> int:
    """Ask the customer for what is still owed of an invoice; answers how much, in hundredths. Raises `Invalid` where nothing is."""
    paper = paper_of(session, actor, document_id)
    return asking.ask(session, actor, payments.due_of_paper(session, paper), once=once, now=now)


def paid(session: Session, actor: Rep, document_id: int, *, once: str, now: int) -> Payment:
    """Write down that all that is still owed of an invoice has come; raises `Invalid` where nothing is."""
    paper = paper_of(session, actor, document_id)
    if paper.state not in STANDING:
        raise Invalid("this document is not good any more")
    due = payments.due_of_paper(session, paper)
    if before := payments.known(session, once):
        return before
    return payments.enter(session, actor, due, Money(payments.still_owed(session, due), paper.currency, now), once=once, now=now)


def not_paid(session: Session, actor: Rep, payment_id: int, *, now: int) -> Payment:
    """Undo that: the money has not come."""
    payments.take_back(session, actor, payment_id, now=now)
    return payments.reject(session, actor, payment_id, now=now)


def _shown(session: Session, actor: Rep, paper: Document, *, now: int) -> Document:
    drawing.want(session, paper.id, actor.id, now=now)
    return paper


def _facts(
    session: Session, actor: Rep, deal: Deal, kind: Kind, firm: Firm, language: str, *, replaces: int | None = None, once: str | None = None
) -> making.Draft:
    """What a document of a deal has on it."""
    lines: tuple[Line, ...] = lines_of(session, deal.id)
    if not lines and deal.amount is None:
        raise Missing([AMOUNT])
    root, company = root_of(session, deal.contact_id), session.get(Company, deal.company_id) if deal.company_id else None
    sold = lines or (Line(deal.title, ONE, deal.amount or 0),)
    spoken = language or root.language or firm.languages[0]
    name = company.name if company else ""
    return making.Draft(kind, deal.contact_id, spoken, deal.currency, sold, name, deal.id, deal.rep_id or actor.id, replaces, once)
