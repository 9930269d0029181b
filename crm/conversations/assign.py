"""Who has a conversation: take it, hand it back, put it off, close it, note something, block the customer."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep, System
from crm.base.errors import Forbidden, NotFound, Taken
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.text import clean
from crm.conversations.offers import given_back
from crm.conversations.rest import before_taking
from crm.conversations.talk import alone, held_by, holder, show_files, within_reach
from crm.conversations.threads import Conversation, Note, Status, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people import contacts
from crm.people.pretended import only_real
from crm.people.reps import as_actor, authorise, member_of, named_in


def take(session: Session, actor: Rep, conversation_id: int, *, now: int) -> Conversation:
    """Take a conversation; atomic: the loser gets `Taken` with the name of who has it. The bot is silent from here on."""
    authorise(session, actor, Action.TAKE)
    conversation = the(session, conversation_id)
    alone(conversation, actor)
    had_by = held_by(session, conversation)
    if had_by == actor.id:
        return conversation
    if had_by is not None:
        raise Taken(holder(session, conversation))
    unread = before_taking(session, conversation)
    _hold(session, conversation, actor)
    record(session, Change("conversation", conversation.id, "taken", actor), now=now)
    show_files(session, conversation.id, now=now)
    tell(session, [card(conversation.id), *unread], now=now)
    return conversation


def take_over(session: Session, actor: Rep, conversation_id: int, *, now: int) -> Conversation:
    """A manager takes a conversation from whoever has it, within their sight."""
    authorise(session, actor, Action.TAKE_OVER)
    conversation = within_reach(session, actor, conversation_id)
    before, unread = conversation.rep_id, before_taking(session, conversation)
    _hold(session, conversation, actor)
    record(session, Change("conversation", conversation.id, "taken_over", actor, {"rep": before}, {"rep": actor.id}), now=now)
    show_files(session, conversation.id, now=now)
    tell(session, [card(conversation.id), *unread], now=now)
    return conversation


def _hold(session: Session, conversation: Conversation, actor: Rep) -> None:
    conversation.rep_id, conversation.unread = actor.id, 0  # what came before is on the card
    _open(conversation)
    session.flush()


def _open(conversation: Conversation) -> None:
    conversation.status, conversation.snoozed_until, conversation.open_identity_id = Status.OPEN.value, 0, conversation.identity_id


def hand_back(session: Session, actor: Rep, conversation_id: int, *, now: int) -> Conversation:
    """Give a conversation back to its queue: the bot may speak again, anybody may take it."""
    authorise(session, actor, Action.TAKE)
    conversation = within_reach(session, actor, conversation_id)
    only_real(session, conversation.contact_id)
    if conversation.rep_id is not None:
        given_back(session, conversation, conversation.rep_id, now=now)
        conversation.rep_id = None
        session.flush()
        record(session, Change("conversation", conversation.id, "handed_back", actor), now=now)
        tell(session, [card(conversation.id)], now=now)
    return conversation


def snooze(session: Session, actor: Rep, conversation_id: int, until: int, *, now: int) -> Conversation:
    """Put a conversation off until an instant; a word from the customer brings it back sooner."""
    authorise(session, actor, Action.TALK)
    conversation = within_reach(session, actor, conversation_id)
    conversation.rep_id = held_by(session, conversation)
    conversation.status, conversation.snoozed_until, conversation.open_identity_id = Status.SNOOZED.value, until, conversation.identity_id
    session.flush()
    record(session, Change("conversation", conversation.id, "snoozed", actor, after={"until": until}), now=now)
    tell(session, [card(conversation.id)], now=now)
    return conversation


def close(session: Session, actor: Actor, conversation_id: int, *, now: int) -> Conversation:
    """Close a conversation; the next word of the customer opens it again."""
    conversation = the(session, conversation_id)
    if isinstance(actor, Rep):
        authorise(session, actor, Action.TALK)
        conversation = within_reach(session, actor, conversation_id)
    elif not isinstance(actor, System):
        raise Forbidden
    before = conversation.status
    if before == Status.CLOSED:
        return conversation
    conversation.status, conversation.open_identity_id, conversation.waiting_since, conversation.unread = Status.CLOSED.value, None, 0, 0
    conversation.snoozed_until, conversation.person_called = 0, 0
    session.flush()
    record(session, Change("conversation", conversation.id, "closed", actor, {"status": before}), now=now)
    tell(session, [card(conversation.id)], now=now)
    return conversation


def reopen(session: Session, actor: Rep, conversation_id: int, *, now: int) -> Conversation:
    """Undo a closing or a snooze."""
    authorise(session, actor, Action.TALK)
    conversation = within_reach(session, actor, conversation_id)
    conversation.rep_id = held_by(session, conversation)
    _open(conversation)
    session.flush()
    record(session, Change("conversation", conversation.id, "reopened", actor), now=now)
    tell(session, [card(conversation.id)], now=now)
    return conversation


def note(session: Session, actor: Rep, conversation_id: int, text: str, *, once: str, now: int) -> int:
    """Write an internal remark; the same `once` writes it once."""
    authorise(session, actor, Action.NOTE)
    conversation = the(session, conversation_id)
    earlier = session.scalar(select(Note.id).where(Note.once == once))
    if earlier is not None:
        return earlier
    number = next(take_ids(session, 1))
    add_new(session, Note, [{"id": number, "conversation_id": conversation.id, "rep_id": actor.id, "text": clean(text), "at": now, "once": once}])
    record(session, Change("conversation", conversation.id, "noted", actor, after={"note": number}), now=now)
    named = [rep_id for rep_id in named_in(session, text) if rep_id != actor.id]
    tell(session, [card(conversation.id), *(_mention(conversation.id, number, rep_id, actor) for rep_id in named)], now=now)
    return number


def show_note(session: Session, actor: Rep, note_id: int, rep_id: int, *, now: int) -> Rep:
    """Have a colleague read a note, with the card it stands on; once, however often it is asked for."""
    authorise(session, actor, Action.NOTE)
    written = session.get(Note, note_id)
    if written is None:
        raise NotFound("no such note")
    tell(session, [_mention(written.conversation_id, note_id, member_of(session, rep_id).id, actor)], now=now)
    return as_actor(member_of(session, rep_id))


def _mention(conversation_id: int, note_id: int, rep_id: int, actor: Rep) -> Notice:
    return Notice(NoticeKind.MENTIONED, conversation_id, f"mentioned:{note_id}:{rep_id}", {"rep": rep_id, "by": actor.id, "note": note_id})


def block(session: Session, actor: Rep, conversation_id: int, blocked: bool, *, now: int) -> Conversation:
    """Shut the customer out of attention, or let them back: what they write is still kept."""
    authorise(session, actor, Action.BLOCK)
    conversation = the(session, conversation_id)
    contacts.block(session, actor, conversation.contact_id, blocked, now=now)
    session.flush()
    tell(session, [card(conversation.id)], now=now)
    return conversation


def wake_snoozed(session: Session, *, now: int) -> int:
    """Bring back the conversations whose time has come and tell who put them off."""
    done = session.execute(
        update(Conversation)
        .where(Conversation.status == Status.SNOOZED.value, Conversation.snoozed_until <= now)
        .values(status=Status.OPEN.value, snoozed_until=0)
        .returning(Conversation.id),
        execution_options={"synchronize_session": False},
    )
    ids = list(done.scalars())
    record(session, *(Change("conversation", number, "woken", System("clock")) for number in ids), now=now)
    tell(session, [notice for number in ids for notice in (card(number), Notice(NoticeKind.SNOOZE_OVER, number, f"snooze:{number}"))], now=now)
    return len(ids)
