"""What serves a customer and may not be said where they are is said on their next channel, once; anything else is somebody's task."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from crm.base.db import Session, Store
from crm.base.events import Arrival, Status
from crm.base.outbound import Lane, May, Reason, Typing
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations import addresses, assign
from crm.conversations.threads import Author, Conversation
from crm.inbox.statuses import owed
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.outreach import persons
from crm.reports.thread import look_at
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, rows, said
from tests.crm.people.crowd import employ, meet
from tests.crm.told import Windowed, happen, say

LATE = NOON + 2 * DAY
ACCOUNTS = frozenset({"fake", "mail"})


async def ann(store: Store, company: Company) -> int:
    """Ann wrote two days ago on a channel with a window, and is known by mail too; answers her other conversation."""
    await hear(store, company, said(1, "ann"))
    await Drain(store, Stub(), None, node="n", clock=lambda: NOON).run()  # type: ignore[arg-type]

    def deed(session: Session) -> int:
        other = meet(session, "ann@x", "mail", now=NOON + 1, interested=False)
        [first] = session.scalars(select(Conversation.contact_id).where(Conversation.address == "ann"))
        persons.merged(session, employ(session), first, other.contact, now=NOON + 2)
        return other.conversation

    return await store.write(deed)


async def leave(store: Store, carrier: Stub, accounts: frozenset[str] = ACCOUNTS) -> None:
    owe = partial(owed, accounts=accounts)
    await Drain(store, carrier, None, node="n", clock=lambda: LATE, owe=owe).run()  # type: ignore[arg-type]


async def ended(store: Store) -> list[tuple[str, str]]:
    """The parts of what was said late, by account and state."""
    found = await rows(store, select(Delivery.account, Delivery.state).where(Delivery.created_at >= LATE).order_by(Delivery.id))
    return [tuple(one) for one in found]


async def serve(store: Store, text: str = "Your order has left.", lane: Lane = Lane.SERVICE, author: Author = Author.BOT) -> None:
    await say(store, text, author=author, lane=lane, now=LATE)


async def test_what_serves_goes_by_the_next_channel_and_says_so(store: Store, company: Company) -> None:
    there = await ann(store, company)
    await serve(store)
    await leave(store, Windowed(May.NOTHING))
    assert await ended(store) == [("fake", "failed"), ("mail", "queued")]
    assert await rows(store, select(Task.id)) == []
    rep = await hire(store, "ruben")
    seen = await store.read(lambda s: look_at(s, rep, there, {"fake": "Letters"}))
    assert [(line.text, line.instead) for line in seen.lines] == [("Your order has left.", "Letters")]
    [failed] = await rows(store, select(Delivery.message_id).where(Delivery.state == "failed"))
    assert await store.read(lambda s: addresses.said_instead_at(s, failed)) == "mail"


async def test_it_never_goes_back_and_forth(store: Store, company: Company) -> None:
    await ann(store, company)
    await serve(store)
    await leave(store, Windowed(May.NOTHING))
    mail = Windowed(May.NOTHING)
    mail.account = "mail"
    await leave(store, mail)
    assert await ended(store) == [("fake", "failed"), ("mail", "failed")]
    assert len(await rows(store, select(Task.id))) == 1


async def test_what_a_rep_wrote_and_what_was_planned_follow_nobody(store: Store, company: Company) -> None:
    await ann(store, company)
    await serve(store, "Mine", Lane.REPLY, Author.REP)
    await serve(store, "Still there?", Lane.FOLLOWUP)
    await leave(store, Windowed(May.NOTHING))
    assert {account for account, _ in await ended(store)} == {"fake"}
    assert len(await rows(store, select(Task.id))) == 1


async def test_where_a_colleague_writes_with_them_the_bot_keeps_silent(store: Store, company: Company) -> None:
    there = await ann(store, company)
    rep = await hire(store, "ruben")
    await store.write(lambda s: assign.take(s, rep, there, now=NOON))
    await serve(store)
    await leave(store, Windowed(May.NOTHING))
    assert await ended(store) == [("fake", "failed")]
    assert len(await rows(store, select(Task.id))) == 1


async def test_where_nobody_says_which_channels_can_send_it_is_a_task(store: Store, company: Company) -> None:
    await ann(store, company)
    await serve(store)
    await leave(store, Windowed(May.NOTHING), frozenset())
    assert await ended(store) == [("fake", "failed")]
    assert len(await rows(store, select(Task.id))) == 1


async def told_late(store: Store, company: Company, reason: Reason) -> None:
    """The platform took what serves Ann, and says an hour later, twice, that it will never arrive."""
    await serve(store)
    carrier = Stub()
    carrier.sent += [("", Typing())] * 9  # its ids are others than those of what was said before
    await leave(store, carrier)
    [number] = await rows(store, select(Delivery.external_id).where(Delivery.created_at >= LATE))
    reaching = replace(company, sendable=ACCOUNTS)
    for _ in range(2):
        await happen(store, reaching, Status(Arrival.FAILED, LATE + HOUR, (number,), reason=reason), now=LATE + HOUR)


@pytest.mark.parametrize("reason", [Reason.BAD_ADDRESS, Reason.WINDOW_CLOSED])
async def test_what_is_told_late_goes_by_the_next_channel_once_and_says_so(store: Store, company: Company, reason: Reason) -> None:
    there = await ann(store, company)
    await told_late(store, company, reason)
    assert await ended(store) == [("fake", "failed"), ("mail", "queued")]
    assert await rows(store, select(Task.id)) == []
    rep = await hire(store, "ruben")
    seen = await store.read(lambda s: look_at(s, rep, there, {"fake": "Letters"}))
    assert [(line.text, line.instead) for line in seen.lines] == [("Your order has left.", "Letters")]
    [failed] = await rows(store, select(Delivery.message_id).where(Delivery.state == "failed"))
    assert await store.read(lambda s: addresses.said_instead_at(s, failed)) == "mail"


async def test_who_blocked_us_is_followed_nowhere_when_it_is_told_late(store: Store, company: Company) -> None:
    await ann(store, company)
    await told_late(store, company, Reason.BLOCKED)
    assert await ended(store) == [("fake", "failed")]
