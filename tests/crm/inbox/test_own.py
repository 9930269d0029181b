"""Own accounts: what is written to a member of the staff by name is theirs, and can be answered there while they let us."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.events import Message as Said
from crm.base.events import OwnAccount, Sender
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Conversation, Message
from crm.inbox.own import OwnChat
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact, Identity
from crm.people.suggestions import Suggestion
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import ANN, happen, message

OWN = Sender("ann@c1", "Ann", language="en", same="ann")
HOLDERS = select(Conversation.rep_id).order_by(Conversation.id)


def written(number: int, text: str = "hello", **facts: object) -> Said:
    """Ann writes to a member of the staff by name."""
    return replace(message(number, text, OWN, through="c1", window_ends_at=NOON + DAY), **facts)  # type: ignore[arg-type]


def opens(owner: str, may_write: bool = True, *, at: int = NOON) -> OwnAccount:
    return OwnAccount("c1", owner, may_write, at, "Ruben Y")


@pytest.mark.parametrize("told_first", [True, False])
async def test_what_is_written_to_a_member_of_the_staff_is_theirs(store: Store, company: Company, told_first: bool) -> None:
    ruben = await hire(store)
    for event in (opens(ruben.address), written(1)) if told_first else (written(1), opens(ruben.address)):
        await happen(store, company, event)
    assert await rows(store, HOLDERS) == [ruben.id]
    assert await rows(store, select(DomainEvent.kind).where(DomainEvent.kind == "taken")) == ["taken"]


async def test_the_bot_keeps_silent_where_the_owner_answers(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address))
    await happen(store, company, written(1))
    assert await rows(store, select(Delivery.id)) == []
    assert await rows(store, select(NoticeRow.kind).where(NoticeRow.kind == "heard")) == ["heard"]


async def test_an_owner_who_is_nobody_of_the_staff_has_no_conversation(store: Store, company: Company) -> None:
    await happen(store, company, opens("999"))
    await happen(store, company, written(1))
    assert await rows(store, HOLDERS) == [None]
    assert len(await rows(store, select(Delivery.id))) == 1


async def test_a_closed_account_cannot_be_answered_in_until_it_opens_again(store: Store, company: Company) -> None:
    reachable = select(Identity.reachable)
    await happen(store, company, opens("999"), written(1))
    await happen(store, company, opens("999", False, at=NOON + HOUR), now=NOON + HOUR)
    assert await rows(store, reachable) == [0]
    await happen(store, company, written(2), now=NOON + HOUR)
    assert await rows(store, reachable) == [0]
    await happen(store, company, opens("999", at=NOON + 2 * HOUR), now=NOON + 2 * HOUR)
    assert await rows(store, reachable) == [1]


async def test_an_older_word_about_an_account_is_too_late(store: Store, company: Company) -> None:
    await happen(store, company, written(1), opens("999", False, at=NOON + HOUR), now=NOON + HOUR)
    await happen(store, company, opens("999", at=NOON), now=NOON + HOUR)
    assert await rows(store, select(Identity.reachable)) == [0]


async def test_managers_hear_of_an_account_once_for_each_change(store: Store, company: Company) -> None:
    await happen(store, company, opens("999"), opens("999", at=NOON + 1), opens("999", False, at=NOON + 2))
    assert len(await rows(store, select(NoticeRow.id).where(NoticeRow.kind == "account"))) == 2


async def test_the_same_person_on_the_bot_and_on_an_own_account_is_two_and_suggested_to_be_one(store: Store, company: Company) -> None:
    await happen(store, company, message(1, "hi", ANN))
    await happen(store, company, written(2), written(3))
    assert len(set(await rows(store, select(Contact.root_id)))) == 2
    assert await rows(store, select(Suggestion.reason, Suggestion.score)) == [("platform", 95)]
    assert sorted(await rows(store, select(OwnChat.through, OwnChat.account))) == [("c1", "fake")]


async def test_what_the_owner_writes_there_answers_the_customer(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address))
    await happen(store, company, written(1))
    await happen(store, company, written(2, "Come by at six", echo=True, at=NOON + HOUR, window_ends_at=0), now=NOON + HOUR)
    assert await rows(store, select(Message.kind).order_by(Message.id)) == ["message", "elsewhere"]
    assert await rows(store, select(Conversation.waiting_since, Conversation.unread)) == [(0, 0)]
