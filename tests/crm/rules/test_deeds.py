"""Deeds: each does what anybody's button does, as the owner of the rule; what goes outside takes a second look; what cannot be done is said."""

import json
import random
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.base.actors import Role
from crm.base.errors import StepUp
from crm.base.time import DAY, HOUR
from crm.conversations.snippets import write
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.deliveries import Batch, Delivery, State
from crm.outbox.drain import Drain
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.people.fields import About, FieldKind, FieldValue
from crm.people.fieldset import Draft, make_field
from crm.people.tags import Tag
from crm.people.teams import found_team, put_in
from crm.rules import rules, runs
from crm.rules.doing import HOOKS
from crm.rules.plans import unpack
from crm.rules.rehearsal import rehearse
from crm.rules.rules import acting
from crm.rules.runs import DEPTH_MOST, RuleRun
from crm.sales.deals import Deal
from crm.sales.leads import Lead
from crm.sales.moves import win
from crm.sales.tasks import Task
from crm.sales.terms import Sum, set_amount
from tests.bots.staff.office import no_media
from tests.conftest import NOON
from tests.crm.fake import Stub, hire, rows, step_up
from tests.crm.rules.stand import Stand


async def happen(stand: Stand, *do: dict[str, Any], who: str = "ann") -> str:
    """A customer is new, and a rule does these deeds; answers what became of it."""
    number = await stand.rule("lead.opened", *do)
    await stand.writes(who)
    await stand.act()
    return (await stand.outcomes(number))[-1]


async def test_words_and_ready_answers_go_to_the_customer_in_their_name(stand: Stand) -> None:
    await stand.do(write, "hours", "en", "We are open till six, {name}.")
    done = await happen(stand, {"do": "message", "text": "Welcome, {name|friend}!"}, {"do": "message", "snippet": "hours"})
    assert done == "done"
    said = await rows(stand.store, select(Message.text).where(Message.author == Author.BOT.value).order_by(Message.id))
    assert said[-2:] == ["Welcome, Ann!", "We are open till six, Ann."]


async def test_a_field_is_written_as_it_would_be_typed(stand: Stand) -> None:
    await stand.do(make_field, Draft(About.CONTACT, FieldKind.NUMBER, "Visits"))
    assert await happen(stand, {"do": "field", "about": "contact", "name": "visits", "value": 3}) == "done"
    assert await rows(stand.store, select(FieldValue.value)) == ["3"]


async def test_a_lead_goes_to_whoever_of_a_team_has_least(stand: Stand) -> None:
    nare, tigran = await hire(stand.store, "nare"), await hire(stand.store, "tigran", Role.REP)
    guest = await hire(stand.store, "gago", Role.GUEST)  # has least of all, and can do nothing with a lead
    team = await stand.do(found_team, "Tables")
    for rep in (nare, tigran, guest):
        await stand.do(put_in, rep.id, team)
    await stand.rule("lead.opened", {"do": "assign", "what": "lead", "team": team})
    for who in ("ann", "bob", "eve"):
        await stand.writes(who)
        await stand.act()
    assert await rows(stand.store, select(Lead.rep_id).order_by(Lead.id)) == [nare.id, tigran.id, nare.id]


async def test_a_conversation_and_a_deal_go_to_a_member(stand: Stand) -> None:
    nare = await hire(stand.store, "nare")
    assert await happen(stand, {"do": "assign", "what": "conversation", "rep": nare.id}) == "done"
    assert await rows(stand.store, select(Conversation.rep_id)) == [nare.id]
    deal = await stand.deal("bob")
    await stand.rule("deal.amount", {"do": "assign", "what": "deal", "rep": nare.id})
    await stand.do(set_amount, deal, Sum(500_00, "AMD"), seen=None)
    await stand.act()
    assert await rows(stand.store, select(Deal.rep_id).where(Deal.id == deal)) == [nare.id]


async def test_a_won_deal_goes_to_another_programme_signed_later_with_old_and_new(stand: Stand) -> None:
    plan = unpack('{"event": "deal.won", "do": [{"do": "webhook", "url": "https://example.com/in"}]}')
    made = await stand.do(rules.make, "out", plan)
    with pytest.raises(StepUp):
        await stand.do(rules.switch, made.id, True)
    await step_up(stand.store, stand.boss, "export", now=stand.now)
    await stand.do(rules.switch, made.id, True)
    await stand.act()
    deal = await stand.deal()
    stage = (await rows(stand.store, select(Deal.stage_id).where(Deal.id == deal)))[0]
    await stand.do(win, deal, seen=stage)
    await stand.act()
    [(account, address, state, batch)] = await rows(
        stand.store, select(Delivery.account, Delivery.address, Delivery.state, Delivery.batch_id).where(Delivery.account == HOOKS)
    )
    assert (account, address, state) == (HOOKS, "https://example.com/in", State.QUEUED.value)
    assert await rows(stand.store, select(Batch.valid_until).where(Batch.id == batch)) == [stand.now + DAY]
    there = Stub()
    there.account = HOOKS
    await Drain(stand.store, there, no_media, node="test", clock=lambda: stand.now).run()
    [(_, sent)] = there.sent
    told = json.loads(sent.text)  # type: ignore[union-attr]
    assert (told["event"], told["before"]["state"], told["after"]["state"], told["subject"]) == ("deal.won", "open", "won", {"kind": "deal", "id": deal})
    assert told["facts"]["contact.name"] == "Ann"


async def test_who_is_told_hears_it_once(stand: Stand) -> None:
    assert await happen(stand, {"do": "notice", "text": "New: {name|nobody}", "to": "managers"}) == "done"
    [facts] = await rows(stand.store, select(NoticeRow.facts).where(NoticeRow.kind == "rule"))
    assert json.loads(facts)["text"] == "New: Ann"


async def test_who_has_no_deal_is_no_fault_of_the_rule(stand: Stand) -> None:
    assert await happen(stand, {"do": "won"}) == "refused"
    [rule] = await stand.store.read(acting)
    assert rule.failures == 0
    assert (await stand.do(lambda s, who, now: runs.log_of(s, who, rule.id)))[0].words == "Absent: there is no deal"


async def test_a_task_is_of_whose_it_is_or_of_nobody(stand: Stand) -> None:
    await happen(stand, {"do": "task", "kind": "call", "who": "nobody", "in_minutes": 30}, {"do": "task", "who": stand.boss.id, "text": "Look at {name|them}"})
    found = await rows(stand.store, select(Task.kind, Task.rep_id, Task.due_at, Task.text).order_by(Task.id))
    assert [(kind, rep, text) for kind, rep, _, text in found] == [("call", None, found[0][3]), ("other", stand.boss.id, "Look at Ann")]
    assert found[0][2] == NOON + 30 * 60_000


async def test_a_rehearsal_counts_and_writes_nothing(stand: Stand) -> None:
    for who in ("ann", "bob"):
        await stand.writes(who)
    plan = unpack('{"event": "lead.opened", "when": {"field": "contact.name", "value": "ann"}, "do": [{"do": "tag", "word": "x"}]}')
    heard = unpack('{"event": "message.heard", "when": {"field": "message.text", "is": "says", "value": "hi"}, "do": [{"do": "tag", "word": "x"}]}')
    found = [await stand.store.read(partial(rehearse, actor=stand.boss, plan=one, now=stand.now + HOUR)) for one in (plan, heard)]
    assert [(one.looked, one.acted, len(one.examples)) for one in found] == [(2, 1, 1), (2, 2, 2)]
    assert await rows(stand.store, select(func.count()).select_from(RuleRun)) == [0]
    assert await rows(stand.store, select(Tag.id)) == []


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_rules_are_they_end_each_event_once_and_no_deeper_than_allowed(stand: Stand, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(6):
        event, heard = chance.choice([("contact.tagged", "new.tag"), ("contact.untagged", "old.tag")])
        do = [{"do": chance.choice(["tag", "untag"]), "word": chance.choice("abc")} for _ in range(chance.randint(1, 2))]
        when = {"field": heard, "is": "one_of", "value": chance.sample("abc", chance.randint(1, 3))}
        await stand.rule(event, *do, when=when, name=f"rule {number}")
    await stand.rule("message.heard", {"do": "tag", "word": "a"})
    await stand.writes("ann")
    await stand.act(HOUR)
    depths = await rows(stand.store, select(RuleRun.depth).where(RuleRun.outcome == "done"))
    assert 0 < len(depths) <= runs.HOURLY_MOST
    assert max(depths) <= DEPTH_MOST
    assert await rows(stand.store, select(func.count()).select_from(RuleRun).group_by(RuleRun.rule_id, RuleRun.event_id).having(func.count() > 1)) == []
    assert await rows(stand.store, select(func.count()).select_from(Contact)) == [1]
