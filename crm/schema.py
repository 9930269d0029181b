"""The schema's version: a database that is behind is brought up to date, one that is ahead is refused."""

from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from crm.base import dialect
from crm.base.errors import Misconfigured

HEAD = "0001"


def version(path: Path) -> str:
    """The schema version of a database file ("" = a new one)."""
    if not path.exists():
        return ""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return ""
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or ""
    finally:
        engine.dispose()


def bring_up_to_date(path: Path) -> bool:
    """Migrate where needed and answer whether anything was done; Alembic is loaded only then."""
    found = version(path)
    if found == HEAD:
        return False
    if found > HEAD:
        raise Misconfigured(f"the database has schema {found}, this program knows {HEAD}: install the newer program")
    from crm.migrations import upgrade

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(f"sqlite:///{path}")
    dialect.prepare(engine, writes=True)
    try:
        upgrade(engine, HEAD)
    finally:
        engine.dispose()
    return True
