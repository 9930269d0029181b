"""The log: one line a record, no secret, no customer's words, no mark that plays with a terminal."""

import asyncio
import io
import json
import logging
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError, OperationalError

from console import log
from console.environment import Environment
from console.log import Lines, Mask, Shape, message_of, one_line, secrets_of, told
from crm.base.errors import Busy, Misconfigured

TOKEN = "7012345678:AAHxKq-Zt9_canaryCanaryCanary0123456"
WORDS = "my husband must not know"
VISITOR = "q9XcanaryZ8mB3nV7kL2jH5gF4dS6aPoIuYtReWq1Z0x"


@pytest.fixture
def loud() -> Iterator[None]:
    """Logging of a product that says everything; put back as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    before, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    yield
    root.handlers[:] = before
    root.setLevel(level)
    for name in (*log.OURS, *log.TALKATIVE):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.raiseExceptions = raising
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def line(name: str, words: object, *given: object, shape: Shape = Shape.TEXT, error: BaseException | None = None, **extra: object) -> str:
    """One record of a logger as it would be written."""
    about = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.WARNING, "x.py", 1, words, given or None, about)
    record.__dict__.update(extra)
    return Lines(shape, Mask(["petname-of-the-firm"]), "node-one").format(record)


def caught(error: BaseException) -> BaseException:
    """The same error after it was raised."""
    try:
        raise error
    except BaseException as found:
        return found


def test_a_line_for_a_person_tells_when_who_and_what() -> None:
    told_ = line("crm.inbox.process", "event %s cannot be read", 12)
    assert told_.split(" ", 1)[1] == "WARNING crm.inbox.process: event 12 cannot be read"
    assert told_.split(" ", 1)[0].endswith("Z")


def test_a_line_for_a_machine_is_one_object_with_known_fields() -> None:
    found = json.loads(line("crm.inbox.process", "event %s", 12, shape=Shape.JSON, error=caught(Busy()), event=12, account="telegram", text=WORDS))
    assert sorted(found) == ["account", "at", "error", "event", "level", "logger", "message", "node", "trace"]
    assert (found["event"], found["account"], found["node"], found["error"]) == (
        12,
        "telegram",
        "node-one",
        "Busy: Too much is waiting; try again in a second.",
    )


@pytest.mark.parametrize(
    "said",
    [
        f"https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"https://api.telegram.org/file/bot{TOKEN.replace(':', '%3A')}/photos/1.jpg",
        f"token {TOKEN}.",
        "http://127.0.0.1:1/bot100:canary/getMe",
        "postgresql://dragoman:canary@db/dragoman",
        "http://canary:p@ss@proxy:3128 failed",
        "https://t.me/shop_bot?start=c_canary0123456789abcdef",
        "https://t.me/shop_bot?x=1&start=canary",
        "/start canary0123456789",
        "POST /in/telegram/canary7c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8",
        "https://crm.example/desk/login/canaryAbCdEfGhIjKlMnOpQrStUv",
        "the payload c_canary0123456789abcd",
        "Authorization: Bearer canary",
        "{'X-Telegram-Bot-Api-Secret-Token': 'canarycanary'}",
        "password=canary-canary",
        f"secret {VISITOR} of a visitor",
        "the petname-of-the-firm",
        "the petname-of-the-firm%20".replace("-", "%2D").replace("%2D", "-"),
    ],
)
def test_no_secret_is_left_in_a_line(said: str) -> None:
    for shown in (line("dragoman", "%s", said), line("aiohttp.client", said), line("dragoman", "x", error=caught(OSError(said)))):
        assert "canary" not in shown.lower()
        assert "petname" not in shown


def test_a_secret_is_never_cut_in_half() -> None:
    assert "AAHx" not in line("dragoman", "%s", "x" * (log.LONGEST - 20) + f" {TOKEN}")
    assert "AAHx" not in line("dragoman", "%s", "x " * (log.READ_AT_MOST // 2 - 10) + TOKEN)


@pytest.mark.parametrize(
    "said",
    [
        "the bot 7012345678: is awake",
        "send:telegram waits",
        "2025-11-25 12:00:00",
        "https://crm.example/path",
        "f3b1c2d4e5a697885746352413fedcba is a file",
        "127.0.0.1:8080",
    ],
)
def test_what_is_no_secret_is_left_alone(said: str) -> None:
    assert said in line("dragoman", "%s", said)


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1b[31m", "\x00", "\x85", "\u2028", "\u202e", "\u2066", "\u200f", "\u200b", "\ud800", "\U000e0041"])
@pytest.mark.parametrize("shape", list(Shape))
def test_a_mark_that_breaks_a_line_or_turns_it_round_is_written_out(mark: str, shape: Shape) -> None:
    shown = line("dragoman", "%s", f"a{mark}b", shape=shape, account=f"x{mark}")
    assert mark not in shown
    assert shown.isprintable()
    assert shown.encode()


def test_letters_of_every_script_are_left_as_they_are() -> None:
    assert one_line("Երևան თბილისი አዲስ Ёлка") == "Երևան თბილისი አዲስ Ёлка"


@pytest.mark.parametrize(
    ("name", "words", "given", "shown"),
    [
        ("telegram.Bot", "Calling Bot API endpoint `%s` with parameters `%s`", ("sendMessage", {"text": WORDS}), "endpoint `<str>` with parameters `<dict>`"),
        ("aiogram.event", "Update id=%s is %s. Duration %d ms by bot id=%d", (7, WORDS, 3, 9), "Update id=7 is <str>. Duration 3 ms"),
        ("sqlalchemy.engine.Engine", "[%s] %r", ("cached", (WORDS,)), "[<str>] <tuple>"),
        ("aiosqlite", "executing %s", (lambda: WORDS,), "executing <function>"),
        ("aiohttp.server", "Error handling request %d%%", (WORDS,), "Error handling request"),
        ("telegram.ext", f"Update '{WORDS}'\n{WORDS}", (), "Update …"),
        ("asyncio", f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{WORDS}')>", (), "Task exception was never retrieved"),
        ("apscheduler.scheduler", 'Run time of job "%s" was missed by %s', ("compose", "0:00:01"), 'job "compose" was missed by 0:00:01'),
    ],
)
def test_of_a_librarys_line_the_wording_stays_and_what_was_put_in_goes(name: str, words: str, given: tuple[object, ...], shown: str) -> None:
    found = line(name, words, *given)
    assert shown in found
    assert WORDS not in found


def integrity() -> IntegrityError:
    return IntegrityError("INSERT INTO messages(text) VALUES (?)", (WORDS,), sqlite3.IntegrityError("UNIQUE constraint failed: messages.once"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(WORDS), "ValueError"),
        (KeyError(WORDS), "KeyError"),
        (UnicodeEncodeError("utf-8", WORDS, 0, 1, WORDS), "UnicodeEncodeError"),
        (AttributeError("'NoneType' object has no attribute 'text'"), "AttributeError: 'NoneType' object has no attribute 'text'"),
        (FileNotFoundError(2, "No such file or directory", "data/media/x"), "FileNotFoundError: [Errno 2] No such file or directory: 'data/media/x'"),
        (Misconfigured(f"nobody knows {WORDS!r} here"), "Misconfigured: nobody knows … here"),
        (Busy(f"the customer's «{WORDS}» and \"{WORDS}\" and 'a' and b'{WORDS}'"), "Busy: the customer's … and … and … and …"),
        (
            sqlite3.OperationalError('relation "notices" has no column "told" and no "ring me"'),
            'OperationalError: relation "notices" has no column "told" and no …',
        ),
        (sqlite3.OperationalError(f"database is locked\nDETAIL: {WORDS}"), "OperationalError: database is locked"),
        (ExceptionGroup("two", [ValueError(WORDS), Busy("busy")]), "ExceptionGroup: ValueError; Busy: busy"),
    ],
)
def test_of_an_error_the_words_stay_where_they_cannot_be_a_customers(error: BaseException, words: str) -> None:
    assert told(error) == words


def test_an_engines_error_is_told_without_its_rows() -> None:
    shown = line("crm.inbox.process", "event %s cannot be applied", 3, error=caught(integrity()))
    assert "IntegrityError: (sqlite3.IntegrityError) UNIQUE constraint failed: messages.once at " in shown
    assert WORDS not in shown


def test_an_error_put_into_our_own_line_is_told_by_the_same_rule() -> None:
    for place in ("%s", "%r"):
        assert line("scheduler.workers", f"inbox waits: {place}", ValueError(WORDS)).endswith("inbox waits: ValueError")
    assert line("dragoman", ValueError(WORDS)).endswith("dragoman: ValueError")


def test_a_trace_shows_our_own_places_behind_a_librarys() -> None:
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM nothing_here")
    except OperationalError as error:
        shown = line("dragoman", "it broke", error=error)
    assert re.search(r"at sqlalchemy/\S+:\d+ do_execute < tests/console/test_log.py:\d+ test_a_trace_shows", shown)
    assert len(shown) < 400


def test_a_trace_names_files_and_functions_and_what_it_came_of() -> None:
    try:
        try:
            raise KeyError(WORDS)
        except KeyError as error:
            raise Busy("no luck") from error
    except Busy as error:
        shown = line("dragoman", "it broke", error=error)
    assert "| Traceback: Busy: no luck at tests/console/test_log.py:" in shown
    assert "came of KeyError at tests/console/test_log.py:" in shown
    assert WORDS not in shown


class Stubborn(Exception):
    """An error whose words break."""

    def __str__(self) -> str:
        raise RuntimeError(WORDS)


def test_a_record_that_cannot_be_written_says_only_that() -> None:
    assert line("crm.x", "%d events", "three").endswith("a line of crm.x cannot be written: TypeError")
    assert told(Stubborn()) == "Stubborn"
    assert message_of(logging.LogRecord("telegram", 10, "x", 1, "%d and %(a)s", ("b",), None)) == "%d and %(a)s"


def test_every_secret_of_an_installation_is_known(tmp_path: Path) -> None:
    key = bytes(range(32))
    (tmp_path / "link.key").write_bytes(key)
    env = Environment(
        customer_bot_token="1:shop",
        staff_bot_token="2:desk",
        telegram_proxy="http://u:proxypw@h",
        database_url="postgresql://u:dbpw@h/x",
        data_dir=str(tmp_path),
    )
    found = secrets_of(env)
    assert {"1:shop", "2:desk", "http://u:proxypw@h", "proxypw", "dbpw", key.hex()} <= set(found)
    assert "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" in found


def test_an_installation_that_is_not_yet_made_has_fewer(tmp_path: Path) -> None:
    assert secrets_of(Environment(data_dir=str(tmp_path / "nowhere"), public_url="http://[")) == []


@pytest.mark.parametrize(("level", "shape"), [("loud", "text"), ("INFO", "xml")])
def test_a_level_or_a_shape_nobody_knows_is_refused(level: str, shape: str) -> None:
    with pytest.raises(Misconfigured, match=r"LOG_LEVEL takes DEBUG|LOG_FORMAT takes text or json"):
        log.start(level, shape)


@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize("shape", list(Shape))
def test_a_running_product_lets_no_secret_out_by_any_way(shape: Shape, capsys: pytest.CaptureFixture[str]) -> None:
    log.start("DEBUG", shape, [TOKEN])
    for name in ("aiohttp.client", "aiogram.dispatcher", "telegram.Bot", "sqlalchemy.engine.Engine", "apscheduler.executors", "aiosqlite", "crm.x"):
        logging.getLogger(name).error("POST /bot%s/x %s", TOKEN, {"text": TOKEN}, exc_info=caught(OSError(f"cannot reach /bot{TOKEN}")))
    logging.getLogger("aiohttp").debug("said at DEBUG")
    dying = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(TOKEN)))
    dying.start()
    dying.join()
    sys.excepthook(ValueError, caught(ValueError(TOKEN)), None)
    written = capsys.readouterr().err
    assert "canary" not in written.lower()
    assert [words for words in ("said at DEBUG", "a thread has ended", "the process ends") if words not in written] == []
    assert all(json.loads(one) for one in written.splitlines()) if shape is Shape.JSON else len(written.splitlines()) == 10


@pytest.mark.usefixtures("loud")
def test_libraries_speak_only_when_they_warn_unless_everything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    log.start("INFO")
    for name in ("aiohttp", "crm.inbox"):
        logging.getLogger(name).info("%s is talking", name)
    assert [one.partition("INFO ")[2] for one in capsys.readouterr().err.splitlines()] == ["crm.inbox: crm.inbox is talking"]
    log.start("DEBUG")
    for name in ("aiohttp", "sqlalchemy.engine", "aiosqlite"):
        logging.getLogger(name).info("talking")
    assert [one.partition("INFO ")[2] for one in capsys.readouterr().err.splitlines()] == ["aiohttp: talking"]


@pytest.mark.usefixtures("loud")
async def test_an_error_nobody_fetched_is_told_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    log.start("INFO")
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": caught(ValueError(WORDS)), "task": WORDS})
    written = capsys.readouterr().err
    assert "Task exception was never retrieved" in written
    assert WORDS not in written


def test_a_stream_that_cannot_take_a_line_does_not_print_the_record() -> None:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(Lines(Shape.TEXT, Mask()))
    handler.stream.close()
    before, logging.raiseExceptions = logging.raiseExceptions, False
    handler.emit(logging.LogRecord("dragoman", 20, "x", 1, TOKEN, None, None))
    logging.raiseExceptions = before
