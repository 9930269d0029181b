"""/import: one's own people from a list: a file, an address book, a table pasted here; looked at, tried, brought in, taken back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import exchange, menus, past
from bots.staff.exchange import key, named, names_in, page
from bots.staff.posts import Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, ask, told
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.events import MediaRef
from crm.base.i18n import N_
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.base.time import HOUR
from crm.exchange import imports
from crm.exchange import past as past_deeds
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.reports.search import find

NAME = "import"
LISTS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".vcf", ".zip", ".json")
FOUND_MOST = 5
CHATS = N_("💬 Or an old chat: what WhatsApp exports (.txt or .zip), or Telegram Desktop as JSON.")
DOWNLOAD_MOST = 20 * 1024 * 1024


def deed(session: Session, visit: Visit) -> Done:
    """Say what can be sent, and show what was brought in before."""
    before = imports.latest(session, visit.rep)[: menus.MOST - 1]
    begin(session, visit.rep, Wizard(NAME, NAME), until=visit.now + HOUR)
    words = [
        visit.tr("📥 Send me your people: a CSV or Excel file, the contacts of a phone (.vcf), or a table pasted here."),
        visit.tr(CHATS),
        visit.tr("You see what each row would do before anything is written, and one button takes all of it back."),
    ]
    keys = [(key(f"{clean_name(one.name, 40)} · {visit.tr.when(one.created_at, visit.company.zone, visit.now)}", one.id, "fresh"),) for one in before]
    return Done((Post("\n".join(words), (*keys, *menus.question(visit.tr, "", NAME).keys)),))


def is_list(visit: Visit) -> bool:
    """Whether what was sent is a list that its sender may bring in."""
    said = visit.said
    media = said.media if isinstance(said, Text) else ()
    return len(media) == 1 and media[0].name.lower().endswith(LISTS) and may(visit.rep.role, Action.IMPORT)


def filed(session: Session, visit: Visit) -> Done:
    """Take a file."""
    assert isinstance(visit.said, Text)
    ref = visit.said.media[0]
    if ref.size > DOWNLOAD_MOST:
        return told(visit.tr("Telegram gives bots no file above 20 MB. Send it in parts, or run “python main.py import FILE” on the machine."))
    return _received(session, visit, ref.name, {"ref": _plain(ref)})


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a file or a pasted table, or the name of whom an old chat is with."""
    assert isinstance(visit.said, Text)
    if "chat" in wizard.facts and not visit.said.media:
        return _looked_up(session, visit, wizard.target, int(wizard.facts["chat"]))
    if not is_list(visit) and (visit.said.media or not any(mark == "@" or mark.isdecimal() for mark in visit.said.text)):
        words = visit.tr("This is no list. Send a CSV or Excel file, contacts (.vcf), or paste a table. /cancel to leave it.")
        return Done((menus.question(visit.tr, f"{words}\n{visit.tr(CHATS)}", NAME),))
    quit_wizard(session, visit.rep, NAME)
    if visit.said.media:
        return filed(session, visit)
    return _received(session, visit, "table.txt", {"text": visit.said.text})


def _plain(ref: MediaRef) -> Mapping[str, object]:
    return {"ref": ref.ref, "name": ref.name, "size": ref.size}


def _received(session: Session, visit: Visit, name: str, source: Mapping[str, object]) -> Done:
    number = imports.receive(session, visit.rep, name, source, now=visit.now)
    return Done((named(_drawn(session, visit, number), number, visit.rep),))


def _drawn(session: Session, visit: Visit, number: int) -> Post:
    sheet = imports.shown(session, visit.rep, number)
    return page(visit.tr, sheet, names_in(session, sheet, visit.rep), visit.company.zone)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on with an import by one of its buttons."""
    what, _, value = intent.detail.partition(":")
    pressed = TURNS.get(what)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _page(session: Session, visit: Visit, number: int, value: str) -> Done:
    quit_wizard(session, visit.rep, NAME)
    return _shown(visit, _drawn(session, visit, number))


def _fresh(session: Session, visit: Visit, number: int, value: str) -> Done:
    return Done((_drawn(session, visit, number),))


def _shown(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),))


def _check(session: Session, visit: Visit, number: int, value: str) -> Done:
    try:
        imports.check(session, visit.rep, number, now=visit.now)
    except Invalid:
        if imports.shown(session, visit.rep, number).kind == imports.CHATS:
            return Done(toast=visit.tr("Say first who of them is the customer."), alert=True)
        return Done(toast=visit.tr("Say first which column is the phone or the e-mail: people are told apart by them."), alert=True)
    return _page(session, visit, number, value)


def _run(session: Session, visit: Visit, number: int, value: str) -> Done:
    imports.run(session, visit.rep, number, now=visit.now)
    return _page(session, visit, number, value)


def _stop(session: Session, visit: Visit, number: int, value: str) -> Done:
    imports.stop(session, visit.rep, number, now=visit.now)
    return _page(session, visit, number, value)


def _ask_undo(session: Session, visit: Visit, number: int, value: str) -> Done:
    sheet = imports.shown(session, visit.rep, number)
    words = visit.tr("Take back all that “{name}” wrote? What somebody has changed since stays.", name=clean_name(sheet.name, 60))
    keys = ((key(visit.tr.button(UNDO), number, "undo"), key(visit.tr.button(exchange.BACK), number, "page")),)
    return _shown(visit, Post(words, keys))


def _undo(session: Session, visit: Visit, number: int, value: str) -> Done:
    imports.undo(session, visit.rep, number, now=visit.now)
    return _page(session, visit, number, value)


def _columns(session: Session, visit: Visit, number: int, value: str) -> Done:
    return _shown(visit, exchange.columns(visit.tr, imports.shown(session, visit.rep, number), int(value or 0)))


def _column(session: Session, visit: Visit, number: int, value: str) -> Done:
    place, _, first = value.partition(":")
    sheet = imports.shown(session, visit.rep, number)
    return _shown(visit, exchange.choices(visit.tr, sheet, int(place), imports.targets(session), int(first or 0)))


def _is(session: Session, visit: Visit, number: int, value: str) -> Done:
    place, _, target = value.partition(":")
    imports.choose(session, visit.rep, number, int(place), target, now=visit.now)
    return _page(session, visit, number, value)


def _chats(session: Session, visit: Visit, number: int, value: str) -> Done:
    return _shown(visit, past.listed(visit.tr, imports.shown(session, visit.rep, number), int(value or 0)))


def _chat(session: Session, visit: Visit, number: int, value: str) -> Done:
    sheet, place = imports.shown(session, visit.rep, number), int(value)
    begin(session, visit.rep, Wizard(NAME, NAME, number, {"chat": place}), until=visit.now + HOUR)
    return _shown(visit, past.choices(visit.tr, sheet, place, names_in(session, sheet, visit.rep)))


def _whose(session: Session, visit: Visit, number: int, value: str) -> Done:
    return _shown(visit, past.senders(visit.tr, imports.shown(session, visit.rep, number), int(value)))


def _from(session: Session, visit: Visit, number: int, value: str) -> Done:
    place, _, sender = value.partition(":")
    asked = (number, int(place), int(sender))
    found = ask(visit, (NAME, *asked), lambda s: past_deeds.likely(s, visit.rep, *asked, visit.company.region))
    past_deeds.choose_customer(session, visit.rep, number, int(place), found, now=visit.now)
    return _page(session, visit, number, value)


def _with(session: Session, visit: Visit, number: int, value: str) -> Done:
    place, _, who = value.partition(":")
    past_deeds.choose_person(session, visit.rep, number, int(place), int(who), now=visit.now)
    return _page(session, visit, number, value)


def _looked_up(session: Session, visit: Visit, number: int, place: int) -> Done:
    """Who is found by what was typed for an old chat."""
    words = visit.said.text if isinstance(visit.said, Text) else ""
    people = ask(visit, (NAME, words), lambda s: find(s, visit.rep, words, visit.company.region)).people[:FOUND_MOST]
    return Done((past.found(visit.tr, number, place, [(one.contact_id, one.name) for one in people]),))


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {
    "page": _page,
    "fresh": _fresh,
    "check": _check,
    "run": _run,
    "stop": _stop,
    "undo?": _ask_undo,
    "undo": _undo,
    "columns": _columns,
    "column": _column,
    "is": _is,
    "chats": _chats,
    "chat": _chat,
    "whose": _whose,
    "from": _from,
    "with": _with,
}

COMMAND = Command("import", N_("Bring in your own people from a list"), deed, Action.IMPORT, presses={NAME: turn}, listeners={NAME: typed}, group=Group.PEOPLE)
