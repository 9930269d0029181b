"""The work after a sale is forgotten with its customer: titles, what it waited for, what they said of it; and is in their package before."""

from sqlalchemy import select

from crm.base.actors import System
from crm.base.db import Session
from crm.exchange import erasure, package
from crm.people import steps as pins
from crm.projects import budget, closing, drafting, starting, steps
from crm.projects.drafting import NewBlueprint, NewStep
from crm.projects.projects import Project, ProjectState, ProjectStep
from crm.projects.starting import Cause
from crm.projects.steps import Deed
from crm.projects.survey import Rating
from crm.sales.deals import NewDeal, add_deal
from crm.sales.pipelines import found_pipeline
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import SECRET, holding, met, sure

MACHINE = System("test")


async def worked(stand: Stand, contact: int, *, close: bool) -> int:
    """Work for somebody, with words about them in every place where some may stand."""

    def deed(session: Session) -> int:
        found_pipeline(session, "en", now=stand.now)
        deal = add_deal(session, MACHINE, NewDeal(contact, f"A chair for a {SECRET}", "AMD"), "en", now=stand.now)
        plan = drafting.add_blueprint(session, MACHINE, NewBlueprint("Chairs", (NewStep("Build", 3),)), now=stand.now)
        project = starting.start(session, MACHINE, deal.id, plan.id, Cause("test", stand.company), now=stand.now)
        step = session.scalars(select(ProjectStep.id)).one()
        budget.add_cost(session, MACHINE, project.id, 100_00, f"Paint for the {SECRET}", once="c", now=stand.now)
        steps.block_step(session, Deed(MACHINE, stand.company), step, f"the {SECRET} is away", now=stand.now)
        if close:
            closing.close(session, MACHINE, project.id, stand.company, now=stand.now)
            session.scalars(select(Rating)).one().words = f"My {SECRET} loves it"
        return project.id

    return await stand.store.write(deed)


async def test_no_word_of_them_stays_in_the_work(stand: Stand) -> None:
    number = await met(stand)
    await worked(stand, number, close=True)
    before = await stand.store.read(lambda session: holding(session, SECRET))
    assert {"projects", "project_costs", "project_steps", "ratings"} <= set(before)
    await sure(stand, pins.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    assert await stand.store.read(lambda session: holding(session, SECRET)) == []


async def test_what_runs_for_them_runs_no_more(stand: Stand) -> None:
    number = await met(stand)
    await worked(stand, number, close=False)
    await sure(stand, pins.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    assert await stand.store.read(lambda session: session.scalars(select(Project.state)).all()) == [ProjectState.CANCELLED.value]


async def test_their_package_tells_of_the_work_and_what_they_said_of_it(stand: Stand) -> None:
    number = await met(stand)
    await worked(stand, number, close=True)
    known = await stand.store.read(lambda session: package.known_about(session, number, stand.who.id))
    assert {"deals", "projects", "project_steps", "ratings"} <= set(known)
    assert known["ratings"][0]["words"] == f"My {SECRET} loves it"


async def test_their_package_tells_nothing_of_what_the_work_cost_the_firm(stand: Stand) -> None:
    number = await met(stand)
    project = await worked(stand, number, close=False)
    await stand.store.write(lambda session: budget.set_budget(session, MACHINE, project, 777_00, now=stand.now) and None)
    known = await stand.store.read(lambda session: package.known_about(session, number, stand.who.id))
    assert {(one["subject"], one["kind"]) for one in known["changes"]} >= {("project", "started")}
    assert not [one for one in known["changes"] if one["kind"] in ("budget", "cost")]
