"""Billed: whoever has a promotion to send is told how many of the people cost money each."""

import pytest
from sqlalchemy import update

from crm.base.outbound import Limits, May, Window
from crm.base.time import DAY, HOUR, SECOND
from crm.outreach.billed import billed, free_since
from crm.outreach.segments import Segment
from crm.people.contacts import Identity
from tests.crm.outreach.town import NOON, Town


def a_day_free(window: Window) -> Limits:
    return Limits(free=window.last_inbound_at > NOON - DAY)


@pytest.mark.parametrize(
    ("limits", "since"),
    [
        (Limits(), None),
        (Limits(free=False), NOON + 1),
        (Limits(free=False, may=May.NOTHING), None),
    ],
)
def test_a_channel_bills_everybody_or_nobody(limits: Limits, since: int | None) -> None:
    assert free_since(lambda _: limits, NOON) == since


def test_where_a_day_is_free_the_instant_is_found() -> None:
    found = free_since(a_day_free, NOON)
    assert found is not None
    assert 0 <= found - (NOON - DAY) <= SECOND


async def test_each_person_is_billed_by_the_address_they_are_written_to(town: Town) -> None:
    for who, account in (("old", "viber"), ("fresh", "viber"), ("ani", "telegram"), ("no", "viber"), ("paid", "sms"), ("open", "viber")):
        await town.writes(who, account=account)
        if who != "no":
            await town.writes(who, "yes", account=account)
    early = update(Identity).where(Identity.external_id.in_(["old", "open", "no"])).values(last_inbound_at=NOON - 2 * DAY)
    await town.store.write(lambda session: session.execute(early) and None)
    open_still = update(Identity).where(Identity.external_id.in_(["open", "paid"])).values(session_ends_at=NOON + HOUR)
    await town.store.write(lambda session: session.execute(open_still) and None)

    async def count(segment: Segment, **since: int) -> int:
        return await town.store.read(lambda session: billed(session, segment, since, now=town.now))

    assert await count(Segment(), viber=NOON - DAY, sms=town.now + 1) == 2
    assert await count(Segment(), viber=NOON - DAY) == 1
    assert await count(Segment(channels=frozenset({"telegram"})), viber=NOON - DAY) == 0
    assert await count(Segment()) == 0
