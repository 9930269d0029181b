"""Buttons: what each one does when it is pressed; the deed's own rule decides whether it may."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bots.staff import cards, menus, replies
from bots.staff.posts import Key, Post
from bots.staff.sight import see
from bots.staff.visit import Done, Pressed, Visit, told
from bots.staff.words import INBOX, UNDO, plain_name
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.time import HOUR, instant, local
from crm.conversations import assign
from crm.conversations.desk import retire
from crm.inbox import parked
from crm.outbox import settle
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard

LATER = {"1h": N_button("In 1 hour"), "3h": N_button("In 3 hours"), "tomorrow": N_button("Tomorrow 09:00"), "monday": N_button("Monday 09:00")}
MORNING = time(9)


class Verb(Protocol):
    """A verb on one conversation."""

    def __call__(self, session: Session, actor: Rep, conversation_id: int, /, *, now: int) -> object: ...


@dataclass(frozen=True, slots=True)
class Simple:
    """A button that runs one verb on its conversation: what is said then, and the button that undoes it."""

    verb: Verb
    said: str
    undo: str = ""

    def __call__(self, session: Session, visit: Visit, intent: Intent) -> Done:
        self.verb(session, visit.rep, intent.target, now=visit.now)
        toast = visit.tr(self.said)
        if not self.undo:
            return Done(toast=toast)
        sight = see(session, intent.target, visit.scene(session))
        key = Key(visit.tr.button(UNDO), Intent(self.undo, intent.target))
        return Done((Post(f"{toast} {plain_name(visit.tr, sight.name)}", ((key,),), lasts=CONFIRM_MS),), toast)


def block(session: Session, actor: Rep, conversation_id: int, *, now: int) -> None:
    """Shut the customer out."""
    assign.block(session, actor, conversation_id, True, now=now)


def unblock(session: Session, actor: Rep, conversation_id: int, *, now: int) -> None:
    """Let the customer back."""
    assign.block(session, actor, conversation_id, False, now=now)


def note(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask for the words of a note."""
    sight = see(session, intent.target, visit.scene(session))
    begin(session, visit.rep, Wizard("note", "note", intent.target), until=visit.now + CONFIRM_MS)
    words = visit.tr("Write your note about {name}. Only colleagues see it. /cancel to leave it.", name=plain_name(visit.tr, sight.name))
    return Done((menus.question(visit.tr, words, "note"),), visit.tr("Write the note now."))


def write_note(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words of a note."""
    words = getattr(visit.said, "text", "")
    if not words.strip():
        return told(visit.tr("A note is words. Write it, or /cancel."))
    assign.note(session, visit.rep, wizard.target, words, once=visit.once, now=visit.now)
    quit_wizard(session, visit.rep, wizard.name)
    return told(visit.tr("The note is kept. Only colleagues see it."))


def cancel(session: Session, visit: Visit, intent: Intent) -> Done:
    """Leave what was begun."""
    gone = quit_wizard(session, visit.rep, intent.detail)
    return Done(toast=visit.tr("Left as it was.") if gone else visit.tr("There was nothing to leave."))


def later(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask until when."""
    sight = see(session, intent.target, visit.scene(session))
    keys = [Key(visit.tr.button(label), Intent("until", intent.target, name)) for name, label in LATER.items()]
    words = visit.tr("When shall the conversation with {name} come back?", name=plain_name(visit.tr, sight.name))
    return Done((Post(words, menus.in_rows(keys), lasts=CONFIRM_MS),), visit.tr("Choose until when."))


def until(session: Session, visit: Visit, intent: Intent) -> Done:
    """Put a conversation off."""
    at = moment(intent.detail, visit.now, visit.company.zone)
    assign.snooze(session, visit.rep, intent.target, at, now=visit.now)
    return Done(toast=visit.tr("Put off until {when}", when=visit.tr.when(at, visit.company.zone, visit.now)))


def moment(name: str, now: int, zone: str) -> int:
    """The instant one of the choices means; raises `Expired` for one there is none of. Pure."""
    today = local(now, zone).date()
    match name:
        case "1h":
            return now + HOUR
        case "3h":
            return now + 3 * HOUR
        case "tomorrow":
            return instant(datetime.combine(today + timedelta(days=1), MORNING, ZoneInfo(zone)))
        case "monday":
            return instant(datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, ZoneInfo(zone)))
    raise Expired


def show(session: Session, visit: Visit, intent: Intent) -> Done:
    """Post a fresh card; the old one stands, but is not edited any more."""
    sight = see(session, intent.target, visit.scene(session))
    retire(session, intent.target, visit.rep.id)
    post = cards.card(sight, visit.rep, visit.company, visit.now)
    return Done((replace(post, card=True),), plain_name(visit.tr, sight.name))


def resend(session: Session, visit: Visit, intent: Intent) -> Done:
    """Send what failed, or may have, once more."""
    settle.resend(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("It is being sent again."))


def mark_sent(session: Session, visit: Visit, intent: Intent) -> Done:
    """Somebody saw that it arrived."""
    settle.mark_sent(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("Marked as sent."))


def retry_parked(session: Session, visit: Visit, intent: Intent) -> Done:
    """Try a parked event again."""
    parked.retry(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("It is tried again."))


def drop_parked(session: Session, visit: Visit, intent: Intent) -> Done:
    """Give a parked event up."""
    parked.drop(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("Dropped. Its bytes stay."))


def bare(visit: Visit) -> Done:
    """Words that are an answer to nothing never go to a customer."""
    words = visit.tr("To answer a customer, reply to their card or to one of their messages (hold or swipe it). This was not sent to anybody.")
    return Done((Post(words, ((Key(visit.tr.button(INBOX), Intent("command", detail="inbox")),),)),))


PRESSES: Mapping[str, Pressed] = {
    "take": Simple(assign.take, N_("It is yours. Reply to the card to answer.")),
    "take_over": Simple(assign.take_over, N_("It is yours now. Reply to the card to answer.")),
    "hand_back": Simple(assign.hand_back, N_("Handed back: anybody may take it.")),
    "close": Simple(assign.close, N_("Closed."), "reopen"),
    "reopen": Simple(assign.reopen, N_("Open again.")),
    "block": Simple(block, N_("Blocked."), "unblock"),
    "unblock": Simple(unblock, N_("Not blocked any more.")),
    "note": note,
    "cancel": cancel,
    "later": later,
    "until": until,
    "show": show,
    "resend": resend,
    "mark_sent": mark_sent,
    "retry_parked": retry_parked,
    "drop_parked": drop_parked,
    "send_anyway": replies.send_anyway,
    "do_not_send": replies.do_not_send,
}
