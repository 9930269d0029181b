"""Figure 1: a webhook that stores before it answers, over the same door that only checks and answers; 64 connections, the server on one core."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from bench import load, places
from bench.letters import Order
from bench.rounds import Figure, Size, ratios, turn_about
from bench.server import Running, Wanted, served
from bench.stub import platform
from bench.town import Town

CONNECTIONS = 64
MODES = ("ack", "keep", "all")


def measure(size: Size) -> list[Figure]:
    """Keep alone, and everything behind it on the same core; nobody known writes twice, so that everybody is answered."""
    letters = size.of(1_000, 20_000)
    people = letters * (size.rounds + 1)
    with ExitStack() as stack:
        opened = {mode: stack.enter_context(places.file(Town(people=people))) for mode in MODES}
        servers = {mode: stack.enter_context(served(Wanted(place.fresh(), mode, known=people))) for mode, place in opened.items()}
        numbers = {mode: itertools.count(1, letters) for mode in MODES}
        sides = {mode: partial(run, server, numbers[mode], letters, people) for mode, server in servers.items()}
        turn_about(sides, 1)  # loads what is loaded at the first use
        found = turn_about(sides, size.rounds)
    ack, keep, everything = ([rate for rate, _ in found[mode]] for mode in MODES)
    busiest = max(used for one in found.values() for _, used in one)
    return [
        Figure("durable webhook, keep alone / not storing", ratios(keep, ack), "x", 0.40, 0.30),
        Figure("durable webhook with processing, answer, sending / not storing", ratios(everything, ack), "x", 0.22, 0.15),
        Figure("  not storing", tuple(ack), "/s", note=f"the load: {ceiling(letters):,.0f}/s at most, {busiest:.0%} of its core used"),
        Figure("  keep alone", tuple(keep), "/s"),
        Figure("  with processing, answer, sending, until the last has left", tuple(everything), "/s"),
    ]


def run(server: Running, numbers: Iterator[int], letters: int, known: int) -> tuple[float, float]:
    """Letters a second that a server takes, until the last answer, or the last sending where it sends; and how busy the load was."""
    result = load.run(load.Task(server.port, Order("signed", letters, first=next(numbers), known=known), CONNECTIONS))
    ended = max(result.ended, server.rest())
    return letters / (ended - result.began), result.cpu / (result.ended - result.began)


def ceiling(letters: int) -> float:
    """Letters a second that the load can throw: at a server that does nothing but answer."""
    with platform(core=0) as port:
        return load.run(load.Task(port, Order("signed", letters), CONNECTIONS)).per_second
