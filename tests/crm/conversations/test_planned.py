"""Planned replies: said once at their time, called back by their author or by the customer's own words, never lost in silence."""

import pytest
from sqlalchemy import select

from crm.base.actors import Role, System
from crm.base.answers import Answer
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, Invalid, Taken, Unreachable
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations import assign, planned
from crm.conversations.planned import Plan, PlannedReply, PlannedState
from crm.conversations.threads import Author, Conversation, Message, the
from crm.exchange import erasure
from crm.inbox.process import Rules
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.people import merge
from tests.conftest import NOON
from tests.crm.fake import fire, hear, hire, rows, said

LATER = NOON + HOUR


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation in which Ann has said hi and the bot kept silent."""
    await hear(store, company, said(1, "ann"), rules=Rules(lambda exchanges: [Answer(state="done") for _ in exchanges], company))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def state(store: Store) -> str:
    [found] = await rows(store, select(PlannedReply.state))
    return str(found)


async def told(store: Store) -> list[NoticeKind]:
    return [notice.kind for notice in await store.read(waiting_notices) if notice.kind is NoticeKind.PLANNED]


async def spoken(store: Store) -> list[str]:
    return await rows(store, select(Message.text).where(Message.author == Author.REP.value))


async def due(store: Store, company: Company, now: int = LATER) -> None:
    while await store.write(lambda session: planned.say_due(session, company, now=now)):
        pass


async def test_it_is_said_at_its_time_and_once(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    for _ in range(2):
        await store.write(lambda session: planned.plan(session, rep, talk, Plan("Good morning!", LATER), once="e1", now=NOON).id)
    await due(store, company, NOON + 1)
    assert await spoken(store) == []
    for _ in range(2):
        await due(store, company)
    assert (await spoken(store), await state(store)) == (["Good morning!"], PlannedState.SAID)


async def test_whoever_writes_first_is_not_sent_it_and_its_author_hears(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    row = await store.write(lambda session: planned.plan(session, rep, talk, Plan("Any news?", LATER), once="e1", now=NOON).id)
    await hear(store, company, said(2, "ann", "I took it", at=NOON + 1), now=NOON + 1)
    await due(store, company)
    assert (await spoken(store), await state(store), await told(store)) == ([], PlannedState.OVERTAKEN, [NoticeKind.PLANNED])
    await store.write(lambda session: planned.say_now(session, rep, row, now=LATER + 1))
    assert (await spoken(store), await state(store)) == (["Any news?"], PlannedState.SAID)
    with pytest.raises(Expired):
        await store.write(lambda session: planned.say_now(session, rep, row, now=LATER + 2))


async def test_what_goes_in_any_case_goes(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("We open at 9.", LATER, False), once="e1", now=NOON).id)
    await hear(store, company, said(2, "ann", "ok", at=NOON + 1), now=NOON + 1)
    await due(store, company)
    assert await spoken(store) == ["We open at 9."]


async def test_it_is_called_back_and_planned_again_until_its_time_is_over(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    row = await store.write(lambda session: planned.plan(session, rep, talk, Plan("Hello", LATER), once="e1", now=NOON).id)
    await store.write(lambda session: planned.call_back(session, rep, row, now=NOON + 1).id)
    await store.write(lambda session: planned.plan_again(session, rep, row, now=NOON + 2).id)
    await store.write(lambda session: planned.call_back(session, rep, row, now=NOON + 3).id)
    await due(store, company)
    assert (await spoken(store), await state(store)) == ([], PlannedState.CANCELLED)
    with pytest.raises(Expired):
        await store.write(lambda session: planned.plan_again(session, rep, row, now=LATER).id)


async def test_what_cannot_be_said_is_told_with_its_reason(store: Store, company: Company, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Hello", LATER), once="e1", now=NOON).id)
    await store.write(lambda session: assign.take(session, other, talk, now=NOON + 1).id)
    await due(store, company)
    assert (await spoken(store), await state(store), await told(store)) == ([], PlannedState.FAILED, [NoticeKind.PLANNED])
    assert await rows(store, select(PlannedReply.why)) == ["Taken:Nare"]


async def test_who_has_left_says_nothing_any_more(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Hello", LATER), once="e1", now=NOON).id)
    await fire(store, rep)
    await due(store, company)
    assert (await spoken(store), await rows(store, select(PlannedReply.why))) == ([], ["Forbidden:"])


async def test_only_its_author_touches_it_and_only_whoever_has_the_customer_plans(store: Store, company: Company, talk: int) -> None:
    rep, other, guest = await hire(store), await hire(store, "nare"), await hire(store, "gor", Role.GUEST)
    row = await store.write(lambda session: planned.plan(session, rep, talk, Plan("Hello", LATER), once="e1", now=NOON).id)
    with pytest.raises(Expired):
        await store.write(lambda session: planned.call_back(session, other, row, now=NOON).id)
    with pytest.raises(Forbidden):
        await store.write(lambda session: planned.plan(session, guest, talk, Plan("Hello", LATER), once="e2", now=NOON).id)
    await store.write(lambda session: assign.take(session, rep, talk, now=NOON).id)
    with pytest.raises(Taken):
        await store.write(lambda session: planned.plan(session, other, talk, Plan("Hello", LATER), once="e3", now=NOON).id)


@pytest.mark.parametrize("wanted", [Plan("  ", LATER), Plan("Hello", NOON), Plan("Hello", NOON + 400 * DAY)])
async def test_no_words_no_time_no_plan(store: Store, company: Company, talk: int, wanted: Plan) -> None:
    rep = await hire(store)
    with pytest.raises(Invalid):
        await store.write(lambda session: planned.plan(session, rep, talk, wanted, once="e1", now=NOON).id)


async def test_what_was_written_while_it_was_being_planned_counts_as_an_answer(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    seen = await store.read(lambda session: planned.heard_last(session, the(session, talk)))
    await hear(store, company, said(2, "ann", "never mind", at=NOON + 1), now=NOON + 1)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Still interested?", LATER, seen=seen), once="e1", now=NOON + 2).id)
    await due(store, company)
    assert (await spoken(store), await state(store)) == ([], PlannedState.OVERTAKEN)


async def test_an_answer_from_another_address_of_the_same_person_calls_it_back(store: Store, company: Company, talk: int) -> None:
    rep, manager = await hire(store), await hire(store, "nare", Role.MANAGER)
    await hear(store, company, said(2, "ann-lee"))
    first, second = await rows(store, select(Conversation.contact_id).order_by(Conversation.id))
    await store.write(lambda session: merge.join(session, manager, first, second, now=NOON))
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Still interested?", LATER), once="e1", now=NOON).id)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("We open at 9.", LATER, False), once="e2", now=NOON).id)
    await hear(store, company, said(3, "ann-lee", "I have one now", at=NOON + 1), now=NOON + 1)
    await due(store, company)
    assert "Still interested?" not in await spoken(store)


async def test_words_of_before_at_another_address_call_nothing_back(store: Store, company: Company, talk: int) -> None:
    rep, manager = await hire(store), await hire(store, "nare", Role.MANAGER)
    await hear(store, company, said(2, "ann-lee"))
    first, second = await rows(store, select(Conversation.contact_id).order_by(Conversation.id))
    await store.write(lambda session: merge.join(session, manager, first, second, now=NOON))
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Still interested?", LATER), once="e1", now=NOON).id)
    await due(store, company)
    assert "Still interested?" in await spoken(store)


async def test_what_a_channel_cannot_carry_is_not_said_at_once_either(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    row = await store.write(lambda session: planned.plan(session, rep, talk, Plan("Hello", LATER), once="e1", now=NOON).id)
    with pytest.raises(Unreachable):
        await store.write(lambda session: planned.say_now(session, rep, row, now=NOON + 1, sendable=frozenset({"mail"})))
    assert (await spoken(store), await state(store)) == ([], PlannedState.WAITING)


async def test_what_was_planned_for_who_is_forgotten_is_forgotten_and_never_said(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Dear grandmother", LATER), once="e1", now=NOON).id)
    [contact] = await rows(store, select(Conversation.contact_id))
    await store.write(lambda session: erasure.forget(session, System("test"), contact, b"k" * 32, now=NOON + 1))
    assert await rows(store, select(PlannedReply.text, PlannedReply.state)) == [("", PlannedState.CANCELLED)]
    await due(store, company)
    kept = await rows(store, select(DomainEvent.before + DomainEvent.after))
    assert (await spoken(store), [words for words in kept if "grandmother" in words]) == ([], [])


async def test_its_end_does_not_put_its_words_on_record_again(store: Store, company: Company, talk: int) -> None:
    rep = await hire(store)
    await store.write(lambda session: planned.plan(session, rep, talk, Plan("Dear grandmother", LATER), once="e1", now=NOON).id)
    await due(store, company)
    [(before, after)] = await rows(store, select(DomainEvent.before, DomainEvent.after).where(DomainEvent.kind == "planned_said"))
    assert "grandmother" not in before + after
