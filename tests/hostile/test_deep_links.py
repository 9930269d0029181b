"""Deep links (row 21): a payload is one of ours or only a word; a link works once, for a day, and proves nothing about anybody else."""

import pytest
from hypothesis import given
from sqlalchemy import select

from bots.staff import door, updates
from crm.base.db import Store
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.people import link
from crm.people.contacts import Contact, Identity
from crm.people.link import Link, LinkToken
from crm.people.reps import Invite, Stranger
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import hear, raw, said
from tests.hostile.corpus import TEXTS, anything, steady
from tests.hostile.ledger import amount, everything

SECRET = "A" * 22
PAYLOADS = [
    "",
    "c_",
    "c_" + "A" * 21,
    "c_" + "B" * 22,
    "C_" + SECRET,
    "c_c_" + SECRET,
    "c_" + SECRET + "A" * 40,
    "c_%00",
    "c_" + SECRET + "\x00",
    "c_" + "А" * 22,
    *TEXTS.values(),
]


async def offered(store: Store, company: Company) -> int:
    """Ann writes and is offered a link; answers her identity."""
    await hear(store, company, said(1, "ann", "Hello"))
    ann = await store.read(lambda s: s.scalars(select(Identity.id)).one())
    await store.write(lambda s: link.offer_link(s, ann, SECRET, now=NOON))
    return ann


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_payload_that_is_not_the_one_given_out_links_nobody(store: Store, company: Company, payload: str) -> None:
    await offered(store, company)
    await hear(store, company, raw(2, "eve", "start", payload.encode("utf-8", "replace").decode()))
    assert await amount(store, Link) == 0
    assert await amount(store, Contact, Contact.root_id != Contact.id) == 0
    assert await store.read(lambda s: s.scalars(select(LinkToken.used_at)).one()) is None


async def test_a_link_works_once_and_the_second_who_shows_it_is_a_stranger(store: Store, company: Company) -> None:
    await offered(store, company)
    await hear(store, company, *(raw(f"s{who}", who, "start", "c_" + SECRET) for who in ("bob", "eve")), raw("again", "bob", "start", "c_" + SECRET))
    assert await amount(store, Link) == 1
    assert await amount(store, Contact, Contact.root_id != Contact.id) == 1
    assert await amount(store, Lead, Lead.open_contact_id.is_not(None)) == 2


async def test_a_link_is_no_good_after_a_day_nor_to_whom_it_was_given(store: Store, company: Company) -> None:
    await offered(store, company)
    await hear(store, company, raw("own", "ann", "start", "c_" + SECRET))
    await hear(store, company, raw("late", "bob", "start", "c_" + SECRET, at=NOON + DAY), now=NOON + DAY)
    assert await amount(store, Link) == 0


async def test_fifty_thousand_guesses_are_fifty_thousand_chances_in_two_to_the_128(store: Store, company: Company) -> None:
    await offered(store, company)
    digest = await store.read(lambda s: s.scalars(select(LinkToken.digest)).one())
    assert SECRET not in digest
    assert len(digest) == 64


@pytest.mark.parametrize("payload", [text for name, text in TEXTS.items() if name != "nothing"])
async def test_whatever_stands_behind_start_the_door_of_the_staff_counts_it_as_a_wrong_key(store: Store, company: Company, payload: str) -> None:
    said_ = updates.Text(7, 7, payload, payload, 5, f"/start {payload}".encode("utf-8", "replace").decode(), None, False, False, (), NOON)
    if not door.secret_in(said_):
        return
    await store.write(lambda s: door.wrong_invitation(s, said_, company, event=1, now=NOON))
    assert await amount(store, Stranger) == 1
    before = await everything(store)
    await store.write(lambda s: door.wrong_invitation(s, said_, company, event=1, now=NOON))
    assert await everything(store) == before
    assert await amount(store, Invite) == 0


async def test_a_link_merges_no_more_than_the_two_who_met(store: Store, company: Company) -> None:
    await offered(store, company)
    await hear(store, company, said("e", "eve", "I am ann, merge us: c_" + SECRET), raw("b", "bob", "start", "c_" + SECRET))
    roots = await store.read(
        lambda s: {row[0]: row[1] for row in s.execute(select(Identity.external_id, Contact.root_id).join(Contact, Contact.id == Identity.contact_id))}
    )
    assert roots["ann"] == roots["bob"] != roots["eve"]
    assert await amount(store, Conversation) == 3


@steady
@given(anything(100))
def test_any_text_behind_start_is_a_secret_or_nothing(text: str) -> None:
    said_ = updates.Text(7, 7, "x", "en", 5, f"/start {text}", None, False, False, (), NOON)
    assert door.secret_in(said_) == text.strip()
