"""Papers: whether quotes and invoices can be drawn here: the library that draws them, and their letters."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from console.finding import Finding, fault, fine
from crm.documents.worker import FONTS, LAYOUTS


def papers(*, library: bool | None = None, fonts: Path = FONTS, layouts: Path = LAYOUTS) -> Iterator[Finding]:
    """What keeps documents from being drawn; `library` = whether typst is installed (None = look)."""
    there = find_spec("typst") is not None if library is None else library
    if not there:
        yield fault("documents", "typst is not installed, so no quote or invoice can be drawn", "pip install 'typst>=0.15'")
    lost = [path for path in (fonts / "DragomanSans-Regular.ttf", fonts / "DragomanSans-Bold.ttf", layouts / "paper1.typ") if not path.is_file()]
    yield from (fault("documents", f"{path.name} is missing, so documents cannot be drawn as they should", "install the product anew") for path in lost)
    if there and not lost:
        yield fine("documents", "quotes and invoices can be drawn, in all five languages")
