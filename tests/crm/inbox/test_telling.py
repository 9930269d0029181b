"""What is told by the way: a place that moves, somebody's card, a sticker, a like; and who may be written to after blocks and words in any order."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.events import ContactShared, Edit, IdentityChanged, MediaKind, MediaRef, Reaction
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.conversations.assign import close, take
from crm.conversations.threads import Conversation, Message
from crm.outbox.notices import NoticeRow
from crm.people.contacts import ContactPoint, Identity
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import ANN, happen, message

SAID = select(Message.kind, Message.text).where(Message.author == "contact").order_by(Message.id)
WAITING = select(NoticeRow.kind).where(NoticeRow.kind != "card")


async def test_a_place_that_moves_shows_where_it_is_and_tells_nobody(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "here"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: take(session, ruben, number, now=NOON))
    for minute in range(3):
        await happen(store, company, Edit(ANN, "m1", f"there {minute}", NOON + minute, moving=True))
    assert await rows(store, SAID) == [("message", "there 2")]
    assert await rows(store, WAITING) == []
    assert await rows(store, select(DomainEvent.kind).where(DomainEvent.kind == "edited")) == []


async def test_somebody_elses_card_is_words_and_never_the_senders_phone(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "I need two doors"))
    await happen(store, company, ContactShared(ANN, "c1", "+37499654321", NOON, own=False, name="Uncle Vazgen", other=True))
    assert (await rows(store, SAID))[-1] == ("contact", "Uncle Vazgen +37499654321")
    assert await rows(store, select(ContactPoint.value).where(ContactPoint.kind == "phone")) == []


async def test_the_emoji_of_a_sticker_is_nobodys_need(store: Store, company: Company) -> None:
    sticker = replace(message(1, "👋"), media=(MediaRef(MediaKind.STICKER, "f1"),))
    await happen(store, company, sticker)
    assert await rows(store, SAID) == [("message", "👋")]
    assert await rows(store, select(Lead.need)) == [""]


@pytest.mark.parametrize(("emoji", "status", "unread"), [("👍", "closed", 0), ("👎", "open", 1)])
async def test_a_like_leaves_what_is_closed_closed_and_displeasure_opens_it(store: Store, company: Company, emoji: str, status: str, unread: int) -> None:
    await happen(store, company, message(1, "hi"))
    ruben = await hire(store)
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: close(session, ruben, number, now=NOON))
    await happen(store, company, Reaction(ANN, "r1", "x1", emoji, NOON))
    standing = select(Conversation.status, Conversation.unread, Conversation.open_identity_id.is_not(None))
    assert await rows(store, standing) == [(status, unread, status == "open")]


BLOCKED, BACK = IdentityChanged(ANN, False, NOON), IdentityChanged(ANN, True, NOON)


@pytest.mark.parametrize(
    ("told", "reachable"),
    [
        ((message(2, "bye"), BLOCKED), 0),
        ((BLOCKED, BACK, message(2, "hello again")), 1),
        ((BLOCKED, BACK), 1),
        ((BACK, BLOCKED), 0),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_who_blocked_last_cannot_be_written_to_and_who_came_back_can(
    store: Store, company: Company, told: tuple[IdentityChanged, ...], reachable: int, together: bool
) -> None:
    await happen(store, company, message(1, "hi"))
    for events in [told] if together else [(event,) for event in told]:
        await happen(store, company, *events)
    assert await rows(store, select(Identity.reachable)) == [reachable]
