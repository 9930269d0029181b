"""The staff's group and its topics: one of each, made once, with what is new in order; on every engine."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Forbidden, NotFound
from crm.base.outbound import MOVED, NO_RIGHTS, TOPIC_GONE, Lane, Say
from crm.base.rows import add
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import SECOND
from crm.conversations import forum, talk
from crm.conversations.forum import FULL_MS, Group
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from crm.outbox.forum import TRIES, Forum, ForumTopic, TopicState, linked, tend, topic_of
from crm.outbox.notices import NoticeRow
from crm.outbox.queue import Parcel, enqueue
from crm.outbox.settle import Result, settle
from crm.people.contacts import Contact, Identity
from crm.people.desk import remember
from crm.people.own_accounts import OwnChat
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, rows, said

CHAT = "-1001900000001"
CROWD = 1_000_000


async def group(store: Store, name: str = "mariam") -> Group:
    """A group that a manager has linked."""
    manager = await hire(store, name, Role.MANAGER)
    return await store.write(lambda s: forum.link(s, manager, "staff", CHAT, title="The team", now=NOON))


async def conversation(store: Store, company: Company, *texts: str) -> int:
    """What Ann said, as a conversation."""
    await hear(store, company, *(said(f"{text}:{place}", "ann", text) for place, text in enumerate(texts or ("Hello",))))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def topic(store: Store, at: Group, number: int, *, thread: int = 40) -> None:
    """The topic of a conversation, made."""
    await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
    await ended(store, State.SENT, str(thread))


async def ended(store: Store, state: State, external: str | None = None, detail: str = "") -> None:
    """The newest delivery to the group ended like this, and it is heeded."""

    def deed(session: Session) -> None:
        newest = session.scalar(select(func.max(Delivery.id)).where(Delivery.address == CHAT))
        assert newest is not None
        result = Result(newest, state, external_id=external, detail=detail)
        settle(session, [result], now=NOON)
        tend(session, [result], NOON)

    await store.write(deed)


async def state_of(store: Store, number: int) -> tuple[str, int]:
    """Where a topic stands, and its thread."""

    def look(session: Session) -> tuple[str, int]:
        found = topic_of(session, number)
        assert found is not None
        return found.state, found.thread

    return await store.read(look)


async def words(store: Store, at: Group, number: int) -> list[str]:
    """What is new for a topic, taken."""
    return await store.write(lambda s: [message.text for message in forum.unshown(s, at, number, now=NOON) if message.author == "contact"])


async def post(store: Store, number: int) -> None:
    """A post of words is put on its way."""
    parcel = Parcel("staff", CHAT, Say("words"), Lane.REPLY, None, number, card=forum.words_name(number), desk=True)
    await store.write(lambda s: enqueue(s, [parcel], now=NOON))


async def test_only_a_manager_links_a_group_or_ends_it(store: Store) -> None:
    rep = await hire(store, "tigran")
    for deed in (lambda s: forum.link(s, rep, "staff", CHAT, title="", now=NOON), lambda s: forum.unlink(s, rep, now=NOON)):
        with pytest.raises(Forbidden):
            await store.write(deed)


async def test_linking_twice_is_linking_once(store: Store) -> None:
    at = await group(store)
    assert await group(store, "anahit") == at
    assert await rows(store, select(Forum.state)) == ["linked"]


async def test_another_group_takes_the_place_of_the_first(store: Store) -> None:
    await group(store)
    await store.write(lambda s: forum.link(s, System("test"), "staff", "-1002", title="New", now=NOON))
    assert await store.read(lambda s: getattr(linked(s), "chat", "")) == "-1002"
    assert sorted(await rows(store, select(Forum.state))) == ["linked", "off"]


async def test_there_is_nothing_to_end_where_no_group_is_linked(store: Store) -> None:
    manager = await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(NotFound):
        await store.write(lambda s: forum.unlink(s, manager, now=NOON))


async def test_of_many_who_want_a_topic_at_once_one_makes_it(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)

    def deed(session: Session) -> int:
        return forum.keep_topic(session, at, number, "A · Ann", now=NOON).id

    made = await asyncio.gather(*(store.write(deed) for _ in range(8)))
    assert len(set(made)) == 1
    assert await rows(store, select(func.count()).select_from(Delivery).where(Delivery.address == CHAT)) == [1]


async def test_a_topic_that_was_made_is_open_under_its_number(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number, thread=40)
    assert await state_of(store, number) == (TopicState.OPEN, 40)
    assert await store.read(lambda s: forum.conversation_in(s, "staff", CHAT, 40)) == number


@pytest.mark.parametrize("how", [State.UNKNOWN, State.FAILED, State.CANCELLED])
async def test_a_topic_that_may_not_be_there_is_asked_for_again(store: Store, company: Company, how: State) -> None:
    at, number = await group(store), await conversation(store, company)
    await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
    await ended(store, how)
    assert (await state_of(store, number))[0] == TopicState.DEAD
    await topic(store, at, number, thread=41)
    assert await state_of(store, number) == (TopicState.OPEN, 41)


async def test_after_three_refusals_a_conversation_stays_private(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    for _ in range(TRIES):
        assert await store.read(lambda s: forum.stands(s, number))
        await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
        await ended(store, State.FAILED, detail="rejected: no")
    assert not await store.read(lambda s: forum.stands(s, number))


async def waiting(store: Store, number: int) -> None:
    """Words, a file and an answer to a colleague wait for the topic."""
    await post(store, number)
    for once in (f"file:{CHAT}:1:9", "note"):
        parcel = Parcel("staff", CHAT, Say(once), Lane.REPLY, once, number, desk=True)
        await store.write(lambda s: enqueue(s, [parcel], now=NOON))  # noqa: B023


async def unmade(store: Store) -> None:
    """The topic could not be made, and that is heeded."""

    def deed(session: Session) -> None:
        topic = session.scalars(select(ForumTopic)).one()
        result = Result(topic.delivery_id, State.FAILED, detail="rejected: no")
        settle(session, [result], now=NOON)
        tend(session, [result], NOON)

    await store.write(deed)


WAITING = select(Delivery.once).where(Delivery.address == CHAT, Delivery.state == "queued")


async def test_what_is_shown_anew_does_not_wait_for_a_topic_that_is_not_there(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
    assert await words(store, at, number) == ["Hello"]
    await waiting(store, number)
    await unmade(store)
    assert await rows(store, WAITING) == ["note"]
    assert await rows(store, select(ForumTopic.shown_id)) == [0]


async def test_nothing_waits_for_a_topic_that_is_made_no_more(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    for _ in range(TRIES):
        await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
        await waiting(store, number)
        await unmade(store)
    assert await rows(store, WAITING) == []


class Surface(Stub):
    """The staff bot's carrier, which is never asked for anything here."""

    account = "staff"


async def test_what_comes_to_wait_in_the_instant_a_topic_is_given_up_is_shown_privately(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    for _ in range(TRIES):
        await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
        await unmade(store)
    await waiting(store, number)  # another transaction had seen it standing
    await store.write(lambda s: s.execute(delete(NoticeRow)) and None)
    surface = Surface()
    drain = Drain(store, surface, None, node="n", clock=lambda: NOON, tend=tend)  # type: ignore[arg-type]
    for _ in await rows(store, WAITING):  # one at a time for a chat
        await drain.run()
    assert await rows(store, WAITING) == []
    assert await rows(store, select(NoticeRow.key, NoticeRow.urgent)) == [(f"card:{number}", 1)]
    assert surface.sent == []


async def test_a_new_group_fills_by_and_by_while_nothing_else_waits_for_it(store: Store, company: Company) -> None:
    await hear(store, company, *(said(place, who) for place, who in enumerate(("ann", "bob", "eve"))))
    ann, bob, eve = await rows(store, select(Conversation.id).order_by(Conversation.id))

    async def told() -> list[str]:
        await store.write(lambda s: forum.spread(s, now=NOON))
        return await rows(store, select(NoticeRow.key))

    async def over() -> None:
        await store.write(lambda s: s.execute(delete(NoticeRow)) and None)

    await over()
    assert await told() == []  # no group, no topics
    at = await group(store)
    await over()
    assert await told() == await told() == [f"card:{eve}"]
    await over()
    await store.write(lambda s: forum.keep_topic(s, at, eve, "A · Eve", now=NOON))
    assert await told() == []  # its topic is being made
    await ended(store, State.SENT, "40")
    assert await told() == [f"card:{bob}"]
    await over()
    await store.write(lambda s: s.execute(update(Contact).where(Contact.platform_name == "Bob").values(blocked=1)) and None)
    assert await told() == [f"card:{ann}"]
    await over()
    own = {"id": 9_000, "account": "fake", "through": "c1"}
    await store.write(lambda s: add(s, OwnChat, [{**own, "identity_id": s.scalars(select(Identity.id).where(Identity.external_id == "ann")).one()}]))
    assert await told() == []


async def test_a_group_that_takes_the_place_of_another_gets_its_topics_too(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number)
    await store.write(lambda s: forum.link(s, System("test"), "staff", "-1002", title="New", now=NOON))
    await store.write(lambda s: s.execute(delete(NoticeRow)) and None)
    assert await store.write(lambda s: forum.spread(s, now=NOON)) == 1
    assert await rows(store, select(NoticeRow.key)) == [f"card:{number}"]


async def crowd(store: Store, number: int, count: int) -> None:
    """So many more conversations, each newer than the one before and with a topic in the group."""

    def like(one: Row, start: int, **columns: int) -> list[dict[str, object]]:
        row = {column.name: getattr(one, column.name) for column in type(one).__table__.columns}
        return [{**row, "id": start + n, **{name: first + n for name, first in columns.items()}} for n in range(count)]

    def fill(session: Session) -> None:
        conversation = session.get_one(Conversation, number)
        contact, identity = session.get_one(Contact, conversation.contact_id), session.get_one(Identity, conversation.identity_id)
        topic = session.scalars(select(ForumTopic)).one()
        add(session, Contact, like(contact, CROWD, root_id=CROWD))
        add(session, Identity, [{**row, "external_id": f"x{row['id']}"} for row in like(identity, 2 * CROWD, contact_id=CROWD)])
        theirs = {"contact_id": CROWD, "identity_id": 2 * CROWD, "open_identity_id": 2 * CROWD, "last_at": NOON + 1}
        add(session, Conversation, like(conversation, 3 * CROWD, **theirs))
        add(session, ForumTopic, like(topic, 4 * CROWD, conversation_id=3 * CROWD, thread=1000))
        session.execute(delete(ForumTopic).where(ForumTopic.id == topic.id))
        session.execute(delete(NoticeRow))

    await store.write(fill)


async def test_those_that_have_topics_are_passed_some_hundreds_at_a_time_and_all_over_again(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number)
    await crowd(store, number, 2 * forum.LOOK + 1)

    async def spread() -> list[str]:
        await store.write(lambda s: forum.spread(s, now=NOON))
        told = await rows(store, select(NoticeRow.key))
        await store.write(lambda s: s.execute(delete(NoticeRow)) and None)
        return told

    assert [await spread() for _ in range(4)] == [[], [], [f"card:{number}"], [f"card:{number}"]]  # until it has one
    await topic(store, at, number)
    newest = 3 * CROWD + 2 * forum.LOOK
    await store.write(lambda s: s.execute(delete(ForumTopic).where(ForumTopic.conversation_id == newest)) and None)
    await store.write(lambda s: s.execute(delete(NoticeRow)) and None)
    assert [await spread() for _ in range(2)] == [[], [f"card:{newest}"]]


async def test_what_waits_for_a_dead_topic_does_not_fill_the_group(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await store.write(lambda s: forum.keep_topic(s, at, number, "A · Ann", now=NOON))
    await waiting(store, number)

    async def full() -> bool:
        found = await store.read(lambda s: forum.group(s, now=NOON + FULL_MS + SECOND))
        return found is not None and found.full

    assert await full()
    await unmade(store)
    assert await rows(store, WAITING) == ["note"]
    assert not await full()


async def test_words_are_shown_once_and_in_order(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company, "One", "Two")
    await topic(store, at, number)
    assert await words(store, at, number) == ["One", "Two"]
    await post(store, number)
    await ended(store, State.SENT, "50")
    assert await words(store, at, number) == []


async def test_words_that_wait_unsent_are_taken_along(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company, "One")
    await topic(store, at, number)
    await words(store, at, number)
    await post(store, number)
    await hear(store, company, said("k2", "ann", "Two"))
    assert await words(store, at, number) == ["One", "Two"]
    assert await rows(store, select(Delivery.state).where(Delivery.address == CHAT).order_by(Delivery.id)) == ["sent", "cancelled"]


async def test_words_wait_for_those_that_are_just_leaving(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company, "One")
    await topic(store, at, number)
    await words(store, at, number)
    await post(store, number)
    await store.write(lambda s: s.query(Delivery).filter(Delivery.card == forum.words_name(number)).update({"state": "sending"}))
    await hear(store, company, said("k2", "ann", "Two"))
    assert await words(store, at, number) == []
    await store.write(lambda s: s.query(NoticeRow).delete())
    await ended(store, State.SENT, "50")
    assert await rows(store, select(NoticeRow.key)) == [f"card:{number}"]
    assert await words(store, at, number) == ["Two"]


async def test_words_of_which_nobody_knows_whether_they_arrived_are_shown_again(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company, "One")
    await topic(store, at, number)
    await words(store, at, number)
    await post(store, number)
    await ended(store, State.UNKNOWN)
    await hear(store, company, said("k2", "ann", "Two"))
    assert await words(store, at, number) == ["One", "Two"]


async def test_what_was_typed_in_the_group_is_not_shown_there_again(store: Store, company: Company) -> None:
    at, number, rep = await group(store), await conversation(store, company, "One"), await hire(store, "tigran")
    await topic(store, at, number)

    def deed(session: Session) -> list[str]:
        remember(session, CHAT, 60, talk.reply(session, rep, number, "Typed here", once="1", now=NOON))
        talk.reply(session, rep, number, "Typed elsewhere", once="2", now=NOON)
        return [message.text for message in forum.unshown(session, at, number, now=NOON) if message.author == "rep"]

    assert await store.write(deed) == ["Typed elsewhere"]


async def test_a_receipt_is_asked_for_when_it_changes(store: Store, company: Company) -> None:
    at, number, rep = await group(store), await conversation(store, company), await hire(store, "tigran")

    def deed(session: Session) -> None:
        remember(session, CHAT, 60, talk.reply(session, rep, number, "Yes", once="1", now=NOON))
        for _ in range(2):
            forum.receipts(session, at, number, now=NOON)

    await store.write(deed)
    assert await rows(store, select(Delivery.payload).where(Delivery.address == CHAT)) == ['{"react": "60", "emoji": "👀"}']


async def test_a_topic_is_closed_with_its_conversation_and_opened_with_it(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number)

    def closed(session: Session, status: str) -> str:
        session.get_one(Conversation, number).status = status
        session.flush()
        forum.keep_topic(session, at, number, "A · Ann", now=NOON)
        forum.close_topic(session, at, number, now=NOON)
        return (session.scalar(select(Delivery.payload).where(Delivery.address == CHAT).order_by(Delivery.id.desc()).limit(1))) or ""

    assert '"close"' in await store.write(lambda s: closed(s, "closed"))
    assert '"reopen"' in await store.write(lambda s: closed(s, "open"))


async def failed(store: Store, number: int, detail: str) -> None:
    """A post to the topic failed like this."""
    await post(store, number)
    await ended(store, State.FAILED, detail=detail)


async def test_a_topic_that_is_gone_is_remembered_as_the_one_before(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number, thread=40)
    await failed(store, number, f"bad_content: {TOPIC_GONE}")
    assert await state_of(store, number) == (TopicState.DEAD, 0)
    assert await rows(store, select(ForumTopic.before)) == [40]


@pytest.mark.parametrize("detail", [f"rejected: {NO_RIGHTS}: not enough rights", "blocked: bot was kicked", "bad_address: chat not found"])
async def test_a_group_that_refuses_us_is_lost_and_the_managers_hear_of_it_once(store: Store, company: Company, detail: str) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number)
    for _ in range(2):
        await failed(store, number, detail)
    assert await store.read(linked) is None
    assert len(await rows(store, select(NoticeRow.id).where(NoticeRow.kind == "forum"))) == 1


async def test_a_group_that_moved_takes_everything_along(store: Store, company: Company) -> None:
    at, number = await group(store), await conversation(store, company)
    await topic(store, at, number)
    await failed(store, number, f"bad_address: {MOVED}-1007")
    assert await rows(store, select(Forum.chat)) == ["-1007"]
    assert await rows(store, select(ForumTopic.chat)) == ["-1007"]
    assert set(await rows(store, select(Delivery.address).where(Delivery.desk == 1))) == {"-1007"}
    assert await rows(store, select(Delivery.state).where(Delivery.card == forum.words_name(number))) == ["queued"]


async def test_what_waits_for_longer_than_half_a_minute_makes_a_group_full(store: Store, company: Company) -> None:
    await group(store)
    number = await conversation(store, company)
    await post(store, number)

    def full(now: int) -> Callable[[Session], bool]:
        return lambda session: getattr(forum.group(session, now=now), "full", False)

    assert not await store.read(full(NOON + FULL_MS))
    assert await store.read(full(NOON + FULL_MS + SECOND))


async def test_a_rep_is_no_manager_even_in_the_group(store: Store) -> None:
    assert Group(1, "staff", CHAT, "The team", "en").reader == Rep(0, Role.REP, "The team", "en", CHAT)
