"""/document: quotes, invoices, contracts and acts of a deal: drafted in one press, looked at, sent, corrected, withdrawn; all by buttons."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import deals, menus, papers
from bots.staff.papers import KINDS, PICTURE
from bots.staff.posts import Key, Post, with_keys
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import LANGUAGES, N_, NATIVE, N_button
from crm.base.money import money
from crm.base.policy import Action
from crm.base.time import SECOND
from crm.conversations.threads import the
from crm.documents.documents import Kind
from crm.people.desk import Intent
from crm.people.reps import authorise
from crm.reports.deal import deals_with, sheet
from crm.sales import papers as verbs
from crm.sales.deals import Missing
from crm.sales.lines import line_count

NEW_DEAL, AMOUNT, GOODS, LISTED = N_button("New deal"), N_button("Amount"), N_button("Products"), 3
TWICE = 5 * SECOND


def deed(session: Session, visit: Visit) -> Done:
    """The documents of the deals of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /document to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    return _of_talk(session, visit, conversation_id)


def of_card(session: Session, visit: Visit, intent: Intent) -> Done:
    """The documents of the person of a card."""
    return _of_talk(session, visit, intent.target)


def _of_talk(session: Session, visit: Visit, conversation_id: int) -> Done:
    """The documents of the one deal there is; of several it is asked which one."""
    authorise(session, visit.rep, Action.MAKE_DOCUMENTS)
    tr = visit.tr
    found, _ = deals_with(session, visit.rep, the(session, conversation_id).contact_id, limit=menus.MOST - 1)
    if len(found) == 1:
        return Done((_list(session, visit, found[0].id),))
    keys = [(Key(deals.label(tr, one), Intent("papers", one.id)),) for one in found]
    words = tr("A document belongs to a deal. Of which one?") if found else tr("A document belongs to a deal, and there is none yet.")
    return Done((Post(words, (*keys, (Key(tr.button(NEW_DEAL), Intent("deal_new", conversation_id)),))),))


def of_deal(session: Session, visit: Visit, intent: Intent) -> Done:
    """The documents of a deal, and which new one it shall be."""
    return Done((replace(_list(session, visit, intent.target), edits=visit.replied_to or 0),))


def _list(session: Session, visit: Visit, deal_id: int) -> Post:
    tr, found = visit.tr, verbs.papers_of(session, visit.rep, deal_id)
    name = deals.title(tr, sheet(session, visit.rep, deal_id).brief)
    head = tr("{title}: its documents. Press one to open it, or make a new one:", title=name) if found else tr("{title}: which document?", title=name)
    there = [(Key(papers.title(tr, one), Intent("paper", one.id, "show")),) for one in found[:LISTED]]
    new = [Key(f"{'+ ' if found else ''}{tr.button(label)}", Intent("paper_new", deal_id, kind.value)) for kind, label in KINDS.items()]
    return Post(head, (*there, *menus.in_rows(new), (deals.back(tr, deal_id),)))


def new(session: Session, visit: Visit, intent: Intent) -> Done:
    """Draft a document of a deal; a second tap on the same post makes no second one."""
    once = f"paper_new:{intent.target}:{intent.detail}:{visit.chat}:{visit.replied_to or visit.event}"
    try:
        paper = verbs.draft_of(session, visit.rep, intent.target, Kind(intent.detail), visit.company, once=once, now=visit.now)
    except Missing:
        return _lacks(session, visit, intent.target)
    return Done((papers.drawing(session, visit.tr, visit.rep, paper),), visit.tr("It is being drawn."))


def _lacks(session: Session, visit: Visit, deal_id: int) -> Done:
    tr = visit.tr
    words = tr("Say first what is sold, or for how much: then there is something to put on it.")
    keys = [Key(tr.button(AMOUNT), Intent("deal", deal_id, "amount"))]
    if line_count(session, deal_id) == 0:
        keys.insert(0, Key(tr.button(GOODS), Intent("goods", deal_id)))
    return Done((deals.choice(tr, words, keys, deal_id),), tr("Something is missing."))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a document asks for; what stands under a picture is answered below it."""
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    try:
        post, toast = pressed(session, visit, intent.target, value)
    except Missing:
        return _lacks(session, visit, verbs.paper_of(session, visit.rep, intent.target).deal_id or 0)
    return Done((post if value.endswith(PICTURE) else replace(post, edits=visit.replied_to or 0),), toast)


Shown = tuple[Post, str]


def _show(session: Session, visit: Visit, number: int, value: str) -> Shown:
    return papers.page(session, visit.tr, visit.rep, verbs.paper_of(session, visit.rep, number)), ""


def _send(session: Session, visit: Visit, number: int, value: str) -> Shown:
    """Send it for the first time; a button from before it was sent, on another post, shows how it stands and sends nothing."""
    there = verbs.paper_of(session, visit.rep, number)
    if there.sent_at:
        return papers.page(session, visit.tr, visit.rep, there), papers.title(visit.tr, there)
    return _again(session, visit, number, value)


def _again(session: Session, visit: Visit, number: int, value: str) -> Shown:
    there = verbs.paper_of(session, visit.rep, number)
    if there.sent_at and 0 <= visit.now - there.sent_at < TWICE:  # a double tap
        return papers.page(session, visit.tr, visit.rep, there), visit.tr("It is on its way.")
    paper = verbs.send(session, visit.rep, number, visit.company, once=f"paper:{number}:{visit.event}", now=visit.now)
    words = visit.tr("📨 It is on its way. You hear of it when the customer answers.")
    return papers.page(session, visit.tr, visit.rep, paper, words), visit.tr("It is on its way.")


def _lang(session: Session, visit: Visit, number: int, value: str) -> Shown:
    """Ask in which language."""
    paper, suffix = verbs.paper_of(session, visit.rep, number), f":{value}" if value else ""
    keys = [Key(f"{'✓ ' if one == paper.language else ''}{NATIVE[one]}", Intent("paper", number, f"in_{one}{suffix}")) for one in LANGUAGES]
    return Post(visit.tr("In which language?"), menus.in_rows(keys)), ""


def _speaking(language: str) -> "Turn":
    def turned(session: Session, visit: Visit, number: int, value: str) -> Shown:
        paper = verbs.speak(session, visit.rep, number, language, visit.company, now=visit.now)
        return papers.drawing(session, visit.tr, visit.rep, paper), visit.tr("It is being drawn.")

    return turned


def _anew(session: Session, visit: Visit, number: int, value: str) -> Shown:
    language = verbs.paper_of(session, visit.rep, number).language
    return _speaking(language)(session, visit, number, value)


def _correct(session: Session, visit: Visit, number: int, value: str) -> Shown:
    paper = verbs.correct(session, visit.rep, number, visit.company, once=f"paper_correct:{number}:{visit.chat}:{visit.replied_to}", now=visit.now)
    words = visit.tr("A newer version, of what the deal is about now. It takes the place of the older one when you send it.")
    return papers.drawing(session, visit.tr, visit.rep, paper, words), visit.tr("It is being drawn.")


def _look(session: Session, visit: Visit, number: int, value: str) -> Shown:
    return papers.drawing(session, visit.tr, visit.rep, verbs.look(session, visit.rep, number, now=visit.now)), visit.tr("It is being drawn.")


def _cancel(session: Session, visit: Visit, number: int, value: str) -> Shown:
    paper = verbs.withdraw(session, visit.rep, number, now=visit.now)
    words = visit.tr("Withdrawn: its buttons tell the customer so. Its number is not used again.") if paper.number else visit.tr("Thrown away.")
    return papers.page(session, visit.tr, visit.rep, paper, words), visit.tr("Done.")


def _back(session: Session, visit: Visit, number: int, value: str) -> Shown:
    return papers.page(session, visit.tr, visit.rep, verbs.bring_back(session, visit.rep, number, now=visit.now)), visit.tr("Done.")


def _yes(session: Session, visit: Visit, number: int, value: str) -> Shown:
    return papers.page(session, visit.tr, visit.rep, verbs.accept(session, visit.rep, number, now=visit.now)), visit.tr("Written down.")


def _unanswered(session: Session, visit: Visit, number: int, value: str) -> Shown:
    return papers.page(session, visit.tr, visit.rep, verbs.not_accepted(session, visit.rep, number, now=visit.now)), visit.tr("Written down.")


def _ask(session: Session, visit: Visit, number: int, value: str) -> Shown:
    amount = verbs.ask_money(session, visit.rep, number, once=f"paper:{number}:{visit.event}", now=visit.now)
    paper = verbs.paper_of(session, visit.rep, number)
    words = visit.tr("They were asked for {amount}.", amount=money(visit.tr.language, amount, paper.currency))
    return papers.page(session, visit.tr, visit.rep, paper, words), visit.tr("It is on its way.")


def _paid(session: Session, visit: Visit, number: int, value: str) -> Shown:
    if verbs.paper_of(session, visit.rep, number).paid_at:
        return _show(session, visit, number, "")
    payment = verbs.paid(session, visit.rep, number, once=f"paper:{number}:{visit.event}", now=visit.now)
    post = papers.page(session, visit.tr, visit.rep, verbs.paper_of(session, visit.rep, number))
    return with_keys(post, (Key(visit.tr.button(UNDO), Intent("paper", number, f"unpaid:{payment.id}")),)), visit.tr("Written down.")


def _unpaid(session: Session, visit: Visit, number: int, value: str) -> Shown:
    verbs.not_paid(session, visit.rep, int(value), now=visit.now)
    return papers.page(session, visit.tr, visit.rep, verbs.paper_of(session, visit.rep, number)), visit.tr("It stands as it was.")


Turn = Callable[[Session, Visit, int, str], Shown]
TURNS: Mapping[str, Turn] = {
    "show": _show,
    "send": _send,
    "again": _again,
    "lang": _lang,
    **{f"in_{language}": _speaking(language) for language in LANGUAGES},
    "anew": _anew,
    "correct": _correct,
    "look": _look,
    "cancel": _cancel,
    "back": _back,
    "yes": _yes,
    "unanswered": _unanswered,
    "ask": _ask,
    "paid": _paid,
    "unpaid": _unpaid,
}

COMMAND = Command(
    "document",
    N_("A quote, an invoice, a contract: reply to a card"),
    deed,
    Action.MAKE_DOCUMENTS,
    presses={"papers": of_deal, "papers_of": of_card, "paper_new": new, "paper": turn},
    group=Group.SELL,
)
