"""Routing on a real database: who waits is offered to one after another, oldest first, and nobody stays stuck on somebody who is away."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Expired, Forbidden, NotFound, Taken
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE, local
from crm.conversations import accepting, assign, handing, queues
from crm.conversations.offers import Offer, Outcome, latest, offer, reasons_of
from crm.conversations.queues import Way
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import reps, teams
from crm.people.calendars import Leave
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.sales import routing
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

Deed = Callable[[Session], Any]


@pytest.fixture
def firm(company: Company) -> Company:
    """It is open all day, so that only what a test says keeps anybody away."""
    return company


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def do(store: Store, deed: Deed) -> Any:
    return await store.write(deed)


async def asks(store: Store, boss: Rep, way: Way = Way.EVEN, **numbers: int) -> None:
    """The firm's queue asks one at a time, and the manager is off duty, so that only reps are asked."""

    def deed(session: Session) -> None:
        queues.set_way(session, boss, None, way, now=NOON)
        for name, value in numbers.items():
            queues.set_number(session, boss, None, name, value, now=NOON)
        reps.set_available(session, boss, False, now=NOON)

    await do(store, deed)


async def tick(store: Store, firm: Company, now: int = NOON) -> int:
    done = 0
    while step := await store.write(lambda session: routing.route(session, firm, now=now)):
        done += step
    return done


async def writes(store: Store, firm: Company, who: str, text: str = "hi", now: int = NOON) -> int:
    """Somebody writes; the number of their conversation."""
    await hear(store, firm, said(f"{who}:{now}:{text}", who, text, at=now), now=now)
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    return int(number)


async def offers(store: Store, number: int) -> list[tuple[int | None, str]]:
    return await rows(store, select(Offer.rep_id, Offer.outcome).where(Offer.conversation_id == number).order_by(Offer.id))


async def asked(store: Store, number: int) -> int | None:
    """Who is asked about a conversation now."""
    found = await rows(store, select(Offer.rep_id).where(Offer.conversation_id == number, Offer.ended_at == 0))
    assert len(found) <= 1
    return found[0] if found else None


async def offer_of(store: Store, number: int) -> int:
    return int((await rows(store, select(Offer.id).where(Offer.conversation_id == number).order_by(Offer.id.desc()).limit(1)))[0])


async def notices(store: Store, kind: str) -> list[str]:
    return await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == kind).order_by(NoticeRow.id))


async def test_by_default_nobody_is_asked(store: Store, firm: Company) -> None:
    await hire(store)
    number = await writes(store, firm, "ann")
    assert await tick(store, firm) == 0
    assert await offers(store, number) == []


async def test_one_is_asked_at_a_time_and_time_moves_on_to_the_next(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss, accept_ms=MINUTE)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    assert await asked(store, number) == ruben.id
    assert await tick(store, firm, NOON + MINUTE - 1) == 0
    await tick(store, firm, NOON + MINUTE)
    assert await asked(store, number) == sona.id
    await tick(store, firm, NOON + 2 * MINUTE)
    assert await offers(store, number) == [(ruben.id, "timeout"), (sona.id, "timeout"), (None, "everybody")]
    assert len(await notices(store, "queue")) == 1
    assert await tick(store, firm, NOON + HOUR) == 0


async def test_whoever_accepts_has_them_and_a_late_one_only_as_long_as_nobody_does(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss, accept_ms=MINUTE)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    first = await offer_of(store, number)
    await tick(store, firm, NOON + MINUTE)
    second = await offer_of(store, number)
    with pytest.raises(NotFound):
        await do(store, lambda s: accepting.accept(s, ruben, second, now=NOON))
    await do(store, lambda s: accepting.accept(s, sona, second, now=NOON + MINUTE))
    assert await rows(store, select(Conversation.rep_id)) == [sona.id]
    with pytest.raises(Taken):
        await do(store, lambda s: accepting.accept(s, ruben, first, now=NOON + MINUTE))
    assert await offers(store, number) == [(ruben.id, "timeout"), (sona.id, "taken")]


async def test_not_me_asks_the_next_and_an_answer_is_an_acceptance(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    first = await offer_of(store, number)
    await do(store, lambda s: accepting.decline(s, ruben, first, now=NOON))
    await tick(store, firm)
    assert await asked(store, number) == sona.id
    await do(store, lambda s: s.execute(update(Offer).where(Offer.id == first).values(outcome="timeout")))
    with pytest.raises(Expired):
        await do(store, lambda s: accepting.decline(s, ruben, first, now=NOON))
    await do(store, lambda s: reply(s, sona, number, "hello", once="r", now=NOON))
    await tick(store, firm)
    assert (await offers(store, number))[-1] == (sona.id, "taken")


async def test_the_oldest_goes_first_when_somebody_becomes_free(store: Store, firm: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await asks(store, boss, Way.LOAD, cap=1)
    numbers = [await writes(store, firm, who, now=NOON + place) for place, who in enumerate(("ann", "bob", "cyd"))]
    await tick(store, firm, NOON + 10)
    assert [await asked(store, number) for number in numbers] == [ruben.id, None, None]
    assert (await offers(store, numbers[1]))[-1] == (None, "full")
    first = await offer_of(store, numbers[0])
    await do(store, lambda s: accepting.accept(s, ruben, first, now=NOON + 20))
    await tick(store, firm, NOON + 20)
    assert await asked(store, numbers[1]) is None
    await do(store, lambda s: assign.close(s, ruben, numbers[0], now=NOON + 30))
    await tick(store, firm, NOON + 30)
    assert [await asked(store, number) for number in numbers] == [None, ruben.id, None]


async def test_who_waited_over_night_is_asked_about_when_somebody_comes(store: Store, firm: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await asks(store, boss)
    await do(store, lambda s: reps.set_available(s, ruben, False, now=NOON))
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    assert await tick(store, firm, NOON + HOUR) == 0
    assert await offers(store, number) == [(None, "nobody")]
    await do(store, lambda s: reps.set_available(s, ruben, True, now=NOON))
    await tick(store, firm, NOON + 2 * HOUR)
    assert await asked(store, number) == ruben.id


async def test_nobody_on_leave_is_asked(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    leave = Leave(id=1, rep_id=ruben.id, from_on="2025-11-24", to_on="2025-11-28", kind="holiday", note="", created_at=NOON, ended_at=0)
    await do(store, lambda s: s.add(leave))
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    assert await asked(store, number) == sona.id
    [why] = [one for one in await store.read(lambda s: reasons_of(s.scalars(select(Offer)).one())) if one.rep_id == ruben.id]
    assert why.kind == "off_work"


async def test_nobody_who_is_away_for_an_hour_is_asked_in_it(store: Store, firm: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await asks(store, boss)
    day = local(NOON, firm.zone).date().isoformat()
    part = {"from_on": day, "to_on": day, "from_at": NOON, "to_at": NOON + HOUR}
    await do(store, lambda s: s.add(Leave(id=1, rep_id=ruben.id, kind="leave", note="", created_at=NOON, ended_at=0, **part)))
    number = await writes(store, firm, "ann")
    await tick(store, firm, NOON + HOUR - 1)
    assert await offers(store, number) == [(None, "nobody")]
    await tick(store, firm, NOON + HOUR)
    assert await asked(store, number) == ruben.id


async def test_going_off_duty_passes_an_offer_on(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    await do(store, lambda s: reps.set_available(s, ruben, False, now=NOON))
    await tick(store, firm)
    assert await offers(store, number) == [(ruben.id, "gone"), (sona.id, "")]


async def test_many_customers_come_evenly_to_all(store: Store, firm: Company, boss: Rep) -> None:
    crew = [await hire(store, name) for name in ("ruben", "sona", "tigran")]
    await asks(store, boss)
    for number in range(9):
        await writes(store, firm, f"c{number}", now=NOON + number)
        await tick(store, firm, NOON + number)
    got = await rows(store, select(Offer.rep_id).where(Offer.ended_at == 0))
    assert sorted(got) == sorted(rep.id for rep in crew for _ in range(3))


async def test_whoever_took_many_today_is_asked_last(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    before = await writes(store, firm, "zoe")
    await do(store, lambda s: assign.take(s, ruben, before, now=NOON))
    await do(store, lambda s: reply(s, ruben, before, "hello", once="z", now=NOON))
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    assert await asked(store, number) == sona.id
    late = await writes(store, firm, "eve", now=NOON + 2 * DAY)
    first = await offer_of(store, number)
    await do(store, lambda s: accepting.accept(s, sona, first, now=NOON))
    await tick(store, firm, NOON + 2 * DAY)
    assert await asked(store, late) == ruben.id


async def test_whose_lead_they_are_is_asked_first(store: Store, firm: Company, boss: Rep) -> None:
    await hire(store, "ruben")
    sona = await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await do(store, lambda s: s.execute(update(Lead).values(rep_id=sona.id)))
    await tick(store, firm)
    assert await asked(store, number) == sona.id
    [first, *_] = await store.read(lambda s: reasons_of(s.scalars(select(Offer)).one()))
    assert (first.kind, first.value) == ("owner", "lead")


async def test_whoever_speaks_their_language_and_knows_about_it(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona, tigran = [await hire(store, name) for name in ("ruben", "sona", "tigran")]
    await asks(store, boss)

    def deed(session: Session) -> None:
        queues.set_talent(session, boss, sona.id, "language", "ka", True, now=NOON)
        queues.set_talent(session, boss, tigran.id, "skill", "oak table", True, now=NOON)

    await do(store, deed)
    wood = await writes(store, firm, "ann", "I want two oak tables")
    await tick(store, firm)
    assert await asked(store, wood) == tigran.id
    georgian = await writes(store, firm, "nino")
    await do(store, lambda s: s.execute(update(Contact).where(Contact.id == s.get_one(Conversation, georgian).contact_id).values(language="ka")))
    await tick(store, firm)
    assert await asked(store, georgian) == sona.id
    assert ruben.id not in (await asked(store, wood), await asked(store, georgian))


async def test_a_team_asks_its_own_people_in_its_own_way(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")

    def deed(session: Session) -> int:
        team = teams.found_team(session, boss, "Tables", now=NOON)
        teams.put_in(session, boss, sona.id, team, now=NOON)
        queues.set_way(session, boss, team, Way.LOAD, now=NOON)
        return team

    team = await do(store, deed)
    mine, theirs = await writes(store, firm, "ann"), await writes(store, firm, "bob")
    await do(store, lambda s: handing.hand_to_team(s, ruben, theirs, team, now=NOON))
    await tick(store, firm)
    assert await asked(store, theirs) == sona.id
    assert await offers(store, mine) == []


async def test_whoever_gives_a_conversation_back_is_not_asked_at_once_again(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await do(store, lambda s: assign.take(s, ruben, number, now=NOON))
    await do(store, lambda s: assign.hand_back(s, ruben, number, now=NOON))
    await tick(store, firm)
    assert await asked(store, number) == sona.id


async def test_a_way_that_asks_nobody_lets_everybody_see_at_once(store: Store, firm: Company, boss: Rep) -> None:
    await hire(store, "ruben")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    await do(store, lambda s: queues.set_way(s, boss, None, Way.EVERYBODY, now=NOON))
    await tick(store, firm)
    assert await asked(store, number) is None
    assert (await offers(store, number))[-1][1] == "gone"


async def test_a_removed_member_loses_what_they_were_asked(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    await do(store, lambda s: setattr(s.get_one(Member, ruben.id), "active", 0))
    await tick(store, firm)
    assert await asked(store, number) == sona.id
    assert await store.read(lambda s: latest(s, number, waiting_since=NOON).outcome) == Outcome.OPEN  # type: ignore[union-attr]


async def test_what_everybody_was_asked_about_and_came_back_is_everybodys_again(store: Store, firm: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await asks(store, boss, accept_ms=MINUTE)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    await tick(store, firm, NOON + MINUTE)
    assert (await offers(store, number))[-1] == (None, "everybody")
    await do(store, lambda s: assign.take(s, ruben, number, now=NOON + MINUTE))
    await do(store, lambda s: assign.hand_back(s, ruben, number, now=NOON + 2 * MINUTE))
    await tick(store, firm, NOON + 2 * MINUTE)
    assert (await offers(store, number))[-1] == (None, "everybody")
    assert await tick(store, firm, NOON + HOUR) == 0


async def test_a_team_is_asked_about_whom_it_gets_whoever_was_asked_before(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss, accept_ms=MINUTE)
    number = await writes(store, firm, "ann")
    for minutes in range(3):
        await tick(store, firm, NOON + minutes * MINUTE)
    assert (await offers(store, number))[-1] == (None, "everybody")
    team = await do(store, lambda s: teams.found_team(s, boss, "Tables", now=NOON))
    await do(store, lambda s: teams.put_in(s, boss, sona.id, team, now=NOON))
    await do(store, lambda s: handing.hand_to_team(s, ruben, number, team, now=NOON + HOUR))
    await tick(store, firm, NOON + HOUR)
    assert await asked(store, number) == sona.id


async def test_of_a_queue_that_filled_over_night_nobody_is_asked_about_all_at_once(store: Store, firm: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await asks(store, boss)
    numbers = [await writes(store, firm, f"c{number}", now=NOON + number) for number in range(5)]
    await tick(store, firm, NOON + 9)
    assert [await asked(store, number) for number in numbers] == [ruben.id] * 3 + [None] * 2
    assert (await offers(store, numbers[4]))[-1] == (None, "full")
    first = await offer_of(store, numbers[0])
    await do(store, lambda s: accepting.accept(s, ruben, first, now=NOON + 10))
    await tick(store, firm, NOON + 10)
    assert await asked(store, numbers[3]) == ruben.id


async def test_never_are_two_asked_at_a_time(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await asks(store, boss)
    number = await writes(store, firm, "ann")
    await tick(store, firm)
    another = await do(store, lambda s: offer(s, s.get_one(Conversation, number), sona.id, (), until=NOON + HOUR, outcome=Outcome.OPEN, now=NOON))
    assert (another, await asked(store, number)) == (0, ruben.id)


async def test_a_channel_of_a_team_brings_its_customers_to_it_and_nobody_back_who_was_put_elsewhere(store: Store, firm: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    team = await do(store, lambda s: teams.found_team(s, boss, "Tables", now=NOON))
    await do(store, lambda s: teams.put_in(s, boss, sona.id, team, now=NOON))
    number = await writes(store, firm, "ann")
    [account] = await rows(store, select(Conversation.account))
    await do(store, lambda s: queues.set_channel(s, boss, account, team, now=NOON))
    await asks(store, boss)
    assert await store.read(lambda s: routing.awaits_its_team(s, queues.queues(s), s.get_one(Conversation, number), now=NOON))
    await tick(store, firm)
    assert (await rows(store, select(Conversation.team_id)), await asked(store, number)) == ([team], sona.id)
    await do(store, lambda s: handing.hand_to_team(s, ruben, number, None, now=NOON))
    await tick(store, firm)
    assert (await rows(store, select(Conversation.team_id)), await asked(store, number)) == ([None], ruben.id)
    with pytest.raises(Forbidden):
        await do(store, lambda s: queues.set_channel(s, ruben, account, None, now=NOON))
    await do(store, lambda s: queues.set_channel(s, boss, account, None, now=NOON))
    other = await writes(store, firm, "bob")
    await tick(store, firm)
    assert await rows(store, select(Conversation.team_id).where(Conversation.id == other)) == [None]
