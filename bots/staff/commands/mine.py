"""/mine: the conversations one has."""

from bots.staff.commands import inbox
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.people.desk import Intent


def deed(session: Session, visit: Visit) -> Done:
    """Show one's own conversations."""
    return inbox.page(session, visit, Intent("inbox", detail="mine"))


COMMAND = Command("mine", N_("My conversations"), deed)
