"""Buttons: what each one does when it is pressed; the deed's own rule decides whether it may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol

from bots.staff import albums, beside, cards, lightly, mentions, menus, merges, reactions, replies, tasks
from bots.staff.notices import shown
from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.sight import see
from bots.staff.visit import Done, Pressed, Visit, told
from bots.staff.words import INBOX, SHOW_REST, UNDO
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import N_
from crm.base.text import utf16_length
from crm.conversations import assign, shelf
from crm.conversations.desk import card_name, retire
from crm.conversations.later import LATER, moment
from crm.conversations.rest import read_on
from crm.conversations.shelf import Remark
from crm.conversations.threads import Message
from crm.inbox import parked
from crm.outbox import settle
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.sight import seen_by
from crm.reports.words import plain_name

PAGE_MOST = 3600  # UTF-16 units: with the words below it, a page of somebody's words is one message


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
        if not self.undo or visit.place:  # the card in a topic has the button already
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
    words, media = getattr(visit.said, "text", ""), getattr(visit.said, "media", ())
    if media and media[0].kind is MediaKind.VOICE:
        quit_wizard(session, visit.rep, wizard.name)
        return mentions.kept(visit, shelf.keep_note(session, visit.rep, wizard.target, Remark(words, "", media[0], ACCOUNT), once=visit.once, now=visit.now))
    if not words.strip():
        return told(visit.tr("A note is words. Write it, or /cancel."))
    number = assign.note(session, visit.rep, wizard.target, words, once=visit.once, now=visit.now)
    quit_wizard(session, visit.rep, wizard.name)
    return mentions.kept(visit, number)


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


def show(session: Session, visit: Visit, intent: Intent) -> Done:
    """Post a fresh card; the old one stands, but is not edited any more."""
    sight = see(session, intent.target, visit.scene(session))
    retire(session, card_name(intent.target, visit.rep.id))
    post = cards.card(sight, visit.rep, visit.company, visit.now)
    return Done((replace(post, card=True),), plain_name(visit.tr, sight.name))


def rest(session: Session, visit: Visit, intent: Intent) -> Done:
    """A page of what a customer wrote on and on, from the message that the button names; a reply to it goes to them."""
    name = see(session, intent.target, visit.scene(session)).name

    def texts(messages: Sequence[Message]) -> list[str]:
        return [post.text for message in messages for post in shown(visit.tr, name, message, [], seen_by(visit.rep))]

    page = read_on(session, visit.rep, intent.target, int(intent.detail or 0), lambda ahead: fitting(texts(ahead)), now=visit.now)
    if not page.messages:
        return Done(toast=visit.tr("You have seen everything."))
    words = visit.tr.many("{n} more message follows.", "{n} more messages follow.", page.left) if page.left else visit.tr("That is everything.")
    keys = ((Key(visit.tr.button(SHOW_REST), replace(intent, detail=str(page.following))),),) if page.left else ()
    text = "\n\n".join([*texts(page.messages), words])
    return Done((Post(text, keys, conversation_id=intent.target, message_id=page.messages[-1].id),))


def fitting(texts: Sequence[str]) -> int:
    """How many of these, one below the other, a page has room for; pure."""
    return sum(units <= PAGE_MOST for units in accumulate(utf16_length(text) + len("\n\n") for text in texts))


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
    "note_tell": mentions.tell,
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
    "rest": rest,
    "resend": resend,
    "mark_sent": mark_sent,
    "retry_parked": retry_parked,
    "drop_parked": drop_parked,
    "send_anyway": replies.send_anyway,
    "recall": replies.recall,
    "do_not_send": replies.do_not_send,
    **merges.PRESSES,
    **tasks.PRESSES,
    "listen": tasks.listen,
    "unreact": reactions.unreact,
    "file": lightly.show,
    "files": albums.files,
    "beside": beside.pressed,
}
