"""/export: everything the firm has, as files; said in reply to a card, all that is known of that person."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.conversations.threads import the
from crm.exchange import exports, package
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent
from crm.people.reps import authorise
from crm.reports.words import plain_name

NAME = "export"
EVERYTHING, WITH_FILES = N_button("Everything"), N_button("With people's files")
PERSON = N_button("All about {name}")


def deed(session: Session, visit: Visit) -> Done:
    """Offer what can be had."""
    authorise(session, visit.rep, Action.EXPORT)
    tr, conversation_id = visit.tr, conversation_at(session, visit)
    if conversation_id is None:
        words = tr("📤 A zip of CSV files and exact JSON with everything the firm has. It comes here and nowhere else.")
        hint = tr("For all that is known of one person reply /export to their card.")
        keys = (Key(tr.button(EVERYTHING), Intent(NAME, detail="all")), Key(tr.button(WITH_FILES), Intent(NAME, detail="files")))
        return Done((Post(f"{words}\n{hint}", (keys,), lasts=CONFIRM_MS),), private=True)
    root = root_of(session, the(session, conversation_id).contact_id)
    name = plain_name(tr, root.name or root.platform_name)
    words = tr("📤 A zip with all that is known of {name}, for them to read: a page, exact JSON, and their files.", name=name)
    return Done((Post(words, ((Key(tr.button(PERSON, name=name[:14]), Intent(NAME, root.id, "person")),),), lasts=CONFIRM_MS),), private=True)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Begin it."""
    match intent.detail:
        case "all" | "files":
            exports.ask(session, visit.rep, files=intent.detail == "files", now=visit.now)
        case "person":
            package.ask(session, visit.rep, intent.target, now=visit.now)
        case _:
            raise Expired
    return Done((Post(visit.tr("⏳ It is being made, and comes here when it is ready."), menus.home(visit.tr)),), private=True)


COMMAND = Command(NAME, N_("Everything as files; one person's data"), deed, Action.EXPORT, presses={NAME: turn}, group=Group.SETUP)
