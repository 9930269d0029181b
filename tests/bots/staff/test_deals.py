"""Deals and pipelines at the staff's hands: set up by buttons, a stage that asks for something, people, companies and fields of a deal, the card's line."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bots.staff import cards, deals
from bots.staff.menus import MOST
from crm.base.actors import Rep, Role, System
from crm.base.db import Session
from crm.base.i18n import LANGUAGES, translator
from crm.base.settings import Company
from crm.base.time import DAY
from crm.people.contacts import Contact
from crm.people.field_words import About, FieldKind
from crm.people.fields import Field
from crm.people.kinds import Kind
from crm.people.reps import Member
from crm.reports.deals import Brief
from crm.reports.orders import CardOrder
from crm.reports.thread import Thread
from crm.sales import moves, rotting, stages
from crm.sales.deals import Deal, DealState, NewDeal, add_deal
from crm.sales.orders import OrderState
from crm.sales.pipelines import Stage
from tests.bots.staff.office import Office
from tests.conftest import NOON

RUBEN = Rep(1, Role.REP, "Ruben", "en", "77")
BRIEF = Brief(5, "Oak <table>", "Ann", "Offer sent", DealState.OPEN, 25_000_000, "AMD", "", 0, NOON, 3, 1, "Ruben")
ORDER = CardOrder(6, "2025-0001", OrderState.NEW, 50_000, "AMD", 1, "Ruben")
SIGHT = Thread(7, "letters", "Letters", "Ann", waiting_since=NOON, last_heard_id=30, deals=(BRIEF,))
Message = dict[str, object]


def labels(post: Message) -> list[str]:
    return [str(button["text"]) for row in post["buttons"] for button in row]  # type: ignore[attr-defined]


async def deal_of(office: Office, person: str = "ruben") -> Message:
    """A deal of Ann Lee, who has written, as its post."""
    await office.letter("I need an oak table")
    await office.show()
    await office.press(person, await office.find(person, "Ann Lee"), "💼 Deal")
    await office.press(person, await office.find(person, "has no deal yet"), "New deal")
    return await office.find(person, "Whose:")


async def walk(office: Office, person: str, post: Message, *buttons: str) -> Message:
    """The newest state of a post after some buttons, one after another."""
    for button in buttons:
        await office.press(person, post, next(label for label in labels(post) if button in label))
        post = await same(office, person, post)
    return post


async def twice(office: Office, person: str, post: Message, button: str) -> None:
    """A button is tapped again before what it did is shown."""
    for _ in range(2):
        await office.hands.do(person, "click", bot="staff", message_id=post["message_id"], button=button, wait=0)
    await office.settle()


async def same(office: Office, person: str, post: Message) -> Message:
    return next(one for one in await office.chat(person) if one["message_id"] == post["message_id"])


async def said(office: Office, person: str, words: str) -> Message:
    """What the bot answers to words."""
    await office.say(person, words)
    await office.settle()
    return await office.last(person)


def test_a_card_shows_the_deal_and_what_it_is_worth(company: Company) -> None:
    text = cards.card(SIGHT, RUBEN, company, NOON).text
    assert "Oak &lt;table&gt;" in text
    assert "֏250,000" in text
    assert "🥀" not in text
    assert "🥀 4 d" in cards.card(SIGHT, RUBEN, company, NOON + 4 * DAY).text


def test_a_colleagues_deal_is_on_the_card_by_their_name_alone(company: Company) -> None:
    theirs = replace(SIGHT, deals=(replace(BRIEF, rep_id=9, owner="Nare"),))
    text = cards.card(theirs, RUBEN, company, NOON).text
    assert "A deal of \u2068Nare\u2069" in text
    assert "Oak" not in text
    assert "Oak" in cards.card(theirs, replace(RUBEN, role=Role.MANAGER), company, NOON).text


@pytest.mark.parametrize(("scope", "team", "seen"), [("own", 3, False), ("team", 3, True), ("team", 4, False), ("team", None, False), ("all", None, True)])
def test_whose_sight_is_narrowed_sees_no_more_of_others_deals_on_a_card(company: Company, scope: str, team: int | None, *, seen: bool) -> None:
    theirs = replace(SIGHT, deals=(replace(BRIEF, rep_id=9, owner="Nare", team_id=team),), order=replace(ORDER, rep_id=9, owner="Nare", team_id=team))
    for role in (Role.MANAGER, Role.REP):
        text = cards.card(theirs, replace(RUBEN, role=role, scope=scope, team_id=3), company, NOON).text
        assert ("Oak" in text, "2025-0001" in text) == (seen, seen)
        assert ("A deal of \u2068Nare\u2069" in text, "An order of \u2068Nare\u2069" in text) == (not seen, not seen)


async def test_a_manager_of_narrowed_sight_has_no_deal_of_others_on_the_card_nor_behind_its_button(office: Office) -> None:
    mariam, ruben = await office.member("mariam", Role.MANAGER), await office.member("ruben")
    await office.member("vera", Role.OWNER)
    await deal_of(office)

    def narrowed(session: Session) -> None:
        deal, member = session.scalars(select(Deal)).one(), session.get_one(Member, mariam.id)
        deal.title, deal.rep_id, member.scope = "Walnut table", ruben.id, "own"

    await office.store.write(narrowed)
    await office.letter("And chairs?")
    await office.show()
    card = await office.find("mariam", "And chairs?")
    assert "A deal of \u2068Ruben\u2069" in str(card["text"])
    assert "Walnut" not in str(card["text"])
    await office.press("mariam", card, "💼 Deal")
    opened = await office.find("mariam", "has no deal yet")
    assert "1 deal of a colleague's" in str(opened["text"])
    assert not any("Walnut" in str(post) for post in await office.chat("mariam"))
    assert any("Walnut" in str(post) for post in await office.chat("vera"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_deal_reads_in_every_language(language: str) -> None:
    tr = translator(language)
    words = deals.facts(tr, replace(BRIEF, expected_on="2026-01-31"), NOON + 4 * DAY)
    assert "🥀" in words
    assert "{" not in words


async def test_a_stage_that_asks_for_something_names_it_and_has_a_button_for_it(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    board = await said(office, "mariam", "/pipeline")
    assert labels(board)[-1] == "Set it up"
    stage = await walk(office, "mariam", board, "Set it up", "✏️", "Must be known", "Amount", "Close date", "Back")
    assert "must be known: Amount, Close date" in str(stage["text"])
    await office.member("ruben")
    post = await deal_of(office)
    refused = await walk(office, "ruben", post, "➡️")
    assert "fill in the amount, the close date" in str(refused["text"])
    assert labels(refused) == ["✏️ The amount", "✏️ The close date", "Back"]
    await walk(office, "ruben", refused, "The amount")
    worth = await said(office, "ruben", "12k")
    dated = await walk(office, "ruben", worth, "Close date", "In a week")
    moved = await walk(office, "ruben", dated, "➡️")
    assert await office.store.read(lambda s: s.scalars(select(Stage.place).join(Deal, Deal.stage_id == Stage.id)).one()) == 1
    assert "Stage: " in str(moved["text"])


async def test_managers_make_pipelines_stages_and_reasons(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    board = await said(office, "mariam", "/pipeline")
    await walk(office, "mariam", board, "Set it up", "The pipeline…", "New pipeline")
    made = await said(office, "mariam", "Repairs")
    assert "Repairs" in str(made["text"])
    await walk(office, "mariam", made, "Add a stage")
    stage = await said(office, "mariam", "Looked at")
    changed = await walk(office, "mariam", stage, "Chance to win", "50 %", "Rots after", "7 d")
    assert "50 % · rots after 7 d" in str(changed["text"])
    setup = await walk(office, "mariam", changed, "Back")
    listed = await walk(office, "mariam", setup, "The pipeline…", "Reasons of loss", "Too expensive")
    assert "✓ Too expensive" not in labels(listed)
    await walk(office, "mariam", listed, "Add a reason")
    added = await said(office, "mariam", "Moved away")
    assert len(labels(added)) <= MOST


async def test_managers_say_for_whom_a_pipeline_is(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    deal = await deal_of(office)
    await walk(office, "mariam", await said(office, "mariam", "/pipeline"), "Set it up", "The pipeline…", "New pipeline")
    options = await walk(office, "mariam", await said(office, "mariam", "Repairs"), "The pipeline…")
    assert str(options["text"]).endswith("🏷 Everybody")
    asked = await walk(office, "mariam", options, "For whom?")
    assert labels(asked) == ["✓ Everybody", "A customer", "A supplier", "A partner", "Back"]
    chosen = await walk(office, "mariam", asked, "A supplier")
    assert str(chosen["text"]).endswith("🏷 A supplier")
    assert len(labels(chosen)) <= MOST
    board = await walk(office, "mariam", await said(office, "mariam", "/pipeline"), "Next pipeline")
    assert "Repairs · supplier" in str(board["text"])
    offered = await walk(office, "ruben", deal, "More…", "More…", "Another pipeline")
    assert labels(offered)[0] == "Repairs · supplier"
    back = await walk(office, "mariam", chosen, "For whom?", "Everybody")
    assert str(back["text"]).endswith("🏷 Everybody")


async def test_pipelines_for_somebodys_kind_stand_first_where_one_is_chosen(office: Office) -> None:
    boss = await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    deal = await deal_of(office)

    def made(session: Session) -> None:
        for name, kind in (("For all", None), ("For those who sell", Kind.SUPPLIER)):
            one = stages.add_pipeline(session, boss, name, "en", now=office.now())
            stages.dedicate_pipeline(session, boss, one.id, kind, now=office.now())
        session.scalars(select(Contact)).one().kind = Kind.SUPPLIER.value

    await office.store.write(made)
    offered = await walk(office, "ruben", deal, "More…", "More…", "Another pipeline")
    assert labels(offered)[:2] == ["For those who sell · supplier", "For all"]


async def test_how_long_winning_takes_stands_below_the_deals(office: Office) -> None:
    await office.member("ruben")
    await deal_of(office)

    def won(session: Session) -> None:
        first = session.scalars(select(Deal)).one()
        for days in (2, 3, 9):
            deal = add_deal(session, System("test"), NewDeal(first.contact_id, "A table", "AMD", rep_id=first.rep_id), "en", now=office.now() - days * DAY)
            deal.state, deal.closed_at = DealState.WON.value, office.now()

    assert "Won within" not in str((await said(office, "ruben", "/deals"))["text"])
    await office.store.write(won)
    listed = await said(office, "ruben", "/deals")
    assert str(listed["text"]).endswith("Won within 3.0 days, as the median of 3 in the last 90 days")
    assert "Won within" not in str((await walk(office, "ruben", listed, "Only rotting"))["text"])


async def test_a_stage_in_which_deals_run_is_archived_only_into_another_one(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await deal_of(office)
    board = await said(office, "mariam", "/pipeline")
    asked = await walk(office, "mariam", board, "Set it up", "✏️", "Archive")
    assert "1 deal runs in" in str(asked["text"])
    done = await walk(office, "mariam", asked, labels(asked)[1])
    assert labels(done) == ["Undo", "Back"]
    assert await office.store.read(lambda s: s.scalars(select(Stage.place).join(Deal, Deal.stage_id == Stage.id)).one()) == 2


async def test_a_company_and_people_are_added_to_a_deal(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello", who="bob", name="Bob Ray")
    post = await deal_of(office)
    await walk(office, "ruben", post, "More…", "Company")
    offered = await said(office, "ruben", "Ararat LLC")
    shown = await walk(office, "ruben", offered, "New:")
    assert "Ararat LLC" in str(shown["text"])
    await walk(office, "ruben", shown, "More…", "People", "Add a person")
    found = await said(office, "ruben", "bob")
    joined = await walk(office, "ruben", found, "Bob", "Decides")
    assert "👤 \u2068Bob Ray\u2069 (\u2068Decides\u2069)" in str(joined["text"])


async def test_a_field_of_the_firms_own_is_filled_from_the_deal(office: Office) -> None:
    row = {
        "about": About.DEAL.value,
        "name": "wood",
        "label": "Wood",
        "kind": FieldKind.CHOICE.value,
        "choices": '["Oak", "Ash"]',
        "place": 0,
        "created_at": NOON,
    }
    await office.store.write(lambda s: s.add(Field(id=900, shown=1, active=1, **row)))
    await office.member("ruben")
    listed = await walk(office, "ruben", await deal_of(office), "More…", "More…", "Fields", "Wood", "Ash")
    assert "Wood\u2069: \u2068Ash" in str(listed["text"])
    await walk(office, "ruben", listed, "Back")
    again = await walk(office, "ruben", await office.last("ruben"), "More…", "More…", "Fields")
    assert "Wood\u2069: \u2068Ash" in str(again["text"])


async def test_the_fields_of_a_company_are_reached_from_its_deal(office: Office) -> None:
    row = {"about": About.COMPANY.value, "name": "inn", "label": "Tax number", "kind": FieldKind.TEXT.value, "choices": "[]", "place": 0, "created_at": NOON}
    await office.store.write(lambda s: s.add(Field(id=901, shown=1, active=1, **row)))
    await office.member("ruben")
    await walk(office, "ruben", await deal_of(office), "More…", "Company")
    shown = await walk(office, "ruben", await said(office, "ruben", "Ararat LLC"), "New:")
    await walk(office, "ruben", shown, "More…", "Company", "📋 Of the company")
    await walk(office, "ruben", await office.find("ruben", "Tax number"), "Tax number")
    await office.say("ruben", "00123456")
    await office.settle()
    assert "00123456" in str((await office.find("ruben", "Tax number"))["text"])


async def test_what_was_typed_for_an_amount_that_is_none_is_asked_again(office: Office) -> None:
    await office.member("ruben")
    await walk(office, "ruben", await deal_of(office), "Amount")
    again = await said(office, "ruben", "about a lot")
    assert "This is not an amount that can be used" in str(again["text"])
    assert "Amount: ֏1,500" in str((await said(office, "ruben", "1 500 դրամ"))["text"])


async def test_a_rotting_deal_comes_to_its_owner_with_its_button(office: Office) -> None:
    await office.member("ruben")
    await deal_of(office)

    def age(session: Session) -> None:
        session.scalars(select(Deal)).one().entered_at = office.now() - 4 * DAY
        session.flush()
        rotting.remind(session, now=office.now())

    await office.store.write(age)
    await office.show()
    told = await office.find("ruben", "🥀 This deal stands too long")
    assert "Whose:" in str((await walk_new(office, "ruben", told))["text"])


async def walk_new(office: Office, person: str, post: Message) -> Message:
    """What is posted when the first button of a post is pressed."""
    await office.press(person, post, labels(post)[0])
    return await office.last(person)


async def test_no_post_of_a_deal_has_more_buttons_than_fit(office: Office) -> None:
    await office.member("ruben")
    post = await deal_of(office)
    for button in ("Stage…", "Amount", "Close date", "More…", "✖ Lost"):
        opened = await walk(office, "ruben", post, button)
        assert len(labels(opened)) <= MOST
        post = await walk(office, "ruben", opened, "Back")
    assert len(labels(post)) <= MOST
    assert await office.store.read(lambda s: moves.last_change(s, s.scalars(select(Deal.id)).one())) is not None


async def test_words_typed_after_going_back_belong_to_no_question(office: Office) -> None:
    await office.member("ruben")
    await walk(office, "ruben", await deal_of(office), "More…", "Company", "Back")
    answer = await said(office, "ruben", "Ararat")
    assert "This was not sent to anybody" in str(answer["text"])


async def test_only_a_manager_sets_a_pipeline_up(office: Office) -> None:
    await office.member("ruben")
    board = await said(office, "ruben", "/pipeline")
    assert "Set it up" not in labels(board)
