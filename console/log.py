"""The log: one line a record, ids instead of customers' words, and no secret in it, whatever a library says.

Our own lines are written with ids. What is not ours is trusted less: of a library's line the wording stays and what was put into it goes, and of
an error the words stay only where its kind cannot carry what a customer wrote.
"""

import base64
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

from console import environment
from console.answers import LOG_LEVELS
from console.environment import Environment
from crm.base.errors import Misconfigured

OURS = ("dragoman", "crm", "bots", "channels", "scheduler", "console", "web")
# Their lines name our own jobs, migrations and files of code.
TRUSTED = ("apscheduler", "alembic", "py", *OURS)
# They would say every statement with what is in it, every tick of the clock.
TALKATIVE = ("sqlalchemy", "aiosqlite", "apscheduler", "tzlocal")
FIELDS = ("account", "attempt", "campaign", "contact", "conversation", "delivery", "event", "job", "lease", "part", "rep", "seconds")
LONGEST, READ_AT_MOST = 4000, 16_000
FRAMES = 6
LEAST_SECRET = 6
ROOT = Path(__file__).resolve().parents[1]

# Their words name things of the program, never of a customer.
OF_THE_PROGRAM = (OSError, TypeError, AttributeError, NameError, ImportError, AssertionError, IndexError, RuntimeError, MemoryError)
# Their words are useful; what stands in quotation marks there may be a customer's.
KNOWN_FAMILIES = (*OURS, "aiohttp", "aiogram", "telegram", "sqlalchemy", "sqlite3", "asyncpg", "apscheduler", "asyncio", "alembic")
QUOTED = re.compile(r"((?:relation|table|column|constraint|index) \"\w+\")|(?<!\w)[bru]{0,2}'.*?'(?!\w)|\"(?:[^\"\\]|\\.)*\"|«[^»]*»|“[^”]*”")
ROWS = re.compile(r"\[parameters:.*|DETAIL:.*|\n.*", re.DOTALL)

MASKS = (
    (re.compile(r"(?<=/bot)\d+(?::|%3A)[^\s/'\"]+", re.IGNORECASE), "<token>"),
    (re.compile(r"(?<!\d)\d+(?::|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE), "<token>"),
    (re.compile(r"(?<=://)[^\s/]+(?=@)"), "<password>"),
    (re.compile(r"(?<=[?&]start=)[A-Za-z0-9_-]+"), "<link>"),
    (re.compile(r"(?<=/start )\S+"), "<link>"),
    (re.compile(r"(/in/[\w-]+/|/login/)[A-Za-z0-9_-]{16,}"), r"\1<secret>"),
    (re.compile(r"(?<![\w-])c_[A-Za-z0-9_-]{16,}"), "<link>"),
    (re.compile(r"(?i)(?<=bearer )\S+"), "<secret>"),
    (re.compile(r"(?i)((?:token|secret|password|api[_-]?key|signature)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&)}\]]{8,}"), r"\1<secret>"),
    # Long, with digits and letters of both sizes: nobody writes such a word, only machines do.
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[A-Za-z0-9_-]{32,}(?![\w-])"), "<secret>"),
)


class Shape(StrEnum):
    """How a line looks: for a person at a terminal, or one JSON object."""

    TEXT = "text"
    JSON = "json"


class Mask:
    """Takes every secret out of a text: those of this installation by their value, others by how they look."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= LEAST_SECRET for form in (secret, quote(secret, safe=""))}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, words: str) -> str:
        if self._known:
            words = self._known.sub("<secret>", words)
        for pattern, instead in MASKS:
            words = pattern.sub(instead, words)
        return words


class Words(str):
    """Words that stand for a value in a line, without quotation marks even where they are asked for."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Lines(logging.Formatter):
    """Writes a record as one line in a shape."""

    def __init__(self, shape: Shape, mask: Mask, node: str = "") -> None:
        super().__init__()
        self._shape, self._mask, self._node = shape, mask, node

    def format(self, record: logging.LogRecord) -> str:
        """One line; a record that cannot be written becomes a line that says so, because nothing may go past the mask."""
        try:
            said = {name: self._clean(words) for name, words in self._parts(record)}
        except Exception as error:  # whatever a library put into its record
            said = {"message": f"a line of {one_line(record.name)} cannot be written: {type(error).__name__}"}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._shape is Shape.JSON:
            numbers = {name: value for name in FIELDS if type(value := record.__dict__.get(name)) in (int, float)}
            return json.dumps({"at": at, "level": record.levelname, "logger": record.name, **said, **numbers}, ensure_ascii=False)
        trace = f" | Traceback: {said['error']} {said['trace']}" if "error" in said else ""
        named = "".join(f" {name}={record.__dict__[name]}" for name in FIELDS if type(record.__dict__.get(name)) in (int, float))
        named += "".join(f" {name}={said[name]}" for name in FIELDS if name in said)
        return f"{at} {record.levelname} {record.name}: {said['message']}{named}{trace}"

    def _parts(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        yield "message", message_of(record)
        if self._node:
            yield "node", self._node
        yield from ((name, value) for name in FIELDS if isinstance(value := record.__dict__.get(name), str))
        if record.exc_info and record.exc_info[1]:
            yield "error", told(record.exc_info[1])
            yield "trace", trace(record.exc_info[1])

    def _clean(self, words: str) -> str:
        """Masked first and cut then, so that no half of a secret is left."""
        if len(words) > READ_AT_MOST:
            words = words[:READ_AT_MOST].rpartition(" ")[0]
        return one_line(self._mask(words)[:LONGEST])


def one_line(words: str) -> str:
    """The words with line breaks, terminal codes, marks that turn the writing round and halves of letters written out as codes."""
    return words if words.isprintable() else "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in words)


def message_of(record: logging.LogRecord) -> str:
    """What a record says; in a library's line a type stands where something was put in that may be a customer's."""
    if isinstance(record.msg, BaseException):
        return told(record.msg)
    if within(record.name, TRUSTED):
        return logging.makeLogRecord({"msg": record.msg, "args": _each(record.args, _named)}).getMessage()
    if not record.args:
        return unquoted(str(record.msg).partition("\n")[0])
    try:
        return logging.makeLogRecord({"msg": str(record.msg), "args": _each(record.args, _reduced)}).getMessage()
    except (TypeError, ValueError, KeyError):  # a place for a number that got words instead
        return str(record.msg)


def _each(given: Any, change: Any) -> Any:
    if isinstance(given, Mapping):
        return {name: change(value) for name, value in given.items()}
    return tuple(change(value) for value in given) if isinstance(given, tuple) else given


def _named(value: Any) -> Any:
    return Words(told(value)) if isinstance(value, BaseException) else value


def _reduced(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float):
        return value
    return Words(told(value) if isinstance(value, BaseException) else f"<{type(value).__name__}>")


def told(error: BaseException) -> str:
    """An error in words: its kind, and what it says where that cannot be a customer's."""
    kind = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        return f"{kind}: {'; '.join(told(one) for one in error.exceptions[:3])}"
    try:
        words = str(error)
    except Exception:  # an error whose own words break
        return kind
    if not isinstance(error, OF_THE_PROGRAM):
        words = unquoted(ROWS.sub("", words)) if within(type(error).__module__, KNOWN_FAMILIES) else ""
    return f"{kind}: {words}" if words else kind


def unquoted(words: str) -> str:
    """The words without what stands in quotation marks; an engine's names of tables and columns stay."""
    return QUOTED.sub(lambda found: found[1] or "…", words)


def trace(error: BaseException) -> str:
    """Where an error came up and who had called, and of what it came: files and functions, no values."""
    came_of = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    here = " < ".join(_frames(error.__traceback__))
    return f"at {here or 'no place'}" + (f"; came of {told(came_of)} at {' < '.join(_frames(came_of.__traceback__))}" if came_of else "")


def _frames(found: TracebackType | None) -> list[str]:
    """Where it came up, then our own places on the way there, the nearest first."""
    places: list[str] = []
    while found:
        code = found.tb_frame.f_code
        mine = code.co_filename.startswith(f"{ROOT}/") and "site-packages/" not in code.co_filename
        if mine or found.tb_next is None:
            places.append(f"{_short(code.co_filename)}:{found.tb_lineno} {code.co_name}")
        found = found.tb_next
    return places[-FRAMES:][::-1]


def _short(path: str) -> str:
    if "site-packages/" in path:
        return path.rpartition("site-packages/")[2]
    return path.removeprefix(f"{ROOT}/") if path.startswith(f"{ROOT}/") else "/".join(Path(path).parts[-2:])


def within(name: str, families: Iterable[str]) -> bool:
    """Whether a logger or a module belongs to one of the families."""
    return name.partition(".")[0] in families


def secrets_of(env: Environment) -> list[str]:
    """Every secret of this installation: settings that are never shown, passwords inside addresses, the key behind links."""
    values = [(one.repr, str(getattr(env, one.name))) for one in fields(env)]
    found = [value for shown, value in values if value and not shown]
    found += [password for _, value in values if "://" in value and (password := _password(value))]
    found += of_channels(Path(env.channels_file))
    key = env.folder / "link.key"
    try:
        made = key.read_bytes()
    except OSError:
        return found
    return [*found, made.hex(), base64.b64encode(made).decode(), base64.urlsafe_b64encode(made).decode().rstrip("="), repr(made)[2:-1]]


def of_channels(file: Path) -> list[str]:
    """What the channels' file keeps secret: whatever its name says is, or is taken from the environment."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    here = re.findall(r"""(?im)^[ \t]*\w*(?:token|secret|password|key|refresh)\w*[ \t]*=[ \t]*\[?[ \t]*(.+)$""", text)
    plain = [value for line in here for value in re.findall(r"""["']([^"']{6,})["']""", line) if not value.startswith("env:")]
    return [*plain, *(value for name in re.findall(r"\benv:(\w+)", text) if (value := environment.variables_of().get(name)))]


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def start(level: str, shape: str = Shape.TEXT, secrets: Iterable[str] = (), node: str = "") -> None:
    """Log to standard error. Libraries speak when they warn; at DEBUG they say everything but their statements."""
    if level not in LOG_LEVELS:
        raise Misconfigured(f"LOG_LEVEL takes {', '.join(LOG_LEVELS)}, not {level!r}")
    if shape not in list(Shape):
        raise Misconfigured(f"LOG_FORMAT takes {' or '.join(Shape)}, not {shape!r}")
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(Shape(shape), Mask(secrets), node))
    logging.basicConfig(level=logging.DEBUG if level == "DEBUG" else logging.WARNING, handlers=[handler], force=True)
    logging.raiseExceptions = False  # it would print the record as it is
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    _last_words()


def _last_words() -> None:
    """What ends a thread or the process is a line too: Python would print it with every word."""
    log = logging.getLogger("dragoman")

    def of_the_process(kind: type[BaseException], error: BaseException, found: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, found)
        else:
            log.critical("the process ends", exc_info=(kind, error, found))

    def of_a_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value and not isinstance(args.exc_value, SystemExit):
            log.error("a thread has ended", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    def in_passing(args: Any) -> None:
        if args.exc_value:
            log.error("an error nobody could hear", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook, threading.excepthook, sys.unraisablehook = of_the_process, of_a_thread, in_passing
