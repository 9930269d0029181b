"""Templates: what may stand in a text of ours; and sending a text that a platform has approved, field by field, with a look before it goes."""

from bots.staff.posts import Key, Post
from bots.staff.recall import called_back
from bots.staff.sight import read_name, see
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from bots.staff.words import CANCEL, MORE, UNDO, whole
from crm.base.db import Session
from crm.base.errors import Expired, Unreachable
from crm.base.i18n import NATIVE, N_button, Translator
from crm.base.template import BadTemplate
from crm.base.text import clean_name
from crm.conversations import templates
from crm.conversations.threads import Conversation
from crm.outbox.approved import ApprovedRow, approved_at, as_field, choices, filled, made_of, places
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard, wizard_of
from crm.reports.thread import reach
from crm.sales.tasks import answered

NAME, PAGE = "template", 6
SEND_TEMPLATE, SEND, AGAIN, USE_NAME = N_button("Send a template"), N_button("Send"), N_button("Fill in again"), N_button("Use {name}")


def fields(tr: Translator) -> str:
    """What may stand in a text."""
    known = tr("{name}, {company}, {need} and {rep} are filled in for each customer.")
    return f"{known} {tr('{name|friend} says what stands there when it is not known.')}"


def refusal(tr: Translator, error: BadTemplate) -> str:
    """Why a text cannot be used, and what to do."""
    return tr("This text cannot be used. {why} Type it again.", why=tr(error.phrase, **error.fields))


def key(tr: Translator, conversation_id: int) -> Key:
    """The button that begins it."""
    return Key(tr.button(SEND_TEMPLATE), Intent(NAME, conversation_id))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on with sending an approved text by one of its buttons."""
    conversation = reach(session, visit.rep, intent.target)
    what, _, value = intent.detail.partition(":")
    if what in ("", "page"):
        return _offered(session, visit, conversation, int(value or 0))
    if what == "pick":
        return _asked(session, visit, conversation, approved_at(session, int(value)), ())
    if what == "undo":
        return _taken_back(session, visit, int(value))
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != conversation.id:
        return Done(toast=visit.tr("This template was sent or left already."), alert=True)
    row = approved_at(session, int(wizard.facts["approved"]))
    match what:
        case "name":
            return _asked(session, visit, conversation, row, (as_field(_name(session, conversation)),))
        case "again":
            return _asked(session, visit, conversation, row, ())
        case "send" if value == str(wizard.facts["version"]):
            return _sent(session, visit, conversation, row, tuple(wizard.facts["fields"]))
    raise Expired


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the words of one field."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    conversation, row = reach(session, visit.rep, wizard.target), approved_at(session, int(wizard.facts["approved"]))
    return _asked(session, visit, conversation, row, tuple(filter(None, (*wizard.facts["fields"], as_field(said)))))


def _offered(session: Session, visit: Visit, conversation: Conversation, page: int) -> Done:
    """The texts to choose from, in the customer's language first."""
    tr, sight = visit.tr, see(session, conversation.id, visit.scene(session))
    found = choices(session, conversation.account, sight.language)
    if not found:
        return Done((Post(tr("No approved template can be sent over {channel} now. Try their phone, or wait until they write.", channel=sight.channel)),))
    page = page if 0 <= page * PAGE < len(found) else 0
    rows = [(Key(label(row), Intent(NAME, conversation.id, f"pick:{row.id}")),) for row in found[page * PAGE : (page + 1) * PAGE]]
    more = [Key(tr.button(MORE), Intent(NAME, conversation.id, f"page:{page + 1}"))] if len(found) > PAGE else []
    words = tr("Which template shall {name} get? You see it whole before it is sent.", name=read_name(tr, visit.rep, sight.name))
    return Done((Post(words, (*rows, (*more, _cancel(tr))), lasts=CONFIRM_MS),), tr("Choose a template."))


def label(row: ApprovedRow) -> str:
    """A template on a button."""
    return f"{clean_name(row.name, 40)} · {NATIVE.get(row.language.partition('_')[0], clean_name(row.language, 12))}"


def _asked(session: Session, visit: Visit, conversation: Conversation, row: ApprovedRow, given: tuple[str, ...]) -> Done:
    """Ask for the next field, or show the whole where none is missing; the name is offered for the first."""
    tr, count = visit.tr, places(row.text)
    if row.account != conversation.account:
        raise Expired
    facts = {"approved": row.id, "fields": list(given[:count]), "version": visit.event}
    wizard = Wizard(NAME, NAME, conversation.id, facts, listens=len(given) < count)
    begin(session, visit.rep, wizard, until=visit.now + CONFIRM_MS)
    if len(given) >= count:
        return _look(session, visit, conversation, row, given[:count])
    name = clean_name(_name(session, conversation), 12) if not given else ""
    use = ((Key(tr.button(USE_NAME, name=name), Intent(NAME, conversation.id, "name")),),) if name else ()
    words = tr("Field {n} of {count}: type what stands in its place.", n=len(given) + 1, count=count)
    # What is given already stands in its place, what is still to come keeps its number.
    shown = filled(row.text, (*given, *(f"{{{{{place}}}}}" for place in range(len(given) + 1, count + 1))))
    return Done((Post(f"{words}\n\n{whole(shown)}", (*use, (_cancel(tr),)), lasts=CONFIRM_MS),))


def _look(session: Session, visit: Visit, conversation: Conversation, row: ApprovedRow, given: tuple[str, ...]) -> Done:
    """The words as the customer will read them, before anything leaves."""
    tr, who = visit.tr, read_name(visit.tr, visit.rep, _name(session, conversation))
    made = made_of(row, given)
    send = Key(tr.button(SEND), Intent(NAME, conversation.id, f"send:{visit.event}"))
    again = (Key(tr.button(AGAIN), Intent(NAME, conversation.id, "again")),) if given else ()
    words = tr("{name} will read this. Nothing is sent before you press Send.", name=who)
    return Done((Post(f"{words}\n\n{whole(made.text)}", ((send, *again), (_cancel(tr),)), lasts=CONFIRM_MS),))


def _sent(session: Session, visit: Visit, conversation: Conversation, row: ApprovedRow, given: tuple[str, ...]) -> Done:
    """Send it; what was to be done about an answer is done by it."""
    if visit.sendable and conversation.account not in visit.sendable:
        raise Unreachable
    once = f"template:{visit.rep.id}:{conversation.id}:{visit.event}"
    number = templates.say_template(session, visit.rep, conversation.id, row.id, given, once=once, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    answered(session, visit.rep, conversation.id, now=visit.now)
    words = visit.tr("The template is on its way to {name}.", name=read_name(visit.tr, visit.rep, _name(session, conversation)))
    undo = Key(visit.tr.button(UNDO), Intent(NAME, conversation.id, f"undo:{number}"))
    text = f"{words}\n\n{whole(filled(row.text, given))}"
    return Done((Post(text, ((undo,),), lasts=CONFIRM_MS, edits=visit.replied_to or 0),), words)


def _taken_back(session: Session, visit: Visit, message_id: int) -> Done:
    words, gone = called_back(session, visit, message_id)
    return Done(toast=words, alert=not gone)


def _name(session: Session, conversation: Conversation) -> str:
    root = root_of(session, conversation.contact_id)
    return root.name or root.platform_name


def _cancel(tr: Translator) -> Key:
    return Key(tr.button(CANCEL), Intent("cancel", detail=NAME))
