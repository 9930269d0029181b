"""Support lines: what stands in the file for whoever helps. Nothing that anybody has typed is let through: only words of the program's own, and numbers.

An account is told by its kind, an error by the name of its class, a refusal by its `Reason`; whatever is none of those is "other".
"""

import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import column, func, inspect, select, table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm.base.installation import held_since
from crm.base.jobs import LIVE, Job, JobState
from crm.base.nodes import nodes
from crm.base.outbound import Lane, Reason
from crm.base.table import Base
from crm.base.time import DAY, MINUTE, SECOND
from crm.outbox.deliveries import Delivery, State
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.reports.books import check
from crm.reports.promises import promises

RECENT, BROKEN_MOST = 7 * DAY, 20
OTHER = "other"
OWN_KINDS = frozenset({"staff", "documents", "backup", "hooks", PRACTICE})
TROUBLED = (State.FAILED.value, State.UNKNOWN.value, State.EXPIRED.value)
SUBJECTS = frozenset(
    {"conversation", "message", "contact", "lead", "campaign", "alias", "order", "orders", "payment", "product", "document", "documents", "account"}
)
NUMBERED = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}")
# The inbox stands above the exchange and is never imported here: its two tables are named, not mapped.
_events = table("raw_events", column("id"), column("account"), column("received_at"))
_waiting = table("waiting", column("event_id"), column("parked"), column("error"))
_schema = table("alembic_version", column("version_num"))


@dataclass(frozen=True, slots=True)
class About:
    """What the database does not know: the program's version, the kinds of accounts it knows, the accounts that are set up, the
    findings of the doctor as marks and subjects, the names of the settings that are set.
    """

    version: str = ""
    kinds: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is made of besides the database; `health` is which accounts did well."""

    about: About
    health: Mapping[str, bool] = field(default_factory=dict)
    now: int = 0


def nothing_about() -> About:
    """Nobody says more than the database knows."""
    return About()


def head(looked: Looked) -> list[str]:
    """What it is, the versions of what runs it, and what the doctor finds."""
    at, about = datetime.fromtimestamp(looked.now / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC"), looked.about
    system = f"{platform.system()} on {platform.machine()}"
    return [
        f"Dragoman, for whoever helps. Made {at}.",
        "No names, phones, addresses, messages, passwords or paths are in here: only words of the program, and numbers.",
        *_titled("VERSIONS", [f"Dragoman {_numbered(about.version)}", f"Python {platform.python_version()}", system]),
        *_titled("SETTINGS THAT ARE SET (names only)", about.settings or ["not looked at"]),
        *_titled("DOCTOR", about.findings or ["not looked at"]),
        *_titled("LOG", ["The product writes its log to standard error and keeps no file of it. Ask the machine: journalctl, or docker logs."]),
    ]


def engine(session: Session, looked: Looked) -> list[str]:
    """The engine, the schema, and whether sending is on hold."""
    here = session.connection()
    found = ".".join(map(str, (here.dialect.server_version_info or ())[:3]))
    schema = session.scalar(select(_schema.c.version_num)) if inspect(here).has_table("alembic_version") else ""
    since = held_since(session)
    held = f"on hold for {_age(looked.now - since)}" if since else "not on hold"
    return _titled("DATABASE", [f"{here.dialect.name} {found or OTHER}", f"schema {_numbered(str(schema or ''))}", f"sending is {held}"])


def channels(session: Session, looked: Looked) -> list[str]:
    """The accounts that are set up, by kind."""
    known = sorted({*looked.health, *looked.about.accounts})
    name, states = labels(known, looked.about.kinds), {True: "well", False: "NOT WELL", None: "set up"}
    return _titled("CHANNELS", [f"{name(account)}: {states[looked.health.get(account)]}" for account in known] or ["not looked at"])


def tables(session: Session, looked: Looked) -> list[str]:
    """How many rows each table has."""
    known = sorted((one for one in Base.metadata.sorted_tables if one.name != "alembic_version"), key=lambda one: one.name)
    there = set(inspect(session.connection()).get_table_names())
    counts = [session.scalar(select(func.count()).select_from(one)) if one.name in there else "is not there" for one in known]
    return _titled("ROWS", [f"{one.name}: {count}" for one, count in zip(known, counts, strict=True)])


def books(session: Session, looked: Looked) -> list[str]:
    """Whether the books balance; of a problem only what it is about."""
    found = check(session)
    name = labels((one.account for one in found.accounts), looked.about.kinds)
    lines = []
    for one in found.accounts:
        came = f"kept {one.kept}, waiting {one.waiting}, done {one.done}, parked {one.parked}, ignored {one.ignored}, dropped {one.dropped}"
        went = ", ".join(f"{amount} {state}" for state, amount in one.deliveries if state in set(State))
        lines.append(f"{name(one.account)}: {came}; deliveries {one.created}{': ' if went else ''}{went}")
    accounts = {one.account for one in found.accounts}
    subjects = Counter(_subject(problem, accounts) for problem in found.problems)
    wrong = [f"problem with {subject}: {amount}" for subject, amount in sorted(subjects.items())]
    return _titled("BOOKS", [*lines, *wrong, "The books balance." if found.balanced else "The books do NOT balance."])


def parked(session: Session, looked: Looked) -> list[str]:
    """What could not be read, by account and kind of error."""
    question = select(_events.c.account, _waiting.c.error, _events.c.received_at).join(_events, _events.c.id == _waiting.c.event_id)
    rows = session.execute(question.where(_waiting.c.parked == 1)).all()
    name = labels((row.account for row in rows), looked.about.kinds)
    counts = Counter((name(row.account), error_kind(row.error or "")) for row in rows)
    oldest = [f"the oldest came {_age(looked.now - min(row.received_at for row in rows))} ago"] if rows else []
    return _titled("PARKED", [*(f"{account}: {amount} × {kind}" for (account, kind), amount in sorted(counts.items())), *oldest] or ["nothing"])


def failed(session: Session, looked: Looked) -> list[str]:
    """What did not arrive in the last week, by account, state and reason."""
    question = select(Delivery.account, Delivery.state, Delivery.detail, func.count().label("amount"))
    recent = (Delivery.state.in_(TROUBLED), Delivery.settled_at > looked.now - RECENT)
    rows = session.execute(question.where(*recent).group_by(Delivery.account, Delivery.state, Delivery.detail)).all()
    name = labels((row.account for row in rows), looked.about.kinds)
    counts = Counter[tuple[str, str, str]]()
    for row in rows:
        counts[name(row.account), row.state, reason(row.detail or "")] += row.amount
    return _titled(
        "NOT DELIVERED IN SEVEN DAYS", [f"{account}: {amount} {state}, {why}" for (account, state, why), amount in sorted(counts.items())] or ["nothing"]
    )


def works(session: Session, looked: Looked) -> list[str]:
    """Long works that broke, the newest first, and how many wait."""
    broken = select(Job).where(Job.state == JobState.FAILED.value).order_by(Job.id.desc()).limit(BROKEN_MOST)
    lines = [f"{one.kind}: broke {_age(looked.now - one.ended_at)} ago after {one.tries} tries, {error_kind(one.words)}" for one in session.scalars(broken)]
    waits = session.scalar(select(func.count()).select_from(Job).where(Job.state.in_(LIVE)))
    return _titled("LONG WORKS", [*lines, f"waiting or running: {waits}"])


def queues(session: Session, looked: Looked) -> list[str]:
    """What waits to be read and to be sent, and how long."""
    found = promises(session, now=looked.now)
    name = labels((one.account for one in found.queues), looked.about.kinds)
    lines = [f"to be read, {'staff' if one.desk else 'customers'}: {one.amount}, the oldest {_age(one.oldest_ms)}" for one in found.waits]
    lines += [f"to be sent, {name(one.account)}, {Lane(one.lane).name.lower()}: {one.amount}, late by {_age(one.late_ms)}" for one in found.queues]
    held = sum(one.held for one in found.leases)
    return _titled("QUEUES", [*lines, f"leases: {held} of {len(found.leases)} are held, they changed hands {sum(one.changes for one in found.leases)} times"])


def processes(session: Session, looked: Looked) -> list[str]:
    """The processes that work on the database."""
    seen = nodes(session, now=looked.now)
    lines = [
        f"node {place}: version {_numbered(one.version)}, heard of {max(0, one.silent_ms) // SECOND} s ago, holds {len(one.holds)}"
        for place, one in enumerate(seen, 1)
    ]
    return _titled("NODES", lines or ["one process at most"])


Section = Callable[[Session, Looked], list[str]]
SECTIONS: tuple[Section, ...] = (engine, channels, tables, books, parked, failed, works, queues, processes)


def part(section: Section, session: Session, looked: Looked) -> list[str]:
    """A part of the file; one that cannot be read, as in a database of another version, says so by the class of the error and keeps nothing else back."""
    try:
        with session.begin_nested():
            return section(session, looked)
    except DBAPIError as error:
        return _titled(getattr(section, "__name__", OTHER).upper(), [f"could not be read: {type(error).__name__}"])


def labels(accounts: Iterable[str], kinds: frozenset[str]) -> Callable[[str], str]:
    """What accounts are called here: by their kind, and numbered where a kind has several or one has a name; pure."""
    known = sorted(set(accounts))
    kind_of = {account: kind if (kind := account.partition(":")[0]) in kinds | OWN_KINDS else OTHER for account in known}
    alike = Counter(kind_of.values())
    place = Counter[str]()
    named: dict[str, str] = {}
    for account, kind in kind_of.items():
        place[kind] += 1
        named[account] = kind if alike[kind] == 1 else f"{kind} {place[kind]}"
    return lambda account: named.get(account, OTHER)


def error_kind(words: str) -> str:
    """The class of an error by what was kept of it: nothing but the name of a class that there is."""
    name = words.partition(":")[0].strip()
    return name if name in _errors() else "another error"


def reason(detail: str) -> str:
    """Why something did not arrive: one of our reasons, or the class of an error."""
    first = detail.partition(":")[0].strip()
    return first if first in set(Reason) else error_kind(detail) if first in _errors() else OTHER


@cache
def _errors() -> frozenset[str]:
    return frozenset(_names(BaseException))


def _names(kind: type[BaseException]) -> Iterator[str]:
    yield kind.__name__
    for below in type.__subclasses__(kind):
        yield from _names(below)


def _subject(problem: str, accounts: set[str]) -> str:
    first = "account" if any(problem.startswith(f"{one}: ") for one in accounts) else problem.partition(" ")[0]
    return first if first in SUBJECTS else OTHER


def _numbered(version: str) -> str:
    return version if NUMBERED.fullmatch(version) or (version.isdecimal() and len(version) <= 6) else "unknown"


def _age(duration: int) -> str:
    """A time in whole units."""
    return f"{duration // DAY} d" if duration >= 2 * DAY else f"{duration // MINUTE} min" if duration >= 2 * MINUTE else f"{max(0, duration) // SECOND} s"


def _titled(title: str, lines: Iterable[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)]
