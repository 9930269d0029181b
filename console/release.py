"""`release`: lets a restored, cloned or moved installation send again, where nobody can press the button in the staff bot."""

import asyncio
import time

from console.environment import Environment
from console.lock import running
from crm.base.actors import System
from crm.base.db import file_of, open_store
from crm.base.errors import Expired, Misconfigured
from crm.base.time import HOUR
from crm.outbox.hold import Guard, Standing, release, standing
from crm.schema import prepare

CONSOLE = System("console")


def run(env: Environment, hours: float = 0.0) -> int:
    """Release sending; with `hours`, what has waited for longer than that is never sent."""
    file = file_of(env.database_url)
    if file is not None and not file.exists():
        raise Misconfigured(f"there is no database at {file} yet: start the product once, or set DATABASE_URL")
    if file is not None and running(file):
        raise Misconfigured("the product runs: as a manager, send /release to the staff bot, or stop the product first")
    now = time.time_ns() // 1_000_000
    print("\n".join(asyncio.run(released(env, int(now - hours * HOUR) if hours else 0, now=now))))
    return 0


async def released(env: Environment, drop_before: int, *, now: int) -> list[str]:
    """Let this folder and this database belong together from now on; answers what waits and what was dropped, in words."""
    await prepare(env.database_url)
    store = open_store(env.database_url)
    try:
        await Guard(store, env.folder, clock=lambda: now).check()
        seen = await store.read(lambda session: standing(session, CONSOLE))
        dropped = await store.write(lambda session: release(session, CONSOLE, drop_before=drop_before, now=now))
    except Expired:
        return ["Sending is not on hold."]
    finally:
        await store.close()
    return told(seen, dropped)


def told(seen: Standing, dropped: int) -> list[str]:
    """What was released, in words."""
    lines = [f"{one.count} {one.lane.name.lower()} waited." for one in seen.waits] or ["Nothing waited to be sent."]
    return [*lines, *([f"{dropped} of it are too old and are never sent."] if dropped else []), "Released: customers are written to again."]
