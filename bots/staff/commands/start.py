"""/start: the menu."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.people.desk import Intent


def deed(session: Session, visit: Visit) -> Done:
    """Show the first page of the menu."""
    return page(session, visit, Intent("menu"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page of the menu."""
    from bots.staff.commands import known_to

    names = [command.name for command in known_to(visit.rep.role) if command.name != "start"]
    return Done((Post(visit.tr("What would you like to do?"), menus.menu(visit.tr, names, intent.target)),))


COMMAND = Command("start", N_("The menu"), deed, presses={"menu": page})
