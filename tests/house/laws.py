"""The laws of the house, one function each: a source in, what breaks the law out, as "line: words"."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath

from tests.house.sources import OURS, ROOT, Source, read_all

Law = Callable[[Source], Iterator[str]]
LAWS: dict[str, Law] = {}

LEAVES = ("channels", "bots", "scheduler", "web", "console")
STAR = {**{leaf: {leaf, "crm"} for leaf in LEAVES}, "crm": {"crm"}, "sandbox": {"sandbox"}, "main": {*LEAVES, "crm", "sandbox"}}
CRM_ORDER = ("inbox", "exchange", "reports", "rules", "outreach", "projects", "sales", "documents", "conversations", "outbox", "people", "base")
CRM_JOINERS = {
    "tables": CRM_ORDER,
    "schema": (*CRM_ORDER, "migrations"),
    "migrations": (*CRM_ORDER, "tables"),
    "locale": ("base",),
    "move": (*CRM_ORDER, "schema", "tables"),
}
HOMES = {
    "aiogram": ("channels/telegram*",),
    "telegram": ("bots/staff/",),
    "apscheduler": ("scheduler/clock.py",),
    "aiohttp": ("channels/", "web/", "bots/staff/", "sandbox/", "main.py"),
    "sqlalchemy": ("crm/",),
    "alembic": ("crm/migrations/",),
}
CHECKED = ("tests/", "bench/")
# Later channels stand here too, so that nobody begins to decide by their names before they come.
LATER_CHANNELS = {"whatsapp", "instagram", "messenger", "viber", "vk", "googleads", "metaleads", "vkleads", "tilda"}
NOT_CHANNELS = {
    "__init__",
    "__pycache__",
    "base",
    "http",
    "accounts",
    "outside",
    "meta",
    "graph",
    "payload",
    "callback",
    "hooked",
    "hooks",
    "mute",
    "telephony",
    "twilio_voice",
    "leads",
    "leadfields",
    "ask",
    "choices",
}
CHANNEL_NAMES = {path.stem for path in (ROOT / "channels").iterdir() if path.suffix in ("", ".py")} - NOT_CHANNELS | LATER_CHANNELS
MADE_UP = (ast.JoinedStr, ast.BinOp, ast.Call)
STATEMENTS = {"text", "literal_column", "exec_driver_sql"}
TABLES = ("crm/tables.py", "crm/locale/", "crm/migrations/", "crm/base/words.py")
FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES, NESTING = 350, 600, 60, 4
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "service", "services", "misc"}
SKIPS = {"skip", "skipif", "xfail", "importorskip"}
GOOD_REASON = re.compile(r"\broot\b|\bchromium\b|\bfonts-\w+|\bDebian\b|\bapt\b|\bSynapse\b")
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def law(words: str) -> Callable[[Law], Law]:
    """Enter a law under the sentence that a failing test shows."""

    def enter(function: Law) -> Law:
        LAWS[words] = function
        return function

    return enter


def broken(source: Source) -> list[str]:
    """Every law a source breaks, as "path:line: words"."""
    return [f"{source.path}:{words}" for function in LAWS.values() for words in function(source)]


@law("the parts know crm, never one another")
def star(source: Source) -> Iterator[str]:
    allowed = STAR.get(source.package)
    for line, name in source.imports:
        other = name.split(".")[0]
        if allowed and other in OURS and other not in allowed:
            yield f"{line}: {source.package} may not import {name}"


@law("the customer's bot and the staff bot never meet")
def two_bots(source: Source) -> Iterator[str]:
    for mine, other in (("customer", "staff"), ("staff", "customer")):
        if source.under(f"bots/{mine}/"):
            yield from (f"{line}: bots/{mine} may not import {name}" for line, name in source.imports if within(name, f"bots.{other}"))


@law("inside crm each package imports only what stands to its right")
def crm_order(source: Source) -> Iterator[str]:
    if source.package != "crm" or source.path == "crm/__init__.py":
        return
    own = source.path.split("/")[1].removesuffix(".py")
    if own not in CRM_ORDER and own not in CRM_JOINERS:
        yield f"1: crm/{own} has no place in the order"
        return
    allowed = {own, *(CRM_JOINERS[own] if own in CRM_JOINERS else CRM_ORDER[CRM_ORDER.index(own) :])}
    for line, name in source.imports:
        parts = name.split(".")
        if parts[0] == "crm" and len(parts) > 1 and parts[1] not in allowed:
            yield f"{line}: crm/{own} may not import {name}"


@law("libraries have homes")
def homes(source: Source) -> Iterator[str]:
    for line, name in source.imports:
        places = HOMES.get(name.split(".")[0])
        if places and not source.under(*places, *CHECKED):
            yield f"{line}: {name} is at home in {', '.join(places)}"


@law("one engine's own words stand in the dialect")
def engine_words(source: Source) -> Iterator[str]:
    if source.under("crm/base/dialect.py", "crm/base/dialect_rows.py"):
        return
    yield from (f"{line}: {name}" for line, name in source.imports if within(name, "sqlalchemy.dialects"))
    if source.package == "crm" and not source.under("crm/base/"):
        for node in source.nodes:
            if isinstance(node, ast.Call) and last_name(node.func) in STATEMENTS and node.args and isinstance(node.args[0], MADE_UP):
                yield f"{node.lineno}: a statement is a constant, not put together"


@law("the console needs nothing but crm, the standard library and dotenv")
def console_is_light(source: Source) -> Iterator[str]:
    if source.package == "console":
        known = {*sys.stdlib_module_names, *OURS, "dotenv"}
        yield from (f"{line}: {name}" for line, name in source.imports if name.split(".")[0] not in known)


@law("nothing is decided by a channel's name")
def channel_names(source: Source) -> Iterator[str]:
    if not source.under("crm/", "bots/customer/", "scheduler/") or source.under(*TABLES):
        return
    for node in source.nodes:
        subject, places = deciding(node)
        for word in (word for place in places for word in ast.walk(place)):
            if isinstance(word, ast.Constant) and isinstance(word.value, str) and _is_channel(word.value, subject):
                yield f"{word.lineno}: decides by the channel's name {word.value!r}"


def _is_channel(word: str, subject: list[ast.expr]) -> bool:
    """Whether a word names a channel; "form" is also a kind of event, so it is let pass where a `kind` is asked."""
    name = word.split(":")[0]
    return name in CHANNEL_NAMES and not (name == "form" and any(last_name(part) == "kind" for part in subject))


def deciding(node: ast.AST) -> tuple[list[ast.expr], list[ast.AST]]:
    """What a node asks about, and the parts of it in which a name would decide: comparisons, cases, keys, sets, prefixes, look-ups."""
    match node:
        case ast.Compare(left=left, comparators=others):
            return [left, *others], [left, *others]
        case ast.Match(subject=subject, cases=cases):
            return [subject], [case.pattern for case in cases]
        case ast.Dict(keys=keys):
            return [], [key for key in keys if key is not None]
        case ast.Set(elts=elements):
            return [], list(elements)
        case ast.Subscript(slice=index):
            return [], [index]
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "removeprefix" | "get"), args=arguments):
            return [], list(arguments)
        case _:
            return [], []


@law("files, functions and nesting stay small")
def sizes(source: Source) -> Iterator[str]:
    if source.under(*TABLES):
        return
    lines, most = source.text.count("\n"), TEST_FILE_LINES if source.under("tests/") else FILE_LINES
    if lines > most:
        yield f"1: {lines} lines, {most} at most"
    for function in source.functions:
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            yield f"{function.lineno}: {function.name} has {length} lines, {FUNCTION_LINES} at most"
        if (depth := nesting(function.body)) > NESTING:
            yield f"{function.lineno}: {function.name} is nested {depth} deep, {NESTING} at most"


def nesting(statements: list[ast.stmt]) -> int:
    """How deep blocks stand in one another; an `elif` is no deeper than its `if`, an inner function counts by itself."""
    return max((_depth(statement) for statement in statements), default=0)


def _depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    if isinstance(statement, ast.Match):
        return 1 + max(nesting(case.body) for case in statement.cases)
    bodies = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    bodies += [handler.body for handler in getattr(statement, "handlers", [])]
    elif_depth = 0
    if isinstance(statement, ast.If) and len(statement.orelse) == 1 and isinstance(statement.orelse[0], ast.If):
        elif_depth, bodies[1] = _depth(statement.orelse[0]), []
    return max(elif_depth, 1 + max(nesting(body) for body in bodies))


@law("our own code is never mocked")
def mocks(source: Source) -> Iterator[str]:
    yield from (f"{line}: {name}" for line, name in source.imports if within(name, "unittest.mock") or within(name, "mock") or within(name, "pytest_mock"))
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in ("setattr", "setitem", "delattr") and last_name(node.value) == "monkeypatch":
            yield f"{node.lineno}: monkeypatch.{node.attr}"
        if isinstance(node, ast.arg) and node.arg == "mocker":
            yield f"{node.lineno}: mocker"


@law("a test is skipped only for want of root, of a Debian package or of Synapse, and says so")
def skips(source: Source) -> Iterator[str]:
    excused: set[int] = set()
    constants = {last_name(node.targets[0]): node.value for node in source.tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    for node in source.nodes:
        if isinstance(node, ast.Call) and _is_skip(node.func):
            given = [*node.args, *(word.value for word in node.keywords)]
            words = [ast.unparse(constants.get(last_name(one), one)) for one in given]
            if any(GOOD_REASON.search(one) for one in words):
                excused.add(id(node.func))
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and _is_skip(node) and id(node) not in excused:
            yield f"{node.lineno}: {ast.unparse(node)} without a good reason"


def _is_skip(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or node.attr not in SKIPS:
        return False
    return ast.unparse(node.value) in ("pytest", "pytest.mark")


@law("nothing unfinished is left lying")
def unfinished(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := UNFINISHED.search(line):
            yield f"{number}: {found[0]}"


@law("a file is named for what is in it")
def names(source: Source) -> Iterator[str]:
    vague = [part for part in PurePosixPath(source.path).with_suffix("").parts if VAGUE & set(part.split("_"))]
    yield from (f"1: {part} says nothing" for part in vague)


@law("modules, and what is public in them, say in one sentence what they are")
def docstrings(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree) and not (source.package == "tests" and not source.text.strip()):
        yield "1: the module has no docstring"
    if source.package in (*LEAVES, "crm") and not source.under("crm/migrations/versions/"):
        yield from _undocumented(source.tree.body, frozenset())
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not node.bases:
                yield from _undocumented(node.body, promised())


def _undocumented(statements: list[ast.stmt], known: frozenset[str]) -> Iterator[str]:
    for node in statements:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_") or node.name in known:
            continue
        if not ast.get_docstring(node) and "overload" not in map(last_name, node.decorator_list):
            yield f"{node.lineno}: {node.name} has no docstring"


@cache
def promised() -> frozenset[str]:
    """The methods of our protocols: who fulfils one need not say again what it is."""
    protocols = [node for source in read_all() for node in source.nodes if isinstance(node, ast.ClassDef) and "Protocol" in map(last_name, node.bases)]
    return frozenset(item.name for protocol in protocols for item in protocol.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))


@law("an exception is caught by its name")
def bare_except(source: Source) -> Iterator[str]:
    yield from (f"{node.lineno}: a bare except" for node in source.nodes if isinstance(node, ast.ExceptHandler) and node.type is None)


@law("a time limit is asyncio.timeout")
def wait_for(source: Source) -> Iterator[str]:
    yield from (f"{line}: {name} swallows a cancellation on 3.11" for line, name in source.imports if name == "asyncio.wait_for")
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "wait_for" and last_name(node.value) == "asyncio":
            yield f"{node.lineno}: asyncio.wait_for swallows a cancellation on 3.11"


@law("the product does not know when it is only shown")
def no_demo(source: Source) -> Iterator[str]:
    if source.package in (*LEAVES, "crm"):
        for node in source.nodes:
            if isinstance(node, ast.If | ast.IfExp) and any(last_name(part) == "demo" for part in ast.walk(node.test)):
                yield f"{node.lineno}: asks whether this is the demo"


def within(name: str, package: str) -> bool:
    """Whether an imported name is a package or something in it."""
    return name == package or name.startswith(package + ".")


def last_name(node: ast.AST) -> str:
    """The last word of a dotted name, "" for anything else."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case _:
            return ""
