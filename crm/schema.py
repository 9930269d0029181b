"""The schema's version: a database that is behind is brought up to date, one that is ahead is refused."""

from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from crm.base import dialect
from crm.base.db import file_of
from crm.base.errors import Misconfigured

HEAD = "0007"
STEP_SECONDS = 3600.0


def version(path: Path) -> str:
    """The schema version of a database file ("" = a new one)."""
    if not path.exists():
        return ""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            return version_at(connection)
    finally:
        engine.dispose()


def version_at(connection: Connection) -> str:
    """The schema version behind an open connection ("" = a new database)."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or ""


def behind(found: str) -> bool:
    """Whether a database has to be brought up to date; one that is ahead is refused."""
    if found > HEAD:
        raise Misconfigured(f"the database has schema {found}, this program knows {HEAD}: install the newer program")
    return found != HEAD


async def prepare(url: str, *, seconds: float = 60.0) -> bool:
    """Bring the database an address names up to date and answer whether anything was done; `seconds` = how long another program may be at it."""
    path = file_of(url)
    return bring_up_to_date(path) if path is not None else await bring_server_up_to_date(url, seconds)


def bring_up_to_date(path: Path) -> bool:
    """Migrate a file where needed and answer whether anything was done; Alembic is loaded only then."""
    if not behind(version(path)):
        return False
    from crm.migrations import upgrade

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(f"sqlite:///{path}")
    dialect.prepare(engine, writes=True)
    try:
        with engine.begin() as connection:
            upgrade(connection, HEAD)
    finally:
        engine.dispose()
    return True


async def bring_server_up_to_date(url: str, seconds: float = 60.0, *, called: str = "DATABASE_URL") -> bool:
    """Migrate a server's database where needed; of two nodes that start together, one does it. `called` = where the address was given."""
    from crm.base.postgres import arguments, async_url

    # The server's own limit ends the waiting; a step over a big table may take long, and must not be cut off again and again.
    given = {**arguments(url, seconds, "dragoman-schema"), "command_timeout": STEP_SECONDS}
    engine = create_async_engine(async_url(url), connect_args=given)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_migrated)
    except OSError as error:
        raise Misconfigured(f"the database server cannot be reached ({error.strerror or error}): look at {called}, and whether the server runs") from error
    except DBAPIError as error:
        if why := dialect.shut_out(error):
            raise Misconfigured(f"the database server refused: {why}: look at {called}") from error
        if error.connection_invalidated:
            raise Misconfigured("the connection was lost while the database was brought up to date, so nothing was changed: start again") from error
        if not dialect.may_go_again(error):
            raise
        words = f"another program has been bringing the database up to date for {seconds:.0f} seconds"
        raise Misconfigured(f"{words}: see whether it still runs, then start again") from error
    finally:
        await engine.dispose()


def _migrated(connection: Connection) -> bool:
    dialect.migrate_alone(connection)
    if not behind(version_at(connection)):
        return False
    from crm.migrations import upgrade

    upgrade(connection, HEAD)
    return True
