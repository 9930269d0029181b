"""What people answered: which answer is a name, a phone, a consent, and which are further words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.leadfields import MOST, SYNONYMS, Naming, Sheet, answers_in
from channels.leads.posted import nested, told
from crm.base.asked import plain
from crm.base.errors import Invalid, Misconfigured
from crm.base.events import LeadForm, Source
from tests.channels.leads.stand import NEW, source


def form(fields: object, naming: Naming = Naming()) -> LeadForm:  # noqa: B008
    """A form that was filled in."""
    return Sheet(answers_in(fields), naming).form("ann", "1", 5, Source())


@pytest.mark.parametrize(
    ("name", "phone", "email", "text"),
    [
        ("Անուն", "Հեռախոսահամար", "Էլ. փոստ", "Հաղորդագրություն"),
        ("სახელი და გვარი", "ტელეფონის ნომერი", "ელ. ფოსტა", "შეტყობინება"),
        ("ሙሉ ስም", "ስልክ ቁጥር", "ኢሜይል", "መልእክት"),
        ("Ваше имя", "Номер телефона", "Электронная почта", "Комментарий"),
        ("Full name *", "Phone-Number:", "E-mail", "Your message"),
    ],
    ids=["hy", "ka", "am", "ru", "en"],
)
def test_fields_are_known_in_five_languages(name: str, phone: str, email: str, text: str) -> None:
    found = form({name: "Ani", phone: "+37491123456", email: "ani@mail.example", text: "shelves"})
    assert (found.name, found.phone, found.email, found.text) == ("Ani", "+37491123456", "ani@mail.example", "shelves")


def test_what_was_asked_besides_stands_below_the_words_as_question_and_answer() -> None:
    found = form({"comment": "Oak", "Which room?": "Kitchen", "rooms": ["hall", "bath"], "urgent": True, "no": False, "none": None, "price": 12.5})
    assert found.text.split("\n") == ["Oak", "Which room?: Kitchen", "rooms: hall, bath", "urgent: yes", "price: 12.5"]


def test_names_come_in_parts_and_are_not_said_twice() -> None:
    assert form({"first_name": "Anna", "Отчество": "Ивановна", "last_name": "Petrova"}).name == "Anna Ивановна Petrova"
    assert form({"name": "Anna Petrova", "last_name": "Petrova"}).name == "Anna Petrova"
    assert form({"last_name": "Petrova"}).name == "Petrova"


def test_a_person_is_found_deep_inside_and_a_products_name_is_nobodys() -> None:
    found = form({"data": {"lead": {"contact": {"name": "Ani", "phones": [{"value": "+37491123456"}]}, "product": {"name": "Shelf"}}}})
    assert (found.name, found.phone, found.text) == ("Ani", "+37491123456", "product name: Shelf")


def test_a_question_beside_its_answer_is_one_answer() -> None:
    found = form({"answers": [{"key": "q1", "question": "Phone", "answer": "+37491123456"}, {"label": "Wood", "value": ["Oak", "Pine"]}]})
    assert (found.phone, found.text) == ("+37491123456", "Wood: Oak, Pine")


def test_a_number_of_rooms_is_no_phone_and_is_not_lost() -> None:
    found = form({"name": "Ani", "phone": "3", "email": "no", "номер": "+37491123456"})
    assert (found.phone, found.email, found.text) == ("+37491123456", "", "phone: 3\nemail: no")


def test_a_second_phone_stands_among_the_words() -> None:
    found = form({"phone": "+37491123456", "mobile": "+37491123457"})
    assert (found.phone, found.text) == ("+37491123456", "mobile: +37491123457")


def test_what_looks_like_a_phone_or_an_e_mail_is_one_whatever_it_is_called() -> None:
    found = form({"Llámame": "+34 600 123 456", "Correo": "ani@mail.example"})
    assert (found.phone, found.email) == ("+34 600 123 456", "ani@mail.example")
    assert "Correo: ani@mail.example" in found.text


def test_nobody_is_lost_because_their_questions_have_no_names() -> None:
    def empty(fields: object) -> bool:
        return Sheet(answers_in(fields), Naming()).empty()

    assert not empty({"q1": "Ani", "q2": "091 12 34 56"})
    assert not empty({"q1": "Ani", "q2": "ani @ mail.example"})
    assert empty({"event": "ping", "test": True})
    assert empty({})


def test_the_firms_own_names_go_before_all_synonyms_and_may_leave_fields_out() -> None:
    naming = Naming({"contact.mobile": "phone", "q7": "text", "name": "-"})
    found = form({"contact": {"mobile": "+37491123456"}, "q7": "Oak", "name": "Form 5", "phone": "12345678"}, naming)
    assert (found.name, found.phone, found.text) == ("", "+37491123456", "Oak\nphone: 12345678")


@pytest.mark.parametrize(("value", "agreed"), [("yes", True), ("on", True), (True, True), ("Այո", True), ("I want news", True), ("no", False), ("", False)])
def test_a_box_for_offers_is_a_consent_with_its_words_when_it_is_ticked(value: object, agreed: bool) -> None:
    found = form({"fields": [{"label": "I want news", "value": value}]}, Naming(offers="I want news"))
    assert (found.offers, found.offers_text) == (agreed, "I want news" if agreed else "")


def test_nobody_has_agreed_to_what_has_no_words() -> None:
    assert not form({"offers": "yes"}).offers
    assert form({"offers": "yes", "offers_text": "News once a month"}).offers_text == "News once a month"
    assert form({"box": "1"}, Naming(offers="box", offers_text="News once a month")).offers_text == "News once a month"


def test_a_box_that_nobody_named_is_one_more_answer() -> None:
    found = form({"I agree to the terms": "yes"})
    assert (found.offers, found.text) == (False, "I agree to the terms: yes")


def test_marks_of_a_campaign_are_where_they_came_from() -> None:
    found = form({"utm_source": "partner", "UTM_Campaign": "autumn", "page_url": "https://shop.example/oak", "referer": "https://search.example"})
    assert found.source == Source(utm_source="partner", utm_campaign="autumn", page="https://shop.example/oak", referrer="https://search.example")


def test_phones_and_e_mails_in_a_form_are_claimed_and_never_proven() -> None:
    found = form({"phone": "+37491123456", "email": "ani@mail.example"})
    assert (found.sender.phone, found.sender.email, found.sender.proven) == ("", "", False)


def test_no_form_is_longer_than_anybody_reads() -> None:
    assert len(answers_in({f"q{number}": "x" for number in range(10_000)})) == MOST
    assert len(form({"message": "x" * 100_000}).text) <= 4000


def test_every_synonym_is_written_as_it_is_looked_up() -> None:
    assert [synonym for synonym in SYNONYMS if plain(synonym) != synonym] == []


def test_fields_that_lead_nowhere_are_named_at_the_start() -> None:
    with pytest.raises(Misconfigured, match="not to telephone"):
        source("leads", {"secrets": [NEW], "fields": {"tel": "telephone"}})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_comes_can_be_read_and_stored(value: object) -> None:
    found = form({"data": value})
    json.dumps([found.name, found.phone, found.email, found.text]).encode()
    assert "\x00" not in found.text


def test_brackets_in_names_go_inside_and_names_that_come_again_are_lists() -> None:
    assert nested([("fields[name][value]", "Ani"), ("rooms[]", "hall"), ("rooms[]", "bath"), ("a", "1"), ("a", "2"), ("b[", "3")]) == {
        "fields": {"name": {"value": "Ani"}},
        "rooms": ["hall", "bath"],
        "a": ["1", "2"],
        "b[": "3",
    }


@given(st.lists(st.tuples(st.text("ab[]", max_size=8), st.text(max_size=3)), max_size=12))
def test_no_names_break_the_reading_of_a_form(pairs: list[tuple[str, str]]) -> None:
    assert isinstance(nested(pairs), dict)


@pytest.mark.parametrize("body", [b"", b"null", b"[1", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"7"])
def test_what_is_no_json_and_says_it_is_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        told(body, "application/json")


def test_a_form_in_parts_is_as_large_as_the_library_reads_fast() -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="a"' + b";x=1" * 250_000
    with pytest.raises(Invalid):
        told(head + b"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b")
