"""Phrases in five languages: fields, plurals, instants, durations, and what extraction finds."""

from pathlib import Path

import pytest

from crm.base.i18n import LANGUAGES, NATIVE, PLURALS, Translator, fill, phrases, translator
from crm.locale.extract import Entry, Phrase, merged, python_phrases, read, template_phrases, written

NOON = 1_795_420_800_000  # Monday 23 November 2026, 12:00 in Yerevan is 08:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR


def test_a_value_is_put_in_once_and_never_read_again() -> None:
    assert fill("Hello, {name}!", {"name": "{company}", "company": "Bat"}) == "Hello, {company}!"


def test_a_place_reaches_into_no_object() -> None:
    assert fill("{name.__class__} {0} {}", {"name": "Ani"}) == "{name.__class__} {0} {}"


def test_a_phrase_without_translation_is_said_in_english() -> None:
    assert translator("hy")("A parrot named {name}", name="Ani") == "A parrot named Ani"


def test_a_language_we_do_not_have_is_english() -> None:
    assert translator("fr").language == "en"
    assert translator("fr")("Thank you!") == "Thank you!"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_each_language_says_thank_you_in_its_own_words(language: str) -> None:
    assert translator(language)("Thank you!") != "Thank you!"


def test_languages_are_named_by_themselves() -> None:
    assert tuple(NATIVE) == LANGUAGES
    assert NATIVE["ka"] == "ქართული"


@pytest.mark.parametrize(
    ("language", "n", "form"),
    [
        ("hy", 0, 1),
        ("hy", 1, 0),
        ("hy", 2, 1),
        ("ka", 1, 0),
        ("ka", 5, 1),
        ("am", 0, 0),
        ("am", 1, 0),
        ("am", 2, 1),
        ("ru", 1, 0),
        ("ru", 2, 1),
        ("ru", 5, 2),
        ("ru", 11, 2),
        ("ru", 12, 2),
        ("ru", 21, 0),
        ("ru", 22, 1),
        ("ru", 111, 2),
        ("en", 1, 0),
        ("en", 0, 1),
    ],
)
def test_a_number_takes_the_form_its_language_wants(language: str, n: int, form: int) -> None:
    assert PLURALS[language][2](n) == form


def test_a_counted_phrase_is_filled_with_its_number() -> None:
    russian = Translator("ru", {"{n} lead": ("{n} лид", "{n} лида", "{n} лидов")})
    assert [russian.many("{n} lead", "{n} leads", n) for n in (1, 3, 25)] == ["1 лид", "3 лида", "25 лидов"]


def test_a_counted_phrase_without_translation_counts_in_english() -> None:
    assert [translator("ru").many("{n} yak", "{n} yaks", n) for n in (1, 21)] == ["1 yak", "21 yaks"]


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        (NOON + 6 * HOUR, "today 18:00"),
        (NOON + 21 * HOUR, "tomorrow 09:00"),
        (NOON - DAY, "yesterday 12:00"),
        (NOON + 4 * DAY, "Fri 27 Nov 12:00"),
        (NOON + 300 * DAY, "19 Sep 2027 12:00"),
    ],
)
def test_an_instant_is_told_as_people_do(instant: int, words: str) -> None:
    assert translator("en").when(instant, "Asia/Yerevan", NOON) == words


def test_amharic_shows_both_clocks() -> None:
    amharic = translator("am")
    told = [amharic.when(NOON + hours * HOUR, "Africa/Addis_Ababa", NOON).split(" ", 1)[1] for hours in (-10, -3, 2, 8)]
    assert told == ["01:00 (7:00 ሌሊት)", "08:00 (2:00 ጠዋት)", "13:00 (7:00 ከሰዓት)", "19:00 (1:00 ማታ)"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_instants_have_words_in_every_language(language: str) -> None:
    assert translator(language).when(NOON, "Asia/Tbilisi", NOON + 9 * DAY)


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (5, "5 min"), (130, "2 h 10 min"), (120, "2 h"), (47 * 60, "47 h"), (72 * 60, "3 d"), (-5, "0 min")]
)
def test_a_duration_is_told_in_short_words(minutes: int, words: str) -> None:
    assert translator("en").ago(minutes * 60_000) == words


@pytest.mark.parametrize(("ago", "words"), [(0, "now"), (59_999, "now"), (-5, "now"), (60_000, "1 min"), (DAY, "24 h")])
def test_how_long_ago_is_told_in_short_words(ago: int, words: str) -> None:
    assert translator("en").since(NOON - ago, NOON) == words


def test_extraction_finds_every_way_a_phrase_is_said() -> None:
    source = (
        'tr("a"); self.tr("b"); tr.button("c"); tr.many("{n} d", "{n} ds", 2); N_("e"); N_button("f"); translator(x)("g"); tr(h); other("i"); many("j", "k")'
    )
    assert set(python_phrases(source)) == {
        Phrase("a"),
        Phrase("b"),
        Phrase("c", button=True),
        Phrase("{n} d", "{n} ds"),
        Phrase("e"),
        Phrase("f", button=True),
        Phrase("g"),
    }


def test_extraction_reads_templates() -> None:
    source = """<p>{{ tr("Say \\"hi\\"") }}</p>{{ tr.button('Send') }} {{ tr.many("{n} cat", "{n} cats", n) }} {{ str("no") }}"""
    assert list(template_phrases(source)) == [Phrase('Say "hi"'), Phrase("Send", button=True), Phrase("{n} cat", "{n} cats")]


def test_a_catalogue_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    entries = [
        Entry(Phrase('A\n"b" \\ c'), ("Ա\n«բ»",), remarks=("checked",)),
        Entry(Phrase("Go", button=True), ("Гоу",), fuzzy=True),
        Entry(Phrase("{n} x", "{n} xs"), ("1", "2", "3")),
    ]
    path = tmp_path / "dragoman.po"
    path.write_text(written("ru", entries), encoding="utf-8")
    assert list(read(path).values()) == entries


def test_fuzzy_and_empty_phrases_are_not_said(tmp_path: Path) -> None:
    path = tmp_path / "dragoman.po"
    path.write_text(written("ru", [Entry(Phrase("a"), ("А",), fuzzy=True), Entry(Phrase("b")), Entry(Phrase("c"), ("В",))]), encoding="utf-8")
    assert phrases(path) == {"c": ("В",)}


def test_extraction_keeps_translations_and_drops_what_is_gone() -> None:
    kept = {"a": Entry(Phrase("a"), ("А",)), "gone": Entry(Phrase("gone"), ("Б",)), "n": Entry(Phrase("n"), ("В",))}
    found = merged([Phrase("a"), Phrase("n", "ns"), Phrase("new")], kept)
    assert found == [Entry(Phrase("a"), ("А",)), Entry(Phrase("n", "ns")), Entry(Phrase("new"))]
