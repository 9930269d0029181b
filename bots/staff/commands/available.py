"""/available: on duty, off duty."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.people.reps import reps, set_available


def deed(session: Session, visit: Visit) -> Done:
    """Change from one to the other."""
    now_on = visit.rep.id not in {rep.id for rep in reps(session, available=True)}
    set_available(session, visit.rep, now_on, now=visit.now)
    words = visit.tr("You are on duty: new conversations come to you.") if now_on else visit.tr("You are off duty. /available brings you back.")
    return Done((Post(words, menus.home(visit.tr)),))


COMMAND = Command("available", N_("Go on or off duty"), deed)
