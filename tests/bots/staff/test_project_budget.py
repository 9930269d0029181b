"""The budget of a project at the staff's hands: set, spent, too much, taken back, and told to whoever watches."""

from sqlalchemy import select, update

from bots.staff.menus import MOST
from crm.base.actors import Role
from crm.projects.budget import ProjectCost
from crm.projects.projects import Project
from crm.sales.deals import Deal
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import labels, said, same, twice, walk
from tests.bots.staff.test_discounts import words
from tests.bots.staff.test_projects import project_of


async def test_costs_are_written_down_against_a_budget_and_taken_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    post = await project_of(office)
    more = await walk(office, "ruben", post, "More…")
    assert len(labels(more)) <= MOST
    await office.store.write(lambda session: session.execute(update(Deal).values(amount=5_000_000)))
    set_one = await walk(office, "ruben", more, "Budget and costs", "Set the budget", "֏50,000")
    assert "Budget: ֏0 of ֏50,000, left ֏50,000" in words(set_one)
    await walk(office, "ruben", set_one, "Set the budget")
    assert "This cannot be used." in words(await said(office, "ruben", "much"))
    typed = await said(office, "ruben", "40 000")
    await walk(office, "ruben", typed, "Write a cost down")
    assert "no price in it" in words(await said(office, "ruben", "Paint"))
    spent = await said(office, "ruben", "Paint; 12 000")
    assert "Budget: ֏12,000 of ֏40,000, left ֏28,000" in words(spent)
    assert "▫️ ֏12,000 · Paint · Ruben" in words(spent)
    await walk(office, "ruben", spent, "Write a cost down")
    await said(office, "ruben", "Oak 30000")
    over = await office.find("ruben", "Oak")
    assert "⚠️ Budget: ֏42,000 of ֏40,000, ֏2,000 too much" in words(over)
    await office.show()
    assert "Budget: ֏42,000 of ֏40,000" in words(await office.find("mariam", "costs more than it may"))
    back = await walk(office, "ruben", over, "Take a cost back…", "Paint")
    assert "Budget: ֏30,000 of ֏40,000, left ֏10,000" in words(back)
    assert len(labels(back)) <= MOST
    await walk(office, "ruben", back, "Undo", "Undo")
    assert await office.store.read(lambda s: sum(s.scalars(select(ProjectCost.amount)))) == 3_000_000
    project = await walk(office, "ruben", back, "Back")
    assert "Budget: ֏30,000 of ֏40,000, left ֏10,000" in words(project)
    none = await walk(office, "ruben", project, "More…", "Budget and costs", "Set the budget", "No budget")
    assert "Costs: ֏30,000" in words(none)
    undone = await walk(office, "ruben", none, "Undo")
    assert await office.store.read(lambda s: s.scalars(select(Project.budget)).one()) == 4_000_000
    await walk(office, "ruben", undone, "Back", "More…", "History")
    past = words(await office.last("ruben"))
    assert "budget: ֏40,000 → –" in past
    assert "what it cost: " in past


async def test_a_second_tap_on_a_budget_offers_no_undo_that_does_nothing(office: Office) -> None:
    post = await project_of(office)
    await office.store.write(lambda session: session.execute(update(Deal).values(amount=5_000_000)))
    await office.store.write(lambda session: session.execute(update(Project).values(budget=4_000_000)))
    asked = await walk(office, "ruben", post, "More…", "Budget and costs", "Set the budget")
    await twice(office, "ruben", asked, "֏50,000")
    shown = await same(office, "ruben", asked)
    assert "Budget: ֏0 of ֏50,000" in words(shown)
    assert "Undo" not in labels(shown)
