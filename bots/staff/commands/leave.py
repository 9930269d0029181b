"""/leave: the days, or the part of a day, somebody does not work: planned by themselves in three presses, for a colleague by a manager, taken back by one."""

import re
from dataclasses import replace
from datetime import date, timedelta

from bots.staff import menus
from bots.staff.leaves import EVERYBODY, KINDS, NAME, PARTS, chosen_part, days_words, typed_part
from bots.staff.posts import Key, Keys, Post
from bots.staff.tasks import instead, zone_of
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE, UNDO
from crm.base import moments
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.base.time import local
from crm.conversations import absences
from crm.conversations.leaving import colleagues
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.leave import Away, LeaveKind, Wish, leave_at, leaves_of
from crm.people.reps import member_of
from crm.reports.words import plain_name

SHOWN, PAGE = 5, 6
NEW, SICK, COLLEAGUE = N_button("🌴 Plan leave"), N_button("🤒 I am ill today"), N_button("For a colleague")
TODAY, TOMORROW, MONDAY = N_button("Today"), N_button("Tomorrow"), N_button("On Monday")
LONG = {1: N_button("That day alone"), 2: N_button("2 days"), 3: N_button("3 days"), 7: N_button("A week"), 14: N_button("Two weeks")}
NAME_BACK = N_button("Back")
_BETWEEN = re.compile(r"\s*[–—]\s*|\s+-\s*|(?<=\d)-(?=\d)")  # noqa: RUF001 - phones write any of the three


def deed(session: Session, visit: Visit) -> Done:
    """Show one's own leave, or plan the days that were typed behind the command."""
    if visit.rest.strip():
        return _said(session, visit, visit.rep.id, visit.rest)
    return Done((_page(session, visit, visit.rep.id),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; `target` is a member, a leave, or a page."""
    tr, what, today = visit.tr, intent.detail, _today(visit)
    match what.partition(":")[0]:
        case "show":
            return _edited(visit, _page(session, visit, intent.target))
        case "all":
            return _edited(visit, _everybody(session, visit))
        case "who":
            return _edited(visit, _who(session, visit, intent.target))
        case "new":
            return _edited(visit, _from(session, visit, intent.target))
        case "sick":
            wish = Wish(today, today, LeaveKind.SICK)
            return _planned(session, visit, absences.plan(session, visit.rep, visit.company, intent.target, wish, once=visit.once, now=visit.now))
        case "from":
            return _edited(visit, _until(session, visit, intent.target, date.fromisoformat(what.partition(":")[2])))
        case "days":
            return _until_pressed(session, visit, intent.target, int(what.partition(":")[2]))
        case "part":
            return _plan(session, visit, intent.target, chosen_part(what.partition(":")[2], visit.now, zone_of(visit.rep, visit.company)))
        case "end":
            absences.take_back(session, visit.rep, intent.target, now=visit.now)
            away, keys = leave_at(session, visit.rep, intent.target), ((Key(tr.button(UNDO), _intent("again", intent.target)),),)
            return _edited(visit, Post(tr("Taken back: {leave}.", leave=_line(visit, away)), keys), tr("Taken back."))
        case "again":
            absences.renew(session, visit.rep, intent.target, now=visit.now)
            return _planned(session, visit, intent.target)
    raise Expired


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the days that were typed: the first one, the last one, or both."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    first = wizard.facts.get("from")
    if not first or len(_BETWEEN.split(said.strip())) > 1:  # two days are from when to when, whatever was asked
        return _said(session, visit, wizard.target, said)
    last = read_day(visit, said)
    if last is None or last < date.fromisoformat(first):
        return _again(visit)
    return _plan(session, visit, wizard.target, Wish(date.fromisoformat(first), last))


def read_day(visit: Visit, words: str) -> date | None:
    """The day that was typed, by the clock of whoever typed it; None where there is none."""
    return moments.read(words, visit.now, zone_of(visit.rep, visit.company)).day


def _said(session: Session, visit: Visit, rep_id: int, words: str) -> Done:
    """Days behind one another are from when to when; one day is asked until when."""
    said = _BETWEEN.split(words.strip(), maxsplit=1)
    if part := typed_part(said, visit.now, zone_of(visit.rep, visit.company)):
        return _plan(session, visit, rep_id, part)
    parts = [read_day(visit, part) for part in said]
    if any(part is None for part in parts):
        begin(session, visit.rep, Wizard(NAME, NAME, rep_id), until=visit.now + CONFIRM_MS)
        return _again(visit)
    first, last = parts[0], parts[-1]
    assert first is not None
    assert last is not None
    if len(parts) == 1:
        return Done((_until(session, visit, rep_id, first),))
    return _plan(session, visit, rep_id, Wish(first, last))


def _again(visit: Visit) -> Done:
    words = visit.tr("I do not understand these days. Write them like this: 24.12 - 31.12, or: tomorrow. Or /cancel.")
    return Done((menus.question(visit.tr, words, NAME),))


def _page(session: Session, visit: Visit, rep_id: int) -> Post:
    """The leave of one member, each with the button that takes it back."""
    tr, mine = visit.tr, rep_id == visit.rep.id
    found = leaves_of(session, visit.rep, visit.company, rep_id, now=visit.now)[:SHOWN]
    name = plain_name(tr, member_of(session, rep_id).name)
    head = tr("Your leave:") if mine else tr("Leave of {name}:", name=name)
    lines = [f"{place}. {_days(visit, one)}" for place, one in enumerate(found, 1)] or [tr("None is planned.")]
    keys: list[Key] = [Key(tr.button("✖️ Take back {n}", n=place), _intent("end", one.id)) for place, one in enumerate(found, 1)]
    keys += [Key(tr.button(NEW), _intent("new", rep_id))]
    if mine:
        keys.append(Key(tr.button(SICK), _intent("sick", rep_id)))
    if may(visit.rep.role, Action.SET_CALENDARS):
        keys.append(Key(tr.button(EVERYBODY), _intent("all")))
    return Post("\n".join([head, *lines]), menus.in_rows(keys))


def _everybody(session: Session, visit: Visit) -> Post:
    """Who is away when, with the way to plan for a colleague."""
    tr = visit.tr
    found = leaves_of(session, visit.rep, visit.company, None, now=visit.now)[:20]
    lines = [_line(visit, one) for one in found] or [tr("None is planned.")]
    return Post(
        "\n".join([tr("Who is away:"), *lines]), ((Key(tr.button(COLLEAGUE), _intent("who")), Key(tr.button(NAME_BACK), _intent("show", visit.rep.id))),)
    )


def _who(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, colleagues(session, visit.rep)
    page = page if 0 <= page * PAGE < len(found) else 0
    keys = [Key(plain_name(tr, one.rep.name, 24), _intent("show", one.rep.id)) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), _intent("who", (page + 1) % -(-len(found) // PAGE))))
    return Post(tr("Whose leave?"), menus.in_rows(keys))


def _from(session: Session, visit: Visit, rep_id: int) -> Post:
    tr, today = visit.tr, _today(visit)
    begin(session, visit.rep, Wizard(NAME, NAME, rep_id), until=visit.now + CONFIRM_MS)
    monday = today + timedelta(days=7 - today.weekday())
    days = {TODAY: today, TOMORROW: today + timedelta(days=1), MONDAY: monday}
    keys = [Key(tr.button(label), _intent(f"from:{day.isoformat()}", rep_id)) for label, day in days.items()]
    keys += [Key(tr.button(label), _intent(f"part:{name}", rep_id)) for name, label in PARTS.items()]
    words = tr("From when? Press a button, or write the days: 24.12 - 31.12, or the hours: today 14:00 - 16:00.")
    return replace(menus.question(tr, words, NAME), keys=(*menus.in_rows(keys), *menus.question(tr, words, NAME).keys))


def _until(session: Session, visit: Visit, rep_id: int, first: date) -> Post:
    tr = visit.tr
    begin(session, visit.rep, Wizard(NAME, NAME, rep_id, {"from": first.isoformat()}), until=visit.now + CONFIRM_MS)
    keys = [Key(tr.button(label), _intent(f"days:{days}", rep_id)) for days, label in LONG.items()]
    words = tr("From {day}. For how long? Or write the last day.", day=tr.day(first, _today(visit)))
    return Post(words, (*menus.in_rows(keys), *menus.question(tr, words, NAME).keys), lasts=CONFIRM_MS)


def _until_pressed(session: Session, visit: Visit, rep_id: int, days: int) -> Done:
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != rep_id or not wizard.facts.get("from") or days not in LONG:
        raise Expired
    first = date.fromisoformat(str(wizard.facts["from"]))
    return _plan(session, visit, rep_id, Wish(first, first + timedelta(days=days - 1)))


def _plan(session: Session, visit: Visit, rep_id: int, wish: Wish) -> Done:
    try:
        number = absences.plan(session, visit.rep, visit.company, rep_id, wish, once=visit.once, now=visit.now)
    except Invalid:
        begin(session, visit.rep, Wizard(NAME, NAME, rep_id), until=visit.now + CONFIRM_MS)
        words = visit.tr("Leave ends after it begins, is a year at most, and begins within a year. Write the days: 24.12 - 31.12. Or /cancel.")
        return Done((menus.question(visit.tr, words, NAME),))
    quit_wizard(session, visit.rep, NAME)
    return _planned(session, visit, number)


def _planned(session: Session, visit: Visit, leave_id: int) -> Done:
    """Say what is written down now, with the way back."""
    tr, away = visit.tr, leave_at(session, visit.rep, leave_id)
    words = [tr("Written down: {leave}.", leave=_line(visit, away)), tr("No new customers come then.")]
    keys: Keys = ((Key(tr.button(UNDO), _intent("end", leave_id)), Key(tr.button(NAME_BACK), _intent("show", away.rep_id))),)
    return _edited(visit, Post("\n".join(words), keys), tr("Written down."))


def _days(visit: Visit, one: Away) -> str:
    return f"{days_words(visit.tr, one, _today(visit), zone_of(visit.rep, visit.company))} · {visit.tr(KINDS[one.kind])}"


def _line(visit: Visit, one: Away) -> str:
    return f"{plain_name(visit.tr, one.name, 40)}, {_days(visit, one)}"


def _today(visit: Visit) -> date:
    return local(visit.now, zone_of(visit.rep, visit.company)).date()


def _intent(what: str, target: int = 0) -> Intent:
    return Intent(NAME, target, what)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=instead(visit)),), toast)


COMMAND = Command(
    "leave",
    N_("Days you do not work"),
    deed,
    Action.PLAN_LEAVE,
    presses={NAME: turn},
    listeners={NAME: typed},
    group=Group.TEAM,
)
