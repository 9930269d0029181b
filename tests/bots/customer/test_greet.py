"""The first words: language, company, a person, the first open question."""

from dataclasses import replace

import pytest

from crm.base.answers import LearnNeed, LearnPhone, Qualified, SpeakLanguage
from crm.base.i18n import LANGUAGES, NATIVE
from tests.bots.customer.talk import KNOWN, SHOP, did, labels, pressed, said, words


def test_a_stranger_is_greeted_and_asked_for_a_name() -> None:
    answered = said("hello", first=True)
    assert "Bat & Ball" in words(answered)
    assert "ask for a person" in words(answered)
    assert words(answered).endswith("What is your name?")
    assert (answered.state, answered.asks, answered.actions) == ("name", True, ())


def test_a_stranger_is_greeted_in_armenian() -> None:
    answered = said("Բարև ձեզ", facts=replace(SHOP, language="hy"), first=True, language_heard="hy")
    assert words(answered).startswith("Բարև ձեզ")
    assert "Ինչպե՞ս է ձեր անունը" in words(answered)
    assert answered.actions == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_languages_are_offered_by_their_native_names(language: str) -> None:
    shown = labels(said("hello", facts=replace(SHOP, language=language), first=True))
    assert {label: value for label, value in shown.items() if value.startswith("lang:")} == {
        NATIVE[other]: f"lang:{other}" for other in LANGUAGES if other != language
    }


def test_skip_and_a_person_are_always_under_the_greeting() -> None:
    shown = labels(said("hello", first=True))
    assert (shown["Skip"], shown["Talk to a person"]) == ("skip:name", "person")


def test_a_name_the_platform_tells_is_not_asked_for() -> None:
    answered = said("hello", facts=replace(SHOP, platform_name="Ani Bell"), first=True)
    assert words(answered).startswith("Hello, Ani Bell!")
    assert answered.state == "need"


def test_a_nickname_is_not_said_aloud() -> None:
    assert words(said("hello", facts=replace(SHOP, platform_name="xX_42_Xx"), first=True)).startswith("Hello! This is")


def test_a_first_message_that_says_what_it_is_about_is_the_need() -> None:
    answered = said("Hello, how much is the red bat?", first=True)
    assert answered.actions == (LearnNeed("Hello, how much is the red bat?"),)
    assert answered.state == "name"


def test_a_first_command_is_no_need() -> None:
    answered = said("/export all the leads", first=True)
    assert (answered.actions, answered.state) == ((), "name")


def test_start_greets_like_a_first_message() -> None:
    assert did("start", first=True).say == said("hello", first=True).say


def test_a_photo_first_is_greeted_once() -> None:
    first = said("", first=True, media=True)
    assert first.state == "name"
    assert first.say
    assert said("", first.state, media=True).say == ()


def test_a_state_nobody_knows_does_not_hide_a_stranger() -> None:
    assert said("hello", "new", first=True).state == "name"


def test_somebody_greeted_before_is_not_greeted_again() -> None:
    assert "This is Bat & Ball" not in words(said("Ani", "name", first=True))


def test_a_whole_form_is_thanked_for_and_nothing_is_asked() -> None:
    answered = did("form", facts=KNOWN, text="a bat", first=True)
    assert words(answered).startswith("Thank you, Ani! Bat & Ball has your message.")
    assert (answered.state, answered.actions, answered.asks) == ("done", (Qualified(),), False)


def test_a_form_is_asked_for_what_is_missing_only() -> None:
    answered = did("form", facts=replace(SHOP, name="Ani", phone="+37491234567"), text="bats", first=True)
    assert answered.actions == (LearnNeed("bats"),)
    assert answered.state == "offers"


def test_a_contact_shared_first_is_learned_and_not_asked_for() -> None:
    answered = did("contact", facts=replace(SHOP, name="Ani", need="a bat"), phone="+37491234567", own_phone=True, first=True)
    assert answered.actions == (LearnPhone("+37491234567", own=True),)
    assert answered.state == "offers"


def test_the_way_to_go_on_elsewhere_is_shown_where_there_is_one() -> None:
    assert labels(said("hello", facts=replace(SHOP, can_continue=True), first=True))["Continue in Telegram"] == "continue"
    assert "Continue in Telegram" not in labels(said("hello", first=True))


def test_a_language_button_repeats_the_question_in_that_language() -> None:
    answered = pressed("lang:ka", "name")
    assert answered.actions == (SpeakLanguage("ka"),)
    assert words(answered) == "რა გქვიათ?"
    assert (answered.state, labels(answered)["English"]) == ("name", "lang:en")


def test_a_language_name_that_is_typed_counts_as_its_button() -> None:
    assert said("русский", "phone:2").actions == (SpeakLanguage("ru"),)


def test_writing_in_another_script_switches_the_language() -> None:
    answered = said("Անի", "name", language_heard="hy")
    assert answered.actions[0] == SpeakLanguage("hy")
    assert "Ուրախ ենք ծանոթանալ, Անի" in words(answered)


def test_a_language_the_company_does_not_speak_is_not_switched_to() -> None:
    facts = replace(SHOP, languages=("en", "ka"))
    assert SpeakLanguage("ru") not in said("Иван", "name", facts, language_heard="ru").actions
    assert pressed("lang:ru", "name", facts).actions == ()
