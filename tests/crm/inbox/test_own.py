"""Own accounts: what is written to a member of the staff by name is theirs, and can be answered there while they let us."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.actors import System
from crm.base.db import Store
from crm.base.events import ContactShared, Delete, Edit, OwnAccount, Postback, Sender
from crm.base.events import Message as Said
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Conversation, Message
from crm.inbox.edits import PendingEdit
from crm.inbox.own import stands
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people import team
from crm.people.contacts import Contact, Identity
from crm.people.own_accounts import OwnChat
from crm.people.suggestions import Suggestion
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows
from tests.crm.told import ANN, happen, message

OWN = Sender("ann@c1", "Ann", language="en", same="ann", through="c1")
HOLDERS = select(Conversation.rep_id).order_by(Conversation.id)


def written(number: int, text: str = "hello", **facts: object) -> Said:
    """Ann writes to a member of the staff by name."""
    return replace(message(number, text, OWN, window_ends_at=NOON + DAY), **facts)  # type: ignore[arg-type]


def opens(owner: str, may_write: bool = True, *, at: int = NOON) -> OwnAccount:
    return OwnAccount("c1", owner, may_write, at, "Ruben Y")


@pytest.mark.parametrize("told_first", [True, False])
async def test_what_is_written_to_a_member_of_the_staff_is_theirs(store: Store, company: Company, told_first: bool) -> None:
    ruben = await hire(store)
    await happen(store, company, *((opens(ruben.address), written(1)) if told_first else (written(1), opens(ruben.address))))
    assert await rows(store, HOLDERS) == [ruben.id]
    assert await rows(store, select(DomainEvent.kind).where(DomainEvent.kind == "taken")) == ["taken"]


async def test_the_bot_keeps_silent_where_the_owner_answers(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address))
    await happen(store, company, written(1))
    assert await rows(store, select(Delivery.id)) == []
    assert await rows(store, select(NoticeRow.kind).where(NoticeRow.kind == "heard")) == ["heard"]


OUTSIDERS: list[list[OwnAccount]] = [[], [OwnAccount("c1", "999", True, NOON, "Mallory")]]


@pytest.mark.parametrize("told", OUTSIDERS)
async def test_nothing_of_an_account_of_nobody_of_the_staff_is_ours(store: Store, company: Company, told: list[OwnAccount]) -> None:
    await happen(store, company, *told)
    await happen(store, company, written(1), written(2, "Pay to this account", echo=True), written(3, "ok", album="a"))
    await happen(store, company, Edit(OWN, "m1", "hello!", NOON), Delete(OWN, "m2", NOON), Postback(OWN, "p1", "q:lang:en", NOON, "English", "m0"))
    await happen(store, company, ContactShared(OWN, "m4", "+37491234567", NOON, own=True))
    assert await counts(store, Message, Contact, Lead, Delivery, PendingEdit, OwnChat) == dict.fromkeys(
        ("messages", "contacts", "leads", "deliveries", "pending_edits", "own_chats"), 0
    )


async def test_managers_hear_once_that_somebody_not_of_the_staff_connected_the_bot(store: Store, company: Company) -> None:
    await happen(store, company, opens("999"), opens("999", False, at=NOON + 1), opens("999", at=NOON + 2))
    await happen(store, company, replace(opens("999", at=NOON + HOUR), through="c2"), now=NOON + HOUR)
    [facts] = await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == "account"))
    assert "Ruben Y (999) is not of the staff" in facts


async def test_what_was_theirs_is_not_written_to_when_they_have_left_the_staff(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), written(1))
    await store.write(lambda session: team.dismiss(session, System("test"), ruben.id, now=NOON))
    await happen(store, company, written(2))
    await happen(store, company, opens(ruben.address, at=NOON + 1))
    assert await rows(store, select(Identity.reachable)) == [0]
    assert await rows(store, select(Message.external_id)) == ["m1"]


async def test_a_closed_account_cannot_be_answered_in_until_it_opens_again(store: Store, company: Company) -> None:
    reachable, ruben = select(Identity.reachable), await hire(store)
    await happen(store, company, opens(ruben.address), written(1))
    await happen(store, company, opens(ruben.address, False, at=NOON + HOUR), now=NOON + HOUR)
    assert await rows(store, reachable) == [0]
    await happen(store, company, written(2), now=NOON + HOUR)
    assert await rows(store, reachable) == [0]
    await happen(store, company, opens(ruben.address, at=NOON + 2 * HOUR), now=NOON + 2 * HOUR)
    assert await rows(store, reachable) == [1]


async def test_an_older_word_about_an_account_is_too_late(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, written(1), opens(ruben.address, False, at=NOON + HOUR), now=NOON + HOUR)
    await happen(store, company, opens(ruben.address, at=NOON), now=NOON + HOUR)
    assert await rows(store, select(Identity.reachable)) == [0]


async def test_managers_hear_of_an_account_once_for_each_change(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, *(opens(ruben.address, may, at=NOON + after) for after, may in enumerate((True, True, False))))
    assert len(await rows(store, select(NoticeRow.id).where(NoticeRow.kind == "account"))) == 2


async def test_the_same_person_on_the_bot_and_on_an_own_account_is_two_and_suggested_to_be_one(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), message(1, "hi", ANN))
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


async def test_what_the_owner_takes_back_there_is_not_the_customers_deed(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), written(1), written(2, "The price is 5", echo=True))
    await happen(store, company, Delete(OWN, "m2", NOON), written(3))
    assert await counts(store, PendingEdit) == {"pending_edits": 0}
    assert await rows(store, select(Message.deleted_at).distinct()) == [0]
    assert await rows(store, select(DomainEvent.id).where(DomainEvent.kind == "deleted")) == []


async def test_a_deletion_that_came_before_what_the_owner_wrote_is_not_the_customers_either(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), written(1))
    await happen(store, company, Delete(OWN, "m2", NOON))
    await happen(store, company, written(2, "The price is 5", echo=True))
    await happen(store, company, written(3))
    assert await rows(store, select(Message.deleted_at).distinct()) == [0]


async def test_the_bots_own_customer_who_comes_later_is_suggested_at_the_next_word(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), written(1))
    await happen(store, company, message(2, "hi", ANN))
    await happen(store, company, written(3))
    assert await rows(store, select(Suggestion.reason)) == ["platform"]


async def test_what_is_known_of_a_chat_is_not_written_again_until_something_is_new(store: Store, company: Company) -> None:
    async def known() -> bool:
        return await store.read(lambda session: stands(session, "fake", OWN))

    ruben = await hire(store)
    await happen(store, company, opens(ruben.address))
    assert not await known()
    await happen(store, company, written(1))
    assert await known()
    await happen(store, company, message(2, "hi", ANN))
    assert not await known()
    await happen(store, company, written(3))
    assert await known()
    await happen(store, company, opens(ruben.address, False, at=NOON + 1))
    assert not await known()


async def test_the_window_there_is_as_long_as_the_last_word_makes_it(store: Store, company: Company) -> None:
    ruben = await hire(store)
    await happen(store, company, opens(ruben.address), written(1), written(2, window_ends_at=NOON + HOUR))
    assert await rows(store, select(Identity.session_ends_at)) == [NOON + DAY]
    await happen(store, company, written(3, window_ends_at=NOON + DAY + HOUR))
    assert await rows(store, select(Identity.session_ends_at)) == [NOON + DAY + HOUR]
