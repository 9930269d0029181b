"""The fields of a deal that the firm has made: looked at like those of a person, and filled one by one where a stage demands them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import deals, details, menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import Translator
from crm.base.text import clean_name, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.field_words import NO, YES, YES_NO_WORDS, BadValue, FieldKind, FieldView, parse_value
from crm.people.fields import About, fields_of, set_value
from crm.reports.deal import sheet
from crm.sales.deals import held_deal, redraw

NAME = "deal_field"
SHOWN = menus.MOST - 1


def asked_names(session: Session, names: Sequence[str]) -> dict[str, str]:
    """What these fields of a deal are called by people."""
    return {field.name: field.label for field in fields_of(session, About.DEAL) if field.name in names}


def every(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """The fields with what is known: the same screen as a person's and a company's."""
    return _asked(visit, details.overview(session, visit, About.DEAL, deal_id))


def fill(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for one field: its choices as buttons, a page of them, or words."""
    name, _, at = value.partition(":")
    tr, field = visit.tr, _named(session, name)
    held_deal(session, visit.rep, deal_id)
    begin(session, visit.rep, Wizard(NAME, NAME, deal_id, {"field": field.name}), until=visit.now + CONFIRM_MS)
    keys = _choices(tr, field, deal_id, int(at or 0))
    words = tr("{field}: press a button, or type it.", field=isolated(field.label)) if keys else tr("{field}: type it.", field=isolated(field.label))
    return _asked(visit, deals.choice(tr, words, keys, deal_id))


def _values(field: FieldView) -> tuple[str, ...]:
    """What a field may say by a button."""
    return (YES, NO) if field.kind is FieldKind.YES_NO else field.choices if field.kind is FieldKind.CHOICE else ()


def _choices(tr: Translator, field: FieldView, deal_id: int, page: int) -> list[Key]:
    """A page of what can be pressed instead of typed, and the next one where there is more."""
    values = _values(field)
    room = SHOWN - 1 if len(values) > SHOWN else SHOWN
    here = values[page * room : (page + 1) * room] or values[:room]
    labels = {YES: tr(YES_NO_WORDS[YES]), NO: tr(YES_NO_WORDS[NO])} if field.kind is FieldKind.YES_NO else {}
    keys = [Key(clean_name(labels.get(one, one), 24), Intent("deal", deal_id, f"pick:{details.mark(one)}:{field.name}")) for one in here]
    if len(values) > room:
        keys.append(Key(tr.button(MORE), Intent("deal", deal_id, f"field:{field.name}:{(page + 1) % -(-len(values) // room)}")))
    return keys


def pick(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Take a choice from its button."""
    known, _, name = value.partition(":")
    field = _named(session, name)
    return _kept(session, visit, deal_id, field, details.marked(_values(field), known))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a field."""
    field, said = _named(session, str(wizard.facts["field"])), visit.said.text if isinstance(visit.said, Text) else ""
    try:
        stored = parse_value(field, said, visit.rep.language, visit.company.region, visit.company.currency)
    except BadValue as error:
        return Done((menus.question(visit.tr, error.words(visit.tr), NAME),))
    return _kept(session, visit, wizard.target, field, stored)


def _kept(session: Session, visit: Visit, deal_id: int, field: FieldView, stored: str) -> Done:
    deal = held_deal(session, visit.rep, deal_id)
    set_value(session, visit.rep, field, deal_id, stored, now=visit.now)
    redraw(session, deal, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return _asked(visit, deals.post(visit, sheet(session, visit.rep, deal_id)), visit.tr("Saved."))


def _named(session: Session, name: str) -> FieldView:
    found = next((field for field in fields_of(session, About.DEAL) if field.name == name), None)
    if found is None:
        raise Expired
    return found


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {"fields": every, "field": fill, "pick": pick}
