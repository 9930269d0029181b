"""/erase: a person forgotten at their own wish; said in reply to their card, shown before it is done, done for good."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Group, Visit, told
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.conversations.threads import the
from crm.exchange import erasure
from crm.people.desk import CONFIRM_MS, Intent
from crm.people.reps import authorise
from crm.reports.words import plain_name

NAME = "erase"
FOR_GOOD, KEEP = N_button("Erase for good"), N_button("Keep")
WORDS = {
    "identities": N_("addresses"),
    "contact_points": N_("phones and e-mails"),
    "conversations": N_("conversations"),
    "messages": N_("messages"),
    "attachments": N_("files"),
    "notes": N_("notes"),
    "leads": N_("leads"),
    "deals": N_("deals (their numbers stay for the books)"),
    "tasks": N_("tasks"),
    "calls": N_("calls"),
    "mails": N_("letters"),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show what would go."""
    authorise(session, visit.rep, Action.ERASE)
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        return told(visit.tr("Reply /erase to the card of the person who wants to be forgotten. You see what goes before anything does."))
    return Done((_post(visit.tr, erasure.preview(session, visit.rep, the(session, conversation_id).contact_id)),), private=True)


def _post(tr: Translator, found: erasure.Preview) -> Post:
    lines = [tr("🗑 Erase {name}? This cannot be undone.", name=plain_name(tr, found.name))]
    lines += [f"· {tr(WORDS[name])}: {count}" for name, count in found.counts if name in WORDS]
    lines.append(tr("Copies made before today keep them until they are thrown away. You get a certificate."))
    keys = (Key(tr.button(FOR_GOOD), Intent(NAME, found.contact_id, "yes")), Key(tr.button(KEEP), Intent(NAME, found.contact_id, "no")))
    return Post("\n".join(lines), (keys,), lasts=CONFIRM_MS)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do it, or leave it."""
    match intent.detail:
        case "yes":
            erasure.ask(session, visit.rep, intent.target, now=visit.now)
            words = visit.tr("⏳ Erasing. The certificate comes here when it is done.")
        case "no":
            words = visit.tr("Left as it was.")
        case _:
            raise Expired
    return Done((Post(words, menus.home(visit.tr), edits=visit.replied_to or 0),), words, private=True)


COMMAND = Command(NAME, N_("Forget a person at their own wish"), deed, Action.ERASE, presses={NAME: turn}, group=Group.SETUP)
