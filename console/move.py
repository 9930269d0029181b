"""`move`: takes the company from its file to a PostgreSQL server; the file stays as it is."""

import asyncio
import sys

from console.environment import Environment
from crm.base.db import hold
from crm.base.errors import Misconfigured
from crm.base.postgres import parsed


def run(env: Environment, to: str) -> int:
    """Copy every row, with progress, and say what to do next; may be stopped and run again."""
    from crm.move import move

    try:
        shown = parsed(to).render_as_string(hide_password=True)
    except Misconfigured as error:
        raise Misconfigured("a company moves to a server: python main.py move postgresql://user:password@host/database") from error
    if not env.database.exists():
        raise Misconfigured(f"there is no database at {env.database} to move")
    lock = hold(env.database)  # while it is held the product cannot start, so nothing is written behind the copy
    try:
        total = asyncio.run(move(env.database, to, told))
    finally:
        release(lock)
    print(f"\n{total} rows stand in {shown}, counted on both sides.")
    print("Next: set DATABASE_URL to that address, start the product, and keep the old file until you have seen it work.")
    return 0


def release(lock: int) -> None:
    """Let the file go."""
    import os

    os.close(lock)


def told(table: str, done: int, wanted: int) -> None:
    """One line a table, rewritten while it grows."""
    end = "\n" if done >= wanted else "\r"
    print(f"  {table:16} {done:>9} of {wanted}", end=end, flush=True, file=sys.stderr)
