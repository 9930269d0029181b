"""XLSX: the first sheet of a workbook, read as the bytes come: no entities, no second document, and never more unpacked than a bound."""

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from xml.parsers import expat

from crm.exchange.grid import CELL_MOST, COLUMNS_MOST, Cells, Grid, Unreadable, row_of, titled

UNPACKED_MOST, STRINGS_MOST, PIECE, PARTS_MOST = 400_000_000, 2_000_000, 64 * 1024, 2_000
_DATES = frozenset({14, 15, 16, 17, 22, 27, 30, 36, 45, 46, 47, 50, 57})
_DATE_CODE = re.compile(r"[ymd]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_COLUMN = re.compile(r"[A-Z]{1,3}")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's dates have no zone


def read_xlsx(path: Path) -> Grid:
    """The table in the first sheet of a workbook."""
    try:
        with zipfile.ZipFile(path) as book:
            if sum(one.file_size for one in book.infolist()) > UNPACKED_MOST or len(book.infolist()) > PARTS_MOST:
                raise Unreadable("it unpacks to too much")
            names = set(book.namelist())
            if "xl/workbook.xml" not in names:
                raise Unreadable("it is no Excel workbook")
            words = _strings(book) if "xl/sharedStrings.xml" in names else []
            dates = _date_styles(book) if "xl/styles.xml" in names else frozenset()
            sheet = _first_sheet(book, names)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, expat.ExpatError) as error:
        raise Unreadable(f"the workbook cannot be unpacked: {error}") from error
    return titled("xlsx", _rows(path, sheet, words, dates), "xlsx")


class Reader:
    """Hands a part of a workbook to expat piece by piece; counts what it unpacks."""

    def __init__(self, file: IO[bytes], begun: Callable[[str, dict[str, str]], None], ended: Callable[[str], None], said: Callable[[str], None]) -> None:
        self._file, self._left = file, UNPACKED_MOST
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = lambda name, about: begun(name.rpartition(":")[2], about)
        self._parser.EndElementHandler = lambda name: ended(name.rpartition(":")[2])
        self._parser.CharacterDataHandler = said
        self._parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise Unreadable("it declares a document type, as no workbook does")

    def pieces(self) -> Iterator[None]:
        """Read on, a piece at a time."""
        while piece := self._file.read(PIECE):
            self._left -= len(piece)
            if self._left < 0:
                raise Unreadable("it unpacks to too much")
            self._parser.Parse(piece)
            yield
        self._parser.Parse(b"", True)
        yield


def _nothing(*_: object) -> None:
    """What is not looked at."""


def _strings(book: zipfile.ZipFile) -> list[str]:
    found: list[str] = []
    now: list[str] = []
    inside = {"t": False, "rPh": False}

    def begun(name: str, _: dict[str, str]) -> None:
        if name == "si":
            now.clear()
        elif name in inside:
            inside[name] = True

    def ended(name: str) -> None:
        if name == "si":
            if len(found) == STRINGS_MOST:
                raise Unreadable("it has too many words")
            found.append("".join(now)[:CELL_MOST])
        elif name in inside:
            inside[name] = False

    def said(text: str) -> None:
        if inside["t"] and not inside["rPh"] and len(now) < CELL_MOST:
            now.append(text[:CELL_MOST])

    with book.open("xl/sharedStrings.xml") as file:
        for _ in Reader(file, begun, ended, said).pieces():
            pass
    return found


def _date_styles(book: zipfile.ZipFile) -> frozenset[int]:
    """The styles that show a number as a date."""
    own: set[int] = set()
    styles: list[int] = []
    within = [False]

    def begun(name: str, about: dict[str, str]) -> None:
        if name == "numFmt" and _DATE_CODE.search(_QUOTED.sub("", about.get("formatCode", ""))):
            own.add(int(about.get("numFmtId", "0")))
        elif name == "cellXfs":
            within[0] = True
        elif name == "xf" and within[0]:
            styles.append(int(about.get("numFmtId", "0")))

    def ended(name: str) -> None:
        if name == "cellXfs":
            within[0] = False

    with book.open("xl/styles.xml") as file:
        for _ in Reader(file, begun, ended, _nothing).pieces():
            pass
    return frozenset(place for place, form in enumerate(styles) if form in _DATES or form in own)


def _first_sheet(book: zipfile.ZipFile, names: set[str]) -> str:
    """The part that holds the first sheet, as the workbook orders them."""
    first: list[str] = []
    targets: dict[str, str] = {}

    def sheet(name: str, about: dict[str, str]) -> None:
        if name == "sheet" and about.get("state", "visible") == "visible":
            first.append(about.get("r:id", ""))

    def relation(name: str, about: dict[str, str]) -> None:
        if name == "Relationship":
            targets[about.get("Id", "")] = about.get("Target", "")

    for part, heard in (("xl/workbook.xml", sheet), ("xl/_rels/workbook.xml.rels", relation)):
        if part in names:
            with book.open(part) as file:
                for _ in Reader(file, heard, _nothing, _nothing).pieces():
                    pass
    target = targets.get(first[0] if first else "", "")
    path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    found = path if path in names else next((name for name in sorted(names) if name.startswith("xl/worksheets/sheet")), "")
    if not found:
        raise Unreadable("it has no sheet")
    return found


class Sheet:
    """Gathers the rows of a sheet while expat reads it."""

    def __init__(self, words: list[str], dates: frozenset[int]) -> None:
        self._words, self._dates = words, dates
        self.rows: list[Cells] = []
        self._row: dict[int, str] = {}
        self._column, self._kind, self._style, self._text, self._saying = -1, "", 0, "", False

    def begun(self, name: str, about: dict[str, str]) -> None:
        """An element begins."""
        if name == "row":
            self._row, self._column = {}, -1
        elif name == "c":
            self._column = column_of(about.get("r", ""), self._column + 1)
            self._kind, self._text = about.get("t", "n"), ""
            style = about.get("s", "0")
            self._style = int(style) if style.isdecimal() else 0
        elif name in ("v", "t"):
            self._saying = True

    def said(self, text: str) -> None:
        """Words of a cell."""
        if self._saying and len(self._text) < CELL_MOST:
            self._text += text

    def ended(self, name: str) -> None:
        """An element ends."""
        if name in ("v", "t"):
            self._saying = False
        elif name == "c" and 0 <= self._column < COLUMNS_MOST:
            self._row[self._column] = self._value()
        elif name == "row":
            wide = max(self._row, default=-1) + 1
            self.rows.append(row_of([self._row.get(place, "") for place in range(wide)]))

    def _value(self) -> str:
        text = self._text.strip()
        if self._kind == "s":
            return self._words[int(text)] if text.isdecimal() and int(text) < len(self._words) else ""
        if self._kind == "b":
            return "yes" if text == "1" else "no"
        return number_of(text, date=self._style in self._dates) if self._kind == "n" else "" if self._kind == "e" else text


def column_of(reference: str, otherwise: int) -> int:
    """The place of a cell called B7: 1."""
    found = _COLUMN.match(reference)
    if not found:
        return otherwise
    place = 0
    for letter in found[0]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def number_of(text: str, *, date: bool) -> str:
    """A number as people write it: a phone without a point or an exponent, a date as YYYY-MM-DD."""
    try:
        value = float(text)
    except ValueError:
        return text
    if date and 0 < value < 2_958_466:
        return (_DAY_ZERO + timedelta(days=value)).strftime("%Y-%m-%d")
    if value.is_integer() and abs(value) < 10**16:
        return str(int(value))
    return repr(round(value, 6)) if abs(value) < 10**9 else text


def _rows(path: Path, part: str, words: list[str], dates: frozenset[int]) -> Iterator[Cells]:
    sheet = Sheet(words, dates)
    try:
        with zipfile.ZipFile(path) as book, book.open(part) as file:
            for _ in Reader(file, sheet.begun, sheet.ended, sheet.said).pieces():
                yield from sheet.rows
                sheet.rows = []
    except (zipfile.BadZipFile, expat.ExpatError, OSError, EOFError, ValueError) as error:
        raise Unreadable(f"the sheet cannot be read: {error}") from error
