"""Whoever is there to practise on is one member's alone, buys nothing, and counts nowhere."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import DragomanError, Invalid, NotFound
from crm.base.settings import Company
from crm.conversations import assign, handing
from crm.conversations.clocks import warn_due
from crm.conversations.threads import Conversation
from crm.exchange.readiness import Part, readiness
from crm.inbox import practising
from crm.outreach.segments import Segment, reached
from crm.people import reps
from crm.people.contacts import Contact
from crm.projects.asking import Asked, ask_recommend
from crm.reports import inbox, leads, search, today
from crm.rules import rules, runs
from crm.rules.plans import unpack
from crm.sales import deals, leaving, routing, scores
from crm.sales.leads import Lead
from crm.sales.triage import win
from tests.bots.staff.firm import firm, labels, toast
from tests.bots.staff.office import Office
from tests.bots.staff.test_tour import Stage, began

HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def company() -> Company:
    return firm()


async def practised(office: Office) -> tuple[Stage, int]:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    stage, _ = await began(office)
    return stage, await office.store.read(lambda s: s.scalars(select(Conversation.id)).one())


def _by(deed: Callable[..., object], actor: Rep, number: int, now: int, session: Session) -> object:
    return deed(session, actor, number, now=now)


async def who(office: Office, name: str) -> Rep:
    return next(rep for rep in await office.store.read(reps.reps) if rep.name == name.title())


async def test_no_manager_sees_or_touches_whom_somebody_practises_on(office: Office, store: Store) -> None:
    _, number = await practised(office)
    mariam, now = await who(office, "mariam"), office.now()

    def looks(session: Session) -> list[object]:
        rows = inbox.inbox(session, mariam, mine=False, now=now).rows, leads.leads(session, mariam, now=now).rows
        found = search.find(session, mariam, "practise", "AM")
        return [*rows[0], *rows[1], *found.people, *found.said]

    assert await store.read(looks) == []
    for deed in (assign.take, assign.take_over, assign.close, assign.hand_back):
        with pytest.raises(NotFound):
            await store.write(partial(_by, deed, mariam, number, now))
    assert not [post for post in await office.posts("mariam") if "practise with" in post]


async def test_whom_one_practises_on_cannot_be_given_away_or_sold_to(office: Office, store: Store) -> None:
    _, number = await practised(office)
    ruben, mariam, now = await who(office, "ruben"), await who(office, "mariam"), office.now()
    for deed in (
        lambda s: assign.hand_back(s, ruben, number, now=now),
        lambda s: handing.hand_over(s, ruben, number, mariam.id, now=now),
        lambda s: handing.hand_to_team(s, ruben, number, None, now=now),
        lambda s: deals.open_deal(s, ruben, number, firm(), once="d", now=now),
    ):
        with pytest.raises(Invalid):
            await store.write(deed)


async def test_it_counts_in_no_figure_and_nobody_is_warned(office: Office, store: Store) -> None:
    _, _ = await practised(office)
    mariam, later = await who(office, "mariam"), office.now() + 9 * HOUR
    seen = await store.read(lambda s: today.today(s, mariam, firm(), now=office.now()))
    assert (seen.new_leads, seen.unanswered, seen.waiting, [one for one in seen.traffic if one.channel == "practice"]) == (0, 0, (), [])
    assert Part.PEOPLE not in (await store.read(lambda s: readiness(s, mariam, ()))).done
    limited = replace(firm(), answer_within=HOUR)
    assert await store.write(lambda s: warn_due(s, limited, now=later)) == 0
    await store.write(lambda s: routing.free_absent(s, limited, now=later + 5 * DAY))
    assert await store.read(lambda s: s.scalars(select(Conversation.rep_id)).one()) == (await who(office, "ruben")).id


async def test_no_campaign_rule_or_question_reaches_it(office: Office, store: Store) -> None:
    await office.member("mariam", Role.MANAGER)
    mariam = await who(office, "mariam")
    plan = unpack('{"event": "lead.opened", "do": [{"do": "tag", "word": "new"}]}')

    def ruled(session: Session) -> None:
        made = rules.make(session, mariam, "Everybody", plan, now=office.now())
        rules.switch(session, mariam, made.id, True, now=office.now())
        runs.act(session, firm(), now=office.now())

    await store.write(ruled)
    await practised(office)
    while await store.write(lambda s: runs.act(s, firm(), now=office.now())):
        pass
    assert await store.read(lambda s: s.scalars(select(runs.RuleRun.outcome)).all()) == ["passed"]
    assert await store.read(lambda s: reached(s, Segment(), now=office.now())) == 0
    contact = await store.read(lambda s: s.scalars(select(Contact.id)).one())
    assert await store.write(lambda s: ask_recommend(s, Asked(contact, "project", 1, None), firm(), now=office.now())) is None


async def test_a_won_practice_teaches_the_score_nothing_and_ends(office: Office, store: Store) -> None:
    stage, number = await practised(office)
    ruben = await who(office, "ruben")
    lead = await store.read(lambda s: s.scalars(select(Lead.id)).one())
    await store.write(lambda s: win(s, ruben, lead, now=office.now()))
    model = await store.read(lambda s: scores.learned(s, firm(), now=office.now()))
    assert (model.won, model.lost) == (0, 0)
    await store.write(lambda s: practising.end(s, ruben, number, now=office.now()))
    await stage.goes_on()
    assert await store.read(lambda s: s.scalars(select(Conversation.status)).all()) == ["closed"]


async def test_a_line_on_its_way_opens_no_ended_practice_again(office: Office, store: Store) -> None:
    stage, number = await practised(office)
    ruben = await who(office, "ruben")
    card = await office.find("ruben", "to practise with")
    await office.say("ruben", "It costs ten.", reply_to=card["message_id"])
    await office.settle()
    await store.write(lambda s: practising.end(s, ruben, number, now=office.now()))
    await stage.goes_on()
    assert await store.read(lambda s: s.scalars(select(Conversation.status)).all()) == ["closed"]


async def test_who_leaves_leaves_nobody_to_practise_on_behind(office: Office, store: Store) -> None:
    _, number = await practised(office)
    ruben = await who(office, "ruben")
    handed = await store.write(lambda s: leaving.leave(s, System("clock"), ruben.id, "staff", now=office.now()))
    assert handed.conversations == 0
    assert await store.read(lambda s: s.scalars(select(Conversation.status)).all()) == ["closed"]
    mariam = await who(office, "mariam")
    with pytest.raises(DragomanError):
        await store.write(lambda s: assign.take(s, mariam, number, now=office.now()))


async def test_a_rep_reads_why_nothing_is_sold_to_whom_they_practise_on(office: Office) -> None:
    await practised(office)
    [card] = [post for post in await office.chat("ruben") if "Hand back" in labels(post)]
    await office.press("ruben", card, "Hand back")
    assert "there to practise on" in str(await toast(office))
