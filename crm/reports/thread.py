"""Thread: everything a page shows of one conversation, read once, as plain values, for one who may follow it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Forbidden, NotFound, Taken
from crm.base.events import MediaKind
from crm.base.outbound import Media
from crm.base.policy import Action
from crm.conversations.desk import files_of
from crm.conversations.talk import holder, states_of
from crm.conversations.threads import Attachment, Author, Conversation, MediaState, Message, notes_of, the, thread
from crm.outbox.deliveries import Delivery, State
from crm.people.contacts import Identity, points_of, root_of
from crm.people.reps import Member, authorise
from crm.sales.leads import lead_of

NOTES = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One message; `state` is what became of ours, None for the customer's; `delivery_id` is the part that decides it."""

    id: int
    author: Author
    kind: str
    who: str
    text: str
    at: int
    edited: bool
    files: tuple[Media, ...] = ()
    lost_files: int = 0
    state: State | None = None
    detail: str = ""
    delivery_id: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """One note."""

    id: int
    who: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Thread:
    """What a member of staff may see of a conversation; where somebody else has it, lines, notes and what is known of the customer are left out."""

    conversation_id: int
    account: str
    name: str
    username: str
    language: str
    status: str
    holder_id: int | None
    holder: str
    snoozed_until: int
    waiting_since: int
    person_called: bool
    blocked: bool
    reachable: bool
    last_heard_id: int
    elsewhere: bool = False
    need: str = ""
    phone: str = ""
    lead_status: str = ""
    lines: tuple[Line, ...] = ()
    notes: tuple[Remark, ...] = ()


def reach(session: Session, actor: Rep, conversation_id: int) -> Conversation:
    """A conversation this member may do something about: their own, or nobody's, or anybody's for one who may take over; else `Taken` by whom."""
    authorise(session, actor, Action.TALK)
    conversation = the(session, conversation_id)
    if conversation.rep_id not in (None, actor.id):
        try:
            authorise(session, actor, Action.TAKE_OVER)
        except Forbidden as error:
            raise Taken(holder(session, conversation)) from error
    return conversation


def look_at(session: Session, actor: Rep, conversation_id: int, *, last: int = 100) -> Thread:
    """A conversation with its newest messages."""
    conversation = reach(session, actor, conversation_id)
    root, identity = root_of(session, conversation.contact_id), session.get_one(Identity, conversation.identity_id)
    elsewhere = conversation.rep_id not in (None, actor.id)
    lead = None if elsewhere else lead_of(session, root.id)
    return Thread(
        conversation_id=conversation.id,
        account=conversation.account,
        name=root.name or root.platform_name,
        username=identity.username,
        language=root.language,
        status=conversation.status,
        holder_id=conversation.rep_id,
        holder=holder(session, conversation),
        snoozed_until=conversation.snoozed_until,
        waiting_since=conversation.waiting_since,
        person_called=bool(conversation.person_called),
        blocked=bool(root.blocked),
        reachable=bool(identity.reachable),
        last_heard_id=conversation.last_heard_id,
        elsewhere=elsewhere,
        need=lead.need if lead else "",
        phone="" if elsewhere else next(iter(points_of(session, root.id, "phone")), ""),
        lead_status=lead.status if lead else "",
        lines=() if elsewhere else _lines(session, thread(session, conversation.id, last=last)),
        notes=() if elsewhere else _notes(session, conversation.id),
    )


def file_at(session: Session, actor: Rep, conversation_id: int, attachment_id: int) -> Media:
    """A file of a conversation this member may follow; raises `NotFound` where its bytes are not here."""
    conversation = reach(session, actor, conversation_id)
    wanted = select(Attachment).join(Message, Message.id == Attachment.message_id).where(Message.conversation_id == conversation.id)
    file = session.scalar(wanted.where(Attachment.id == attachment_id, Attachment.state == MediaState.READY.value))
    if file is None or conversation.rep_id not in (None, actor.id):
        raise NotFound
    return _media(file)


def part_of(session: Session, conversation_id: int, delivery_id: int) -> int:
    """A part on its way out, if it belongs to this conversation; raises `NotFound`."""
    wanted = select(Delivery.id).where(Delivery.id == delivery_id, Delivery.conversation_id == conversation_id, Delivery.desk == 0)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound
    return found


def _lines(session: Session, said: Sequence[Message]) -> tuple[Line, ...]:
    names = _names(session, [message.rep_id for message in said])
    files = files_of(session, [message.id for message in said])
    states = states_of(session, [message.id for message in said if message.author != Author.CONTACT])
    return tuple(_line(message, names, files.get(message.id, []), states.get(message.id)) for message in said)


def _line(message: Message, names: dict[int, str], files: Sequence[Attachment], state: tuple[State, str, int] | None) -> Line:
    ready = tuple(_media(file) for file in files if file.state == MediaState.READY)
    who = names.get(message.rep_id or 0, "")
    edited, rest = bool(message.edited_at), len(files) - len(ready)
    return Line(message.id, Author(message.author), message.kind, who, message.text, message.at, edited, ready, rest, *(state or ()))


def _notes(session: Session, conversation_id: int) -> tuple[Remark, ...]:
    notes = notes_of(session, conversation_id, NOTES)
    names = _names(session, [note.rep_id for note in notes])
    return tuple(Remark(note.id, names.get(note.rep_id, ""), note.text, note.at) for note in notes)


def _names(session: Session, rep_ids: Sequence[int | None]) -> dict[int, str]:
    known = session.execute(select(Member.id, Member.name).where(Member.id.in_({number for number in rep_ids if number})))
    return {row.id: row.name for row in known}


def _media(file: Attachment) -> Media:
    return Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size)
