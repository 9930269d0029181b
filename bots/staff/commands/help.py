"""/help: how to answer, and what there is to say."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_


def deed(session: Session, visit: Visit) -> Done:
    """List the commands of this role."""
    from bots.staff.commands import known_to

    tr = visit.tr
    how = tr("A customer's messages come here as cards. Reply to a card or to a message to answer; nothing else you write reaches a customer.")
    listed = [f"/{command.name} — {tr(command.description)}" for command in known_to(visit.rep.role)]
    return Done((Post("\n".join([how, "", *listed, f"/cancel — {tr('Leave what you began')}"]), menus.home(tr)),))


COMMAND = Command("help", N_("How this works"), deed)
