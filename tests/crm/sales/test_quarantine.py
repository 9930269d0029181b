"""Spam at the desk: nothing that waits to be said leaves, a running deal stands in the way, and taken back everything is as it was."""

import pytest
from sqlalchemy import delete, func, select, update

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Expired, Invalid
from crm.base.outbound import Lane
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations import planned, talk
from crm.conversations.planned import PlannedReply, PlannedState
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation, Message, Status
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.sales import moves, terms
from crm.sales.deals import deal_at, open_deal
from crm.sales.leads import Lead, LeadStatus
from crm.sales.moves import Why
from crm.sales.triage import DealRuns, accept, last_step, put_away, undo
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, employ, meet

WORDS = Why(words="an advertisement")
STANDS = select(Conversation.status, Conversation.snoozed_until, Conversation.waiting_since, Conversation.unread, Conversation.person_called)


async def one(store: Store) -> tuple[Rep, Somebody]:
    return await store.write(lambda s: employ(s, "aram", Role.REP)), await store.write(lambda s: meet(s, "ann"))


async def spam(store: Store, rep: Rep, ann: Somebody, status: LeadStatus = LeadStatus.SPAM) -> int:
    """Put the lead away, and answer the step by which that is taken back."""
    await store.write(lambda s: put_away(s, rep, ann.lead, status, WORDS, now=NOON + 1) and None)
    return await store.read(lambda s: last_step(s, ann.lead))


async def test_nothing_more_is_said_to_a_spammer(store: Store) -> None:
    rep, ann = await one(store)
    saying = Saying(ann.conversation, "fake", "ann", "How can we help?", Author.BOT, Lane.SERVICE, "b1")
    await store.write(lambda s: say_many(s, [saying], now=NOON) and None)
    plan = planned.Plan("Good morning", NOON + HOUR)
    number = await store.write(lambda s: planned.plan(s, rep, ann.conversation, plan, once="p1", now=NOON).id)
    step = await spam(store, rep, ann)
    assert await store.read(lambda s: list(s.scalars(select(Delivery.state).where(Delivery.desk == 0)))) == ["cancelled"]
    assert await store.read(lambda s: s.get_one(PlannedReply, number).state) == PlannedState.CANCELLED
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + 2) and None)
    assert await store.read(lambda s: s.get_one(PlannedReply, number).state) == PlannedState.WAITING


async def test_a_planned_reply_whose_time_is_over_stays_called_back(store: Store) -> None:
    rep, ann = await one(store)
    plan = planned.Plan("Good morning", NOON + HOUR)
    number = await store.write(lambda s: planned.plan(s, rep, ann.conversation, plan, once="p1", now=NOON).id)
    step = await spam(store, rep, ann)
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + HOUR) and None)
    assert await store.read(lambda s: s.get_one(PlannedReply, number).state) == PlannedState.CANCELLED


async def test_nobody_with_a_running_deal_is_called_spam(store: Store, company: Company) -> None:
    rep, ann = await one(store)
    deal = await store.write(lambda s: open_deal(s, rep, ann.conversation, company, once="d1", now=NOON).id)
    with pytest.raises(DealRuns):
        await spam(store, rep, ann)
    assert await store.read(lambda s: s.get_one(Lead, ann.lead).status) == "accepted"
    stage = await store.read(lambda s: deal_at(s, deal).stage_id)
    await store.write(lambda s: moves.lose(s, rep, deal, WORDS, seen=stage, now=NOON + 1) and None)
    await spam(store, rep, ann)
    assert await store.read(lambda s: s.get_one(Lead, ann.lead).status) == "spam"


@pytest.mark.parametrize("stood", [(Status.SNOOZED.value, NOON + HOUR, 0, 0, 0), (Status.OPEN.value, 0, NOON - 5, 3, 1)])
async def test_undone_spam_stands_as_it_stood(store: Store, stood: tuple[object, ...]) -> None:
    rep, ann = await one(store)

    def stand(session: object) -> None:
        names = ("status", "snoozed_until", "waiting_since", "unread", "person_called")
        for name, value in zip(names, stood, strict=True):
            setattr(session.get_one(Conversation, ann.conversation), name, value)  # type: ignore[attr-defined]

    await store.write(stand)
    step = await spam(store, rep, ann)
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + 2) and None)
    assert await store.read(lambda s: tuple(s.execute(STANDS).one())) == stood


async def test_what_a_spammer_wrote_in_quarantine_waits_once_they_are_let_out(store: Store) -> None:
    rep, ann = await one(store)
    step = await spam(store, rep, ann)
    number = await store.write(lambda s: next(take_ids(s, 1)))
    said = {"id": number, "conversation_id": ann.conversation, "author": "contact", "kind": "message", "text": "hello?", "at": NOON + 5, "sent_at": NOON + 5}
    await store.write(lambda s: add(s, Message, [{**said, "external_id": None, "reply_to": "", "once": "m1"}]))
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + 9) and None)
    assert await store.read(lambda s: tuple(s.execute(STANDS).one())) == ("open", 0, NOON + 5, 1, 0)


async def answered(store: Store, rep: Rep, ann: Somebody) -> None:
    """A rep has answered; it has not left yet."""
    await store.write(lambda s: talk.reply(s, rep, ann.conversation, "Yes, of oak.", once="r1", now=NOON) and None)


LEAVING = select(Delivery.state).where(Delivery.desk == 0)
WAITS = select(Conversation.status, Conversation.waiting_since)


async def test_an_answer_called_back_as_spam_leaves_after_all_where_that_is_undone_soon(store: Store) -> None:
    rep, ann = await one(store)
    await answered(store, rep, ann)
    step = await spam(store, rep, ann)
    assert await store.read(lambda s: list(s.scalars(LEAVING))) == ["cancelled"]
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + HOUR) and None)
    assert await store.read(lambda s: list(s.scalars(LEAVING))) == ["queued"]
    assert await store.read(lambda s: tuple(s.execute(WAITS).one())) == ("open", 0)


async def test_after_longer_it_stays_called_back_and_the_customer_is_seen_to_wait(store: Store) -> None:
    rep, ann = await one(store)
    await answered(store, rep, ann)
    step, later = await spam(store, rep, ann), NOON + 2 * HOUR
    await store.write(lambda s: s.execute(delete(NoticeRow)) and None)
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=later) and None)
    assert await store.read(lambda s: list(s.scalars(LEAVING))) == ["cancelled"]
    assert await store.read(lambda s: tuple(s.execute(WAITS).one())) == ("open", later)
    assert await store.read(lambda s: s.scalar(select(NoticeRow.urgent).where(NoticeRow.kind == "card"))) == 1


async def test_what_was_called_back_for_another_reason_stays_so(store: Store) -> None:
    rep, ann = await one(store)
    await answered(store, rep, ann)
    await store.write(lambda s: s.execute(update(Delivery).values(state="cancelled", detail="recalled", settled_at=NOON + 1)) and None)
    step = await spam(store, rep, ann)
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + 2) and None)
    assert await store.read(lambda s: list(s.scalars(LEAVING))) == ["cancelled"]


async def newer(store: Store, ann: Somebody) -> int:
    """They write again after their lead was closed."""
    number = await store.write(lambda s: next(take_ids(s, 1)))
    row = {"id": number, "contact_id": ann.contact, "open_contact_id": ann.contact, "conversation_id": ann.conversation, "channel": "fake", "language": "en"}
    await store.write(lambda s: add(s, Lead, [{**row, "created_at": NOON + 2}]))
    return number


async def still_open(store: Store) -> int:
    return await store.read(lambda s: s.scalar(select(func.count()).where(Lead.status.in_(("new", "qualified", "accepted"))))) or 0


async def test_a_lost_lead_is_not_opened_beside_a_newer_one(store: Store) -> None:
    rep, ann = await one(store)
    step = await spam(store, rep, ann, LeadStatus.LOST)
    await newer(store, ann)
    for deed in (lambda s: undo(s, rep, ann.lead, step, now=NOON + 3), lambda s: accept(s, rep, ann.lead, now=NOON + 3)):
        with pytest.raises(Expired):
            await store.write(deed)
    assert await still_open(store) == 1


async def test_a_deal_that_runs_on_is_of_the_newer_lead(store: Store, company: Company) -> None:
    rep, ann = await one(store)
    deal = await store.write(lambda s: open_deal(s, rep, ann.conversation, company, once="d1", now=NOON).id)
    stage = await store.read(lambda s: deal_at(s, deal).stage_id)
    await store.write(lambda s: moves.lose(s, rep, deal, WORDS, seen=stage, now=NOON + 1) and None)
    number = await newer(store, ann)
    assert await store.write(lambda s: moves.reopen(s, rep, deal, now=NOON + 3).lead_id) == number
    assert (await still_open(store), await store.read(lambda s: s.get_one(Lead, number).status)) == (1, "accepted")


async def test_a_guest_is_given_no_lead_and_no_deal(store: Store, company: Company) -> None:
    _, ann = await one(store)
    boss, guest = await store.write(employ), await store.write(lambda s: employ(s, "guest", Role.GUEST))
    with pytest.raises(Invalid):
        await store.write(lambda s: accept(s, boss, ann.lead, rep_id=guest.id, now=NOON))
    deal = await store.write(lambda s: open_deal(s, boss, ann.conversation, company, once="d1", now=NOON).id)
    with pytest.raises(Invalid):
        await store.write(lambda s: terms.hand_over(s, boss, deal, guest.id, now=NOON))
