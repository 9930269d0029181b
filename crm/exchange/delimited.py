"""Delimited: a table in a text file, whatever its encoding and whatever parts its columns."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from crm.exchange.armscii import ARMSCII, decoded, is_armscii
from crm.exchange.grid import Cells, Grid, Unreadable, row_of, titled

SAMPLE, LINE_MOST, LINES = 256 * 1024, 200_000, 30
MARKS = (";", "\t", ",", "|")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_RUSSIAN = frozenset(range(0xC0, 0x100)) | {0xA8, 0xB8}


def read_text(path: Path) -> Grid:
    """The table in a text file."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    encoding = encoding_of(sample)
    with opened(path, encoding) as file:
        lines = [line for _, line in zip(range(LINES), whole_lines(file), strict=False)]
    mark, skip = mark_of(lines)
    if not lines:
        raise Unreadable("there is nothing in it")
    name = {"\t": "tab"}.get(mark, mark)
    return titled("csv", _rows(path, encoding, mark, skip), f"{encoding} {name}")


def encoding_of(sample: bytes) -> str:
    """The encoding of a text by its first bytes: its own mark, zeros between letters, what can be read as UTF-8, what Armenian or Russian looks like."""
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name
    even, odd = sample[0:2000:2].count(0), sample[1:2000:2].count(0)
    if max(even, odd) * 40 > len(sample[:2000]) > 7 and min(even, odd) * 10 < max(even, odd):  # letters of other scripts have no zero, spaces and digits have
        return "utf-16-be" if even > odd else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        high = [byte for byte in sample if byte >= 0x80]
        if is_armscii(high):
            return ARMSCII
        return "cp1251" if sum(byte in _RUSSIAN for byte in high) * 10 >= len(high) * 7 and len(high) * 5 > len(_letters(sample)) else "cp1252"
    return "utf-8"


def codec_of(sample: bytes) -> str:
    """The same, of what only programs of today write: never the one that has no codec."""
    found = encoding_of(sample)
    return "utf-8" if found == ARMSCII else found


def _letters(sample: bytes) -> list[int]:
    return [byte for byte in sample if byte >= 0x80 or chr(byte).isalpha()]


def opened(path: Path, encoding: str) -> TextIO:
    """A text file; what cannot be read in it is a replacement mark."""
    if encoding == ARMSCII:
        return decoded(path)
    return path.open(encoding=encoding, errors="replace", newline="")


def whole_lines(file: TextIO) -> Iterator[str]:
    """The lines of a file, none of them longer than anybody writes."""
    while line := file.readline(LINE_MOST):
        if len(line) == LINE_MOST and not line.endswith("\n"):
            raise Unreadable("a line in it is too long")
        yield line.replace("\0", "")


def mark_of(lines: list[str]) -> tuple[str, int]:
    """What parts the columns, and how many lines stand before the table only to say so."""
    if lines and lines[0].strip().lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4], 1
    return max(MARKS, key=lambda mark: _evenness(lines, mark)), 0


def _evenness(lines: list[str], mark: str) -> tuple[int, int]:
    """How many lines part into the same number of columns, and into how many."""
    counts = [len(row) for row in _parted(lines, mark) if any(row)]
    several = [count for count in counts if count > 1]
    if not several:
        return 0, 0
    usual = max(set(several), key=lambda count: (several.count(count), count))
    return several.count(usual), usual


def _parted(lines: Iterable[str], mark: str) -> Iterator[list[str]]:
    csv.field_size_limit(LINE_MOST)
    try:
        yield from csv.reader(lines, delimiter=mark)
    except csv.Error:
        return


def _rows(path: Path, encoding: str, mark: str, skip: int) -> Iterator[Cells]:
    quoted = _balanced(path, encoding, mark)
    with opened(path, encoding) as file:
        lines = whole_lines(file)
        for _ in range(skip):
            next(lines, None)
        reader = csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        try:
            for row in reader:
                yield row_of(row)
        except csv.Error as error:
            raise Unreadable(f"line {reader.line_num} cannot be read") from error


def _balanced(path: Path, encoding: str, mark: str) -> bool:
    """Whether the quotes of a file are closed: an open one would swallow every row behind it."""
    longest = 0
    with opened(path, encoding) as file:
        reader, before = csv.reader(whole_lines(file), delimiter=mark), 0
        try:
            for _ in reader:
                longest, before = max(longest, reader.line_num - before), reader.line_num
        except csv.Error:
            return False
    return longest < 200
