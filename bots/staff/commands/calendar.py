"""/calendar: when the firm works, its days off with a button for each, a day in both calendars; managers change it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bots.staff import menus
from bots.staff.commands import calendar_hours
from bots.staff.commands.leave import read_day
from bots.staff.leaves import days_words
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead, zone_of
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.ethiopic import MONTHS, EthiopianDay, civil, ethiopian, month_name
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.base.time import local
from crm.base.week_words import shown_week
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.leave import away_on
from crm.people.workdays import DayOff, Whose, days_ahead, hours_of, set_day
from crm.reports.words import plain_name

NAME, PAGE = "calendar", 5
DAYS, FIRM, TEAMS, PEOPLE = N_button("Days off"), N_button("Hours of the firm"), N_button("Hours of teams"), N_button("Hours of people")
LEAVE, BOTH, BACK, ADD = N_button("🌴 Leave"), N_button("Ethiopian calendar"), N_button("Back"), N_button("Close on another day")
OPEN, SHUT = N_button("Work on {n}"), N_button("Close on {n}")
NEAR = 3


def deed(session: Session, visit: Visit) -> Done:
    """Show how it is, or the day that was typed behind the command."""
    if visit.rest.strip():
        return _typed_day(session, visit, visit.rest)
    return Done((_main(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; `target` is a page, or a day as its number in the civil calendar."""
    match intent.detail:
        case "show":
            return _edited(visit, _main(session, visit))
        case "days":
            return _edited(visit, _days(session, visit, intent.target))
        case "on" | "off":
            day = date.fromordinal(intent.target)
            set_day(session, visit.rep, visit.company, day, intent.detail == "off", now=visit.now)
            return _edited(visit, _days(session, visit, _page_of(session, visit, day)), visit.tr("Written down."))
        case "add":
            begin(session, visit.rep, Wizard(NAME, NAME), until=visit.now + CONFIRM_MS)
            return Done((menus.question(visit.tr, visit.tr("Which day? You may write why behind it: 24.12 Our birthday."), NAME),))
        case "both":
            return _edited(visit, _both(session, visit))
    raise Expired


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a day of the firm's own on which it is closed."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    words = said.split()
    day = next((found for length in range(len(words), 0, -1) if (found := read_day(visit, " ".join(words[:length])))), None)
    if day is None:
        words_again = visit.tr("I do not understand that day. Write it like this: 24.12 Our birthday. Or /cancel.")
        return Done((menus.question(visit.tr, words_again, NAME),))
    length = next(length for length in range(1, len(words) + 1) if read_day(visit, " ".join(words[:length])) == day)
    set_day(session, visit.rep, visit.company, day, True, " ".join(words[length:]), now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return Done((_days(session, visit, _page_of(session, visit, day)),), visit.tr("Written down."))


def _main(session: Session, visit: Visit) -> Post:
    tr, company, now = visit.tr, visit.company, visit.now
    steers = may(visit.rep.role, Action.SET_CALENDARS)
    firm, _ = hours_of(session, company, Whose(), now=now)
    mine, _ = hours_of(session, company, Whose(rep_id=visit.rep.id), now=now)
    lines = [tr("The firm works: {hours}", hours=shown_week(tr, firm))]
    if mine.days != firm.days:
        lines.append(tr("You work: {hours}", hours=shown_week(tr, mine)))
    today, zone = _today(visit), zone_of(visit.rep, company)
    away = [f"{plain_name(tr, one.name, 30)} ({days_words(tr, one, today, zone)})" for one in away_on(session, company, now=now)]
    lines += [tr("Away today: {names}", names=", ".join(away))] if away else []
    lines += ["", *_lines(visit, [one for one in days_ahead(session, company, tr.language, now=now) if one.off][:NEAR])]
    keys = [Key(tr.button(DAYS), _intent("days")), Key(tr.button(LEAVE), Intent("command", detail="leave"))]
    if steers:
        keys += [Key(tr.button(FIRM), calendar_hours.intent("f")), Key(tr.button(TEAMS), calendar_hours.intent("t:list"))]
        keys += [Key(tr.button(PEOPLE), calendar_hours.intent("r:list"))]
    keys += [Key(tr.button(BOTH), _intent("both"))] if tr.language == "am" or company.region == "ET" else []
    return Post("\n".join(lines).strip(), menus.in_rows(keys))


def _days(session: Session, visit: Visit, page: int) -> Post:
    """A page of the days out of the ordinary; whoever sets calendars has a button for each."""
    tr, found = visit.tr, days_ahead(session, visit.company, visit.tr.language, now=visit.now)
    page = page if 0 <= page * PAGE < len(found) else 0
    here = found[page * PAGE : (page + 1) * PAGE]
    keys: list[Key] = []
    if may(visit.rep.role, Action.SET_CALENDARS):
        keys += [_toggle(tr, place, one) for place, one in enumerate(here, page * PAGE + 1)]
        keys.append(Key(tr.button(ADD), _intent("add")))
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), _intent("days", (page + 1) % -(-len(found) // PAGE))))
    keys.append(Key(tr.button(BACK), _intent("show")))
    lines = _lines(visit, here, page * PAGE + 1) or [tr("No day off is known.")]
    return Post("\n".join([tr("Days off in the next months:"), *lines]), menus.in_rows(keys))


def _toggle(tr: Translator, place: int, one: DayOff) -> Key:
    label, detail = (OPEN, "on") if one.off else (SHUT, "off")
    return Key(tr.button(label, n=place), _intent(detail, one.day.toordinal()))


def _lines(visit: Visit, found: Sequence[DayOff], first: int = 1) -> list[str]:
    tr, today = visit.tr, _today(visit)
    return [
        f"{place}. {tr.day(one.day, today)} · {clean_name(one.name, 60) or tr('of our own')} · {tr('closed') if one.off else tr('we work')}"
        for place, one in enumerate(found, first)
    ]


def _page_of(session: Session, visit: Visit, day: date) -> int:
    found = [one.day for one in days_ahead(session, visit.company, visit.tr.language, now=visit.now)]
    return found.index(day) // PAGE if day in found else 0


def _both(session: Session, visit: Visit) -> Post:
    """Today and the next days off in both calendars."""
    tr, today = visit.tr, _today(visit)
    ahead = [one for one in days_ahead(session, visit.company, tr.language, now=visit.now) if one.day != today][:PAGE]
    lines = [f"{tr.day(today, today)} = {in_theirs(tr, today)}", *(f"{tr.day(one.day, today)} = {in_theirs(tr, one.day)} · {one.name}" for one in ahead)]
    words = [tr("Both calendars:"), *lines, "", tr("Any day: /calendar 25.12.2026")]
    return Post("\n".join(words), ((Key(tr.button(BACK), _intent("show")),),))


def in_theirs(tr: Translator, day: date) -> str:
    """A civil day by the Ethiopian calendar, in words and figures."""
    theirs = ethiopian(day)
    return f"{month_name(theirs.month, tr.language)} {theirs.day}, {theirs.year} ({theirs.day:02}/{theirs.month:02}/{theirs.year})"


def _typed_day(session: Session, visit: Visit, words: str) -> Done:
    """One day in both calendars, and whether the firm works then."""
    tr = visit.tr
    day = _their_day(words) or _iso(words) or read_day(visit, words)
    if day is None:
        return Done((Post(tr("I do not understand that day. Write it like this: /calendar 25.12.2026"), ((Key(tr.button(BACK), _intent("show")),),)),))
    known = next((one for one in days_ahead(session, visit.company, tr.language, now=visit.now) if one.day == day), None)
    hours, _ = hours_of(session, visit.company, Whose(), now=visit.now)
    span = hours.on(day) if known is None or not known.off else None
    works = tr("The firm is closed.") if span is None else tr("The firm works from {opens} to {closes}.", opens=tr.clock(span[0]), closes=tr.clock(span[1]))
    lines = [f"{tr.day(day, _today(visit))} ({day.isoformat()}) = {in_theirs(tr, day)}", known.name if known else "", works]
    return Done((Post("\n".join(filter(None, lines)), ((Key(tr.button(BACK), _intent("show")),),)),))


def _iso(words: str) -> date | None:
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return None


def _their_day(words: str) -> date | None:
    """A day typed by the Ethiopian calendar, with the name of its month."""
    month = next((number for number, name in enumerate(MONTHS, 1) if name in words), 0)
    numbers = sorted(int(word) for word in words.replace(",", " ").split() if word.isdecimal() and len(word) <= 4)
    if not month or len(numbers) != 2:
        return None
    try:
        return civil(EthiopianDay(numbers[1], month, numbers[0]))
    except ValueError:
        return None


def _today(visit: Visit) -> date:
    return local(visit.now, zone_of(visit.rep, visit.company)).date()


def _intent(what: str, target: int = 0) -> Intent:
    return Intent(NAME, target, what)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=instead(visit)),), toast)


COMMAND = Command(
    NAME,
    N_("Working hours and days off"),
    deed,
    Action.PLAN_LEAVE,
    presses={NAME: turn, calendar_hours.NAME: calendar_hours.turn},
    listeners={NAME: typed, calendar_hours.NAME: calendar_hours.typed},
    group=Group.TEAM,
)
