"""Details: what the firm's own fields say of a customer, on cards and in a post of its own, and how it is filled by buttons and words."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from bots.staff.words import MORE, UNDO, line_html
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.text import clean_name, escape_html, isolated
from crm.base.time import local
from crm.conversations.threads import the
from crm.people.companies import company_at
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.fields import About, BadValue, FieldKind, FieldView, field_at, last_change, parse_value, shown_value
from crm.people.sight import seen_by
from crm.reports.thread import Thread
from crm.reports.words import plain_name
from crm.sales.deals import seen_deal
from crm.sales.details import Detail, details_of, set_detail, undo_detail

NAME = "detail"
DETAILS, CLEAR, BACK, LEAD = N_button("📋 Details"), N_button("Take it away"), N_button("Back"), N_button("Lead")
COMPANY = N_button("📋 Of the company")
DAYS = {0: N_button("Today"), 1: N_button("Tomorrow"), 7: N_button("In a week")}
PAGE, CHOICES = 5, 5
VALUE_MOST, MARK = 120, 12
HOW = {
    FieldKind.TEXT: N_("Type it."),
    FieldKind.NUMBER: N_("Type the number, as 1250.5."),
    FieldKind.MONEY: N_("Type the amount, as 1 250 000 or 12k."),
    FieldKind.DATE: N_("Press a button, or type the day as 25.11.2026."),
    FieldKind.CHOICE: N_("Press one of them, or type it."),
    FieldKind.PHONE: N_("Type the number with the code of the country, as +374 91 123456."),
    FieldKind.YES_NO: N_("Press a button."),
}


def key(tr: Translator, conversation_id: int) -> Key:
    """The button of a card that opens the details of its person."""
    return Key(tr.button(DETAILS), Intent("details_of", conversation_id))


def company_key(tr: Translator, company_id: int) -> Key:
    """The button that opens the details of a company."""
    return Key(tr.button(COMPANY), _intent(About.COMPANY, company_id, "fresh"))


def lines(sight: Thread, tr: Translator, most: int) -> Iterator[str]:
    """The fields that stand on the card of a person."""
    for field, value in sight.details:
        yield f"▫️ {escape_html(clean_name(field.label))}: {line_html(shown_value(field, value, tr), min(most, VALUE_MOST))}"


def of_card(session: Session, visit: Visit, conversation_id: int) -> Done:
    """Show the details of the person of a conversation."""
    return Done((overview(session, visit, About.CONTACT, the(session, conversation_id).contact_id),))


def pressed_card(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the details of the person of the card whose button was pressed."""
    return of_card(session, visit, intent.target)


def overview(session: Session, visit: Visit, about: About, subject_id: int, *, page: int = 0, told: str = "", undo: int = 0) -> Post:
    """Every field with what it says, a page of them as buttons; `told` is what has just been done, which `undo` takes back."""
    tr, found = visit.tr, details_of(session, visit.rep, about, subject_id)
    page = page if 0 <= page * PAGE < len(found) else 0
    head = tr("What is known of {name}:", name=_name(session, visit, about, subject_id))
    rows = [_line(visit, one) for one in found] or [tr("The firm has no fields of its own yet. A manager makes them with /fields.")]
    keys = [Key(f"✏️ {clean_name(one.field.label, 21)}", _intent(about, subject_id, "ask", one.field.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), _intent(about, subject_id, "page", (page + 1) % -(-len(found) // PAGE))))
    ends = [Key(tr.button(LEAD), Intent("lead_of", subject_id))] if about is About.CONTACT else []
    ends += [Key(tr.button(BACK), Intent("deal", subject_id, "open"))] if about is About.DEAL else []
    ends += [Key(tr.button(UNDO), _intent(about, subject_id, "undo", undo))] if undo else []
    return Post("\n".join([*([told, ""] if told else []), head, *rows]), (*menus.in_rows(keys), *((tuple(ends),) if ends else ())))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of the details asks for; what is shown takes the place of the post that was pressed."""
    about, verb, value = (intent.detail.split(":", 2) + ["", ""])[:3]
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    return pressed(session, visit, About(about), intent.target, value)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a field; what cannot be read may be typed again."""
    field = field_at(session, int(wizard.facts["field"]))
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    try:
        stored = parse_value(field, said, visit.rep.language, visit.company.region, visit.company.currency)
    except BadValue as error:
        return Done((_question(session, visit, field, wizard.target, 0, error.words(visit.tr)),))
    return _kept(session, visit, field, wizard.target, stored)


def _page(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    return _edited(visit, overview(session, visit, about, subject_id, page=int(value or 0)))


def _fresh(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    return Done((overview(session, visit, about, subject_id),))


def _ask(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    """Ask for a field: its choices as buttons, or words."""
    number, _, page = value.partition(":")
    return _edited(visit, _question(session, visit, _field(session, about, number), subject_id, int(page or 0)))


def _question(session: Session, visit: Visit, field: FieldView, subject_id: int, page: int, wrong: str = "") -> Post:
    tr, about = visit.tr, field.about
    known = next((one for one in details_of(session, visit.rep, about, subject_id) if one.field.id == field.id), Detail(field))
    begin(session, visit.rep, Wizard(NAME, NAME, subject_id, {"field": field.id}), until=visit.now + CONFIRM_MS)
    keys = [Key(label, _intent(about, subject_id, "pick", f"{field.id}:{choice}")) for choice, label in _options(visit, field, page)]
    if field.kind is FieldKind.CHOICE and len(field.choices) > CHOICES:
        following = (page + 1) % -(-len(field.choices) // CHOICES)
        keys.append(Key(tr.button(MORE), _intent(about, subject_id, "ask", f"{field.id}:{following}")))
    ends = [Key(tr.button(CLEAR), _intent(about, subject_id, "clear", field.id))] if known.value else []
    ends.append(Key(tr.button(BACK), _intent(about, subject_id, "page")))
    words = [*([wrong] if wrong else []), _line(visit, known), *_by(session, visit, known), tr(HOW[field.kind])]
    return Post("\n".join(words), (*menus.in_rows(keys), tuple(ends)), lasts=CONFIRM_MS)


def _options(visit: Visit, field: FieldView, page: int) -> list[tuple[str, str]]:
    """What can be pressed instead of typed: the value a button means, and its label."""
    tr = visit.tr
    match field.kind:
        case FieldKind.CHOICE:
            page = page if 0 <= page * CHOICES < len(field.choices) else 0
            return [(mark(choice), choice) for choice in field.choices[page * CHOICES : (page + 1) * CHOICES]]
        case FieldKind.YES_NO:
            return [(stored, shown_value(field, stored, tr)) for stored in ("yes", "no")]
        case FieldKind.DATE:
            today = local(visit.now, visit.rep.zone or visit.company.zone).date()
            return [((today + timedelta(days=ahead)).isoformat(), tr.button(label)) for ahead, label in DAYS.items()]
    return []


def _pick(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    """Take a choice from its button."""
    number, _, choice = value.partition(":")
    field = _field(session, about, number)
    return _kept(session, visit, field, subject_id, marked(field.choices, choice) if field.kind is FieldKind.CHOICE else choice)


def mark(value: str) -> str:
    """What stands for a value on its button: short, and never another value's after the choices have changed."""
    return hashlib.sha256(value.encode()).hexdigest()[:MARK]


def marked(values: Sequence[str], known: str) -> str:
    """The value that a button stands for; raises `Expired` where it is not to be had any more."""
    found = next((value for value in values if mark(value) == known), None)
    if found is None:
        raise Expired
    return found


def _clear(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    return _kept(session, visit, _field(session, about, value), subject_id, None)


def _kept(session: Session, visit: Visit, field: FieldView, subject_id: int, stored: str | None) -> Done:
    tr = visit.tr
    changed = set_detail(session, visit.rep, field, subject_id, stored, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    words = tr("Saved.") if stored is not None else tr("Taken away.")
    told = f"{words} {isolated(field.label)}" if changed else tr("It says so already.")
    undo = last_change(session, field.about, subject_id) if changed else 0
    return _edited(visit, overview(session, visit, field.about, subject_id, told=told, undo=undo), told)


def _undo(session: Session, visit: Visit, about: About, subject_id: int, value: str) -> Done:
    field = undo_detail(session, visit.rep, about, subject_id, int(value), now=visit.now)
    told = visit.tr("As it was before: {field}", field=isolated(field.label))
    return _edited(visit, overview(session, visit, about, subject_id, told=told), told)


def _line(visit: Visit, one: Detail) -> str:
    shown = shown_value(one.field, one.value, visit.tr)
    if one.field.kind is FieldKind.PHONE and one.value:
        shown = seen_by(visit.rep).shown("phone", one.value)
    return f"{isolated(clean_name(one.field.label))}: {isolated(clean_name(shown, VALUE_MOST)) if one.value else '—'}"


def _by(session: Session, visit: Visit, one: Detail) -> Iterator[str]:
    """Who wrote a value down, and when."""
    if one.value:
        who = visit.scene(session).names.get(one.rep_id or 0, "")
        yield visit.tr("Written {when} by {name}", when=visit.tr.when(one.at, visit.company.zone, visit.now), name=plain_name(visit.tr, who) if who else "—")


def _name(session: Session, visit: Visit, about: About, subject_id: int) -> str:
    if about is About.CONTACT:
        root = root_of(session, subject_id)
        return plain_name(visit.tr, seen_by(visit.rep).named(root.name or root.platform_name))
    if about is About.COMPANY:
        return isolated(clean_name(company_at(session, subject_id).name, 60))
    return isolated(clean_name(seen_by(visit.rep).named(seen_deal(session, visit.rep, subject_id).title), 60))


def _field(session: Session, about: About, number: str) -> FieldView:
    field = field_at(session, int(number))
    if field.about is not about or not field.active:
        raise Expired
    return field


def _intent(about: About, subject_id: int, verb: str, value: object = "") -> Intent:
    return Intent(NAME, subject_id, f"{about.value}:{verb}:{value}")


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


Turn = Callable[[Session, Visit, About, int, str], Done]
TURNS: Mapping[str, Turn] = {"page": _page, "fresh": _fresh, "ask": _ask, "pick": _pick, "clear": _clear, "undo": _undo}
