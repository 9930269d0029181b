"""The documents are true where a machine can tell: links lead somewhere, commands exist, tests that are named are there, nothing private stands in them."""

import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT, read_all

DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
UNWANTED = {
    "a word left for later": re.compile(r"\b(TO[D]O|FIX[M]E|TB[D]|XX[X])\b"),
    "the address of a package registry": re.compile(r"pypi\.org|pythonhosted|index-url|registry\.npmjs|crates\.io", re.IGNORECASE),
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\w"),
}
LARGEST_PICTURE = 300_000


@pytest.fixture(params=DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    links = (link.partition("#")[0] for link in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))))
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("what", UNWANTED)
def test_a_document_holds_nothing_unwanted(document: Path, what: str) -> None:
    assert UNWANTED[what].findall(document.read_text(encoding="utf-8")) == []


def test_every_make_command_of_a_document_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:`|^|=\S+ )make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in named if name not in targets] == []


def test_the_readme_begins_with_its_two_commands() -> None:
    [first, *_] = FENCED.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert first.splitlines()[1:-1] == ["make demo", "make test"]


def test_every_test_that_a_document_names_is_there(document: Path) -> None:
    known = {function.name for source in read_all() for function in source.functions} | {Path(source.path).stem for source in read_all()}
    assert [name for name in re.findall(r"\btest_[a-z0-9_]+", document.read_text(encoding="utf-8")) if name not in known] == []


def test_every_picture_is_shown_and_small() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert [picture.name for picture in pictures if f"docs/pictures/{picture.name}" not in readme] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > LARGEST_PICTURE] == []
