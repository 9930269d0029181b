"""/help: how to answer, and what there is to say."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action


def deed(session: Session, visit: Visit) -> Done:
    """List the commands of this role."""
    from bots.staff.commands import known_to

    tr, listed = visit.tr, list[str]()
    how = tr("A customer's messages come here as cards. Reply to a card or to a message to answer; nothing else you write reaches a customer.")
    known = known_to(visit.rep.role)
    for group in Group:
        if named := [command for command in known if command.group is group]:
            listed += ["", f"{tr(menus.GROUPS[group])}:", *(f"/{command.name} — {tr(command.description)}" for command in named)]
    return Done((Post("\n".join([how, *listed, "", f"/cancel — {tr('Leave what you began')}"]), menus.home(tr)),))


COMMAND = Command("help", N_("How this works"), deed, needs=Action.FIND, group=Group.SETUP)
