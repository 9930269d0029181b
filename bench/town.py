"""Town: a firm's database as it stands after some years: so many people known, each with a thread, a lead and a question they were asked last.

Rows are written set-based by the database itself, a million in seconds, with the same statements on both engines.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from crm.base import dialect
from crm.base.actors import Rep, Role
from crm.base.settings import Company
from crm.base.time import parse_hours
from crm.tables import metadata

ACCOUNT = "telegram"
YEAR_MS = 365 * 86_400_000
STEP = 5
FIRST = 1_000
MANAGER = Rep(1, Role.MANAGER, "Mariam", "en", "900001")
TIGRAN = Rep(2, Role.REP, "Tigran", "en", "900002")
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(:low AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :high) "
_PEOPLE = (
    text(
        _NUMBERS
        + "INSERT INTO contacts(id, root_id, name, platform_name, language, zone, created_at, marketing, last_inbound_at) "
        + "SELECT :first + i * 5, :first + i * 5, 'Person ' || i, 'Person ' || i, 'en', :zone, :past, :marketing, :past + i * :apart FROM n"
    ),
    text(
        _NUMBERS
        + "INSERT INTO identities(id, contact_id, account, external_id, last_inbound_at, created_at) "
        + "SELECT :first + i * 5 + 1, :first + i * 5, :account, CAST(i AS TEXT), :past + i * :apart, :past FROM n"
    ),
    text(
        _NUMBERS
        + "INSERT INTO conversations(id, identity_id, open_identity_id, contact_id, account, address, status, rep_id, flow_state, opened_at, last_at, "
        + "last_message_id, last_heard_id, preview, waiting_since, first_heard_at) "
        + "SELECT :first + i * 5 + 2, :first + i * 5 + 1, CASE WHEN i % 10 < :open THEN :first + i * 5 + 1 END, :first + i * 5, :account, CAST(i AS TEXT), "
        + "CASE WHEN i % 10 < :open THEN 'open' ELSE 'closed' END, CASE WHEN i % 7 < :taken THEN 1 + i % 2 END, 'phone', :past, :past + i * :apart, "
        + "1, 1, 'What does the oak table cost, and can it stand in Gyumri by Friday?', "
        + "CASE WHEN i % 10 < :open AND i % 3 = 0 THEN :past + i * :apart ELSE 0 END, :past FROM n"
    ),
    text(
        _NUMBERS
        + "INSERT INTO leads(id, contact_id, open_contact_id, conversation_id, channel, language, need, created_at) "
        + "SELECT :first + i * 5 + 3, :first + i * 5, :first + i * 5, :first + i * 5 + 2, :account, 'en', 'an oak table', :past + i * :apart FROM n"
    ),
)
_CONSENTS = text(
    _NUMBERS
    + "INSERT INTO consents(id, contact_id, purpose, scope, granted, shown, source, at) "
    + "SELECT :first + i * 5 + 4, :first + i * 5, 'marketing', '*', 1, 'May Marani send you offers?', 'bot', :past + i * :apart FROM n"
)
_STAFF = text(
    "INSERT INTO reps(id, address, name, role, language, active, available, created_at) "
    "VALUES (1, '900001', 'Mariam', 'manager', 'en', 1, 1, 0), (2, '900002', 'Tigran', 'rep', 'en', 1, 1, 0)"
)
_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Town:
    """How many people are known, how many of ten threads are open, of seven are taken, and whether all have said yes to offers."""

    people: int = 20_000
    open: int = 10
    taken: int = 0
    offers: bool = False
    account: str = ACCOUNT
    zone: str = "Asia/Yerevan"


def wall() -> int:
    """The clock on the wall: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def company() -> Company:
    """A firm that is open all week, so that the hour of the measuring does not matter."""
    hours = parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan")
    return Company(
        "Marani", ("hy", "ka", "am", "ru", "en"), "Asia/Yerevan", "AMD", "AM", hours, b"key", "https://t.me/marani_bot?start=", frozenset({"webchat"})
    )


def found(connection: Connection, town: Town) -> None:
    """Make the tables and settle everybody; the ids of what comes later are higher."""
    metadata.create_all(connection)
    dialect.found(connection)
    connection.execute(_STAFF)
    past = wall() - YEAR_MS
    given = {"first": FIRST, "past": past, "apart": YEAR_MS // (town.people + 1), "account": town.account, "zone": town.zone}
    for low in range(1, town.people + 1, _CHUNK):
        values = {**given, "low": low, "high": min(low + _CHUNK - 1, town.people), "open": town.open, "taken": town.taken, "marketing": int(town.offers)}
        for statement in (*_PEOPLE, *((_CONSENTS,) if town.offers else ())):
            connection.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement.text})
    count_on(connection, first_new(town))


def first_new(town: Town) -> int:
    """The first number of what comes after the settling."""
    return FIRST + STEP * (town.people + 1)


def count_on(connection: Connection, number: int) -> None:
    """Let the next id be `number`."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("UPDATE counters SET next = :n WHERE name = 'ids'"), {"n": number})
    else:
        connection.execute(text("SELECT setval('ids', :n)"), {"n": number})


def thread_of(person: int) -> int:
    """The number of a known person's conversation."""
    return FIRST + person * STEP + 2


def build(path: Path, town: Town) -> Path:
    """Write a town's database file; one that is there already is taken as it is."""
    if path.exists():
        return path
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{fresh}")
    dialect.prepare(engine, writes=True)
    with engine.begin() as connection:
        found(connection, town)
    engine.dispose()  # the last connection takes the log into the file
    fresh.rename(path)
    return path


def copy(template: Path, path: Path) -> Path:
    """A fresh copy of a town, for one run."""
    for old in path.parent.glob(path.name + "*"):
        old.unlink()
    shutil.copy(template, path)
    return path
