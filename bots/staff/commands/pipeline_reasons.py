"""The reasons from which a lost deal gets one: which are offered, and new ones."""

from collections.abc import Callable, Mapping

from bots.staff import menus
from bots.staff.commands.pipeline_stages import asked
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_button
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.sales.reasons import DEAL, add_reason, every_reason, offer_reason, reason_words

NAME = "pipeline_reason"
ADD, MORE, BACK = N_button("Add a reason"), N_button("More"), N_button("Back")
SHOWN = 5


def reasons(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """The reasons, those that are offered ticked; pressing one offers it, or no more."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, page, every = visit.tr, int(value or 0), every_reason(session, DEAL)
    shown = every[page * SHOWN : (page + 1) * SHOWN]
    keys = [
        Key(f"{'✓ ' if one.active else ''}{clean_name(reason_words(tr, one), 28)}", Intent("pipeline", pipeline_id, f"reason:{page}:{one.id}")) for one in shown
    ]
    keys.append(Key(tr.button(ADD), Intent("pipeline", pipeline_id, "reason_new")))
    if len(every) > SHOWN:
        keys.append(Key(tr.button(MORE), Intent("pipeline", pipeline_id, f"reasons:{(page + 1) % -(-len(every) // SHOWN)}")))
    keys.append(Key(tr.button(BACK), Intent("pipeline", pipeline_id, "options")))
    return asked(visit, Post(tr("Why deals are lost: what is ticked is offered. The first six stand on buttons."), menus.in_rows(keys)))


def reason(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """Offer a reason, or no more."""
    page, _, number = value.partition(":")
    one = next((one for one in every_reason(session, DEAL) if one.id == int(number)), None)
    if one is not None:
        offer_reason(session, visit.rep, one.id, not one.active, now=visit.now)
    return reasons(session, visit, pipeline_id, page)


def reason_new(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """Ask for the words of a new reason."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    begin(session, visit.rep, Wizard(NAME, NAME, pipeline_id), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, visit.tr("Type the reason in a few words, 24 letters at most."), NAME),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words of a new reason."""
    try:
        add_reason(session, visit.rep, DEAL, visit.said.text if isinstance(visit.said, Text) else "", now=visit.now)
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr("A reason is words. Type it, or /cancel."), NAME),))
    quit_wizard(session, visit.rep, wizard.name)
    return reasons(session, visit, wizard.target, "")


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {"reasons": reasons, "reason": reason, "reason_new": reason_new}
