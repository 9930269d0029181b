"""The catalogues are whole: every phrase of the code is said in every language, with its own places, and short where it stands on a button."""

import re

import pytest

from crm.base.i18n import PLURALS, catalogue
from crm.locale.extract import TRANSLATED, Entry, merged, read, spoken, written

PLACE = re.compile(r"\{(\w+)\}")
LABEL = 24
MEND = "run `python -m crm.locale.extract`, then translate what is empty"
SAME = {line for line in (catalogue("hy").parents[2] / "same.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def entries(language: str) -> list[Entry]:
    return list(read(catalogue(language)).values())


def test_every_phrase_of_the_code_stands_in_the_catalogue_and_no_other(entries: list[Entry]) -> None:
    assert [entry.phrase for entry in sorted(entries, key=lambda entry: entry.phrase)] == spoken(), MEND


def test_a_catalogue_is_written_as_extraction_writes_it(language: str) -> None:
    path = catalogue(language)
    assert path.read_text(encoding="utf-8") == written(language, merged(spoken(), read(path))), MEND


def test_every_phrase_is_translated_and_none_is_fuzzy(language: str, entries: list[Entry]) -> None:
    count = PLURALS[language][0]
    bad = [entry.phrase.one for entry in entries if entry.fuzzy or not all(entry.forms) or len(entry.forms) != (count if entry.phrase.other else 1)]
    assert bad == [], MEND


def test_a_translation_has_the_places_of_its_phrase(entries: list[Entry]) -> None:
    bad = [(entry.phrase.one, form) for entry in entries for form in entry.forms if form and set(PLACE.findall(form)) != _places(entry)]
    assert bad == []


def _places(entry: Entry) -> set[str]:
    return set(PLACE.findall(entry.phrase.other or entry.phrase.one))


def test_a_translation_is_not_english_unless_it_is_allowed(entries: list[Entry]) -> None:
    same = [entry.phrase.one for entry in entries for form in entry.forms if form in {entry.phrase.one, entry.phrase.other} and _has_words(form)]
    assert [phrase for phrase in same if phrase not in SAME] == []


def _has_words(phrase: str) -> bool:
    return any(mark.isalpha() for mark in PLACE.sub("", phrase))


def test_the_longest_button_has_24_characters(entries: list[Entry]) -> None:
    labels = [label for entry in entries if entry.phrase.button for label in (entry.phrase.one, *entry.forms)]
    assert labels
    assert [label for label in labels if len(label) > LABEL] == []


def test_every_allowed_phrase_is_still_said() -> None:
    assert {phrase.one for phrase in spoken()} >= SAME
