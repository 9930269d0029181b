"""Dragoman's parts list: settings in, parts joined by passing functions, one command started."""

import logging
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels import CHANNELS
from channels.accounts import allowing, counted, sendable, titles, unbuttoned
from channels.base import Channel, Firm
from channels.entries import ways
from console import environment, support
from console.command_line import Joined, answer
from console.environment import Environment
from console.run import Running, run_until_stopped
from console.tokens import BotFacts
from crm.base.db import Store, open_store
from crm.base.errors import DragomanError
from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Health
from crm.base.settings import Company

if TYPE_CHECKING:
    from aiohttp import web

    from bots.staff.app import Staff
    from channels.webchat.lines import Line
    from crm.base.leases import Seat
    from crm.outbox.hold import Guard
    from crm.outbox.upkeep import Backups
    from crm.reports.promises import Promises
    from scheduler.clock import Clock
    from web.health import Watch

log = logging.getLogger("dragoman")
STAFF, PAPERS = "staff", "documents"
VERSION = "0.1.0"
Loops = dict[str, Callable[[], Awaitable[None]]]


def wall() -> int:
    """The clock on the wall: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Parts:
    """What a running product is made of."""

    env: Environment
    company: Company
    store: Store
    guard: "Guard"
    seat: "Seat | None" = None
    channels: dict[str, Channel] = field(default_factory=dict)
    staff: "Staff | None" = None
    server: "web.AppRunner | None" = None
    address: str = ""
    backups: "Backups | None" = None
    watch: "Watch | None" = None
    papers: Any = None
    used: frozenset[str] = frozenset()
    born: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def node(self) -> str:
        """This process's name among all that work on the database."""
        return self.seat.node if self.seat else f"{os.getpid()}:{self.born}"

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read a raw event by the channel it came from."""
        return self.channels[raw.account].parse(raw)

    def fetch(self, account: str, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file an account holds."""
        if account == STAFF and self.staff:
            return self.staff.fetch_media(ref)
        return self.papers.fetch(ref) if account == PAPERS else self.channels[account].fetch_media(ref)

    async def keep(self, events: Sequence[RawEvent]) -> None:
        """The first door, for channels whose platforms come to us."""
        from crm.inbox.log import keep

        await self.store.gather(keep, events)

    async def history(self, address: str, after: int) -> "Sequence[Line]":
        """A visitor's thread in the widget's own words."""
        from channels.webchat import lines_of
        from crm.conversations.history import seen_by_customer

        return lines_of(await self.store.read(lambda session: seen_by_customer(session, "webchat", address, after)))

    async def ready(self) -> Health:
        """Whether the parts work."""
        from crm.base.installation import held_since

        facts = {name: (await channel.health()).words for name, channel in self.channels.items() if name != "telegram"}
        if self.backups:
            facts["backup"] = (await self.backups.health()).words
        if await self.store.read(held_since):
            facts["sending"] = "on hold: a manager releases it with /release"
        return Health(self.server is not None, "ready", facts)

    async def promises(self) -> "Promises":
        """The figures behind the promises."""
        from crm.reports.promises import promises

        return await self.store.read(lambda session: promises(session, now=wall()))

    async def keep_desk(self, events: Sequence[RawEvent]) -> None:
        """The first door for the staff's updates, where Telegram brings them."""
        from crm.inbox.log import for_desk

        await self.keep([for_desk(event) for event in events])


async def run(env: Environment) -> None:
    """`run`: the product."""
    from crm.outbox.hold import Guard
    from crm.people.contacts import accounts_used
    from scheduler.nodes import take_seat

    company, times = environment.company(env), env.durations
    store = open_store(env.database_url, times)
    try:
        seat = await take_seat(store, env.database_url, wall, lease_ms=int(times.lease * 1000))
        parts = Parts(env, company, store, Guard(store, env.folder, clock=wall), seat)
        await parts.guard.check()
        parts.used = await store.read(accounts_used)
    except BaseException:
        await store.close()
        raise
    await run_until_stopped(join(parts))


def join(parts: Parts) -> Running:
    """Build the parts and say what runs."""
    from channels.hooks import HookOptions, Hooks
    from crm.conversations.media import MediaFiles
    from crm.exchange.works import Exchange
    from crm.inbox.statuses import owed
    from crm.outbox.drain import Drain
    from crm.outbox.forum import tend
    from crm.outbox.shares import Shares
    from crm.tables import TABLES
    from scheduler import workers
    from scheduler.clock import Clock
    from scheduler.jobs import Pulse, deeds, ticks
    from scheduler.learning import learners
    from scheduler.names import asked
    from scheduler.papers import Papers, papers
    from scheduler.screens import Screens
    from scheduler.upkeep import closing, order, upkeep
    from scheduler.works import works
    from web.health import watch_of
    from web.server import fast_parser, serve

    env, store, seat, times, parts.papers = parts.env, parts.store, parts.seat, parts.env.durations, Papers(parts.store)
    files = MediaFiles(env.folder / "media", store)
    watch = parts.watch = watch_of(store, parts.node, wall)
    parts.backups = open_backups(parts)
    routes = open_channels(parts, files)
    screens = Screens(store, parts.channels)
    hooks, staffed = Hooks(HookOptions(parts.company.link_key), wall), [parts.staff.carrier] if parts.staff else []
    carriers = [*screens.announcing(parts.channels.values()), *staffed, hooks]
    machine = support.Asked(support.Built(VERSION, frozenset(CHANNELS)), check_token, fast_parser, accounts)
    exchange = Exchange(store, env.folder, parts.company, wall, TABLES, parts.fetch, partial(support.about, env, machine))
    loops = working(parts, files, screens.stir)
    rules: dict[str, Any] = {"seat": seat, "durations": times, "owe": partial(owed, accounts=parts.company.sendable)}
    rules["share"] = Shares(env.public_url, parts.company.link_key) if env.public_url else None
    desk = parts.staff.carrier if parts.staff else None  # what is sent there alone stands in topics
    drains = [Drain(store, one, exchange.opening(files.open), node=parts.node, clock=wall, tend=tend if one is desk else None, **rules) for one in carriers]
    for carrier, drain in zip(carriers, drains, strict=True):
        loops[f"send:{carrier.account}"] = lambda account=carrier.account, drain=drain: workers.send_loop(store, drain, account, wall, times.look)  # type: ignore[misc]
    pulse = Pulse(follow_ups=float(env.follow_up_seconds), most=times.tick)
    due = [*ticks(store, wall, pulse, deeds(parts.company)), *upkeep(parts.guard, parts.backups), *order(store, wall, STAFF, most=times.tick)]
    due += closing(store, wall, parts.used - parts.channels.keys(), rules["owe"], most=times.tick)
    due += papers(store, parts.papers, exchange.made, wall)
    clock = Clock([*due, *asked(store, parts.channels, wall), *works(store, exchange, parts.node, wall), *learners(store, parts.company, wall)])

    async def listen() -> None:
        parts.server, parts.address = await serve(routes, env.http_host, env.port, shutdown=min(3.0, times.stop / 4), public_url=env.public_url)
        clock.start()
        watch.opened()
        log.info("ready on %s", parts.address)

    kept_alive = {name: (lambda name=name, work=work: workers.forever(name, watch.over(name, work), times)) for name, work in loops.items()}
    return Running({**kept_alive, "beat": watch.run}, drains, [listen], [lambda: close_all(parts, clock)], times.stop, watch.stopping)


def working(parts: Parts, files: Any, stir: Callable[[set[tuple[str, str]]], None]) -> Loops:
    """The loops that take what came to its end; what only one node may do stands under a lease."""
    from bots.turn import turn
    from crm.inbox.process import Rules
    from scheduler import care, nodes, workers
    from scheduler.offsets import StoredOffsets

    store, seat, times, backups = parts.store, parts.seat, parts.env.durations, parts.backups
    rules = Rules(turn, parts.company, backoff_ms=int(times.backoff * 1000), seat=seat, numbered=unbuttoned(parts.channels, wall()))
    loops: Loops = {
        "inbox": lambda: workers.receive_loop(store, parts.parse, rules, wall, stir, times.look),
        "media": lambda: workers.media_loop(store, files, parts.fetch, wall, stir, times.look),
    }
    for name, channel in parts.channels.items():
        poll = lambda fence, channel=channel: channel.listen(StoredOffsets(store, fence))  # noqa: E731
        loops[f"listen:{name}"] = lambda name=name, poll=poll: nodes.while_held(store, f"poll:{name}", seat, wall, poll)  # type: ignore[misc]
    if staff := parts.staff:
        asked = {**{name: channel.health for name, channel in parts.channels.items()}, **({"backup": backups.health} if backups else {})}
        loops["desk"] = lambda: care.run_staff(staff, STAFF, store, seat, wall, times)
        announce = lambda _: workers.notice_loop(store, staff.announce, times.look)  # noqa: E731
        loops["notices"] = lambda: nodes.while_held(store, "notices", seat, wall, announce)
        loops["channels"] = lambda: care.look_after(asked, staff)
    if seat:
        loops["node"] = lambda: nodes.membership(store, seat, wall, address=lambda: parts.address, version=VERSION)
    return loops


def open_backups(parts: Parts) -> "Backups | None":
    """Copies by schedule, where they are wanted."""
    from crm.base.backup import Source
    from crm.outbox.upkeep import Backups

    env, plan = parts.env, environment.copying(parts.env)
    return Backups(parts.store, Source(env.database_url, env.folder), plan, node=parts.node, clock=wall) if plan else None


def open_staff(parts: Parts) -> "Staff":
    """The staff bot."""
    from bots.staff.app import Staff, StaffOptions

    env, times = parts.env, parts.env.durations
    server = env.telegram_api_base or "https://api.telegram.org"
    waits = times.connect, times.send, times.upload
    known = parts.company.sendable, env.public_url, (parts.company.link_key,)
    options = StaffOptions(env.staff_bot_token, server, env.telegram_proxy, *waits, *known, allows=parts.company.allows, ways=ways(parts.channels))
    return Staff(options, parts.store, parts.company, clock=wall, username=env.staff_bot_username, titles=titles(parts.channels))


def open_channels(parts: Parts, files: Any) -> "list[web.RouteDef]":
    """The channels and every public page."""
    from channels.accounts import open_account, read_accounts
    from channels.form import Form, FormOptions
    from channels.practice import Practice
    from channels.webchat import Webchat, WebchatOptions
    from web.desk import Desk, DeskOptions
    from web.files import SharedFiles
    from web.health import health_routes
    from web.metrics import MetricsOptions, metrics_routes
    from web.pages import PageOptions, Pages

    env, company, times = parts.env, parts.company, parts.env.durations
    pages = Pages(PageOptions(company.name, company.languages, company.currency, env.frame_ancestors))
    proxies, secrets_of_sites = environment.listed(env.trusted_proxies), environment.site_secrets(env.site_secret)
    options = WebchatOptions(env.folder / "uploads", env.origins, proxies, company.name, company.link_key, secrets_of_sites)
    webchat = Webchat(options, parts.history, files.open)
    parts.channels["webchat"] = webchat
    parts.channels["practice"] = Practice(parts.keep)
    parts.channels["form"] = Form(FormOptions(env.origins, environment.listed(env.trusted_proxies)), pages.form_answer)
    if env.customer_bot_token:
        from channels.telegram import Telegram, TelegramOptions

        pauses = times.connect, times.send, times.upload, times.backoff, times.backoff_most
        who = env.customer_bot_token, env.telegram_api_base, env.telegram_proxy, env.customer_bot_username, "telegram"
        parts.channels["telegram"] = Telegram(TelegramOptions(*who, int(times.poll), *pauses, public_url=env.public_url, keys=(company.link_key,)))
    for one in read_accounts(Path(env.channels_file), environment.variables_of()):
        if (channel := open_account(one, replace(firm(env, company), open_media=files.open))) is not None:
            parts.channels[channel.account] = channel
    channels = parts.channels
    parts.company = company = replace(company, sendable=sendable(channels, wall()), counted=counted(channels, wall()), allows=allowing(channels))
    shown = DeskOptions(env.folder / "logins", public_url=env.public_url, titles=titles(channels), sendable=company.sendable)
    desk = Desk(shown, parts.store, company, files, wall)
    metrics = MetricsOptions(env.metrics_token, bool(env.public_url), parts.node)
    shared = SharedFiles(parts.store, files, wall)
    routes = [*pages.routes(), *desk.routes(), *shared.routes(), *health_routes(parts.ready, parts.watch), *metrics_routes(parts.promises, metrics)]
    for channel in parts.channels.values():
        routes += channel.routes(parts.keep)
    if env.staff_bot_token:
        parts.staff = open_staff(parts)
        routes += parts.staff.routes(parts.keep_desk)
    return routes


def firm(env: Environment, company: Company) -> Firm:
    """What every channel may know of the house."""
    return Firm(company.name, company.languages, company.region, company.zone, env.public_url, (company.link_key,), env.folder, wall)


def accounts(env: Environment) -> "list[tuple[str, str, list[str]]]":
    """Each account of the channels' file: its name, its title, the paths its platform comes to."""
    from channels.accounts import doors_of

    return doors_of(Path(env.channels_file), environment.variables_of(), firm(env, environment.company(env)))


async def close_all(parts: Parts, clock: "Clock") -> None:
    """Close what was opened, the store last."""
    clock.stop()
    for channel in parts.channels.values():
        await channel.close()
    if parts.server:
        await parts.server.cleanup()
    if parts.staff:
        await parts.staff.close()
    if seat := parts.seat:
        from crm.base.nodes import leave

        await parts.store.write(lambda session: leave(session, seat))
    await parts.store.close()


async def demo(env: Environment) -> None:
    """`demo`: the same product against a pretended world, on two free ports unless DEMO_PORT names the page's."""
    from console.demo import play
    from sandbox.stage import open_stage

    await play(open_stage, accounts, Path(__file__), Path("demo-data"))


async def check_token(token: str, server: str, proxy: str) -> BotFacts | str:
    """Ask Telegram who a bot is, for the console; answers the reason when it cannot be told."""
    from channels.telegram import who

    try:
        health = await who(token, server, proxy)
    except DragomanError as error:
        return str(error)
    name = health.facts.get("username")
    return BotFacts(name, health.facts.get("webhook", "")) if name else health.words


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run one command."""
    from web.server import fast_parser

    return answer(Joined(run, demo, check_token, fast_parser, accounts, support.Built(VERSION, frozenset(CHANNELS))), arguments)


if __name__ == "__main__":
    sys.exit(main())
