"""The inbox and the leads as short lists: newest first, page by page, nobody twice."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.errors import Forbidden
from crm.base.time import DAY, MINUTE
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.reports.inbox import inbox
from crm.reports.leads import leads
from crm.sales.leads import LeadStatus
from tests.crm.outreach.town import Town


async def number_of(town: Town, address: str) -> int:
    return await town.store.read(lambda session: session.scalars(select(Conversation.id).where(Conversation.address == address)).one())


async def test_the_inbox_is_paged_newest_first(town: Town) -> None:
    rep = await town.employ(Role.REP)
    for number in range(10):
        await town.writes(f"p{number}", f"word {number}", name=f"P{number}")
    first = await town.do(inbox, rep, mine=False, now=town.now)
    second = await town.do(inbox, rep, mine=False, now=town.now, after=first.next)
    assert [row.name for row in (*first.rows, *second.rows)] == [f"P{number}" for number in reversed(range(10))]
    assert (len(first.rows), second.next) == (8, None)
    assert first.rows[0].preview == "Glad to help."


async def test_pages_hold_where_two_threads_moved_at_once(town: Town) -> None:
    rep = await town.employ(Role.REP)
    start = town.now
    for number in range(5):
        town.now = start
        await town.writes(f"p{number}")
    page, seen = await town.do(inbox, rep, mine=False, now=town.now, limit=2), []
    while True:
        seen += [row.conversation_id for row in page.rows]
        if page.next is None:
            break
        page = await town.do(inbox, rep, mine=False, now=town.now, after=page.next, limit=2)
    assert len(set(seen)) == len(seen) == 5


async def test_mine_are_those_i_took_put_off_ones_included(town: Town) -> None:
    rep = await town.employ(Role.REP)
    for address in ("ani", "bob", "eve"):
        await town.writes(address, name=address.title())
    for address in ("ani", "bob"):
        await town.do(assign.take, rep, await number_of(town, address), now=town.now)
    await town.do(assign.snooze, rep, await number_of(town, "ani"), town.now + DAY, now=town.now)
    rows = (await town.do(inbox, rep, mine=True, now=town.now + MINUTE)).rows
    assert [(row.name, row.rep, row.snoozed_until > 0) for row in rows] == [("Bob", "Vahe", False), ("Ani", "Vahe", True)]
    assert rows[0].waits_ms > MINUTE - 10


async def test_closed_and_blocked_threads_are_not_in_the_inbox(town: Town) -> None:
    rep = await town.employ(Role.REP)
    await town.writes("ani")
    await town.writes("bob")
    await town.do(assign.close, rep, await number_of(town, "ani"), now=town.now)
    await town.do(assign.block, rep, await number_of(town, "bob"), True, now=town.now)
    assert (await town.do(inbox, rep, mine=False, now=town.now)).rows == ()


async def test_leads_are_listed_by_age_and_status(town: Town) -> None:
    rep = await town.employ(Role.REP)
    await town.writes("old", "a chair")
    town.now += 10 * DAY
    await town.writes("new", "a lamp")
    found = [await town.do(leads, rep, now=town.now, days=days) for days in (0, 7)]
    assert [[row.need for row in page.rows] for page in found] == [["a lamp", "a chair"], ["a lamp"]]
    assert (await town.do(leads, rep, now=town.now, status=LeadStatus.WON)).rows == ()
    page = await town.do(leads, rep, now=town.now, limit=1)
    assert [row.need for row in (await town.do(leads, rep, now=town.now, limit=1, after=page.next)).rows] == ["a chair"]


async def test_a_stranger_sees_no_list(town: Town) -> None:
    nobody = Rep(99, Role.MANAGER, "Nobody", "en", "99")
    for question in (inbox, leads):
        with pytest.raises(Forbidden):
            await town.do(question, nobody, now=town.now, **({"mine": False} if question is inbox else {}))
