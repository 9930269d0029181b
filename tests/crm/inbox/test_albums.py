"""Albums: what comes apart stands in one message, in whatever order and batches it comes, and the bot answers it once."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.events import Delete, Edit, MediaKind, MediaRef
from crm.base.events import Message as Said
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations.assign import take
from crm.conversations.threads import Attachment, Conversation, Message
from crm.inbox.albums import AlbumPart
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows
from tests.crm.told import ANN, happen, message

CAPTION = "Doors, two of them"
HEARD = select(Message.text).where(Message.author == "contact").order_by(Message.id)
FILES = select(Attachment.ref).order_by(Attachment.ref)


def part(number: int, text: str = "", *, album: str = "a1", **facts: object) -> Said:
    """One photo of an album."""
    return replace(message(number, text), album=album, media=(MediaRef(MediaKind.PHOTO, f"f{number}"),), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("batches", [[(1, 2, 3)], [(1,), (2,), (3,)], [(3, 1), (2,)], [(2,), (3, 1)]])
async def test_an_album_is_one_message_with_its_files_and_is_answered_once(store: Store, company: Company, batches: list[tuple[int, ...]]) -> None:
    for batch in batches:
        await happen(store, company, *(part(number, CAPTION if number == 2 else "") for number in batch))
    assert await rows(store, HEARD) == [CAPTION]
    assert await rows(store, FILES) == ["f1", "f2", "f3"]
    assert await counts(store, Contact, Lead, Conversation, AlbumPart) == {"contacts": 1, "leads": 1, "conversations": 1, "album_parts": 3}
    assert len(await rows(store, select(Delivery.id))) == 1
    assert await rows(store, select(Conversation.unread)) == [1]


async def test_two_albums_and_the_words_between_them_are_three_messages(store: Store, company: Company) -> None:
    await happen(store, company, part(1), message(2, "hi"), part(3), part(4, album="a2"), part(5, album="a2"))
    assert await rows(store, HEARD) == ["", "hi", ""]
    of = select(Attachment.ref, Attachment.message_id).order_by(Attachment.ref)
    first, _, second = await rows(store, select(Message.id).where(Message.author == "contact").order_by(Message.id))
    assert await rows(store, of) == [("f1", first), ("f3", first), ("f4", second), ("f5", second)]


async def test_the_same_key_of_another_person_is_another_album(store: Store, company: Company) -> None:
    await happen(store, company, part(1), replace(part(2), sender=replace(ANN, external_id="bob")))
    assert len(await rows(store, HEARD)) == 2


async def test_a_part_that_is_told_again_adds_nothing(store: Store, company: Company) -> None:
    await happen(store, company, part(1), part(2), part(2))
    await happen(store, company, part(1), part(2))
    assert await rows(store, FILES) == ["f1", "f2"]
    assert await rows(store, HEARD) == [""]


async def test_the_words_of_every_part_stand_in_the_order_of_their_numbers(store: Store, company: Company) -> None:
    await happen(store, company, part(10, "ten"))
    await happen(store, company, part(9, "nine"))
    assert await rows(store, HEARD) == ["nine\nten"]


async def test_an_edited_part_changes_its_own_words_alone(store: Store, company: Company) -> None:
    await happen(store, company, part(1, "one"), part(2, "two"))
    await happen(store, company, Edit(ANN, "m2", "zwei", NOON + 1000))
    await happen(store, company, Edit(ANN, "m2", "deux", NOON + 500), Edit(ANN, "m1", "one", NOON + 2000))
    assert await rows(store, HEARD) == ["one\nzwei"]
    assert await rows(store, select(Message.edited_at > 0).where(Message.author == "contact")) == [True]


async def test_an_edit_that_comes_before_its_part_waits_for_it(store: Store, company: Company) -> None:
    await happen(store, company, Edit(ANN, "m2", "zwei", NOON + 1000), Edit(ANN, "m1", "eins", NOON + 1000))
    await happen(store, company, part(1, "one"))
    await happen(store, company, part(2, "two"))
    assert await rows(store, HEARD) == ["eins\nzwei"]


async def test_a_part_that_was_taken_back_before_it_came_takes_nothing_else_along(store: Store, company: Company) -> None:
    await happen(store, company, message(0, "hi"))
    await happen(store, company, Delete(ANN, "m1", NOON + 1000))
    await happen(store, company, part(1, "one"), part(2, "two"))
    assert await rows(store, HEARD) == ["hi", "one\ntwo"]
    assert await rows(store, select(AlbumPart.deleted_at > 0).order_by(AlbumPart.external_id)) == [True, False]
    await happen(store, company, Delete(ANN, "m2", NOON + 2000))
    assert await rows(store, select(Message.deleted_at > 0).where(Message.author == "contact").order_by(Message.id)) == [False, True]


async def test_an_album_is_deleted_with_its_last_part(store: Store, company: Company) -> None:
    gone = select(Message.deleted_at > 0).where(Message.author == "contact")
    await happen(store, company, part(1), part(2))
    await happen(store, company, Delete(ANN, "m1", NOON))
    assert await rows(store, gone) == [False]
    await happen(store, company, Delete(ANN, "m2", NOON))
    assert await rows(store, gone) == [True]


async def test_what_grows_is_told_without_another_message_unread(store: Store, company: Company) -> None:
    await happen(store, company, message(0, "hi"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    await happen(store, company, part(1))
    await happen(store, company, part(2), now=NOON + HOUR)
    assert await rows(store, select(Conversation.unread)) == [1]
    assert len(await rows(store, select(NoticeRow.id).where(NoticeRow.kind == "heard"))) == 1


async def test_what_the_firm_sent_elsewhere_as_an_album_is_one_line_too(store: Store, company: Company) -> None:
    await happen(store, company, message(0, "hi"))
    await happen(store, company, part(1, "Look", echo=True), part(2, echo=True))
    assert await rows(store, select(Message.text).where(Message.kind == "elsewhere")) == ["Look"]
    assert await rows(store, FILES) == ["f1", "f2"]
