"""/day: one's own plan, and the settings that go with it: what comes by itself, and by whose clock."""

from bots.staff import menus, plan
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead, zone_of
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.people.desk import Intent
from crm.people.habits import has_morning, has_weekly, set_morning, set_weekly, set_zone
from crm.reports.day import day_of

ON, OFF, ZONE, THE_FIRMS = N_button("Send it every morning"), N_button("Only when I ask"), N_button("🌍 My time zone"), N_button("As the firm")
WEEKLY_ON, WEEKLY_OFF = N_button("Tell me every week"), N_button("No weekly summary")
ZONES = ("Asia/Yerevan", "Asia/Tbilisi", "Africa/Addis_Ababa", "Europe/Moscow", "Europe/Berlin", "Asia/Dubai", "America/New_York")


def deed(session: Session, visit: Visit) -> Done:
    """Show the day."""
    return page(session, visit, Intent("day"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page of it; `target` is how many stand before it."""
    day = day_of(session, visit.rep, visit.company, now=visit.now)
    return Done((plan.shown(visit.tr, visit.rep, day, visit.company, visit.now, skip=intent.target),))


def settings(session: Session, visit: Visit, intent: Intent) -> Done:
    """Say how it is, and offer the other; a `detail` changes it first."""
    match intent.detail:
        case "on" | "off":
            set_morning(session, visit.rep, intent.detail == "on", now=visit.now)
        case "week_on" | "week_off":
            set_weekly(session, visit.rep, intent.detail == "week_on", now=visit.now)
    tr, morning, weekly = visit.tr, has_morning(session, visit.rep), has_weekly(session, visit.rep)
    said = tr("Your plan comes every working morning, when the firm opens.") if morning else tr("Your plan comes only when you ask with /day.")
    said += "\n" + (tr("Once a week you read what I did for you.") if weekly else tr("The weekly summary is off."))
    clock = tr("Your time zone: {zone}.", zone=place(tr, zone_of(visit.rep, visit.company)))
    keys = (Key(tr.button(OFF if morning else ON), Intent("day_settings", detail="off" if morning else "on")), Key(tr.button(ZONE), Intent("day_zone")))
    week = Key(tr.button(WEEKLY_OFF if weekly else WEEKLY_ON), Intent("day_settings", detail="week_off" if weekly else "week_on"))
    return Done((Post(f"{said}\n{clock}", ((keys[0],), (week,), (keys[1],)), edits=instead(visit)),))


def zone(session: Session, visit: Visit, intent: Intent) -> Done:
    """Offer zones; one that was pressed is theirs from now on."""
    tr = visit.tr
    if intent.detail not in ("", "firm", *ZONES):
        raise Invalid
    if intent.detail:
        set_zone(session, visit.rep, "" if intent.detail == "firm" else intent.detail, now=visit.now)
        now_there = tr.when(visit.now, visit.company.zone if intent.detail == "firm" else intent.detail, visit.now)
        return Done((Post(tr("Your times are shown by this clock: it is {when} there.", when=now_there), menus.home(tr), edits=instead(visit)),))
    keys = [Key(tr.button(THE_FIRMS), Intent("day_zone", detail="firm")), *(Key(place(tr, name), Intent("day_zone", detail=name)) for name in ZONES)]
    return Done((Post(tr("Where do you work?"), menus.in_rows(keys), edits=instead(visit)),))


def place(tr: Translator, name: str) -> str:
    """The city a zone is named after, in the reader's language."""
    from babel.dates import get_timezone_location

    return get_timezone_location(name, locale=tr.language, return_city=True)


COMMAND = Command("day", N_("Your plan for today"), deed, needs=Action.DO_TASK, presses={"day": page, "day_settings": settings, "day_zone": zone})
