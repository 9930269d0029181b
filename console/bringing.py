"""`import`: a list of one's own people, brought in or taken back at the machine itself."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from console import environment
from console.environment import Environment
from console.lock import running
from crm.base import jobs
from crm.base.actors import System
from crm.base.db import Session, Store, file_of, open_store
from crm.base.errors import Invalid, Misconfigured
from crm.exchange import imports
from crm.exchange.imports import ImportState, Sheet
from crm.exchange.runs import kept_rows
from crm.exchange.synonyms import TARGETS
from crm.exchange.working import work_once
from crm.exchange.works import Exchange
from crm.schema import prepare
from crm.tables import TABLES

CONSOLE = System("console")
HOLDER = f"console:{secrets.token_hex(4)}"
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: a file, what its columns are ("Column=target"), whether to write, which import to take back, or the list of them."""

    file: str = ""
    columns: tuple[str, ...] = ()
    write: bool = False
    undo: int = 0


def run(env: Environment, wish: Wish) -> int:
    """Bring a list in, take one back, or name those there are."""
    print("\n".join(asyncio.run(alone(env, lambda store, exchange: _carried_out(store, exchange, wish)))))
    return 0


async def alone(env: Environment, work: Callable[[Store, Exchange], Awaitable[list[str]]]) -> list[str]:
    """Do something long on the database; on a file only while the product does not run."""
    file = file_of(env.database_url)
    if file is not None and running(file):
        raise Misconfigured("the product runs: send it to the staff bot, or stop the product first")
    await prepare(env.database_url)
    store = open_store(env.database_url)
    try:
        return await work(store, Exchange(store, env.folder, environment.company(env), _now, TABLES))
    finally:
        await store.close()


async def _carried_out(store: Store, exchange: Exchange, wish: Wish) -> list[str]:
    if wish.undo:
        await store.write(lambda session: imports.undo(session, CONSOLE, wish.undo, now=_now()))
        await work_off(store, exchange)
        return await _told(store, wish.undo)
    if not wish.file:
        return [f"{one.id}  {one.state.value}  {one.rows} rows  {one.name}" for one in await store.read(_latest)] or ["Nothing was brought in yet."]
    path = Path(wish.file).resolve()
    number = await store.write(lambda session: imports.receive(session, CONSOLE, path.name, {"path": str(path)}, now=_now()))
    await work_off(store, exchange)
    sheet = await _shown(store, number)
    if sheet.state is ImportState.UNREADABLE:
        raise Invalid(f"{path.name}: {sheet.why}")
    for said in wish.columns:
        name, _, target = said.rpartition("=")
        place = next((place for place, one in enumerate(sheet.header) if one == name), None)
        if place is None:
            raise Invalid(f"there is no column {name!r}: {', '.join(sheet.header)}")
        await store.write(lambda session: imports.choose(session, CONSOLE, number, place, target, now=_now()))  # noqa: B023 - awaited in this round
    await store.write(lambda session: imports.check(session, CONSOLE, number, now=_now()))
    await work_off(store, exchange)
    if wish.write:
        await store.write(lambda session: imports.run(session, CONSOLE, number, now=_now()))
        await work_off(store, exchange)
    return await _told(store, number)


async def work_off(store: Store, exchange: Exchange) -> None:
    """Do what waits, here and now; what breaks is tried again and then told of, as in the running product."""
    while await store.read(jobs.waits):
        if not await work_once(store, exchange, HOLDER, _now):
            await asyncio.sleep(PAUSE)  # another node has it in hand


async def _shown(store: Store, number: int) -> Sheet:
    return await store.read(lambda session: imports.shown(session, CONSOLE, number))


async def _told(store: Store, number: int) -> list[str]:
    sheet = await _shown(store, number)
    columns = [f"  {name} = {target}" for name, target in zip(sheet.header, sheet.mapping, strict=True)]
    counts = [f"  {amount} {what}" for what, amount in sheet.counts.items() if amount]
    kept = [f"  row {row} was left as it is: {why}" for row, why, _ in await store.read(lambda session: list(kept_rows(session, number)))]
    names = ", ".join(TARGETS)
    ends = {
        ImportState.READY: f"Nothing is written yet: say it again with --yes, or --column 'Name=target' first ({names}).",
        ImportState.DONE: f"Brought in. `python main.py import --undo {number}` takes it back.",
        ImportState.UNDONE: "Taken back.",
    }
    return [f"{sheet.name}: {sheet.rows} rows ({sheet.how})", *columns, *counts, *kept, ends.get(sheet.state, sheet.state.value)]


def _latest(session: Session) -> Sequence[Sheet]:
    return imports.latest(session, CONSOLE)


def _now() -> int:
    return time.time_ns() // 1_000_000
