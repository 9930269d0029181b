"""Follow-ups: whoever falls silent after our word is written to, at a decent hour, once a step, until they say anything anywhere."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from crm.base.actors import Rep, Role
from crm.base.errors import Forbidden, Invalid
from crm.base.history import DomainEvent
from crm.base.outbound import Limits, May
from crm.base.rows import add
from crm.base.template import BadTemplate
from crm.base.time import DAY, HOUR, MINUTE, local
from crm.conversations import assign, talk
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Delivery, State
from crm.outreach import followups, ticks
from crm.outreach.channel import write_on
from crm.outreach.defaults import DEFAULT_FOLLOWUPS
from crm.outreach.sequences import Enrollment, Sequence, Step, enroll_due, found_default
from crm.people import consents, link
from crm.people.contacts import Identity
from crm.people.own_accounts import OwnChat
from crm.people.reps import Member
from crm.sales import leads
from crm.sales.leads import LeadStatus
from tests.crm.outreach.town import Town


async def enrollments(town: Town) -> list[Enrollment]:
    return await town.store.read(lambda session: list(session.scalars(select(Enrollment))))


async def enrollment(town: Town) -> Enrollment:
    [found] = await enrollments(town)
    return found


async def conversation(town: Town, address: str) -> Conversation:
    return await town.store.read(lambda session: session.scalars(select(Conversation).where(Conversation.address == address)).one())


async def test_the_default_sequence_is_founded_once_in_five_languages(town: Town) -> None:
    await town.do(found_default, town.now)
    steps = await town.store.read(lambda session: session.scalars(select(Step).order_by(Step.place)).all())
    assert [step.delay_ms for step in steps] == [24 * HOUR, 72 * HOUR, 168 * HOUR]
    assert set(json.loads(steps[0].texts)) == {"hy", "ka", "am", "ru", "en"}
    assert await town.count(Sequence) == 1


async def test_who_falls_silent_gets_three_words_at_their_times_and_no_more(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    start, got = town.now, []
    for hours in range(0, 240, 6):
        town.now = start + hours * HOUR
        got += [(hours, text) for _, text in await town.follow_ups()]
    assert [hours for hours, _ in got] == [24, 72, 168]
    assert got[0][1] == "Hello, Ani! This is Marani. Do you still have a question for us? Just answer here."
    assert (await enrollment(town)).state == "finished"


async def test_nobody_is_silent_about_what_has_not_left_yet_and_their_silence_begins_when_it_does(town: Town) -> None:
    await town.writes("ani")
    town.now += 2 * DAY
    assert await town.do(ticks.follow_ups, town.company, now=town.now) == 0
    assert await enrollments(town) == []
    assert [text for _, text in await town.follow_ups()] == ["Glad to help."]
    left, got = town.now, []
    for hours in range(0, 200, 6):
        town.now = left + hours * HOUR
        got += [hours for _ in await town.follow_ups()]
    assert got == [24, 72, 168]


async def test_a_word_of_a_rep_that_waits_for_its_way_puts_the_follow_up_off(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    assert await town.do(ticks.follow_ups, town.company, now=town.now) == 1  # enrolled, nothing said yet
    rep = await town.employ(Role.REP)
    await town.do(talk.reply, rep, (await conversation(town, "ani")).id, "It costs 90 dram.", once="r1", now=town.now)
    town.now += 2 * DAY
    while await town.do(ticks.follow_ups, town.company, now=town.now):
        pass
    assert [text for _, text in await town.sends()] == ["It costs 90 dram."]
    left = town.now
    town.now = left + 23 * HOUR
    assert await town.follow_ups() == []
    town.now = left + 25 * HOUR
    assert len(await town.follow_ups()) == 1


async def test_a_second_tick_adds_nothing(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    assert len(await town.follow_ups()) == 1
    assert await town.follow_ups() == []
    assert await town.do(ticks.follow_ups, town.company, now=town.now) == 0
    assert await town.count(Enrollment) == 1


async def test_any_word_on_any_address_of_the_person_stops_it(town: Town) -> None:
    await town.writes("ani")
    await town.writes("v1", account="webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, visitor.id, ani.id, why="token", now=town.now)
    await town.sends("webchat")
    town.now += 25 * HOUR
    await town.follow_ups()
    assert len(await town.sends("webchat")) == 1
    await town.writes("ani", "I am here")
    assert [one.why for one in await enrollments(town) if one.contact_id == visitor.id] == ["replied"]
    town.now += 10 * HOUR
    await town.follow_ups()
    assert await town.sends("webchat") == []


async def test_an_enrollment_of_a_linked_person_is_stopped_by_the_other_address(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    await town.follow_ups()
    await town.writes("v1", account="webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, visitor.id, ani.id, why="token", now=town.now)
    await town.writes("v1", "here I am", account="webchat")
    town.now += 72 * HOUR
    assert await town.follow_ups() == []
    assert [one.why for one in await enrollments(town) if one.contact_id == ani.id] == ["replied"]


async def test_nobody_is_written_to_at_night_and_the_zone_is_stored(town: Town) -> None:
    await town.writes("ani")
    await town.set("ani", zone="Asia/Tbilisi")
    await town.sends()
    town.now += 30 * HOUR  # 22:00 in Tbilisi
    assert await town.follow_ups() == []
    due = (await enrollment(town)).due_at
    assert local(due, "Asia/Tbilisi").strftime("%a %H:%M") == "Thu 09:00"
    town.now = due
    assert len(await town.follow_ups()) == 1
    assert (await enrollment(town)).zone == "Asia/Tbilisi"


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 24)])
async def test_the_morning_is_nine_also_when_the_clocks_change(town: Town, month: int, day: int) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    berlin = ZoneInfo("Europe/Berlin")
    town.now = int(datetime(2026, month, day - 1, 22, 0, tzinfo=berlin).timestamp() * 1000)
    await town.writes("ani")
    await town.set("ani", zone="Europe/Berlin")
    await town.sends()
    town.now = int(datetime(2026, month, day, 22, 30, tzinfo=berlin).timestamp() * 1000)
    assert await town.follow_ups() == []
    due = (await enrollment(town)).due_at
    assert local(due, "Europe/Berlin").strftime("%d %H:%M") == f"{day + 1} 09:00"
    town.now = due
    assert len(await town.follow_ups()) == 1
    assert await town.follow_ups() == []


async def test_a_zone_that_does_not_exist_is_the_companys(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    await town.set("ani", zone="Mars/Olympus")
    assert await town.do(ticks.follow_ups, town.company, now=town.now) == 1
    assert (await enrollment(town)).zone == "Asia/Yerevan"


async def test_what_waits_too_long_is_skipped_and_listed_not_sent_in_a_burst(town: Town) -> None:
    boss = await town.employ()
    await town.writes("ani")
    await town.sends()
    start = town.now
    town.now = start + 25 * HOUR
    await town.do(ticks.follow_ups, town.company, now=town.now)  # enrolled; the machine stops before the word is said
    town.now = start + 92 * HOUR
    assert [text for _, text in await town.follow_ups()] == ["Hello, Ani! Marani is still glad to help. Shall we go on?"]
    seen = await town.do(followups.overview, boss, now=town.now)
    assert [(one.name, one.step) for one in seen.expired] == [("Ani", 1)]
    assert [(one.step, one.steps) for one in seen.enrolled] == [(3, 3)]


async def test_steps_that_lie_close_never_leave_on_one_anothers_heels(town: Town) -> None:
    boss = await town.employ()
    view = await town.do(followups.overview, boss, now=town.now)
    for step, hours in zip(view.steps, (1, 2, 3), strict=True):
        await town.do(followups.edit_step, boss, step.id, delay_ms=hours * HOUR, now=town.now)
    await town.writes("ani")
    await town.sends()
    town.now += 4 * HOUR
    assert len(await town.follow_ups()) == 1
    assert await town.follow_ups() == []
    town.now += HOUR
    assert len(await town.follow_ups()) == 0  # 21:00 has passed in Yerevan


@pytest.mark.parametrize("flag", ["blocked", "silenced"])
async def test_whoever_wants_nothing_is_not_enrolled(town: Town, flag: str) -> None:
    await town.writes("ani")
    await town.set("ani", account="telegram", **{flag: 1})
    await town.sends()
    town.now += 25 * HOUR
    assert await town.follow_ups() == []
    assert await town.count(Enrollment) == 0


async def test_closed_put_off_unreachable_and_lost_are_not_enrolled(town: Town) -> None:
    rep = await town.employ()
    for address in ("closed", "snoozed", "gone", "lost"):
        await town.writes(address)
    await town.do(assign.close, rep, (await conversation(town, "closed")).id, now=town.now)
    await town.do(assign.snooze, rep, (await conversation(town, "snoozed")).id, town.now + 90 * DAY, now=town.now)
    await town.store.write(lambda session: session.execute(update(Identity).where(Identity.external_id == "gone").values(reachable=0)))
    await town.do(leads.set_status, rep, (await town.lead("lost")).id, LeadStatus.LOST, now=town.now)
    town.now += 25 * HOUR
    await town.follow_ups()
    assert await town.count(Enrollment) == 0


async def test_nobody_is_reminded_in_a_members_own_account(town: Town) -> None:
    for address in ("ani", "own"):
        await town.writes(address)
    await town.sends()
    [identity] = await town.store.read(lambda session: list(session.scalars(select(Identity.id).where(Identity.external_id == "own"))))
    row = {"id": 9_000, "identity_id": identity, "account": "telegram", "through": "c1"}
    await town.store.write(lambda session: add(session, OwnChat, [row]))
    town.now += 25 * HOUR
    assert [text for address, text in await town.follow_ups() if address == "own"] == []
    assert [one.conversation_id for one in await enrollments(town)] == [(await conversation(town, "ani")).id]


async def test_a_customer_whose_word_is_the_last_is_not_reminded(town: Town) -> None:
    rep = await town.employ()
    await town.writes("ani")
    thread = await conversation(town, "ani")
    await town.do(assign.take, rep, thread.id, now=town.now)
    await town.store.write(lambda session: session.execute(update(Conversation).values(last_heard_id=Conversation.last_message_id)))
    town.now += 25 * HOUR
    await town.follow_ups()
    assert await town.count(Enrollment) == 0


async def test_a_word_of_a_rep_begins_the_silence_anew(town: Town) -> None:
    rep = await town.employ()
    await town.writes("ani")
    await town.sends()
    town.now += 24 * HOUR + MINUTE
    await town.follow_ups()
    town.now += 40 * HOUR
    await town.do(talk.reply, rep, (await conversation(town, "ani")).id, "The lamp is here.", once="r1", now=town.now)
    await town.sends()
    spoken = town.now
    town.now += 10 * HOUR
    assert await town.follow_ups() == []
    assert (await enrollment(town)).due_at == spoken + 72 * HOUR


async def test_closing_the_lead_ends_it(town: Town) -> None:
    rep = await town.employ()
    await town.writes("ani")
    await town.sends()
    town.now += 24 * HOUR
    await town.follow_ups()
    await town.do(leads.set_status, rep, (await town.lead("ani")).id, LeadStatus.WON, now=town.now)
    town.now += 48 * HOUR
    assert await town.follow_ups() == []
    assert (await enrollment(town)).why == "lead closed"


async def test_a_second_stop_silences_follow_ups_too(town: Town) -> None:
    await town.writes("ani", "stop")
    await town.writes("ani", "stop")
    town.now += 25 * HOUR
    await town.sends()
    assert (await town.person("ani")).silenced == 1
    assert await town.follow_ups() == []
    assert await town.count(consents.Consent) == 2


async def test_a_pause_holds_everything_and_going_on_sends_what_is_not_too_old(town: Town) -> None:
    boss = await town.employ()
    await town.writes("ani")
    await town.sends()
    number = (await town.do(followups.overview, boss, now=town.now)).sequence_id
    town.now += 24 * HOUR
    await town.do(ticks.follow_ups, town.company, now=town.now)
    await town.do(ticks.follow_ups, town.company, now=town.now)  # said, not sent
    await town.do(followups.pause, boss, number, now=town.now)
    assert await town.follow_ups() == []
    assert (await town.do(followups.overview, boss, now=town.now)).paused
    town.now += 2 * MINUTE
    await town.do(followups.resume, boss, number, now=town.now)
    assert len(await town.follow_ups()) == 1


async def test_a_long_pause_sends_nothing_old(town: Town) -> None:
    boss = await town.employ()
    await town.writes("ani")
    await town.sends()
    number = (await town.do(followups.overview, boss, now=town.now)).sequence_id
    town.now += 24 * HOUR
    await town.do(ticks.follow_ups, town.company, now=town.now)
    await town.do(ticks.follow_ups, town.company, now=town.now)
    await town.do(followups.pause, boss, number, now=town.now)
    town.now += 50 * HOUR
    await town.do(followups.resume, boss, number, now=town.now)
    assert [text for _, text in await town.follow_ups()] == ["Hello, Ani! Marani is still glad to help. Shall we go on?"]
    assert await town.count(Delivery, Delivery.state == State.EXPIRED.value) == 1


async def test_a_manager_takes_somebody_out_for_good(town: Town) -> None:
    boss = await town.employ()
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    await town.do(ticks.follow_ups, town.company, now=town.now)
    [one] = (await town.do(followups.overview, boss, now=town.now)).enrolled
    await town.do(followups.take_out, boss, one.enrollment_id, now=town.now)
    await town.sends()
    assert await town.follow_ups() == []
    assert (await town.do(followups.overview, boss, now=town.now)).active == 0


async def test_words_and_delays_are_edited_within_bounds(town: Town) -> None:
    boss = await town.employ()
    first, second, _ = (await town.do(followups.overview, boss, now=town.now)).steps
    changed = await town.do(followups.edit_step, boss, first.id, language="en", text="Dear {name|friend}, still there?", now=town.now)
    assert changed.texts["en"] == "Dear {name|friend}, still there?"
    with pytest.raises(BadTemplate):
        await town.do(followups.edit_step, boss, first.id, language="en", text="{nome}", now=town.now)
    for delay in (0, -1, 3650 * DAY, first.delay_ms):
        with pytest.raises(Invalid):
            await town.do(followups.edit_step, boss, second.id, delay_ms=delay, now=town.now)
    await town.writes("ani", name="")
    await town.sends()
    town.now += 24 * HOUR
    assert await town.follow_ups() == [("ani", "Dear friend, still there?")]


async def test_a_new_delay_moves_who_waits_for_that_step(town: Town) -> None:
    boss = await town.employ()
    await town.writes("ani")
    await town.sends()
    start = town.now
    town.now += 24 * HOUR
    await town.follow_ups()
    second = (await town.do(followups.overview, boss, now=town.now)).steps[1]
    await town.do(followups.edit_step, boss, second.id, delay_ms=48 * HOUR, now=town.now)
    assert (await enrollment(town)).due_at == start + 48 * HOUR


async def test_only_managers_steer_follow_ups(town: Town) -> None:
    rep: Rep = await town.employ(Role.REP)
    with pytest.raises(Forbidden):
        await town.do(followups.overview, rep, now=town.now)
    with pytest.raises(Forbidden):
        await town.do(followups.pause, rep, 1, now=town.now)
    assert await town.count(Member) == 1


async def test_a_long_search_goes_on_where_it_stopped_and_begins_anew(town: Town) -> None:
    for number in range(5):
        await town.writes(f"p{number}")
    await town.sends()
    town.now += 25 * HOUR
    swept = [await town.do(enroll_due, town.company, now=town.now, look=2) for _ in range(4)]
    assert [(one.enrolled, one.more) for one in swept] == [(2, True), (2, True), (1, False), (0, True)]
    assert await town.count(DomainEvent, DomainEvent.kind == "enrolled") == 5


async def test_many_at_once_are_enrolled_a_few_at_a_time(town: Town) -> None:
    for number in range(5):
        await town.writes(f"p{number}")
    await town.sends()
    town.now += 25 * HOUR
    swept = [await town.do(enroll_due, town.company, now=town.now, limit=2) for _ in range(4)]
    assert [(one.enrolled, one.more) for one in swept] == [(2, True), (2, True), (1, False), (0, False)]


def test_the_defaults_are_three_rising_steps() -> None:
    delays = [step.delay for step in DEFAULT_FOLLOWUPS]
    assert delays == sorted(delays)
    assert len(delays) == 3


async def test_who_waits_for_an_answer_of_ours_is_not_asked_why_they_are_silent(town: Town) -> None:
    await town.do(found_default, town.now)
    await town.writes("ani")
    await town.sends()
    await town.store.write(lambda session: session.execute(update(Conversation).values(flow_state="done", waiting_since=town.now)) and None)
    town.now += 25 * HOUR
    assert await town.follow_ups() == []
    await town.store.write(lambda session: session.execute(update(Conversation).values(flow_state="need")) and None)
    assert len(await town.follow_ups()) == 1


async def test_a_follow_up_goes_where_it_was_chosen_unless_that_is_shut_now(town: Town) -> None:
    await town.writes("v1", account="webchat")
    await town.writes("ani")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, visitor.id, ani.id, why="token", now=town.now)
    [there] = await town.store.read(lambda s: s.scalars(select(Identity.id).where(Identity.account == "webchat")).all())
    rep = await town.employ(Role.REP)
    await town.do(write_on, rep, ani.id, there, (), now=town.now)
    await town.sends()
    await town.sends("webchat")
    town.now += 25 * HOUR
    assert await town.follow_ups() == []
    assert [address for address, _ in await town.sends("webchat")] == ["v1"]
    town.company = replace(town.company, allows=lambda account, window, now: Limits(may=May.NOTHING) if account == "webchat" else Limits())
    town.now += 48 * HOUR
    assert [address for address, _ in await town.follow_ups()] == ["ani"]
    assert await town.sends("webchat") == []
