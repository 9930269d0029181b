"""/parked: what failed five times and waits for a decision."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import DROP, RETRY
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.inbox import parked
from crm.people.desk import Intent

MOST = 4  # two buttons each


def deed(session: Session, visit: Visit) -> Done:
    """List the oldest with Retry and Drop."""
    tr, found = visit.tr, parked.parked(session, visit.rep, limit=MOST)
    if not found:
        return Done((Post(tr("Nothing is parked: every message could be read."), menus.home(tr)),))
    scene = visit.scene(session)
    lines = [
        f"{place}. {scene.title(one.account)}, {tr.when(one.received_at, visit.company.zone, visit.now)}: {clean_name(one.error, 200)}"
        for place, one in enumerate(found, 1)
    ]
    keys = [
        (Key(f"{place}. {tr.button(RETRY)}", Intent("retry_parked", one.event_id)), Key(f"{place}. {tr.button(DROP)}", Intent("drop_parked", one.event_id)))
        for place, one in enumerate(found, 1)
    ]
    count = parked.count_parked(session)
    head = tr.many("{n} message could not be read.", "{n} messages could not be read.", count)
    return Done((Post("\n".join([head, *lines]), tuple(keys)),))


COMMAND = Command("parked", N_("Messages that could not be read"), deed, Action.SETTLE_PARKED, group=Group.SETUP)
