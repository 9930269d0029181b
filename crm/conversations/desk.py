"""What the staff's surface asks of threads: which one a post shows, what a rep has seen, which are open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, union_all, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import among, ask, fixed, table_of
from crm.conversations.threads import Attachment, Author, Conversation, Message
from crm.outbox.deliveries import Delivery, State
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.sight import sight_of

LOOK_BACK = 200
COUNTED = 200
_root = aliased(Contact)


@dataclass(frozen=True, slots=True)
class CardPost:
    """A card as it was last put on the way to one member of staff."""

    rep_id: int
    payload: str
    message_id: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the inbox."""

    conversation_id: int
    name: str
    preview: str
    waiting_since: int
    last_at: int
    rep_id: int | None
    holder: str
    snoozed_until: int
    closed: bool = False


def post_at(session: Session, account: str, address: str, external_id: int) -> int | None:
    """The conversation a post in a rep's chat belongs to."""
    question = select(Delivery.conversation_id).where(Delivery.account == account, Delivery.address == address, Delivery.external_id == str(external_id))
    question = question.where(Delivery.desk == fixed(1))
    return session.scalar(question.where(Delivery.conversation_id.is_not(None)).order_by(Delivery.id.desc()).limit(1))


def seen_at(session: Session, account: str, address: str, conversation_id: int, *, before: int, at: int) -> int:
    """The newest message a rep could have seen when they wrote their message number `before`, which reached us at the instant `at`.

    A post that is still leaving does not count (`on_its_way` tells of it): whether it was there before their answer, only its own number shows.
    A card that was drawn again has an old number: what it shows was seen unless a post that came after the answer shows it first.
    """
    rows = session.execute(
        select(Delivery.external_id, Delivery.message_id, Delivery.card)
        .where(Delivery.account == account, Delivery.address == address, Delivery.conversation_id == conversation_id)
        .where(Delivery.claimed_at > 0, Delivery.claimed_at <= at)
        .where(Delivery.external_id.is_not(None), Delivery.desk == fixed(1))
        .order_by(Delivery.id.desc())
        .limit(LOOK_BACK)
    ).all()
    numbered = [(int(row.external_id), row.message_id or 0, bool(row.card)) for row in rows if row.external_id.isdecimal()]
    unseen = min((message for number, message, drawn in numbered if number > before and not drawn and message), default=0)
    return max((message for number, message, drawn in numbered if number < before and not (drawn and 0 < unseen <= message)), default=0)


def on_its_way(session: Session, account: str, address: str, conversation_id: int, *, newer: int, at: int) -> bool:
    """Whether a post that shows words newer than message `newer` began to leave before the instant `at`, and nobody knows yet what came of it."""
    posts = (
        select(Delivery.id)
        .join(Conversation, Conversation.id == Delivery.conversation_id)
        .where(Delivery.account == account, Delivery.address == address, Delivery.conversation_id == conversation_id)
        .where(Delivery.state == State.SENDING.value, Delivery.claimed_at <= at)
        .where(Delivery.message_id > newer, Conversation.last_heard_id > newer)
    )
    return bool(session.scalar(select(posts.exists())))


def card_name(conversation_id: int, rep_id: int) -> str:
    """The name under which a rep's card of a conversation is edited rather than repeated."""
    return f"card:{conversation_id}:{rep_id}"


def cards_of(session: Session, conversation_id: int, rep_ids: Sequence[int]) -> dict[int, CardPost]:
    """The newest card of a conversation that each of these reps has, or is about to have."""
    names = {card_name(conversation_id, rep_id): rep_id for rep_id in rep_ids}
    states = [state.value for state in (State.QUEUED, State.SENDING, State.SENT)]
    rows = session.execute(
        select(Delivery.card, Delivery.payload, Delivery.message_id, Delivery.created_at)
        .where(Delivery.card.in_(names), Delivery.state.in_(states))
        .order_by(Delivery.id)
    )
    return {names[row.card]: CardPost(names[row.card], row.payload or "", row.message_id or 0, row.created_at) for row in rows if row.card}


def standing_since(session: Session, name: str) -> int:
    """When the post that is edited under a name was first put on the way, however often it was edited since (0 = there is none)."""
    columns = (Delivery.account, Delivery.address, Delivery.external_id, Delivery.created_at)
    states = [state.value for state in (State.QUEUED, State.SENDING, State.SENT)]
    drawn = session.execute(select(*columns).where(Delivery.card == name, Delivery.state.in_(states)).order_by(Delivery.id)).all()
    posted = next((row for row in drawn if row.external_id), None)
    if posted is None:
        return min((row.created_at for row in drawn), default=0)
    where = (Delivery.account == posted.account, Delivery.address == posted.address, Delivery.desk == fixed(1))
    there = (*where, Delivery.external_id == posted.external_id)
    return session.scalar(select(func.min(Delivery.created_at)).where(*there)) or 0


def posted_since(session: Session, name: str, since: int) -> bool:
    """Whether a post under a name was put on its way at an instant or later."""
    return session.scalar(select(Delivery.id).where(Delivery.card == name, Delivery.created_at >= since).limit(1)) is not None


def retire(session: Session, name: str) -> None:
    """Let the next post under a name come as a new one: the old one stands, but is not edited any more; what still waits gives way as ever."""
    posts = table_of(Delivery).c
    session.execute(update(table_of(Delivery)).where(posts.card == name, posts.state != State.QUEUED.value).values(card=None))


def adopt(session: Session, actor: Rep, account: str, conversation_id: int, external_id: int, *, now: int) -> None:
    """A post in this rep's chat that is answered did arrive: where a crash left its sending unknown, it is known now."""
    lost = session.scalar(
        select(Delivery)
        .where(Delivery.account == account, Delivery.address == actor.address, Delivery.conversation_id == conversation_id)
        .where(Delivery.state == State.UNKNOWN.value, Delivery.external_id.is_(None))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    if lost is not None:
        lost.state, lost.external_id, lost.settled_at, lost.detail = State.SENT.value, str(external_id), now, "proved by an answer to it"
        session.flush()
        record(session, Change("delivery", lost.id, "adopted", actor, before={"state": State.UNKNOWN.value}, after={"state": State.SENT.value}), now=now)


_FILES = select(Attachment).where(among(Attachment.message_id, "messages")).order_by(Attachment.id)


def files_of(session: Session, message_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    """The files of messages."""
    found: dict[int, list[Attachment]] = {}
    for file in session.scalars(_FILES, {"messages": list(message_ids)}):
        found.setdefault(file.message_id, []).append(file)
    return found


def heard_after(session: Session, conversation_id: int, after: int, *, most: int = 5) -> list[Message]:
    """What the customer said after a message, oldest first."""
    question = select(Message).where(Message.conversation_id == conversation_id, Message.id > after, Message.author == Author.CONTACT.value)
    return list(session.scalars(question.order_by(Message.id).limit(most)))


def inbox(session: Session, rep: Rep, *, mine: bool = False, after: int = 0, most: int = 7) -> tuple[list[Listed], int]:
    """The open conversations a rep may look at: theirs first, then what waits longest for an answer; and how many there are, counted up to `COUNTED` + 1.

    Whose they see besides, their sight says: nobody's, their team's, everybody's.
    """
    sight = sight_of(session, rep, Action.TALK)
    page, number = _INBOXES["mine" if mine else "everybody" if sight.reps is None else "team" if len(sight.reps) > 1 else "free"]
    whose = {"me": rep.id, "team": sorted(sight.reps or ())} if page is _INBOXES["team"][0] else {"me": rep.id}
    rows = ask(session, page, {**whose, "deep": after + most, "after": after, "most": most})
    listed = [
        Listed(row.id, sight.named(row.name), row.preview, row.waiting_since, row.last_at, row.rep_id, row.holder or "", row.snoozed_until) for row in rows
    ]
    return listed, ask(session, number, whose)[0][0]


def _one_list(place: int, *rules: ColumnElement[bool]) -> Select[Any]:
    """The beginning of one list, in the order of an index: a page costs its rows, however many conversations there are."""
    rows = (
        select(
            fixed(place).label("place"),
            Conversation.id,
            func.coalesce(func.nullif(_root.name, ""), _root.platform_name).label("name"),
            Conversation.preview,
            Conversation.waiting_since,
            Conversation.last_at,
            Conversation.rep_id,
            Member.name.label("holder"),
            case((Conversation.status == fixed("snoozed"), Conversation.snoozed_until), else_=fixed(0)).label("snoozed_until"),
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(_root, _root.id == Contact.root_id)
        .outerjoin(Member, Member.id == Conversation.rep_id)
        .where(_root.blocked == fixed(0), Conversation.last_heard_id > fixed(0), *rules)
        .order_by(Conversation.waiting_since, Conversation.last_at.desc(), Conversation.id)
        .limit(bindparam("deep"))
    )
    return select(rows.subquery())


def _number(*rules: ColumnElement[bool]) -> Select[Any]:
    """The conversations of one holder, no more than can be counted."""
    rows = (
        select(Conversation.id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(_root, _root.id == Contact.root_id)
        .where(_root.blocked == fixed(0), Conversation.last_heard_id > fixed(0), Conversation.status.in_([fixed("open"), fixed("snoozed")]), *rules)
        .limit(fixed(COUNTED + 1))
    )
    return select(rows.subquery())


def _inbox_of(*holders: tuple[ColumnElement[bool], ...]) -> tuple[Select[Any], Select[Any]]:
    """The page and the number of an inbox with these holders in this order."""
    lists = [(*holder, *kind) for holder in holders for kind in _KINDS]
    rows = union_all(*(_one_list(place, *rules) for place, rules in enumerate(lists))).subquery()
    order = (rows.c.place, rows.c.waiting_since, rows.c.last_at.desc(), rows.c.id)
    counted = select(union_all(*(_number(*holder) for holder in holders)).subquery()).limit(fixed(COUNTED + 1)).subquery()
    return select(rows).order_by(*order).offset(bindparam("after")).limit(bindparam("most")), select(func.count()).select_from(counted)


_KINDS = (
    (Conversation.status == fixed("open"), Conversation.waiting_since > fixed(0)),
    (Conversation.status == fixed("open"), Conversation.waiting_since == fixed(0)),
    (Conversation.status == fixed("snoozed"),),
)
_MINE, _FREE = (Conversation.rep_id == bindparam("me"),), (Conversation.rep_id.is_(None),)
_OTHERS = (Conversation.rep_id.is_not(None), Conversation.rep_id != bindparam("me"))
_TEAM = (among(Conversation.rep_id, "team"), Conversation.rep_id != bindparam("me"))
_INBOXES = {
    "mine": _inbox_of(_MINE),
    "free": _inbox_of(_MINE, _FREE),
    "team": _inbox_of(_MINE, _FREE, _TEAM),
    "everybody": _inbox_of(_MINE, _FREE, _OTHERS),
}
