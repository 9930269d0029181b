"""A chat that WhatsApp exported as text, by an Android phone or an iPhone, in any order of the day, on a clock of 12 or 24 hours; pure."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crm.exchange.chats import FILE, HEADER, WHATSAPP, Opening, numbered
from crm.exchange.delimited import codec_of, whole_lines
from crm.exchange.grid import Grid, Unreadable, bounded

_DAY = r"(?P<one>\d{1,4})[./\-](?P<two>\d{1,2})[./\-](?P<three>\d{1,4})(?:\s?(?:г|թ)?\.)?"
_HOUR = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:\s?(?P<half>[^\W\d_]{1,8}\.?(?:\s?[^\W\d_]\.?)?))?"
_PHONE = re.compile(rf"\[{_DAY},?\s{{1,3}}{_HOUR}\]\s(?P<rest>.*)", re.DOTALL)
_ANDROID = re.compile(rf"{_DAY},?\s{{1,3}}{_HOUR}\s[-–—]\s(?P<rest>.*)", re.DOTALL)  # noqa: RUF001 - phones write any of them
_MARK = "\u200e"
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\ufeff]")
_AFTER_NOON = frozenset(("pm", "p", "ከሰዓት", "ከሰዓትበኋላ", "կհ", "пп", "კვ", "შშ"))
_BEFORE_NOON = frozenset(("am", "a", "ጥዋት", "ጠዋት", "կա", "дп", "დწ"))
_ATTACHED = re.compile(r"<[^:<>]{3,40}:\s(?P<name>[^<>]{1,200})>")
_ADDED = re.compile(r"(?P<name>[^\n]{1,150}\.\w{2,5}) \([^()\n]{3,40}\)(?P<rest>\n.*)?", re.DOTALL)
_LEFT_OUT = re.compile(r"<[^<>\n]{3,60}>|[\w ]{3,40} (?:omitted|отсутствует|отсутствуют|пропущено|բաց է թողնված|გამოტოვებულია|ተዘሏል)")
_EDITED = re.compile(r"\s*<[^<>\n]{8,60}>$")
_DELETED = frozenset(
    (
        "this message was deleted",
        "you deleted this message",
        "это сообщение было удалено",
        "данное сообщение удалено",
        "вы удалили это сообщение",
        "вы удалили данное сообщение",
        "այս հաղորդագրությունը ջնջվել է",
        "դուք ջնջել եք այս հաղորդագրությունը",
        "ეს შეტყობინება წაიშალა",
        "თქვენ წაშალეთ ეს შეტყობინება",
        "ይህ መልዕክት ተሰርዟል",
        "null",
    )
)
WHO_MOST, LINES_MOST, HEAD = 60, 4000, 12


@dataclass(frozen=True, slots=True)
class Line:
    """The beginning of a message: its day as three numbers in the phone's order, its time, and the rest."""

    day: tuple[int, int, int]
    time: tuple[int, int, int]
    rest: str


def line_of(text: str) -> Line | None:
    """A line that begins a message; None for one that goes on with the message before."""
    bare = text.lstrip(_MARK + "\ufeff").replace("\u202f", " ").replace("\xa0", " ")
    found = _PHONE.match(bare) or _ANDROID.match(bare)
    if not found:
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = re.sub(r"[\s.]", "", found["half"] or "").casefold()
    if half in _AFTER_NOON:
        hour = hour % 12 + 12
    elif half in _BEFORE_NOON:
        hour %= 12
    return Line((int(found["one"]), int(found["two"]), int(found["three"])), (hour, minute, second), found["rest"])


def is_whatsapp(head: str) -> bool:
    """Whether a text begins as such a chat does."""
    first = [line for line in head.splitlines()[:HEAD] if line.strip()]
    return bool(first) and line_of(first[0]) is not None


def read_whatsapp(opening: Opening) -> Grid:
    """The messages of an exported chat; what the app itself noted in it is left out."""
    with opening() as file:
        encoding = codec_of(file.read(65_536))
    order = _order(line.day for line in _starts(opening, encoding))
    return Grid(WHATSAPP, HEADER, bounded(numbered(_messages(opening, encoding, order))), f"{encoding} {order}")


def _text(opening: Opening, encoding: str) -> Iterator[str]:
    with io.TextIOWrapper(opening(), encoding=encoding, errors="replace", newline=None) as file:
        yield from whole_lines(file)


def _starts(opening: Opening, encoding: str) -> Iterator[Line]:
    return (line for line in map(line_of, _text(opening, encoding)) if line)


def _order(days: Iterator[tuple[int, int, int]]) -> str:
    """In which order a phone wrote its days: told by a number that can be no month, or else by what goes on in time; the day first where nothing tells."""
    goes_on = {"dmy": 0, "mdy": 0}
    before: tuple[int, int, int] | None = None
    for one, two, three in days:
        if one > 31:
            return "ymd"
        if one > 12:
            return "dmy"
        if two > 12:
            return "mdy"
        if before and (one, two, three) != before:
            goes_on["dmy"] += (three, two, one) >= (before[2], before[1], before[0])
            goes_on["mdy"] += (three, one, two) >= (before[2], before[0], before[1])
        before = (one, two, three)
    return "mdy" if goes_on["mdy"] > goes_on["dmy"] else "dmy"


def at_of(line: Line, order: str) -> str:
    """When a message was said, by the phone's own clock ("" = there is no such day)."""
    year, month, day = (line.day["dmy".index(part) if order == "dmy" else "mdy".index(part) if order == "mdy" else "ymd".index(part)] for part in "ymd")
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, *line.time).isoformat()  # noqa: DTZ001 - a phone's own clock has no zone
    except ValueError:
        return ""


def _messages(opening: Opening, encoding: str, order: str) -> Iterator[tuple[str, str, str, str, str, str]]:
    began: Line | None = None
    more: list[str] = []
    for text in _text(opening, encoding):
        line = line_of(text)
        if line is None:
            more += [text] if began and len(more) < LINES_MOST else []
            continue
        yield from _message(began, more, order)
        began, more = line, []
    yield from _message(began, more, order)


def _message(line: Line | None, more: list[str], order: str) -> Iterator[tuple[str, str, str, str, str, str]]:
    if line is None or not (at := at_of(line, order)):
        return
    who, colon, words = line.rest.partition(": ")
    said = said_in("".join((words, *more)).strip())
    who = _MARKS.sub("", who).strip().removeprefix("~").strip()
    if colon and said and 0 < len(who) <= WHO_MOST and "\n" not in who:
        yield WHATSAPP, "", at, who, "", said


def said_in(text: str) -> str:
    """What was said: a file is its name behind a mark; what the app noted, and what was deleted, is nothing. Pure."""
    noted, bare = text.startswith(_MARK), _MARKS.sub("", text).strip()
    if found := _ATTACHED.fullmatch(bare.split("\n")[0]):
        return "\n".join(filter(None, (f"{FILE} {found['name']}", *bare.split("\n")[1:])))
    if found := _ADDED.fullmatch(bare):
        return f"{FILE} {found['name']}{found['rest'] or ''}"
    if _LEFT_OUT.fullmatch(bare):
        return FILE
    if noted or bare.casefold().rstrip(".") in _DELETED:
        return ""
    return _EDITED.sub("", bare) if _MARK + "<" in text else bare


__all__ = ["Unreadable", "is_whatsapp", "line_of", "read_whatsapp", "said_in"]
