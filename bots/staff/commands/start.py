"""/start: the menu."""

from collections.abc import Sequence
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.people.desk import Intent


def deed(session: Session, visit: Visit) -> Done:
    """Show the menu."""
    return Done((_main(visit),))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the menu, or one page of a group's, where the button was pressed."""
    from bots.staff.commands import grouped

    group = Group(intent.detail) if intent.detail in list(Group) else None
    if group is None and intent.detail != menus.BACK:  # from below another post, which stays
        return Done((_main(visit),))
    post = _main(visit) if group is None else _group(visit, group, grouped(visit.rep.role)[group], intent.target)
    return Done((replace(post, edits=visit.replied_to or 0),))


def _group(visit: Visit, group: Group, names: Sequence[str], page: int) -> Post:
    return Post(visit.tr(menus.GROUPS[group]), menus.group_menu(visit.tr, names, group, page))


def _main(visit: Visit) -> Post:
    from bots.staff.commands import grouped

    return Post(visit.tr("What would you like to do?"), menus.main_menu(visit.tr, grouped(visit.rep.role)))


COMMAND = Command("start", N_("The menu"), deed, presses={"menu": page}, needs=Action.FIND)
