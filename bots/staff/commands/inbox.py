"""/inbox: open conversations, one's own first, what waits longest above."""

from bots.staff import menus
from bots.staff.posts import Post
from bots.staff.visit import Command, Done, Visit
from crm.base.db import Session
from crm.base.i18n import N_
from crm.conversations import desk
from crm.people.desk import Intent

PAGE = menus.MOST - 1


def deed(session: Session, visit: Visit) -> Done:
    """Show the first page."""
    return page(session, visit, Intent("inbox"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page; `detail` "mine" keeps to one's own."""
    mine = intent.detail == "mine"
    rows, count = desk.inbox(session, visit.rep, mine=mine, after=intent.target, most=PAGE)
    if not rows:
        words = visit.tr("You have no conversation now.") if mine else visit.tr("Nothing is open. New messages come here by themselves.")
        return Done((Post(words, menus.home(visit.tr)),))
    stop = intent.target + len(rows)
    more = Intent("inbox", stop, intent.detail) if stop < count or (count > desk.COUNTED and len(rows) == PAGE) else None
    shown = str(count) if count <= desk.COUNTED else f"{desk.COUNTED}+"
    head = visit.tr.many("{n} conversation. Press it to see its card.", "{n} conversations. Press one to see its card.", count, n=shown)
    return Done((menus.listing(visit.tr, head, rows, more, visit.now),))


COMMAND = Command("inbox", N_("Open conversations"), deed, presses={"inbox": page})
