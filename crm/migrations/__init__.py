"""Migrations: Alembic steps from one schema version to the next, each in one transaction; a killed one leaves the old schema whole."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from crm.base import dialect


def upgrade(connection: Connection, to: str) -> None:
    """Bring a database to a version, in the transaction that is open."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    dialect.found(connection)
