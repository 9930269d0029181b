"""Forum: the group beside the private chats, where each conversation has a topic of its own; how what was sent there ended is heeded here.

A topic's row stands before the topic is asked for, so that nobody asks twice; making it is a delivery like any other, and its receipt is the thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, exists, or_, select, text, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import System
from crm.base.history import Change, record
from crm.base.outbound import MOVED, NO_RIGHTS, TOPIC_GONE, Outbound, Reason, Say, Topic
from crm.base.rows import add_new, among, ask, fixed, table_of, take_ids
from crm.base.table import Row
from crm.base.time import SECOND
from crm.base.wakes import send_topic, wake
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outbox.queue import withdraw
from crm.outbox.settle import Result
from crm.people.desk import RepMessage

Topics = Mapping[tuple[str, int], Any]
"""Topics by the group's address and the conversation."""
GIVEN_UP = "the topic is gone"
TRIES = 3
"""After so many topics that could not be made, a conversation stays in the private chats."""
SURFACE = System("staff bot")
WORDS = "words:"
"""What the names of posts with a customer's words begin with."""
FILE, DEED = "file:", "topic:"
"""What the once-keys begin with of a file in a topic, and of what is done to the topic itself."""


class ForumState(StrEnum):
    """Whether a group is used: `lost` = it was, until we lost our rights there or the group itself; `off` = a manager ended it."""

    LINKED = "linked"
    LOST = "lost"
    OFF = "off"


class TopicState(StrEnum):
    """Where a topic stands; `dead` = it is gone, or could not be made."""

    CREATING = "creating"
    OPEN = "open"
    CLOSED = "closed"
    DEAD = "dead"


class Forum(Row):
    """A group of the staff with topics; `chat` is its address, `account` the staff bot's, `why` what was lost.

    `spread_at` and `spread_id` are the last change and the number of the conversation where the search for those without a topic goes on (0 = the newest).
    """

    __tablename__ = "forums"
    account: Mapped[str]
    chat: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    language: Mapped[str]
    state: Mapped[str]
    why: Mapped[str] = mapped_column(server_default="")
    linked_by: Mapped[int | None]
    spread_at: Mapped[int] = mapped_column(server_default="0")
    spread_id: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]


class ForumTopic(Row):
    """The topic of a conversation: `thread` is its number in the group, `before` that of the one it follows, `delivery_id` what makes it.

    `shown_id` is the newest message that was put on the way to it, `start_id` the newest before the last post of words, `more` = words wait until
    that post has landed.
    """

    __tablename__ = "forum_topics"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    chat: Mapped[str]
    thread: Mapped[int] = mapped_column(server_default="0")
    before: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str]
    name: Mapped[str]
    delivery_id: Mapped[int] = mapped_column(server_default="0")
    tries: Mapped[int] = mapped_column(server_default="0")
    shown_id: Mapped[int] = mapped_column(server_default="0")
    start_id: Mapped[int] = mapped_column(server_default="0")
    more: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]
    __table_args__ = (
        Index("forum_topics_thread", "chat", "thread"),
        Index("forum_topics_creating", "delivery_id", sqlite_where=text("state = 'creating'"), postgresql_where=text("state = 'creating'")),
    )


_MADE = (
    select(ForumTopic.id, ForumTopic.conversation_id, ForumTopic.chat, ForumTopic.tries, Delivery.state.label("ended"), Delivery.external_id)
    .join(Delivery, Delivery.id == ForumTopic.delivery_id)
    .where(ForumTopic.state == fixed("creating"), Delivery.state.not_in([fixed("queued"), fixed("sending")]))
)
_POSTS = (
    select(Delivery.id, Delivery.address, Delivery.conversation_id, Delivery.card, Delivery.once, Delivery.detail, Forum.id.label("forum_id"))
    .join(Forum, Forum.chat == Delivery.address)
    .where(among(Delivery.id, "ids"), Delivery.desk == fixed(1))
)
_WAITED = (
    select(ForumTopic.id, ForumTopic.conversation_id)
    .join(Delivery, Delivery.conversation_id == ForumTopic.conversation_id)
    .where(among(Delivery.id, "ids"), Delivery.desk == fixed(1), ForumTopic.more == fixed(1))
)
_COLUMNS = (ForumTopic.conversation_id, ForumTopic.chat, ForumTopic.thread, ForumTopic.state, ForumTopic.delivery_id, ForumTopic.tries)
_TOPICS = select(*_COLUMNS).where(among(ForumTopic.conversation_id, "ids"))
_DEAD = (Reason.BLOCKED.value, Reason.BAD_ADDRESS.value)


def linked(session: Session) -> Forum | None:
    """The group in use."""
    return session.scalar(select(Forum).where(Forum.state == ForumState.LINKED.value))


def forum_at(session: Session, chat: str) -> Forum | None:
    """The group at an address, in use or not."""
    return session.scalar(select(Forum).where(Forum.chat == chat))


def topic_of(session: Session, conversation_id: int) -> ForumTopic | None:
    """The topic of a conversation."""
    return session.scalar(select(ForumTopic).where(ForumTopic.conversation_id == conversation_id))


def topics_of(session: Session, rows: Sequence[Any]) -> Topics:
    """The topics that these deliveries go to, by address and conversation; whatever else goes to the group stands outside of topics."""
    about = {row.conversation_id for row in rows if row.desk and row.conversation_id}
    return {(found.chat, found.conversation_id): found for found in ask(session, _TOPICS, {"ids": list(about)})} if about else {}


def standing(row: Any, topics: Topics) -> bool:
    """Whether a delivery may leave: it goes to no topic, or to one that is there, or is what makes it."""
    topic = topics.get((row.address, row.conversation_id))
    return topic is None or topic.state in (TopicState.OPEN, TopicState.CLOSED) or topic.delivery_id == row.id


def given_up(session: Session, rows: Sequence[Any], topics: Topics, *, now: int) -> tuple[list[Result], list[Any]]:
    """What came to wait in the very instant a topic was given up does not wait for ever: how it ends, and the other rows; the private chats show it."""
    over = {place for place, topic in topics.items() if topic.state == TopicState.DEAD and topic.tries >= TRIES}
    if not over:
        return [], list(rows)
    late = [row for row in rows if (row.address, row.conversation_id) in over]
    tell(session, [card(row.conversation_id, urgent=True) for row in late], now=now)
    return [Result(row.id, State.CANCELLED, detail=GIVEN_UP) for row in late], [row for row in rows if row not in late]


def in_topic(outbound: Outbound, row: Any, topics: Topics) -> Outbound:
    """What leaves, with the thread it goes to where it belongs to a topic."""
    topic = topics.get((row.address, row.conversation_id))
    return replace(outbound, thread=str(topic.thread)) if topic and topic.thread and isinstance(outbound, Say | Topic) else outbound


def saturated(session: Session, forum: Forum, *, since: int) -> bool:
    """Whether something said before `since` still waits for the group; what waits for a topic that is yet to be made anew says nothing of the group."""
    waits = (Delivery.account == forum.account, Delivery.address == forum.chat, Delivery.state == fixed("queued"))
    mine = (ForumTopic.conversation_id == Delivery.conversation_id, ForumTopic.chat == Delivery.address)
    dead = exists().where(*mine, ForumTopic.state == TopicState.DEAD.value)
    return session.scalar(select(Delivery.id).where(*waits, Delivery.talk == 1, Delivery.created_at < since, ~dead).limit(1)) is not None


def tend(session: Session, results: Sequence[Result], now: int) -> None:
    """Look after the group before something may leave: topics that were made, that could not be, that are gone; rights that were lost."""
    _made(session, now=now)
    ended = [one.delivery_id for one in results if one.state is not State.QUEUED]
    if not ended:
        return
    failed = [one.delivery_id for one in results if one.state is State.FAILED]
    for post in ask(session, _POSTS, {"ids": failed}) if failed else ():
        _failed(session, post, now=now)
    for waited in ask(session, _WAITED, {"ids": ended}):
        session.execute(update(ForumTopic).where(ForumTopic.id == waited.id).values(more=0), execution_options={"synchronize_session": False})
        tell(session, [card(waited.conversation_id, urgent=True)], now=now)


def _made(session: Session, *, now: int) -> None:
    for topic in ask(session, _MADE, {}):
        if topic.ended == State.SENT and topic.external_id:
            _put(session, topic.id, state=TopicState.OPEN.value, thread=int(topic.external_id), tries=0)
        else:  # an unknown one may stand there, empty: better than a conversation without one
            _dead(session, topic, tries=topic.tries + 1, now=now)


def _failed(session: Session, post: Any, *, now: int) -> None:
    detail = post.detail or ""
    if MOVED in detail:
        moved(session, post.address, detail.rpartition(MOVED)[2].strip(), now=now)
        _again(session, post.id, now=now)
    elif TOPIC_GONE in detail and post.conversation_id:
        if not (post.card or "").startswith((WORDS, "card:")) and not (post.once or "").startswith((FILE, DEED)):  # those come anew for the new topic
            _again(session, post.id, now=now)
        gone(session, post.conversation_id, now=now)
    elif NO_RIGHTS in detail or detail.startswith(_DEAD):
        forum = session.get_one(Forum, post.forum_id)
        if forum.state == ForumState.LINKED:
            lose(session, forum, detail.partition(":")[2].strip(), now=now)
        if post.conversation_id:
            tell(session, [card(post.conversation_id, urgent=True)], now=now)


def _again(session: Session, delivery_id: int, *, now: int) -> None:
    session.execute(update(table_of(Delivery)).where(table_of(Delivery).c.id == delivery_id).values(state=State.QUEUED.value, due_at=now + SECOND))


def gone(session: Session, conversation_id: int, *, now: int) -> None:
    """A topic is not there any more: the next look at its conversation makes another."""
    topic = topic_of(session, conversation_id)
    if topic is not None and topic.state in (TopicState.OPEN, TopicState.CLOSED):
        _put(session, topic.id, before=topic.thread, thread=0)
        _dead(session, topic, tries=topic.tries, now=now)


def _dead(session: Session, topic: Any, *, tries: int, now: int) -> None:
    """Nothing waits for a topic that is not there: what was said is shown anew, in the next topic or in the private chats."""
    posts = table_of(Delivery).c
    account = select(Forum.account).where(Forum.chat == topic.chat).scalar_subquery()
    there = (posts.account == account, posts.address == topic.chat, posts.state == fixed("queued"))
    anew = or_(posts.card.startswith(WORDS), posts.card.startswith("card:"), posts.once.startswith(FILE), posts.once.startswith(DEED))
    mine = (posts.conversation_id == topic.conversation_id, posts.desk == 1)
    over = update(table_of(Delivery)).where(*there, *mine, anew if tries < TRIES else true())  # the rest moves on to the next topic, where there will be one
    session.execute(over.values(state=State.CANCELLED.value, detail=GIVEN_UP, settled_at=now))
    _put(session, topic.id, state=TopicState.DEAD.value, tries=tries, shown_id=ForumTopic.start_id, more=0)
    tell(session, [card(topic.conversation_id, urgent=True)], now=now)


def lose(session: Session, forum: Forum, why: str, *, now: int) -> None:
    """The group cannot be written to any more: what waited for it is shown in the private chats, and the managers are told once."""
    waiting = (Delivery.account == forum.account, Delivery.address == forum.chat, Delivery.state == State.QUEUED.value)
    about = session.scalars(select(Delivery.conversation_id).where(*waiting, Delivery.conversation_id.is_not(None)).distinct()).all()
    withdraw(session, forum.account, forum.chat, why="the group is not used", now=now)
    if forum.state == ForumState.LINKED:
        forum.state, forum.why = ForumState.LOST.value, why[:200]
        session.flush()
        record(session, Change("forum", forum.id, "lost", SURFACE, after={"why": why[:200]}), now=now)
        tell(session, [Notice(NoticeKind.FORUM, forum.id, f"forum:{forum.id}:{now}", {"lost": why[:200]})], now=now)
    tell(session, [card(number, urgent=True) for number in about if number], now=now)


def regain(session: Session, forum: Forum, *, now: int) -> None:
    """We have our rights in the group again: it is used as before."""
    if forum.state == ForumState.LOST and linked(session) is None:
        forum.state, forum.why = ForumState.LINKED.value, ""
        session.flush()
        record(session, Change("forum", forum.id, "regained", SURFACE), now=now)
        tell(session, [Notice(NoticeKind.FORUM, forum.id, f"forum:{forum.id}:{now}", {"lost": ""})], now=now)


def moved(session: Session, old: str, new: str, *, now: int) -> None:
    """The group has another address from now on: everything that names it does too, and what waits goes there."""
    forum = forum_at(session, old)
    if forum is None or forum_at(session, new) is not None:
        return
    quietly = {"synchronize_session": False}
    forum.chat = new
    session.flush()
    session.execute(update(ForumTopic).where(ForumTopic.chat == old).values(chat=new), execution_options=quietly)
    session.execute(update(Delivery).where(Delivery.account == forum.account, Delivery.address == old).values(address=new), execution_options=quietly)
    session.execute(update(RepMessage).where(RepMessage.address == old).values(address=new), execution_options=quietly)
    record(session, Change("forum", forum.id, "moved", SURFACE, {"chat": old}, {"chat": new}), now=now)
    wake(session, send_topic(forum.account))


def found(session: Session, conversation_id: int, chat: str, name: str, *, now: int) -> bool:
    """Have the row of a conversation's topic stand, to be made; false where it stands already. Of two who ask at once, one is told yes."""
    number = next(take_ids(session, 1))
    row = {"id": number, "conversation_id": conversation_id, "chat": chat, "state": TopicState.CREATING.value, "name": name, "created_at": now}
    return bool(add_new(session, ForumTopic, [row]))


def _put(session: Session, topic_id: int, **values: object) -> None:
    session.execute(update(ForumTopic).where(ForumTopic.id == topic_id).values(**values))
