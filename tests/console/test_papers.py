"""What `doctor` says of drawing documents: all is well here; without the library or the letters it says so and how to mend it."""

from pathlib import Path

from console.finding import Level
from console.papers import papers


def test_here_documents_can_be_drawn() -> None:
    assert [one.level for one in papers()] == [Level.FINE]


def test_without_the_library_or_the_letters_it_says_so(tmp_path: Path) -> None:
    [one] = papers(library=False)
    assert (one.level, one.mend) == (Level.FAULT, "pip install 'typst>=0.15'")
    lost = list(papers(fonts=tmp_path))
    assert [one.words.split()[0] for one in lost] == ["DragomanSans-Regular.ttf", "DragomanSans-Bold.ttf"]
    assert {one.level for one in lost} == {Level.FAULT}
