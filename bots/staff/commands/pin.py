"""/pin: a member's PIN, asked for before what hurts most: roles, exports, erasures, letters to many."""

from bots.staff import steps
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, told
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.people.desk import CONFIRM_MS, Wizard, begin
from crm.people.steps import has_pin


def deed(session: Session, visit: Visit) -> Done:
    """Choose a PIN, or another one after the old one was shown."""
    behind = visit.said.text.split(maxsplit=1)[1:] if isinstance(visit.said, Text) else []
    if behind:
        steps.hidden(session, visit, behind[0])
        words = visit.tr(
            "Not behind the command: send /pin alone, and write the PIN when you are asked. What you wrote was taken out of the chat; take another one."
        )
        return told(words)
    known = has_pin(session, visit.rep)
    facts = {"what": "pin"} if known else {}
    begin(session, visit.rep, Wizard(steps.NAME, "pin" if known else "pin_new", 0, facts), until=visit.now + CONFIRM_MS)
    return Done((steps.asking(session, visit, known=known, second=False),), private=True)


COMMAND = Command(
    "pin",
    N_("Your PIN for what needs a second look"),
    deed,
    Action.STEER_TEAM,
    presses={"step_second": steps.second, "step_agree": steps.agreed},
    listeners={"pin": steps.shown, "pin_new": steps.chosen},
    group=Group.TEAM,
)
