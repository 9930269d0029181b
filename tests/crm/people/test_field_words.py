"""Words of a field: what people type is read, kept in one form, shown again, and refused with how to write it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.i18n import LANGUAGES, translator
from crm.people.field_words import YEARS, About, BadValue, FieldKind, FieldView, choices_of, is_kept, label_of, name_for, parse_value, shown_value
from tests.hostile.corpus import TEXTS

CHOICES = ("Shop", "Restaurant", "Այլ")


def field(kind: FieldKind) -> FieldView:
    return FieldView(1, About.CONTACT, "size", "Size", kind, CHOICES if kind is FieldKind.CHOICE else ())


def read(kind: FieldKind, text: str, language: str = "en") -> str:
    return parse_value(field(kind), text, language, "AM", "AMD")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("12", "12"),
        (" 1 200 ", "1200"),
        ("1 234 567,5", "1234567.5"),
        ("1,234,567.50", "1234567.5"),
        ("0,125", "0.125"),
        ("-3.10", "-3.1"),
        ("−0", "0"),
        ("007", "7"),
        ("١٢", "12"),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, kept: str) -> None:
    assert read(FieldKind.NUMBER, typed) == kept


def test_a_number_that_can_be_read_in_two_ways_is_asked_about() -> None:
    with pytest.raises(BadValue) as refused:
        read(FieldKind.NUMBER, "1.200")
    assert refused.value.words(translator("en")) == "This number can be read in two ways. Write it as 1200 or as 1.2000."


@pytest.mark.parametrize(
    ("typed", "language"),
    [
        ("25.11.2026", "ru"),
        ("25/11/2026", "en"),
        ("2026-11-25", "am"),
        ("2026-11-25", "en"),
        ("25 November 2026", "en"),
        ("Nov 25, 2026", "en"),
        ("25 ноября 2026 г.", "ru"),
        ("25 нояб. 2026", "ru"),
        ("25 նոյեմբերի, 2026 թ.", "hy"),
        ("25 ნოემბერი 2026", "ka"),
        ("25 ኖቬምበር 2026", "am"),
        ("25 nov 2026", "hy"),
    ],
)
def test_a_day_is_read_in_the_forms_of_its_reader(typed: str, language: str) -> None:
    assert read(FieldKind.DATE, typed, language) == "2026-11-25"


@pytest.mark.parametrize("typed", ["25.11.26", "31.02.2026", "11/25/2026", "tomorrow", "2026", "25.11.0026", "25 foo 2026"])
def test_a_day_that_is_none_is_refused_with_how_to_write_it(typed: str) -> None:
    with pytest.raises(BadValue, match=r"25\.11\.2026"):
        read(FieldKind.DATE, typed)


@pytest.mark.parametrize("typed", ["Restaurant", "restaurant", "  RESTAURANT ", "Рестаурант"])
def test_a_choice_is_known_by_its_sound(typed: str) -> None:
    assert read(FieldKind.CHOICE, typed) == "Restaurant"


def test_what_is_no_choice_is_answered_with_the_choices() -> None:
    with pytest.raises(BadValue, match="Shop, Restaurant, Այլ"):
        read(FieldKind.CHOICE, "factory")


@pytest.mark.parametrize(("typed", "kept"), [("yes", "yes"), ("Այո", "yes"), ("да", "yes"), ("አዎ", "yes"), ("კი", "yes"), ("нет", "no"), ("ոչ", "no")])
def test_yes_and_no_are_read_in_five_languages(typed: str, kept: str) -> None:
    assert read(FieldKind.YES_NO, typed) == kept


def test_a_phone_is_kept_in_one_form() -> None:
    assert read(FieldKind.PHONE, "091 123456") == "+37491123456"
    with pytest.raises(BadValue):
        read(FieldKind.PHONE, "call me")


def test_money_is_kept_exactly_and_shown_with_its_own_sign() -> None:
    kept = read(FieldKind.MONEY, "1 200 000 դրամ", "hy")
    assert kept == "120000000 AMD"
    assert shown_value(field(FieldKind.MONEY), kept, translator("ru")) == "1\u00a0200\u00a0000\u00a0֏"
    assert read(FieldKind.MONEY, "$12.50") == "1250 USD"


@pytest.mark.parametrize(
    ("kind", "kept", "language", "shown"),
    [
        (FieldKind.NUMBER, "-1234.5", "en", "-1,234.5"),
        (FieldKind.NUMBER, "-0.5", "ru", "-0,5"),
        (FieldKind.NUMBER, "1234567", "hy", "1\u00a0234\u00a0567"),
        (FieldKind.DATE, "2026-11-25", "en", "25 Nov 2026"),
        (FieldKind.YES_NO, "yes", "en", "Yes"),
        (FieldKind.CHOICE, "gone since", "en", "gone since"),
    ],
)
def test_a_value_is_shown_in_the_readers_words(kind: FieldKind, kept: str, language: str, shown: str) -> None:
    assert shown_value(field(kind), kept, translator(language)) == shown


@pytest.mark.parametrize("kind", FieldKind)
@given(text=st.one_of(st.text(max_size=60), st.sampled_from(sorted(TEXTS.values()))), language=st.sampled_from(LANGUAGES))
def test_whatever_is_typed_is_kept_in_a_form_or_refused(kind: FieldKind, text: str, language: str) -> None:
    try:
        kept = read(kind, text, language)
    except BadValue:
        return
    assert is_kept(field(kind), kept)
    assert shown_value(field(kind), kept, translator(language))
    kept.encode()


@given(st.integers(-(10**14), 10**14), st.integers(0, 99))
def test_a_kept_number_is_read_as_itself(whole: int, rest: int) -> None:
    kept = read(FieldKind.NUMBER, f"{whole}.{rest:02}")
    assert float(kept) == float(f"{whole}.{rest:02}")
    assert kept == read(FieldKind.NUMBER, kept)


@given(st.dates(min_value=date(YEARS.start, 1, 1), max_value=date(YEARS.stop - 1, 12, 31)))
def test_a_kept_day_is_read_as_itself(day: date) -> None:
    assert read(FieldKind.DATE, str(day)) == str(day)


@pytest.mark.parametrize("kept", ["", "yes ", "-0", "1.0", "01", "1e5", "100 amd", "2026-1-5", "+123", "0 AMDX", "maybe"])
def test_what_has_another_form_is_not_kept(kept: str) -> None:
    assert not any(is_kept(field(kind), kept) for kind in FieldKind if kind is not FieldKind.TEXT)


def test_choices_are_typed_one_per_line_each_once() -> None:
    assert choices_of("Small\n\n small \nBig\n") == ("Small", "Big")
    for bad in ("", "One", "\n".join(map(str, range(31))), "a\n" + "b" * 41):
        with pytest.raises(BadValue):
            choices_of(bad)


def test_a_label_is_one_short_line() -> None:
    assert label_of("  Size \n of the shop\u202e ") == "Size of the shop"
    for bad in ("", "\u200b", "x" * 41):
        with pytest.raises(BadValue):
            label_of(bad)


@pytest.mark.parametrize(
    ("label", "name"), [("Քաղաք", "kagak"), ("Size of shop", "size_of_shop"), ("🎉", "field"), ("2nd phone", "f_2nd_phone"), ("need", "need_2")]
)
def test_the_name_of_a_field_is_its_label_by_sound(label: str, name: str) -> None:
    assert name_for(label, ["need"]) == name
