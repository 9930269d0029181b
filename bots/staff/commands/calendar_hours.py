"""Weekly hours by buttons: of the firm, of a team, of a member; typed ones are read in any of our languages."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from bots.staff.words import MORE, UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action
from crm.base.time import parse_hours
from crm.base.week_words import shown_week
from crm.conversations.leaving import colleagues
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise, member_of
from crm.people.teams import name_of_team, teams
from crm.people.workdays import Whose, hours_of, newest, set_hours, unset_hours
from crm.reports.words import plain_name

NAME, PAGE = "calendar_hours", 6
WEEKS = ("mon-fri 09:00-18:00", "mon-sat 10:00-19:00", "mon-sun 10:00-22:00", "mon-sun 00:00-24:00")
AS_SET, AS_THE_FIRM, TYPE, BACK = N_button("As in the settings"), N_button("As the firm"), N_button("✍️ Type them"), N_button("Back")


def intent(detail: str, target: int = 0) -> Intent:
    """What a button of this page asks for: whose hours, and which."""
    return Intent(NAME, target, detail)


def turn(session: Session, visit: Visit, pressed: Intent) -> Done:
    """Do what a button asks for; what is shown takes the place of the page that was pressed."""
    authorise(session, visit.rep, Action.SET_CALENDARS)
    kind, _, what = pressed.detail.partition(":")
    if what == "list":
        return _edited(visit, _teams(session, visit, pressed.target) if kind == "t" else _people(session, visit, pressed.target))
    whose = _whose(kind, pressed.target)
    if what == "type":
        begin(session, visit.rep, Wizard(NAME, NAME, pressed.target, {"kind": kind}), until=visit.now + CONFIRM_MS)
        return Done((_asked(visit.tr),))
    if not what:
        return _edited(visit, _page(session, visit, kind, pressed.target))
    what, _, number = what.partition(":")
    if what == "undo":
        unset_hours(session, visit.rep, visit.company, whose, int(number or 0), now=visit.now)
        return _edited(visit, _page(session, visit, kind, pressed.target), visit.tr("Written down."))
    words = "" if what == "wide" else WEEKS[int(what)] if what.isdigit() and int(what) < len(WEEKS) else None
    if words is None:
        raise Expired
    set_hours(session, visit.rep, visit.company, whose, words, now=visit.now)
    return _edited(visit, _page(session, visit, kind, pressed.target, undo=True), visit.tr("Written down."))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take hours as they were typed; what cannot be read is asked for again."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    kind = str(wizard.facts["kind"])
    try:
        if not said.strip():
            raise Invalid
        set_hours(session, visit.rep, visit.company, _whose(kind, wizard.target), said, now=visit.now)
    except Invalid:
        return Done((_asked(visit.tr, again=True),))
    quit_wizard(session, visit.rep, NAME)
    return Done((_page(session, visit, kind, wizard.target, undo=True),), visit.tr("Written down."))


def _asked(tr: Translator, *, again: bool = False) -> Post:
    words = tr("Write the hours like this: mon-fri 09:00-18:00, sat 10:00-15:00. A day that is not named is closed.")
    return menus.question(tr, f"{tr('I do not understand these hours.')} {words}" if again else words, NAME)


def _page(session: Session, visit: Visit, kind: str, target: int, *, undo: bool = False) -> Post:
    """The hours of one, with the ways to change them."""
    tr = visit.tr
    hours, said = hours_of(session, visit.company, _whose(kind, target), now=visit.now)
    name = tr("The firm") if kind == "f" else plain_name(tr, name_of_team(session, target) if kind == "t" else member_of(session, target).name)
    weeks = tuple((Key(shown_week(tr, parse_hours(week, hours.zone)), intent(f"{kind}:{place}", target)),) for place, week in enumerate(WEEKS))
    keys = [Key(tr.button(TYPE), intent(f"{kind}:type", target))]
    if said:
        keys.append(Key(tr.button(AS_SET if kind == "f" else AS_THE_FIRM), intent(f"{kind}:wide", target)))
    if undo:
        keys.append(Key(tr.button(UNDO), intent(f"{kind}:undo:{newest(session, _whose(kind, target))}", target)))
    keys.append(Key(tr.button(BACK), Intent("calendar", 0, "show") if kind == "f" else intent(f"{kind}:list")))
    words = tr("{name}: {hours}", name=name, hours=shown_week(tr, hours))
    wider = tr("These are the hours of the firm or of the team.") if kind != "f" and not said else ""
    return Post("\n".join(filter(None, (words, wider))), (*weeks, *menus.in_rows(keys)))


def _teams(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, teams(session, visit.rep)
    page = page if 0 <= page * PAGE < len(found) else 0
    keys = [Key(plain_name(tr, one.name, 24), intent("t", one.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), intent("t:list", (page + 1) % -(-len(found) // PAGE))))
    words = tr("Hours of which team?") if found else tr("There is no team yet. Make one with /team.")
    return Post(words, menus.in_rows([*keys, Key(tr.button(BACK), Intent("calendar", 0, "show"))]))


def _people(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, colleagues(session, visit.rep)
    page = page if 0 <= page * PAGE < len(found) else 0
    keys = [Key(plain_name(tr, one.rep.name, 24), intent("r", one.rep.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), intent("r:list", (page + 1) % -(-len(found) // PAGE))))
    keys.append(Key(tr.button(BACK), Intent("calendar", 0, "show")))
    return Post(tr("Whose hours?"), menus.in_rows(keys))


def _whose(kind: str, target: int) -> Whose:
    match kind:
        case "f":
            return Whose()
        case "t":
            return Whose(team_id=target)
        case "r":
            return Whose(rep_id=target)
    raise Expired


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=instead(visit)),), toast)
