"""Forum: each conversation as a topic of the staff's group: the group, the topic's row, the words that are new, how what was typed there fared."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep, Role
from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.outbound import Lane, React, Topic, TopicAct
from crm.base.policy import Action
from crm.base.rows import add_new, ask, fixed, take_ids
from crm.base.time import SECOND
from crm.conversations.desk import post_at, retire
from crm.conversations.talk import states_of
from crm.conversations.threads import Author, Conversation, Message, Status, the
from crm.outbox.deliveries import Delivery, State
from crm.outbox.forum import DEED, TRIES, WORDS, Forum, ForumState, ForumTopic, TopicState, forum_at, found, linked, lose, saturated, topic_of
from crm.outbox.notices import NoticeRow, card, tell
from crm.outbox.payload import pack
from crm.outbox.queue import Parcel, call_back, enqueue
from crm.people.contacts import Contact
from crm.people.desk import EVERYBODY, RepMessage
from crm.people.own_accounts import OwnChat
from crm.people.reps import authorise

_own, _root = aliased(Contact), aliased(Contact)
_ON_THE_WAY = (
    select(Delivery.id)
    .where(Delivery.account == bindparam("account"), Delivery.address == bindparam("chat"))
    .where(or_(Delivery.state == fixed("queued"), Delivery.state == fixed("sending")))
    .limit(1)
)
_elsewhere = and_(ForumTopic.chat != bindparam("chat"), or_(ForumTopic.state != fixed(TopicState.DEAD.value), ForumTopic.tries < fixed(TRIES)))
LOOK = 300
"""So many open conversations are looked through at a time for one without a topic: a millisecond or two."""
_TOP = 2**62
_place = tuple_(Conversation.last_at, Conversation.id)
_from_here = _place <= tuple_(bindparam("at"), bindparam("number"))
_NEWEST_FIRST = (Conversation.last_at.desc(), Conversation.id.desc())
_FARTHEST = (
    select(Conversation.last_at, Conversation.id)
    .where(Conversation.status == fixed(Status.OPEN.value), _from_here)
    .order_by(*_NEWEST_FIRST)
    .offset(fixed(LOOK))
    .limit(1)
)
# Whoever's card would make a topic: not who is blocked, and not what is written to a member's own account.
_BARE = (
    select(Conversation.id, Conversation.last_at)
    .join(_own, _own.id == Conversation.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(ForumTopic, ForumTopic.conversation_id == Conversation.id)
    .where(Conversation.status == fixed(Status.OPEN.value), Conversation.last_heard_id > fixed(0), _root.blocked == fixed(0))
    .where(or_(ForumTopic.id.is_(None), _elsewhere), ~exists().where(OwnChat.identity_id == Conversation.identity_id))
    .where(_from_here, _place >= tuple_(bindparam("least_at"), bindparam("least_number")))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)
FULL_MS = 30 * SECOND
"""A group in which something waits for longer than this is left alone: what comes then is shown in the private chats."""
EARLIER = 10
"""So many of the newest messages open a topic."""
MOST = 60
RECEIPTS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """The group that is linked; `full` = more is said than it takes, so that the private chats help out."""

    id: int
    account: str
    chat: str
    title: str
    language: str
    full: bool = False

    @property
    def reader(self) -> Rep:
        """The group as one more reader of what the staff is shown."""
        return Rep(EVERYBODY, Role.REP, self.title, self.language, self.chat)


def group(session: Session, *, now: int) -> Group | None:
    """The group in use."""
    forum = linked(session)
    return _group(forum, full=saturated(session, forum, since=now - FULL_MS)) if forum else None


def _group(forum: Forum, *, full: bool = False) -> Group:
    return Group(forum.id, forum.account, forum.chat, forum.title, forum.language, full)


def link(session: Session, actor: Actor, account: str, chat: str, *, title: str, now: int) -> Group:
    """Use a group from now on, and no other one; conversations get their topics as they go on."""
    authorise(session, actor, Action.LINK_FORUM)
    before = linked(session)
    if before is not None and before.chat != chat:
        unlink(session, actor, now=now)
    language = actor.language if isinstance(actor, Rep) else "en"
    by = actor.id if isinstance(actor, Rep) else None
    number = next(take_ids(session, 1))
    row = {"id": number, "account": account, "chat": chat, "title": title, "language": language, "state": ForumState.OFF.value, "created_at": now}
    add_new(session, Forum, [{**row, "linked_by": by}])
    forum = forum_at(session, chat)
    assert forum is not None
    if forum.state != ForumState.LINKED:
        forum.state, forum.why, forum.title, forum.language, forum.linked_by = ForumState.LINKED.value, "", title, language, by
        forum.spread_at = forum.spread_id = 0
        session.flush()
        record(session, Change("forum", forum.id, "linked", actor, after={"chat": chat}), now=now)
    return _group(forum)


def unlink(session: Session, actor: Actor, *, now: int) -> None:
    """Use no group any more: what waited for it is shown in the private chats. Raises `NotFound` where none is linked."""
    authorise(session, actor, Action.LINK_FORUM)
    forum = session.scalar(select(Forum).where(Forum.state.in_([ForumState.LINKED.value, ForumState.LOST.value])).order_by(Forum.state).limit(1))
    if forum is None:
        raise NotFound("no group is linked")
    forum.state = ForumState.OFF.value
    session.flush()
    lose(session, forum, "", now=now)
    record(session, Change("forum", forum.id, "unlinked", actor, after={"chat": forum.chat}), now=now)


def conversation_in(session: Session, account: str, chat: str, thread: int) -> int | None:
    """The conversation of a topic; one that was made a moment ago is known by what made it."""
    known = session.scalar(select(ForumTopic.conversation_id).where(ForumTopic.chat == chat, ForumTopic.thread == thread))
    return known or post_at(session, account, chat, thread)


def stands(session: Session, conversation_id: int) -> bool:
    """Whether a conversation can have a topic: it has one, or one may still be tried to be made."""
    topic = topic_of(session, conversation_id)
    return topic is None or topic.state != TopicState.DEAD or topic.tries < TRIES


def keep_topic(session: Session, at: Group, conversation_id: int, name: str, *, now: int) -> ForumTopic:
    """The topic of a conversation, asked for where there is none, open again where the conversation is, under the name it has now."""
    if found(session, conversation_id, at.chat, name, now=now):
        _make(session, at, conversation_id, name, now=now)
    topic = topic_of(session, conversation_id)
    assert topic is not None
    if (topic.state == TopicState.DEAD and topic.tries < TRIES) or topic.chat != at.chat:
        _anew(session, at, topic, name, now=now)
    elif topic.state == TopicState.CLOSED and the(session, conversation_id).status != Status.CLOSED:
        topic.state = TopicState.OPEN.value
        _ask(session, at, conversation_id, Topic(TopicAct.REOPEN), now=now)
    if topic.name != name and topic.state == TopicState.OPEN:
        topic.name = name
        _ask(session, at, conversation_id, Topic(TopicAct.RENAME, name), now=now)
    session.flush()
    return topic


def _anew(session: Session, at: Group, topic: ForumTopic, name: str, *, now: int) -> None:
    """Another topic takes the place of one that is gone; the newest messages open it, and whoever asked at the same time finds it being made."""
    mine = update(ForumTopic).where(ForumTopic.id == topic.id, ForumTopic.state == topic.state, ForumTopic.chat == topic.chat)
    values = {"state": TopicState.CREATING.value, "chat": at.chat, "name": name, "before": topic.before if topic.chat == at.chat else 0}
    taken = session.execute(mine.values(**values, thread=0).returning(ForumTopic.id), execution_options={"synchronize_session": False}).first()
    session.expire(topic)
    if taken is not None:
        _make(session, at, topic.conversation_id, name, now=now)


def _make(session: Session, at: Group, conversation_id: int, name: str, *, now: int) -> None:
    for shown in (words_name(conversation_id), f"card:{conversation_id}:{EVERYBODY}"):
        retire(session, shown)
    delivery_id = _ask(session, at, conversation_id, Topic(TopicAct.MAKE, name), now=now, place=1)
    newest = select(Message.id).where(Message.conversation_id == conversation_id).order_by(Message.id.desc()).offset(EARLIER).limit(1)
    first = session.scalar(newest) or 0
    values = {"delivery_id": delivery_id, "shown_id": first, "start_id": first, "more": 0}
    quietly = {"synchronize_session": False}
    session.execute(update(ForumTopic).where(ForumTopic.conversation_id == conversation_id).values(**values), execution_options=quietly)
    session.expire_all()


def spread(session: Session, *, now: int) -> int:
    """Have one more open conversation get its topic, the newest first, while nothing else waits for the group: so a new group fills by and by.

    Those that have one are passed a few hundred at a time, and from the oldest on all over again: whoever is unblocked gets a topic too.
    """
    forum = linked(session)
    if forum is None or session.scalar(select(NoticeRow.id).limit(1)) is not None:
        return 0
    if ask(session, _ON_THE_WAY, {"account": forum.account, "chat": forum.chat}):
        return 0
    here = {"at": forum.spread_at or _TOP, "number": forum.spread_id or _TOP}
    end = next(iter(ask(session, _FARTHEST, here)), None)
    least = {"least_at": end.last_at if end else 0, "least_number": end.id if end else 0}
    bare = ask(session, _BARE, {"chat": forum.chat, **here, **least})
    on = bare[0] if bare else end
    from_above = end is None and not (bare and forum.spread_at)
    forum.spread_at, forum.spread_id = (0, 0) if from_above or not on else (on.last_at, on.id)
    tell(session, [card(row.id, urgent=True) for row in bare], now=now)
    return len(bare)


def close_topic(session: Session, at: Group, conversation_id: int, *, now: int) -> None:
    """The topic of a closed conversation is closed, after what was said last."""
    topic = topic_of(session, conversation_id)
    if topic is not None and topic.state == TopicState.OPEN and the(session, conversation_id).status == Status.CLOSED:
        topic.state = TopicState.CLOSED.value
        session.flush()
        _ask(session, at, conversation_id, Topic(TopicAct.CLOSE), now=now)


def _ask(session: Session, at: Group, conversation_id: int, deed: Topic, *, now: int, place: int | None = None) -> int:
    once = f"{DEED}{conversation_id}:{next(take_ids(session, 1))}"
    enqueue(session, [Parcel(at.account, at.chat, deed, Lane.REPLY, once, conversation_id, place=place, desk=True)], now=now)
    return session.scalar(select(Delivery.id).where(Delivery.once == once)) or 0


def words_name(conversation_id: int) -> str:
    """The name of the newest post of words in a topic."""
    return f"{WORDS}{conversation_id}"


def unshown(session: Session, at: Group, conversation_id: int, *, now: int) -> list[Message]:
    """What was said and is not in the topic yet, taken to be shown in one post; what waits there unsent is among it, and gives way.

    While the last post of words is leaving there is nothing: it is told again when that has landed.
    """
    topic = topic_of(session, conversation_id)
    assert topic is not None
    last = session.execute(
        select(Delivery.id, Delivery.state).where(Delivery.card == words_name(conversation_id)).order_by(Delivery.id.desc()).limit(1)
    ).first()
    state = State(last.state) if last else State.SENT
    again = state in (State.UNKNOWN, State.FAILED, State.CANCELLED)
    newer = _said(session, at, conversation_id, topic.start_id if again else topic.shown_id)
    if not newer:
        return []
    if state is State.SENDING or (last and state is State.QUEUED and not call_back(session, last.id, why="superseded", now=now)):
        topic.more = 1
        session.flush()
        return []
    start = topic.start_id if state is State.QUEUED or again else topic.shown_id
    said = _said(session, at, conversation_id, start)
    topic.start_id, topic.shown_id = start, max(message.id for message in said)
    session.flush()
    retire(session, words_name(conversation_id))
    return said


def _said(session: Session, at: Group, conversation_id: int, after: int) -> list[Message]:
    """What was said after a message by anybody, but for what was typed in the group itself."""
    question = select(Message).where(Message.conversation_id == conversation_id, Message.id > after).order_by(Message.id).limit(MOST)
    messages = session.scalars(question).all()
    ours = [message.id for message in messages if message.author == Author.REP]
    typed = select(RepMessage.message_id).where(RepMessage.message_id.in_(ours), RepMessage.address == at.chat)
    here = set(session.scalars(typed)) if ours else set()
    return [message for message in messages if message.id not in here]


SIGNS = {
    State.QUEUED: "👀",
    State.SENDING: "👀",
    State.SENT: "👌",
    State.DELIVERED: "👍",
    State.READ: "👍",
    State.UNKNOWN: "🤔",
    State.FAILED: "👎",
    State.CANCELLED: "👎",
    State.EXPIRED: "👎",
}


def receipts(session: Session, at: Group, conversation_id: int, *, now: int) -> None:
    """How the newest messages typed in the group fared, as a reaction on each; only what has changed is asked for."""
    typed = (
        select(Message.id, RepMessage.external_id)
        .join(RepMessage, RepMessage.message_id == Message.id)
        .where(Message.conversation_id == conversation_id, Message.author == Author.REP.value, RepMessage.address == at.chat)
        .order_by(Message.id.desc())
        .limit(RECEIPTS)
    )
    where = {row.id: row.external_id for row in session.execute(typed)}
    states = states_of(session, list(where)) if where else {}
    parcels = [_receipt(session, at, number, external, SIGNS[states[number][0]]) for number, external in where.items() if number in states]
    enqueue(session, [parcel for parcel in parcels if parcel], now=now)


def _receipt(session: Session, at: Group, message_id: int, external_id: str, sign: str) -> Parcel | None:
    name, reaction = f"receipt:{message_id}", React(external_id, sign)
    last = session.scalar(select(Delivery.payload).where(Delivery.card == name).order_by(Delivery.id.desc()).limit(1))
    return None if last == pack(reaction) else Parcel(at.account, at.chat, reaction, Lane.FOLLOWUP, card=name, desk=True)


def noted(session: Session, at: Group, external_id: int, *, now: int) -> None:
    """A note or a command typed in the group was taken: its sign says so."""
    enqueue(session, [Parcel(at.account, at.chat, React(str(external_id), "✍"), Lane.FOLLOWUP, f"noted:{at.chat}:{external_id}", desk=True)], now=now)


def conversations_of(session: Session, at: Group) -> Sequence[int]:
    """The open conversations that have a topic in the group."""
    question = select(ForumTopic.conversation_id).join(Conversation, Conversation.id == ForumTopic.conversation_id)
    return session.scalars(question.where(ForumTopic.chat == at.chat, Conversation.status != Status.CLOSED.value)).all()
