"""A rep's hands: take, reply, edit, hand back, note, put off, close, block."""

import asyncio

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.answers import Answer, Exchange
from crm.base.db import Store
from crm.base.errors import Forbidden, Stale, Taken
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Edit, Say
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations import assign
from crm.conversations.media import arrived, missing, wanted
from crm.conversations.talk import edit, reply, states_of
from crm.conversations.threads import Attachment, Conversation, Message, Note
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from tests.conftest import NOON
from tests.crm.fake import Stub, counts, fire, hear, hire, raw, rows, said


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation in which Ann has said hi and the bot kept silent."""
    await hear(store, company, said(1, "ann"), rules=Rules(lambda exchanges: [Answer(state="done") for _ in exchanges], company))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def send(store: Store, *answers: object) -> Stub:
    stub = Stub(*answers)  # type: ignore[arg-type]
    await Drain(store, stub, None, node="n", clock=lambda: NOON + HOUR).run()  # type: ignore[arg-type]
    return stub


async def test_of_twenty_presses_by_two_reps_one_takes_it(store: Store, talk: int) -> None:
    both = [await hire(store, "tigran"), await hire(store, "nare")]
    outcomes = await asyncio.gather(
        *(store.write(lambda session, rep=both[number % 2]: assign.take(session, rep, talk, now=NOON).rep_id) for number in range(20)),  # type: ignore[misc]
        return_exceptions=True,
    )
    winners = {outcome for outcome in outcomes if isinstance(outcome, int)}
    assert len(winners) == 1
    assert {outcome.detail for outcome in outcomes if isinstance(outcome, Taken)} == {"Tigran" if winners == {both[0].id} else "Nare"}


async def test_a_reply_goes_where_the_customer_wrote_and_takes_the_conversation(store: Store, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: reply(session, rep, talk, "Good day", once="e1", now=NOON))
    stub = await send(store)
    assert stub.sent == [("ann", Say("Good day"))]
    assert await rows(store, select(Conversation.rep_id)) == [rep.id]


async def test_the_same_update_twice_says_it_once_and_answers_the_same(store: Store, talk: int) -> None:
    rep = await hire(store)
    first = await store.write(lambda session: reply(session, rep, talk, "Good day", once="e1", now=NOON))
    assert await store.write(lambda session: reply(session, rep, talk, "Good day", once="e1", now=NOON)) == first
    assert (await counts(store, Delivery))["deliveries"] == 1


async def test_somebody_elses_conversation_is_refused_with_their_name(store: Store, talk: int) -> None:
    tigran, nare = await hire(store, "tigran"), await hire(store, "nare")
    await store.write(lambda session: assign.take(session, tigran, talk, now=NOON) and None)
    with pytest.raises(Taken, match="Tigran"):
        await store.write(lambda session: reply(session, nare, talk, "Hello", once="e1", now=NOON))


async def test_a_manager_may_take_over_and_a_rep_may_not(store: Store, talk: int) -> None:
    tigran, nare, boss = await hire(store, "tigran"), await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    await store.write(lambda session: assign.take(session, tigran, talk, now=NOON) and None)
    with pytest.raises(Forbidden):
        await store.write(lambda session: assign.take_over(session, nare, talk, now=NOON) and None)
    await store.write(lambda session: assign.take_over(session, boss, talk, now=NOON) and None)
    assert await rows(store, select(Conversation.rep_id)) == [boss.id]


async def test_a_removed_rep_can_do_nothing_and_changes_nothing(store: Store, talk: int) -> None:
    rep = await hire(store)
    await fire(store, rep)
    before = await counts(store, Message, Delivery, Note)
    for deed in (
        lambda session: assign.take(session, rep, talk, now=NOON),
        lambda session: reply(session, rep, talk, "x", once="e", now=NOON),
        lambda session: assign.note(session, rep, talk, "x", once="e", now=NOON),
        lambda session: assign.block(session, rep, talk, True, now=NOON),
        lambda session: assign.close(session, rep, talk, now=NOON),
    ):
        with pytest.raises(Forbidden):
            await store.write(deed)
    assert await counts(store, Message, Delivery, Note) == before


async def test_a_reply_typed_before_newer_words_were_seen_is_held(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    [seen] = await rows(store, select(Conversation.last_heard_id))
    await hear(store, company, said(2, "ann", "wait, not that one"))
    with pytest.raises(Stale):
        await store.write(lambda session: reply(session, rep, talk, "Done", once="e1", now=NOON, seen=seen))
    assert await rows(store, select(Message.id).where(Message.author == "rep")) == []


def silent(exchanges: list[Exchange]) -> list[Answer]:
    return [Answer(state=one.state) for one in exchanges]


async def test_the_bot_is_silent_while_a_rep_has_it_and_speaks_after_hand_back(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: assign.take(session, rep, talk, now=NOON) and None)
    seen: list[bool] = []

    def spy(exchanges: list[Exchange]) -> list[Answer]:
        seen.extend(one.facts.taken for one in exchanges)
        return silent(exchanges)

    await hear(store, company, said(2, "ann"), rules=Rules(spy, company))  # type: ignore[arg-type]
    await store.write(lambda session: assign.hand_back(session, rep, talk, now=NOON) and None)
    await hear(store, company, said(3, "ann"), rules=Rules(spy, company))  # type: ignore[arg-type]
    assert seen == [True, False]


async def test_an_edit_before_sending_leaves_with_the_new_words(store: Store, talk: int) -> None:
    rep = await hire(store)
    number = await store.write(lambda session: reply(session, rep, talk, "Good dya", once="e1", now=NOON))
    assert await store.write(lambda session: edit(session, rep, number, "Good day", once="e2", now=NOON))
    assert (await send(store)).sent == [("ann", Say("Good day"))]


async def test_an_edit_after_sending_reaches_the_customer(store: Store, talk: int) -> None:
    rep = await hire(store)
    number = await store.write(lambda session: reply(session, rep, talk, "Good dya", once="e1", now=NOON))
    await send(store)
    await store.write(lambda session: edit(session, rep, number, "Good day", once="e2", now=NOON))
    assert (await send(store)).sent == [("ann", Edit("x1", "Good day"))]
    assert not await store.write(lambda session: edit(session, rep, number, "Good day", once="e3", now=NOON))


async def test_nobody_edits_the_words_of_another(store: Store, talk: int) -> None:
    tigran, nare = await hire(store, "tigran"), await hire(store, "nare")
    number = await store.write(lambda session: reply(session, tigran, talk, "Good day", once="e1", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda session: edit(session, nare, number, "Bad day", once="e2", now=NOON))


async def test_a_file_waits_for_its_bytes_and_then_leaves(store: Store, talk: int) -> None:
    rep = await hire(store)
    photo = MediaRef(MediaKind.PHOTO, "ref", "p.jpg", "image/jpeg", 3)
    await store.write(lambda session: reply(session, rep, talk, "look", once="e1", now=NOON, media=photo, media_account="staff"))
    assert (await send(store)).sent == []
    [one] = await store.write(lambda session: wanted(session, now=NOON))
    assert (one.account, one.ref.ref) == ("staff", "ref")
    await store.write(lambda session: arrived(session, one.attachment_id, "path", 3, now=NOON))
    [(_, out)] = (await send(store)).sent
    assert isinstance(out, Say)
    assert out.text == "look\n[p.jpg]"  # the stub cannot carry photos


async def test_a_file_that_cannot_be_had_is_named_instead(store: Store, talk: int) -> None:
    rep = await hire(store)
    photo = MediaRef(MediaKind.PHOTO, "ref", "p.jpg")
    await store.write(lambda session: reply(session, rep, talk, "", once="e1", now=NOON, media=photo, media_account="staff"))
    [one] = await store.write(lambda session: wanted(session, now=NOON))
    await store.write(lambda session: missing(session, one.attachment_id, now=NOON, for_good=True))
    assert (await send(store)).sent == [("ann", Say("[photo: p.jpg]"))]
    assert await rows(store, select(Attachment.state)) == ["missing"]


async def test_a_word_from_the_customer_opens_what_was_closed_or_put_off(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    for key in (2, 3):
        if key == 2:
            await store.write(lambda session: assign.close(session, rep, talk, now=NOON) and None)
        else:
            await store.write(lambda session: assign.snooze(session, rep, talk, NOON + HOUR, now=NOON) and None)
        await hear(store, company, said(key, "ann"))
        assert await rows(store, select(Conversation.status)) == ["open"]


async def test_what_was_put_off_comes_back_when_its_time_has_come(store: Store, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: assign.snooze(session, rep, talk, NOON + HOUR, now=NOON) and None)
    assert await store.write(lambda session: assign.wake_snoozed(session, now=NOON)) == 0
    assert await store.write(lambda session: assign.wake_snoozed(session, now=NOON + HOUR)) == 1
    assert await store.write(lambda session: assign.wake_snoozed(session, now=NOON + HOUR)) == 0


async def test_what_was_closed_and_is_put_off_from_an_old_post_is_the_open_one_again(store: Store, talk: int) -> None:
    rep, open_one = await hire(store), select(Conversation.id).where(Conversation.open_identity_id == Conversation.identity_id)
    await store.write(lambda session: assign.close(session, rep, talk, now=NOON) and None)
    assert await rows(store, open_one) == []
    await store.write(lambda session: assign.snooze(session, rep, talk, NOON + HOUR, now=NOON) and None)
    assert await rows(store, open_one) == [talk]


async def test_a_blocked_customer_is_kept_but_gets_no_attention_until_unblocked(store: Store, company: Company, talk: int) -> None:
    from crm.outbox.notices import NoticeRow

    rep = await hire(store)
    await store.write(lambda session: assign.block(session, rep, talk, True, now=NOON) and None)
    await store.write(lambda session: session.query(NoticeRow).delete() and None)
    await hear(store, company, said(2, "ann", "hello?"))
    assert (await counts(store, Message, NoticeRow)) == {"messages": 2, "notices": 0}
    await store.write(lambda session: assign.block(session, rep, talk, False, now=NOON) and None)
    await hear(store, company, said(3, "ann", "hello?"))
    assert (await counts(store, NoticeRow))["notices"] == 1


async def test_the_state_shown_is_the_worst_of_the_parts(store: Store, talk: int) -> None:
    rep = await hire(store)
    number = await store.write(lambda session: reply(session, rep, talk, "Good day", once="e1", now=NOON))
    assert (await store.read(lambda session: states_of(session, [number])))[number][0] is State.QUEUED
    await send(store)
    assert (await store.read(lambda session: states_of(session, [number])))[number][0] is State.SENT


async def test_a_note_is_never_sent(store: Store, talk: int) -> None:
    rep = await hire(store)
    for _ in range(2):
        await store.write(lambda session: assign.note(session, rep, talk, "likes oak", once="n1", now=NOON))
    assert await counts(store, Note, Delivery) == {"notes": 1, "deliveries": 0}


async def test_raw_events_of_two_people_do_not_meet(store: Store, company: Company, talk: int) -> None:
    await hear(store, company, raw(9, "bob", "text", "hi"))
    assert (await counts(store, Conversation))["conversations"] == 2
