"""Plans as data: whatever is read is written back and read the same; anything else is refused in words, and conditions are total."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.i18n import LANGUAGES, translator
from crm.rules import conditions
from crm.rules.conditions import BadRule, Is, holds
from crm.rules.plans import unpack
from crm.rules.recipes import RECIPES, Ask, recipe_of

CHOSEN: dict[str, Any] = {"channel": "telegram", "team": 3, "rep": 5, "stage": 7, "hours": 4, "days": 2, "amount": 1000}
CHOSEN |= {"word": "wholesale", "tag": "vip", "text": "Are you still interested, {name}?", "url": "https://example.com/in"}
PLAIN = '{"event": "lead.opened", "do": [{"do": "tag", "word": "vip"}]}'
names = st.sampled_from(["deal.amount", "contact.tags", "new.stage", "contact.field.city"])
values = st.one_of(st.text(max_size=20), st.integers(-(10**12), 10**12), st.decimals(-1000, 1000, places=2).map(float))
leaf = st.one_of(
    st.builds(lambda f, h, v: {"field": f, "is": h, "value": v}, names, st.sampled_from(["is", "is_not", "at_least", "at_most", "has", "says"]), values),
    st.builds(lambda f, h: {"field": f, "is": h}, names, st.sampled_from(["known", "unknown"])),
    st.builds(lambda f, v: {"field": f, "is": "one_of", "value": v}, names, st.lists(values, min_size=1, max_size=3)),
)
trees = st.recursive(leaf, lambda inner: st.one_of(
    st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
    st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
    inner.map(lambda part: {"not": part}),
), max_leaves=6)  # fmt: skip
facts = st.dictionaries(names, st.one_of(st.none(), st.text(max_size=20), st.integers(), st.lists(st.text(max_size=5)).map(tuple)))


@given(trees, facts)
def test_what_is_read_is_written_and_read_the_same_and_answers_for_any_facts(data: dict[str, Any], known: dict[str, Any]) -> None:
    try:
        tree = conditions.read(data)
    except BadRule as error:
        assert "deep" in str(error)  # noqa: PT017
        return
    assert conditions.read(json.loads(json.dumps(conditions.write(tree)))) == tree
    assert holds(tree, known) is not holds(conditions.Not(tree), known)


@pytest.mark.parametrize(("how", "fact", "value", "answer"), [
    ("is", "Open", "open", True), ("is", 5, "5", True), ("is", None, "", False), ("is_not", None, "x", True), ("is", ("vip", "old"), "VIP", True),
    ("at_least", 500, 499.5, True), ("at_least", "500 AMD", 500, True), ("at_least", None, 0, False), ("at_most", "2026-01-02", "2026-01-03", True),
    ("at_least", "abc", 1, False), ("has", ("vip",), "vi", False), ("says", "Մեծ պատվեր", "mets", True), ("says", "hello", "", False),
    ("one_of", 3, ["1", 3], True), ("known", "", None, False), ("unknown", (), None, True),
])  # fmt: skip
def test_how_a_fact_is_compared(how: str, fact: Any, value: Any, answer: bool) -> None:
    data = {"field": "deal.x", "is": how} | ({} if how in ("known", "unknown") else {"value": value})
    assert holds(conditions.read(data), {"deal.x": fact}) is answer


@pytest.mark.parametrize("key", [one.key for one in RECIPES])
def test_every_recipe_makes_a_plan_that_is_kept_as_it_is(key: str) -> None:
    recipe = recipe_of(key)
    assert recipe is not None
    plan = recipe.plan({ask.value: CHOSEN[ask.value] for ask in recipe.asks}, translator("hy"))
    assert unpack(plan.pack()) == plan
    assert set(recipe.asks) <= set(Ask)


@pytest.mark.parametrize("bad", [
    "", "[]", "{", '{"event": "deal"}', PLAIN.replace("lead.opened", "rep.role"), PLAIN.replace('"do": [', '"more": 1, "do": ['),
    PLAIN.replace('"word": "vip"', '"word": "#"'), PLAIN.replace('"tag"', '"explode"'), PLAIN.replace('"word"', '"wird"'),
    '{"event": "lead.opened", "do": []}', PLAIN[:-1] + ', "after": {"minutes": 0}}', PLAIN[:-1] + ', "after": {"hours": 1, "unless": ["rain"]}}',
    PLAIN[:-1] + ', "after": {"hours": true}}', PLAIN[:-1] + ', "when": {"all": [], "any": []}}', PLAIN[:-1] + ', "when": {"field": "x", "value": 1}}',
    PLAIN[:-1] + ', "when": {"field": "deal.amount", "is": "roughly", "value": 1}}', PLAIN[:-1] + ', "when": {"field": "deal.amount", "value": [1]}}',
    '{"event": "lead.opened", "do": [{"do": "webhook", "url": "http://example.com"}]}',
    '{"event": "lead.opened", "do": [{"do": "webhook", "url": "https://u:p@example.com"}]}',
    '{"event": "lead.opened", "do": [{"do": "message", "text": "Hi {nobody}"}]}', '{"event": "lead.opened", "do": [{"do": "stage", "id": true}]}',
    '{"event": "lead.opened", "do": [{"do": "task", "who": "me"}]}', '{"event": "lead.opened", "do": [{"do": "assign", "what": "deal"}]}',
    "[" * 5000, "1" * 9000,
])  # fmt: skip
def test_what_is_no_rule_is_refused_in_every_language(bad: str) -> None:
    with pytest.raises(BadRule) as error:
        unpack(bad)
    assert not any(re.search(r"\{[a-z]+\}", error.value.words(translator(language))) for language in LANGUAGES)


def test_every_comparison_is_tried() -> None:
    assert {how.value for how in Is} == {"is", "is_not", "one_of", "at_least", "at_most", "has", "says", "known", "unknown"}
