"""Ready answers: offered to who answers a customer, shown whole as the customer will read it, sent by a button."""

from collections.abc import Sequence

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.recall import called_back
from bots.staff.replies import send
from bots.staff.sight import read_name, see
from bots.staff.visit import Done, Visit
from bots.staff.words import CANCEL, UNDO, whole
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button, Translator
from crm.conversations import snippets
from crm.conversations.snippets import Ready
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, became, begin, quit_wizard, wizard_of
from crm.reports.thread import reach
from crm.sales.deals import DealState, deals_about
from crm.sales.leads import lead_of

NAME, OFFERED = "ready", 7
SEND = N_button("Send")


def key(tr: Translator, conversation_id: int) -> Key:
    """The button that offers them."""
    return Key(tr.button(menus.LABELS["snippets"]), Intent(NAME, conversation_id))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on by a button: offered, looked at, sent, taken back."""
    reach(session, visit.rep, intent.target)
    what, _, value = intent.detail.partition(":")
    match what:
        case "":
            return offer(session, visit, intent.target)
        case "look":
            return look(session, visit, intent.target, int(value))
        case "send":
            return _sent(session, visit, intent.target, value)
        case "undo":
            words, gone = called_back(session, visit, int(value))
            return Done(toast=words, alert=not gone)
    raise Expired


def meant(session: Session, visit: Visit, conversation_id: int, words: str) -> Done | None:
    """What somebody means who answers a customer with a slash and a word (None = no ready answer is called so)."""
    reach(session, visit.rep, conversation_id)
    found = snippets.called(snippets.snippets(session, visit.rep), words)
    if not found:
        return None
    return look(session, visit, conversation_id, found[0].id) if len(found) == 1 else _choice(session, visit, conversation_id, found)


def offer(session: Session, visit: Visit, conversation_id: int) -> Done:
    """Those that fit best: of the stage their deal is in, then what is used most."""
    found = snippets.snippets(session, visit.rep)
    if not found:
        words = visit.tr("There are no ready answers yet. Write down what you say often, and it is two presses away.")
        return Done((Post(words, ((Key(visit.tr.button(menus.LABELS["snippets"]), Intent("command", detail="snippets")),),)),))
    deals = deals_about(session, the(session, conversation_id).contact_id)
    stages = {deal.stage_id for deal in deals if deal.state == DealState.OPEN}
    return _choice(session, visit, conversation_id, snippets.offered(found, stages))


def look(session: Session, visit: Visit, conversation_id: int, snippet_id: int) -> Done:
    """The words as the customer will read them; nothing leaves before a button is pressed."""
    sight = see(session, conversation_id, visit.scene(session))
    lead = lead_of(session, root_of(session, the(session, conversation_id).contact_id).id)
    text = snippets.filled(session, visit.rep, snippet_id, conversation_id, visit.company, sight.channel, lead.need if lead else "")
    facts = {"snippet": snippet_id, "text": text, "seen": sight.last_heard_id, "version": visit.event}
    begin(session, visit.rep, Wizard(NAME, NAME, conversation_id, facts, listens=False), until=visit.now + CONFIRM_MS)
    words = visit.tr("{name} will read this. Nothing is sent before you press Send.", name=read_name(visit.tr, visit.rep, sight.name))
    keys = (Key(visit.tr.button(SEND), Intent(NAME, conversation_id, f"send:{visit.event}")), Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME)))
    return Done((Post(f"{words}\n\n{whole(text)}", (keys,), lasts=CONFIRM_MS, conversation_id=conversation_id),))  # a reply to it says it in other words


def _choice(session: Session, visit: Visit, conversation_id: int, found: Sequence[Ready]) -> Done:
    name = see(session, conversation_id, visit.scene(session)).name
    keys = [Key(f"/{one.word}"[:24], Intent(NAME, conversation_id, f"look:{one.id}")) for one in found[:OFFERED]]
    words = visit.tr("Which ready answer shall {name} get? You see it whole before it is sent.", name=read_name(visit.tr, visit.rep, name))
    return Done((Post(words, (*menus.in_rows(keys), (Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME)),)), lasts=CONFIRM_MS),))


def _sent(session: Session, visit: Visit, conversation_id: int, version: str) -> Done:
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != conversation_id or version != str(wizard.facts["version"]):
        raise Expired
    facts = wizard.facts
    quit_wizard(session, visit.rep, NAME)
    draft = {"text": facts["text"], "message": -visit.event, "once": visit.once, "seen": facts["seen"], "media": None}
    done = send(session, visit, conversation_id, draft)
    if done.posts:
        return done
    snippets.used(session, int(facts["snippet"]))
    undo = Key(visit.tr.button(UNDO), Intent(NAME, conversation_id, f"undo:{_number(session, visit)}"))
    name = read_name(visit.tr, visit.rep, see(session, conversation_id, visit.scene(session)).name)
    words = visit.tr("The ready answer is on its way to {name}.", name=name)
    return Done((Post(f"{words}\n\n{whole(str(facts['text']))}", ((undo,),), lasts=CONFIRM_MS, edits=visit.replied_to or 0),), words)


def _number(session: Session, visit: Visit) -> int:
    """The message that was just said."""
    return became(session, visit.chat, -visit.event) or 0
