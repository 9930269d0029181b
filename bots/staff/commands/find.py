"""/find: people, deals, orders and messages by any words in any spelling; each a button that opens the card, the deal, the order, or the message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bots.staff import menus, orders, papers
from bots.staff.deals import MARKS
from bots.staff.posts import Key, Keys, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Visit, ask, told
from bots.staff.words import CARD, MORE, line_html, name_html
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, escape_html, isolated
from crm.conversations.threads import Author
from crm.documents.documents import Kind
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.reports.search import Found, FoundDeal, Person, Said, find
from crm.reports.search_around import Heard, around
from crm.reports.search_sold import FoundOrder, FoundPaper
from crm.reports.search_words import ASKED_LETTERS
from crm.reports.words import AUTHORS, call_words, done_words, plain_name
from crm.sales.deals import DealState
from crm.sales.orders import OrderState

NAME, PAGE = "find", 6
LABEL, SHOWN = 24, 600
AGAIN = N_button("Find something else")
PERSON, SAID = "👤", "💬"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: under which heading it stands, its line, the label of its button and what that opens."""

    head: str
    line: str
    label: str
    opens: Intent | None


def deed(session: Session, visit: Visit) -> Done:
    """Look for the words behind the command, or ask for them."""
    return _page(visit, visit.rest, 0) if visit.rest.strip() else _asked(session, visit)


def anew(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask for other words."""
    return _asked(session, visit)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words that were asked for."""
    words = visit.said.text if isinstance(visit.said, Text) else ""
    if not words.strip():
        return told(visit.tr("A search is words. Type some, or /cancel."))
    done = _page(visit, words, 0)
    quit_wizard(session, visit.rep, NAME)
    return done


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the next page; `target` is how many stand before it."""
    return _page(visit, intent.detail, intent.target)


def message(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show a message with what was said before it and after it."""
    found, tr = around(session, visit.rep, intent.target), visit.tr
    lines = [_heard(visit, one, found.name, here=one.message_id == intent.target) for one in found.lines]
    keys = ((Key(tr.button(CARD), Intent("show", found.conversation_id)), Key(tr.button(AGAIN), Intent("find_anew"))),)
    return Done((Post("\n".join(lines), keys, html=True),), plain_name(tr, found.name))


def _asked(session: Session, visit: Visit) -> Done:
    begin(session, visit.rep, Wizard(NAME, NAME), until=visit.now + CONFIRM_MS)
    words = visit.tr("What shall be found? Type a name, @name, phone, e-mail or any words of a message, a deal or an order, in any spelling.")
    return Done((menus.question(visit.tr, words, NAME),))


def _page(visit: Visit, words: str, skip: int) -> Done:
    """One page of what was found; looked up anew for each, from a snapshot and not in the one writer."""
    tr, words = visit.tr, words.strip()[:ASKED_LETTERS]
    found = ask(visit, (NAME, words), lambda session: find(session, visit.rep, words, visit.company.region))
    hits = list(_hits(visit, found))
    shown, wanted = hits[skip : skip + PAGE], isolated(clean_name(words, ASKED_LETTERS))
    again = Key(tr.button(AGAIN), Intent("find_anew"))
    notes = [tr("Older messages are still being read in: {n} % are done.", n=found.percent)] if found.percent < 100 else []
    if not shown:
        nothing = tr("Nothing was found for {words}. Try fewer words, or only a part of one.", words=wanted)
        return Done((Post("\n".join([nothing, *notes]), ((again,),)),))
    more = [Key(tr.button(MORE), Intent("find_more", skip + PAGE, words))] if len(hits) > skip + PAGE else []
    head = escape_html(tr("Found for {words}:", words=wanted))
    text = "\n".join([head, *_lines(shown, skip), *map(escape_html, notes)])
    return Done((Post(text, (*_keys(shown, skip), (again, *more)), html=True),))


def _lines(hits: Sequence[Hit], skip: int) -> Iterator[str]:
    head = ""
    for number, hit in enumerate(hits, skip + 1):
        if hit.head != head:
            yield f"<b>{hit.head}</b>"
        head = hit.head
        yield f"{number}. {hit.line}"


def _keys(hits: Sequence[Hit], skip: int) -> Keys:
    return tuple((Key(f"{number}. {hit.label}", hit.opens),) for number, hit in enumerate(hits, skip + 1) if hit.opens)


def _hits(visit: Visit, found: Found) -> Iterator[Hit]:
    """Everything that was found, people first."""
    tr = visit.tr
    for person in found.people:
        yield _person(tr, person)
    for deal in found.deals:
        yield _deal(tr, deal)
    for order in found.orders:
        yield _order(tr, order)
    for paper in found.papers:
        yield _paper(tr, paper)
    for said in found.said:
        yield _said(visit, said)


def _person(tr: Translator, person: Person) -> Hit:
    facts = " · ".join([name_html(tr, person.name, 60), *map(escape_html, map(isolated, person.points))])
    opens = Intent("show", person.conversation_id) if person.conversation_id else None
    return Hit(escape_html(tr("People")), facts, f"{PERSON} {plain_name(tr, person.name, LABEL)}", opens)


def _deal(tr: Translator, deal: FoundDeal) -> Hit:
    mark = MARKS[DealState(deal.state)]
    line = f"{mark} {line_html(deal.title, 80)} · {name_html(tr, deal.name, 40)}"
    return Hit(escape_html(tr("Deals")), line, f"{mark} {clean_name(deal.title, LABEL)}", Intent("deal", deal.deal_id, "open"))


def _order(tr: Translator, order: FoundOrder) -> Hit:
    state = OrderState(order.state)
    facts = (order.number, line_html(order.what, 80), name_html(tr, order.name, 40), escape_html(tr(orders.STATES[state])))
    label = f"{orders.MARKS[state]} {order.number} · {plain_name(tr, order.name, 18)}"
    opens = Intent(orders.NAME, order.order_id, "open")
    return Hit(escape_html(tr("Orders")), f"{orders.MARKS[state]} {' · '.join(filter(None, facts))}", label, opens)


def _paper(tr: Translator, paper: FoundPaper) -> Hit:
    called = f"{tr(papers.KINDS[Kind(paper.kind)])} {paper.number}"
    line = f"📄 {escape_html(called)} · {name_html(tr, paper.name, 40)}"
    return Hit(escape_html(tr("Documents")), line, f"📄 {paper.number}", Intent("paper", paper.document_id, f"show:{papers.PICTURE}"))


def _said(visit: Visit, said: Said) -> Hit:
    tr = visit.tr
    when = tr.when(said.at, visit.company.zone, visit.now)
    author = "" if said.author == Author.CONTACT else f" ({escape_html(tr(AUTHORS[Author(said.author)]))})"
    line = f"{name_html(tr, said.name, 40)}{author}, {when}: {line_html(said.snippet, 120)}"
    return Hit(escape_html(tr("Messages")), line, f"{SAID} {plain_name(tr, said.name, LABEL)}", Intent("found", said.message_id))


def _heard(visit: Visit, one: Heard, name: str, *, here: bool) -> str:
    tr = visit.tr
    who = name_html(tr, name, 40) if one.author is Author.CONTACT else escape_html(clean_name(one.who, 40)) or escape_html(tr(AUTHORS[one.author]))
    text = escape_html(call_words(tr, one.text)) if one.kind == "call" else done_words(tr, one.kind, line_html(one.text, SHOWN))
    return f"{'👉 ' if here else ''}<b>{who}</b>, {tr.when(one.at, visit.company.zone, visit.now)}: {text}"


COMMAND = Command(
    "find",
    N_("Find people, deals, orders and messages"),
    deed,
    Action.FIND,
    presses={"find_more": turn, "find_anew": anew, "found": message},
    listeners={NAME: typed},
)
