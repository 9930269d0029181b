"""A person is called, the bot steps back, and a closed house says so once."""

from dataclasses import replace

import pytest

from crm.base.answers import CallPerson, Facts, GiveConsent, LearnPhone, OfferLink, Opening, Qualified, SpeakLanguage
from tests.bots.customer.talk import KNOWN, SHOP, did, labels, pressed, said, words

CLOSED = replace(SHOP, opens=Opening(1_764_133_200_000, "Asia/Yerevan", 1_764_072_000_000))
TAKEN = replace(SHOP, taken=True)


@pytest.mark.parametrize("state", ["", "name", "need", "phone", "offers", "done", "weird"])
def test_a_person_is_called_from_anywhere(state: str) -> None:
    for answered in (pressed("person", state), said("оператор", state), said("ოპერატორი", state, seen=False)):
        assert answered.actions[-1] == CallPerson()
        assert (answered.state, answered.asks) == ("done", False)
        assert "A person will write to you here soon." in words(answered)


def test_out_of_hours_the_opening_time_is_told() -> None:
    answered = pressed("person", "need", CLOSED)
    assert "We open: tomorrow 09:00" in words(answered)
    assert answered.state == "done:closed"


def test_who_called_already_hears_it_once_only() -> None:
    answered = said("operator", "done", replace(SHOP, person_called=True))
    assert (answered.say, answered.actions) == ((), (CallPerson(),))


def test_the_end_of_the_questions_says_who_comes_next() -> None:
    assert words(pressed("skip", "offers")) == "Thank you!\n\nA person will write to you here soon."
    closed = pressed("skip", "offers", CLOSED)
    assert "We open: tomorrow 09:00" in words(closed)
    assert (closed.state, closed.actions) == ("done:closed", (Qualified(),))


def test_the_last_words_show_the_way_elsewhere() -> None:
    assert labels(pressed("skip", "offers", replace(SHOP, can_continue=True))) == {"Continue in Telegram": "continue"}


@pytest.mark.parametrize("facts", [SHOP, TAKEN])
def test_the_way_elsewhere_is_given_and_nothing_else_moves(facts: Facts) -> None:
    answered = pressed("continue", "need", replace(facts, can_continue=True))
    assert (answered.say, answered.state) == ((), "need")
    assert answered.actions == (OfferLink("Press the button, and we go on in Telegram. The link works once.", "Continue in Telegram"),)


def test_there_is_no_way_elsewhere_where_there_is_none() -> None:
    assert pressed("continue", "need").actions == ()


@pytest.mark.parametrize("text", ["and in blue?", "hello", "/stats", "/export", "12345678"])
def test_after_the_questions_the_bot_is_silent(text: str) -> None:
    answered = said(text, "done", KNOWN)
    assert (answered.say, answered.state, answered.actions) == ((), "done", ())


def test_a_closed_house_says_so_once_per_closed_time() -> None:
    first = said("are you there?", "done", CLOSED)
    assert "We are closed now" in words(first)
    assert first.state == "done:closed"
    assert said("hello?", first.state, CLOSED).say == ()
    by_day = said("good morning", first.state, SHOP)
    assert (by_day.say, by_day.state) == ((), "done")
    assert said("are you there?", by_day.state, CLOSED).say


def test_a_state_nobody_knows_is_like_done() -> None:
    assert said("hello", "pizza:7").state == "done"
    assert said("hello", "pizza:7").say == ()


def test_start_after_the_questions_says_that_we_are_here() -> None:
    assert words(did("start", "done")).startswith("We are here.")


def test_a_language_chosen_after_the_questions_is_kept_and_shown() -> None:
    answered = pressed("lang:am", "done")
    assert answered.actions == (SpeakLanguage("am"),)
    assert words(answered).startswith("እዚህ ነን")


@pytest.mark.parametrize("state", ["", "name", "need", "done"])
@pytest.mark.parametrize("text", ["hello", "operator", "Ani", "/stats", "yes"])
def test_the_bot_is_silent_while_a_rep_talks(state: str, text: str) -> None:
    answered = said(text, state, TAKEN, first=not state)
    assert (answered.say, answered.state, answered.actions) == ((), state, ())


def test_a_number_and_a_yes_are_kept_while_a_rep_talks() -> None:
    assert did("contact", "need", TAKEN, phone="+37491234567", own_phone=True).actions == (LearnPhone("+37491234567", own=True),)
    assert isinstance(pressed("offers:yes", "need", TAKEN).actions[0], GiveConsent)
    assert said("Բարև", "need", TAKEN, language_heard="hy").actions == ()
