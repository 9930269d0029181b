"""Choosing who is asked: owner first, then language, skill, fairness; always the same, explained, and fair over many customers."""

from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.conversations.choosing import FOREIGN, LANGUAGE, OWNERS, UNKNOWN, Candidate, Choice, called_for, choose, out
from crm.conversations.queues import Way

candidate = st.builds(
    Candidate,
    rep_id=st.integers(1, 1000),
    at_work=st.booleans(),
    available=st.booleans(),
    load=st.integers(0, 6),
    got=st.integers(0, 6),
    last_got=st.integers(0, 9),
    owner=st.sampled_from(OWNERS),
    speaks=st.sampled_from((LANGUAGE, UNKNOWN, FOREIGN)),
    skills=st.sampled_from(((), ("oak",), ("oak", "repair"))),
    passed=st.booleans(),
)
crews = st.lists(candidate, max_size=8, unique_by=lambda one: one.rep_id)
asking = st.sampled_from((Way.EVEN, Way.LOAD))


def chosen(*candidates: Candidate, way: Way = Way.EVEN, cap: int = 0) -> int | None:
    return choose(candidates, way, cap).rep_id


def whys(choice: Choice, rep_id: int) -> list[str]:
    return [f"{one.kind}:{one.value}" if one.value else one.kind for one in choice.why if one.rep_id == rep_id]


@given(crews, asking, st.integers(0, 4))
def test_who_is_asked_may_be_and_everybody_else_is_explained(crew: list[Candidate], way: Way, cap: int) -> None:
    choice = choose(crew, way, cap)
    able = [one.rep_id for one in crew if one.at_work and one.available and not one.passed and (not cap or one.load < cap)]
    assert choice.rep_id in able if able else choice.rep_id is None
    assert {one.rep_id for one in choice.why} == {one.rep_id for one in crew if one.rep_id not in able} | ({choice.rep_id} - {None})
    assert not (choice.all_passed and able)


@given(crews, asking, st.integers(0, 4), st.randoms())
def test_the_order_in_which_they_stand_changes_nothing(crew: list[Candidate], way: Way, cap: int, chance: object) -> None:
    turned = list(crew)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    assert choose(turned, way, cap).rep_id == choose(crew, way, cap).rep_id


@given(st.integers(1, 9), st.integers(0, 60), asking)
def test_alike_members_get_the_same_number_each_give_or_take_one(members: int, customers: int, way: Way) -> None:
    crew = {number: Candidate(number) for number in range(1, members + 1)}
    got: Counter[int] = Counter()
    for at in range(1, customers + 1):
        number = choose(list(crew.values()), way, 0).rep_id
        assert number is not None
        got[number] += 1
        crew[number] = replace(crew[number], got=crew[number].got + 1, load=crew[number].load + 1, last_got=at)
    assert sum(got.values()) == customers
    assert max((got[number] for number in crew), default=0) - min((got[number] for number in crew), default=0) <= 1


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=60))
def test_whoever_closes_is_filled_up_and_nobody_has_more_than_the_cap(steps: list[tuple[int, bool]]) -> None:
    load: Counter[int] = Counter()
    clock = count(1)
    for number, closes in steps:
        if closes:
            load[number] = max(0, load[number] - 1)
        else:
            asked = choose([Candidate(one, load=load[one], last_got=next(clock)) for one in range(1, 6)], Way.LOAD, 3).rep_id
            if asked is None:
                assert all(load[one] == 3 for one in range(1, 6))
            else:
                assert load[asked] == min(load[one] for one in range(1, 6))
                load[asked] += 1
    assert all(value <= 3 for value in load.values())


def test_owner_goes_before_language_before_skill_before_number() -> None:
    owner = Candidate(1, owner="had", speaks=FOREIGN, load=3, got=5)
    speaker = Candidate(2, speaks=LANGUAGE, load=3, got=5)
    skilled = Candidate(3, skills=("oak",), load=3, got=5)
    idle = Candidate(4)
    assert chosen(owner, speaker, skilled, idle) == 1
    assert chosen(speaker, skilled, idle) == 2
    assert chosen(skilled, idle) == 3
    assert chosen(replace(idle, last_got=5), Candidate(5, last_got=4)) == 5


def test_the_stronger_tie_to_a_customer_counts() -> None:
    assert chosen(Candidate(1, owner="had"), Candidate(2, owner="lead"), Candidate(3, owner="deal"), Candidate(4, owner="has")) == 4
    assert chosen(Candidate(1, owner="had"), Candidate(2, owner="lead"), Candidate(3, owner="deal")) == 3


def test_an_owner_who_is_away_or_full_is_not_asked() -> None:
    away, full, other = Candidate(1, owner="deal", at_work=False), Candidate(2, owner="lead", load=2), Candidate(3, load=1)
    choice = choose([away, full, other], Way.LOAD, 2)
    assert choice.rep_id == 3
    assert whys(choice, 1) == ["off_work"]
    assert whys(choice, 2) == ["full:2/2"]
    assert whys(choice, 3) == ["only"]


def test_the_two_ways_count_different_things() -> None:
    busy_today, full_hands = Candidate(1, got=9, load=0), Candidate(2, got=0, load=9)
    assert chosen(busy_today, full_hands, way=Way.EVEN) == 2
    assert chosen(busy_today, full_hands, way=Way.LOAD) == 1
    assert whys(choose([busy_today, full_hands], Way.LOAD, 0), 1) == ["load:0"]
    assert whys(choose([busy_today, full_hands], Way.EVEN, 0), 2) == ["got:0"]


def test_after_everybody_was_asked_it_is_everybodys() -> None:
    gone, asked = Candidate(1, available=False), Candidate(2, passed=True)
    assert choose([gone, asked], Way.EVEN, 0).all_passed
    assert not choose([gone], Way.EVEN, 0).all_passed
    assert not choose([asked, Candidate(3, load=2)], Way.EVEN, 2).all_passed
    assert out(gone, 0) == "off_duty"


@pytest.mark.parametrize(
    ("said", "skill"),
    [
        ("Can you repair my chair?", "repair"),
        ("I have two oak tables", "oak table"),
        ("Нужен ремонт стола", "ремонта"),
        ("Ինձ սեղաններ են պետք", "սեղան"),
        ("remont stola", "ремонт"),
    ],
)
def test_a_skill_is_called_for_by_inflected_words_in_any_script(said: str, skill: str) -> None:
    assert called_for(said, [skill, "plumbing"]) == (skill,)
