"""A moment that a customer names: asked about by buttons, once, and never over a person's head."""

from dataclasses import replace

from bots.customer.engine import answer
from crm.base.answers import Answer, Exchange, Facts, Heard
from crm.base.time import MINUTE
from tests.conftest import NOON

FACTS = Facts(company="Marani", language="en", languages=("en", "am"), name="Ann", need="tables", phone="known", offers=True)
WORDS = "Can I come tomorrow at 15:00?"
THREE = 1_764_154_800_000 // MINUTE


def said(text: str, facts: Facts = FACTS, state: str = "done", zone: str = "") -> Answer:
    return answer(Exchange(Heard("message", text), facts, state, NOON, "Asia/Yerevan", zone))


def test_the_bot_asks_whether_just_that_is_meant() -> None:
    [reply] = said(WORDS).say
    assert "Do you mean this time?" in reply.text
    assert [[button.value for button in row] for row in reply.buttons] == [[f"time:m{THREE}"], ["time:other"]]
    assert reply.buttons[0][0].label == "tomorrow 15:00"
    assert said("Please call me tomorrow at 15:00").say[0].buttons[0][0].value == f"time:c{THREE}"


def test_on_the_ethiopian_clock_there_are_two_readings() -> None:
    [reply] = said("ነገ 3:00 እመጣለሁ", replace(FACTS, language="am")).say
    shown = [row[0].label for row in reply.buttons[:2]]
    assert ["09:00 (3:00 ጠዋት)" in shown[0], "15:00 (9:00 ከሰዓት)" in shown[1]] == [True, True]


def test_whoever_lives_by_another_clock_sees_both() -> None:
    [reply] = said(WORDS, zone="Europe/Moscow").say
    assert [row[0].label for row in reply.buttons[:2]] == [
        "tomorrow 15:00 (Yerevan) = tomorrow 14:00 (Moscow)",
        "tomorrow 16:00 (Yerevan) = tomorrow 15:00 (Moscow)",
    ]


def test_nobody_is_asked_while_a_rep_talks_or_where_no_time_is_named() -> None:
    assert said(WORDS, replace(FACTS, taken=True)).say == ()
    assert said("Is it open tomorrow?").say == ()
    assert said("STOP 25 tomorrow 15:00").state
    assert answer(Exchange(Heard("message", WORDS), FACTS, "done")).say == ()


def test_a_question_of_the_bots_own_stands_last() -> None:
    found = said(WORDS, replace(FACTS, need="", phone=""), "need")
    assert found.asks
    assert "this time?" in found.say[0].text
    assert "phone number" in found.say[-1].text
