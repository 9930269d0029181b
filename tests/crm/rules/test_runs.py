"""Runs: each rule and each event once, under its conditions, in the owner's name; waits; what stops a loop; a rule that keeps failing is switched off."""

import pytest
from sqlalchemy import select, update

from crm.base.actors import Role
from crm.base.errors import Forbidden
from crm.base.history import DomainEvent
from crm.base.time import DAY, HOUR
from crm.conversations.assign import take
from crm.outbox.notices import NoticeRow
from crm.people.reps import Member
from crm.people.tags import Tag
from crm.rules import rules, runs
from crm.rules.plans import unpack
from crm.rules.runs import DEPTH_MOST, FAILURES_MOST, HOURLY_MOST, RuleRun
from crm.sales.deals import Deal
from crm.sales.moves import move
from crm.sales.pipelines import default_pipeline, stages_of
from crm.sales.tagging import put_on, take_off
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import fire, hire, rows
from tests.crm.rules.stand import Stand

VIP = {"do": "tag", "word": "vip"}


async def stages(stand: Stand) -> list[int]:
    return await stand.store.write(lambda s: [step.id for step in stages_of(s, default_pipeline(s, "en", now=NOON).id)])


async def words(stand: Stand) -> list[str]:
    return await rows(stand.store, select(Tag.word).order_by(Tag.id))


async def test_a_new_lead_is_tagged_once_however_often_the_rules_look(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP)
    await stand.writes("ann")
    for _ in range(3):
        await stand.act()
    assert await words(stand) == ["vip"]
    assert await stand.outcomes(number) == ["done"]


async def test_what_happened_before_a_rule_was_switched_on_is_not_made_up_for(stand: Stand) -> None:
    await stand.writes("ann")
    number = await stand.rule("lead.opened", VIP)
    await stand.act()
    await stand.do(rules.switch, number, False)
    await stand.act()
    await stand.writes("bob")
    await stand.act()
    await stand.do(rules.switch, number, True)
    await stand.act()
    assert await stand.outcomes(number) == []


async def test_old_and_new_values_and_what_is_known_decide(stand: Stand) -> None:
    deal = await stand.deal()
    first, second, third, *_ = await stages(stand)
    when = {"all": [{"field": "old.stage", "value": first}, {"field": "new.stage", "value": second}, {"field": "contact.tags", "is": "has", "value": "vip"}]}
    await stand.rule("deal.stage", {"do": "task", "kind": "call", "text": "Call {name}"}, when=when)
    for here, there in ((first, second), (second, first)):
        await stand.do(move, deal, there, seen=here)
        await stand.act()
    assert await stand.outcomes() == ["passed", "passed"]
    await stand.do(put_on, await stand.person("ann"), "VIP")
    await stand.do(move, deal, second, seen=first)
    await stand.do(move, deal, third, seen=second)
    await stand.act()
    assert await stand.outcomes() == ["passed", "passed", "done", "passed"]
    assert await rows(stand.store, select(Task.text, Task.deal_id, Task.rep_id)) == [("Call Ann", deal, stand.boss.id)]


async def test_a_rule_stands_on_record_as_the_cause_of_what_it_did(stand: Stand) -> None:
    deal = await stand.deal()
    first, second, *_ = await stages(stand)
    number = await stand.rule("contact.tagged", {"do": "stage", "id": second})
    await stand.do(put_on, await stand.person("ann"), "go")
    await stand.act()
    [(run,)] = [await rows(stand.store, select(RuleRun.id))]
    told = await rows(stand.store, select(DomainEvent.cause, DomainEvent.rep_id).where(DomainEvent.subject == "deal", DomainEvent.kind == "stage"))
    assert told == [(f"rule:{number}:{run}", stand.boss.id)]
    assert await rows(stand.store, select(Deal.stage_id).where(Deal.id == deal)) == [second]
    assert first != second


async def test_a_wait_ends_in_the_deed_or_is_needless_or_begins_anew(stand: Stand) -> None:
    task = {"do": "task", "kind": "call"}
    plain = await stand.rule("lead.opened", task, after={"hours": 2})
    unless = await stand.rule("lead.opened", task, after={"hours": 2, "unless": ["heard"]})
    again = await stand.rule("lead.opened", task, after={"hours": 2, "unless": ["heard"], "again": True})
    await stand.writes("ann")
    await stand.act()
    assert await stand.outcomes() == ["timed"] * 3
    stand.now += HOUR
    await stand.writes("ann", "still there?")
    await stand.act(HOUR)
    assert [await stand.outcomes(one) for one in (plain, unless, again)] == [["done"], ["needless"], ["timed"]]
    await stand.act(HOUR)
    assert await stand.outcomes(again) == ["done"]


async def test_a_wait_asks_again_whether_the_conditions_hold(stand: Stand) -> None:
    await stand.rule("contact.tagged", {"do": "task"}, after={"days": 1}, when={"field": "contact.tags", "is": "has", "value": "vip"})
    await stand.writes("ann")
    person = await stand.person("ann")
    await stand.do(put_on, person, "vip")
    await stand.act()
    await stand.do(take_off, person, "vip")
    await stand.act(2 * DAY)
    assert await stand.outcomes() == ["passed"]


async def test_two_rules_that_call_each_other_end(stand: Stand) -> None:
    on, off = {"field": "new.tag", "value": "ping"}, {"field": "old.tag", "value": "ping"}
    await stand.rule("contact.tagged", {"do": "untag", "word": "ping"}, when=on)
    await stand.rule("contact.untagged", {"do": "tag", "word": "ping"}, when=off)
    await stand.writes("ann")
    await stand.do(put_on, await stand.person("ann"), "ping")
    await stand.act()
    assert await stand.outcomes() == ["done"] * (DEPTH_MOST + 1) + ["loop"]


async def test_one_person_is_dealt_with_so_often_an_hour(stand: Stand) -> None:
    await stand.rule("contact.tagged", {"do": "task"})
    await stand.writes("ann")
    person = await stand.person("ann")
    for number in range(HOURLY_MOST + 5):
        await stand.do(put_on, person, f"w{number % 15}")
        await stand.do(take_off, person, f"w{number % 15}")
    await stand.act()
    found = await stand.outcomes()
    assert (found.count("done"), found.count("too_many")) == (HOURLY_MOST, 5)


async def test_a_rule_that_fails_so_often_is_switched_off_and_its_owner_told(stand: Stand) -> None:
    number = await stand.rule("lead.opened", {"do": "tag", "word": "half"}, {"do": "field", "about": "contact", "name": "nothing", "value": "x"})
    for who in ("ann", "bob", "eve", "dan", "joe", "zoe"):
        await stand.writes(who)
        await stand.act()
    assert await stand.outcomes(number) == ["failed"] * FAILURES_MOST
    assert await words(stand) == []  # all deeds of a run or none
    assert not (await stand.do(lambda s, who, now: rules.rule_at(s, who, number))).active
    assert await rows(stand.store, select(NoticeRow.subject_id).where(NoticeRow.kind == "rule")) == [number]


async def test_a_rule_does_nothing_that_its_owner_may_not(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP)
    await stand.store.write(lambda s: s.execute(update(Member).where(Member.id == stand.boss.id).values(role="rep")))
    await stand.writes("ann")
    await stand.act()
    await fire(stand.store, stand.boss)
    await stand.writes("bob")
    await stand.act()
    assert await stand.outcomes(number) == ["failed", "failed"]
    assert await words(stand) == []


async def test_a_rule_of_a_narrowed_manager_reaches_nobody_elses_customers(stand: Stand) -> None:
    other, talk = await hire(stand.store, "nare"), await stand.writes("ann")
    number = await stand.rule("contact.tagged", {"do": "notice", "text": "{name|somebody} was tagged"})
    await stand.store.write(lambda s: s.execute(update(Member).where(Member.id == stand.boss.id).values(scope="own")))
    await stand.store.write(lambda s: take(s, other, talk, now=NOON))
    person = await stand.person("ann")
    await stand.store.write(lambda s: put_on(s, other, person, "vip", now=NOON))
    await stand.act()
    assert await rows(stand.store, select(RuleRun.outcome, RuleRun.words).where(RuleRun.rule_id == number)) == [("refused", "Taken: Nare")]


async def test_only_who_may_set_rules_makes_one(stand: Stand) -> None:
    rep = await hire(stand.store, "tigran", Role.REP)
    plan = unpack('{"event": "lead.opened", "do": [{"do": "tag", "word": "vip"}]}')
    with pytest.raises(Forbidden):
        await stand.store.write(lambda s: rules.make(s, rep, "mine", plan, now=NOON))


async def test_messages_are_heard_by_their_words_and_only_by_who_listens(stand: Stand) -> None:
    number = await stand.rule("message.heard", VIP, when={"field": "message.text", "is": "says", "value": "wholesale"})
    await stand.writes("ann", "hello")
    await stand.writes("bob", "Do you sell WHOLESALE?")
    await stand.act(HOUR)
    assert await stand.outcomes(number) == ["passed", "done"]
    assert await rows(stand.store, select(Tag.contact_id)) == [await stand.person("bob")]


async def test_versions_go_on_and_back_and_what_waits_goes_by_the_newest(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP, after={"hours": 1})
    await stand.writes("ann")
    await stand.act()
    other = unpack('{"event": "lead.opened", "after": {"hours": 1}, "do": [{"do": "tag", "word": "gold"}]}')
    changed = await stand.do(rules.change, number, other)
    assert (changed.version, changed.plan) == (2, other)
    await stand.act(2 * HOUR)
    assert await words(stand) == ["gold"]
    back = await stand.do(rules.go_back, number)
    assert (back.version, back.plan.deeds[0].word) == (3, "vip")


async def test_the_log_says_what_was_done_and_old_lines_go(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP, when={"field": "contact.language", "value": "hy"})
    await stand.writes("ann")
    await stand.act()
    quiet = await stand.store.read(lambda s: runs.log_of(s, stand.boss, number, quiet=True))
    assert [line.outcome for line in quiet] == ["passed"]
    assert await stand.store.read(lambda s: runs.log_of(s, stand.boss, number)) == []
    assert await stand.store.write(lambda s: runs.prune(s, now=stand.now + 40 * DAY)) == 1
    assert await stand.outcomes() == []


async def test_a_cause_is_told_of_persons_by_the_once_key_so_that_a_parting_still_reads_whose_word_it_was(stand: Stand) -> None:
    number = await stand.rule("lead.opened", VIP)
    await stand.writes("ann")
    await stand.act()
    [(cause, once)] = await rows(stand.store, select(DomainEvent.cause, DomainEvent.once).where(DomainEvent.kind == "tagged"))
    assert cause == f"contact:{await stand.person('ann')}"
    assert once.startswith(f"rule:{number}:")
