"""`forget-pin`: takes a forgotten PIN away at the machine itself, where nobody else of the staff could; a new one is chosen in the staff bot."""

import asyncio
import time

from console.environment import Environment
from console.lock import running
from console.web_link import chosen, staff
from crm.base.actors import System
from crm.base.db import look, open_store
from crm.base.errors import Misconfigured
from crm.people.steps import forget_pin


async def forget(url: str, rep_id: int, *, now: int) -> None:
    """Take a member's PIN away; that is on record."""
    store = open_store(url)
    try:
        await store.write(lambda session: forget_pin(session, System("console"), rep_id, now=now))
    finally:
        await store.close()


def run(env: Environment, who: str) -> int:
    """Take the PIN of one member of staff away; refused while the product holds the database's file."""
    if not env.on_server and not env.database.exists():
        raise Misconfigured(f"there is no database at {env.database} yet: start the product once, or set DATABASE_URL")
    if not env.on_server and running(env.database):
        raise Misconfigured("the product runs: stop it first, or have another manager press /team, the name, Forget their PIN")
    member = chosen(look(env.database_url, staff), who)
    asyncio.run(forget(env.database_url, member.id, now=time.time_ns() // 1_000_000))
    print(f"{member.name} has no PIN now: they choose another one with /pin in the staff bot.")
    return 0
