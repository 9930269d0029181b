"""Words of the staff bot: names and texts made safe to show, and every error said once, with the next step."""

import re
from collections.abc import Mapping

from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, NotFound, Stale, Taken, Unreachable
from crm.base.i18n import N_, N_button, Translator
from crm.base.text import clean_name, cut, escape_html

# Direction marks and control characters: what a customer types must not turn the rest of a card around.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]")
ISOLATE, POP = "\u2068", "\u2069"

TAKE = N_button("Take")
TAKE_OVER = N_button("Take over")
HAND_BACK = N_button("Hand back")
NOTE = N_button("Note")
LATER = N_button("Later")
CLOSE = N_button("Close")
REOPEN = N_button("Reopen")
BLOCK = N_button("Block")
UNBLOCK = N_button("Unblock")
UNDO = N_button("Undo")
CANCEL = N_button("Cancel")
RESEND = N_button("Resend")
MARK_SENT = N_button("Mark sent")
SEND_ANYWAY = N_button("Send anyway")
DO_NOT_SEND = N_button("Do not send")
RETRY = N_button("Retry")
DROP = N_button("Drop")
INBOX = N_button("Inbox")
MENU = N_button("Menu")
MORE = N_button("More")
OPEN = N_button("Open")

_SAID: Mapping[type[DragomanError], str] = {
    Taken: N_("{name} has this conversation. Ask them, or open another one with /inbox."),
    Forbidden: N_("You may not do that. Ask a manager if you need it."),
    Expired: N_("This button or link has expired. Open a fresh card with /inbox."),
    NotFound: N_("That is not there any more. See what is open with /inbox."),
    Invalid: N_("This cannot be used. Try again, or see /help."),
    Stale: N_("Newer messages have come. Read them, then answer again."),
    Unreachable: N_("The customer cannot be written to there. Try their phone, or wait until they write."),
}
REASONS: Mapping[str, str] = {
    "blocked": N_("the customer has blocked us or is gone"),
    "opted_out": N_("the customer does not want to be written to"),
    "bad_address": N_("the address does not exist any more"),
    "window_closed": N_("the customer must write first"),
    "rejected": N_("the platform refused it"),
    "bad_content": N_("the platform does not take such a message"),
    "unsupported": N_("the channel cannot do this"),
    "account_problem": N_("our account on this channel has a problem: tell a manager"),
}


def sorry(tr: Translator, error: DragomanError) -> str:
    """An error in words of the reader, with what to do next."""
    phrase = next((_SAID[kind] for kind in type(error).__mro__ if kind in _SAID), None)
    return tr(phrase, name=clean_name(error.detail) or "?") if phrase else tr("Something went wrong. Try again in a minute.")


def why(tr: Translator, detail: str) -> str:
    """Why something did not arrive, in words; `detail` begins with the reason's code."""
    code = detail.partition(":")[0].strip()
    return tr(REASONS[code]) if code in REASONS else tr("the reason is not known")


def isolated(text: str) -> str:
    """Somebody else's words between marks that keep their direction to themselves."""
    return f"{ISOLATE}{text}{POP}" if text else ""


def plain_name(tr: Translator, name: str, most: int = 60) -> str:
    """A name as plain text; someone without one is called a customer."""
    return isolated(clean_name(name, most) or tr("Customer"))


def name_html(tr: Translator, name: str, most: int = 60) -> str:
    """A name as it stands between HTML tags."""
    return escape_html(plain_name(tr, name, most))


def line_html(text: str, most: int) -> str:
    """Somebody's words on one line, shortened, as they stand between HTML tags."""
    one = " ".join(_TURNING.sub("", text).split())
    return escape_html(isolated(one if len(one) <= most else cut(one, most - 1) + "…"))


def whole(text: str) -> str:
    """Somebody's words in full, as plain text."""
    return isolated(_TURNING.sub("", text).strip())
