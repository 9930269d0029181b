"""Calendars: whose hours hold, holidays with what a manager says of them, leave, and who works now."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from console import environment as settings
from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, Invalid
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, parse_hours
from crm.base.worktime import worked
from crm.conversations.threads import Author, Message
from crm.people.calendars import WorkHours, as_open, at_work, calendar_of, firm_hours, next_at_work
from crm.people.leave import LeaveKind, Wish, away_on, end_leave, leaves_of, part_of_day, plan_leave, renew_leave
from crm.people.public_days import public_days
from crm.people.reps import set_available
from crm.people.teams import found_team, put_in
from crm.people.workdays import Whose, days_ahead, hours_of, newest, set_day, set_hours, unset_hours
from tests.conftest import NOON
from tests.crm.fake import hear, hire, said

T = TypeVar("T")
TODAY = date(2025, 11, 25)  # a Tuesday; NOON is 16:00 in Yerevan
FIRM = Company("Marani", ("en",), "Asia/Yerevan", "AMD", "AM", parse_hours("mon-fri 09:00-18:00", "Asia/Yerevan"), holidays="AM")
NEW_YEAR = date(2026, 1, 1)


async def do(store: Store, deed: Callable[[Session], T]) -> T:
    return await store.write(deed)


async def works(store: Store, rep: Rep, now: int) -> bool:
    return rep.id in await store.read(lambda s: at_work(s, FIRM, [rep.id], now=now))


@pytest.mark.parametrize(("country", "day"), [("AM", "2026-01-06"), ("GE", "2026-05-26"), ("ET", "2026-01-07"), ("RU", "2026-05-09")])
def test_public_holidays_are_known(country: str, day: str) -> None:
    assert date.fromisoformat(day) in public_days(country, 2026)
    assert public_days("XX", 2026) == {}


def test_a_holiday_has_its_name_in_the_countrys_own_language() -> None:
    assert public_days("AM", 2026, "hy")[NEW_YEAR] != public_days("AM", 2026, "en")[NEW_YEAR]
    assert public_days("AM", 2026, "ka") == public_days("AM", 2026, "en")


async def test_the_firm_is_closed_on_a_holiday_until_a_manager_says_that_it_works(store: Store) -> None:
    mariam, ani = await hire(store, "mariam", Role.MANAGER), await hire(store, "ani")
    new_year = NOON + 37 * DAY  # Thursday 1 January, 16:00 in Yerevan
    assert (await store.read(lambda s: firm_hours(s, FIRM, now=new_year))).open_at(new_year) is False
    assert not await works(store, ani, new_year)
    assert await store.read(lambda s: next_at_work(s, FIRM, ani.id, new_year)) == new_year + 4 * DAY - 7 * HOUR  # after Friday the 2nd and the weekend
    await do(store, lambda s: set_day(s, mariam, FIRM, NEW_YEAR, off=False, now=NOON))
    assert (await store.read(lambda s: as_open(s, FIRM, now=new_year))).hours.open_at(new_year) is True
    assert await works(store, ani, new_year)
    await do(store, lambda s: set_day(s, mariam, FIRM, NEW_YEAR, off=None, now=NOON + 1))
    assert not await works(store, ani, new_year)


async def test_a_manager_closes_the_firm_on_a_day_of_its_own(store: Store) -> None:
    mariam, ani = await hire(store, "mariam", Role.MANAGER), await hire(store, "ani")
    assert await works(store, ani, NOON)
    await do(store, lambda s: set_day(s, mariam, FIRM, TODAY, off=True, name="We are ten", now=NOON))
    assert not await works(store, ani, NOON)
    [first, *_] = await store.read(lambda s: days_ahead(s, FIRM, "en", now=NOON))
    assert (first.day, first.name, first.off, first.said) == (TODAY, "We are ten", True, True)
    with pytest.raises(Forbidden):
        await do(store, lambda s: set_day(s, ani, FIRM, TODAY, off=None, now=NOON))


async def test_what_was_rolled_back_is_not_believed(store: Store) -> None:
    mariam = await hire(store, "mariam", Role.MANAGER)

    def broken(session: Session) -> None:
        set_day(session, mariam, FIRM, TODAY, off=True, now=NOON)
        assert not firm_hours(session, FIRM, now=NOON).open_at(NOON)
        raise Invalid

    with pytest.raises(Invalid):
        await do(store, broken)
    assert (await store.read(lambda s: firm_hours(s, FIRM, now=NOON))).open_at(NOON)
    await do(store, lambda s: set_day(s, mariam, FIRM, TODAY + timedelta(days=1), off=True, now=NOON + 1))
    assert (await do(store, lambda s: firm_hours(s, FIRM, now=NOON))).open_at(NOON)  # asked where it was rolled back: what is kept is kept by connection


async def test_the_narrowest_hours_hold(store: Store) -> None:
    mariam, ani, vahe = await hire(store, "mariam", Role.MANAGER), await hire(store, "ani"), await hire(store, "vahe")
    night = NOON + 5 * HOUR  # 21:00 in Yerevan
    team = await do(store, lambda s: found_team(s, mariam, "Night", now=NOON))
    await do(store, lambda s: put_in(s, mariam, ani.id, team, now=NOON))
    await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(team_id=team), "mon-sun 20-24", now=NOON))
    assert await store.read(lambda s: at_work(s, FIRM, [ani.id, vahe.id], now=night)) == {ani.id}
    await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(rep_id=vahe.id), "вт 20:00-22:00", now=NOON))
    assert await store.read(lambda s: at_work(s, FIRM, [ani.id, vahe.id, mariam.id], now=night)) == {ani.id, vahe.id}
    assert await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(rep_id=vahe.id), "", now=NOON + 1)) == "tue 20:00-22:00"
    assert not await works(store, vahe, night)
    await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(), "mon-sun 20:00-23:00", now=NOON))
    assert await works(store, vahe, night)
    assert (await store.read(lambda s: hours_of(s, FIRM, Whose(), now=NOON)))[1] == "mon-sun 20:00-23:00"
    found = await store.read(lambda s: calendar_of(s, FIRM, team_id=team, around=NOON))
    assert worked(found, NOON, NOON + DAY) == 4 * HOUR


async def test_whoever_is_on_leave_does_not_work(store: Store) -> None:
    mariam, ani, vahe = await hire(store, "mariam", Role.MANAGER), await hire(store, "ani"), await hire(store, "vahe")
    week = Wish(TODAY, TODAY + timedelta(days=6))
    number = await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, week, once="1", now=NOON))
    assert await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, Wish(TODAY, TODAY), once="2", now=NOON)) == number
    assert not await works(store, ani, NOON)
    assert await store.read(lambda s: next_at_work(s, FIRM, ani.id, NOON)) == NOON + 7 * DAY - 7 * HOUR
    assert [one.name for one in await store.read(lambda s: away_on(s, FIRM, now=NOON))] == ["Ani"]
    with pytest.raises(Forbidden):
        await do(store, lambda s: end_leave(s, vahe, number, now=NOON))
    await do(store, lambda s: end_leave(s, mariam, number, now=NOON))
    assert await works(store, ani, NOON)
    assert await store.read(lambda s: leaves_of(s, ani, FIRM, ani.id, now=NOON)) == []
    await do(store, lambda s: renew_leave(s, ani, number, now=NOON))
    assert not await works(store, ani, NOON)


async def test_whoever_is_away_for_a_part_of_a_day_works_the_rest_of_it(store: Store) -> None:
    ani = await hire(store, "ani")
    part = part_of_day(NOON - HOUR, NOON + HOUR, FIRM.zone)
    assert (part.from_on, part.to_on) == (TODAY, TODAY)
    number = await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, part, once="1", now=NOON))
    assert [await works(store, ani, NOON + away) for away in (-2 * HOUR, -HOUR, 0, HOUR - 1, HOUR)] == [True, False, False, False, True]
    assert await store.read(lambda s: next_at_work(s, FIRM, ani.id, NOON)) == NOON + HOUR
    assert [(one.from_at, one.to_at) for one in await store.read(lambda s: away_on(s, FIRM, now=NOON))] == [(NOON - HOUR, NOON + HOUR)]
    assert await store.read(lambda s: away_on(s, FIRM, now=NOON + HOUR)) == []
    assert await store.read(lambda s: leaves_of(s, ani, FIRM, ani.id, now=NOON + HOUR)) == []
    await do(store, lambda s: end_leave(s, ani, number, now=NOON))
    assert await works(store, ani, NOON)


async def test_a_part_covers_a_smaller_part_and_never_the_day(store: Store) -> None:
    ani = await hire(store, "ani")

    async def plan(wish: Wish, once: str) -> int:
        return await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, wish, once=once, now=NOON))

    part = await plan(part_of_day(NOON, NOON + 2 * HOUR, FIRM.zone), "1")
    assert await plan(part_of_day(NOON + HOUR, NOON + 2 * HOUR, FIRM.zone), "2") == part
    assert await plan(part_of_day(NOON + HOUR, NOON + 3 * HOUR, FIRM.zone), "3") != part
    whole = await plan(Wish(TODAY, TODAY), "4")
    assert whole != part
    assert await plan(part_of_day(NOON, NOON + HOUR, FIRM.zone), "5") in (part, whole)
    assert [one.to_at for one in await store.read(lambda s: away_on(s, FIRM, now=NOON))] == [0]


@pytest.mark.parametrize(("start", "end"), [(NOON + HOUR, NOON + HOUR), (NOON + HOUR, NOON), (NOON - 2 * HOUR, NOON - HOUR), (NOON, NOON + 10 * HOUR)])
async def test_a_part_that_is_none_is_refused(store: Store, start: int, end: int) -> None:
    ani = await hire(store, "ani")
    with pytest.raises(Invalid):
        await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, part_of_day(start, end, FIRM.zone), once="1", now=NOON))
    assert await works(store, ani, NOON)


async def test_while_everybody_is_away_for_an_hour_nobody_is_promised_soon(store: Store) -> None:
    ani, words = await hire(store, "ani"), "talk to a person"
    await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, part_of_day(NOON, NOON + HOUR, FIRM.zone), once="1", now=NOON))
    await hear(store, FIRM, said("1", "bob", words))
    assert "We open: today 17:00" in (await heard_from_us(store))[-1]
    await hear(store, FIRM, said("2", "eve", words, at=NOON + HOUR), now=NOON + HOUR)
    assert "soon" in (await heard_from_us(store))[-1]


async def test_a_colleagues_leave_is_planned_by_a_manager_alone(store: Store) -> None:
    mariam, ani, vahe = await hire(store, "mariam", Role.MANAGER), await hire(store, "ani"), await hire(store, "vahe")
    wish = Wish(TODAY, TODAY, LeaveKind.SICK)
    with pytest.raises(Forbidden):
        await do(store, lambda s: plan_leave(s, vahe, FIRM, ani.id, wish, once="1", now=NOON))
    await do(store, lambda s: plan_leave(s, mariam, FIRM, ani.id, wish, once="2", now=NOON))
    assert not await works(store, ani, NOON)
    assert await works(store, ani, NOON + DAY)
    for bad in (Wish(TODAY, TODAY - timedelta(days=1)), Wish(TODAY - timedelta(days=9), TODAY - timedelta(days=5)), Wish(TODAY, TODAY + timedelta(days=999))):
        with pytest.raises(Invalid):
            await do(store, lambda s, bad=bad: plan_leave(s, ani, FIRM, ani.id, bad, once="3", now=NOON))  # type: ignore[misc]


async def test_where_nobody_said_any_hours_everybody_works_but_on_leave(store: Store) -> None:
    ani = await hire(store, "ani")
    never = replace(FIRM, hours=parse_hours("", FIRM.zone))
    assert await store.read(lambda s: at_work(s, never, [ani.id], now=NOON)) == {ani.id}
    await do(store, lambda s: plan_leave(s, ani, never, ani.id, Wish(TODAY, TODAY), once="1", now=NOON))
    assert await store.read(lambda s: at_work(s, never, [ani.id], now=NOON)) == set()


async def test_hours_that_cannot_be_read_are_refused_and_change_nothing(store: Store) -> None:
    mariam = await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(Invalid):
        await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(), "always", now=NOON))
    assert (await store.read(lambda s: firm_hours(s, FIRM, now=NOON))).days == FIRM.hours.days


async def test_where_everybody_is_away_a_customer_hears_when_somebody_is_back(store: Store) -> None:
    ani, words = await hire(store, "ani"), "talk to a person"
    await hear(store, FIRM, said("1", "bob", words))
    assert "soon" in (await heard_from_us(store))[-1]
    number = await do(store, lambda s: plan_leave(s, ani, FIRM, ani.id, Wish(TODAY, TODAY), once="1", now=NOON))
    await hear(store, FIRM, said("2", "eve", words))
    assert "We open: tomorrow 09:00" in (await heard_from_us(store))[-1]
    await do(store, lambda s: end_leave(s, ani, number, now=NOON))
    await hear(store, FIRM, said("3", "joe", words))
    assert "soon" in (await heard_from_us(store))[-1]


async def test_a_customer_hears_when_the_first_of_those_on_leave_is_back(store: Store) -> None:
    ani, vahe, words = await hire(store, "ani"), await hire(store, "vahe"), "talk to a person"
    for rep, days in ((ani, 6), (vahe, 2)):
        wish = Wish(TODAY, TODAY + timedelta(days=days))
        await do(store, lambda s: plan_leave(s, rep, FIRM, rep.id, wish, once=f"{rep.id}", now=NOON))  # noqa: B023 - done before the next one
    await hear(store, FIRM, said("1", "bob", words))
    assert "We open: Fri 28 Nov 09:00" in (await heard_from_us(store))[-1]
    await do(store, lambda s: set_available(s, vahe, False, now=NOON))
    await hear(store, FIRM, said("2", "eve", words))
    assert "We open: Tue 2 Dec 09:00" in (await heard_from_us(store))[-1]
    await do(store, lambda s: set_available(s, ani, False, now=NOON))
    await hear(store, FIRM, said("3", "joe", words))
    assert "We open: tomorrow 09:00" in (await heard_from_us(store))[-1]


async def test_a_holiday_is_a_closed_day_for_customers_too(store: Store) -> None:
    mariam, new_year = await hire(store, "mariam", Role.MANAGER), NOON + 37 * DAY
    await hear(store, FIRM, said("1", "bob", "talk to a person", at=new_year), now=new_year)
    assert "We open: Mon 5 Jan 09:00" in (await heard_from_us(store))[-1]
    await do(store, lambda s: set_day(s, mariam, FIRM, NEW_YEAR, off=False, now=new_year))
    await hear(store, FIRM, said("2", "eve", "talk to a person", at=new_year), now=new_year)
    assert "soon" in (await heard_from_us(store))[-1]


async def heard_from_us(store: Store) -> list[str]:
    """What the bot has said so far."""
    return await store.read(lambda s: list(s.scalars(select(Message.text).where(Message.author == Author.BOT.value).order_by(Message.id))))


@pytest.mark.parametrize(
    ("given", "holidays"),
    [
        ({}, "AM"),
        ({"company_zone": "Asia/Tbilisi"}, "GE"),
        ({"company_zone": "Africa/Addis_Ababa"}, "ET"),
        ({"company_zone": "Europe/Moscow"}, "RU"),
        ({"company_zone": "Europe/Berlin"}, ""),  # which country that is, is a guess
        ({"company_zone": "Europe/Berlin", "company_region": "DE"}, "DE"),
        ({"company_holidays": "none"}, ""),
        ({"company_holidays": "GE"}, "GE"),
    ],
)
def test_the_settings_say_whose_holidays_are_kept(given: dict[str, str], holidays: str, tmp_path: Path) -> None:
    assert settings.company(settings.Environment(**given, data_dir=str(tmp_path))).holidays == holidays


async def test_two_managers_who_set_hours_at_once_leave_one_word_that_holds(store: Store) -> None:
    mariam, anahit = await hire(store, "mariam", Role.MANAGER), await hire(store, "anahit", Role.MANAGER)
    weeks = ((mariam, "mon-fri 08:00-12:00"), (anahit, "mon-fri 13:00-17:00"))
    for whose in (Whose(), Whose(rep_id=mariam.id)):
        await asyncio.gather(*(do(store, lambda s, who=who, words=words, whose=whose: set_hours(s, who, FIRM, whose, words, now=NOON)) for who, words in weeks))  # type: ignore[misc]
    found = await store.read(lambda s: s.execute(select(WorkHours.rep_id, WorkHours.words).where(WorkHours.ended_at == 0)).all())
    assert len(found) == len({rep_id for rep_id, _ in found}) == 2


async def test_what_was_said_of_hours_is_taken_back_once_and_nothing_newer(store: Store) -> None:
    mariam = await hire(store, "mariam", Role.MANAGER)
    await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(), "mon 9-18", now=NOON))
    await do(store, lambda s: set_hours(s, mariam, FIRM, Whose(), "tue 9-18", now=NOON + 1))
    said_last = await store.read(lambda s: newest(s, Whose()))
    await do(store, lambda s: unset_hours(s, mariam, FIRM, Whose(), said_last, now=NOON + 2))
    with pytest.raises(Expired):
        await do(store, lambda s: unset_hours(s, mariam, FIRM, Whose(), said_last, now=NOON + 3))
    assert (await store.read(lambda s: hours_of(s, FIRM, Whose(), now=NOON)))[1] == "mon 09:00-18:00"
