"""Words: what a message, its files, its state, a lead and a refusal of a platform are called, for every surface of the staff."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from crm.base.events import CallPhase
from crm.base.i18n import N_, Translator
from crm.base.quantities import quantity
from crm.base.text import clean_name, isolated
from crm.conversations import calls
from crm.conversations.threads import Author, Kind
from crm.outbox.arrivals import AS_TEMPLATE
from crm.outbox.deliveries import State
from crm.people.contacts import PointKind
from crm.sales.discounts import By

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
    Kind.REACTION: N_("reacted: {text}"),
    Kind.ELSEWHERE: N_("answered elsewhere: {text}"),
    Kind.AUTO: N_("automatic answer: {text}"),
    Kind.NOTE: N_("kept with a note, for colleagues only"),
}
CALLS: Mapping[tuple[bool, CallPhase], str] = {
    (False, CallPhase.RINGING): N_("is ringing us"),
    (False, CallPhase.RECORDED): N_("rang us"),
    (False, CallPhase.MISSED): N_("rang us, and nobody answered"),
    (False, CallPhase.ANSWERED): N_("rang us, and was answered"),
    (False, CallPhase.ENDED): N_("rang us, and talked for {time}"),
    (True, CallPhase.RINGING): N_("we are ringing them"),
    (True, CallPhase.RECORDED): N_("we rang them"),
    (True, CallPhase.MISSED): N_("we rang them, and nobody answered"),
    (True, CallPhase.ANSWERED): N_("we rang them, and they answered"),
    (True, CallPhase.ENDED): N_("we rang them, and talked for {time}"),
}
TASKS: Mapping[str, str] = {
    "call": N_("call back"),
    "letter": N_("send a letter"),
    "meeting": N_("a meeting"),
    "delivery": N_("a delivery"),
    "answer": N_("write an answer"),
    "other": N_("something to do"),
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
PEOPLE: Mapping[str, str] = {"customer": N_("customer"), "supplier": N_("supplier"), "partner": N_("partner")}
LIKE: Mapping[str, str] = {
    PointKind.PHONE: N_("the same phone {common}"),
    PointKind.EMAIL: N_("the same e-mail {common}"),
    PointKind.NAME: N_("a like name: {common}"),
    PointKind.VISITOR: N_("the same account in the shop"),
    "token": N_("they followed the other's link"),
    "platform": N_("the channel says so"),
    "staff": N_("merged by staff"),
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
    "closed": N_("our account there is no longer set up"),
}


def done_words(tr: Translator, kind: str, text: str) -> str:
    """What was said, or what was done instead of saying something; `text` is as safe as its place wants it."""
    if kind == Kind.REACTION and not text:
        return tr("took a reaction away")
    return tr(KINDS[kind], text=text) if kind in KINDS else text


def state_words(tr: Translator, state: State, detail: str) -> str:
    """What became of something we sent; `detail` says why it failed, or which approved template went in its place."""
    said = tr(STATES[state], why=why(tr, detail))
    if state in (State.SENT, State.DELIVERED, State.READ) and detail.startswith(AS_TEMPLATE):
        return tr("{state} as the approved template {name}", state=said, name=isolated(clean_name(detail.removeprefix(AS_TEMPLATE), 60)))
    return said


def why(tr: Translator, detail: str) -> str:
    """Why something did not arrive, in words; `detail` begins with the reason's code."""
    code = detail.partition(":")[0].strip()
    return tr(REASONS[code]) if code in REASONS else tr("the reason is not known")


def call_words(tr: Translator, text: str) -> str:
    """A call in words, from its line in the thread."""
    told = calls.read(text)
    words = tr(CALLS[told.outgoing, told.phase], time=f"{told.seconds // 60}:{told.seconds % 60:02}")
    return f"📞 {words}" + (f" ({isolated(clean_name(told.agent, 40))})" if told.agent else "")


def like(tr: Translator, reason: str, common: str = "") -> str:
    """Why two people may be one, in words."""
    return tr(LIKE.get(reason, reason), common=isolated(clean_name(common, 60)) if common else "").rstrip(" :፦")


def plain_name(tr: Translator, name: str, most: int = 60) -> str:
    """A name as plain text inside a sentence, its direction kept to itself; someone without one is called a customer."""
    return isolated(clean_name(name, most) or tr("Customer"))


def pipeline_words(tr: Translator, name: str, kind: str) -> str:
    """What a pipeline is called, and for which people it is where it is not for everybody."""
    called = clean_name(name, 40)
    return f"{called} · {tr(PEOPLE[kind])}" if kind else called


def title_of(titles: Mapping[str, str], account: str) -> str:
    """What a channel's account is called."""
    return titles.get(account, account.capitalize())


def short_source(packed: str) -> str:
    """Where somebody came from, in a few words."""
    values: dict[str, str] = json.loads(packed) if packed else {}
    site = urlsplit(values.get("referrer", "")).hostname or ""
    utm = "/".join(filter(None, (values.get("utm_source"), values.get("utm_medium"), values.get("utm_campaign"))))
    return " · ".join(filter(None, (values.get("payload", ""), utm, site)))


def discount_words(tr: Translator, cause: str, unit: str = "") -> str:
    """What a discount of the price list is given for: from 10 pc, partner, #vip; pure."""
    by, _, what = cause.partition(":")
    if by == By.FROM:
        return tr("from {much}", much=quantity(tr.language, int(what), clean_name(unit, 12)))
    return isolated(f"#{clean_name(what, 30)}") if by == By.TAG else tr(PEOPLE.get(what, what))
