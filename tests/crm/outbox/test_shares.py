"""A file that a channel cannot carry goes as a link, which ends after a while; where nobody can come to us its name stays."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Session, Store
from crm.base.errors import NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Limits, Media, Say
from crm.base.settings import Company
from crm.conversations import talk
from crm.conversations.media import here
from crm.conversations.threads import Attachment, Conversation
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.outbox.payload import unpack
from crm.outbox.shares import LASTS, PATH, ShareRow, Shares, carried, shared
from tests.conftest import NOON
from tests.crm.fake import Stub, hear, hire, rows, said

SITE = "https://crm.example"
SHARES = Shares(f"{SITE}/", b"key")
LARGE = MediaRef(MediaKind.DOCUMENT, "kept", "plan.pdf", "application/pdf", 15_000_000)
MAIL = Limits(media=frozenset(MediaKind), media_size=14_000_000, edits=True, chat_burst=100)


async def send(
    store: Store, company: Company, carrier: Stub, ref: MediaRef = LARGE, share: Shares | None = SHARES, text: str = "The plan", *, stored: int = 0
) -> Sequence[object]:
    """A rep answers with a file, and what waits leaves; `stored` bytes are here where that is not what was told."""
    await hear(store, company, said(1, "ann"))
    rep = await hire(store)
    [number] = await rows(store, select(Conversation.id))

    def reply(session: Session) -> None:
        made = talk.reply(session, rep, number, text, once="r", now=NOON, media=ref, media_account="desk")
        here(session, made, ref.ref, stored or ref.size, now=NOON)

    await store.write(reply)
    await Drain(store, carrier, None, node="n", clock=lambda: NOON, share=share).run()  # type: ignore[arg-type]
    return [outbound for _, outbound in carrier.sent][1:]


async def test_a_file_that_is_too_large_goes_as_a_link(store: Store, company: Company) -> None:
    [part] = await send(store, company, Stub(limits=MAIL))
    assert isinstance(part, Say)
    assert part.media is None
    words, name = part.text.split("\n")
    assert words == "The plan"
    assert name.startswith(f"plan.pdf: {SITE}{PATH}")
    secret = name.rpartition("/")[2]
    [row] = await rows(store, select(ShareRow.attachment_id))
    assert (await store.read(lambda s: shared(s, secret, now=NOON).attachment_id)) == row
    assert secret not in str(await rows(store, select(ShareRow.digest)))
    [payload] = await rows(store, select(Delivery.payload).where(Delivery.once == "say:r"))
    assert unpack(payload) == replace(part, personal=True)  # what may be sent again is what left


async def test_a_file_that_fits_goes_as_it_is(store: Store, company: Company) -> None:
    [part] = await send(store, company, Stub(limits=MAIL), replace(LARGE, size=14_000_000))
    assert isinstance(part, Say)
    assert part.media is not None
    assert await rows(store, select(ShareRow.id)) == []


@pytest.mark.parametrize("told", [0, 99_000_000])
async def test_the_size_of_what_is_stored_decides_and_not_what_was_told(store: Store, company: Company, told: int) -> None:
    [part] = await send(store, company, Stub(limits=MAIL), replace(LARGE, size=told), stored=14_000_000)
    assert isinstance(part, Say)
    assert part.media is not None
    assert part.media.size == 14_000_000


async def test_a_file_whose_size_nobody_told_goes_as_a_link_where_it_is_too_large(store: Store, company: Company) -> None:
    [part] = await send(store, company, Stub(limits=MAIL), replace(LARGE, size=0), stored=15_000_000)
    assert isinstance(part, Say)
    assert part.media is None
    assert SITE in part.text


async def test_where_nobody_can_come_to_us_the_name_stays(store: Store, company: Company) -> None:
    [part] = await send(store, company, Stub(limits=MAIL), share=None)
    assert isinstance(part, Say)
    assert part.text == "The plan\n[plan.pdf]"


async def test_a_file_alone_is_a_link_alone(store: Store, company: Company) -> None:
    [part] = await send(store, company, Stub(limits=Limits(chat_burst=100)), text="")
    assert isinstance(part, Say)
    assert part.text.startswith("plan.pdf: https://crm.example/files/")


async def test_an_address_ends_and_is_renewed_when_the_file_is_sent_again(store: Store, company: Company) -> None:
    await send(store, company, Stub(limits=MAIL))
    [number] = await rows(store, select(Attachment.id))
    media = Media(number, MediaKind.DOCUMENT, "plan.pdf", "application/pdf", 15_000_000)
    address = await store.write(lambda s: SHARES(s, media, NOON + LASTS))
    secret = address.rpartition("/")[2]
    assert len(await rows(store, select(ShareRow.id))) == 1
    assert await store.read(lambda s: shared(s, secret, now=NOON + 2 * LASTS - 1).attachment_id) == number
    for at, word in ((NOON + 2 * LASTS, secret), (NOON, secret[::-1])):
        with pytest.raises(NotFound):
            await store.read(lambda s, at=at, word=word: shared(s, word, now=at))  # type: ignore[misc]


def test_what_a_channel_carries_is_said_by_its_limits() -> None:
    media = Media(1, MediaKind.PHOTO, "", "", 10)
    assert [carried(media, limits) for limits in (Limits(), Limits(media=frozenset({MediaKind.PHOTO}), media_size=9), replace(MAIL, media_size=10))] == [
        False,
        False,
        True,
    ]
