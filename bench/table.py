"""The table: figures in words, on the screen and in docs/performance.md, misses included."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.machine import Machine
from bench.rounds import Figure

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGINS, ENDS = "<!-- table begins -->", "<!-- table ends -->"


def number(value: float) -> str:
    """A value with about three figures."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def bound(figure: Figure, value: float | None) -> str:
    """A target or a floor in words."""
    return "" if value is None else f"{'<=' if figure.less else '>='} {number(value)}"


def verdict(figure: Figure) -> str:
    """Whether the median is where it should be."""
    if not figure.reaches(figure.floor):
        return "BELOW THE FLOOR"
    if figure.target is None:
        return ""
    return "met" if figure.reaches(figure.target) else "missed"


def line(figure: Figure) -> str:
    """One figure on the screen."""
    floor = "" if figure.floor is None else f"floor {number(figure.floor)}"
    bounds = ", ".join(filter(None, (bound(figure, figure.target), floor)))
    said = f"{figure.name}: {number(figure.median)} {figure.unit} (worst {number(figure.worst)}, n={len(figure.values)})"
    return said + (f"  [{bounds}] {verdict(figure)}" if bounds else "") + (f"  {figure.note}" if figure.note else "")


def heading(here: Machine) -> str:
    """What machine, and when."""
    calm = f"others keep {here.busy:.1f} cores busy" + (": figures are disturbed" if here.disturbed else "")
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{date}, {here.cores} x {here.processor}, Python {here.python}, SQLite {here.sqlite}, fdatasync of 8 KB {here.sync_ms:.2f} ms, {calm}"


def rows(found: Mapping[str, Sequence[Figure]], titles: Mapping[str, str]) -> list[str]:
    """The table as lines of Markdown."""
    lines = ["| what | target | floor | median | worst round | rounds | verdict |", "|---|---|---|---|---|---|---|"]
    for name, figures in found.items():
        lines.append(f"| **{titles[name]}** | | | | | | |")
        for one in figures:
            cells = (bound(one, one.target), bound(one, one.floor), f"{number(one.median)} {one.unit}".strip(), number(one.worst), str(len(one.values)))
            lines.append(f"| {one.name.strip()} | {' | '.join(cells)} | {'; '.join(filter(None, (verdict(one), one.note)))} |")
    return lines


def keep(here: Machine, found: Mapping[str, Sequence[Figure]], titles: Mapping[str, str], sizes: str) -> None:
    """Put the table between its two marks in docs/performance.md; `sizes` says how much was measured."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGINS)
    after = rest.partition(ENDS)[2]
    told = "\n".join([BEGINS, "", f"Measured {heading(here)}. {sizes}", "", *rows(found, titles), "", ENDS])
    PAGE.write_text(before + told + after, encoding="utf-8")
