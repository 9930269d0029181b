"""Tour: what a newcomer of each role has to know, a page at a time, with a pretended customer at its end; pure but for what its buttons do."""

from collections.abc import Sequence
from dataclasses import replace

from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Done, Visit
from bots.staff.words import MENU, MORE
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.people.desk import Intent

TOUR, PRACTISE, SET_UP = N_button("👋 Show me around"), N_button("🧪 Practise"), N_button("🏁 Set the firm up")
LOOKS_ON = (N_("You may look on: /leads, /deals and /find show what is going on. Nothing you write here reaches a customer."),)
ANSWERS = (
    N_(
        "Each customer who writes comes here as a card: who it is, what is known, the last words. Reply to the card or to one of the messages, and your "
        "words go to the customer, wherever they wrote. Nothing else you write here reaches anybody."
    ),
    N_(
        "“Take” makes a conversation yours: the bot falls silent, and each new word comes to you. “Later” puts it off, “Hand back” gives it to whoever "
        "is free, “Close” ends it; when they write again, it opens by itself."
    ),
    N_("Promised something? Press “Task” under a message, or write /task call tomorrow 15:00. You are reminded in time, and /day is your plan."),
    N_("“Deal” on a card keeps what they may buy; the arrow moves it on, stage by stage. “More” leads to everything else about a customer."),
    N_("/find finds people and words in any spelling. A ready answer comes by / and its word. A mistake? Nearly everything has an “Undo”."),
)
STEERS = (
    N_("You steer: /team has roles, teams and leave, /today the figures, /queue who gets whom. /followup and /promo write to customers by themselves."),
    N_("/setup shows what is still to be done until the firm is ready: your trade, your channels, your team, your own customers."),
)


def pages(rep: Rep) -> Sequence[str]:
    """What this member is shown; pure."""
    if not may(rep.role, Action.TALK):
        return LOOKS_ON
    return (*ANSWERS, *(STEERS if may(rep.role, Action.SET_UP) else ()))


def invitation(tr: Translator, rep: Rep) -> Post:
    """What a newcomer may begin with."""
    keys = [Key(tr.button(TOUR), Intent("tour"))]
    if may(rep.role, Action.TALK):
        keys.append(Key(tr.button(PRACTISE), Intent("practise")))
    if may(rep.role, Action.SET_UP):
        keys.append(Key(tr.button(SET_UP), Intent("command", detail="setup")))
    return Post(tr("New here? It takes two minutes."), (tuple(keys[:2]), tuple(keys[2:])) if keys[2:] else (tuple(keys),))


def page(tr: Translator, rep: Rep, number: int) -> Post:
    """One page, with the way on."""
    shown = pages(rep)
    number = number if 0 <= number < len(shown) else 0
    return Post(f"{number + 1}/{len(shown)}  {tr(shown[number])}", _keys(tr, rep, number, len(shown)))


def _keys(tr: Translator, rep: Rep, number: int, most: int) -> Keys:
    if number + 1 < most:
        return ((Key(tr.button(MORE), Intent("tour", number + 1, "on")),),)
    return after(tr, rep)


def after(tr: Translator, rep: Rep) -> Keys:
    """Where one may go from the end of the tour, or of a practice."""
    practise = (Key(tr.button(PRACTISE), Intent("practise")),) if may(rep.role, Action.TALK) else ()
    return ((*practise, Key(tr.button(MENU), Intent("menu"))),)


def turned(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show a page: the first below, further ones in the place of the one before."""
    post = page(visit.tr, visit.rep, intent.target)
    return Done((replace(post, edits=(visit.replied_to or 0) if intent.detail else 0),))
