"""What Twilio did not bring: it is fetched, and what it did bring stays one message."""

import asyncio
from contextlib import suppress

from sqlalchemy import select

from channels.sms.recent import OVERLAP
from crm.base.db import Store
from crm.base.events import MediaKind, Message
from crm.base.tallies import Count, Tally
from crm.inbox.log import alike, keep
from sandbox.twilio.world import Text
from tests.channels.sms.stand import ANN
from tests.channels.twilio.stand import Stand, stand
from tests.conftest import NOON
from tests.crm.fake import rows


def texts(open_: Stand) -> list[str]:
    """What was written, in the order in which it was kept."""
    return [event.text for event in open_.events if isinstance(event, Message)]


async def looked(open_: Stand) -> None:
    """A look as from a node that was there an hour ago."""
    open_.inbox.offset = open_.inbox.offset or NOON - 3_600_000
    await open_.sms._recent.look(open_.inbox)


async def test_a_message_that_was_lost_is_fetched_and_one_that_came_is_not_doubled() -> None:
    async with stand() as open_:
        await open_.hear("one")
        open_.world.faults.add("lost")
        await open_.hear("two")
        assert texts(open_) == ["one"]
        await looked(open_)
        await looked(open_)
        assert texts(open_) == ["one", "two"]
        assert open_.inbox.offset == NOON


async def test_what_is_fetched_says_what_was_brought(store: Store) -> None:
    async with stand() as open_:
        await open_.hear("Բարև “quoted” \\ and\nso on")
        [brought] = open_.inbox.events
        open_.inbox.events = []
        await looked(open_)
        [fetched] = open_.inbox.events
        assert (fetched.key, fetched.lane) == (brought.key, brought.lane)
        assert alike(brought.body, fetched)
        assert alike(fetched.body, brought)
        assert await store.gather(keep, [brought, fetched]) == [True, False]
    assert await rows(store, select(Tally.kind).where(Tally.kind == Count.CONFLICT)) == []


async def test_pictures_of_a_lost_message_are_found() -> None:
    async with stand() as open_:
        open_.world.media["ME1"] = ("image/jpeg", b"\xff\xd8\xff")
        open_.world.faults.add("lost")
        await open_.hear("Like this", "ME1")
        await looked(open_)
        [message] = open_.events
        assert isinstance(message, Message)
        assert [(file.kind, file.mime) for file in message.media] == [(MediaKind.PHOTO, "image/jpeg")]
        assert b"".join([chunk async for chunk in open_.sms.fetch_media(message.media[0])]) == b"\xff\xd8\xff"


async def test_a_lost_message_whose_pictures_are_gone_still_has_its_words() -> None:
    async with stand() as open_:
        open_.world.media["ME1"] = ("image/jpeg", b"x")
        open_.world.faults.add("lost")
        await open_.hear("Like this", "ME1")
        open_.world.gone.add("ME1")
        await looked(open_)
        assert [(event.text, event.media) for event in open_.events if isinstance(event, Message)] == [("Like this", ())]


async def test_the_first_look_takes_nothing_of_what_lay_there_before() -> None:
    async with stand() as open_:
        open_.world.faults.add("lost")
        await open_.hear("history")
        await open_.sms._recent.look(open_.inbox)
        assert (texts(open_), open_.inbox.offset) == ([], NOON)


async def test_every_page_is_read_and_the_oldest_comes_first() -> None:
    async with stand() as open_:
        for number in range(450):
            await open_.world.put(Text(f"SM{number}", ANN, f"word {number}", (NOON - 60_000 + number) / 1000, ours=False))
        await open_.world.put(Text("SMold", ANN, "long ago", (NOON - 3_600_000 - OVERLAP) / 1000 - 5, ours=False))
        await open_.world.put(Text("SMours", ANN, "ours", NOON / 1000, ours=True))
        await looked(open_)
        assert texts(open_) == [f"word {number}" for number in range(450)]


async def test_it_looks_until_it_is_told_to_stop_and_says_what_is_wrong() -> None:
    async with stand() as open_:
        open_.world.tokens = ("changed",)
        open_.inbox.offset = NOON - 1
        looking = asyncio.create_task(open_.sms.listen(open_.inbox))
        async with asyncio.timeout(30):
            await open_.sms._recent.looked.wait()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        assert "401" in (await open_.sms.health()).words
