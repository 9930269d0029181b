"""Figures for Prometheus: the promises of this installation, and what this process costs."""

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from crm.base.outbound import Lane
from crm.reports.promises import Promises
from web.server import is_inside

log = logging.getLogger(__name__)
Read = Callable[[], Awaitable[Promises]]
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
SECOND = 1000.0


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """Who may read: whoever shows `token`; without it those inside, unless `behind_proxy`, where everybody seems to be inside.

    Figures are asked of the database once in `seconds` at most, and given up after `patience` seconds.
    """

    token: str = field(default="", repr=False)
    behind_proxy: bool = False
    node: str = ""
    seconds: float = 10.0
    patience: float = 5.0


class Figures(Collector):
    """The promises as metric families, from a reading that is a few seconds old at most."""

    def __init__(self, read: Read, options: MetricsOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._options, self._clock = read, options, clock
        self._found: Promises | None = None
        self._asked = float("-inf")
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the figures where the last reading is too old; without an answer there are none, which is told as well."""
        async with self._reading:
            if self._clock() - self._asked < self._options.seconds:
                return
            try:
                async with asyncio.timeout(self._options.patience):
                    self._found = await self._read()
            except Exception as error:
                log.warning("the figures cannot be read: %s", type(error).__name__)
                self._found = None
            self._asked = self._clock()

    def describe(self) -> list[Metric]:
        """Nothing is said before the first reading."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every family that the last reading has."""
        yield gauge("node_info", "Who answers here.", ["node"], [((self._options.node,), 1)])
        yield gauge("database_answers", "1 when the database answered the question behind these figures.", [], [((), float(self._found is not None))])
        if self._found is not None:
            yield from families(self._found)


def families(found: Promises) -> Iterator[Metric]:
    """The figures in Prometheus' words; pure."""
    accounts = ["account"]
    yield gauge("deliveries_unknown", "Deliveries nobody knows about: they may have arrived.", accounts, one_label(found.unknown))
    yield gauge("deliveries_sending", "Deliveries on their way now.", accounts, one_label(found.sending))
    yield gauge("events_parked", "Events that could not be processed and wait for a manager.", accounts, one_label(found.parked))
    waits = [(("desk" if one.desk else "inbox",), one) for one in found.waits]
    yield gauge("events_waiting", "Kept events not processed yet.", ["lanes"], [(name, one.amount) for name, one in waits])
    yield gauge("events_oldest_seconds", "Age of the oldest of them.", ["lanes"], [(name, one.oldest_ms / SECOND) for name, one in waits])
    queues = [((one.account, Lane(one.lane).name.lower()), one) for one in found.queues]
    labels = ["account", "lane"]
    yield gauge("deliveries_queued", "Deliveries that wait to leave.", labels, [(name, one.amount) for name, one in queues])
    yield gauge("deliveries_late_seconds", "How long the oldest due delivery has been due.", labels, [(name, one.late_ms / SECOND) for name, one in queues])
    yield gauge("outbound_held_seconds", "How long nothing has been sent to customers until a manager releases it.", [], [((), found.held_ms / SECOND)])
    yield gauge("campaigns", "Campaigns that have begun and not ended.", ["state"], one_label(found.campaigns))
    totals = CounterMetricFamily(
        "dragoman_tallied", "What was kept, done, ignored, dropped, heard, created and in conflict since the beginning.", labels=["account", "kind"]
    )
    for account, kind, amount in found.totals:
        totals.add_metric([account, kind], amount)
    yield totals
    changes = CounterMetricFamily("dragoman_lease_changes", "How often a piece of work went to another holder.", labels=["lease"])
    for lease in found.leases:
        changes.add_metric([lease.name], lease.changes)
    yield changes
    yield gauge("lease_held", "1 while somebody holds the lease.", ["lease"], [((one.name,), float(one.held)) for one in found.leases])


Samples = Sequence[tuple[tuple[str, ...], float]]


def one_label(counted: Sequence[tuple[str, int]]) -> Samples:
    """Amounts by one name."""
    return [((name,), amount) for name, amount in counted]


def gauge(name: str, words: str, labels: list[str], samples: Samples) -> GaugeMetricFamily:
    """One family of figures that go up and down."""
    family = GaugeMetricFamily(f"dragoman_{name}", words, labels=labels)
    for values, amount in samples:
        family.add_metric(list(values), amount)
    return family


def metrics_routes(read: Read, options: MetricsOptions) -> Sequence[web.RouteDef]:
    """Open /metrics; to whoever may not read it, it is not there."""
    registry = CollectorRegistry()
    figures = Figures(read, options)
    registry.register(figures)
    ProcessCollector(registry=registry)

    async def metrics(request: web.Request) -> web.Response:
        if not may_read(request, options):
            raise web.HTTPNotFound
        await figures.refresh()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})

    return [web.get("/metrics", metrics)]


def may_read(request: web.Request, options: MetricsOptions) -> bool:
    """Whether a caller shows the token, or calls from inside with nobody between."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if options.token and scheme.lower() == "bearer":
        return hmac.compare_digest(shown.strip().encode("utf-8", "surrogateescape"), options.token.encode())
    return not options.behind_proxy and not any(name in request.headers for name in PASSED_ON) and is_inside(request.remote or "")
