"""Queues at the staff's hands: set by buttons, one is asked at a time and says yes or no, why they, hand-over with all there is to know, and back."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import select

from bots.staff.menus import MOST
from bots.staff.routing import explanation
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.i18n import LANGUAGES, translator
from crm.base.settings import Company
from crm.base.time import MINUTE
from crm.conversations.choosing import Reason
from crm.conversations.offers import Offer, Outcome
from crm.conversations.queues import queues, talents
from crm.conversations.threads import Conversation
from crm.people import teams
from crm.people.reps import reps
from crm.sales import routing, triage
from crm.sales.leads import Lead
from tests.bots.staff.firm import Message, firm, label, labels
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    """It is noon, and the firm is open."""
    return firm()


@pytest_asyncio.fixture
async def crew(office: Office) -> AsyncIterator[Office]:
    """Mariam steers and is off duty; Ruben and Sona answer."""
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.member("sona")
    await said(office, "mariam", "/available")
    yield office


async def said(office: Office, person: str, words: str, reply_to: object = None) -> Message:
    await office.say(person, words, reply_to)
    await office.settle()
    return await office.last(person)


async def walk(office: Office, person: str, post: Message, *buttons: str) -> Message:
    """The same post after some buttons, one after another."""
    for button in buttons:
        assert len(labels(post)) <= MOST
        await office.press(person, post, label(post, button))
        post = next(one for one in await office.chat(person) if one["message_id"] == post["message_id"])
    return post


async def evenly(office: Office) -> None:
    """Mariam has customers come in turn, by buttons alone."""
    page = await said(office, "mariam", "/queue")
    page = await walk(office, "mariam", page, "The firm", "The way", "In turn, evenly")
    assert "who got the fewest" in text_of(page)


async def tick(office: Office) -> None:
    while await office.store.write(lambda s: routing.route(s, office.company, now=office.now())):
        pass
    await office.show()


async def holder(office: Office) -> int | None:
    return await office.store.read(lambda s: s.scalars(select(Conversation)).one().rep_id)


async def number_of(office: Office, name: str) -> int:
    return next(rep.id for rep in await office.store.read(reps) if rep.name == name.title())


def text_of(message: Message) -> str:
    """What a message says, without the marks that keep a name in its own direction."""
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def knows(office: Office, person: str, words: str) -> bool:
    return any(words in text.replace("\u2068", "").replace("\u2069", "") for text in await office.posts(person))


async def test_one_is_asked_and_the_other_sees_nothing_until_their_turn(crew: Office) -> None:
    await evenly(crew)
    await crew.letter("Do you have tables?")
    await crew.show()
    assert not await knows(crew, "ruben", "tables")
    await tick(crew)
    asked = await crew.find("ruben", "waits for you")
    assert "Do you have tables?" in text_of(asked)
    assert await knows(crew, "ruben", "Ann Lee")
    assert not await knows(crew, "sona", "Ann Lee")
    await crew.press("ruben", asked, "Not me")
    await tick(crew)
    assert await knows(crew, "ruben", "goes to somebody else, as you asked")
    asked = await crew.find("sona", "waits for you")
    await crew.press("sona", asked, "✅ Accept")
    await tick(crew)
    assert await holder(crew) == await number_of(crew, "sona")
    assert await knows(crew, "sona", "is yours")
    assert await knows(crew, "sona", "🟢 Yours")


async def test_time_goes_by_and_at_last_everybody_and_the_managers_see_it(crew: Office) -> None:
    await evenly(crew)
    await crew.letter("Do you have tables?")
    await tick(crew)
    for _ in range(2):
        crew.ahead += 3 * MINUTE
        await tick(crew)
    await tick(crew)
    assert await knows(crew, "mariam", "and nobody did")
    assert await knows(crew, "mariam", "Ann Lee")
    late = await crew.find("ruben", "As long as nobody has them")
    card = await crew.find("ruben", "Waits for an answer")
    assert late
    await crew.press("ruben", card, "Take")
    assert await holder(crew) == await number_of(crew, "ruben")


async def test_the_choice_is_explained_on_demand(crew: Office) -> None:
    await evenly(crew)
    await crew.letter("Do you have tables?")
    await tick(crew)
    await crew.press("ruben", await crew.find("ruben", "waits for you"), "❓ Why me?")
    words = text_of(await crew.last("ruben"))
    assert "Why Ruben was asked" in words
    assert "got 0 conversations" in words
    assert "Mariam: is off duty" in words


async def test_where_nobody_is_chosen_the_card_says_so(crew: Office) -> None:
    await crew.letter("Do you have tables?")
    await crew.show()
    more = await crew.find("ruben", "Waits for an answer")
    await crew.press("ruben", more, "⋯ More")
    await crew.press("ruben", await found(crew, "ruben", "❓ Why this person?"), "❓ Why this person?")
    assert "Nobody was chosen" in text_of(await crew.last("ruben"))


async def found(office: Office, person: str, button: str) -> Message:
    """The page of "More" that has a button."""
    page = await office.last(person)
    while button not in labels(page):
        page = await walk(office, person, page, "More")
    return page


async def hand(office: Office, giver: str, to: str) -> Message:
    """Somebody hands their conversation over; what they see then."""
    card = await office.find(giver, "🟢 Yours")
    await office.press(giver, card, "⋯ More")
    await office.press(giver, await found(office, giver, "🤝 Hand over…"), "🤝 Hand over…")
    page = await office.last(giver)
    return await walk(office, giver, page, to)


async def test_a_colleague_gets_a_conversation_with_all_there_is_to_know_and_gives_it_back(crew: Office) -> None:
    await crew.letter("Do you have oak tables?")
    await crew.show()
    await crew.press("ruben", await crew.find("ruben", "Ann Lee"), "Take")
    await said(crew, "ruben", "We have, from 80 000", (await crew.find("ruben", "🟢 Yours"))["message_id"])
    page = await hand(crew, "ruben", "Sona")
    assert "Handed over to Sona" in text_of(page)
    got = await crew.find("sona", "hands this conversation over to you")
    words = text_of(got)
    assert "Ruben" in words
    assert "Known since" in words
    assert "Do you have oak tables?" in words
    assert "We have, from 80 000" in words
    assert await holder(crew) == await number_of(crew, "sona")
    await crew.press("sona", got, "✅ I have it")
    assert await knows(crew, "ruben", "Sona has Ann Lee now")
    await crew.press("sona", got, "↩️ Give it back")
    assert await knows(crew, "ruben", "Sona gave Ann Lee back to you")
    assert await holder(crew) == await number_of(crew, "ruben")


async def test_whoever_handed_it_over_may_take_it_back(crew: Office) -> None:
    await crew.letter("Do you have tables?")
    await crew.show()
    await crew.press("ruben", await crew.find("ruben", "Ann Lee"), "Take")
    page = await hand(crew, "ruben", "Sona")
    page = await walk(crew, "ruben", page, "Take it back")
    assert "It is yours again" in text_of(page)
    assert await knows(crew, "sona", "Ruben took Ann Lee back")
    assert await holder(crew) == await number_of(crew, "ruben")


async def test_a_team_gets_a_conversation_and_only_its_people_see_it(crew: Office) -> None:
    sona = await number_of(crew, "sona")

    def deed(session: Session) -> None:
        boss = next(rep for rep in reps(session) if rep.name == "Mariam")
        team = teams.found_team(session, boss, "Repairs", now=crew.now())
        teams.put_in(session, boss, sona, team, now=crew.now())

    await crew.store.write(deed)
    await crew.letter("My chair is broken")
    await crew.show()
    await crew.press("ruben", await crew.find("ruben", "Ann Lee"), "Take")
    before = len(await crew.posts("ruben"))
    page = await walk(crew, "ruben", await hand(crew, "ruben", "To a team"), "Repairs")
    assert "Handed over to Repairs" in text_of(page)
    assert await holder(crew) is None
    assert await knows(crew, "sona", "Waits for an answer")
    assert [text for text in (await crew.posts("ruben"))[before:] if "Waits for an answer" in text] == []


async def test_everything_in_short_is_a_button_of_the_card(crew: Office) -> None:
    await crew.letter("Do you have tables?")
    await crew.show()
    await crew.press("ruben", await crew.find("ruben", "Ann Lee"), "⋯ More")
    await crew.press("ruben", await found(crew, "ruben", "📋 In short"), "📋 In short")
    assert "Last words" in text_of(await crew.last("ruben"))


async def test_times_limits_languages_and_skills_are_set_by_buttons(crew: Office) -> None:
    page = await said(crew, "mariam", "/queue")
    page = await walk(crew, "mariam", page, "The firm", "How many at most", "5")
    page = await walk(crew, "mariam", page, "First answer", "15 min")
    assert "First answer within 15 min" in text_of(page)
    found_queue = (await crew.store.read(queues)).firm
    assert (found_queue.cap, found_queue.answer_within) == (5, 15 * MINUTE)
    page = await walk(crew, "mariam", page, "All queues", "Languages and skills", "Ruben", "Languages", "ქართული", "Back")
    await crew.press("mariam", page, "Add a skill")
    page = await said(crew, "mariam", "repair, oak")
    ruben = await number_of(crew, "ruben")
    can = (await crew.store.read(lambda s: talents(s, [ruben])))[ruben]
    assert (can.languages, can.skills) == (frozenset({"ka"}), frozenset({"repair", "oak"}))
    page = await walk(crew, "mariam", page, "Take a skill away", "oak")
    assert (await crew.store.read(lambda s: talents(s, [ruben])))[ruben].skills == frozenset({"repair"})


async def test_a_rep_sees_their_own_queue_and_sets_nothing(crew: Office) -> None:
    assert "Nobody waits" in text_of(await said(crew, "ruben", "/queue"))
    await crew.letter("Do you have tables?")
    await crew.show()
    page = await said(crew, "ruben", "/queue")
    assert "1 customer waits" in text_of(page)
    await crew.press("ruben", page, label(page, "Ann Lee"))
    assert "Waits for an answer" in text_of(await crew.last("ruben"))


async def test_how_fast_answers_come_is_told(crew: Office) -> None:
    await crew.letter("Do you have tables?")
    await crew.show()
    crew.ahead += 12 * MINUTE
    await said(crew, "ruben", "We have", (await crew.find("ruben", "Ann Lee"))["message_id"])
    page = await said(crew, "mariam", "/queue")
    page = await walk(crew, "mariam", page, "How fast we answer")
    assert "first answers: 1: half within 12 min" in text_of(page)
    assert "further answers: none" in text_of(page)


async def test_the_customer_of_somebody_who_went_home_is_shown_to_others(crew: Office) -> None:
    await crew.letter("Do you have tables?")
    await crew.show()
    await crew.press("ruben", await crew.find("ruben", "Ann Lee"), "Take")
    await said(crew, "ruben", "/available")
    crew.ahead += 31 * MINUTE
    await crew.store.write(lambda s: routing.free_absent(s, crew.company, now=crew.now()))
    await crew.show()
    assert await knows(crew, "ruben", "waited too long: colleagues may answer now")
    assert await knows(crew, "sona", "Waits for an answer")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_explanation_has_words(language: str, outcome: Outcome) -> None:
    kinds = [
        "owner:has",
        "owner:deal",
        "owner:lead",
        "owner:had",
        "speaks",
        "only",
        "skill:oak",
        "load:2",
        "got:1",
        "off_work",
        "off_duty",
        "passed",
        "asked",
        "full:2/2",
    ]
    parts = [one.partition(":") for one in kinds]
    packed = [[number, kind, value] for kind, _, value in parts for number in (1, 2)]
    rep_id = None if outcome in (Outcome.NOBODY, Outcome.FULL, Outcome.EVERYBODY) else 1
    words = explanation(translator(language), Offer(rep_id=rep_id, why=json.dumps(packed), outcome=outcome.value), {1: "Ann", 2: "Bob"})
    assert all(words.splitlines())
    assert Reason(1, "got", "1").packed() in packed


async def test_whoever_is_given_a_lead_hears_of_it(crew: Office) -> None:
    await crew.letter("I need an oak table")
    await crew.show()
    mariam = next(rep for rep in await crew.store.read(reps) if rep.name == "Mariam")
    ruben = await number_of(crew, "ruben")
    lead = await crew.store.read(lambda s: s.scalars(select(Lead.id)).one())
    for _ in range(2):
        await crew.store.write(lambda s: triage.accept(s, mariam, lead, rep_id=ruben, now=crew.now()))
        await crew.show()
    told = [text for text in await crew.posts("ruben") if "gives you the lead" in text]
    assert len(told) == 1
    await crew.press("ruben", await crew.find("ruben", "gives you the lead"), "Open")
    assert "First words:" in text_of(await crew.last("ruben"))
    assert not await knows(crew, "sona", "gives you the lead")


async def test_a_channel_is_given_to_a_team_and_only_the_team_sees_its_customers(crew: Office) -> None:
    mariam, sona = next(rep for rep in await crew.store.read(reps) if rep.name == "Mariam"), await number_of(crew, "sona")

    def deed(session: Session) -> None:
        team = teams.found_team(session, mariam, "Tables", now=crew.now())
        teams.put_in(session, mariam, sona, team, now=crew.now())

    await crew.store.write(deed)
    page = await walk(crew, "mariam", await said(crew, "mariam", "/queue"), "Channels", "Letters", "Tables")
    assert "Letters: Tables" in text_of(page)
    await crew.letter("Do you have tables?")
    await crew.show()
    assert not await knows(crew, "ruben", "Do you have tables?")
    await tick(crew)
    assert await knows(crew, "sona", "Do you have tables?")
    assert not await knows(crew, "ruben", "Do you have tables?")
    page = await walk(crew, "mariam", page, "Letters", "The firm's queue")
    assert "Letters: the firm’s queue" in text_of(page)


async def test_customers_of_a_team_that_has_lost_its_people_are_seen_by_all_who_watch(crew: Office) -> None:
    mariam = next(rep for rep in await crew.store.read(reps) if rep.name == "Mariam")
    team = await crew.store.write(lambda s: teams.found_team(s, mariam, "Tables", now=crew.now()))
    await crew.letter("Do you have tables?")

    def put(session: Session) -> None:
        session.scalars(select(Conversation)).one().team_id = team

    await crew.store.write(put)
    await crew.show()
    assert await knows(crew, "ruben", "Do you have tables?")
