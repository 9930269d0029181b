"""The work after a sale at the staff's hands: a plan made by buttons, a project done by buttons, told, closed, and taken back; what customers said of it."""

import pytest
from sqlalchemy import select

from bots.staff import healths
from bots.staff.commands import ratings as ratings_command
from bots.staff.commands.blueprint_steps import read_steps
from bots.staff.menus import MOST
from crm.base.actors import Role, System
from crm.base.i18n import LANGUAGES, translator
from crm.base.settings import Company
from crm.people.reps import reps
from crm.projects import answering, following, health, steps
from crm.projects.blueprints import Blueprint, BlueprintStep
from crm.projects.drafting import NewBlueprint, NewStep, add_blueprint
from crm.projects.figures import Promoters, content
from crm.projects.projects import Health, Project, ProjectState, ProjectStep, Standing
from crm.projects.steps import Deed
from crm.projects.survey import Rating
from tests.bots.staff.firm import firm
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import Message, deal_of, labels, said, same, walk

MACHINE = System("test")


@pytest.fixture
def company() -> Company:
    """Customers are told nothing at night, and it is noon here."""
    return firm()


async def follow(office: Office) -> None:
    """What follows from the record is done and shown."""
    while await office.store.write(lambda s: following.follow_record(s, office.company, now=office.now())):
        pass
    await office.show()


async def project_of(office: Office, *new: NewStep) -> Message:
    """Ruben has won a deal, and its project has begun; its post."""
    await follow(office)
    await office.member("ruben")
    made = NewBlueprint("Tables", new or (NewStep("Measure", 1), NewStep("Build", 5, notify_text="It is built.")))
    await office.store.write(lambda s: add_blueprint(s, MACHINE, made, now=office.now()))
    post = await deal_of(office)
    await walk(office, "ruben", post, "🏆 Won")
    await follow(office)
    told = await office.find("ruben", "The work on this has begun")
    await office.press("ruben", told, labels(told)[0])
    return await office.last("ruben")


def test_a_typed_list_becomes_steps() -> None:
    found = read_steps("Measure 1\n\n  Build; 10 days\nԲերել՝ 12 օր\nCall 2 people\nThank them")
    assert [(one.title, one.due_days) for one in found] == [("Measure", 1), ("Build", 10), ("Բերել՝", 12), ("Call 2 people", 13), ("Thank them", 14)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_health_and_figures_read_in_every_language(language: str) -> None:
    tr = translator(language)
    words = [healths.short(tr, Standing(1, ProjectState.RUNNING, one, 1, 3)) for one in Health]
    assert all("1/3" in one for one in words)
    told = [ratings_command.share(tr, "X", content([5, 4, 1])), ratings_command.promoters(tr, Promoters(2, 1, 1)), ratings_command.share(tr, "X", content([]))]
    assert not [one for one in told if "{" in one]
    assert "67 %" in told[0]
    assert "+25" in told[1]


async def test_a_manager_makes_a_plan_of_a_list_and_changes_it_by_buttons(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    listed = await said(office, "mariam", "/blueprints")
    assert "No work plan yet" in str(listed["text"])
    await office.press("mariam", listed, "New work plan")
    plan = await said(office, "mariam", "Tables\nMeasure 1\nBuild 10")
    assert "2. Build · 10 working days" in str(plan["text"]).replace("\u2068", "").replace("\u2069", "")
    step = await walk(office, "mariam", plan, "Steps…", "2. Build")
    step = await walk(office, "mariam", step, "How many days", "5", "Who does it", "Mariam", "What customers read")
    await walk(office, "mariam", step, "What customers read")
    wrong = await said(office, "mariam", "Dear {nam}")
    assert "There is no field" in str(wrong["text"])
    told = await said(office, "mariam", "Dear {name}, it is built.")
    assert "Dear {name}, it is built." in str(told["text"])
    await walk(office, "mariam", told, "When it is begun", "By itself", "Back", "⬆ Earlier")
    [row] = await office.store.read(
        lambda s: s.execute(
            select(BlueprintStep.title, BlueprintStep.due_days, BlueprintStep.whose, BlueprintStep.notify_on, BlueprintStep.notify_auto).where(
                BlueprintStep.position == 0
            )
        ).all()
    )
    assert tuple(row) == ("Build", 5, "rep", "begun", 1)


async def test_a_ready_plan_is_taken_archived_and_brought_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    listed = await said(office, "mariam", "/blueprints")
    plan = await walk(office, "mariam", listed, "Take a ready one", "Repair")
    assert translator(office.company.languages[0])("Order the parts") in str(plan["text"])
    gone = await walk(office, "mariam", plan, "Archive")
    assert labels(gone) == ["Undo"]
    back = await walk(office, "mariam", gone, "Undo")
    assert await office.store.read(lambda s: s.scalars(select(Blueprint.active)).all()) == [1]
    await walk(office, "mariam", back, "Which deals", "Any", "Which language", "English")
    assert await office.store.read(lambda s: s.scalars(select(Blueprint.language)).all()) == ["en"]


async def test_the_work_is_done_told_and_closed_by_buttons_and_each_is_taken_back(office: Office) -> None:
    post = await project_of(office)
    assert labels(post)[0] == "✔ Measure"
    done = await walk(office, "ruben", post, "✔ Measure")
    assert "1/2" in str(done["text"])
    undone = await walk(office, "ruben", done, "↩ Undo")
    assert "0/2" in str(undone["text"])
    last = await walk(office, "ruben", undone, "✔ Measure", "✔ Build")
    assert labels(last)[0] == "🏁 Close it"
    await walk(office, "ruben", last, "📣 Tell the customer", "📣 Build")
    assert office.letters.texts[-1] == "It is built."
    told = await same(office, "ruben", last)
    closed = await walk(office, "ruben", told, "🏁 Close it")
    assert "How content are you" in office.letters.texts[-1]
    assert labels(closed)[0] == "Run it on"
    await walk(office, "ruben", closed, "Run it on", "More…", "Call it off", "Run it on")
    assert await office.store.read(lambda s: s.scalars(select(Project.state)).all()) == ["running"]


async def test_a_step_waits_goes_on_is_put_off_and_left_out(office: Office) -> None:
    post = await project_of(office)
    step = await walk(office, "ruben", post, "Steps…", "Build", "⛔ It waits…")
    assert "what does it wait for" in str((await office.last("ruben"))["text"])
    blocked = await said(office, "ruben", "no oak")
    assert "no oak" in str(blocked["text"])
    await office.store.write(lambda s: health.look(s, office.company, now=office.now()))
    await office.show()
    assert await office.store.read(lambda s: s.scalars(select(Project.health)).all()) == ["blocked"]
    raised = await office.find("ruben", "This project waits for something")
    assert "⛔" in labels(raised)[0]
    going = await walk(office, "ruben", blocked, "Steps…", "Build", "▶ It goes on", "Steps…", "Build", "Another time", "In a week")
    left = await walk(office, "ruben", going, "Steps…", "Build", "Leave it out")
    assert "➖" in str(left["text"])
    assert len(labels(step)) <= MOST


async def test_a_list_shows_what_does_badly_first_and_only_ones_own(office: Office) -> None:
    await project_of(office)
    await office.member("nare")
    assert "No work runs" in str((await said(office, "nare", "/projects"))["text"])
    await office.store.write(lambda s: setattr(s.scalars(select(Project)).one(), "health", "late"))
    listed = await said(office, "ruben", "/projects")
    assert "1. ⏰ late" in str(listed["text"])
    opened = labels(listed)[0]
    await office.press("ruben", listed, opened)
    assert "Measure" in str((await office.last("ruben"))["text"])
    await office.press("nare", await said(office, "nare", "/projects"), "What customers say")
    assert "nobody has answered yet" in str((await office.last("nare"))["text"])


async def test_the_card_and_the_deal_show_how_the_work_does(office: Office) -> None:
    await project_of(office)
    deal = await office.find("ruben", "Won today")
    assert "🛠 The work" in labels(deal)
    await office.press("ruben", deal, "Show the card")
    assert "🛠 0/2" in str((await office.last("ruben"))["text"])
    await office.press("ruben", deal, "🛠 The work")
    assert labels(await office.last("ruben"))[0] == "✔ Measure"


async def test_where_several_plans_fit_the_owner_chooses(office: Office) -> None:
    await follow(office)
    await office.member("ruben")
    for name in ("Tables", "Chairs"):
        made = NewBlueprint(name, (NewStep(f"Make {name}", 3),))
        await office.store.write(lambda s, made=made: add_blueprint(s, MACHINE, made, now=office.now()))  # type: ignore[misc]
    await walk(office, "ruben", await deal_of(office), "🏆 Won")
    await follow(office)
    asked = await office.find("ruben", "how does the work go on")
    begun = await walk(office, "ruben", asked, "Chairs")
    assert labels(begun)[0] == "✔ Make Chairs"
    assert await office.store.read(lambda s: s.scalars(select(ProjectStep.title)).all()) == ["Make Chairs"]


async def test_a_task_that_does_a_step_asks_whether_to_tell_the_customer(office: Office) -> None:
    await project_of(office)
    [(rep_id, step)] = await office.store.read(
        lambda s: s.execute(select(Project.rep_id, ProjectStep.id).join(ProjectStep).where(ProjectStep.title == "Build")).all()
    )
    ruben = next(rep for rep in await office.store.read(lambda s: reps(s)) if rep.id == rep_id)
    await office.store.write(lambda s: steps.finish_step(s, Deed(ruben, office.company, asks=True), step, now=office.now()))
    await office.show()
    asked = await office.find("ruben", "read this?")
    await office.press("ruben", asked, "📣 Tell the customer")
    assert office.letters.texts[-1] == "It is built."


async def test_a_low_score_reaches_whose_work_it_was_and_the_figures(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    post = await project_of(office)
    await walk(office, "ruben", post, "✔ Measure", "✔ Build", "🏁 Close it")

    def low(session: object) -> None:
        rating = session.scalars(select(Rating)).one()  # type: ignore[attr-defined]
        answering.take(session, MACHINE, rating, 2, office.company, now=office.now())  # type: ignore[arg-type]
        rating.words = "It wobbles"

    await office.store.write(low)
    await office.show()
    for person in ("ruben", "mariam"):
        assert "It wobbles" in str((await office.find(person, "A customer is not content"))["text"])
    told = await said(office, "mariam", "/ratings")
    assert "0 % content, 1 answer (surely 0 to 79 %)" in str(told["text"])
    asked = await walk(office, "mariam", told, "A year")
    await office.press("mariam", asked, "What is asked")
    switches = await office.last("mariam")
    assert labels(await walk(office, "mariam", switches, "After a conversation"))[1] == "✓ After a conversation"
