"""Grid: a table as it was found in a file: what the columns are called, then the rows; bounded in every direction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crm.base.asked import plain
from crm.base.errors import Invalid
from crm.base.text import clean
from crm.exchange.synonyms import known

ROWS_MOST, COLUMNS_MOST, CELL_MOST, TITLE_MOST = 200_000, 100, 2_000, 80
PREAMBLE = 10
"""How many lines of words may stand above the names of the columns."""
Cells = tuple[str, ...]


class Unreadable(Invalid):
    """This file cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `how` says how it was read (the encoding, what parts the columns), `rows` come once."""

    kind: str
    header: Cells
    rows: Iterator[Cells] = field(compare=False)
    how: str = ""


def cell(value: str) -> str:
    """What a cell says: one space for many, nothing that cannot be stored, at most 2,000 characters."""
    return " ".join(clean(value[: CELL_MOST * 2], CELL_MOST).split())


def row_of(values: Sequence[str]) -> Cells:
    """A row of cells, at most a hundred."""
    return tuple([cell(value) for value in values[:COLUMNS_MOST]])


def titled(kind: str, rows: Iterator[Cells], how: str = "") -> Grid:
    """A table whose first rows tell whether they name the columns; rows without a word are passed over."""
    filled = (row for row in rows if any(row))
    first: list[Cells] = []
    for row in filled:
        first.append(row)
        if len(first) > PREAMBLE:
            break
    if not first:
        raise Unreadable("there is nothing in it")
    place = header_at(first)
    body = _after(first[place + 1 :] if place is not None else first, filled)
    wide = max(len(row) for row in first)
    names = first[place] if place is not None else ()
    header = tuple([(names[n] if n < len(names) else "")[:TITLE_MOST] or f"#{n + 1}" for n in range(wide)])
    return Grid(kind, header, bounded(body), how)


def _after(first: Sequence[Cells], rest: Iterator[Cells]) -> Iterator[Cells]:
    yield from first
    yield from rest


def bounded(rows: Iterator[Cells]) -> Iterator[Cells]:
    """The rows, as long as there are not too many."""
    for number, row in enumerate(rows):
        if number == ROWS_MOST:
            raise Unreadable(f"it has more than {ROWS_MOST} rows: take it in parts")
        yield row


def header_at(first: Sequence[Cells]) -> int | None:
    """Which of the first rows names the columns: the one with most names that we know, or else a first row unlike those below; None = none does."""
    scores = [sum(bool(known(plain(one))) for one in row if one) for row in first]
    best = max(range(len(first)), key=lambda place: (scores[place], -place))
    if scores[best]:
        return best
    return 0 if len(first) > 1 and not _telling(first[0]) and any(map(_telling, first[1:])) else None


def _telling(row: Cells) -> bool:
    """Whether a row holds a number or an address, as names of columns do not."""
    return any("@" in one or sum(mark.isdecimal() for mark in one) >= 5 for one in row)
