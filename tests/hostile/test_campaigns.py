"""Campaigns and follow-ups (row 53): what is previewed is what is sent, once per person; silly numbers are refused, and a text under way does not change."""

import pytest
from hypothesis import given

from bots.staff.commands.followup_steps import read_delay
from crm.base.actors import Customer, Role, System
from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, NotFound
from crm.base.i18n import translator
from crm.base.time import DAY, HOUR, MINUTE
from crm.outreach import campaigns, followups
from crm.outreach.campaigns import Campaign, CountChanged, Recipient
from crm.outreach.followups import DELAY_MOST
from crm.outreach.segments import Segment, preview, unpack
from crm.outreach.sequences import Step
from crm.people import consents
from tests.crm.outreach.town import Town
from tests.hostile.corpus import TEXTS, anything, steady
from tests.hostile.ledger import everything


@pytest.mark.parametrize(
    "segment", [Segment(languages=frozenset({"xx", "'; --"})), Segment(channels=frozenset({"nowhere"})), Segment(age_days=1, languages=frozenset({"ka"}))]
)
async def test_a_segment_of_nobody_is_launched_for_nobody(town: Town, segment: Segment) -> None:
    manager = await town.employ()
    number = await town.do(campaigns.draft, manager, segment, "Hello", now=town.now)
    for count in (0, 1, -1, 10**6, 2**63):
        with pytest.raises(DragomanError):
            await town.do(campaigns.launch, manager, number, count, now=town.now)
    assert await town.count(Recipient) == 0


@pytest.mark.parametrize("days", [0, 1, 10_000, 10**9, 2**62])
async def test_any_age_counts_or_is_refused_and_breaks_nothing(town: Town, days: int) -> None:
    manager = await town.employ()
    await town.fans("a")
    found = await town.do(preview, manager, Segment(age_days=days), "Hello", town.company, now=town.now + 25 * HOUR)
    assert found.count == 1 - (days == 1)


async def test_what_is_previewed_is_what_is_sent_however_many_lists_a_person_is_in(town: Town) -> None:
    manager = await town.employ()
    for account in ("telegram", "webchat"):
        await town.writes("a", "yes", account=account)
    await town.fans(*(f"p{number}" for number in range(30)))
    town.now += 25 * HOUR
    found = await town.do(preview, manager, Segment(), "Hello", town.company, now=town.now)
    number = await town.do(campaigns.draft, manager, Segment(), "Hello", now=town.now)
    await town.do(campaigns.launch, manager, number, found.count, now=town.now)
    sent = [*await town.promotions(), *await town.sends("webchat")]
    assert len([text for _, text in sent if text == "Hello"]) == found.count == 32


@pytest.mark.parametrize("confirmed", [0, -1, 1, 4, 2**62])
async def test_another_number_than_the_confirmed_one_sends_nothing(town: Town, confirmed: int) -> None:
    manager = await town.employ()
    await town.fans("a", "b", "c")
    number = await town.do(campaigns.draft, manager, Segment(), "Hello", now=town.now + 25 * HOUR)
    before = await everything(town.store)
    with pytest.raises(CountChanged):
        await town.do(campaigns.launch, manager, number, confirmed, now=town.now + 25 * HOUR)
    assert await everything(town.store) == before


@pytest.mark.parametrize("verb", [campaigns.launch, campaigns.hold, campaigns.resume, campaigns.cancel, campaigns.campaign_of])
@pytest.mark.parametrize("number", [0, -1, 2**62, 1])
async def test_a_campaign_that_is_not_there_is_not_found(town: Town, verb: object, number: int) -> None:
    manager = await town.employ()
    before = await everything(town.store)
    more = (1,) if verb is campaigns.launch else ()
    with pytest.raises(NotFound):
        await town.do(verb, manager, number, *more, **({} if verb is campaigns.campaign_of else {"now": town.now}))
    assert await everything(town.store) == before


@pytest.mark.parametrize("who", ["rep", "customer"])
async def test_nobody_but_a_manager_launches_holds_or_calls_off(town: Town, who: str) -> None:
    manager = await town.employ()
    await town.fans("a")
    number = await town.do(campaigns.draft, manager, Segment(), "Hello", now=town.now)
    actor = await town.employ(Role.REP) if who == "rep" else Customer((await town.person("a")).id)
    before = await everything(town.store)
    for verb, more in ((campaigns.launch, (1,)), (campaigns.hold, ()), (campaigns.resume, ()), (campaigns.cancel, ())):
        with pytest.raises(Forbidden):
            await town.do(verb, actor, number, *more, now=town.now)
    assert await everything(town.store) == before


async def test_every_way_through_the_states_ends_where_it_must(town: Town) -> None:
    manager = await town.employ()
    await town.fans("a", "b")
    town.now += 25 * HOUR
    number = await town.do(campaigns.draft, manager, Segment(), "Hello", now=town.now)
    for verb in (campaigns.hold, campaigns.resume):
        with pytest.raises(Expired):
            await town.do(verb, manager, number, now=town.now)
    await town.do(campaigns.launch, manager, number, 2, now=town.now)
    await town.do(campaigns.cancel, manager, number, now=town.now)
    for verb in (campaigns.hold, campaigns.resume):
        with pytest.raises(Expired):
            await town.do(verb, manager, number, now=town.now)
    await town.do(campaigns.launch, manager, number, 2, now=town.now)
    assert [text for _, text in await town.promotions() if text == "Hello"] == []


async def test_the_text_of_a_launched_campaign_stands(town: Town) -> None:
    manager = await town.employ()
    await town.fans("a")
    town.now += 25 * HOUR
    number = await town.do(campaigns.draft, manager, Segment(), "The first words", once="promo:1:1", now=town.now)
    await town.do(campaigns.launch, manager, number, 1, now=town.now)
    assert await town.do(campaigns.draft, manager, Segment(), "Other words", once="promo:1:1", now=town.now) == number
    assert [text for _, text in await town.promotions()] == ["The first words"]
    assert await town.count(Campaign) == 1


async def test_who_opts_out_after_the_preview_gets_nothing_and_nobody_takes_their_place(town: Town) -> None:
    manager = await town.employ()
    await town.fans("a", "b")
    town.now += 25 * HOUR
    number = await town.do(campaigns.draft, manager, Segment(), "Hello", now=town.now)
    await town.do(campaigns.launch, manager, number, 2, now=town.now)
    person = (await town.person("a")).id
    await town.do(consents.stop, Customer(person), person, shown="", message_id=None, now=town.now + 1)
    town.now += MINUTE
    assert [who for who, text in await town.promotions() if text == "Hello"] == ["b"]


DELAYS = [0, -1, 1, MINUTE - 1, DELAY_MOST + 1, 3650 * DAY, 2**62, -(2**62)]


@pytest.mark.parametrize("delay", DELAYS)
async def test_a_delay_that_makes_no_sense_is_refused(town: Town, delay: int) -> None:
    manager = await town.employ()
    step = await town.store.read(lambda s: s.query(Step).order_by(Step.place).first())
    assert step
    before = await everything(town.store)
    with pytest.raises(Invalid):
        await town.do(followups.edit_step, manager, step.id, language="en", delay_ms=delay, now=town.now)
    assert await everything(town.store) == before


@pytest.mark.parametrize("language", ["xx", "", "EN", "'; --", "en\x00"])
async def test_a_language_nobody_speaks_is_refused(town: Town, language: str) -> None:
    manager = await town.employ()
    step = await town.store.read(lambda s: s.query(Step).order_by(Step.place).first())
    assert step
    with pytest.raises(Invalid):
        await town.do(followups.edit_step, manager, step.id, language=language, text="Hello", now=town.now)


@pytest.mark.parametrize("said", ["", "-1 h", "0x10 h", "1e9 d", "²h", "1.5 h", "h", "99999999 d", "1 h; 2 h", "١ h", "1 parsec", "1h\x00", *TEXTS.values()])
def test_a_duration_is_read_as_typed_or_not_at_all(said: str) -> None:
    found = read_delay(said, translator("en"))
    assert found is None or 0 <= found <= 100_000 * DAY


@steady
@given(anything(60))
def test_any_duration_is_read_without_an_error(said: str) -> None:
    found = read_delay(said, translator("hy"))
    assert found is None or found >= 0


@steady
@given(anything(20), anything(20))
def test_a_segment_is_read_back_as_it_was_kept(language: str, channel: str) -> None:
    segment = Segment(3, frozenset({language}), frozenset({channel}), consent=True)
    assert unpack(segment.pack()) == segment


async def test_the_schedule_itself_may_only_do_its_own(town: Town) -> None:
    number = await town.do(campaigns.draft, System("campaigns"), Segment(), "Hello", now=town.now)
    with pytest.raises(Invalid):
        await town.do(campaigns.launch, System("campaigns"), number, 0, now=town.now)
