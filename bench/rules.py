"""Figure 16: what a change on record costs the rules: heard by none of twenty, heard and found not to hold, heard and acted on; through the store."""

import asyncio
import json
import sqlite3
import tempfile
import time
from functools import partial
from pathlib import Path

from sqlalchemy import delete, select

from bench import machine, town
from bench.rounds import Figure, Size, ratios, turn_about
from crm.base.actors import System
from crm.base.db import Session, Store, open_store
from crm.base.history import Change, record_many
from crm.people.contacts import Contact
from crm.people.tags import Tag
from crm.rules import rules, runs
from crm.rules.plans import unpack
from crm.sales.leads import Lead

CHUNK = 200
DEED = {"do": "tag", "word": "bench"}
NONE: list[dict[str, object]] = [{"event": f"deal.{kind}", "do": [DEED]} for kind in ("won", "lost", "stage", "rep", "title")]
PLANS: dict[str, list[dict[str, object]]] = {
    "heard by none of 20 rules": NONE * 4,
    "heard, nothing to do": [{"event": "lead.opened", "when": {"field": "contact.language", "value": "xx"}, "do": [DEED]}],
    "heard and acted on": [{"event": "lead.opened", "do": [DEED]}],
}


def measure(size: Size) -> list[Figure]:
    """Four hundred changes in CI, two thousand otherwise, for each kind of rule."""
    count = size.of(400, 2_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            towns = {name: built(Path(folder) / f"{number}.db", count, plans) for number, (name, plans) in enumerate(PLANS.items())}
            return figures(towns, count, size)
    finally:
        machine.unpin()


def figures(towns: dict[str, Path], count: int, size: Size) -> list[Figure]:
    """Milliseconds a change, by turns: to put it on record, and what the rules take for it."""
    found = turn_about({name: partial(cost, path, count) for name, path in towns.items()}, size.rounds)
    none, acted = "heard by none of 20 rules", "heard and acted on"
    told = [1000 * written for written, _ in found[none]]
    took = {name: [1000 * heard for _, heard in rounds] for name, rounds in found.items()}
    return [
        Figure("a change heard by none of 20 rules / put on record", ratios(took[none], told), "x", 1.5, 4.0, less=True),
        Figure("  put on record", tuple(told), "ms", less=True),
        *(Figure(f"  {name}", tuple(values), "ms", 15.0 if name == acted else None, less=True) for name, values in took.items()),
    ]


def built(path: Path, count: int, plans: list[dict[str, object]]) -> Path:
    """A town with rules that are switched on."""
    town.build(path, town.Town(people=count, open=3, taken=2))
    asyncio.run(_found(path, plans))
    with sqlite3.connect(path) as connection:
        connection.execute("ANALYZE")
    connection.close()
    return path


async def _found(path: Path, plans: list[dict[str, object]]) -> None:
    store = open_store(f"sqlite:///{path}")
    for number, plan in enumerate(plans):
        made = await store.write(lambda s, n=number, p=plan: rules.make(s, town.MANAGER, f"rule {n}", unpack(json.dumps(p)), now=town.wall()).id)  # type: ignore[misc]
        await store.write(lambda s, made=made: rules.switch(s, town.MANAGER, made, True, now=town.wall()).id)  # type: ignore[misc]
    await acted(store)
    await store.close()


def cost(path: Path, count: int) -> tuple[float, float]:
    """Seconds a change: to write it, and for the rules to be done with it."""
    return asyncio.run(_cost(path, count))


async def _cost(path: Path, count: int) -> tuple[float, float]:
    store = open_store(f"sqlite:///{path}")
    await store.write(emptied)
    leads = await store.read(lambda session: list(session.scalars(select(Lead.id).join(Contact, Contact.id == Lead.contact_id).limit(count))))
    began = time.perf_counter()
    for first in range(0, len(leads), CHUNK):
        await store.write(partial(told, leads=leads[first : first + CHUNK]))
    written = time.perf_counter() - began
    began = time.perf_counter()
    await acted(store)
    heard = time.perf_counter() - began
    await store.close()
    return written / len(leads), heard / len(leads)


def emptied(session: Session) -> None:
    """Nothing was done for anybody yet."""
    for table in (runs.RuleRun, Tag):
        session.execute(delete(table))


def told(session: Session, leads: list[int]) -> None:
    """A chunk of leads was opened, as far as the record knows."""
    record_many(session, [Change("lead", number, "opened", System("bench"), after={"channel": "telegram"}) for number in leads], now=town.wall())


async def acted(store: Store) -> None:
    """The rules do what is due until there is nothing more."""
    while await store.write(lambda session: runs.act(session, town.company(), now=town.wall())):
        pass
