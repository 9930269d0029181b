"""/fields: what the firm wants to know of customers, deals and companies besides what everybody knows; made and changed by a manager."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE, UNDO
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.base.time import HOUR
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.fields import About, BadValue, FieldKind, FieldView, field_at, fields_of
from crm.people.fieldset import Draft, archive_field, filled, last_edit, make_field, move_field, rename_field, set_choices, show_field, undo_edit
from crm.people.reps import authorise

NAME, PAGE = "fields", 5
ABOUT = {About.CONTACT: N_button("Of a customer"), About.DEAL: N_button("Of a deal"), About.COMPANY: N_button("Of a company")}
KINDS = {
    FieldKind.TEXT: N_button("Words"),
    FieldKind.NUMBER: N_button("Number"),
    FieldKind.MONEY: N_button("Money"),
    FieldKind.DATE: N_button("Day"),
    FieldKind.CHOICE: N_button("Choice"),
    FieldKind.PHONE: N_button("Phone number"),
    FieldKind.YES_NO: N_button("Yes or no"),
}
NEW, BACK, RENAME, CHOICES = N_button("New field"), N_button("Back"), N_button("Rename"), N_button("Choices")
UP, DOWN, HIDE, SHOW = N_button("⬆ Up"), N_button("⬇ Down"), N_button("Not on cards"), N_button("On cards")
ARCHIVE, BRING_BACK = N_button("Archive"), N_button("Bring back")


def deed(session: Session, visit: Visit) -> Done:
    """Show what there are fields of."""
    return Done((_home(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; what is shown takes the place of the post that was pressed."""
    authorise(session, visit.rep, Action.SET_FIELDS)
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    try:
        post, toast = pressed(session, visit, intent.target, value)
    except BadValue as error:
        return Done(toast=error.words(visit.tr), alert=True)
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a label or choices; what cannot be used may be typed again."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    about, kind, label = (str(wizard.facts.get(name, "")) for name in ("about", "kind", "label"))
    try:
        if wizard.target:
            change = set_choices if wizard.facts.get("choices") else rename_field
            field = change(session, visit.rep, wizard.target, said, now=visit.now)
        elif kind == FieldKind.CHOICE and not label:
            return Done((_ask_choices(session, visit, about, said),))
        else:
            draft = Draft(About(about), FieldKind(kind), label or said, said if label else "")
            field = make_field(session, visit.rep, draft, now=visit.now)
    except BadValue as error:
        return Done((_asked(visit.tr, error.words(visit.tr)),))
    quit_wizard(session, visit.rep, NAME)
    return Done((_one(session, visit, field, undo=True),), visit.tr("Saved."))


Shown = tuple[Post, str]


def _home(session: Session, visit: Visit) -> Post:
    authorise(session, visit.rep, Action.SET_FIELDS)
    tr = visit.tr
    keys = [(Key(f"{tr.button(label)} · {len(fields_of(session, about))}", _intent("list", 0, about.value)),) for about, label in ABOUT.items()]
    return Post(tr("Fields are what you want to know besides name and phone: a birthday, the kind of shop, the size. Fields of what?"), tuple(keys))


def _main(session: Session, visit: Visit, target: int, value: str) -> Shown:
    return _home(session, visit), ""


def _list(session: Session, visit: Visit, target: int, value: str) -> Shown:
    """The fields of one kind of thing, those used no more at the end; the target is the page."""
    tr, about = visit.tr, About(value)
    found = fields_of(session, about, archived=True)
    page = target if 0 <= target * PAGE < len(found) else 0
    rows = [f"{number}. {_label(one)} · {tr(KINDS[one.kind])}{_marks(one)}" for number, one in enumerate(found, 1)]
    keys = [Key(f"{'' if one.active else '🗄 '}{clean_name(one.label, 21)}", _intent("one", one.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), _intent("list", (page + 1) % -(-len(found) // PAGE), value)))
    ends = (Key(tr.button(NEW), _intent("new", 0, value)), Key(tr.button(BACK), _intent("home")))
    words = "\n".join(rows) or tr("There is none yet.")
    return Post(f"{tr(ABOUT[about])}:\n{words}", (*menus.in_rows(keys), ends)), ""


def _new(session: Session, visit: Visit, target: int, value: str) -> Shown:
    """Ask what a new field holds."""
    tr, about = visit.tr, About(value)
    keys = [Key(tr.button(label), _intent("kind", 0, f"{about.value}:{kind.value}")) for kind, label in KINDS.items()]
    return Post(tr("What does the new field hold?"), menus.in_rows([*keys, Key(tr.button(BACK), _intent("list", 0, value))])), ""


def _kind(session: Session, visit: Visit, target: int, value: str) -> Shown:
    """Ask what a new field is called."""
    about, _, kind = value.partition(":")
    _begin(session, visit, 0, {"about": About(about).value, "kind": FieldKind(kind).value})
    return _asked(visit.tr, visit.tr("What is the field called? Type it in a word or two, as it shall stand on the cards.")), ""


def _ask_choices(session: Session, visit: Visit, about: str, label: str) -> Post:
    """Ask what a new choice offers."""
    _begin(session, visit, 0, {"about": about, "kind": FieldKind.CHOICE.value, "label": label})
    return _asked(visit.tr, visit.tr("Type what there is to choose from, each on a line of its own."))


def _open(session: Session, visit: Visit, target: int, value: str) -> Shown:
    return _one(session, visit, field_at(session, target)), ""


def _one(session: Session, visit: Visit, field: FieldView, *, undo: bool = False) -> Post:
    """One field and what may be done with it."""
    tr = visit.tr
    rows = [f"{isolated(field.label)} · {tr(KINDS[field.kind])} · {tr(ABOUT[field.about])}"]
    rows += [", ".join(isolated(one) for one in field.choices)] if field.choices else []
    rows.append(tr.many("Filled in {n} time.", "Filled in {n} times.", filled(session, field.id)))
    if not field.active:
        rows.append(tr("Archived: nobody sees it, what was written stays."))
    elif field.about is About.CONTACT:
        rows.append(tr("In follow-ups and promotions: {example}", example=f"{{{field.name}|…}}"))
    return Post("\n".join(rows), menus.in_rows(_keys(session, tr, field, undo)))


def _keys(session: Session, tr: Translator, field: FieldView, undo: bool) -> list[Key]:
    back = Key(tr.button(BACK), _intent("list", 0, field.about.value))
    last = [Key(tr.button(UNDO), _intent("undo", field.id, str(last_edit(session, field.id)))), back] if undo else [back]
    if not field.active:
        return [Key(tr.button(BRING_BACK), _intent("archive", field.id, "0")), *last]
    choices = [Key(tr.button(CHOICES), _intent("choices", field.id))] if field.kind is FieldKind.CHOICE else []
    return [
        Key(tr.button(RENAME), _intent("rename", field.id)),
        *choices,
        Key(tr.button(UP), _intent("move", field.id, "-1")),
        Key(tr.button(DOWN), _intent("move", field.id, "1")),
        Key(tr.button(HIDE if field.shown else SHOW), _intent("show", field.id, "0" if field.shown else "1")),
        Key(tr.button(ARCHIVE), _intent("archive", field.id, "1")),
        *last,
    ]


def _rename(session: Session, visit: Visit, target: int, value: str) -> Shown:
    _begin(session, visit, field_at(session, target).id, {})
    return _asked(visit.tr, visit.tr("What shall the field be called?")), ""


def _choices(session: Session, visit: Visit, target: int, value: str) -> Shown:
    field = field_at(session, target)
    _begin(session, visit, field.id, {"choices": 1})
    now = "\n".join(field.choices)
    return _asked(visit.tr, f"{visit.tr('Type what there is to choose from, each on a line of its own.')}\n\n{visit.tr('It says now:')}\n{isolated(now)}"), ""


def _move(session: Session, visit: Visit, target: int, value: str) -> Shown:
    field = move_field(session, visit.rep, target, int(value), now=visit.now)
    names = [_label(one) for one in fields_of(session, field.about)]
    return _one(session, visit, field), " · ".join(names)[:180]


def _show(session: Session, visit: Visit, target: int, value: str) -> Shown:
    return _one(session, visit, show_field(session, visit.rep, target, value == "1", now=visit.now), undo=True), visit.tr("Saved.")


def _archive(session: Session, visit: Visit, target: int, value: str) -> Shown:
    field = archive_field(session, visit.rep, target, value == "1", now=visit.now)
    return _one(session, visit, field, undo=True), visit.tr("Saved.")


def _undo(session: Session, visit: Visit, target: int, value: str) -> Shown:
    field = undo_edit(session, visit.rep, target, int(value), now=visit.now)
    return _one(session, visit, field), visit.tr("As it was before: {field}", field=isolated(field.label))


def _begin(session: Session, visit: Visit, field_id: int, facts: dict[str, object]) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, field_id, facts), until=visit.now + HOUR)


def _asked(tr: Translator, words: str) -> Post:
    return replace(menus.question(tr, words, NAME), lasts=HOUR)


def _label(field: FieldView) -> str:
    return isolated(clean_name(field.label, 40))


def _marks(field: FieldView) -> str:
    return " 🗄" if not field.active else "" if field.shown else " 🙈"


def _intent(verb: str, target: int = 0, value: str = "") -> Intent:
    return Intent(NAME, target, f"{verb}:{value}")


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Shown]] = {
    "home": _main,
    "list": _list,
    "new": _new,
    "kind": _kind,
    "one": _open,
    "rename": _rename,
    "choices": _choices,
    "move": _move,
    "show": _show,
    "archive": _archive,
    "undo": _undo,
}
COMMAND = Command(
    NAME, N_("Fields of your own: what to know of customers"), deed, Action.SET_FIELDS, presses={NAME: turn}, listeners={NAME: typed}, group=Group.SETUP
)
