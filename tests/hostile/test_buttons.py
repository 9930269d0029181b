"""Buttons (rows 17, 19, 20): only one that was given to this member does anything, once, and what a customer presses is only a word."""

import asyncio

import pytest
from sqlalchemy.orm import Session

from bots.turn import turn
from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden
from crm.base.events import Postback, RawEvent, Sender
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.assign import take
from crm.conversations.threads import Conversation
from crm.inbox import process
from crm.inbox.log import Waiting, keep
from crm.inbox.process import Rules
from crm.people.contacts import Contact, Identity
from crm.people.desk import ButtonToken, Intent, issue, redeem, token_of
from tests.conftest import NOON
from tests.crm.fake import fire, hear, hire, said
from tests.hostile.corpus import TEXTS
from tests.hostile.ledger import amount, everything

KEY = b"key"
INTENT = Intent("take", 7)


async def given_to(store: Store, rep: Rep) -> str:
    await store.write(lambda s: issue(s, KEY, rep.id, [INTENT], until=NOON + DAY))
    return token_of(KEY, rep.id, INTENT)


async def test_what_was_never_given_to_this_member_is_expired_and_changes_nothing(store: Store) -> None:
    rep, other = await hire(store), await hire(store, "ani")
    token, hers = await given_to(store, rep), await given_to(store, other)
    before = await everything(store)
    for data in (
        hers,
        token[:-1],
        token + "A",
        token.lower(),
        token.swapcase(),
        "",
        "take:7",
        '{"take": 7}',
        token_of(b"other", rep.id, INTENT),
        *TEXTS.values(),
    ):
        with pytest.raises(Expired):
            await store.read(lambda s, data=data.encode("utf-8", "replace").decode(): redeem(s, rep, data, now=NOON))  # type: ignore[misc]
    assert await everything(store) == before
    assert await store.read(lambda s: redeem(s, rep, token, now=NOON)) == INTENT


async def test_a_button_is_over_when_its_time_is_over_also_for_clocks_set_back(store: Store) -> None:
    rep = await hire(store)
    token = await given_to(store, rep)
    with pytest.raises(Expired):
        await store.read(lambda s: redeem(s, rep, token, now=NOON + DAY))
    assert await store.read(lambda s: redeem(s, rep, token, now=NOON - DAY)) == INTENT


async def test_no_token_stands_in_the_store_as_it_is_shown(store: Store) -> None:
    token = await given_to(store, await hire(store))
    rows = await store.read(lambda s: [(one.digest, one.detail) for one in s.query(ButtonToken)])
    assert token not in str(rows)


async def test_a_member_who_was_removed_takes_nothing(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    rep = await hire(store)
    await fire(store, rep)
    number = await store.read(lambda s: s.query(Conversation).one().id)
    before = await everything(store)
    with pytest.raises(Forbidden):
        await store.write(lambda s: take(s, rep, number, now=NOON))
    assert await everything(store) == before


async def test_of_forty_presses_of_two_members_one_has_an_effect(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"))
    one, two = await hire(store), await hire(store, "ani", Role.MANAGER)
    number = await store.read(lambda s: s.query(Conversation).one().id)

    async def press(rep: Rep) -> None:
        def deed(session: Session) -> None:
            take(session, rep, number, now=NOON)

        await store.write(deed)

    ends = await asyncio.gather(*(press(rep) for rep in (one, two) * 20), return_exceptions=True)
    holder = await store.read(lambda s: s.query(Conversation).one().rep_id)
    assert holder in (one.id, two.id)
    assert sum(isinstance(end, Exception) for end in ends) == 20


def bob(session: Session) -> tuple[str, int, int]:
    """What is known of Bob, who presses nothing."""
    one = session.query(Contact).join(Identity, Identity.contact_id == Contact.id).filter(Identity.external_id == "bob").one()
    return one.language, one.marketing, one.silenced


@pytest.mark.parametrize("value", [*TEXTS.values(), "lang:xx", "lang:../../etc", "offers:yes:xx", "skip:name:name", "stop:", "person:1", "x" * 64, "offers:"])
async def test_whatever_a_customer_presses_is_only_a_word(store: Store, company: Company, value: str) -> None:
    def pressed(raw: RawEvent) -> list[Postback]:
        return [Postback(Sender("eve", "Eve", language="en"), "1", value.encode("utf-8", "replace").decode(), NOON, "Label")]

    await hear(store, company, said(1, "eve", "Hello"), said(2, "bob", "Hello"))
    before = await store.read(bob)
    await store.gather(keep, [RawEvent("fake", "p", "fake:eve", b"[]", NOON)])
    batch = await store.write(lambda s: process.step(s, (), Rules(turn, company), now=NOON))
    read = process.read(batch, pressed)
    assert await store.write(lambda s: process.step(s, read, Rules(turn, company), now=NOON)) == ()
    assert await amount(store, Waiting) == 0
    assert await store.read(bob) == before
    [language] = await store.read(lambda s: {one.language for one in s.query(Contact)})
    assert language == "en"
