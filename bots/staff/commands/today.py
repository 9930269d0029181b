"""/today: the firm's day on one screen."""

from dataclasses import replace

from bots.staff.digest import day_of, report
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.people.desk import Intent


def deed(session: Session, visit: Visit) -> Done:
    """Show the day so far."""
    scene = visit.scene(session)
    return Done((report(visit.tr, day_of(session, visit.rep, scene), scene),))


def again(session: Session, visit: Visit, intent: Intent) -> Done:
    """Bring the report whose button was pressed up to date."""
    [post] = deed(session, visit).posts
    return Done((replace(post, edits=visit.replied_to or 0),))


COMMAND = Command("today", N_("The day in numbers"), deed, Action.SEE_REPORTS, presses={"today": again})
