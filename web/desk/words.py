"""Words of the staff inbox: what was said and what became of it, and every refusal once, with the next step."""

import re
from collections.abc import Mapping

from crm.base.errors import Busy, DragomanError, Expired, Forbidden, Invalid, NotFound, Stale, Taken, Unreachable
from crm.base.i18n import N_, Translator
from crm.base.text import clean_name
from crm.conversations.threads import Author
from crm.outbox.deliveries import State

# Direction marks and control characters: what a customer types must not turn the rest of a page around.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ISOLATE, _POP = "\u2068", "\u2069"

AUTHORS = {Author.BOT: N_("Bot"), Author.REP: N_("Colleague"), Author.SYSTEM: N_("System")}
FILES = {
    "photo": N_("photo"),
    "document": N_("file"),
    "voice": N_("voice message"),
    "audio": N_("audio"),
    "video": N_("video"),
    "sticker": N_("sticker"),
}
KINDS = {
    "press": N_("pressed: {text}"),
    "contact": N_("shared a contact: {text}"),
    "start": N_("opened the chat"),
    "form": N_("sent the form: {text}"),
    "unsupported": N_("sent something we cannot show: {text}"),
    "lost": N_("a message that could not be read; a manager sees it with /parked"),
}
STATES = {
    State.QUEUED: N_("waiting to be sent"),
    State.SENDING: N_("being sent"),
    State.SENT: N_("sent ✓"),
    State.DELIVERED: N_("delivered ✓✓"),
    State.READ: N_("read ✓✓"),
    State.FAILED: N_("failed ✗: {why}"),
    State.UNKNOWN: N_("nobody knows whether it arrived"),
    State.CANCELLED: N_("called back"),
    State.EXPIRED: N_("too old, not sent"),
}
LEADS = {
    "new": N_("new"),
    "qualified": N_("qualified"),
    "accepted": N_("accepted"),
    "won": N_("won"),
    "lost": N_("lost"),
    "spam": N_("spam"),
    "merged": N_("joined to another lead"),
}
REASONS = {
    "blocked": N_("the customer has blocked us or is gone"),
    "opted_out": N_("the customer does not want to be written to"),
    "bad_address": N_("the address does not exist any more"),
    "window_closed": N_("the customer must write first"),
    "rejected": N_("the platform refused it"),
    "bad_content": N_("the platform does not take such a message"),
    "unsupported": N_("the channel cannot do this"),
    "account_problem": N_("our account on this channel has a problem: tell a manager"),
}
_SAID: Mapping[type[DragomanError], str] = {
    Taken: N_("{name} has this conversation. Ask them, or choose another one."),
    Forbidden: N_("You may not do that. Ask a manager if you need it."),
    Expired: N_("That has been settled already. See how it stands below."),
    NotFound: N_("That is not there any more. See what is open in the list."),
    Invalid: N_("This cannot be used. Type it again."),
    Stale: N_("Not sent: newer messages have come. Read them, then send again."),
    Unreachable: N_("The customer cannot be written to there. Try their phone, or wait until they write."),
    Busy: N_("Too much is going on just now. Try again in a minute."),
}
DONE = {
    "take": N_("It is yours."),
    "take_over": N_("It is yours now."),
    "hand_back": N_("Handed back: anybody may take it."),
    "close": N_("Closed."),
    "reopen": N_("Open again."),
    "later": N_("Put off."),
    "note": N_("The note is kept. Only colleagues see it."),
    "resend": N_("It is being sent again."),
    "mark_sent": N_("Marked as sent."),
}


def sorry(tr: Translator, error: DragomanError) -> str:
    """A refusal in words of the reader, with what to do next."""
    phrase = next((_SAID[kind] for kind in type(error).__mro__ if kind in _SAID), None)
    return tr(phrase, name=name_of(tr, error.detail)) if phrase else tr("Something went wrong. Try again in a minute.")


def why(tr: Translator, detail: str) -> str:
    """Why something did not arrive, in words; `detail` begins with the reason's code."""
    code = detail.partition(":")[0].strip()
    return tr(REASONS[code]) if code in REASONS else tr("the reason is not known")


def name_of(tr: Translator, name: str, most: int = 60) -> str:
    """A name inside a sentence, its direction kept to itself; someone without one is called a customer."""
    return f"{_ISOLATE}{clean_name(name, most) or tr('Customer')}{_POP}"


def whole(text: str) -> str:
    """Somebody's words in full, without what would turn them around."""
    return _TURNING.sub("", text).strip()
