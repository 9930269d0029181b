"""`web-link`: a one-time link to the staff inbox, printed on the server: the way in when Telegram is down."""

import asyncio
import secrets
import time

from console.environment import Environment
from crm.base.actors import Rep, System
from crm.base.db import Session, look, open_store
from crm.base.errors import Misconfigured
from crm.people.logins import LOGIN_MS, Letterbox, issue
from crm.people.reps import reps
from crm.schema import HEAD, version_at

FOLDER = "logins"
"""The folder inside DATA_DIR where links wait for the running product, which alone may write its database file."""


def run(env: Environment, who: str) -> int:
    """Print a link that logs one member of staff in, once, within 5 minutes; the product may be running."""
    if not env.on_server and not env.database.exists():
        raise Misconfigured(f"there is no database at {env.database} yet: start the product once, or set DATABASE_URL")
    member, secret, now = chosen(look(env.database_url, staff), who), secrets.token_urlsafe(24), time.time_ns() // 1_000_000
    if env.on_server:
        asyncio.run(write_link(env.database_url, member.id, secret, now=now))
    else:
        Letterbox(env.folder / FOLDER).drop(secret, member.id, now=now)
    print(f"For {member.name}, once, within {LOGIN_MS // 60_000} minutes:\n\n  {address(env)}/login/{secret}\n")
    return 0


def staff(session: Session) -> list[Rep]:
    """The staff; refused where the tables are not there, or not those that this program knows."""
    if (found := version_at(session.connection())) != HEAD:
        raise Misconfigured(f"the database has schema {found or 'none'}, this program knows {HEAD}: start the product once, or install the newer program")
    return reps(session)


async def write_link(url: str, rep_id: int, secret: str, *, now: int) -> None:
    """Make a link good in a database that several processes may write."""
    store = open_store(url)
    try:
        await store.write(lambda session: issue(session, System("console"), rep_id, secret, now=now))
    finally:
        await store.close()


def chosen(staff: list[Rep], who: str) -> Rep:
    """The member meant by a name, a number here or a number on Telegram; refused with the choice when it is not clear who."""
    found = [rep for rep in staff if who in (str(rep.id), rep.address)] or [rep for rep in staff if rep.name.casefold() == who.strip().casefold()]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{rep.name} ({rep.id})" for rep in found or staff) or "nobody: run `python main.py invite manager`"
    raise Misconfigured(f"{who!r} is {'more than one' if found else 'not one'} of the staff; there is {listed}")


def address(env: Environment) -> str:
    """Where the staff inbox is: at the public address, or on this very machine."""
    host = "127.0.0.1" if env.http_host in ("0.0.0.0", "::", "") else env.http_host
    return f"{env.public_url.rstrip('/') or f'http://{host}:{env.port}'}/desk"
