"""What managers steer by: the day, the leads, the follow-ups."""

from dataclasses import replace

import pytest

from bots.staff.commands import known_to, leads
from bots.staff.updates import Press
from bots.staff.visit import Unanswered, Visit
from crm.base.actors import Role
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outreach import ticks
from crm.outreach.sequences import Step, enroll_due, found_default
from crm.people.reps import Member
from crm.sales.leads import Lead
from tests.bots.staff.firm import ask, firm, label, labels, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


async def silent_lead(office: Office, who: str = "ann", name: str = "Ann Lee") -> None:
    """A customer is answered and falls silent, so that the first follow-up is due."""
    await office.letter("Do you have tables?", who=who, name=name)
    await office.show()
    card = await office.find("mariam", name)
    await office.press("mariam", card, "Take")
    await office.say("mariam", "Yes", reply_to=card["message_id"])
    await office.settle()
    office.ahead += 23 * HOUR

    await office.store.write(lambda s: s.query(Step).filter_by(place=0).update({"delay_ms": HOUR}))
    await office.store.write(lambda s: enroll_due(s, office.company, now=office.now()))


async def test_today_shows_the_day_and_opens_who_waits_longest(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.letter("Do you have tables?")
    await office.letter("Anybody?", who="bob", name="Bob")
    await office.show()
    day = await ask(office, "mariam", "/today")
    text = str(day["text"])
    assert "New leads: 2" in text
    assert "Wait for an answer: 2, the longest" in text
    assert "Letters: 2 / 0" in text
    assert "none yet" in text
    await office.press("mariam", day, label(day, "Bob"))
    assert "Anybody?" in str((await office.last("mariam"))["text"])


async def test_today_is_brought_up_to_date_in_its_own_message(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    day = await ask(office, "mariam", "/today")
    assert "Nobody waits" in str(day["text"])
    await office.letter("Hello?")
    day = await press(office, "mariam", day, "Refresh")
    assert "Wait for an answer: 1" in str(day["text"])


async def test_the_digest_goes_to_every_manager_and_to_no_rep(office: Office) -> None:
    for person, role in (("mariam", Role.MANAGER), ("sona", Role.MANAGER), ("ruben", Role.REP)):
        await office.member(person, role)
    await office.store.write(lambda s: s.query(Member).filter_by(name="Sona").update({"language": "ru"}))
    await office.store.write(lambda s: tell(s, [Notice(NoticeKind.DIGEST, 0, "digest:today")], now=office.now()))
    await office.show()
    assert "The firm closes" in str((await office.last("mariam"))["text"])
    assert "📊" in str((await office.last("sona"))["text"])
    assert not any("📊" in post for post in await office.posts("ruben"))


async def test_a_firm_without_managers_has_a_digest_that_nobody_gets(office: Office) -> None:
    await office.member("ruben")
    await office.store.write(lambda s: tell(s, [Notice(NoticeKind.DIGEST, 0, "digest:today")], now=office.now()))
    await office.show()
    assert not any("📊" in post for post in await office.posts("ruben"))


async def test_leads_are_listed_newest_first_and_a_press_shows_the_card(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    for number in range(7):
        await office.letter(f"Table {number}?", who=f"p{number}", name=f"Person {chr(65 + number)}")
    await office.show()
    shown = await ask(office, "mariam", "/leads")
    assert [one[:3] for one in labels(shown)[:5]] == ["1. ", "2. ", "3. ", "4. ", "5. "]
    assert "Person G" in labels(shown)[0]
    assert len(labels(shown)) == 8
    await office.press("mariam", shown, "More")
    second = await office.last("mariam")
    assert ["Person B" in labels(second)[0], "Person A" in labels(second)[1], "More" in labels(second)] == [True, True, False]
    await office.press("mariam", second, labels(second)[1])
    assert "Table 0?" in str((await office.last("mariam"))["text"])


async def test_leads_are_filtered_where_they_stand(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.letter("Old", who="old", name="Old")
    await office.store.write(lambda s: s.query(Lead).update({"created_at": office.now() - 20 * DAY, "status": "qualified"}))
    await office.letter("Young", who="young", name="Young")
    shown = await ask(office, "mariam", "/leads")
    assert "Old" in str(shown["text"])
    shown = await press(office, "mariam", shown, "Only new")
    assert "Old" not in str(shown["text"])
    shown = await press(office, "mariam", shown, "Only qualified")
    assert "Young" not in str(shown["text"])
    shown = await press(office, "mariam", shown, "Last 7 days")
    assert "no such lead" in str(shown["text"])
    shown = await press(office, "mariam", shown, "All leads")
    assert "Young" in str(shown["text"])


async def test_follow_ups_show_who_is_in_them_and_are_paused(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    await silent_lead(office)
    shown = await ask(office, "mariam", "/followup")
    assert "1 person is in them" in str(shown["text"])
    assert "step 1 of 3" in str(shown["text"])
    shown = await press(office, "mariam", shown, "Pause")
    assert "paused: nobody" in str(shown["text"])
    shown = await press(office, "mariam", shown, "Resume")
    assert "Follow-ups are on" in str(shown["text"])


async def test_a_manager_takes_somebody_out_of_the_follow_ups(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    await silent_lead(office)
    shown = await press(office, "mariam", await ask(office, "mariam", "/followup"), "Who is in them")
    person = await press(office, "mariam", shown, label(shown, "Ann Lee"))
    assert "step 1 of 3" in str(person["text"])
    shown = await press(office, "mariam", person, "Take out")
    assert "0 people are in them" in str(shown["text"])
    assert await office.store.write(lambda s: ticks.follow_ups(s, office.company, now=office.now())) == 0


async def test_a_step_is_rewritten_looked_at_and_saved(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    shown = await press(office, "mariam", await ask(office, "mariam", "/followup"), "Edit a step")
    step = await press(office, "mariam", shown, "Step 2")
    await office.press("mariam", step, "English")
    assert "still glad to help" in str((await office.last("mariam"))["text"])
    bad = await ask(office, "mariam", "Hello {nme}")
    assert "no field “nme”" in str(bad["text"])
    preview = await ask(office, "mariam", "Hello {name}, tables are here")
    assert "Hello Mariam, tables are here" in str(preview["text"])
    saved = await press(office, "mariam", preview, "Save")
    assert "tables are here" in str(saved["text"])
    assert "tables are here" in str((await ask(office, "mariam", "/followup"))["text"])


async def test_a_delay_stays_between_its_neighbours(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    step = await press(office, "mariam", await press(office, "mariam", await ask(office, "mariam", "/followup"), "Edit a step"), "Step 2")
    await office.press("mariam", step, "Delay")
    for words in ("soon", "1 h", "30 d"):
        assert "not a delay that can be used" in str((await ask(office, "mariam", words))["text"])
    old = await ask(office, "mariam", "2 d")
    new = await ask(office, "mariam", "4 d")
    await office.press("mariam", old, "Save")
    assert [row.delay_ms for row in await office.store.read(lambda s: s.query(Step).filter_by(place=1).all())] == [3 * DAY]
    await office.press("mariam", new, "Save")
    assert [row.delay_ms for row in await office.store.read(lambda s: s.query(Step).filter_by(place=1).all())] == [4 * DAY]


async def test_an_edit_of_a_step_is_left_by_a_button_or_a_word(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    step = await press(office, "mariam", await press(office, "mariam", await ask(office, "mariam", "/followup"), "Edit a step"), "Step 1")
    await office.press("mariam", step, "English")
    preview = await ask(office, "mariam", "New words")
    await ask(office, "mariam", "/cancel")
    await office.press("mariam", preview, "Save")
    assert "New words" not in str((await ask(office, "mariam", "/followup"))["text"])


@pytest.mark.parametrize("command", ["/today", "/leads", "/followup", "/promo"])
async def test_a_rep_is_not_shown_what_managers_see(office: Office, command: str) -> None:
    await office.member("ruben")
    answer = await ask(office, "ruben", command)
    assert str(answer["text"]) == f"{command} is for managers."
    assert labels(answer)
    assert command.removeprefix("/") not in {known.name for known in known_to(Role.REP)}


@pytest.mark.parametrize(("command", "button"), [("/today", "Refresh"), ("/followup", "Pause"), ("/promo", "Lead status")])
async def test_who_is_no_manager_any_more_is_refused_in_words(office: Office, command: str, button: str) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    shown = await ask(office, "mariam", command)
    await office.store.write(lambda s: s.query(Member).update({"role": "rep"}))
    after = await press(office, "mariam", shown, button)
    assert after["text"] == shown["text"]
    assert "You may not do that" in await toast(office)


async def test_every_menu_has_at_most_eight_buttons(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: found_default(s, office.now()))
    await silent_lead(office)
    for command in ("/today", "/leads", "/followup", "/promo", "/start"):
        assert 1 <= len(labels(await ask(office, "mariam", command))) <= 8


async def test_leads_without_a_next_step_are_looked_for_before_the_writer_is_asked_for_anything(office: Office) -> None:
    rep = await office.member("mariam", Role.MANAGER)
    await office.letter("Table?")
    visit = Visit(rep, Press(int(rep.address), int(rep.address), "q", 1, ""), 77, office.now(), office.now(), office.company, {}, "staff_bot")
    wanted = leads.Choice(days=leads.FORGOTTEN)
    with pytest.raises(Unanswered) as asked:
        await office.store.write(lambda s: leads.page(s, visit, wanted))
    found = await office.store.read(asked.value.question)
    again = replace(visit, answers={asked.value.about: found})
    assert "no such lead" in str((await office.store.write(lambda s: leads.page(s, again, wanted))).text)
