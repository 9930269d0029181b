"""Promotions and follow-ups by the firm's own fields: who is chosen by them, what texts say of them, and that spam gets none of it."""

import json

import pytest
import pytest_asyncio
from sqlalchemy import select

from crm.base.actors import Rep
from crm.base.db import Store
from crm.base.settings import Company
from crm.base.template import BadTemplate, Values, own_names, parse, render
from crm.base.time import DAY, HOUR
from crm.outreach import campaigns, followups, persons
from crm.outreach.segments import Segment, preview, unpack
from crm.outreach.sequences import Step
from crm.people.fields import About, FieldKind, FieldView, set_value
from crm.people.fieldset import Draft, make_field
from crm.sales.leads import LeadStatus
from crm.sales.moves import Why
from crm.sales.triage import last_step, put_away, undo
from tests.crm.outreach.town import Town, found_default

ANYBODY = Segment()


@pytest_asyncio.fixture
async def town(store: Store, company: Company) -> Town:
    made = Town(store, company)
    await made.do(found_default, made.now)
    return made


async def a_field(town: Town, boss: Rep, label: str = "City", kind: FieldKind = FieldKind.CHOICE) -> FieldView:
    made: FieldView = await town.do(make_field, boss, Draft(About.CONTACT, kind, label, "Gyumri\nVanadzor"), now=town.now)
    return made


async def tells(town: Town, boss: Rep, field: FieldView, address: str, value: str | None, account: str = "telegram") -> None:
    person = await town.person(address, account)
    await town.do(set_value, boss, field, person.id, value, now=town.now)
    town.now += 1


async def count(town: Town, boss: Rep, segment: Segment) -> int:
    found: int = (await town.do(preview, boss, segment, "", town.company, now=town.now)).count
    return found


async def test_people_are_chosen_by_what_a_field_says_of_them(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob", "eve")
    city, member = await a_field(town, boss), await a_field(town, boss, "Member", FieldKind.YES_NO)
    for address, value in (("ani", "Gyumri"), ("bob", "Vanadzor")):
        await tells(town, boss, city, address, value)
    await tells(town, boss, member, "ani", "yes")
    gyumri, vanadzor, yes = (city.id, "Gyumri"), (city.id, "Vanadzor"), (member.id, "yes")
    asked: tuple[frozenset[tuple[int, str]], ...] = (
        frozenset({gyumri}),
        frozenset({gyumri, vanadzor}),
        frozenset({gyumri, vanadzor, yes}),
        frozenset({vanadzor, yes}),
        frozenset(),
    )
    assert [await count(town, boss, Segment(details=wanted)) for wanted in asked] == [1, 2, 1, 0, 3]


async def test_of_one_person_the_newest_word_chooses(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob")
    city = await a_field(town, boss)
    ani, bob = await town.person("ani"), await town.person("bob")
    await tells(town, boss, city, "ani", "Gyumri")
    await tells(town, boss, city, "bob", "Vanadzor")
    await town.do(persons.merged, boss, ani.id, bob.id, now=town.now)
    town.now += DAY
    assert [await count(town, boss, Segment(details=frozenset({(city.id, value)}))) for value in ("Gyumri", "Vanadzor")] == [0, 1]
    await tells(town, boss, city, "ani", None)
    assert await count(town, boss, Segment(details=frozenset({(city.id, "Vanadzor")}))) == 0


def test_a_segment_by_fields_survives_being_kept_and_one_of_before_is_read() -> None:
    segment = Segment(details=frozenset({(1, "Gyumri"), (2, "yes")}))
    assert unpack(segment.pack()) == segment
    old = {name: value for name, value in json.loads(ANYBODY.pack()).items() if name != "details"}
    assert unpack(json.dumps(old)) == ANYBODY


async def test_a_text_says_what_a_field_says_or_what_stands_for_it(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob")
    city = await a_field(town, boss)
    await tells(town, boss, city, "ani", "Gyumri")
    text = "News for {city|your town}!"
    number = await town.do(campaigns.draft, boss, ANYBODY, text, now=town.now)
    await town.do(campaigns.launch, boss, number, 2, now=town.now)
    assert sorted(await town.promotions()) == [("ani", "News for Gyumri!"), ("bob", "News for your town!")]


async def test_a_preview_shows_what_a_field_says(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani")
    await tells(town, boss, await a_field(town, boss), "ani", "Gyumri")
    seen = await town.do(preview, boss, ANYBODY, "News for {city|your town}!", town.company, now=town.now)
    assert seen.sample.text == "News for Gyumri!"


@pytest.mark.parametrize("text", ["News for {city}", "News for {town|x}", "{city|}", "{city|a|b}"])
async def test_a_field_without_words_for_when_it_is_not_known_is_refused(town: Town, text: str) -> None:
    boss = await town.employ()
    await a_field(town, boss)
    with pytest.raises(BadTemplate):
        await town.do(campaigns.draft, boss, ANYBODY, text, now=town.now)


async def test_a_follow_up_says_what_a_field_says(town: Town) -> None:
    boss = await town.employ()
    field = await a_field(town, boss)
    [step, *_] = await town.store.read(lambda session: list(session.scalars(select(Step.id).order_by(Step.place))))
    await town.do(followups.edit_step, boss, step, language="en", text="Still in {city|town}?", now=town.now)
    with pytest.raises(BadTemplate):
        await town.do(followups.edit_step, boss, step, language="en", text="Still in {village|town}?", now=town.now)
    await town.writes("ani", "How much is it?")
    await town.sends()
    await tells(town, boss, field, "ani", "Gyumri")
    town.now += DAY + HOUR
    assert ("ani", "Still in Gyumri?") in await town.follow_ups()


def test_a_text_that_was_read_before_is_read_again_whatever_fields_there_are() -> None:
    read = parse("Hello {name}, {city|friend}", None)
    assert own_names(read) == {"city"}
    assert render(read, Values("Ann"), "en") == "Hello Ann, friend"
    assert render(read, Values("Ann", own={"city": "Gyumri"}), "en") == "Hello Ann, Gyumri"


async def test_spam_gets_no_promotion_until_it_is_none(town: Town) -> None:
    boss = await town.employ()
    await town.fans("ani", "bob")
    lead = await town.lead("ani")
    await town.do(put_away, boss, lead.id, LeadStatus.SPAM, Why(words="sells links"), now=town.now)
    assert await count(town, boss, ANYBODY) == 1
    step = await town.store.read(lambda session: last_step(session, lead.id))
    await town.do(undo, boss, lead.id, step, now=town.now)
    assert await count(town, boss, ANYBODY) == 2
