"""Words: what a message, its files, its state, a lead and a refusal of a platform are called, for every surface of the staff."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from crm.base.i18n import N_, Translator
from crm.base.text import clean_name, isolated
from crm.conversations.threads import Author, Kind
from crm.outbox.deliveries import State

AUTHORS: Mapping[Author, str] = {Author.BOT: N_("Bot"), Author.REP: N_("Colleague"), Author.SYSTEM: N_("System")}
FILES: Mapping[str, str] = {
    "photo": N_("photo"),
    "document": N_("file"),
    "voice": N_("voice message"),
    "audio": N_("audio"),
    "video": N_("video"),
    "sticker": N_("sticker"),
}
KINDS: Mapping[str, str] = {
    Kind.PRESS: N_("pressed: {text}"),
    Kind.CONTACT: N_("shared a contact: {text}"),
    Kind.START: N_("opened the chat"),
    Kind.FORM: N_("sent the form: {text}"),
    Kind.UNSUPPORTED: N_("sent something we cannot show: {text}"),
    Kind.LOST: N_("a message that could not be read; a manager sees it with /parked"),
}
STATES: Mapping[State, str] = {
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
LEADS: Mapping[str, str] = {
    "new": N_("new"),
    "qualified": N_("qualified"),
    "accepted": N_("accepted"),
    "won": N_("won"),
    "lost": N_("lost"),
    "spam": N_("spam"),
    "merged": N_("joined to another lead"),
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


def why(tr: Translator, detail: str) -> str:
    """Why something did not arrive, in words; `detail` begins with the reason's code."""
    code = detail.partition(":")[0].strip()
    return tr(REASONS[code]) if code in REASONS else tr("the reason is not known")


def plain_name(tr: Translator, name: str, most: int = 60) -> str:
    """A name as plain text inside a sentence, its direction kept to itself; someone without one is called a customer."""
    return isolated(clean_name(name, most) or tr("Customer"))


def short_source(packed: str) -> str:
    """Where somebody came from, in a few words."""
    values: dict[str, str] = json.loads(packed) if packed else {}
    site = urlsplit(values.get("referrer", "")).hostname or ""
    utm = "/".join(filter(None, (values.get("utm_source"), values.get("utm_medium"), values.get("utm_campaign"))))
    return " · ".join(filter(None, (values.get("payload", ""), utm, site)))
