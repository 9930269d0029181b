"""/tour: what everybody of a role has to know, a page at a time; and a pretended customer to practise on."""

from bots.staff import tour
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.inbox import practising
from crm.people.desk import Intent

ENDED = N_button("End the practice")


def deed(session: Session, visit: Visit) -> Done:
    """Show the first page."""
    return Done((tour.page(visit.tr, visit.rep, 0),))


def practise(session: Session, visit: Visit, intent: Intent) -> Done:
    """Have a pretended customer write."""
    number = practising.begin(session, visit.rep, visit.company, visit.tr(practising.NAME), now=visit.now)
    words = visit.tr("A pretended customer writes to you, and to nobody else. Reply to what they say, try the buttons of the card, and end it when you like.")
    return Done((Post(words, ((Key(visit.tr.button(ENDED), Intent("practised", number)),),)),), visit.tr("They are writing."))


def practised(session: Session, visit: Visit, intent: Intent) -> Done:
    """Let the pretended customer go."""
    practising.end(session, visit.rep, intent.target, now=visit.now)
    words = visit.tr("Ended. It counts in no report.")
    return Done((Post(words, tour.after(visit.tr, visit.rep), edits=visit.replied_to or 0),), words)


COMMAND = Command(
    "tour",
    N_("How this works, page by page"),
    deed,
    Action.FIND,
    presses={"tour": tour.turned, "practise": practise, "practised": practised},
    group=Group.SETUP,
)
