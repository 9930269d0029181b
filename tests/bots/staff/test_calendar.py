"""Working hours, days off and leave at the staff's hands: by buttons, by typed words, and back again."""

from datetime import timedelta

import pytest

from bots.staff.commands.calendar import in_theirs
from bots.staff.menus import MOST
from crm.base.actors import Role
from crm.base.db import Session
from crm.base.i18n import translator
from crm.base.time import local
from crm.people.calendars import Leave, at_work, firm_hours
from crm.people.leave import Away, away_on, leaves_of
from crm.people.public_days import public_days
from crm.people.reps import reps
from tests.bots.staff.firm import ask, label, labels, press
from tests.bots.staff.office import Office


async def at_their_desks(office: Office) -> set[str]:
    """Who works now."""

    def question(session: Session) -> set[str]:
        everybody = {rep.id: rep.name for rep in reps(session)}
        return {everybody[number] for number in at_work(session, office.company, list(everybody), now=office.now())}

    return await office.store.read(question)


async def away(office: Office) -> list[Away]:
    return await office.store.read(lambda s: away_on(s, office.company, now=office.now()))


async def test_a_rep_plans_leave_in_three_presses_and_takes_it_back(office: Office) -> None:
    await office.member("ruben")
    page = await ask(office, "ruben", "/leave")
    assert "None is planned." in str(page["text"])
    assert len(labels(page)) <= MOST
    page = await press(office, "ruben", page, "🌴 Plan leave")
    page = await press(office, "ruben", page, "Today")
    page = await press(office, "ruben", page, "A week")
    assert "Written down: \u2068Ruben\u2069" in str(page["text"])
    [one] = await away(office)
    assert one.to_on - one.from_on == timedelta(days=6)
    assert await at_their_desks(office) == set()
    page = await press(office, "ruben", page, "Undo")
    assert (await away(office), await at_their_desks(office)) == ([], {"Ruben"})
    page = await press(office, "ruben", page, "Undo")
    assert len(await away(office)) == 1


async def test_two_days_are_from_when_to_when_also_where_the_last_one_is_asked(office: Office) -> None:
    rep = await office.member("ruben")
    await ask(office, "ruben", "/leave tomorrow")
    said = await ask(office, "ruben", "in 5 days - in 3 days")
    assert "Leave ends after it begins" in str(said["text"])
    await ask(office, "ruben", "/leave tomorrow")
    await ask(office, "ruben", "in 5 days - in 6 days")
    [one] = await office.store.read(lambda s: leaves_of(s, rep, office.company, rep.id, now=office.now()))
    assert one.from_on - local(office.now(), office.company.zone).date() == timedelta(days=5)


async def test_days_may_be_typed_and_what_cannot_be_read_is_asked_again(office: Office) -> None:
    rep = await office.member("ruben")
    said = await ask(office, "ruben", "/leave when I feel like it")
    assert "I do not understand these days" in str(said["text"])
    said = await ask(office, "ruben", "tomorrow - in 3 days")
    assert "Written down" in str(said["text"])
    [one] = await office.store.read(lambda s: leaves_of(s, rep, office.company, rep.id, now=office.now()))
    today = local(office.now(), office.company.zone).date()
    assert (one.from_on, one.to_on) == (today + timedelta(days=1), today + timedelta(days=3))
    page = await ask(office, "ruben", "/leave")
    page = await press(office, "ruben", page, label(page, "Take back 1"))
    assert await office.store.read(lambda s: leaves_of(s, rep, office.company, rep.id, now=office.now())) == []


async def test_a_part_of_a_day_is_planned_by_one_button(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    rep = await office.member("ruben")
    page = await press(office, "ruben", await ask(office, "ruben", "/leave"), "🌴 Plan leave")
    assert len(labels(page)) <= MOST
    page = await press(office, "ruben", page, "Tomorrow afternoon")
    assert "13:00 – 24:00" in str(page["text"])  # noqa: RUF001 - as printed
    assert await at_their_desks(office) == {"Mariam", "Ruben"}
    page = await press(office, "ruben", await press(office, "ruben", page, "Back"), "🌴 Plan leave")
    page = await press(office, "ruben", page, "Rest of today")
    assert await at_their_desks(office) == {"Mariam"}
    assert "– 24:00" in str((await ask(office, "mariam", "/day"))["text"])  # noqa: RUF001 - as printed
    page = await press(office, "ruben", page, "Undo")
    assert await at_their_desks(office) == {"Mariam", "Ruben"}
    assert len(await office.store.read(lambda s: leaves_of(s, rep, office.company, rep.id, now=office.now()))) == 1


@pytest.mark.parametrize(
    ("words", "shown"),
    [("tomorrow 14:00 - 16:30", "14:00 – 16:30"), ("from tomorrow 14:00", "14:00 – 24:00"), ("завтра 9:00-24:00", "09:00 – 24:00")],  # noqa: RUF001 - as printed
)
async def test_hours_may_be_typed(office: Office, words: str, shown: str) -> None:
    await office.member("ruben")
    assert shown in str((await ask(office, "ruben", f"/leave {words}"))["text"])
    [one] = await office.store.read(lambda s: s.query(Leave).all())
    assert one.from_on == one.to_on == (local(office.now(), office.company.zone).date() + timedelta(days=1)).isoformat()


async def test_hours_that_end_before_they_begin_are_asked_again(office: Office) -> None:
    await office.member("ruben")
    assert "Leave ends after it begins" in str((await ask(office, "ruben", "/leave tomorrow 16:00 - 14:00"))["text"])
    assert await office.store.read(lambda s: s.query(Leave).count()) == 0


async def test_whoever_falls_ill_says_so_with_one_press_and_the_plan_of_the_day_names_them(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    page = await ask(office, "ruben", "/leave")
    page = await press(office, "ruben", page, "🤒 I am ill today")
    assert "ill" in str(page["text"])
    assert "Away today: \u2068Ruben\u2069" in str((await ask(office, "mariam", "/day"))["text"])
    assert "Away today: \u2068Ruben\u2069" in str((await ask(office, "mariam", "/calendar"))["text"])


async def test_a_manager_plans_a_colleagues_leave(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    page = await ask(office, "mariam", "/leave")
    for button in ("Everybody's leave", "For a colleague", "Ruben", "🌴 Plan leave", "Today", "That day alone"):
        page = await press(office, "mariam", page, label(page, button))
    assert [one.name for one in await away(office)] == ["Ruben"]
    assert "Everybody's leave" not in labels(await ask(office, "ruben", "/leave"))


async def test_managers_set_hours_by_buttons_or_words_and_take_them_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    page = await ask(office, "mariam", "/calendar")
    page = await press(office, "mariam", page, "Hours of the firm")
    assert len(labels(page)) <= MOST
    page = await press(office, "mariam", page, label(page, "09:00"))
    assert "Mon-Fri 09:00" in str(page["text"])
    page = await press(office, "mariam", page, "Undo")
    assert "Mon-Sun 00:00" in str(page["text"])
    page = await press(office, "mariam", page, "Back")
    page = await press(office, "mariam", page, "Hours of people")
    page = await press(office, "mariam", page, label(page, "Ruben"))
    await press(office, "mariam", page, "✍️ Type them")
    assert "I do not understand" in str((await ask(office, "mariam", "whenever"))["text"])
    day = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")[(local(office.now(), office.company.zone).weekday() + 3) % 7]
    page = await ask(office, "mariam", f"{day} 9-18")
    assert await at_their_desks(office) == {"Mariam"}
    page = await press(office, "mariam", page, "As the firm")
    assert await at_their_desks(office) == {"Mariam", "Ruben"}


async def test_a_manager_works_on_a_holiday_and_closes_on_another_day(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    today = local(office.now(), office.company.zone).date()
    first = min(day for year in (today.year, today.year + 1) for day in public_days("AM", year) if day >= today)
    page = await press(office, "mariam", await ask(office, "mariam", "/calendar"), "Days off")
    assert "we work" in str(page["text"])  # this firm keeps no country's holidays
    page = await press(office, "mariam", page, "Close on 1")
    assert first in (await office.store.read(lambda s: firm_hours(s, office.company, now=office.now()))).off
    page = await press(office, "mariam", page, "Work on 1")
    assert first not in (await office.store.read(lambda s: firm_hours(s, office.company, now=office.now()))).off
    await press(office, "mariam", page, "Close on another day")
    page = await ask(office, "mariam", "today We are ten years old")
    assert "We are ten years old · closed" in str(page["text"])
    assert await at_their_desks(office) == set()
    assert not any("Close on" in one or "Work on" in one for one in labels(await press(office, "ruben", await ask(office, "ruben", "/calendar"), "Days off")))


async def test_a_time_that_a_customer_names_is_the_first_button_of_the_reps_task(office: Office) -> None:
    await office.member("ruben")
    await office.letter("I need a table")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "Take")
    await office.letter("Can I come tomorrow at 15:00 to look at it?")
    await office.show()
    post = await press(office, "ruben", await office.find("ruben", "look at it?"), "📌 Task")
    page = await office.find("ruben", "What is to be done for")
    page = await press(office, "ruben", page, "🤝 Meeting")
    assert labels(page)[0] == "tomorrow 15:00"
    assert len(labels(page)) <= MOST
    page = await press(office, "ruben", page, "tomorrow 15:00")
    assert "I will remind you tomorrow 15:00." in str(page["text"])
    assert "look at it?" in str(post["text"])


async def test_a_rep_says_how_somebody_is_greeted_and_takes_it_back(office: Office) -> None:
    await office.member("ruben")
    await office.letter("I need a table")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "⋯ More")
    menu = await office.find("ruben", "What shall it be about")
    while "👋 How to greet" not in labels(menu):
        menu = await press(office, "ruben", menu, "More")
    await office.press("ruben", menu, "👋 How to greet")
    asked = await office.find("ruben", "be greeted?")
    assert labels(asked) == ["Ann", "Lee", "Ann Lee", "Cancel"]
    done = await press(office, "ruben", asked, "Ann")
    assert "They are greeted as \u2068Ann\u2069 now." in str(done["text"])
    done = await press(office, "ruben", done, "Undo")
    assert "without a name" in str(done["text"])
    await office.press("ruben", menu, "👋 How to greet")
    assert "They are greeted as \u2068Annie\u2069 now." in str((await ask(office, "ruben", "Annie"))["text"])


@pytest.mark.parametrize("words", ["2026-12-25", "25.12.2026", "16 ታኅሣሥ 2019"])
async def test_a_day_stands_in_both_calendars(office: Office, words: str) -> None:
    await office.member("ruben")
    said = str((await ask(office, "ruben", f"/calendar {words}"))["text"])
    assert "(2026-12-25) = Tahsas 16, 2019 (16/04/2019)" in said


@pytest.mark.parametrize("words", ["16 ታኅሣሥ 99999999999999", "² ታኅሣሥ ²", "40 ታኅሣሥ 2019", "9999-99-99"])
async def test_a_day_there_is_none_of_is_asked_again(office: Office, words: str) -> None:
    await office.member("ruben")
    assert "I do not understand that day" in str((await ask(office, "ruben", f"/calendar {words}"))["text"])


def test_amharic_readers_see_the_names_of_their_months() -> None:
    from datetime import date

    assert in_theirs(translator("am"), date(2026, 9, 11)).startswith("መስከረም 1, 2019")


async def test_managers_hear_of_leave_and_whose_it_is_where_a_manager_planned_it(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await office.member("sona")
    page = await ask(office, "ruben", "/leave")
    page = await press(office, "ruben", page, "🤒 I am ill today")
    await office.show()
    assert [text for text in await office.posts("mariam") if "will be away" in text and "ill" in text]
    for other in ("ruben", "sona"):
        assert not [text for text in await office.posts(other) if "will be away" in text]
    await press(office, "ruben", page, "Undo")
    await office.show()
    assert [text for text in await office.posts("mariam") if "is there after all" in text]
    page = await press(office, "mariam", await office.find("mariam", "is there after all"), "Everybody's leave")
    for button in ("For a colleague", "Ruben", "🌴 Plan leave", "Today", "That day alone"):
        page = await press(office, "mariam", page, label(page, button))
    await office.show()
    assert [text for text in await office.posts("ruben") if "will be away" in text]


async def test_leave_that_makes_no_sense_is_asked_again_with_the_reason(office: Office) -> None:
    await office.member("ruben")
    said = await ask(office, "ruben", "/leave in 5 days - tomorrow")
    assert "ends after it begins" in str(said["text"])
    assert "Written down" in str((await ask(office, "ruben", "tomorrow - in 5 days"))["text"])
