"""Replies: an answer to a post goes to its customer; what was typed before newer messages were seen waits for a second look."""

from collections.abc import Sequence

from bots.staff.notices import shown
from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.reactions import instead_of_words
from bots.staff.recall import called_back
from bots.staff.sight import read_name, see
from bots.staff.updates import Text
from bots.staff.visit import Done, Leaving, Visit, told
from bots.staff.words import DO_NOT_SEND, SEND_ANYWAY, SHOW_REST, TAKE_OVER, UNDO, sorry
from crm.base.db import Session
from crm.base.errors import Expired, Late, Stale, Taken, Unreachable
from crm.base.events import MediaKind, MediaRef
from crm.base.history import done_since
from crm.base.policy import Action, may
from crm.base.text import cut
from crm.base.time import SECOND
from crm.conversations import talk
from crm.conversations.desk import adopt, files_of, heard_after, on_its_way, post_at, seen_at
from crm.conversations.rest import beyond
from crm.conversations.threads import the
from crm.outbox.deliveries import State
from crm.people.desk import BUTTON_MS, CONFIRM_MS, Intent, Wizard, became, begin, listening, quit_wizard, redeem, remember, wizard_of
from crm.people.sight import seen_by
from crm.reports.history_words import KINDS
from crm.sales.tasks import answered

NEWER = 5
# What a colleague did after this was written, and an answer would undo.
SETTLED = frozenset({"handed_back", "taken_over", "closed", "snoozed"})
ON_CARDS = frozenset({"take", "take_over", "hand_back", "note", "later", "close", "reopen", "block", "unblock", "show", "rest", "task_new", "task_of"})


def conversation_at(session: Session, visit: Visit) -> int | None:
    """The conversation of the post this answers, or of the topic it was typed in; where a crash cut our record of the post short, its own buttons tell."""
    if visit.about is not None or not visit.replied_to:
        return visit.about
    found = post_at(session, ACCOUNT, visit.rep.address, visit.replied_to)
    if found is None and isinstance(visit.said, Text):
        found = _by_buttons(session, visit, visit.said.tokens)
        if found is not None:
            adopt(session, visit.rep, ACCOUNT, found, visit.replied_to, now=visit.now)
    return found


def _by_buttons(session: Session, visit: Visit, tokens: Sequence[str]) -> int | None:
    for token in tokens:
        try:
            intent = redeem(session, visit.rep, token, now=visit.now)
        except Expired:
            continue
        if intent.action in ON_CARDS:
            return intent.target
    return None


def reply(session: Session, visit: Visit, said: Text, conversation_id: int) -> Done:
    """Send an answer to the customer, or say what stands in its way."""
    if done := instead_of_words(session, visit, said):
        return done
    newer = done_since(session, "conversation", conversation_id, SETTLED, said_at=said.at, by=visit.rep.id)
    if newer:
        raise Late(visit.tr(KINDS[newer]))
    chat = (ACCOUNT, visit.chat, conversation_id)
    seen = seen_at(session, *chat, before=said.message_id, at=visit.received_at)
    if visit.patient and on_its_way(session, *chat, newer=seen, at=visit.received_at):
        raise Leaving
    draft = {"text": said.text, "message": said.message_id, "once": visit.once, "seen": seen, "media": _packed(said.media)}
    done = send(session, visit, conversation_id, draft)
    return done if done.posts or not visit.company.undo_ms else _revocable(session, visit, conversation_id, said.message_id)


def _revocable(session: Session, visit: Visit, conversation_id: int, typed: int) -> Done:
    """While an answer waits, a button calls it back."""
    number = became(session, visit.chat, typed)
    seconds = visit.company.undo_ms // SECOND
    words = visit.tr.many("It leaves in {n} second.", "It leaves in {n} seconds.", seconds)
    key = Key(visit.tr.button(UNDO), Intent("recall", conversation_id, str(number or 0)))
    return Done((Post(words, ((key,),), lasts=CONFIRM_MS, conversation_id=conversation_id),))


def recall(session: Session, visit: Visit, intent: Intent) -> Done:
    """Call back what has not left yet."""
    words, gone = called_back(session, visit, int(intent.detail or 0))
    return Done((Post(words, edits=visit.replied_to or 0, conversation_id=intent.target),), words, alert=not gone)


def send(session: Session, visit: Visit, conversation_id: int, draft: dict[str, object]) -> Done:
    """Send a draft; one that newer messages overtook waits for a second look; where nothing can be sent at all, `Unreachable` says so at once."""
    if visit.sendable and the(session, conversation_id).account not in visit.sendable:
        raise Unreachable
    media, message, seen = _media(draft["media"]), _number(draft["message"]), _number(draft["seen"])
    try:
        number = talk.reply(
            session,
            visit.rep,
            conversation_id,
            str(draft["text"]),
            once=str(draft["once"]),
            now=visit.now,
            seen=seen,
            media=media,
            media_account=ACCOUNT if media else "",
            delay_ms=visit.company.undo_ms,
        )
    except Stale:
        return overtaken(session, visit, conversation_id, draft, seen)
    except Taken as error:
        return taken(session, visit, conversation_id, error)
    remember(session, visit.chat, message, number)
    answered(session, visit.rep, conversation_id, now=visit.now)
    return Done()


def waiting_name(visit: Visit, message: object) -> str:
    """What a draft is called, after the message it was typed in; those of a group are numbered by themselves."""
    return f"unsent:{visit.chat}:{message}" if visit.place else f"unsent:{message}"


def overtaken(session: Session, visit: Visit, conversation_id: int, draft: dict[str, object], seen: int) -> Done:
    """Show what came meanwhile and ask; nothing has been sent."""
    conversation, name = the(session, conversation_id), waiting_name(visit, draft["message"])
    facts = {**draft, "seen": conversation.last_heard_id}
    begin(session, visit.rep, Wizard(name, "unsent", conversation_id, facts, listens=False), until=visit.now + CONFIRM_MS)
    newer = heard_after(session, conversation_id, seen, most=NEWER)
    files = files_of(session, [message.id for message in newer])
    who = see(session, conversation_id, visit.scene(session)).name
    texts = [
        post.text + (f" [{', '.join(file.kind for file in files[message.id])}]" if message.id in files else "")
        for message in newer
        for post in shown(visit.tr, who, message, [], seen_by(visit.rep))
    ]
    head = visit.tr("Not sent: {name} wrote more before you answered.", name=read_name(visit.tr, visit.rep, who))
    keys = (
        Key(visit.tr.button(SEND_ANYWAY), Intent("send_anyway", conversation_id, name)),
        Key(visit.tr.button(DO_NOT_SEND), Intent("do_not_send", conversation_id, name)),
    )
    shown_to = newer[-1].id if newer else conversation.last_heard_id
    first, left = beyond(session, conversation_id, shown_to)
    more = [f"… {visit.tr.many('and {n} more message', 'and {n} more messages', left)}"] if left else []
    rest = ((Key(visit.tr.button(SHOW_REST), Intent("rest", conversation_id, str(first))),),) if left else ()
    words = "\n\n".join([head, *(cut(text, 600) for text in texts), *more])
    # The draft ends by itself; a button to read on must not make the same one of another post end sooner.
    lasts = BUTTON_MS if left else CONFIRM_MS
    return Done((Post(words, (keys, *rest), conversation_id=conversation_id, message_id=shown_to, lasts=lasts),))


def taken(session: Session, visit: Visit, conversation_id: int, error: Taken) -> Done:
    """Somebody else has it: who, and for a manager the way to it. Nothing has been sent."""
    words = f"{visit.tr('Not sent.')} {sorry(visit.tr, error)}"
    key = Key(visit.tr.button(TAKE_OVER), Intent("take_over", conversation_id))
    return Done((Post(words, ((key,),) if may(visit.rep.role, Action.TAKE_OVER) else ()),))


def send_anyway(session: Session, visit: Visit, intent: Intent) -> Done:
    """Send what waited, unless still newer messages came."""
    draft = wizard_of(session, visit.rep, intent.detail, now=visit.now)
    if draft is None:
        raise Expired
    quit_wizard(session, visit.rep, intent.detail)
    done = send(session, visit, draft.target, draft.facts)
    return done if done.posts else Done(toast=visit.tr("Sent."))


def do_not_send(session: Session, visit: Visit, intent: Intent) -> Done:
    """Forget what waited."""
    if not quit_wizard(session, visit.rep, intent.detail):
        raise Expired
    return Done(toast=visit.tr("Not sent."))


def changed(session: Session, visit: Visit, said: Text) -> Done:
    """A rep edited what they typed: a message that went out is changed there, one that waits is changed here; where that cannot be, they are told."""
    waiting = wizard_of(session, visit.rep, waiting_name(visit, said.message_id), now=visit.now)
    if waiting:
        facts = {**waiting.facts, "text": said.text}
        begin(session, visit.rep, Wizard(waiting.name, waiting.kind, waiting.target, facts, listens=False), until=visit.now + CONFIRM_MS)
        return Done()
    number = became(session, visit.chat, said.message_id)
    if number is None:
        return Done()
    if not talk.edit(session, visit.rep, number, said.text, once=visit.once, now=visit.now, said_at=said.at):
        return Done()
    state = talk.states_of(session, [number]).get(number, (State.SENT, "", 0))[0]
    if state in (State.FAILED, State.UNKNOWN, State.CANCELLED, State.EXPIRED):
        return told(visit.tr("This message did not reach the customer, so the change did not either. Reply to the card to write again."))
    return Done()


def pending_note(session: Session, visit: Visit, conversation_id: int) -> Wizard | None:
    """A note just asked for about the same customer: words meant for colleagues must not reach the customer by a slip."""
    wizard = listening(session, visit.rep, now=visit.now)
    return wizard if wizard and wizard.kind == "note" and wizard.target == conversation_id else None


def _packed(media: tuple[MediaRef, ...]) -> list[object] | None:
    return [media[0].kind.value, media[0].ref, media[0].name, media[0].mime, media[0].size] if media else None


def _media(packed: object) -> MediaRef | None:
    if not isinstance(packed, list):
        return None
    kind, ref, name, mime, size = packed
    return MediaRef(MediaKind(kind), str(ref), str(name), str(mime), int(size))


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
