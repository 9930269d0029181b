"""/capture: people and notes without typing: a shared contact, the photo of a card, a voice, a forwarded message; each is looked at before it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import capture, exchange, menus, replies
from bots.staff.capture import NAME, drawn, key, named
from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, ask, told
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.events import MediaKind, MediaRef
from crm.base.fold import fold
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.conversations import shelf
from crm.conversations.desk import seen_at
from crm.conversations.threads import Note, the
from crm.exchange import capturing, cards, keeping
from crm.exchange.captures import CaptureKind, CaptureState
from crm.exchange.capturing import Item, pack
from crm.exchange.reach import in_reach
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.reports.search import Found, find
from crm.reports.thread import reach
from crm.reports.words import plain_name

FOUND_MOST, KEPT_MOST = 5, 6
PICTURES = ("image/jpeg", "image/png", "image/webp")
SEND = N_button("Send it to them")


def deed(session: Session, visit: Visit) -> Done:
    """Say what can be handed over."""
    tr = visit.tr
    words = [
        tr("Hand me people and notes without typing. Nothing of it is sent to a customer:"),
        f"· {tr('a contact from your phone, or a .vcf file: it becomes a person')}",
        f"· {tr('a photo of a business card: I read it, and you look at each field')}",
        f"· {tr('a voice message: it is kept as a note with its recording')}",
        f"· {tr('a forwarded message: it is kept as a note with who said it')}",
    ]
    return Done((Post("\n".join(words), menus.home(tr)),))


def takes(visit: Visit) -> bool:
    """Whether what was sent, as the answer to nothing, is something to capture."""
    said = visit.said
    return isinstance(said, Text) and may(visit.rep.role, Action.CAPTURE) and bool(_file_of(said) or (said.forwarded and said.origin) or _voice(said))


def taken(session: Session, visit: Visit) -> Done:
    """Take what was sent, as the answer to nothing."""
    said = visit.said
    assert isinstance(said, Text)
    if not said.forwarded and (file := _file_of(said)):
        number = capturing.open_file(session, visit.rep, *file, now=visit.now)
        return Done((named(drawn(session, visit.rep, visit.tr, number), number, visit.rep),))
    item = _item(said)
    found = [one for one in _found(visit, item.source).people if fold(one.name) == fold(item.source)] if item.source else []
    number, _ = capturing.open_words(session, visit.rep, item, now=visit.now)
    begin(session, visit.rep, Wizard(NAME, NAME, number), until=visit.now + CONFIRM_MS)
    return Done((named(drawn(session, visit.rep, visit.tr, number, found), number, visit.rep),))


def _found(visit: Visit, name: str) -> Found:
    """Who is found by a name; looked up from a snapshot and not in the one writer."""
    return ask(visit, (NAME, name), lambda session: find(session, visit.rep, name, visit.company.region))


def shared(session: Session, visit: Visit) -> Done:
    """Take a contact from somebody's phone."""
    said = visit.said
    assert isinstance(said, Text)
    assert said.contact
    if not may(visit.rep.role, Action.CAPTURE):
        return told(visit.tr("This cannot be passed on to a customer. Send text, a photo or a file."))
    draft = cards.shared(said.contact.name, said.contact.phone, said.contact.vcard, visit.company.region)
    number = capturing.open_person(session, visit.rep, draft, now=visit.now)
    return Done((named(drawn(session, visit.rep, visit.tr, number), number, visit.rep),))


def noted(session: Session, visit: Visit, conversation_id: int) -> Done:
    """A voice or a forwarded message as the answer to a card is kept as a note; a button sends a voice to the customer after all."""
    said = visit.said
    assert isinstance(said, Text)
    number, _ = capturing.open_words(session, visit.rep, _item(said), now=visit.now, alone=True)
    keeping.keep_words(session, visit.rep, number, conversation_id, now=visit.now)
    tr, voice = visit.tr, _voice(said)
    words = tr("🎤 Kept as a note with its recording; nothing was sent.") if voice else tr("✅ Kept as a note. Only colleagues see it.")
    keys = [key(tr.button(UNDO), number, "undo")]
    if voice and not said.forwarded:
        seen = seen_at(session, ACCOUNT, visit.chat, conversation_id, before=said.message_id, at=visit.received_at)
        keys.insert(0, key(tr.button(SEND), number, f"send:{said.message_id}:{seen}"))
    return Done((Post(words, (tuple(keys),), conversation_id=conversation_id),))


def is_note(visit: Visit) -> bool:
    """Whether an answer to a card is meant for colleagues: a voice, or what somebody else has said."""
    said = visit.said
    return isinstance(said, Text) and visit.place is None and may(visit.rep.role, Action.CAPTURE) and bool(_voice(said) or (said.forwarded and said.origin))


def _voice(said: Text) -> MediaRef | None:
    return next((one for one in said.media if one.kind is MediaKind.VOICE), None)


def _file_of(said: Text) -> tuple[CaptureKind, MediaRef] | None:
    """The photo of a card, or contacts as a phone shares them."""
    if len(said.media) != 1:
        return None
    media = said.media[0]
    if media.name.lower().endswith(".vcf") or media.mime in ("text/vcard", "text/x-vcard"):
        return CaptureKind.CONTACT, media
    picture = media.kind is MediaKind.PHOTO or (media.kind is MediaKind.DOCUMENT and media.mime in PICTURES)
    return (CaptureKind.CARD, media) if picture else None


def _item(said: Text) -> Item:
    origin = said.origin
    packed = tuple(pack(said.media[0])) if said.media else ()
    if origin is None:
        return Item(said.text, "", said.at, packed)
    return Item(said.text, clean_name(origin.name), origin.at, packed, str(origin.user_id or ""))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a field that was typed, or look for whom a note is about."""
    said = visit.said
    assert isinstance(said, Text)
    if takes(visit):
        return taken(session, visit)
    if field := wizard.facts.get("field"):
        return _corrected(session, visit, wizard.target, str(field), said.text)
    people = [one for one in _found(visit, said.text).people if one.conversation_id][:FOUND_MOST]
    keys = [key(plain_name(visit.tr, one.name, 24), wizard.target, f"at:{one.conversation_id}") for one in people]
    back = key(visit.tr.button(exchange.BACK), wizard.target, "page")
    words = visit.tr("About whom is it? Choose, or type a name.") if keys else visit.tr("Nobody is found by that. Type another name.")
    return Done((Post(words, (*menus.in_rows(keys), (back,))),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on with a capture by one of its buttons."""
    verb, _, value = intent.detail.partition(":")
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _shown(session: Session, visit: Visit, number: int, toast: str = "") -> Done:
    post = drawn(session, visit.rep, visit.tr, number)
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


def _page(session: Session, visit: Visit, number: int, value: str) -> Done:
    seen = capturing.view(session, visit.rep, number)
    if seen.kind is not CaptureKind.WORDS:
        quit_wizard(session, visit.rep, NAME)
    return _shown(session, visit, number)


def _add(session: Session, visit: Visit, number: int, value: str) -> Done:
    contact_id = int(value) if value else None
    try:
        keeping.keep_person(session, visit.rep, visit.company, number, contact_id, now=visit.now)
    except Invalid:
        return Done(toast=visit.tr("Say a name, a phone or an e-mail first; who was erased is not brought back."), alert=True)
    return _settled(session, visit, number)


def _settled(session: Session, visit: Visit, number: int) -> Done:
    quit_wizard(session, visit.rep, NAME)
    return _shown(session, visit, number)


def _field(session: Session, visit: Visit, number: int, value: str) -> Done:
    seen = capturing.view(session, visit.rep, number)
    if seen.state is not CaptureState.ASKED or value not in capture.FIELDS:
        raise Expired
    begin(session, visit.rep, Wizard(NAME, NAME, number, {"field": value}), until=visit.now + CONFIRM_MS)
    return Done((replace(capture.question(visit.tr, seen, value), edits=visit.replied_to or 0),))


def _pick(session: Session, visit: Visit, number: int, value: str) -> Done:
    field, _, place = value.partition(":")
    return _corrected(session, visit, number, field, capturing.line_at(session, visit.rep, number, int(place)))


def _clear(session: Session, visit: Visit, number: int, value: str) -> Done:
    return _corrected(session, visit, number, value, "")


def _corrected(session: Session, visit: Visit, number: int, field: str, words: str) -> Done:
    try:
        capturing.correct(session, visit.rep, number, field, words, visit.company.region, now=visit.now)
    except Invalid:
        wrong = visit.tr("That is no phone number.") if field == "phone" else visit.tr("That is no e-mail address.")
        return Done((capture.question(visit.tr, capturing.view(session, visit.rep, number), field, wrong),))
    return _settled(session, visit, number)


def _hand(session: Session, visit: Visit, number: int, value: str) -> Done:
    capturing.by_hand(session, visit.rep, number, now=visit.now)
    return _field(session, visit, number, "name")


def _leave(session: Session, visit: Visit, number: int, value: str) -> Done:
    capturing.leave(session, visit.rep, number, now=visit.now)
    return _settled(session, visit, number)


def _undo(session: Session, visit: Visit, number: int, value: str) -> Done:
    whole = keeping.undo(session, visit.rep, number, now=visit.now)
    words = visit.tr("Taken back.") if whole else visit.tr("Taken back, but for what somebody has changed since.")
    return _shown(session, visit, number, words)


def _at(session: Session, visit: Visit, number: int, value: str) -> Done:
    in_reach(session, visit.rep, Action.CAPTURE, the(session, int(value)).contact_id)
    keeping.keep_words(session, visit.rep, number, int(value), now=visit.now)
    return _settled(session, visit, number)


def _to(session: Session, visit: Visit, number: int, value: str) -> Done:
    in_reach(session, visit.rep, Action.CAPTURE, int(value))
    return _at(session, visit, number, str(shelf.home_of(session, int(value), now=visit.now).id))


def _new(session: Session, visit: Visit, number: int, value: str) -> Done:
    name = capturing.source_of(session, visit.rep, number)
    keeping.keep_words_of_new(session, visit.rep, visit.company, number, name, now=visit.now)
    return _settled(session, visit, number)


def _send(session: Session, visit: Visit, number: int, value: str) -> Done:
    """Send a voice to the customer after all; the note stays."""
    message, _, seen = value.partition(":")
    seen_capture = capturing.capture_at(session, visit.rep, number)
    if seen_capture.state != CaptureState.KEPT or seen_capture.conversation_id is None:
        raise Expired
    media = keeping.recording(session, number)
    draft = {"text": "", "message": int(message), "once": f"capture:{number}:sent", "seen": int(seen), "media": media}
    done = replies.send(session, visit, seen_capture.conversation_id, draft)
    return done if done.posts else Done(toast=visit.tr("Sent."))


def notes_of(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show what is kept with the notes about the person of a card; a button plays each."""
    conversation, tr = reach(session, visit.rep, intent.target), visit.tr
    found = shelf.notes_with_files(session, conversation.contact_id, KEPT_MOST)
    if not found:
        return told(tr("There is nothing yet. Reply to the card with a voice message, and it is kept here."))
    names = visit.scene(session).names
    keys = [(Key(f"▶ {tr.when(one.at, visit.company.zone, visit.now)} · {plain_name(tr, names.get(one.rep_id, ''), 16)}", _played(one)),) for one in found]
    return Done((Post(tr("What is kept with notes, the newest first:"), tuple(keys), conversation_id=conversation.id),))


def _played(note: Note) -> Intent:
    return Intent("file", note.conversation_id, str(note.attachment_id))


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {
    "page": _page,
    "add": _add,
    "is": _add,
    "field": _field,
    "pick": _pick,
    "clear": _clear,
    "hand": _hand,
    "leave": _leave,
    "undo": _undo,
    "at": _at,
    "to": _to,
    "new": _new,
    "send": _send,
}
COMMAND = Command(
    NAME,
    N_("People and notes without typing"),
    deed,
    Action.CAPTURE,
    presses={NAME: turn, "notes_of": notes_of},
    listeners={NAME: typed},
    group=Group.PEOPLE,
)
__all__ = ["COMMAND", "is_note", "noted", "shared", "taken", "takes"]
