"""/documents: what the firm says of itself and in its own words on its papers; by managers, by buttons, each change with a way back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.papers import KINDS
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import UNDO, whole
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import LANGUAGES, N_, NATIVE, N_button, Translator
from crm.base.policy import Action
from crm.base.text import cut
from crm.base.time import HOUR
from crm.documents import layouts
from crm.documents.documents import Kind
from crm.documents.layouts import ADDRESS, BANK, CONTACTS, DAYS, EVERY, FIRM, INTRO, NAME, SIGNER, TAX_NUMBER, TERMS, Wording
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise

WIZARD, SHOWN = "layouts", 120
OURS, BACK, CLEAR, ALL = N_button("About the firm"), N_button("Back"), N_button("Nothing of our own"), N_button("🌐 All languages")
FIELDS: Mapping[str, str] = {
    NAME: N_button("Name of the firm"),
    ADDRESS: N_button("Address"),
    TAX_NUMBER: N_button("Tax number"),
    BANK: N_button("Bank account"),
    CONTACTS: N_button("Phone and e-mail"),
    SIGNER: N_button("Who signs"),
    INTRO: N_button("First words"),
    TERMS: N_button("Terms"),
    DAYS: N_button("How many days"),
}
HOW: Mapping[str, str] = {
    BANK: N_("Write the bank and the account as they shall stand on an invoice; several lines are fine."),
    TERMS: N_("Write the terms, a paragraph on each line."),
    DAYS: N_("For how many days is it good, or to be paid in? Write a number; 0 = no end."),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show what can be set."""
    return Done((_home(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; what is shown takes the place of the post that was pressed."""
    authorise(session, visit.rep, Action.SET_LAYOUTS)
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    post, toast = pressed(session, visit, intent.target, value)
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a field; what cannot be used may be typed again."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    kind, language, field = (str(wizard.facts[name]) for name in ("kind", "language", "field"))
    try:
        now = layouts.set_words(session, visit.rep, kind, language, field, said, now=visit.now)
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr("Write a whole number of days, at most 365."), WIZARD),))
    quit_wizard(session, visit.rep, WIZARD)
    return Done((_one(visit, kind, language, now, undo=True),), visit.tr("Saved."))


Shown = tuple[Post, str]


def _home(session: Session, visit: Visit) -> Post:
    authorise(session, visit.rep, Action.SET_LAYOUTS)
    tr = visit.tr
    ours = layouts.wording(session, FIRM, EVERY).words
    words = [tr("What stands on your quotes, invoices, contracts and acts.")]
    if not ours.get(BANK) or not ours.get(ADDRESS):
        words.append(tr("Tell first who you are: the address, the tax number and the bank account stand on every paper."))
    keys = [Key(tr.button(OURS), _open(FIRM, EVERY)), *(Key(tr.button(label), _open(kind.value, EVERY)) for kind, label in KINDS.items())]
    return Post("\n".join(words), menus.in_rows(keys))


def _main(session: Session, visit: Visit, target: int, value: str) -> Shown:
    quit_wizard(session, visit.rep, WIZARD)
    return _home(session, visit), ""


def _show(session: Session, visit: Visit, target: int, value: str) -> Shown:
    quit_wizard(session, visit.rep, WIZARD)
    kind, language = value.split(":")
    return _one(visit, kind, language, layouts.wording(session, kind, language)), ""


def _one(visit: Visit, kind: str, language: str, now: Wording, *, undo: bool = False) -> Post:
    """The words of a kind in a language, a button for each field."""
    tr = visit.tr
    what, where = tr.button(OURS if kind == FIRM else KINDS[Kind(kind)]), _language(tr, language)
    rows = [f"{tr.button(FIELDS[field])}: {whole(cut(now.words.get(field, ''), SHOWN)) or '–'}" for field in layouts.fields_of(kind)]
    if language:
        rows.append(tr("What is empty here stands as it is said for all languages."))
    elif kind != FIRM:
        rows.append(tr("What is empty is said in our usual words, in the customer's language."))
    keys = [Key(f"✏️ {tr.button(FIELDS[field])}", Intent("layouts", 0, f"ask:{kind}:{language}:{field}")) for field in layouts.fields_of(kind)]
    ends = [Key(where, Intent("layouts", 0, f"lang:{kind}:{language}")), Key(tr.button(BACK), Intent("layouts", 0, "home"))]
    if undo:
        way_back = Key(tr.button(UNDO), Intent("layouts", now.version, f"undo:{kind}:{language}"))
        ends = [way_back, *(ends if len(keys) + len(ends) < menus.MOST else ends[1:])]  # the languages are a press further where there is no room
    return Post("\n".join([f"{what} · {where}", *rows]), (*menus.in_rows(keys), tuple(ends)))


def _lang(session: Session, visit: Visit, target: int, value: str) -> Shown:
    """Ask for which language."""
    kind, _ = value.split(":")
    keys = [Key(_language(visit.tr, language), _open(kind, language)) for language in (EVERY, *LANGUAGES)]
    return Post(visit.tr("The words for which language?"), menus.in_rows(keys)), ""


def _ask(session: Session, visit: Visit, target: int, value: str) -> Shown:
    """Ask for a field."""
    tr, (kind, language, field) = visit.tr, value.split(":")
    begin(session, visit.rep, Wizard(WIZARD, WIZARD, 0, {"kind": kind, "language": language, "field": field}), until=visit.now + HOUR)
    stands = layouts.wording(session, kind, language).words.get(field, "")
    words = [
        f"{tr.button(FIELDS[field])} · {_language(tr, language)}",
        *([whole(stands)] if stands else []),
        "",
        tr(HOW.get(field, N_("Write it as it shall stand."))),
    ]
    ends = [Key(tr.button(CLEAR), Intent("layouts", 0, f"clear:{kind}:{language}:{field}"))] if stands else []
    return Post("\n".join(words), ((*ends, Key(tr.button(BACK), _open(kind, language))),), lasts=HOUR), ""


def _clear(session: Session, visit: Visit, target: int, value: str) -> Shown:
    kind, language, field = value.split(":")
    now = layouts.set_words(session, visit.rep, kind, language, field, "", now=visit.now)
    quit_wizard(session, visit.rep, WIZARD)
    return _one(visit, kind, language, now, undo=True), visit.tr("Saved.")


def _undo(session: Session, visit: Visit, target: int, value: str) -> Shown:
    kind, language = value.split(":")
    now = layouts.undo_words(session, visit.rep, kind, language, target, now=visit.now)
    return _one(visit, kind, language, now), visit.tr("It stands as it was.")


def _open(kind: str, language: str) -> Intent:
    return Intent("layouts", 0, f"show:{kind}:{language}")


def _language(tr: Translator, language: str) -> str:
    return NATIVE[language] if language else tr.button(ALL)


Turn = Callable[[Session, Visit, int, str], Shown]
TURNS: Mapping[str, Turn] = {"home": _main, "show": _show, "lang": _lang, "ask": _ask, "clear": _clear, "undo": _undo}

COMMAND = Command(
    "documents",
    N_("What stands on your quotes and invoices"),
    deed,
    Action.SET_LAYOUTS,
    presses={"layouts": turn},
    listeners={WIZARD: typed},
    group=Group.SETUP,
)
