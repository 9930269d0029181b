"""Promotions: counted before, confirmed with the number, each person once for ever, and no stops it at any moment."""

import json

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Customer, Role
from crm.base.errors import Expired, Forbidden, Invalid, NotFound, StepUp
from crm.base.template import BadTemplate
from crm.base.time import DAY, HOUR, MINUTE
from crm.conversations.threads import Conversation, Message
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.outreach import campaigns, ticks
from crm.outreach.campaigns import Campaign, CountChanged, Recipient
from crm.outreach.compose import compose, fill
from crm.outreach.results import Progress, finish_done, progress
from crm.outreach.segments import LeftOut, Segment, preview, unpack
from crm.people import consents, contacts, link, steps
from crm.people.contacts import Identity
from crm.sales.leads import LeadStatus
from tests.crm.fake import hire
from tests.crm.outreach.town import Town

TEXT = "Hello, {name|friend}! Lamps at half price."
ALL = Segment()


async def launched(town: Town, count: int, segment: Segment = ALL, text: str = TEXT) -> int:
    boss = await town.employ()
    number: int = await town.do(campaigns.draft, boss, segment, text, now=town.now)
    await town.do(campaigns.launch, boss, number, count, now=town.now)
    return number


async def stands(town: Town, number: int) -> Progress:
    return await town.store.read(lambda session: progress(session, number))


async def test_everybody_who_agreed_gets_it_once_with_a_stop_button(town: Town) -> None:
    await town.fans("ani", "bob")
    await town.writes("eve")
    await town.sends()
    number = await launched(town, 2)
    assert sorted(await town.promotions()) == [("ani", "Hello, Ani! Lamps at half price."), ("bob", "Hello, Bob! Lamps at half price.")]
    assert await town.promotions() == []
    buttons = await town.store.read(lambda session: session.scalar(select(Message.buttons).where(Message.lane == 3)))
    assert json.loads(buttons or "")[0][0][:2] == ["Stop", "stop"]
    done = await stands(town, number)
    assert (done.state, done.total, done.sent, done.queued) == ("finished", 2, 2, 0)


async def test_the_preview_counts_exactly_whom_it_reaches_and_why_others_are_left_out(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "gone", "shut", "capped", "asleep")
    await town.writes("eve")
    await town.set("shut", blocked=1)
    await town.set("capped", promoted_at=town.now - HOUR)
    await town.set("asleep", zone="America/Los_Angeles")
    await town.store.write(lambda session: session.execute(update(Identity).where(Identity.external_id == "gone").values(reachable=0)))
    seen = await town.do(preview, boss, ALL, TEXT, town.company, now=town.now)
    assert (seen.count, seen.quiet_hours) == (2, 1)
    assert seen.left_out == LeftOut(blocked=1, unreachable=1, no_consent=1, capped=1)
    assert seen.sample.text == "Hello, Asleep! Lamps at half price."


async def test_a_wrong_number_is_not_launched(town: Town) -> None:
    await town.fans("ani", "bob")
    with pytest.raises(CountChanged) as refused:
        await launched(town, 3)
    assert refused.value.count == 2
    assert await town.promotions() == []
    assert await town.count(Recipient) == 0


async def test_nobody_is_not_an_audience(town: Town) -> None:
    with pytest.raises(Invalid):
        await launched(town, 0)


async def test_a_launch_repeated_changes_nothing(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani")
    first = await town.do(campaigns.draft, boss, ALL, TEXT, once="press:1", now=town.now)
    assert await town.do(campaigns.draft, boss, ALL, TEXT, once="press:1", now=town.now) == first
    for _ in range(2):
        await town.do(campaigns.launch, boss, first, 1, now=town.now)
    assert len(await town.promotions()) == 1
    await town.do(campaigns.launch, boss, first, 1, now=town.now)
    assert await town.promotions() == []


async def test_a_restart_in_the_middle_sends_each_person_once(town: Town) -> None:
    await town.fans(*(f"p{number}" for number in range(7)))
    number = await launched(town, 7)
    for _ in range(4):
        await town.do(fill, number, now=town.now, limit=3)
        await town.do(fill, number, now=town.now, limit=3)
    assert await town.do(compose, town.company, now=town.now, limit=3) == 3
    first = await town.sends()  # the machine stops here and starts again
    rest = await town.promotions()
    assert sorted(address for address, _ in first + rest) == [f"p{number}" for number in range(7)]
    assert await town.count(Recipient, Recipient.campaign_id == number) == 7


async def test_only_a_minute_of_the_rate_is_composed_ahead(town: Town) -> None:
    await town.fans(*(f"p{number}" for number in range(5)))
    number = await launched(town, 5)
    while await town.do(ticks.compose, town.company, now=town.now, rate_per_minute=2):
        pass
    now = await stands(town, number)
    assert (await town.count(Delivery, Delivery.lane == 3), now.queued) == (2, 5)
    assert sum([len(await town.promotions(rate=2)) for _ in range(4)]) == 5


async def test_an_opt_out_between_compose_and_claim_wins(town: Town) -> None:
    await town.fans("ani", "bob")
    number = await launched(town, 2)
    while await town.do(ticks.compose, town.company, now=town.now):
        pass
    ani = await town.person("ani")
    await town.do(consents.stop, Customer(ani.id), ani.id, shown="", message_id=None, now=town.now)
    assert [address for address, _ in await town.promotions()] == ["bob"]
    assert (await stands(town, number)).cancelled == (("no consent", 1),)


async def test_an_opt_out_between_launch_and_compose_wins(town: Town) -> None:
    await town.fans("ani", "bob")
    number = await launched(town, 2)
    await town.do(fill, number, now=town.now)
    await town.writes("ani", "stop")
    await town.sends()
    assert [address for address, _ in await town.promotions()] == ["bob"]
    done = await stands(town, number)
    assert (done.total, done.sent, done.cancelled) == (2, 1, (("no consent", 1),))


async def test_stop_in_one_channel_stops_every_channel(town: Town) -> None:
    await town.fans("ani")
    await town.writes("v1", account="webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, ani.id, visitor.id, why="token", now=town.now)
    boss = await town.employ()
    assert (await town.do(preview, boss, ALL, TEXT, town.company, now=town.now)).count == 1
    await town.writes("v1", "stop", account="webchat")
    assert (await town.do(preview, boss, ALL, TEXT, town.company, now=town.now)).count == 0


async def test_a_person_is_written_to_on_one_address_the_newest_that_can_be_reached(town: Town) -> None:
    await town.fans("ani")
    await town.writes("v1", account="webchat")
    await town.sends("webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, ani.id, visitor.id, why="token", now=town.now)
    await launched(town, 1)
    assert await town.promotions() == []
    assert [text for _, text in await town.sends("webchat")] == ["Hello, Ani! Lamps at half price."]


@pytest.mark.parametrize("segment", [Segment(channels=frozenset({"telegram"})), Segment(sendable=frozenset({"telegram"}))])
async def test_the_channels_of_the_segment_choose_the_address(town: Town, segment: Segment) -> None:
    await town.fans("ani")
    await town.writes("v1", account="webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, ani.id, visitor.id, why="token", now=town.now)
    await launched(town, 1, segment)
    assert len(await town.promotions()) == 1


async def test_two_people_found_to_be_one_get_one_message(town: Town) -> None:
    await town.fans("ani", "anna")
    number = await launched(town, 2)
    await town.do(fill, number, now=town.now)
    ani, anna = await town.person("ani"), await town.person("anna")
    await town.do(link.link, ani.id, anna.id, why="token", now=town.now)
    assert len(await town.promotions()) == 1
    assert (await stands(town, number)).cancelled == (("capped", 1),)


async def test_two_campaigns_at_once_reach_a_person_with_one(town: Town) -> None:
    await town.fans("ani")
    await launched(town, 1)
    second = await launched(town, 1, text="Chairs too, {name}!")
    assert len(await town.promotions()) == 1
    assert (await stands(town, second)).cancelled == (("capped", 1),)
    town.now += DAY + MINUTE
    await launched(town, 1, text="Tables, {name}!")
    assert [text for _, text in await town.promotions()] == ["Tables, Ani!"]


async def test_whoever_sleeps_gets_it_in_the_morning_and_keeps_nobody_waiting(town: Town) -> None:
    await town.fans("ani", "bob")
    await town.set("ani", zone="America/Los_Angeles")
    number = await launched(town, 2)
    assert [address for address, _ in await town.promotions(rate=1)] == ["bob"]
    assert (await stands(town, number)).state == "running"
    town.now += 5 * HOUR + MINUTE  # 09:01 on the coast
    assert [address for address, _ in await town.promotions(rate=1)] == ["ani"]


async def test_held_stays_queued_and_goes_on_at_once(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob")
    number = await launched(town, 2)
    while await town.do(ticks.compose, town.company, now=town.now):
        pass
    await town.do(campaigns.hold, boss, number, now=town.now)
    assert await town.promotions() == []
    held = await stands(town, number)
    assert (held.state, held.queued) == ("held", 2)
    town.now += MINUTE
    await town.do(campaigns.resume, boss, number, now=town.now)
    assert len(await town.promotions()) == 2


async def test_called_off_leaves_nothing_on_the_way(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob", "eve")
    number = await launched(town, 3)
    await town.do(fill, number, now=town.now)
    assert await town.do(compose, town.company, now=town.now, limit=1) == 1
    await town.do(campaigns.cancel, boss, number, now=town.now)
    assert await town.promotions() == []
    assert (await stands(town, number)).cancelled == (("cancelled", 3),)
    with pytest.raises(Expired):
        await town.do(campaigns.resume, boss, number, now=town.now)


async def test_replies_and_opt_outs_are_counted_for_72_hours(town: Town) -> None:
    await town.fans("ani", "bob", "eve", "dan")
    await town.writes("v1", account="webchat")
    ani, visitor = await town.person("ani"), await town.person("v1", "webchat")
    await town.do(link.link, ani.id, visitor.id, why="token", now=town.now)
    number = await launched(town, 4, Segment(channels=frozenset({"telegram"})))
    assert len(await town.promotions()) == 4
    town.now += HOUR
    await town.writes("v1", "how much?", account="webchat")
    await town.writes("bob", "stop")
    town.now += 80 * HOUR
    await town.writes("eve", "too late")
    done = await stands(town, number)
    assert (done.sent, done.replied, done.opted_out) == (4, 2, 1)
    await town.do(ticks.compose, town.company, now=town.now)
    kept = await town.store.read(lambda session: session.get_one(Campaign, number))
    assert (kept.sent, kept.replied, kept.opted_out) == (4, 2, 1)
    assert await town.do(ticks.compose, town.company, now=town.now) == 0


async def test_who_blocked_us_is_counted_as_failed(town: Town) -> None:
    await town.fans("ani", "bob")
    number = await launched(town, 2)
    town.posts["telegram"].refusing.add("bob")
    assert len(await town.promotions()) == 1
    done = await stands(town, number)
    assert (done.state, done.sent, done.failed) == ("finished", 1, 1)


async def test_a_promotion_neither_opens_nor_moves_a_thread(town: Town) -> None:
    await town.fans("ani", "bob")
    boss = await town.employ()
    await close(town, boss, "ani")
    before = await threads(town)
    await launched(town, 2)
    await town.promotions()
    assert await threads(town) == before


async def test_a_contact_without_a_thread_gets_a_closed_one(town: Town) -> None:
    await town.fans("ani")
    moved = (await town.person("ani")).id
    await town.store.write(lambda session: add_identity(session, moved))
    await launched(town, 1, Segment(channels=frozenset({"shop"})))
    await town.promotions()
    assert len(await town.sends("shop")) == 1
    made = await town.store.read(lambda session: session.scalars(select(Conversation).where(Conversation.account == "shop")).one())
    assert (made.status, made.open_identity_id) == ("closed", None)


def add_identity(session: Session, contact_id: int) -> None:
    row = Identity(id=10**9, contact_id=contact_id, account="shop", external_id="ani-7", last_inbound_at=5, created_at=5)
    session.add(row)


async def close(town: Town, boss: object, address: str) -> None:
    from crm.conversations import assign

    number = await town.store.read(lambda session: session.scalar(select(Conversation.id).where(Conversation.address == address)))
    await town.do(assign.close, boss, number, now=town.now)


async def threads(town: Town) -> list[tuple[object, ...]]:
    columns = (Conversation.id, Conversation.status, Conversation.last_at, Conversation.preview, Conversation.unread)
    return await town.store.read(lambda session: [tuple(row) for row in session.execute(select(*columns).order_by(Conversation.id))])


async def test_segments_choose_by_age_language_channel_and_status(town: Town) -> None:
    boss = await town.employ()
    await town.fans("old")
    town.now += 10 * DAY
    await town.fans("new", "ru")
    await town.set("ru", language="ru")

    async def count(segment: Segment) -> int:
        found: int = (await town.do(preview, boss, segment, "", town.company, now=town.now)).count
        return found

    assert [await count(Segment(age_days=days)) for days in (0, 1, 30)] == [3, 2, 3]
    assert await count(Segment(languages=frozenset({"ru"}))) == 1
    assert await count(Segment(channels=frozenset({"shop"}))) == 0
    assert await count(Segment(statuses=frozenset({LeadStatus.NEW}))) == 3
    assert await count(Segment(statuses=frozenset({LeadStatus.WON}))) == 0


async def test_a_segment_of_those_who_agreed_leaves_out_nobody_for_consent(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani")
    await town.writes("eve")
    seen = await town.do(preview, boss, Segment(consent=True), TEXT, town.company, now=town.now)
    assert (seen.count, seen.left_out.total) == (1, 0)


def test_a_segment_survives_being_kept() -> None:
    segment = Segment(7, frozenset({"hy"}), frozenset({"telegram"}), frozenset({LeadStatus.NEW}), True, frozenset({"webchat"}))
    assert unpack(segment.pack()) == segment


async def test_progress_is_told_when_it_changes_and_the_end_is_told(town: Town) -> None:
    await town.fans("ani", "bob")
    number = await launched(town, 2)
    waiting = NoticeRow.key == f"campaign:{number}"
    await town.promotions()
    assert await town.count(NoticeRow, waiting) == 1
    await town.store.write(lambda session: session.execute(delete(NoticeRow)))
    town.now += MINUTE
    await town.promotions()
    assert await town.count(NoticeRow, waiting) == 0


async def test_a_bad_text_is_refused_at_once(town: Town) -> None:
    boss = await town.employ()
    for text in ("", "{nome}", "{name", "x" * 4001):
        with pytest.raises(BadTemplate):
            await town.do(campaigns.draft, boss, ALL, text, now=town.now)


async def test_only_managers_promote(town: Town) -> None:
    rep, boss = await town.employ(Role.REP), await town.employ()
    with pytest.raises(Forbidden):
        await town.do(preview, rep, ALL, TEXT, town.company, now=town.now)
    with pytest.raises(Forbidden):
        await town.do(campaigns.draft, rep, ALL, TEXT, now=town.now)
    with pytest.raises(NotFound):
        await town.do(campaigns.launch, boss, 12345, 1, now=town.now)


async def test_campaigns_are_listed_newest_first(town: Town) -> None:
    boss = await town.employ()
    first, second = [await town.do(campaigns.draft, boss, ALL, TEXT, now=town.now) for _ in range(2)]
    assert [one.id for one in await town.do(campaigns.campaigns, boss)] == [second, first]
    assert [one.id for one in await town.do(campaigns.campaigns, boss, after=second)] == [first]


async def test_blocking_a_customer_after_launch_wins(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani")
    number = await launched(town, 1)
    await town.do(contacts.block, boss, (await town.person("ani")).id, True, now=town.now)
    assert await town.promotions() == []
    assert (await stands(town, number)).total in (0, 1)


async def test_who_agrees_after_the_launch_does_not_join(town: Town) -> None:
    await town.fans("ani")
    await town.writes("bob")
    await town.sends()
    number = await launched(town, 1)
    town.now += MINUTE
    await town.writes("ani", "yes")
    await town.writes("bob", "yes")
    await town.sends()
    assert [address for address, _ in await town.promotions()] == ["ani"]
    assert (await stands(town, number)).total == 1


async def test_never_more_are_written_down_than_were_confirmed(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob", "eve")
    number = await town.do(campaigns.draft, boss, ALL, TEXT, now=town.now)
    await town.set("eve", blocked=1)
    await town.do(campaigns.launch, boss, number, 2, counted=2, now=town.now)
    await town.set("eve", blocked=0)
    assert len(await town.promotions()) == 2
    assert (await stands(town, number)).total == 2


async def test_a_launch_goes_by_the_number_that_was_read_before(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob")
    number = await town.do(campaigns.draft, boss, ALL, TEXT, now=town.now)
    with pytest.raises(CountChanged) as refused:
        await town.do(campaigns.launch, boss, number, 2, counted=3, now=town.now)
    assert refused.value.count == 3


async def test_a_second_managers_word_is_good_for_the_campaign_they_read_and_no_other(town: Town) -> None:
    boss, second = await town.employ(), await hire(town.store, "zara", Role.MANAGER)
    await town.fans("ani", "bob")
    read, other = [await town.do(campaigns.draft, boss, ALL, text, now=town.now) for text in (TEXT, "Something else")]
    with pytest.raises(StepUp) as refused:
        await town.do(campaigns.launch, boss, read, 2, over=1, now=town.now)
    assert refused.value.about.split(":")[::2] == [str(read), "2"]
    question = await town.do(steps.ask_second, boss, steps.What.SEND, refused.value.about, now=town.now)
    await town.do(steps.agree, second, question, now=town.now)
    with pytest.raises(StepUp):
        await town.do(campaigns.launch, boss, other, 2, over=1, now=town.now)
    assert await town.do(campaigns.launch, boss, read, 2, over=1, now=town.now) == read


async def test_the_channel_is_never_said_by_its_accounts_name(town: Town) -> None:
    await town.fans("ani")
    await launched(town, 1, text="We wrote on {channel}")
    assert await town.promotions() == [("ani", "We wrote on this chat")]


async def test_a_result_is_counted_chunk_by_chunk(town: Town) -> None:
    await town.fans(*(f"p{n}" for n in range(5)))
    number = await launched(town, 5)
    await town.promotions()
    town.now += HOUR
    await town.writes("p1", "how much?")
    await town.writes("p3", "stop")
    town.now += 80 * HOUR
    while await town.do(finish_done, now=town.now, chunk=2):
        pass
    kept = await town.store.read(lambda session: session.get_one(Campaign, number))
    assert (kept.sent, kept.replied, kept.opted_out, kept.failed, kept.cancelled) == (5, 2, 1, 0, 0)
