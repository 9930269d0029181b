"""Dragoman's parts list: settings in, parts joined by passing functions, one command started."""

import asyncio
import logging
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from channels.base import Channel
from console import environment
from console.command_line import Joined, answer
from console.environment import Environment
from console.run import Running, run_until_stopped
from console.tokens import BotFacts
from crm.base.db import SqliteStore
from crm.base.errors import DragomanError, Misconfigured
from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Health, Window
from crm.base.settings import Company

if TYPE_CHECKING:
    from aiohttp import web

    from bots.staff.app import Staff
    from channels.webchat import Line
    from scheduler.jobs import Deed

log = logging.getLogger("dragoman")
STAFF = "staff"
LOOK_SECONDS = 60.0


def wall() -> int:
    """The clock on the wall: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@runtime_checkable
class Screens(Protocol):
    """A channel that shows threads on screens of its own."""

    def stir(self, addresses: Iterable[str]) -> None: ...


class StoredOffsets:
    """Where pollers stand, in the store: an offset moves in the transaction that keeps what it covers."""

    def __init__(self, store: SqliteStore, *, desk: bool = False) -> None:
        self._store, self._desk = store, desk

    async def get(self, name: str) -> int:
        from crm.inbox.log import offset_of

        return await self._store.read(lambda session: offset_of(session, name))

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        from crm.inbox.log import Polled, for_desk, keep_polled

        kept = tuple(for_desk(event) for event in events) if self._desk else tuple(events)
        await self._store.gather(keep_polled, [Polled(name, offset, kept)])


@dataclass(slots=True)
class Parts:
    """What a running product is made of."""

    env: Environment
    company: Company
    store: SqliteStore
    channels: dict[str, Channel] = field(default_factory=dict)
    staff: "Staff | None" = None
    server: "web.AppRunner | None" = None
    address: str = ""

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read a raw event by the channel it came from."""
        return self.channels[raw.account].parse(raw)

    def fetch(self, account: str, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file an account holds."""
        if account == STAFF and self.staff:
            return self.staff.fetch_media(ref)
        return self.channels[account].fetch_media(ref)

    async def keep(self, events: Sequence[RawEvent]) -> None:
        """The first door, for channels whose platforms come to us."""
        from crm.inbox.log import keep

        await self.store.gather(keep, events)

    async def history(self, address: str, after: int) -> "Sequence[Line]":
        """A visitor's thread in the widget's own words."""
        from channels.webchat import Author, Line
        from crm.conversations.history import seen_by_customer

        said = await self.store.read(lambda session: seen_by_customer(session, "webchat", address, after))
        chairs = {"contact": Author.YOU, "rep": Author.REP}
        return [
            Line(one.message_id, chairs.get(one.author, Author.BOT), one.text, one.at, one.buttons, one.media, one.edited, one.rep, one.external_id)
            for one in said
        ]

    def stir(self, threads: set[tuple[str, str]]) -> None:
        """Tell channels with screens of their own whose threads have changed."""
        for account, address in threads:
            channel = self.channels.get(account)
            if isinstance(channel, Screens):
                channel.stir([address])

    async def ready(self) -> Health:
        """Whether the parts work."""
        facts = {name: (await channel.health()).words for name, channel in self.channels.items() if name != "telegram"}
        return Health(self.server is not None, "ready", facts)


async def run(env: Environment) -> None:
    """`run`: the product."""
    from crm.base.leases import release_all
    from crm.outreach.sequences import found_default
    from crm.schema import bring_up_to_date

    company = environment.company(env)
    if bring_up_to_date(env.database):
        log.info("the database is up to date")
    store = SqliteStore(env.database)
    await store.write(release_all)  # this process holds the file, so no other sender can be alive
    await store.write(lambda session: found_default(session, now=wall()))
    parts = Parts(env, company, store)
    await run_until_stopped(join(parts))


def join(parts: Parts) -> Running:
    """Build the parts and say what runs."""
    from bots.turn import turn
    from crm.conversations.media import MediaFiles
    from crm.inbox.process import Rules
    from crm.outbox.drain import Drain
    from scheduler import workers
    from scheduler.clock import Clock
    from scheduler.jobs import Pulse, ticks

    env, store = parts.env, parts.store
    files = MediaFiles(env.folder / "media", store)
    node = f"{os.getpid()}:{secrets.token_hex(4)}"
    routes = open_channels(parts, files)
    carriers: list[Any] = list(parts.channels.values())
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "inbox": lambda: workers.receive_loop(store, parts.parse, Rules(turn, parts.company), wall, parts.stir),
        "media": lambda: workers.media_loop(store, files, parts.fetch, wall, parts.stir),
    }
    for name, channel in parts.channels.items():
        loops[f"listen:{name}"] = lambda channel=channel: channel.listen(StoredOffsets(store))  # type: ignore[misc]
    if env.staff_bot_token:
        staff = parts.staff = open_staff(parts)
        carriers.append(staff.carrier)
        loops["desk"] = lambda: run_staff(staff, store)
        loops["notices"] = lambda: workers.notice_loop(store, staff.announce)
        loops["channels"] = lambda: look_after(parts.channels, staff)
    drains = [Drain(store, carrier, files.open, node=node, clock=wall) for carrier in carriers]
    for carrier, drain in zip(carriers, drains, strict=True):
        loops[f"send:{carrier.account}"] = lambda account=carrier.account, drain=drain: workers.send_loop(store, drain, account, wall)  # type: ignore[misc]
    pulse = Pulse(follow_ups=float(env.follow_up_seconds))
    clock = Clock(ticks(store, wall, pulse, scheduled(parts)))

    async def listen() -> None:
        await open_server(parts, routes)
        clock.start()
        log.info("ready on %s", parts.address)

    async def stop_clock() -> None:
        clock.stop()

    kept_alive = {name: (lambda name=name, work=work: workers.forever(name, work)) for name, work in loops.items()}
    return Running(kept_alive, drains, [listen], [stop_clock, lambda: close_all(parts)])


async def run_staff(staff: "Staff", store: SqliteStore) -> None:
    """The staff bot: introduced to Telegram first, then its poll and its desk side by side."""
    from scheduler import workers

    await staff.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(staff.poll(StoredOffsets(store, desk=True)))
        group.create_task(workers.desk_loop(store, staff.drive, wall))
        group.create_task(workers.forever("staff menus", staff.setup))


async def look_after(channels: dict[str, Channel], staff: "Staff") -> None:
    """Ask each channel how it does, once a minute, so that managers read it in their day."""
    while True:
        staff.channels = {name: await channel.health() for name, channel in channels.items()}
        await asyncio.sleep(LOOK_SECONDS)


def open_staff(parts: Parts) -> "Staff":
    """The staff bot."""
    from bots.staff.app import Staff, StaffOptions

    env = parts.env
    server = env.telegram_api_base or "https://api.telegram.org"
    titles = {name: channel.title for name, channel in parts.channels.items()}
    sendable = frozenset(name for name, channel in parts.channels.items() if channel.limits(Window(), wall()).text)
    options = StaffOptions(env.staff_bot_token, server, env.telegram_proxy, sendable=sendable)
    return Staff(options, parts.store, parts.company, clock=wall, username=env.staff_bot_username, titles=titles)


def open_channels(parts: Parts, files: Any) -> "list[web.RouteDef]":
    """The channels and every public page."""
    from channels.form import Form, FormOptions
    from channels.webchat import Webchat, WebchatOptions
    from web.health import health_routes
    from web.pages import PageOptions, Pages

    env, company = parts.env, parts.company
    pages = Pages(PageOptions(company.name, company.languages, company.currency, env.frame_ancestors))
    webchat = Webchat(
        WebchatOptions(env.folder / "uploads", env.origins, environment.listed(env.trusted_proxies), title=company.name, seal=company.link_key),
        parts.history,
        files.open,
    )
    parts.channels["webchat"] = webchat
    parts.channels["form"] = Form(FormOptions(env.origins, environment.listed(env.trusted_proxies)), pages.form_answer)
    if env.customer_bot_token:
        from channels.telegram import Telegram, TelegramOptions

        parts.channels["telegram"] = Telegram(TelegramOptions(env.customer_bot_token, env.telegram_api_base, env.telegram_proxy, env.customer_bot_username))
    routes = [*pages.routes(), *health_routes(parts.ready)]
    for channel in parts.channels.values():
        routes += channel.routes(parts.keep)
    return routes


def scheduled(parts: Parts) -> "dict[str, Deed]":
    """What the clock wakes up besides the snoozes."""
    from crm.outreach.ticks import compose, follow_ups
    from crm.reports.digest import digest_due

    company = parts.company
    return {
        "follow_ups": lambda session, now: follow_ups(session, company, now=now),
        "compose": lambda session, now: compose(session, company, now=now),
        "digest": lambda session, now: digest_due(session, company, now=now),
    }


async def open_server(parts: Parts, routes: "list[web.RouteDef]") -> None:
    """Start listening; refused with the mend when the port is taken."""
    from aiohttp import web

    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, parts.env.http_host, parts.env.port, backlog=1024)
        await site.start()
    except OSError as error:
        raise Misconfigured(f"port {parts.env.port} is taken: stop the other program, or set HTTP_PORT") from error
    parts.server = runner
    host, port = runner.addresses[0][:2]
    parts.address = f"http://{host}:{port}"


async def close_all(parts: Parts) -> None:
    """Close what was opened, the store last."""
    for channel in parts.channels.values():
        await channel.close()
    if parts.server:
        await parts.server.cleanup()
    if parts.staff:
        await parts.staff.close()
    await parts.store.close()


async def demo(env: Environment) -> None:
    """`demo`: the same product against a pretended world, on two free ports unless DEMO_PORT names the page's."""
    from console.demo import play
    from sandbox.stage import open_stage

    page = int(os.environ.get("DEMO_PORT", "0"))
    await play(lambda bots, settings: open_stage(bots, settings, page), Path(__file__), Path("demo-data"), free_port())


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def check_token(token: str, server: str, proxy: str) -> BotFacts | str:
    """Ask Telegram who a bot is, for the console; answers the reason when it cannot be told."""
    from channels.telegram import Telegram, TelegramOptions

    try:
        channel = Telegram(TelegramOptions(token, server, proxy, connect_seconds=5.0, send_seconds=10.0))
        try:
            health = await channel.health()
        finally:
            await channel.close()
    except DragomanError as error:
        return str(error)
    name = health.facts.get("username")
    return BotFacts(name, health.facts.get("webhook", "")) if name else health.words


def fast_parser() -> bool:
    """Whether aiohttp reads requests with its C parser."""
    from aiohttp import http_parser

    return http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run one command."""
    return answer(Joined(run, demo, check_token, fast_parser), arguments)


if __name__ == "__main__":
    sys.exit(main())
