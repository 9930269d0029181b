"""`nodes`: which processes work on the company's database, and who holds what."""

import time

from console.environment import Environment
from console.lock import running
from crm.base.db import Session, look
from crm.base.nodes import Seen, nodes
from crm.schema import version_at


def run(env: Environment) -> int:
    """Print a line for each node; 1 when none is heard of."""
    if not env.on_server:
        alone = running(env.database)
        print(f"{env.database} is a file, so one process works on it: it {'runs' if alone else 'does not run'}.")
        return int(not alone)
    seen = look(env.database_url, known)
    silent = env.durations.lease * 1000
    print("\n".join(line(one, silent) for one in seen) or "No node is heard of: start one with `python main.py run`.")
    return int(not any(one.silent_ms <= silent for one in seen))


def known(session: Session) -> list[Seen]:
    """Every node; before the product was ever started, or with the first schema, there is no table of them."""
    return nodes(session, now=time.time_ns() // 1_000_000) if version_at(session.connection()) > "0001" else []


def line(one: Seen, silent: float) -> str:
    """A node in words."""
    state = "works" if one.silent_ms <= silent else "SILENT"
    return f"{one.name}  {state}, heard of {one.silent_ms / 1000:.0f} s ago at {one.address or '?'}, version {one.version}\n    holds {told(one.holds)}"


def told(names: tuple[str, ...]) -> str:
    """What a node holds, shards counted: nobody reads sixteen names."""
    shards = {pool: sum(name.startswith(pool + ":") for name in names) for pool in ("inbox", "desk")}
    others = [name for name in names if not name.startswith(("inbox:", "desk:"))]
    return ", ".join([*others, *(f"{amount} shards of the {pool}" for pool, amount in shards.items() if amount)]) or "nothing"
