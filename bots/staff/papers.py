"""Papers: how a document reads in a post, what may be done with it, its picture, and what its reader hears of the customer's answer."""

from dataclasses import replace
from datetime import date

from bots.staff import menus
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.words import HISTORY, UNDO
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.base.money import money
from crm.base.policy import Action, may
from crm.base.text import isolated
from crm.documents.documents import ANSWERED, Document, DocumentState, Kind
from crm.documents.sending import named
from crm.documents.sheet import day_words
from crm.exchange.made import media_of
from crm.outbox.notices import Waiting
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.sight import seen_by
from crm.reports.words import plain_name
from crm.sales.deals import deal_at, owner_of

PAPERS = N_button("Quote, invoice…")
SEND, AGAIN, LANGUAGE, LOOK = N_button("📨 Send to the customer"), N_button("Send again"), N_button("Another language"), N_button("Show it")
THROW_AWAY, CORRECT, CANCEL, REFRESH = N_button("Throw it away"), N_button("Correct it"), N_button("Withdraw it"), N_button("Write it anew")
BY_HAND, NOT_ACCEPTED, TO_DEAL, INVOICE = N_button("Accepted in person"), N_button("Not answered after all"), N_button("Deal"), N_button("Make the invoice")
CARD, ASK_MONEY, PAID = N_button("Show the card"), N_button("💳 Ask for payment"), N_button("💰 It is paid")
KINDS = {
    Kind.QUOTE: N_button("Quote"),
    Kind.INVOICE: N_button("Invoice"),
    Kind.CONTRACT: N_button("Contract"),
    Kind.ACT: N_button("Act of completed work"),
}
STATES = {
    DocumentState.DRAFT: N_("not sent yet"),
    DocumentState.ISSUED: N_("has its number, not sent yet"),
    DocumentState.SENT: N_("sent"),
    DocumentState.ACCEPTED: N_("accepted"),
    DocumentState.DECLINED: N_("declined"),
    DocumentState.CANCELLED: N_("withdrawn"),
    DocumentState.SUPERSEDED: N_("replaced by a newer version"),
}
MARKS = {DocumentState.ACCEPTED: "✅", DocumentState.DECLINED: "✖️", DocumentState.CANCELLED: "⛔", DocumentState.SUPERSEDED: "🗄"}
_SAID = {
    "accepted": N_("✅ {name} has accepted {what}."),
    "declined": N_("✖️ {name} has declined {what}."),
    "undrawn": N_("⚠️ {what} could not be made as a PDF, so {name} did not get it. Try once more, or write to them."),
    "late": N_("⏰ {name} wanted to accept {what}, but its time was over. Make a newer version, or write to them."),
}
PICTURE = "p"
"""The value of a button that stands under a picture, whose post cannot be edited into words."""


def title(tr: Translator, paper: Document) -> str:
    """A document on one line, as plain text: what, how much, where it stands."""
    state = tr("paid") if paper.paid_at else tr(STATES[DocumentState(paper.state)])
    mark = "💰" if paper.paid_at else MARKS.get(DocumentState(paper.state), "📄")
    return f"{mark} {named(paper, tr)} · {money(tr.language, paper.total, paper.currency)} · {state}"


def page(session: Session, tr: Translator, rep: Rep, paper: Document, told: str = "") -> Post:
    """A document with what may be done with it; `told` is what has just been done."""
    return Post("\n".join(_rows(session, tr, rep, paper, told)), keys(tr, rep, paper))


def drawing(session: Session, tr: Translator, rep: Rep, paper: Document, told: str = "") -> Post:
    """A document whose picture is being drawn: what may be done with it stands under that alone."""
    rows = _rows(session, tr, rep, paper, told)
    if paper.state == DocumentState.DRAFT:
        rows += ["", tr("A picture of it follows in a moment. The customer sees it only when you send it.")]
    return Post("\n".join(rows))


def _rows(session: Session, tr: Translator, rep: Rep, paper: Document, told: str) -> list[str]:
    return [*([told, ""] if told else []), title(tr, paper), *_facts(session, tr, rep, paper)]


def _facts(session: Session, tr: Translator, rep: Rep, paper: Document) -> list[str]:
    root = root_of(session, paper.contact_id)
    who = plain_name(tr, seen_by(rep).named(root.name or root.platform_name))
    rows = [tr("For {name}, in {language}", name=who, language=NATIVE[paper.language])]
    if paper.due_on:
        day = day_words(date.fromisoformat(paper.due_on), tr.language)
        rows.append(tr("To be paid by {day}.", day=day) if paper.kind == Kind.INVOICE else tr("Good until {day}.", day=day))
    return rows


def keys(tr: Translator, rep: Rep, paper: Document, value: str = "") -> Keys:
    """What may be done with a document where it stands; `value` says that the buttons stand under its picture."""
    state = DocumentState(paper.state)

    def act(label: str, verb: str) -> Key:
        return Key(tr.button(label), Intent("paper", paper.id, f"{verb}:{value}" if value else verb))

    found: list[Key] = []
    if state is DocumentState.DRAFT:
        found += [act(SEND, "send"), act(LANGUAGE, "lang"), act(REFRESH, "anew"), act(THROW_AWAY, "cancel")]
    elif state in (DocumentState.ISSUED, DocumentState.SENT, DocumentState.ACCEPTED):
        found += [act(AGAIN, "again") if paper.sent_at else act(SEND, "send"), act(CORRECT, "correct")]
    elif state is DocumentState.DECLINED:
        found += [act(CORRECT, "correct")]
    if Kind(paper.kind) in ANSWERED and state in (DocumentState.SENT, DocumentState.DECLINED):
        found.append(act(BY_HAND, "yes"))
    if state in (DocumentState.ACCEPTED, DocumentState.DECLINED):
        found.append(act(NOT_ACCEPTED, "unanswered"))
    if paper.kind == Kind.INVOICE and state is DocumentState.SENT and not paper.paid_at and may(rep.role, Action.CONFIRM_PAYMENT):
        found += [act(ASK_MONEY, "ask"), act(PAID, "paid")]
    if state in (DocumentState.ISSUED, DocumentState.SENT, DocumentState.ACCEPTED) and not paper.paid_at:
        found.append(act(CANCEL, "cancel"))
    if state is DocumentState.CANCELLED:
        found.append(act(UNDO, "back"))
    if state is not DocumentState.DRAFT:
        found.append(act(LOOK, "look"))
        if may(rep.role, Action.SEE_HISTORY):
            found.append(Key(tr.button(HISTORY), Intent("history", paper.id, "document")))
    if paper.deal_id:
        found.append(Key(tr.button(TO_DEAL), Intent("deal", paper.deal_id, "open")))
    return menus.in_rows(found[: menus.MOST])


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A picture is drawn, or cannot be: for whoever wanted it. The customer has answered: for whose deal it is, else the managers."""
    paper, why = session.get(Document, notice.subject_id), str(notice.facts.get("why", ""))
    if paper is None:
        return Rendered(notice)
    if why not in _SAID:
        reader = scene.rep(notice.facts.get("rep"))
        readers = (reader,) if reader else ()
        return Rendered(notice, mail_each(notice, readers, lambda tr, rep: _drawn(session, tr, rep, paper, notice)))
    owner = scene.rep(owner_of(session, deal_at(session, paper.deal_id)) if paper.deal_id else paper.rep_id)
    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.managers, lambda tr, rep: _answered(session, tr, rep, paper, notice)))


def _drawn(session: Session, tr: Translator, rep: Rep, paper: Document, notice: Waiting) -> Post:
    file = media_of(session, int(notice.facts.get("file", 0) or 0))
    rows = [title(tr, paper), *_facts(session, tr, rep, paper)]
    if file is None:
        rows.append(tr("No picture of it could be drawn. You may send it all the same."))
        return Post("\n".join(rows), keys(tr, rep, paper))
    pages = int(notice.facts.get("pages", 1))
    if pages > 1:
        rows.append(tr("This is page 1 of {n}.", n=pages))
    return Post("\n".join(rows), keys(tr, rep, paper, PICTURE), media=replace(file, kind=MediaKind.PHOTO))


def _answered(session: Session, tr: Translator, rep: Rep, paper: Document, notice: Waiting) -> Post:
    root = root_of(session, paper.contact_id)
    name = plain_name(tr, seen_by(rep).named(root.name or root.platform_name))
    what = isolated(f"{named(paper, tr)}, {money(tr.language, paper.total, paper.currency)}")
    words = tr(_SAID[str(notice.facts["why"])], name=name, what=what)
    found = [Key(tr.button(TO_DEAL), Intent("deal", paper.deal_id, "open"))] if paper.deal_id else []
    if paper.deal_id and notice.facts["why"] == "accepted" and paper.kind != Kind.INVOICE:
        found.insert(0, Key(tr.button(INVOICE), Intent("paper_new", paper.deal_id, Kind.INVOICE.value)))
    if notice.facts["why"] == "undrawn":
        found.insert(0, Key(tr.button(SEND), Intent("paper", paper.id, "again")))
    elif notice.facts["why"] != "accepted":
        found.insert(0, Key(tr.button(CORRECT), Intent("paper", paper.id, "correct")))
    talk = int(notice.facts.get("conversation", 0) or 0)
    return Post(words, menus.in_rows([*found, *([Key(tr.button(CARD), Intent("show", talk))] if talk else [])]))
