"""Thread: everything a page shows of one conversation, read once, as plain values, for one who may follow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import NotFound
from crm.base.events import MediaKind
from crm.base.outbound import May, Media, Window
from crm.base.policy import Action
from crm.conversations.addresses import instead_of
from crm.conversations.desk import files_of
from crm.conversations.planned import PlannedReply, planned_for
from crm.conversations.rest import first_of_rest, rest_of
from crm.conversations.talk import held_by, states_of, within_reach
from crm.conversations.threads import POINTED, Attachment, Author, Conversation, Kind, MediaState, Message, Note, Status, notes_of, the, thread
from crm.outbox.deliveries import Delivery, State
from crm.outreach import persons
from crm.people.contacts import family_of, points_of
from crm.people.fields import FieldKind, FieldView
from crm.people.reps import Member, authorise
from crm.people.sight import seen_by
from crm.people.suggestions import Possible, open_ones
from crm.people.tags import tags_of
from crm.reports.deals import Brief, briefs_about
from crm.reports.orders import CardOrder, order_about
from crm.reports.party import Party, party_of, there
from crm.reports.person import Address, others_of
from crm.reports.words import short_source, title_of
from crm.sales.details import shown_details
from crm.sales.entries import Known, entry_of
from crm.sales.leads import lead_of
from crm.sales.referrals import brought_by, referrer_name
from crm.sales.scores import Likely
from crm.sales.tasks import Task, TaskKind
from crm.sales.todo import beside

Outcome = tuple[State, str, int]
"""What became of a message: its true state, the reason, and the number of the part that decides it."""
NOTES, TODOS = 20, 3
LOOK_BACK = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One message; `kinds` are those of all its files, `files` those whose bytes are here.

    `state` is what became of ours, None for the customer's; `delivery_id` is the part that decides it. `instead` is the channel it was meant for, where
    that one could not be reached.
    """

    id: int
    author: Author
    kind: str
    who: str
    text: str
    at: int
    edited: bool = False
    kinds: tuple[str, ...] = ()
    files: tuple[Media, ...] = ()
    state: State | None = None
    detail: str = ""
    delivery_id: int = 0
    instead: str = ""
    deleted: bool = False

    @property
    def lost_files(self) -> int:
        """How many files there is nothing to show of."""
        return len(self.kinds) - len(self.files)


@dataclass(frozen=True, slots=True)
class Remark:
    """One note; `source` is who said it elsewhere, `file` the number of what is kept with it (0 = nothing)."""

    id: int
    who: str
    text: str
    at: int
    source: str = ""
    file: int = 0


@dataclass(frozen=True, slots=True)
class Todo:
    """One open task; `who` is whose it is ("" = of whoever has the conversation)."""

    id: int
    kind: TaskKind
    text: str
    due_at: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """What staff may see of a conversation; where somebody else has it, `look_at` leaves out lines, notes and what is known of the customer.

    `rest` is how many messages came beyond those posted one by one, `rest_from` the first of them.
    `reply_state` is the true state of the newest words of a rep, None when they said nothing of late. `others` are further addresses of the person,
    `possible` who they may be, the surest first. `may` is what the platform takes now (None = it does not differ, or nobody was asked), until `may_until`;
    `billed` = what goes now costs money.
    `likely` is how likely their open lead is (None = nobody was asked).
    `entry` is the link their lead came by, `referrer` who gave it to them, `brought` how many they brought themselves.
    """

    conversation_id: int
    account: str
    channel: str
    name: str
    username: str = ""
    source: str = ""
    language: str = ""
    status: str = Status.OPEN
    holder_id: int | None = None
    holder: str = ""
    snoozed_until: int = 0
    waiting_since: int = 0
    person_called: bool = False
    blocked: bool = False
    reachable: bool = True
    last_heard_id: int = 0
    rest: int = 0
    rest_from: int = 0
    elsewhere: bool = False
    need: str = ""
    phone: str = ""
    lead_status: str = ""
    lead_id: int = 0
    likely: Likely | None = None
    lines: tuple[Line, ...] = ()
    notes: tuple[Remark, ...] = ()
    todos: tuple[Todo, ...] = ()
    planned: tuple[Remark, ...] = ()
    reply_state: State | None = None
    reply_detail: str = ""
    others: tuple[Address, ...] = ()
    possible: tuple[Possible, ...] = ()
    window: Window = field(default_factory=Window)
    may: May | None = None
    may_until: int = 0
    billed: bool = False
    entry: Known | None = None
    deals: tuple[Brief, ...] = ()
    order: CardOrder | None = None
    referrer: str = ""
    kind: str = "customer"
    brought: int = 0
    details: tuple[tuple[FieldView, str], ...] = ()
    tags: tuple[str, ...] = ()


def reach(session: Session, actor: Rep, conversation_id: int) -> Conversation:
    """A conversation this member may do something about: their own, or nobody's, or anybody's for one who may take over; else `Taken` by whom."""
    authorise(session, actor, Action.TALK)
    return within_reach(session, actor, conversation_id)


def look_at(session: Session, actor: Rep, conversation_id: int, titles: Mapping[str, str], *, last: int = 100) -> Thread:
    """A conversation with its newest messages, for one who may follow it; `titles` are what accounts are called."""
    party = party_of(session, reach(session, actor, conversation_id).id)
    if party.holder_id not in (None, actor.id):
        return as_read_by(actor, replace(_outside(session, party, titles), elsewhere=True))
    return as_read_by(actor, _inside(session, party, titles, last, NOTES))


def see(session: Session, conversation_id: int, titles: Mapping[str, str], *, last: int, notes: int) -> Thread:
    """A conversation with its newest messages and notes, for one who decides by themselves who may follow it."""
    return _inside(session, party_of(session, conversation_id), titles, last, notes)


def as_read_by(reader: Rep, seen: Thread) -> Thread:
    """A conversation as this reader may have it: phones and e-mails are masked for whoever sees them so, but not inside what was said. Pure."""
    sight = seen_by(reader)
    if sight.points:
        return seen
    possible = tuple(replace(one, name=sight.named(one.name), common=sight.named(one.common)) for one in seen.possible)
    others = tuple(replace(one, username=sight.named(one.username)) for one in seen.others)
    phone = sight.shown("phone", seen.phone) if seen.phone else ""
    details = tuple((one, sight.shown("phone", value) if one.kind is FieldKind.PHONE else value) for one, value in seen.details)
    name, username = sight.named(seen.name), sight.named(seen.username)
    seen = replace(seen, lines=tuple(replace(one, text=sight.told(one.text, points=one.kind in POINTED)) for one in seen.lines))
    seen = replace(seen, referrer=sight.named(seen.referrer), todos=tuple(replace(one, text=sight.named(one.text)) for one in seen.todos))
    return replace(seen, name=name, username=username, phone=phone, others=others, possible=possible, details=details)


def _outside(session: Session, party: Party, titles: Mapping[str, str]) -> Thread:
    conversation, root, identity = party.conversation, party.root, party.identity
    return Thread(
        conversation_id=conversation.id,
        account=conversation.account,
        channel=title_of(titles, conversation.account),
        name=root.name or root.platform_name,
        username=identity.username,
        source=short_source(conversation.source),
        language=root.language,
        kind=root.kind,
        status=conversation.status,
        holder_id=party.holder_id,
        holder=party.member.name if party.member else "",
        snoozed_until=conversation.snoozed_until,
        waiting_since=conversation.waiting_since,
        person_called=bool(conversation.person_called),
        blocked=bool(root.blocked),
        reachable=bool(identity.reachable),
        last_heard_id=conversation.last_heard_id,
        rest=rest_of(conversation),
        rest_from=first_of_rest(session, conversation),
        window=Window(identity.last_inbound_at, identity.session_ends_at),
    )


def _inside(session: Session, party: Party, titles: Mapping[str, str], last: int, notes: int) -> Thread:
    conversation, root_id, family = party.conversation, party.root.id, family_of(session, party.root.id)
    has, lead, said = there(session, party, family), lead_of(session, root_id), thread(session, conversation.id, last=max(last, LOOK_BACK))
    remarks = notes_of(session, conversation.id, notes) if has.notes else []
    waiting = planned_for(session, conversation.id)[:TODOS] if has.planned else []
    tasks = beside(session, conversation, TODOS, family) if has.tasks else []
    shown, words = said[-last:], _newest_words(said)
    names = _names(session, [*shown, *remarks, *waiting, *tasks], party.member)
    states = _states(session, [*shown, *words])
    state, detail = next((states[one.id][:2] for one in words if one.id in states), (None, ""))
    entry = entry_of(session, lead.id) if lead and has.entry else None
    return replace(
        _outside(session, party, titles),
        need=lead.need if lead else "",
        phone=next(iter(points_of(session, root_id, "phone", family)), "") if has.phone else "",
        lead_status=lead.status if lead else "",
        lead_id=lead.id if lead else 0,
        entry=entry,
        referrer=referrer_name(session, entry),
        brought=brought_by(session, root_id) if has.brought else 0,
        lines=_lines(session, shown, titles, names, states),
        notes=tuple(Remark(one.id, names.get(one.rep_id, ""), one.text, one.at, one.source, one.attachment_id or 0) for one in remarks),
        todos=tuple(Todo(task.id, TaskKind(task.kind), task.text, task.due_at, names.get(task.rep_id or 0, "")) for task in tasks),
        planned=tuple(Remark(one.id, names.get(one.rep_id, ""), one.text, one.due_at) for one in waiting),
        reply_state=state,
        reply_detail=detail,
        others=others_of(session, party.identity, titles) if has.others else (),
        possible=tuple(open_ones(session, root_id)) if has.possible else (),
        deals=briefs_about(session, root_id, family) if has.deals else (),
        order=order_about(session, root_id, family) if has.orders else None,
        details=shown_details(session, root_id) if has.details else (),
        tags=tags_of(session, [root_id])[root_id] if has.tags else (),
    )


def _newest_words(said: Sequence[Message]) -> list[Message]:
    """The newest words of a rep (none, or one), also where they stand a little above the lines that are shown."""
    return [message for message in said if message.author == Author.REP and message.kind != Kind.REACTION][-1:]


def file_at(session: Session, actor: Rep, conversation_id: int, attachment_id: int) -> Media:
    """A file of a conversation this member may follow; raises `NotFound` where its bytes are not here."""
    conversation = reach(session, actor, conversation_id)
    wanted = select(Attachment).join(Message, Message.id == Attachment.message_id).where(Message.conversation_id == conversation.id)
    file = session.scalar(wanted.where(Attachment.id == attachment_id, Attachment.state == MediaState.READY.value))
    if file is None or held_by(session, conversation) not in (None, actor.id):
        raise NotFound
    return _media(file)


def part_of(session: Session, conversation_id: int, delivery_id: int) -> int:
    """A part on its way out, if it belongs to this conversation; raises `NotFound`."""
    wanted = select(Delivery.id).where(Delivery.id == delivery_id, Delivery.conversation_id == conversation_id, Delivery.desk == 0)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound
    return found


def everything(session: Session, actor: Rep, conversation_id: int, titles: Mapping[str, str], *, last: int = 50) -> tuple[tuple[str, Line], ...]:
    """The newest words with one person on all channels in reading order, each with its channel; raises `Taken` by whoever has a part of it."""
    contact_id = the(session, conversation_id).contact_id
    persons.reach(session, actor, contact_id)
    channels = {one.id: title_of(titles, one.account) for one in persons.threads_of(session, contact_id)}
    newest = select(Message).where(Message.conversation_id.in_(channels)).order_by(Message.id.desc()).limit(last)
    said = list(reversed(session.scalars(newest).all()))
    lines = _lines(session, said, titles, _names(session, said), _states(session, said))
    return tuple((channels[message.conversation_id], line) for message, line in zip(said, lines, strict=True))


def _lines(session: Session, said: Sequence[Message], titles: Mapping[str, str], names: Mapping[int, str], states: Mapping[int, Outcome]) -> tuple[Line, ...]:
    files = files_of(session, [message.id for message in said]) if said else {}
    lines = (_line(message, names, files.get(message.id, []), states.get(message.id)) for message in said)
    instead = (instead_of(message.once) for message in said)
    return tuple(replace(line, instead=title_of(titles, account)) if account else line for line, account in zip(lines, instead, strict=True))


def _line(message: Message, names: Mapping[int, str], files: Sequence[Attachment], state: Outcome | None) -> Line:
    ready = tuple(_media(file) for file in files if file.state == MediaState.READY)
    who, kinds = names.get(message.rep_id or 0, ""), tuple(file.kind for file in files)
    said = Line(message.id, Author(message.author), message.kind, who, message.text, message.at, bool(message.edited_at), kinds, ready, *(state or ()))
    return replace(said, deleted=True) if message.deleted_at else said


def _states(session: Session, said: Sequence[Message]) -> dict[int, Outcome]:
    """What became of those that are ours."""
    ours = {message.id for message in said if message.author != Author.CONTACT}
    return states_of(session, sorted(ours)) if ours else {}


def _names(session: Session, rows: Sequence[Message | Note | PlannedReply | Task], known: Member | None = None) -> dict[int, str]:
    """Who of the staff wrote each of these or has it, by number; of one it is `known` already."""
    names = {known.id: known.name} if known else {}
    wanted = {row.rep_id for row in rows if row.rep_id} - names.keys()
    found = session.execute(select(Member.id, Member.name).where(Member.id.in_(wanted))) if wanted else ()
    return names | {row.id: row.name for row in found}


def _media(file: Attachment) -> Media:
    return Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size)
