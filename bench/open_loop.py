"""Figure 8: letters at a fixed rate, whatever the server does: webhook to its 200, webhook to the carrier, and a rep's deeds meanwhile, on both engines.

Printed, never judged: a latency says as much of the machine as of the product, so the price of one sync of the disk stands beside it.
"""

import time
from dataclasses import dataclass

from bench import letters, load, places
from bench.letters import Order
from bench.places import Place
from bench.rounds import Figure, Size, share
from bench.server import Wanted, served
from bench.town import Town

CONNECTIONS = 128
DEEDS = 20.0
RATES = (0, 50, 500, 1000)
WARM = 200
# Half a round of the senders away from the letters that are measured, so that none of those is answered before it was written.
WARM_FROM = 50 * letters.KNOWN + letters.KNOWN // 2


@dataclass(frozen=True, slots=True)
class Felt:
    """What was felt at one rate, in milliseconds; how many letters a second were answered, and what waited (to be processed, to leave) after the last."""

    answered_p50: float
    answered_p99: float
    carried_p95: float
    deed_p99: float
    answered: float
    left: int


def measure(size: Size) -> list[Figure]:
    """Idle, 50, 500 and 1,000 a second on each engine."""
    found: list[Figure] = []
    seconds, rounds = size.of(3, 6), 1 if size.small else size.rounds
    for name, opened in places.ENGINES.items():
        if size.small and name != "sqlite":
            continue
        with opened(Town()) as place:
            felt = {rate: [at_rate(place, rate, seconds) for _ in range(rounds)] for rate in RATES}
        found += figures(place.engine, felt)
    return found


def at_rate(place: Place, rate: int, seconds: int) -> Felt:
    """One server, one rate, some seconds; what a first letter of its kind costs (statements written once, modules loaded) has been paid before."""
    order = Order("signed", rate * seconds)
    with served(Wanted(place.fresh(), "all", deeds=DEEDS)) as server:
        load.run(load.Task(server.port, Order("signed", WARM, first=WARM_FROM), 16))
        server.rest()
        warm = time.monotonic()
        if not rate:
            time.sleep(seconds)
            answered, began, answered_a_second = [0.0], 0.0, 0.0
        else:
            result = load.run(load.Task(server.port, order, CONNECTIONS, rate))
            answered, began, answered_a_second = result.latencies, result.began, result.per_second
    report = server.report
    due = {str(letters.sender(number, letters.KNOWN)): began + (number - 1) / rate for number in range(1, order.count + 1)} if rate else {}
    carried = [report.came[address] - instant for address, instant in due.items() if address in report.came] or [0.0]
    assert len(carried) >= len(due) * 0.99, f"{len(carried)} of {len(due)} were answered by the bot"
    return Felt(
        1000 * share(answered, 0.5),
        1000 * share(answered, 0.99),
        1000 * share(carried, 0.95),
        1000 * share([took for began, took in report.deeds if began >= warm] or [0.0], 0.99),
        answered_a_second,
        report.left,
    )


def figures(engine: str, felt: dict[int, list[Felt]]) -> list[Figure]:
    """The table's lines of one engine."""

    def line(name: str, rate: int, field: str, target: float | None = None, unit: str = "ms") -> Figure:
        values = tuple(float(getattr(one, field)) for one in felt[rate])
        return Figure(f"{engine}: {name}", values, unit, target, less=True)

    return [
        line("webhook to 200 at 1,000/s, p50", 1000, "answered_p50"),
        line("webhook to 200 at 1,000/s, p99", 1000, "answered_p99", 25),
        line("webhook to the carrier at 50/s, p95", 50, "carried_p95", 50),
        line("webhook to the carrier at 500/s, p95", 500, "carried_p95", 150),
        line("webhook to the carrier at 1,000/s, p95", 1000, "carried_p95"),
        line("a rep's deed, idle, p99", 0, "deed_p99", 20),
        line("a rep's deed at 500/s, p99", 500, "deed_p99", 60),
        line("letters answered a second at 1,000/s", 1000, "answered", unit="/s"),
        line("events and deliveries waiting when 1,000/s ended", 1000, "left", unit=""),
    ]
