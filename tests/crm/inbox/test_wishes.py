"""Wishes: what a person told the platform about being written to, and what the platform tells about our own account."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.db import Store
from crm.base.events import AccountAlert, IdentityChanged, OptIn, OptOut, Scope, Sender
from crm.base.outbound import May
from crm.base.settings import Company
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.people import consents
from crm.people.consents import Consent
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, hear, rows, said
from tests.crm.told import ANN, Windowed, drain, happen, message, say

IN_FORCE = select(Contact.marketing, Contact.silenced)
LEDGER = select(Consent.purpose, Consent.granted, Consent.shown, Consent.source).order_by(Consent.id)


async def test_no_more_offers_is_in_force_everywhere_and_on_record_once(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    for number in range(2):
        await happen(store, company, OptOut(ANN, f"o{number}", NOON, shown="Stop promotions"))
    assert await rows(store, IN_FORCE) == [(-1, 0)]
    assert await rows(store, LEDGER) == [("marketing", 0, "Stop promotions", "platform fake")]
    assert await rows(store, select(Identity.reachable)) == [1]


async def test_no_more_of_anything_ends_what_is_planned_too_until_they_come_back(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await happen(store, company, OptOut(ANN, "o", NOON, Scope.ALL))
    assert await rows(store, IN_FORCE) == [(-1, 1)]
    assert await rows(store, select(Identity.reachable)) == [0]
    await happen(store, company, OptIn(ANN, "i", NOON, Scope.ALL))
    assert await rows(store, IN_FORCE) == [(-1, 0)]
    assert await rows(store, select(Identity.reachable)) == [1]


async def test_who_had_agreed_to_offers_has_them_back_with_everything_else(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await happen(store, company, OptIn(ANN, "y", NOON, shown="Offers"), OptOut(ANN, "o", NOON, Scope.ALL), OptIn(ANN, "i", NOON, Scope.ALL))
    assert await rows(store, IN_FORCE) == [(1, 0)]


async def test_who_writes_after_they_were_gone_is_here_also_when_both_come_at_once(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await happen(store, company, OptOut(ANN, "o", NOON, Scope.ALL), message(2, "are you there?"), IdentityChanged(ANN, False, NOON))
    assert await rows(store, select(Identity.reachable)) == [0]
    await happen(store, company, IdentityChanged(ANN, False, NOON), message(3, "hello?"), message(4, "hello?"))
    assert await rows(store, select(Identity.reachable)) == [1]
    assert (await rows(store, LEDGER))[:2] == [("marketing", 0, "", "platform fake"), ("service", 0, "", "platform fake")]


async def test_offers_may_come_again_when_they_say_so(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await happen(store, company, OptOut(ANN, "o", NOON), OptIn(ANN, "i", NOON + 1, shown="Resume"))
    assert await rows(store, IN_FORCE) == [(1, 0)]
    assert [row[1] for row in await rows(store, LEDGER)] == [0, 1]


async def test_who_lets_us_write_has_not_asked_for_offers(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await happen(store, company, OptIn(ANN, "i", NOON, Scope.ALL))
    assert await rows(store, IN_FORCE) == [(0, 0)]
    assert await counts(store, Consent) == {"consents": 0}


async def test_a_strangers_wish_is_kept_and_makes_no_lead(store: Store, company: Company) -> None:
    await happen(store, company, OptOut(Sender("new"), "o", NOON))
    assert await rows(store, IN_FORCE) == [(-1, 0)]
    assert await counts(store, Lead, Delivery) == {"leads": 0, "deliveries": 0}


async def test_who_unsubscribes_by_a_letter_of_ours_is_whom_it_went_to(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    await say(store, "Offers")
    for _ in range(2):
        await drain(store, Windowed(May.NOTHING), NOON)
    [number] = await rows(store, select(Delivery.id).where(Delivery.lane == 0))
    await happen(store, company, OptOut(Sender("forwarded@elsewhere"), "o", NOON, ref=f"d{number}"))
    assert await rows(store, select(Identity.external_id, Contact.marketing).join(Contact, Contact.id == Identity.contact_id)) == [("ann", -1)]


@pytest.mark.parametrize("ok", [True, False])
async def test_managers_are_told_once_of_what_the_platform_says_of_our_account(store: Store, company: Company, ok: bool) -> None:
    await happen(store, company, AccountAlert("quality", "quality red, before green", NOON, ok))
    [notice] = await store.read(waiting_notices)
    assert notice.kind is NoticeKind.ACCOUNT
    assert json.loads(json.dumps(notice.facts)) == {"account": "fake", "words": "quality red, before green", "ok": ok, "kind": "quality"}
    assert await counts(store, Contact) == {"contacts": 0}


async def test_a_platforms_switch_takes_back_no_stop_that_was_said_in_words(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))

    def stop(session: Session) -> None:
        [number] = session.scalars(select(Contact.id))
        consents.stop(session, Customer(number), number, shown="stop", message_id=None, now=NOON)

    await store.write(stop)
    await happen(store, company, OptIn(ANN, "i", NOON + 1, shown="Resume"))
    assert await rows(store, IN_FORCE) == [(-1, 0)]
