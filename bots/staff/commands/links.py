"""/links: the links that bring a product and a source, each with the leads that came by it."""

from bots.staff import menus
from bots.staff.commands.link import begin_key
from bots.staff.entries import titled
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.people.desk import Intent
from crm.sales.entries import listed

PAGE = 6


def deed(session: Session, visit: Visit) -> Done:
    """Show the newest."""
    return page(session, visit, Intent("links"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page; `target` is how many stand before it."""
    tr, found = visit.tr, listed(session, visit.rep, limit=PAGE + 1, skip=intent.target)
    if not found:
        words = tr("There are no links yet. A link tells which product and which place brought a customer.")
        return Done((Post(words, ((begin_key(tr),), *menus.home(tr))),))
    shown = list(enumerate(found[:PAGE], intent.target + 1))
    lines = [f"{place}. {titled(one.entry)}: {tr.many('{n} lead', '{n} leads', one.leads)}" for place, one in shown]
    keys = [Key(f"{place}", Intent("link", one.entry.id, "show")) for place, one in shown]
    more = [Key(tr.button(MORE), Intent("links", intent.target + PAGE))] if len(found) > PAGE else []
    head = tr("Your links, the newest first, and how many leads each brought:")
    return Done((Post("\n".join([head, *lines]), (*menus.in_rows(keys, 6), (begin_key(tr), *more))),))


COMMAND = Command("links", N_("Links and the leads they brought"), deed, Action.PROMOTE, presses={"links": page}, group=Group.REACH)
