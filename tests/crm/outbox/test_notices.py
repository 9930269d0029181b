"""Notices: what waits under one key is told once, as its newest cause, and as urgently as its most urgent."""

from functools import partial

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.outbox.notices import NoticeRow, card, tell
from tests.conftest import NOON
from tests.crm.fake import rows


@pytest.mark.parametrize("order", [(False, True), (True, False), (False, True, False)])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_card_that_is_news_stays_news(store: Store, order: tuple[bool, ...], *, at_once: bool) -> None:
    told = [card(7, urgent=urgent) for urgent in order]
    for batch in [told] if at_once else [[one] for one in told]:
        await store.write(partial(tell, notices=batch, now=NOON))
    assert await rows(store, select(NoticeRow.key, NoticeRow.urgent)) == [("card:7", 1)]


async def test_a_redrawing_is_no_news(store: Store) -> None:
    for _ in range(2):
        await store.write(lambda session: tell(session, [card(7)], now=NOON))
    assert await rows(store, select(NoticeRow.urgent, NoticeRow.version)) == [(0, 1)]
