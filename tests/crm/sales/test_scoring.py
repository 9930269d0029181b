"""Scoring: a lead that looks like those that bought is likely, what tells most is named, and too little knowledge says nothing."""

from hypothesis import given
from hypothesis import strategies as st

from crm.sales.scoring import Model, Score, Trait, Traits, learn, packed, score, unpacked

PHONE, NONE = {Trait.PHONE: "yes"}, {Trait.PHONE: "no"}
TOWN: list[tuple[Traits, bool]] = [*[(PHONE, True)] * 16, *[(PHONE, False)] * 4, *[(NONE, True)] * 4, *[(NONE, False)] * 16]

traits = st.fixed_dictionaries({}, optional={trait: st.sampled_from(["yes", "no", "perhaps"]) for trait in Trait})
ended = st.lists(st.tuples(traits, st.booleans()), min_size=0, max_size=60)


def scored(model: Model, one: Traits) -> Score:
    found = score(model, one)
    assert found
    return found


def test_who_looks_like_those_that_bought_is_likely() -> None:
    model = learn(TOWN)
    assert round(scored(model, PHONE).chance, 3) == 0.797  # 16.1 of 20.2 against 4.1: the worked example of the docs
    assert round(scored(model, NONE).chance, 3) == 0.203


def test_what_tells_most_is_named_first_with_its_figures() -> None:
    [factor] = scored(learn(TOWN), PHONE).factors
    assert (factor.trait, factor.value, factor.won, factor.of) == (Trait.PHONE, "yes", 16, 20)
    assert factor.weight > 0 > scored(learn(TOWN), NONE).factors[0].weight


def test_a_heavier_trait_stands_before_a_lighter_one() -> None:
    more = [({**one, Trait.NEED: "yes" if place % 3 else "no"}, won) for place, (one, won) in enumerate(TOWN)]
    factors = scored(learn(more), {**PHONE, Trait.NEED: "no"}).factors
    assert factors[0].trait is Trait.PHONE
    assert [abs(one.weight) for one in factors] == sorted((abs(one.weight) for one in factors), reverse=True)


def test_too_few_leads_or_only_one_outcome_say_nothing() -> None:
    assert score(learn(TOWN[:19]), PHONE) is None
    assert score(learn([(PHONE, True)] * 40), PHONE) is None


def test_a_value_nobody_had_and_one_that_all_share_weigh_nothing() -> None:
    model = learn([({**one, Trait.CHANNEL: "mail"}, won) for one, won in TOWN])
    assert scored(model, {Trait.CHANNEL: "mail"}).factors == ()
    assert scored(model, {Trait.CHANNEL: "pigeon"}).chance == 0.5


@given(ended, traits)
def test_a_chance_is_a_chance_and_shown_between_one_and_ninety_nine(past: list[tuple[Traits, bool]], one: Traits) -> None:
    found = score(learn(past), one)
    if found:
        assert 0 < found.chance < 1
        assert 1 <= found.percent <= 99


@given(ended, traits)
def test_losing_is_the_mirror_of_winning(past: list[tuple[Traits, bool]], one: Traits) -> None:
    here, there = score(learn(past), one), score(learn([(each, not won) for each, won in past]), one)
    assert (here is None) == (there is None)
    if here and there:
        assert abs(here.chance + there.chance - 1) < 1e-9


@given(ended, traits, st.randoms())
def test_the_order_in_which_leads_came_does_not_matter(past: list[tuple[Traits, bool]], one: Traits, chance: object) -> None:
    shuffled = list(past)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert learn(shuffled) == learn(past)


@given(ended)
def test_what_is_kept_is_what_was_learned(past: list[tuple[Traits, bool]]) -> None:
    model = learn(past)
    assert unpacked(model.won, model.lost, packed(model)) == model
