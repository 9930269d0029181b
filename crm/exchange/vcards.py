"""vCards: a phone's address book, as 2.1, 3.0 and 4.0 write it, with quoted-printable and charsets of old phones."""

import quopri
import re
from collections.abc import Iterator
from pathlib import Path

from crm.exchange.delimited import encoding_of, whole_lines
from crm.exchange.grid import Cells, Grid, Unreadable, bounded, row_of

HEADER = ("name", "phone", "phone 2", "phone 3", "email", "email 2", "company")
_ESCAPED = re.compile(r"\\([\\,;:nN])")
_UNFOLDED_MOST = 20_000


def _errors(encoding: str) -> str:
    """What becomes of bytes that cannot be read: kept for a card's own encoding to be tried, or replaced, where half a letter has no bytes of its own."""
    return "replace" if encoding.startswith("utf-16") else "surrogateescape"


def read_vcards(path: Path) -> Grid:
    """The people in a file of vCards."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(256 * 1024))
    return Grid("vcf", HEADER, bounded(_people(path, encoding)), encoding)


def _people(path: Path, encoding: str) -> Iterator[Cells]:
    card: dict[str, list[str]] | None = None
    with path.open(encoding="utf-8" if encoding == "armscii-8" else encoding, errors=_errors(encoding), newline=None) as file:
        for name, parameters, value in properties(whole_lines(file)):
            if name == "BEGIN" and value.upper() == "VCARD":
                card = {}
            elif name == "END" and card is not None:
                yield row_of(_row(card))
                card = None
            elif card is not None and name in ("FN", "N", "TEL", "EMAIL", "ORG", "NICKNAME"):
                card.setdefault(name, []).append(text_of(value, parameters, name))


def properties(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """The lines of a file as name, parameters and value; folded ones and soft breaks of quoted-printable are joined."""
    waiting, found = "", False
    for raw in lines:
        line = raw.rstrip("\r\n")
        if found and waiting.endswith("=") and "QUOTED-PRINTABLE" in waiting.partition(":")[0].upper():
            waiting = waiting[:-1] + line
        elif found and line[:1] in (" ", "\t"):
            waiting += line[1:]
        else:
            if found:
                yield from _property(waiting)
            waiting, found = line, True
        if len(waiting) > _UNFOLDED_MOST:  # a picture of somebody
            waiting = waiting[:_UNFOLDED_MOST]
    if found:
        yield from _property(waiting)


def _property(line: str) -> Iterator[tuple[str, str, str]]:
    head, colon, value = line.partition(":")
    if colon:
        name, _, parameters = head.partition(";")
        yield name.rpartition(".")[2].strip().upper(), parameters.upper(), value


def text_of(value: str, parameters: str, name: str) -> str:
    """What a value says."""
    charset = next((one.partition("=")[2] for one in parameters.split(";") if one.startswith("CHARSET=")), "utf-8")
    if "QUOTED-PRINTABLE" in parameters:
        value = _told(quopri.decodestring(value.encode("utf-8", "surrogateescape")), charset)
    else:
        value = _told(value.encode("utf-8", "surrogateescape"), charset if "CHARSET=" in parameters else "utf-8")
    if name == "N":
        parts = [_plain(part) for part in re.split(r"(?<!\\);", value)]
        family, given, middle = (*parts, "", "", "")[:3]
        return " ".join(filter(None, (given, middle, family)))
    if name == "ORG":
        return _plain(re.split(r"(?<!\\);", value)[0])
    return _plain(value)


def _told(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return raw.decode("utf-8", "replace")


def _plain(value: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value).strip()


def _row(card: dict[str, list[str]]) -> tuple[str, ...]:
    name = next((one for key in ("FN", "N", "NICKNAME") for one in card.get(key, ()) if one), "")
    phones = [one.removeprefix("tel:") for one in card.get("TEL", ())]
    emails = card.get("EMAIL", [])
    return (name, *_three(phones), *_three(emails)[:2], next(iter(card.get("ORG", ())), ""))


def _three(values: list[str]) -> tuple[str, str, str]:
    first, second, third = (*dict.fromkeys(values), "", "", "")[:3]
    return first, second, third


def is_vcards(head: bytes) -> bool:
    """Whether a file begins as vCards do."""
    return b"BEGIN:VCARD" in head[:400].upper().replace(b"\0", b"")


__all__ = ["HEADER", "Unreadable", "is_vcards", "properties", "read_vcards", "text_of"]
