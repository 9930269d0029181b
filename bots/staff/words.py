"""Words of the staff bot: names and texts made safe to show, and every error said once, with the next step."""

from collections.abc import Mapping

from crm.base.actors import Role
from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, LastManager, LastOwner, Late, Locked, NotFound, Stale, StepUp, Taken, Unreachable
from crm.base.i18n import N_, N_button, Translator
from crm.base.text import clean_name, cut, escape_html, isolated, unturned
from crm.people.pretended import Pretended
from crm.reports.words import plain_name

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
HISTORY = N_button("History")
TELL = N_button("Tell a colleague")
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
SHOW = N_button("Show")
SHOW_REST = N_button("Show the rest")
MERGE = N_button("Merge")
NOT_THE_SAME = N_button("Not the same")
ASK_AGAIN = N_button("Ask again")
NOT_ONE = N_button("Not one person?")
TASK_DONE = N_button("✔ Task done")
TASK = N_button("📌 Task")
LISTEN = N_button("🎧 Listen to the call")
SHOW_FILES = N_button("Show all files")
CARD = N_button("The whole card")

ROLES: Mapping[Role, str] = {
    Role.OWNER: N_("owner"),
    Role.MANAGER: N_("manager"),
    Role.REP: N_("rep"),
    Role.TRAINEE: N_("trainee"),
    Role.GUEST: N_("guest"),
}

_SAID: Mapping[type[DragomanError], str] = {
    Taken: N_("{name} has this conversation. Ask them, or open another one with /inbox."),
    LastOwner: N_("The firm needs an owner. Make somebody else one first."),
    LastManager: N_("The firm needs a manager. Make somebody else one first."),
    Locked: N_("The PIN was wrong too often: wait a quarter of an hour."),
    StepUp: N_("Show first that it is you: do it in your own chat with the staff bot."),
    Late: N_("Not done: it reached us late, and something newer was done meanwhile ({name})."),
    Forbidden: N_("You may not do that. Ask a manager if you need it."),
    Expired: N_("This button or link has expired. Open a fresh card with /inbox."),
    NotFound: N_("That is not there any more. See what is open with /inbox."),
    Pretended: N_("This customer is there to practise on: nothing is sold to them, and nobody else gets them. With a real one it works."),
    Invalid: N_("This cannot be used. Try again, or see /help."),
    Stale: N_("Newer messages have come. Read them, then answer again."),
    Unreachable: N_("The customer cannot be written to there. Try their phone, or wait until they write."),
}


def sorry(tr: Translator, error: DragomanError) -> str:
    """An error in words of the reader, with what to do next."""
    phrase = next((_SAID[kind] for kind in type(error).__mro__ if kind in _SAID), None)
    return tr(phrase, name=clean_name(error.detail) or "?") if phrase else tr("Something went wrong. Try again in a minute.")


def name_html(tr: Translator, name: str, most: int = 60) -> str:
    """A name as it stands between HTML tags."""
    return escape_html(plain_name(tr, name, most))


def line_html(text: str, most: int) -> str:
    """Somebody's words on one line, shortened, as they stand between HTML tags."""
    one = " ".join(unturned(text).split())
    return escape_html(isolated(one if len(one) <= most else cut(one, most - 1) + "…"))


def whole(text: str) -> str:
    """Somebody's words in full, as plain text."""
    return isolated(unturned(text).strip())
