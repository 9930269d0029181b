"""Name, need, phone: once each, skippable, never what is known."""

from dataclasses import replace

import pytest

from crm.base.answers import LearnName, LearnNeed, LearnPhone, Qualified
from tests.bots.customer.talk import KNOWN, SHOP, did, labels, pressed, said, words


def test_a_whole_talk_asks_name_need_phone_and_offers() -> None:
    states = [said("hello", first=True).state]
    for text in ("Ani", "a red bat", "091 234567"):
        states.append(said(text, states[-1]).state)
    assert states == ["name", "need", "phone", "offers"]


def test_a_name_is_learned_and_said_back() -> None:
    answered = said("my name is Ani", "name")
    assert answered.actions == (LearnName("Ani"),)
    assert words(answered) == "Nice to meet you, Ani!\n\nWhat can we help you with?"
    assert (answered.state, answered.asks) == ("need", True)


def test_what_is_no_name_is_the_need() -> None:
    answered = said("do you have 5 red bats?", "name")
    assert answered.actions == (LearnNeed("do you have 5 red bats?"),)
    assert answered.state == "phone"


def test_a_need_that_is_known_is_not_learned_over() -> None:
    answered = said("do you have 5 red bats?", "name", replace(SHOP, need="a ball"))
    assert (answered.actions, answered.state) == ((), "phone")


def test_the_need_is_learned_in_the_person_s_words() -> None:
    answered = said("a bat {company}", "need")
    assert answered.actions == (LearnNeed("a bat {company}"),)
    assert labels(answered) == {"Share my number": "phone", "Skip": "skip:phone", "Talk to a person": "person"}


def test_a_greeting_is_no_answer_and_the_question_is_repeated() -> None:
    answered = said("barev", "need")
    assert (words(answered), answered.actions, answered.state) == ("What can we help you with?", (), "need")


def test_a_photo_is_the_need_only_where_the_need_is_awaited() -> None:
    assert isinstance(said("", "need", media=True).actions[0], LearnNeed)
    assert words(said("", "need", media=True)).startswith("Thank you, we have it.")
    assert [said("", state, media=True).say for state in ("name", "phone", "offers")] == [(), (), ()]


def test_a_photo_s_words_are_read_like_a_message() -> None:
    assert said("this one", "need", media=True).actions == (LearnNeed("this one"),)


@pytest.mark.parametrize(("state", "after"), [("name", "need"), ("need", "phone"), ("phone", "offers"), ("phone:2", "offers"), ("offers", "done")])
@pytest.mark.parametrize("value", ["skip", "skip:{name}"])
def test_every_question_can_be_skipped(state: str, after: str, value: str) -> None:
    assert pressed(value.format(name=state.partition(":")[0]), state).state == after


def test_skip_may_be_typed_in_words() -> None:
    assert said("Пропустить", "name").state == "need"


def test_a_skip_of_an_older_question_changes_nothing() -> None:
    answered = pressed("skip:name", "phone")
    assert (answered.say, answered.state) == ((), "phone")


def test_a_typed_number_is_learned_as_it_is() -> None:
    answered = said("call 091 23-45-67 after six", "phone")
    assert answered.actions == (LearnPhone("call 091 23-45-67 after six", own=False),)
    assert answered.state == "offers"


def test_a_shared_number_is_the_person_s_own() -> None:
    answered = did("contact", "phone:2", phone="+37491234567", own_phone=True)
    assert answered.actions == (LearnPhone("+37491234567", own=True),)
    assert answered.state == "offers"


def test_a_number_shared_early_is_kept_and_the_question_stays() -> None:
    answered = did("contact", "name", phone="+37491234567")
    assert (answered.say, answered.state, answered.actions) == ((), "name", (LearnPhone("+37491234567", own=False),))


def test_words_instead_of_a_number_are_asked_about_once_then_let_go() -> None:
    second = said("why?", "phone")
    assert "does not look like a phone number" in words(second)
    assert second.state == "phone:2"
    assert said("no", second.state).state == "offers"


def test_nothing_known_is_asked() -> None:
    assert said("a bat", "need", replace(KNOWN, need="", offers=None)).state == "offers"
    answered = said("a bat", "need", replace(KNOWN, need=""))
    assert (answered.state, answered.actions) == ("done", (LearnNeed("a bat"), Qualified()))


@pytest.mark.parametrize("state", ["name", "need", "phone", "offers"])
@pytest.mark.parametrize("text", ["/stats", "/export", "/foo bar"])
def test_a_command_gets_the_question_again_and_is_no_answer(state: str, text: str) -> None:
    answered = said(text, state)
    assert (answered.actions, answered.state, answered.asks) == ((), state, True)


@pytest.mark.parametrize("state", ["name", "need", "phone", "phone:2", "offers"])
def test_what_was_said_before_the_question_left_is_no_answer(state: str) -> None:
    answered = said("and another thing", state, seen=False)
    assert (answered.say, answered.state, answered.actions) == ((), state, ())


@pytest.mark.parametrize("value", ["", "take:5", "lang:xx", "offers:maybe", "skip:purse", "\ud800", "orders:1"])
def test_a_foreign_button_changes_nothing(value: str) -> None:
    answered = pressed(value, "need")
    assert (answered.say, answered.state, answered.actions) == ((), "need", ())


def test_start_pressed_again_repeats_the_question() -> None:
    assert words(did("start", "need")) == "What can we help you with?"


def test_a_very_long_need_is_cut() -> None:
    assert said("a " * 3000, "need").actions == (LearnNeed("a " * 500),)
