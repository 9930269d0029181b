"""Consent is a yes and nothing else; stop works everywhere and is confirmed once."""

from dataclasses import replace

import pytest

from bots.customer.words import QUESTIONS
from crm.base.answers import GiveConsent, Qualified, SpeakLanguage, StopWriting
from crm.base.i18n import LANGUAGES, translator
from crm.base.text import is_stop, plain
from tests.bots.customer.talk import SHOP, labels, pressed, said, words

ASKED = replace(SHOP, name="Ani", need="a bat")
SHOWN = "May Bat & Ball send you offers and news from time to time? You can end them at any moment with the word STOP."


@pytest.mark.parametrize(("value", "granted"), [("offers:yes", True), ("offers:no", False)])
def test_a_pressed_answer_is_kept_with_the_words_it_was_shown_under(value: str, granted: bool) -> None:
    question = said("091 234567", "phone", ASKED)
    assert words(question).endswith(SHOWN)
    answered = pressed(value, question.state, ASKED)
    assert answered.actions == (GiveConsent(granted, SHOWN), Qualified())
    assert answered.state == "done"


def test_the_words_are_those_of_the_language_the_button_was_made_in() -> None:
    shown = labels(said("091 234567", "phone", replace(ASKED, language="hy")))
    assert pressed(shown["Այո"], "offers", ASKED).actions[0] == GiveConsent(True, translator("hy")(QUESTIONS["offers"], company="Bat & Ball"))


def test_a_typed_yes_answers_the_question_it_follows() -> None:
    assert said("Yes!", "offers", ASKED).actions[0] == GiveConsent(True, SHOWN)
    assert said("No, thanks", "offers", ASKED).actions[0] == GiveConsent(False, SHOWN)


def test_a_yes_before_the_question_was_seen_is_no_consent() -> None:
    assert said("yes", "offers", ASKED, seen=False).actions == ()


@pytest.mark.parametrize("text", ["maybe", "what offers?", "no"])
def test_other_words_are_no_consent_and_nobody_is_pestered(text: str) -> None:
    answered = said(text, "offers", ASKED)
    assert (answered.actions, answered.state, answered.asks) == ((Qualified(),), "done", False)


def test_an_answer_pressed_late_is_kept_in_silence() -> None:
    answered = pressed("offers:no:en", "done", ASKED)
    assert (answered.say, answered.state, answered.actions) == ((), "done", (GiveConsent(False, SHOWN),))


@pytest.mark.parametrize("known", [{"offers": True}, {"offers": False}, {"stopped": True}])
def test_offers_are_not_asked_about_again(known: dict[str, bool]) -> None:
    assert said("091 234567", "phone", replace(ASKED, **known)).state == "done"  # type: ignore[arg-type]


def test_the_question_is_repeated_in_a_chosen_language() -> None:
    answered = pressed("lang:ru", "offers", ASKED)
    assert answered.actions == (SpeakLanguage("ru"),)
    assert labels(answered)["Да"] == "offers:yes:ru"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stop_word_that_is_promised_is_understood(language: str) -> None:
    said_words = plain(translator(language)(QUESTIONS["offers"], company="")).split()
    assert any(is_stop(word) for word in said_words)


@pytest.mark.parametrize("state", ["", "name", "need", "phone:2", "done", "done:closed", "weird"])
@pytest.mark.parametrize("taken", [False, True])
def test_stop_is_confirmed_once_wherever_it_is_said(state: str, taken: bool) -> None:
    answered = said("stop", state, replace(SHOP, taken=taken))
    assert len(answered.say) == 1
    assert "no more offers" in words(answered)
    assert (answered.actions, answered.state) == ((StopWriting(),), state)


def test_the_second_stop_ends_follow_ups_and_the_third_is_silent() -> None:
    second = said("стоп", "done", replace(SHOP, stopped=True))
    assert "will not write to you first" in words(second)
    assert second.actions == (StopWriting(),)
    third = said("stop", "done", replace(SHOP, stopped=True, followups_stopped=True))
    assert (third.say, third.actions) == ((), ())


def test_the_stop_button_is_the_word() -> None:
    assert pressed("stop", "need").actions == (StopWriting(),)


def test_stop_counts_even_before_the_question_was_seen() -> None:
    assert said("stop", "need", seen=False).actions == (StopWriting(),)


def test_stop_answers_the_offers_question() -> None:
    answered = said("stop", "offers", ASKED)
    assert (answered.state, answered.actions, len(answered.say)) == ("done", (StopWriting(), Qualified()), 1)


def test_stop_is_no_answer_to_a_question() -> None:
    assert said("Stop!", "name").actions == (StopWriting(),)
