"""Rules and tags at the staff's hands: a rule from a recipe by buttons alone, tried on the past, switched on, acting, back, away; JSON; tags of a card."""

import json

import pytest
from sqlalchemy import select

from bots.staff.menus import MOST
from bots.staff.rule_words import Names, described
from crm.base.actors import Role
from crm.base.i18n import LANGUAGES, translator
from crm.people.tags import Tag
from crm.rules import runs
from crm.rules.recipes import RECIPES
from crm.rules.rules import Rule
from crm.rules.runs import RuleRun
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import Message, labels, said, walk
from tests.crm.fake import rows
from tests.crm.rules.test_plans import CHOSEN

NAMES = Names({7: "Offer sent"}, {5: "Nare"}, {3: "Tables"})


async def act(office: Office) -> None:
    """The rules do what is due."""
    while await office.store.write(lambda s: runs.act(s, office.company, now=office.now())):
        pass
    await office.show()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: one.key)
def test_every_recipe_reads_in_every_language(recipe: object, language: str) -> None:
    tr = translator(language)
    plan = recipe.plan({ask.value: CHOSEN[ask.value] for ask in recipe.asks}, tr)  # type: ignore[attr-defined]
    lines = described(tr, plan, NAMES)
    assert len(lines) >= 2
    assert "#" not in "".join(lines)


async def test_a_rule_is_made_by_buttons_alone_and_acts(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    post = await said(office, "mariam", "/rules")
    assert "No rules yet" in str(post["text"])
    menu = await walk(office, "mariam", post, "A new rule")
    assert len(labels(menu)) <= MOST
    question = await walk(office, "mariam", menu, "More", "Word puts a tag")
    assert "Which word?" in str(question["text"])
    await office.say("mariam", "oak")
    await office.settle()
    rule = await said(office, "mariam", "carpenter")
    assert "is off" in str(rule["text"])
    assert "tag “\u2068carpenter\u2069” is put on" in str(rule["text"])
    await walk(office, "mariam", rule, "Switch on")
    await act(office)
    await office.letter("I need an OAK table")
    await act(office)
    assert await rows(office.store, select(Tag.word)) == ["carpenter"]
    log = await walk(office, "mariam", rule, "What it did")
    assert "Ann Lee" in str(log["text"])
    assert "done" in str(log["text"])


async def test_a_recipe_that_lacks_a_team_leads_to_the_teams(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    menu = await walk(office, "mariam", await said(office, "mariam", "/rules"), "A new rule", "New lead to a team")
    assert "Practice" not in labels(menu)
    empty = await walk(office, "mariam", menu, labels(menu)[0])
    assert labels(empty) == ["The team", "Cancel"]


async def test_a_rule_is_tried_on_the_past_and_nothing_is_done(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.letter("Hello")
    await office.show()
    data = {"event": "lead.opened", "do": [{"do": "tag", "word": "fresh"}]}
    rule = await said(office, "mariam", f"/rules {json.dumps(data)}")
    tried = await walk(office, "mariam", rule, "Try on the past")
    assert "1 of 1 times it would have acted" in str(tried["text"])
    assert "Ann Lee" in str(tried["text"])
    assert await rows(office.store, select(Tag.id)) == []
    assert await rows(office.store, select(RuleRun.id)) == []


async def test_json_is_shown_changed_taken_back_and_the_rule_put_away_and_brought_back(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    data = {"event": "lead.opened", "do": [{"do": "tag", "word": "fresh"}]}
    rule = await said(office, "mariam", f"/rules {json.dumps(data)}")
    shown = await walk(office, "mariam", rule, "As JSON")
    assert '"word": "fresh"' in str(shown["text"])
    await walk(office, "mariam", shown, "Change it")
    refused = await said(office, "mariam", '{"event": "lead.opened"}')
    assert "do is a list" in str(refused["text"])
    changed = await said(office, "mariam", json.dumps(data).replace("fresh", "other"))
    assert "version 2" in str(changed["text"])
    before = await walk(office, "mariam", changed, "As before")
    assert "fresh" in str(before["text"])
    away = await walk(office, "mariam", before, "Put away")
    assert labels(away)[0] == "Undo"
    back = await walk(office, "mariam", away, "Undo")
    assert "is off" in str(back["text"])
    assert await rows(office.store, select(Rule.ended_at)) == [0]


async def test_history_says_what_a_rule_did_and_a_promotion_chooses_by_tags(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    data = {"event": "lead.opened", "do": [{"do": "tag", "word": "fresh"}]}
    await walk(office, "mariam", await said(office, "mariam", f"/rules {json.dumps(data)}"), "Switch on")
    await act(office)
    await office.letter("Hello")
    await act(office)
    past = await said_to_card(office, "mariam", "/history")
    assert "by a rule" in str(past["text"])
    promo = await said(office, "mariam", "/promo")
    chosen = await walk(office, "mariam", promo, "Fields and tags", "Tags", "fresh", "Done")
    assert "Tags: \u2068fresh\u2069" in str(chosen["text"])


async def said_to_card(office: Office, person: str, words: str) -> Message:
    """What the bot answers to words in reply to the newest card."""
    card = await office.find(person, "Ann Lee")
    await office.say(person, words, reply_to=card["message_id"])
    await office.settle()
    return await office.last(person)


async def test_a_rep_makes_no_rules(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    answer = await said(office, "ruben", "/rules")
    assert "Rules: what happens" not in str(answer["text"])
    assert await rows(office.store, select(Rule.id)) == []


async def test_words_of_a_rule_reach_whom_they_are_for(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    data = {"event": "lead.opened", "do": [{"do": "notice", "text": "Somebody new: {name|nobody}", "to": "managers"}]}
    rule = await said(office, "mariam", f"/rules {json.dumps(data)}")
    await walk(office, "mariam", rule, "Switch on")
    await act(office)
    await office.letter("Hello")
    await act(office)
    told = await office.find("mariam", "Somebody new: Ann Lee")
    assert labels(told)[-1] == "The rule"


async def test_tags_are_put_on_and_taken_off_from_the_card(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    card = await office.find("ruben", "Ann Lee")
    await office.press("ruben", card, "⋯ More")
    more = await office.find("ruben", "What shall it be about")
    await walk_to(office, more, "🔖 Tags")
    post = await office.find("ruben", "Tags of")
    await walk(office, "ruben", post, "Another word")
    worn = await said(office, "ruben", "VIP, wholesale")
    assert "vip" in str(worn["text"])
    off = await walk(office, "ruben", worn, "✓ vip")
    assert "✓ wholesale" in labels(off)
    assert "vip" in labels(off)
    assert await rows(office.store, select(Tag.word)) == ["wholesale"]
    again = await walk(office, "ruben", off, "vip")
    assert {"✓ vip", "✓ wholesale"} <= set(labels(again))


async def walk_to(office: Office, more: Message, label: str) -> None:
    """Press a button behind "More", on whichever page it stands."""
    for _ in range(6):
        if label in labels(more):
            await office.press("ruben", more, label)
            return
        more = await walk(office, "ruben", more, "More")
    raise AssertionError(f"no button {label}")
