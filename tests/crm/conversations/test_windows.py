"""A card that says until when something holds is drawn again when that has passed, once, and by the newest drawing."""

from sqlalchemy import delete, select

from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations import windows
from crm.conversations.threads import Conversation
from crm.conversations.windows import AT_ONCE, WindowEnd
from crm.outbox.notices import NoticeRow
from tests.conftest import NOON
from tests.crm.fake import hear, rows, said


async def talk(store: Store, company: Company) -> int:
    """The number of a conversation whose card has been drawn."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda s: s.execute(delete(NoticeRow)))
    return int(number)


async def test_a_card_is_drawn_again_once_when_its_instant_has_passed(store: Store, company: Company) -> None:
    number = await talk(store, company)
    await store.write(lambda s: windows.mind(s, {number: NOON + 100}))
    assert await store.write(lambda s: windows.passed(s, now=NOON + 99)) == 0
    assert await store.write(lambda s: windows.passed(s, now=NOON + 100)) == 1
    assert await rows(store, select(NoticeRow.key)) == [f"card:{number}"]
    assert await store.write(lambda s: windows.passed(s, now=NOON + 101)) == 0


async def test_the_newest_drawing_counts(store: Store, company: Company) -> None:
    number = await talk(store, company)
    await store.write(lambda s: windows.mind(s, {number: NOON + 100}))
    await store.write(lambda s: windows.mind(s, {number: NOON + 500}))
    assert await store.write(lambda s: windows.passed(s, now=NOON + 200)) == 0
    assert await rows(store, select(WindowEnd.at)) == [NOON + 500]


async def test_a_crowd_comes_in_chunks(store: Store, company: Company) -> None:
    await store.write(lambda s: windows.mind(s, dict.fromkeys(range(1, AT_ONCE + 11), NOON)))
    assert [await store.write(lambda s: windows.passed(s, now=NOON)) for _ in range(3)] == [AT_ONCE, 10, 0]


async def test_nothing_to_mind_is_nothing_to_do(store: Store) -> None:
    await store.write(lambda s: windows.mind(s, {}))
    assert await rows(store, select(WindowEnd.id)) == []
