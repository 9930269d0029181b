"""Projects: begun by a won deal, done step by step, told to the customer, blocked, late and silent before it is too late, closed and taken back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, NotFound, Taken
from crm.base.history import Change, DomainEvent, record
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, instant, local, parse_hours
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.notices import NoticeRow
from crm.projects import closing, drafting, following, health, starting, steps
from crm.projects.blueprints import Blueprint, BlueprintStep, NotifyOn, Whose, chosen
from crm.projects.drafting import NewBlueprint, NewStep
from crm.projects.projects import Project, ProjectStep, seen_project
from crm.projects.starting import Cause
from crm.projects.steps import Deed
from crm.sales import moves, tasks, terms
from crm.sales.deals import Deal, open_deal
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

MACHINE = System("test")
STEPS = (
    NewStep("Measure", 1, notify_text="{name}, we have measured everything.", notify_auto=True),
    NewStep("Build", 5, notify_text="Your table is being built.", notify_on=NotifyOn.BEGUN),
    NewStep("Deliver", 7),
)


class Shop:
    """A firm with a blueprint, a rep who has won a deal with Ann, and the clock."""

    def __init__(self, store: Store, company: Company) -> None:
        self.store, self.company, self.now = store, company, NOON
        self.rep = Rep(0, Role.REP, "", "en", "")
        self.deal = self.plan = 0

    async def open(self, new: Sequence[NewStep] = STEPS) -> None:
        """The record is followed from now on; Ann has written; Tigran makes a deal of it; there is a blueprint."""
        await self.follow()
        await hear(self.store, self.company, said(1, "ann"))
        self.rep = await hire(self.store)
        [talk] = await rows(self.store, select(Conversation.id))
        self.deal = await self.do(lambda s: open_deal(s, self.rep, talk, self.company, once="d", now=self.now).id)
        if new:
            self.plan = await self.do(lambda s: drafting.add_blueprint(s, MACHINE, NewBlueprint("Tables", new), now=self.now).id)

    async def do(self, deed: Callable[[Session], Any]) -> Any:
        return await self.store.write(deed)

    async def win(self) -> None:
        """The deal is won, and what follows is done."""
        await self.do(lambda s: moves.win(s, self.rep, self.deal, seen=s.get_one(Deal, self.deal).stage_id, now=self.now))
        await self.follow()

    async def follow(self) -> None:
        while await self.do(lambda s: following.follow_record(s, self.company, now=self.now)):
            pass

    async def look(self) -> None:
        while await self.do(lambda s: health.look(s, self.company, now=self.now)):
            pass

    async def step(self, title: str) -> int:
        [number] = await rows(self.store, select(ProjectStep.id).where(ProjectStep.title == title))
        return int(number)

    def by(self, rep: Rep | None = None) -> Deed:
        return Deed(rep or self.rep, self.company)

    async def said(self) -> list[str]:
        """What the customer was told of projects."""
        wanted = select(Message.text).where(Message.author == Author.BOT.value, Message.once.like("project:%"))
        return await rows(self.store, wanted.order_by(Message.id))

    async def news(self) -> list[str]:
        """Why staff are told of projects, in order."""
        facts = await rows(self.store, select(NoticeRow.facts).where(NoticeRow.kind == "project").order_by(NoticeRow.id))
        return [fact.split('"why": "')[1].split('"')[0] for fact in facts]

    async def project(self) -> tuple[Any, ...]:
        [found] = await rows(self.store, select(Project.state, Project.health, Project.why))
        return found  # type: ignore[no-any-return]


@pytest.fixture
async def shop(store: Store, company: Company) -> Shop:
    made = Shop(store, company)
    await made.open()
    return made


@pytest.fixture
async def running(shop: Shop) -> Shop:
    await shop.win()
    return shop


async def test_a_won_deal_begins_its_project_by_itself_once(running: Shop) -> None:
    assert await rows(running.store, select(Project.deal_id, Project.rep_id, Project.state)) == [(running.deal, running.rep.id, "running")]
    titles = await rows(running.store, select(ProjectStep.title, ProjectStep.state).order_by(ProjectStep.position))
    assert titles == [("Measure", "open"), ("Build", "open"), ("Deliver", "open")]
    assert await running.news() == ["started"]
    await running.do(lambda s: following.DEEDS["deal", "won"](s, s.scalars(select(DomainEvent).where(DomainEvent.kind == "won")).one(), running.company, NOON))
    assert len(await rows(running.store, select(Project.id))) == 1


async def test_a_busy_record_is_no_delay(shop: Shop) -> None:
    noise = [Change("contact", number, "renamed", MACHINE) for number in range(250)]
    await shop.do(lambda s: record(s, *noise, now=NOON))
    await shop.do(lambda s: moves.win(s, shop.rep, shop.deal, seen=s.get_one(Deal, shop.deal).stage_id, now=NOON))
    assert await shop.do(lambda s: following.follow_record(s, shop.company, now=NOON)) == 1
    assert len(await rows(shop.store, select(Project.id))) == 1


async def test_each_step_is_a_task_about_the_deal_on_its_own_day(running: Shop) -> None:
    found = await rows(running.store, select(Task.text, Task.deal_id, Task.due_at, Task.state).order_by(Task.due_at))
    assert [row[0] for row in found] == ["Measure", "Build", "Deliver"]
    assert {row[1] for row in found} == {running.deal}
    assert NOON < found[0][2] < found[1][2] < found[2][2]
    [due] = await rows(running.store, select(Project.due_at))
    assert due == found[2][2]


async def test_a_task_that_is_done_does_its_step_and_tells_the_customer(running: Shop) -> None:
    [task] = await rows(running.store, select(ProjectStep.task_id).where(ProjectStep.title == "Measure"))
    await running.do(lambda s: tasks.finish(s, running.rep, task, now=NOON + HOUR))
    await running.follow()
    assert await rows(running.store, select(ProjectStep.state).order_by(ProjectStep.position)) == ["done", "open", "open"]
    assert await running.said() == ["Ann, we have measured everything."]
    await running.do(lambda s: tasks.reopen(s, running.rep, task, now=NOON + HOUR))
    await running.follow()
    assert await rows(running.store, select(ProjectStep.state).order_by(ProjectStep.position)) == ["open", "open", "open"]
    await running.do(lambda s: tasks.finish(s, running.rep, task, now=NOON + 2 * HOUR))
    await running.follow()
    assert len(await running.said()) == 1


async def test_a_step_that_is_done_does_its_task_and_may_be_taken_back(running: Shop) -> None:
    number = await running.step("Deliver")
    await running.do(lambda s: steps.finish_step(s, running.by(), number, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Task.state).where(Task.text == "Deliver")) == ["done"]
    await running.do(lambda s: steps.reopen_step(s, running.by(), number, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Task.state).where(Task.text == "Deliver")) == ["open"]
    assert await rows(running.store, select(ProjectStep.state).where(ProjectStep.title == "Deliver")) == ["open"]


async def test_a_step_and_its_task_are_put_off_together(running: Shop) -> None:
    number, later = await running.step("Deliver"), NOON + 30 * DAY
    await running.do(lambda s: steps.put_off_step(s, running.by(), number, later, now=NOON))
    assert await rows(running.store, select(Task.due_at).where(Task.text == "Deliver")) == [later]
    assert await rows(running.store, select(Project.due_at)) == [later]
    [task] = await rows(running.store, select(Task.id).where(Task.text == "Deliver"))
    await running.do(lambda s: tasks.put_off(s, running.rep, task, later + DAY, now=NOON))
    await running.follow()
    assert await rows(running.store, select(ProjectStep.due_at).where(ProjectStep.title == "Deliver")) == [later + DAY]


async def test_words_that_wait_for_a_yes_go_only_then_and_once(running: Shop) -> None:
    number = await running.step("Build")
    await running.do(lambda s: steps.begin_step(s, running.by(), number, now=NOON))
    assert await running.said() == []
    assert await running.do(lambda s: steps.tell_of(s, running.by(), number, now=NOON))
    assert await running.do(lambda s: steps.tell_of(s, running.by(), number, now=NOON))
    assert await running.said() == ["Your table is being built."]


async def test_a_project_of_a_deal_that_runs_on_is_called_off_while_nobody_has_touched_it(running: Shop) -> None:
    await running.do(lambda s: moves.reopen(s, running.rep, running.deal, now=NOON + HOUR))
    running.now = NOON + HOUR
    await running.follow()
    assert (await running.project())[0] == "cancelled"
    assert await rows(running.store, select(Task.state).distinct()) == ["dropped"]
    await running.win()
    assert await rows(running.store, select(Project.state).order_by(Project.id)) == ["cancelled", "running"]


async def test_a_project_somebody_has_touched_goes_on_and_its_owner_is_told(running: Shop) -> None:
    number = await running.step("Measure")
    await running.do(lambda s: steps.finish_step(s, running.by(), number, now=NOON))
    await running.do(lambda s: moves.reopen(s, running.rep, running.deal, now=NOON + HOUR))
    running.now = NOON + HOUR
    await running.follow()
    assert (await running.project())[0] == "running"
    assert (await running.news())[-1] == "reopened"


async def test_where_several_blueprints_fit_the_owner_is_asked(shop: Shop) -> None:
    other = await shop.do(lambda s: drafting.add_blueprint(s, MACHINE, NewBlueprint("Chairs", (NewStep("Cut", 2),)), now=NOON).id)
    await shop.win()
    assert await rows(shop.store, select(Project.id)) == []
    assert await shop.news() == ["which"]
    await shop.do(lambda s: starting.start(s, shop.rep, shop.deal, other, Cause("press", shop.company), now=NOON))
    assert await rows(shop.store, select(ProjectStep.title)) == ["Cut"]
    with pytest.raises(Invalid):
        await shop.do(lambda s: starting.start(s, shop.rep, shop.deal, shop.plan, Cause("press 2", shop.company), now=NOON))


async def test_without_a_blueprint_nothing_begins(store: Store, company: Company) -> None:
    shop = Shop(store, company)
    await shop.open(())
    await shop.win()
    assert await rows(store, select(Project.id)) == []
    assert await shop.news() == []


async def test_work_goes_along_with_its_deal_to_another_owner(running: Shop) -> None:
    boss, nare = await hire(running.store, "mariam", Role.MANAGER), await hire(running.store, "nare")
    await running.do(lambda s: terms.hand_over(s, boss, running.deal, nare.id, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Project.rep_id)) == [nare.id]
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: closing.give(s, boss, number, running.rep.id, now=NOON))
    await running.do(lambda s: terms.hand_over(s, boss, running.deal, boss.id, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Project.rep_id)) == [running.rep.id]


async def test_a_step_goes_to_the_member_of_a_team_who_has_the_least_to_do(shop: Shop) -> None:
    from crm.people import teams

    one, two = await hire(shop.store, "nare"), await hire(shop.store, "aram")

    def form(session: Session) -> None:
        team = teams.found_team(session, MACHINE, "Workshop", now=NOON)
        for rep in (one, two):
            teams.put_in(session, MACHINE, rep.id, team, now=NOON)
        tasks.add_to_deal(session, MACHINE, shop.deal, tasks.Duty(tasks.TaskKind.CALL, NOON + DAY, rep_id=one.id), now=NOON)
        first = session.scalars(select(BlueprintStep).order_by(BlueprintStep.position)).first()
        assert first
        drafting.done_by(session, MACHINE, first.id, Whose.TEAM, team, now=NOON)

    await shop.do(form)
    await shop.win()
    assert await rows(shop.store, select(ProjectStep.rep_id).order_by(ProjectStep.position)) == [two.id, None, None]


async def test_what_is_near_and_not_begun_is_raised_before_it_is_late_and_once(running: Shop) -> None:
    await running.look()
    assert await running.project() == ("running", "ok", "")
    [due] = await rows(running.store, select(ProjectStep.due_at).where(ProjectStep.title == "Measure"))
    running.now = due - 4 * HOUR
    await running.look()
    assert await running.project() == ("running", "late", "near")
    running.now = due + HOUR
    await running.look()
    assert await running.project() == ("running", "late", "overdue")
    assert (await running.news()).count("late") == 1
    assert len(await rows(running.store, select(DomainEvent.id).where(DomainEvent.kind == "health"))) == 1


async def test_nobody_is_told_while_the_firm_is_closed(running: Shop) -> None:
    number = await running.step("Build")
    await running.do(lambda s: steps.block_step(s, running.by(), number, "no oak", now=NOON))
    hours = parse_hours("mon-sun 09:00-10:00", "UTC")
    running.company = replace(running.company, hours=hours)
    running.now = instant(local(NOON, "UTC").replace(hour=20))
    await running.look()
    assert (await running.project())[1] == "ok"
    running.now = hours.next_opening(running.now)
    await running.look()
    assert (await running.project())[1] == "blocked"


def test_the_plan_of_the_pipeline_and_the_language_fits_best() -> None:
    every = [Blueprint(id=number, name="", pipeline_id=of, language=speaks) for number, of, speaks in ((1, None, ""), (2, 7, ""), (3, 7, "hy"), (4, 8, "ru"))]

    def fit(pipeline: int, language: str) -> list[int]:
        return [one.id for one in chosen(every, pipeline, language)]

    assert fit(7, "hy") == [3]
    assert fit(7, "ka") == [2]
    assert fit(8, "ka") == [4]
    assert fit(9, "hy") == [1]


async def test_whoever_has_begun_is_left_in_peace_until_it_is_late(running: Shop) -> None:
    number = await running.step("Measure")
    [due] = await rows(running.store, select(ProjectStep.due_at).where(ProjectStep.id == number))
    await running.do(lambda s: steps.begin_step(s, running.by(), number, now=NOON))
    running.now = due - 4 * HOUR
    await running.look()
    assert (await running.project())[1] == "ok"


async def test_a_blocked_step_blocks_its_project_until_it_goes_on(running: Shop) -> None:
    number = await running.step("Build")
    await running.do(lambda s: steps.block_step(s, running.by(), number, "no oak", now=NOON))
    await running.look()
    assert (await running.project())[1] == "blocked"
    await running.do(lambda s: steps.reopen_step(s, running.by(), number, now=NOON))
    await running.look()
    assert (await running.project())[1] == "ok"
    with pytest.raises(Invalid):
        await running.do(lambda s: steps.block_step(s, running.by(), number, " ", now=NOON))


async def test_nothing_for_days_is_silence_and_a_word_with_the_customer_ends_it(store: Store, company: Company) -> None:
    shop = Shop(store, company)
    await shop.open((NewStep("Grow", 60),))
    await shop.win()
    shop.now = NOON + 5 * DAY
    await shop.look()
    assert (await shop.project())[1] == "silent"
    await hear(store, company, said(2, "ann", at=shop.now), now=shop.now)
    shop.now += HOUR
    await shop.look()
    assert (await shop.project())[1] == "ok"


async def test_the_last_task_asks_to_close_and_closing_gives_up_what_is_left(running: Shop) -> None:
    for title in ("Measure", "Build"):
        number = await running.step(title)
        await running.do(lambda s, number=number: steps.finish_step(s, running.by(), number, now=NOON))  # type: ignore[misc]
    [task] = await rows(running.store, select(Task.id).where(Task.text == "Deliver"))
    await running.do(lambda s: tasks.finish(s, running.rep, task, now=NOON))
    await running.follow()
    assert "ready" in await running.news()
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: closing.close(s, running.rep, number, running.company, now=NOON))
    assert (await running.project())[0] == "done"


async def test_a_project_that_was_called_off_by_mistake_runs_on_with_its_tasks(running: Shop) -> None:
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: closing.cancel(s, running.rep, number, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Task.state).distinct()) == ["dropped"]
    await running.do(lambda s: closing.reopen(s, running.rep, number, now=NOON))
    await running.follow()
    assert await rows(running.store, select(Task.state).distinct()) == ["open"]
    assert await rows(running.store, select(ProjectStep.state).distinct()) == ["open"]


async def test_the_customer_is_told_how_far_it_is_in_their_words(running: Shop) -> None:
    [number], step = await rows(running.store, select(Project.id)), await running.step("Measure")
    await running.do(lambda s: steps.finish_step(s, running.by(), step, now=NOON))
    await running.do(lambda s: closing.tell_customer(s, running.rep, number, running.company, once="e1", now=NOON))
    await running.do(lambda s: closing.tell_customer(s, running.rep, number, running.company, once="e1", now=NOON))
    [_, told] = await running.said()
    assert "1 of 3 steps are done." in told
    assert "Now: Build" in told


async def test_only_who_sees_a_project_may_touch_it(running: Shop) -> None:
    nare, guest = await hire(running.store, "nare"), await hire(running.store, "ani", Role.GUEST)
    boss = await hire(running.store, "mariam", Role.MANAGER)
    [number], step = await rows(running.store, select(Project.id)), await running.step("Measure")
    with pytest.raises(NotFound):
        await running.do(lambda s: seen_project(s, nare, number))
    with pytest.raises(Taken):
        await running.do(lambda s: steps.finish_step(s, running.by(nare), step, now=NOON))
    with pytest.raises(Forbidden):
        await running.do(lambda s: closing.cancel(s, guest, number, now=NOON))
    with pytest.raises(Forbidden):
        await running.do(lambda s: steps.give_step(s, running.by(), step, nare.id, now=NOON))
    await running.do(lambda s: steps.give_step(s, running.by(boss), step, nare.id, now=NOON))
    await running.do(lambda s: steps.finish_step(s, running.by(nare), step, now=NOON))
    assert await running.do(lambda s: seen_project(s, nare, number).id) == number
