"""`export` and `erase`: everything the firm has, or all about one person, written where it says; and one person forgotten."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from console.bringing import CONSOLE, alone, work_off
from console.environment import Environment
from crm.base import jobs
from crm.base.db import Session, Store
from crm.base.errors import Misconfigured
from crm.exchange import erasure, exports, package
from crm.exchange.made import path_of
from crm.exchange.works import Exchange


def run(env: Environment, to: str, *, files: bool, person: int) -> int:
    """Write everything into one zip, or all about one person; `files` = also what people sent."""
    target = _free(to, "export.zip")

    def ask(session: Session, now: int) -> int:
        return package.ask(session, CONSOLE, person, now=now) if person else exports.ask(session, CONSOLE, files=files, now=now)

    print("\n".join(asyncio.run(alone(env, lambda store, exchange: _made(store, exchange, target, ask)))))
    return 0


def erase(env: Environment, person: int, to: str, *, sure: bool) -> int:
    """Forget a person and write the certificate; not `sure` = only tell what would go."""
    if not sure:
        print("\n".join(asyncio.run(alone(env, lambda store, _: _previewed(store, person)))))
        return 0
    target = _free(to or f"erasure-{person}.html", "certificate.html")
    ask = lambda session, now: erasure.ask(session, CONSOLE, person, now=now)  # noqa: E731
    print("\n".join(asyncio.run(alone(env, lambda store, exchange: _made(store, exchange, target, ask)))))
    return 0


async def _previewed(store: Store, person: int) -> list[str]:
    found = await store.read(lambda session: erasure.preview(session, CONSOLE, person))
    counts = [f"  {count} {name.replace('_', ' ')}" for name, count in found.counts]
    return [
        f"{found.name or 'A person without a name'} (number {found.contact_id}):",
        *counts,
        "Nothing is done yet: say it again with --yes. It cannot be undone.",
    ]


def _free(to: str, name: str) -> Path:
    target = Path(to)
    if target.is_dir():
        target /= name
    if target.exists():
        raise Misconfigured(f"{target} is there already: choose another name")
    return target


async def _made(store: Store, exchange: Exchange, target: Path, ask: Callable[[Session, int], int]) -> list[str]:
    now = time.time_ns() // 1_000_000
    job = await store.write(lambda session: ask(session, now))
    await work_off(store, exchange)
    path = await store.read(lambda session: path_of(session, jobs.made_by(session, job)))
    shutil.copyfile(exchange.made.folder / path, target)
    target.chmod(0o600)
    return [f"Written to {target}: {target.stat().st_size / 1e6:.1f} MB. Personal data in it: keep it as you keep the database."]
