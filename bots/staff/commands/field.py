"""/field: what the firm's own fields say of the customer of a card, and how it is written down."""

from bots.staff import details, menus
from bots.staff.posts import Post
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_


def deed(session: Session, visit: Visit) -> Done:
    """Show the details of the person of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /field to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    return details.of_card(session, visit, conversation_id)


COMMAND = Command(
    "field",
    N_("What is known of the customer you reply to"),
    deed,
    presses={"details_of": details.pressed_card, details.NAME: details.turn},
    listeners={details.NAME: details.typed},
    group=Group.PEOPLE,
)
