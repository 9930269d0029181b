"""Metrics: the promises in Prometheus' words, for those inside or with the token, and never more than the database bears."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from crm.base.outbound import Lane
from crm.reports.promises import Promises, Queue, Tenure, Waits
from web.metrics import Figures, MetricsOptions, may_read, metrics_routes
from web.server import is_inside

Client = TestClient[web.Request, web.Application]
OPEN = MetricsOptions(node="node-one", seconds=0.0)
FOUND = Promises(
    at=0,
    held_ms=9_000,
    unknown=(("telegram", 2),),
    parked=(("webchat", 1),),
    sending=(("telegram", 3),),
    campaigns=(("running", 1),),
    waits=(Waits(False, 4, 1500), Waits(True, 0, 0)),
    queues=(Queue("telegram", Lane.PROMOTION, 900, 60_000),),
    totals=(("telegram", "kept", 17), ("telegram", "done", 11)),
    leases=(Tenure("send:telegram", 5, True), Tenure("poll:staff", 1, False)),
)


class Database:
    """Answers the figures, or breaks, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked, self.fault = 0, False

    async def read(self) -> Promises:
        self.asked += 1
        if self.fault:
            raise OSError("postgresql://u:canary@host")
        return FOUND


@asynccontextmanager
async def scraped(database: Database, options: MetricsOptions = OPEN) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(metrics_routes(database.read, options))
    async with TestClient(TestServer(app)) as client:
        yield client


async def figures(client: Client) -> dict[tuple[str, ...], float]:
    """Every figure by its name and the values of its labels."""
    answer = await client.get("/metrics")
    assert answer.status == 200
    found = text_string_to_metric_families(await answer.text())
    return {(one.name, *one.labels.values()): one.value for family in found for one in family.samples}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (("dragoman_node_info", "node-one"), 1),
        (("dragoman_database_answers",), 1),
        (("dragoman_deliveries_unknown", "telegram"), 2),
        (("dragoman_deliveries_sending", "telegram"), 3),
        (("dragoman_events_parked", "webchat"), 1),
        (("dragoman_events_waiting", "inbox"), 4),
        (("dragoman_events_oldest_seconds", "inbox"), 1.5),
        (("dragoman_events_waiting", "desk"), 0),
        (("dragoman_deliveries_queued", "telegram", "promotion"), 900),
        (("dragoman_deliveries_late_seconds", "telegram", "promotion"), 60),
        (("dragoman_tallied_total", "telegram", "kept"), 17),
        (("dragoman_lease_changes_total", "send:telegram"), 5),
        (("dragoman_lease_held", "poll:staff"), 0),
        (("dragoman_campaigns", "running"), 1),
        (("dragoman_outbound_held_seconds",), 9),
    ],
)
async def test_each_promise_is_a_figure(name: tuple[str, ...], value: float) -> None:
    async with scraped(Database()) as client:
        assert (await figures(client))[name] == value


async def test_what_the_process_costs_is_told() -> None:
    async with scraped(Database()) as client:
        found = await figures(client)
    assert found["process_resident_memory_bytes",] > 1_000_000
    assert found["process_cpu_seconds_total",] > 0


async def test_the_database_is_asked_once_however_often_somebody_scrapes() -> None:
    database = Database()
    async with scraped(database, replace(OPEN, seconds=3600.0)) as client:
        for _ in range(10):
            await figures(client)
    assert database.asked == 1


async def test_figures_get_old() -> None:
    database, now = Database(), [0.0]
    found = Figures(database.read, replace(OPEN, seconds=10.0), lambda: now[0])
    for at in (0.0, 9.0, 10.0, 11.0, 30.0):
        now[0] = at
        await found.refresh()
    assert database.asked == 3


async def test_a_database_that_does_not_answer_is_a_figure_too() -> None:
    database = Database()
    database.fault = True
    async with scraped(database) as client:
        found = await figures(client)
        text = await (await client.get("/metrics")).text()
    assert found["dragoman_database_answers",] == 0
    assert not [name for name in found if name[0].startswith("dragoman_deliveries")]
    assert "canary" not in text


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("192.168.1.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
        ("172.32.0.1", False),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
        ("203.0.113.9", False),
        ("100.64.0.1", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_inside_is_this_machine_and_private_networks(address: str, inside: bool) -> None:
    assert is_inside(address) is inside


LOCAL, PROXIED = MetricsOptions(token="kettle"), MetricsOptions(token="kettle", behind_proxy=True)


@pytest.mark.parametrize(
    ("options", "remote", "headers", "allowed"),
    [
        (LOCAL, "127.0.0.1", {}, True),
        (LOCAL, "8.8.8.8", {}, False),
        (LOCAL, "8.8.8.8", {"Authorization": "Bearer kettle"}, True),
        (LOCAL, "8.8.8.8", {"Authorization": "bearer  kettle "}, True),
        (LOCAL, "8.8.8.8", {"Authorization": "Bearer teapot"}, False),
        (LOCAL, "8.8.8.8", {"Authorization": "Basic kettle"}, False),
        (LOCAL, "8.8.8.8", {"Authorization": "Bearer kettl\u00e9"}, False),
        (LOCAL, "127.0.0.1", {"Authorization": "Bearer teapot"}, False),
        (LOCAL, "127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}, False),
        (LOCAL, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        (LOCAL, "127.0.0.1", {"Forwarded": "for=8.8.8.8"}, False),
        (LOCAL, "127.0.0.1", {"Via": "1.1 cache"}, False),
        (PROXIED, "127.0.0.1", {}, False),
        (PROXIED, "127.0.0.1", {"Authorization": "Bearer kettle", "X-Forwarded-For": "8.8.8.8"}, True),
        (MetricsOptions(), "8.8.8.8", {"Authorization": "Bearer "}, False),
        (MetricsOptions(), "8.8.8.8", {"Authorization": "Bearer"}, False),
        (MetricsOptions(), "10.0.0.7", {}, True),
    ],
)
def test_who_may_read(options: MetricsOptions, remote: str, headers: dict[str, str], allowed: bool) -> None:
    request = make_mocked_request("GET", "/metrics", headers=headers).clone(remote=remote)
    assert may_read(request, options) is allowed


async def test_to_others_the_page_is_not_there() -> None:
    database = Database()
    async with scraped(database, replace(OPEN, behind_proxy=True)) as client:
        hidden, nothing = await client.get("/metrics"), await client.get("/nothing-here")
        assert (hidden.status, await hidden.text()) == (nothing.status, await nothing.text())
    assert database.asked == 0


def test_the_token_is_not_shown_with_the_options() -> None:
    assert "kettle" not in repr(LOCAL)
