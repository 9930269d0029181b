"""Where is my order: heard in five languages as a whole short question, and nowhere else; silent while a rep talks."""

from dataclasses import replace

import pytest

from crm.base.answers import Pressed
from crm.base.text import is_order_question
from tests.bots.customer.talk import KNOWN, SHOP, pressed, said

QUESTIONS = [
    "Where is my order?",
    "where's my order",
    "Hello, where is my order please?",
    "Где мой заказ?",
    "Здравствуйте! Где мой заказ",
    "Когда придёт мой заказ???",
    "Ո՞ւր է պատվերս",
    "Որտեղ է իմ պատվերը՞",
    "Բարև ձեզ, ուր է պատվերս",
    "სად არის ჩემი შეკვეთა?",
    "როდის მოვა ჩემი შეკვეთა",
    "ትዕዛዜ የት ነው?",
    "ur e im patvere",
    "gde moy zakaz",
]
OTHERS = [
    "I want to order a table",
    "Where is your shop?",
    "My order was lovely, thank you",
    "Where is my order, and could you also tell me when you open on Sunday?",
    "где мой заказ который я сделал у вас в прошлую пятницу с доставкой",
    "заказ",
    "order",
    "պատվեր",
    "Where is my order of things in life",
    "",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_the_question_is_heard_in_every_language(text: str) -> None:
    answer = said(text, "done", KNOWN)
    assert answer.actions == (Pressed("order"),)
    assert answer.say == ()
    assert answer.state == "done"


@pytest.mark.parametrize("text", OTHERS)
def test_nothing_else_is_taken_for_it(text: str) -> None:
    assert not is_order_question(text)
    assert Pressed("order") not in said(text, "done", KNOWN).actions


@pytest.mark.parametrize("state", ["", "name", "need", "phone", "offers", "done", "done:closed"])
def test_the_talk_goes_on_where_it_stood(state: str) -> None:
    assert said("Where is my order?", state, SHOP).state == state


def test_while_a_rep_talks_the_bot_is_silent_but_a_button_is_answered() -> None:
    taken = replace(KNOWN, taken=True)
    assert Pressed("order") not in said("Where is my order?", "done", taken).actions
    assert pressed("order:", "done", taken).actions == (Pressed("order"),)
