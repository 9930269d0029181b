"""What every test may ask for: a store on a real database file, a company, a clock that stands still."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import create_engine

from crm.base import dialect
from crm.base.db import SqliteStore
from crm.base.settings import Company
from crm.base.time import parse_hours
from crm.tables import metadata

NOON = 1_764_072_000_000  # Tuesday 2025-11-25 12:00 UTC, 16:00 in Yerevan


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the whole schema and nothing in it; copied per test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    dialect.prepare(engine, writes=True)
    with engine.begin() as connection:
        metadata.create_all(connection)
        dialect.found(connection)
    engine.dispose()  # the last connection takes the log into the file
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    """A fresh database file of this test's own."""
    path = tmp_path / "dragoman.db"
    shutil.copy(empty_database, path)
    return path


@pytest_asyncio.fixture
async def store(database: Path) -> AsyncIterator[SqliteStore]:
    """A store on this test's own database."""
    made = SqliteStore(database)
    yield made
    await made.close()


@pytest.fixture
def company() -> Company:
    """A firm in Yerevan that is open all week, so that the hour of the test does not matter."""
    hours = parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan")
    return Company(
        "Marani", ("hy", "ka", "am", "ru", "en"), "Asia/Yerevan", "AMD", "AM", hours, b"key", "https://t.me/marani_bot?start=", frozenset({"webchat"})
    )
