"""Windows: what a platform takes of us when a customer has not written for long, decided when it is sent; and whose task the rest becomes."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from crm.base.db import Store
from crm.base.outbound import ApprovedTemplate, Lane, Limits, May, Reason, Say, Undeliverable
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.assign import close
from crm.conversations.talk import reply
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.deliveries import Delivery, State
from crm.outbox.gate import Passing, judge
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.people.contacts import Contact, Identity
from crm.sales.tasks import Task, finish
from tests.conftest import NOON
from tests.crm.fake import fire, hear, hire, rows, said
from tests.crm.told import Windowed, approve, drain, happen, message, say

LATE = NOON + 2 * DAY
OURS = select(Delivery.state, Delivery.detail).join(Message, Message.id == Delivery.message_id).where(Message.author != "contact", Delivery.lane != 1)
TASKS = select(Task.kind, Task.state, Task.rep_id)
FINE = Passing(Lane.REPLY, 1, last_inbound_at=NOON)


@pytest.mark.parametrize(
    ("may", "change", "passes"),
    [
        (May.ANYTHING, {"lane": Lane.SERVICE}, True),
        (May.PERSONAL, {"personal": True}, True),
        (May.PERSONAL, {"lane": Lane.SERVICE}, False),
        (May.PERSONAL, {"approved": True}, True),
        (May.TEMPLATE, {"personal": True}, False),
        (May.TEMPLATE, {"approved": True}, True),
        (May.TEMPLATE, {"approved": True, "blocked": True}, True),
        (May.TEMPLATE, {"approved": True, "reachable": False}, False),
        (May.NOTHING, {"approved": True, "personal": True}, False),
    ],
)
def test_a_window_lets_through_what_it_says(may: May, change: dict[str, object], passes: bool) -> None:
    limits = Limits(windows=True, may=may, templates=True)
    assert (judge(replace(FINE, **change), limits, now=NOON).state is None) is passes  # type: ignore[arg-type]


def test_an_approved_text_does_not_go_where_the_platform_knows_none() -> None:
    assert judge(replace(FINE, approved=True), Limits(may=May.PERSONAL), now=NOON).detail == Reason.WINDOW_CLOSED


@pytest.mark.parametrize(("offers", "state"), [(False, State.FAILED), (True, None)])
def test_a_promotion_goes_out_of_the_window_only_where_offers_may(offers: bool, state: State | None) -> None:
    one = replace(FINE, lane=Lane.PROMOTION, marketing=1, approved=True)
    assert judge(one, Limits(windows=True, may=May.TEMPLATE, templates=True, offers=offers), now=NOON).state is state


def test_no_promotion_goes_where_no_offers_may_also_while_everything_else_does() -> None:
    open_now = Limits(windows=True, offers=False)
    assert judge(replace(FINE, lane=Lane.PROMOTION, marketing=1), open_now, now=NOON).state is State.FAILED
    assert judge(replace(FINE, lane=Lane.FOLLOWUP), open_now, now=NOON).state is None


def test_a_closed_window_does_not_hide_that_somebody_said_stop() -> None:
    one = replace(FINE, lane=Lane.PROMOTION, marketing=-1, approved=True)
    assert judge(one, Limits(windows=True, may=May.TEMPLATE, templates=True), now=NOON).state is State.CANCELLED


async def test_inside_the_window_a_text_goes_as_it_is(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await say(store, "Yes, we have", now=NOON + HOUR)
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, NOON + HOUR)
    [*_, (_, sent)] = carrier.sent
    assert isinstance(sent, Say)
    assert (sent.text, sent.late) == ("Yes, we have", False)


async def test_a_longer_window_of_the_platform_is_kept_and_counts(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "from an advertisement", window_ends_at=NOON + 3 * DAY))
    await happen(store, company, message(2, "and again"))
    await say(store, "Yes, we have", now=LATE)
    await drain(store, Windowed(May.NOTHING), LATE)
    assert await rows(store, OURS) == [("sent", None)]


async def test_what_a_person_wrote_goes_late_where_the_bot_may_not(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await say(store, "Sorry for the wait", now=LATE)
    await say(store, "I am a bot", author=Author.BOT, lane=Lane.FOLLOWUP, now=LATE)
    carrier = Windowed(May.PERSONAL)
    await drain(store, carrier, LATE)
    assert [(out.text, out.late, out.personal) for _, out in carrier.sent if isinstance(out, Say)] == [("Sorry for the wait", True, True)]
    assert await rows(store, OURS.order_by(Delivery.id)) == [("sent", None), ("failed", "window_closed")]


async def test_a_follow_up_goes_as_the_template_that_was_chosen_for_it(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await approve(store, used_for="followup")
    await approve(store, "for_nothing")
    await say(store, "Still looking?", author=Author.BOT, lane=Lane.FOLLOWUP, now=LATE)
    carrier = Windowed(May.TEMPLATE, templates=True)
    await drain(store, carrier, LATE)
    [(_, sent)] = carrier.sent
    assert sent == ApprovedTemplate("hello", "en", "Hello Ann, we are here", ("Ann",))
    [(state, detail)] = await rows(store, OURS)
    assert (state, detail) == ("sent", "template: hello")
    assert await rows(store, TASKS) == []


async def test_a_template_is_in_the_persons_language_where_there_is_one(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await approve(store, language="ru", text="Здравствуйте, {{1}}", used_for="followup")
    await approve(store, language="en_US", text="Hello {{1}}", used_for="followup")
    await approve(store, "older", text="Hi {{1}}", used_for="followup", status="paused")
    await say(store, "Still looking?", author=Author.BOT, lane=Lane.FOLLOWUP, now=LATE)
    carrier = Windowed(May.TEMPLATE, templates=True)
    await drain(store, carrier, LATE)
    assert [out.text for _, out in carrier.sent if isinstance(out, ApprovedTemplate)] == ["Hello Ann"]


async def test_each_delivery_is_asked_for_by_its_own_window(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"), said(2, "bob"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await hear(store, company, said(3, "bob", "me again", LATE - HOUR), now=LATE - HOUR)
    for who in ("ann", "bob"):
        await say(store, f"to {who}", who=who, now=LATE)
    carrier = Windowed(May.NOTHING)
    await drain(store, carrier, LATE)
    texts = [out.text for _, out in carrier.sent if isinstance(out, Say)]
    assert "to bob" in texts
    assert "to ann" not in texts


async def test_what_may_not_leave_is_one_task_and_never_silence(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    for text in ("one", "two"):
        await store.write(lambda session, text=text: reply(session, ruben, number, text, once=text, now=LATE))  # type: ignore[misc]
        await drain(store, Windowed(May.NOTHING), LATE)
    assert await rows(store, OURS) == [("failed", "window_closed")] * 2
    assert await rows(store, TASKS) == [("answer", "open", ruben.id)]
    assert NoticeKind.TROUBLE in {notice.kind for notice in await store.read(waiting_notices)}


async def test_what_was_done_about_it_did_not_help_when_the_next_words_do_not_leave_either(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    ruben = await hire(store)
    for text in ("one", "two"):
        await say(store, text, now=LATE)
        await drain(store, Windowed(May.NOTHING), LATE)
        assert await rows(store, TASKS) == [("answer", "open", None)]
        [task] = await rows(store, select(Task.id))
        await store.write(lambda session, task=task: finish(session, ruben, task, now=LATE))  # type: ignore[misc]


async def test_a_window_that_the_platform_calls_closed_is_a_task_too(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await say(store, "Yes", now=NOON + HOUR)

    def closed() -> None:
        raise Undeliverable(Reason.WINDOW_CLOSED, "131047")

    carrier = Windowed(May.NOTHING, closed)
    await drain(store, carrier, NOON + HOUR)
    await drain(store, carrier, NOON + HOUR)  # how it ended is settled by the next turn at the latest
    assert await rows(store, OURS) == [("failed", "window_closed: 131047")]
    assert await rows(store, TASKS) == [("answer", "open", None)]


async def test_a_follow_up_that_may_not_leave_is_owed_and_a_promotion_is_not(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"), said(2, "bob"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await store.write(lambda session: session.execute(update(Contact).values(marketing=1)))
    await say(store, "Still looking?", author=Author.BOT, lane=Lane.FOLLOWUP, now=LATE)
    await say(store, "Chairs!", author=Author.BOT, lane=Lane.PROMOTION, who="bob", now=LATE)
    await drain(store, Windowed(May.TEMPLATE, templates=True), LATE)
    assert await rows(store, OURS) == [("failed", "window_closed")] * 2
    assert len(await rows(store, TASKS)) == 1


async def test_what_somebody_owed_who_has_left_is_anybodys(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: reply(session, ruben, number, "one", once="one", now=NOON))
    await store.write(lambda session: close(session, ruben, number, now=NOON))
    await fire(store, ruben)
    await drain(store, Windowed(May.NOTHING), LATE)
    assert await rows(store, TASKS) == [("answer", "open", None)]


async def test_further_parts_of_a_long_text_do_not_each_become_the_template(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await approve(store, used_for="reply")
    await say(store, "word " * 30, now=NOON + DAY - 1)
    await drain(store, Windowed(May.TEMPLATE, templates=True, text=100, chat_burst=1, chat_every=60.0), NOON + DAY - 1)
    carrier = Windowed(May.TEMPLATE, templates=True, text=100)
    await drain(store, carrier, LATE)
    assert carrier.sent == []
    assert (await rows(store, OURS.order_by(Delivery.id)))[-1] == ("failed", "window_closed")


async def test_who_opted_out_at_the_platform_gets_no_offers_from_us_anywhere(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await drain(store, Windowed(May.NOTHING), NOON)
    await say(store, "Yes", now=NOON)

    def unwilling() -> None:
        raise Undeliverable(Reason.OPTED_OUT, "131050")

    carrier = Windowed(May.NOTHING, unwilling)
    for _ in range(2):
        await drain(store, carrier, NOON)
    assert await rows(store, select(Contact.marketing)) == [-1]
    assert await rows(store, select(Identity.reachable)) == [1]
