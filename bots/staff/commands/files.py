"""/files: whether photos and files come at once, or as a line with a button, where data is dear."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.people.desk import Intent
from crm.people.reps import set_text_only

ONLY_NAMES, AT_ONCE = N_button("Only their names"), N_button("Photos and files, too")


def deed(session: Session, visit: Visit) -> Done:
    """Say how it is, and offer the other."""
    return Done((_post(visit, visit.rep.text_only),))


def choose(session: Session, visit: Visit, intent: Intent) -> Done:
    """Have it the one way or the other."""
    text_only = intent.detail == "names"
    set_text_only(session, visit.rep, text_only, now=visit.now)
    return Done((_post(visit, text_only),))


def _post(visit: Visit, text_only: bool) -> Post:
    tr = visit.tr
    words = tr("Photos and files come as a line with their name and size; Show brings one.") if text_only else tr("Photos and files come at once.")
    key = Key(tr.button(AT_ONCE if text_only else ONLY_NAMES), Intent("text_only", detail="" if text_only else "names"))
    return Post(words, ((key,), *menus.home(tr)))


COMMAND = Command("files", N_("Photos and files: at once, or on request"), deed, presses={"text_only": choose}, group=Group.SETUP)
