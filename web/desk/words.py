"""Words of the staff inbox: every deed that was done and every refusal once, with the next step."""

from collections.abc import Mapping

from crm.base.errors import Busy, DragomanError, Expired, Forbidden, Invalid, NotFound, Stale, Taken, Unreachable
from crm.base.i18n import N_, Translator
from crm.base.text import unturned
from crm.reports.words import plain_name
from web.desk.files import Empty, TooBig

TOO_BIG = N_("Not sent: the file is larger than {size} MB. Choose a smaller one.")
_SAID: Mapping[type[DragomanError], str] = {
    TooBig: TOO_BIG,
    Empty: N_("Not sent: the file is empty. Choose another one."),
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
    "merge": N_("They are one person now."),
    "unmerge": N_("They are two people again, each with what they said themselves."),
    "not_same": N_("They are not the same: this is not asked again."),
    "ask_again": N_("It is an open question again."),
    "task_done": N_("The task is done."),
}


def sorry(tr: Translator, error: DragomanError) -> str:
    """A refusal in words of the reader, with what to do next."""
    phrase = next((_SAID[kind] for kind in type(error).__mro__ if kind in _SAID), None)
    return tr(phrase, name=plain_name(tr, error.detail), size=error.detail) if phrase else tr("Something went wrong. Try again in a minute.")


def whole(text: str) -> str:
    """Somebody's words in full, without what would turn them around."""
    return unturned(text).strip()
