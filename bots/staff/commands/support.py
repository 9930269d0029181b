"""/support: a plain file for whoever helps: what is installed and how it does, with nobody's name or words in it."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.exchange import support


def deed(session: Session, visit: Visit) -> Done:
    """Have it made; it comes here when it is ready."""
    support.ask(session, visit.rep, {account: known.ok for account, known in visit.health.items()}, now=visit.now)
    return Done((Post(visit.tr("⏳ It is being made, and comes here when it is ready."), menus.home(visit.tr)),), private=True)


COMMAND = Command("support", N_("A file for whoever helps you"), deed, Action.SEE_REPORTS, group=Group.SETUP)
