"""What every test may ask for: a store on a real database, a company, a clock that stands still.

`--engine postgres` runs the same tests on a server of its own instead of files; `debian` on Debian's, `parts` on tables in parts (docs/scaling.md).
"""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from crm.base import dialect
from crm.base.db import SqliteStore, Store, open_store
from crm.base.settings import Company
from crm.base.time import parse_hours
from crm.tables import metadata
from tests.cluster import Cluster, Databases, blocking, from_debian, from_wheel, scripts
from tests.walks.house import SERVER

NOON = 1_764_072_000_000  # Tuesday 2025-11-25 12:00 UTC, 16:00 in Yerevan
EMPTY = "empty"
HOUSES = ("walks", "faults", "browser")  # their databases are the product's own business
# A busy machine is slow, and says nothing about the code: time limits belong to the benches.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=["sqlite", "postgres", "debian", "parts"], default="sqlite", help="where the tests' databases are")


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts us in the background has us ignore Ctrl+C, and every program that a test starts would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "file: concerns what only a database in a file has: its writer, its disk, its lock")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a server only what stands on a server is run: not what concerns a file alone, and not what stands on no database."""
    if config.getoption("--engine") == "sqlite":
        return
    again = [item for item in items if stands_on_a_server(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def stands_on_a_server(item: pytest.Item) -> bool:
    """Whether a test has a store of the engine under test, a server of its own, or a whole house."""
    if item.get_closest_marker("file"):
        return False
    asked = set(getattr(item, "fixturenames", ()))
    return bool(asked & {"store", "cluster"} and "file_store" not in asked) or item.path.parent.name in HOUSES


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The engine under test: `sqlite` or `postgres`."""
    return "sqlite" if request.config.getoption("--engine") == "sqlite" else "postgres"


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A PostgreSQL server of this run: 18 from the test dependencies, or Debian's major."""
    binaries = from_debian() if request.config.getoption("--engine") == "debian" else from_wheel()
    assert binaries, "Debian's postgresql is not installed"
    made = Cluster(binaries)
    yield made
    made.remove()


@pytest.fixture(scope="session", autouse=True)
def where_houses_stand(request: pytest.FixtureRequest, engine: str) -> Iterator[None]:
    """Houses of walks have their databases on the server under test."""
    if engine == "postgres":
        os.environ[SERVER] = request.getfixturevalue("cluster").url()
    yield
    os.environ.pop(SERVER, None)


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest, cluster: Cluster) -> str:
    """The name of a database with the whole schema and nothing in it."""

    async def make(url: str) -> None:
        from crm.base.postgres import async_url

        server = create_async_engine(async_url(url))
        async with server.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.run_sync(dialect.found)
        await server.dispose()

    blocking(make(cluster.database(EMPTY)))
    if request.config.getoption("--engine") == "parts":
        cluster.execute(scripts("scaling.md")[0], EMPTY)
    return EMPTY


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


@pytest.fixture(scope="session")
def databases(cluster: Cluster, template: str) -> Databases:
    """Empty databases on the server."""
    return Databases(cluster, template)


@pytest.fixture
def server_database(cluster: Cluster, databases: Databases) -> Iterator[str]:
    """The address of an empty database of this test's own on the server."""
    name = databases.lend()
    yield cluster.url(name)
    databases.take_back(name)


@pytest_asyncio.fixture
async def file_store(database: Path) -> AsyncIterator[SqliteStore]:
    """A store on a file, whatever the engine under test."""
    made = SqliteStore(database)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def server_store(server_database: str) -> AsyncIterator[Store]:
    """A store on a server, whatever the engine under test."""
    made = open_store(server_database)
    yield made
    await made.close()


@pytest.fixture
def store(request: pytest.FixtureRequest, engine: str) -> Store:
    """A store on this test's own database."""
    found: Store = request.getfixturevalue("server_store" if engine == "postgres" else "file_store")
    return found


@pytest.fixture
def company() -> Company:
    """A firm in Yerevan that is open all week, so that the hour of the test does not matter."""
    hours = parse_hours("mon-sun 00:00-24:00", "Asia/Yerevan")
    return Company(
        "Marani", ("hy", "ka", "am", "ru", "en"), "Asia/Yerevan", "AMD", "AM", hours, b"key", "https://t.me/marani_bot?start=", frozenset({"webchat"})
    )
