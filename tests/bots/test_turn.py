"""A turn answers everything, in order, whatever people type, press or send."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bots.turn import turn
from crm.base.answers import Answer, Exchange, Facts, Heard, Opening
from crm.base.i18n import LANGUAGES
from tests.bots.customer.talk import SHOP

TEXT = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    ["stop", "operator", "Ани", "/stats", "hello", "Skip", "091234567", "yes", "English", "Բարև"]
)
STATES = st.sampled_from(["", "name", "need", "phone", "phone:2", "phone:3", "offers", "offers:x", "done", "done:closed", ":"]) | TEXT
VALUES = st.sampled_from(["lang:hy", "lang:", "skip", "skip:name", "person", "offers:yes", "offers:no:ka", "offers", "stop", "continue", ":"]) | TEXT
HEARD = st.builds(
    Heard,
    st.sampled_from(["message", "postback", "contact", "start", "form", "unknown", "zebra"]),
    text=TEXT,
    value=VALUES,
    phone=st.sampled_from(["", "+37491234567"]),
    media=st.booleans(),
    seen=st.booleans(),
    first=st.booleans(),
    language_heard=st.sampled_from(["", "fr", *LANGUAGES]),
)
FACTS = st.builds(
    Facts,
    company=TEXT,
    language=st.sampled_from(LANGUAGES),
    languages=st.just(LANGUAGES),
    name=TEXT,
    platform_name=TEXT,
    need=TEXT,
    phone=st.sampled_from(["", "+374"]),
    offers=st.sampled_from([None, True, False]),
    stopped=st.booleans(),
    followups_stopped=st.booleans(),
    taken=st.booleans(),
    person_called=st.booleans(),
    opens=st.sampled_from([None, Opening(1_764_133_200_000, "Asia/Yerevan", 1_764_072_000_000)]),
    can_continue=st.booleans(),
)
EXCHANGES = st.builds(Exchange, HEARD, FACTS, STATES)


def test_answers_come_in_the_order_of_the_exchanges() -> None:
    heard = Heard("message", text="hello", first=True)
    answers = turn([Exchange(heard, replace(SHOP, company=name), "") for name in ("Bat", "Owl", "Fox")])
    assert [name in answer.say[0].text for name, answer in zip(("Bat", "Owl", "Fox"), answers, strict=True)] == [True] * 3


def test_no_exchange_has_no_answer() -> None:
    assert turn([]) == []


@given(EXCHANGES)
def test_a_turn_is_total_and_keeps_its_promises(exchange: Exchange) -> None:
    (answer,) = turn([exchange])
    _shown_well(answer)
    assert len(answer.state) <= max(12, len(exchange.state))
    assert len(answer.say) <= 1
    if exchange.facts.taken and answer.say:
        assert [type(action).__name__ for action in answer.actions if type(action).__name__ != "SpeakLanguage"] == ["StopWriting"]
    assert turn([exchange]) == [answer]


def _shown_well(answer: Answer) -> None:
    rows = [row for reply in answer.say for row in reply.buttons]
    shown = [button for row in rows for button in row]
    assert len(shown) <= 8
    assert all(rows)
    assert all(0 < len(button.label) <= 24 and len(button.value.encode()) <= 32 for button in shown)
    assert all(reply.text.strip() for reply in answer.say)
    assert not answer.asks or answer.say
