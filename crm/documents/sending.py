"""Sending documents: into the conversation by the ordinary door, with buttons, and what the customer's press on them does."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Customer, Rep, System
from crm.base.errors import Invalid
from crm.base.events import MediaKind, MediaRef
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.money import money
from crm.base.outbound import Button, Buttons
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.time import local
from crm.conversations.pressing import Press, say
from crm.conversations.talk import reply
from crm.conversations.threads import Attachment, Message
from crm.documents.documents import ANSWERED, Document, DocumentState, Kind, by_number, held
from crm.documents.making import issue, told
from crm.documents.sheet import TITLES, day_words
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outbox.queue import call_back
from crm.people.contacts import root_of
from crm.people.reps import authorise

PAPERS = "documents"
"""The account from which the files of documents are had."""
ACCEPT, DECLINE = N_button("Accept"), N_button("Decline")
_DUE = {Kind.QUOTE: N_("Good until {day}."), Kind.INVOICE: N_("To be paid by {day}.")}
_OVER = {
    DocumentState.CANCELLED: N_("{what} was withdrawn. Write to us if you have a question."),
    DocumentState.ACCEPTED: N_("You have accepted {what} already. Write to us if something is to be changed."),
}


def send(session: Session, actor: Rep, document_id: int, conversation_id: int, firm: Company, *, once: str, now: int) -> Document:
    """Send a document into a conversation as a PDF; a draft is issued by it. A second sending is one more message with the same words."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = issue(session, actor, document_id, firm.zone, now=now)
    tr = translator(paper.language)
    file = MediaRef(MediaKind.DOCUMENT, str(paper.id), f"{paper.number}.pdf", "application/pdf")
    number = reply(session, actor, conversation_id, caption(paper, tr), once=once, now=now, media=file, media_account=PAPERS, buttons=_buttons(paper, tr))
    if paper.message_id == number:
        return paper
    before, paper.message_id, paper.sent_at = paper.state, number, now
    if paper.state == DocumentState.ISSUED:
        paper.state = DocumentState.SENT.value
    session.flush()
    record(session, Change("document", paper.id, "sent", actor, {"state": before}, {**told(paper), "conversation": conversation_id}), now=now)
    return paper


def undrawn(session: Session, attachment_id: int, *, now: int) -> None:
    """The file of a document cannot be had: nothing of its message leaves, it is not sent any more, and whose it is hears of it."""
    file = session.get_one(Attachment, attachment_id)
    waits = select(Delivery.id).where(Delivery.message_id == file.message_id, Delivery.state == State.QUEUED.value, Delivery.desk == 0)
    for number in session.scalars(waits).all():
        call_back(session, number, why="cancelled", now=now)
    paper = held(session, int(file.ref)) if file.ref else None
    if paper is None or paper.message_id != file.message_id:
        return
    before, paper.message_id = paper.state, None
    times = select(func.count()).where(DomainEvent.subject == "document", DomainEvent.subject_id == paper.id, DomainEvent.kind == "sent")
    if session.scalar(times) == 1:  # else they have it from an earlier time
        paper.sent_at = 0
        paper.state = DocumentState.ISSUED.value if paper.state == DocumentState.SENT else paper.state
    session.flush()
    record(session, Change("document", paper.id, "undrawn", System("documents"), {"state": before}, told(paper)), now=now)
    talk = session.scalar(select(Message.conversation_id).where(Message.id == file.message_id))
    notice = Notice(NoticeKind.DOCUMENT, paper.id, f"document:{paper.id}:undrawn:{file.message_id}", {"why": "undrawn", "conversation": talk})
    tell(session, [notice], now=now)


def caption(paper: Document, tr: Translator) -> str:
    """What stands beside the file: what it is, what it comes to, until when."""
    kind = Kind(paper.kind)
    words = f"📄 {named(paper, tr)}: {money(tr.language, paper.total, paper.currency)}."
    if kind in _DUE and paper.due_on:
        words += " " + tr(_DUE[kind], day=day_words(date.fromisoformat(paper.due_on), tr.language))
    return words


def named(paper: Document, tr: Translator) -> str:
    """A document by its kind and number: Quote Q-2026-0001."""
    version = f" ({tr('version {n}', n=paper.version)})" if paper.version > 1 else ""
    return f"{tr(TITLES[Kind(paper.kind)])} {paper.number or ''}{version}".strip()


def _buttons(paper: Document, tr: Translator) -> Buttons:
    if Kind(paper.kind) not in ANSWERED or paper.state == DocumentState.ACCEPTED:
        return ()
    return ((Button(tr(ACCEPT), f"doc:yes:{paper.id}"), Button(tr(DECLINE), f"doc:no:{paper.id}")),)


def pressed(session: Session, press: Press, company: Company) -> None:
    """The customer accepts or declines a document; what is not theirs, replaced, withdrawn or too old changes nothing, and they are told so."""
    tr, (verb, _, number) = translator(press.language), press.detail.partition(":")
    paper = _theirs(session, press, number)
    if paper is None or verb not in ("yes", "no"):
        say(session, press, tr("This is not there any more. Write to us if you have a question."))
        return
    state, what = DocumentState(paper.state), named(paper, tr)
    if state in _OVER:
        say(session, press, tr(_OVER[state], what=what))
    elif state is DocumentState.SUPERSEDED:
        newer = by_number(session, paper.number or "")
        say(session, press, tr("{what} was replaced by {newer}. Please use that one.", what=what, newer=named(newer, tr) if newer else "?"))
    elif verb == "yes" and paper.due_on and local(press.at, company.zone).date() > date.fromisoformat(paper.due_on):
        _notify(session, press, paper, "late", once=local(press.at, company.zone).date().isoformat())
        say(session, press, tr("{what} was good until {day}. We have told our team, and somebody will write to you.", what=what, day=_day(paper, tr)))
    else:
        _answered(session, press, paper, DocumentState.ACCEPTED if verb == "yes" else DocumentState.DECLINED, tr)


def _theirs(session: Session, press: Press, number: str) -> Document | None:
    """The document a button is about, where it was sent to this person and is of a kind that is answered."""
    if not (number.isascii() and number.isdecimal()) or len(number) > 18 or session.get(Document, int(number)) is None:
        return None
    paper = held(session, int(number))
    mine = root_of(session, paper.contact_id).id == press.root_id
    return paper if mine and paper.sent_at and Kind(paper.kind) in ANSWERED else None


def _answered(session: Session, press: Press, paper: Document, state: DocumentState, tr: Translator) -> None:
    what = named(paper, tr)
    if paper.state != state:
        before, paper.state, paper.answered_at = paper.state, state.value, press.at
        session.flush()
        change = Change("document", paper.id, state.value, Customer(press.contact_id), {"state": before}, told(paper), once=f"{press.once}:document")
        record(session, change, now=press.at)
        _notify(session, press, paper, state.value)
    if state is DocumentState.ACCEPTED:
        say(session, press, tr("Thank you! You have accepted {what}.", what=what))
    else:
        say(session, press, tr("You have declined {what}. Tell us what would suit you better.", what=what))


def accept_by_hand(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Write down that the customer has accepted a document in person or on paper; raises `Invalid` where it cannot be accepted any more."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state == DocumentState.ACCEPTED:
        return paper
    if paper.state not in (DocumentState.ISSUED, DocumentState.SENT, DocumentState.DECLINED) or Kind(paper.kind) not in ANSWERED:
        raise Invalid("this document is not good any more")
    before, paper.state, paper.answered_at = paper.state, DocumentState.ACCEPTED.value, now
    session.flush()
    record(session, Change("document", paper.id, "accepted", actor, {"state": before}, told(paper)), now=now)
    return paper


def not_accepted(session: Session, actor: Rep, document_id: int, *, now: int) -> Document:
    """Undo that somebody of the staff wrote down an acceptance, or take a customer's back at their wish: it waits for an answer again."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state not in (DocumentState.ACCEPTED, DocumentState.DECLINED):
        return paper
    before, paper.state = paper.state, (DocumentState.SENT if paper.sent_at else DocumentState.ISSUED).value
    paper.answered_at = 0
    session.flush()
    record(session, Change("document", paper.id, "unanswered", actor, {"state": before}, told(paper)), now=now)
    return paper


def _notify(session: Session, press: Press, paper: Document, why: str, *, once: str = "") -> None:
    facts = {"why": why, "conversation": press.conversation_id}
    tell(session, [Notice(NoticeKind.DOCUMENT, paper.id, f"document:{paper.id}:{why}:{once or press.once}", facts)], now=press.at)


def _day(paper: Document, tr: Translator) -> str:
    return day_words(date.fromisoformat(paper.due_on), tr.language)
