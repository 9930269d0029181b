"""`invite`: a one-time link into the staff, written straight into the database; the first manager comes in by it."""

import asyncio
import secrets
import time

from console.environment import Environment
from console.lock import running
from crm.base.actors import Role, System
from crm.base.db import open_store
from crm.base.errors import Misconfigured
from crm.base.policy import Action, may
from crm.people.reps import invite, reps
from crm.schema import prepare


async def write_invite(url: str, role: Role, *, now: int) -> str:
    """Open a way in and answer its secret; refused while the product holds the database's file."""
    await prepare(url)
    store = open_store(url)
    secret = secrets.token_urlsafe(16)
    try:
        await store.write(lambda session: invite(session, System("console"), role, secret, now=now))
    finally:
        await store.close()
    return secret


async def managed(url: str) -> bool:
    """Whether a manager is in already; makes the database where there is none."""
    await prepare(url)
    store = open_store(url)
    try:
        return any(may(rep.role, Action.STEER_TEAM) for rep in await store.read(reps))
    finally:
        await store.close()


def way_in(env: Environment, secret: str) -> str:
    """What to press or type in Telegram to use an invitation."""
    if env.staff_bot_username:
        return f"{env.telegram_link}{env.staff_bot_username}?start={secret}"
    return f"(the staff bot's username is not known: send the bot /start {secret})"


def run(env: Environment, role: Role) -> int:
    """Print a link that lets one person in, once, within 24 hours."""
    if not env.staff_bot_token:
        raise Misconfigured("STAFF_BOT_TOKEN is not set, and a link leads to the staff bot: run `python main.py init`")
    if not env.on_server and running(env.database):
        raise Misconfigured(f"the product runs: as a manager, send /invite {role} to the staff bot, or stop the product first")
    secret = asyncio.run(write_invite(env.database_url, role, now=time.time_ns() // 1_000_000))
    print(f"For one {role}, once, within 24 hours:\n\n  {way_in(env, secret)}\n")
    return 0
