"""Since when a rule listens: nothing that happened before counts, however late it is read and however often; nobody practised on is rehearsed with."""

from functools import partial

import pytest
from sqlalchemy import update

from crm.base.time import HOUR, MINUTE, SECOND
from crm.conversations.threads import Conversation
from crm.people.contacts import Identity
from crm.people.pretended import ACCOUNT
from crm.rules import rules
from crm.rules.plans import unpack
from crm.rules.rehearsal import rehearse
from tests.crm.rules.stand import Stand

VIP, GOLD = {"do": "tag", "word": "vip"}, {"do": "tag", "word": "gold"}


async def late(stand: Stand, event: str) -> int:
    """A rule that is switched on ten seconds after something happened, of which another rule has heard."""
    first = await stand.rule(event, VIP)
    await stand.act(MINUTE)
    await stand.writes("ann")
    await stand.act(10 * SECOND)
    assert await stand.outcomes(first) == ["done"]
    return await stand.rule(event, GOLD)


async def test_what_is_read_again_after_a_rule_was_switched_on_does_not_count(stand: Stand) -> None:
    number = await late(stand, "lead.opened")
    for _ in range(3):
        await stand.act(MINUTE)
    assert await stand.outcomes(number) == []
    await stand.writes("bob")
    await stand.act(MINUTE)
    assert await stand.outcomes(number) == ["done"]


async def test_a_message_of_before_does_not_count_either_but_one_of_the_same_second_does(stand: Stand) -> None:
    number = await late(stand, "message.heard")
    for _ in range(3):
        await stand.act(MINUTE)
    assert await stand.outcomes(number) == []
    await stand.do(rules.switch, number, False)
    stand.now += MINUTE
    await stand.writes("bob")
    stand.now += SECOND - 1
    await stand.do(rules.switch, number, True)
    await stand.act()
    assert await stand.outcomes(number) == ["done"]


async def test_what_nobody_has_read_yet_when_a_rule_is_switched_on_does_not_count(stand: Stand) -> None:
    await stand.rule("lead.opened", VIP)
    await stand.writes("ann")
    stand.now += 1
    made = await stand.rule("lead.opened", GOLD)
    await stand.act(MINUTE)
    assert await stand.outcomes(made) == []


async def test_a_rule_that_is_given_another_event_listens_to_that_from_then_on(stand: Stand) -> None:
    first = await stand.rule("lead.opened", VIP)
    number = await stand.rule("contact.tagged", GOLD)
    await stand.writes("ann")
    stand.now += SECOND
    await stand.do(rules.change, number, unpack('{"event": "lead.opened", "do": [{"do": "tag", "word": "gold"}]}'))
    await stand.do(rules.change, first, unpack('{"event": "lead.opened", "do": [{"do": "tag", "word": "new"}]}'))
    await stand.act(MINUTE)
    assert (await stand.outcomes(first), await stand.outcomes(number)) == (["done"], [])


async def test_nobody_who_is_there_to_practise_on_is_rehearsed_with(stand: Stand) -> None:
    for who in ("ann", "bob"):
        await stand.writes(who)
    anna = await stand.person("ann")

    def practised(session: object) -> None:
        for table in (Identity, Conversation):
            session.execute(update(table).where(table.contact_id == anna).values(account=ACCOUNT))  # type: ignore[attr-defined]

    await stand.store.write(practised)
    for event in ("lead.opened", "message.heard"):
        plan = unpack(f'{{"event": "{event}", "do": [{{"do": "tag", "word": "x"}}]}}')
        found = await stand.store.read(partial(rehearse, actor=stand.boss, plan=plan, now=stand.now + HOUR))
        assert (found.looked, found.acted, found.cut) == (1, 1, False)


@pytest.mark.parametrize("event", ["lead.opened", "message.heard"])
async def test_what_happens_right_after_the_first_rule_was_switched_on_counts(stand: Stand, event: str) -> None:
    made = await stand.do(rules.make, "first", unpack(f'{{"event": "{event}", "do": [{{"do": "tag", "word": "vip"}}]}}'))
    await stand.do(rules.switch, made.id, True)
    stand.now += SECOND
    await stand.writes("ann")
    await stand.act(SECOND)
    assert await stand.outcomes(made.id) == ["done"]


async def test_a_rule_that_is_given_messages_to_listen_to_hears_the_next_one(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP)
    await stand.do(rules.change, number, unpack('{"event": "message.heard", "do": [{"do": "tag", "word": "vip"}]}'))
    stand.now += SECOND
    await stand.writes("ann")
    await stand.act(SECOND)
    assert await stand.outcomes(number) == ["done"]
