"""Every ratio of the bench keeps its floor, measured small; absolute figures are no matter of a test."""

import importlib
import os
import sys
from collections.abc import Callable

import pytest

from bench import peers, table
from bench.rounds import Figure, Size

SMALL = Size(small=True)
MEASURED = ("webhook", "ingest", "campaign", "drain", "postgres", "inbox_page", "handover", "parse", "doors", "find", "rules")


def below(figures: list[Figure]) -> list[str]:
    """The ratios under their floor, as the bench prints them."""
    return [table.line(figure) for figure in figures if not figure.reaches(figure.floor)]


def held(measure: Callable[[], list[Figure]]) -> list[str]:
    """What stays under its floor in two runs: a neighbour on the machine can spoil one, not both."""
    found = below(measure())
    return found and below(measure())


@pytest.mark.parametrize("name", MEASURED)
def test_every_ratio_keeps_its_floor(name: str) -> None:
    bench = importlib.import_module(f"bench.{name}")
    assert held(lambda: bench.measure(SMALL)) == []


def test_we_store_faster_than_aiogram_answers_without_storing() -> None:
    assert held(lambda: peers.beside_aiogram(SMALL, sys.executable)) == []


if os.environ.get("REQUIRE_ALL"):  # this peer has to be installed first, which CI may do and a laptop on a train may not

    def test_we_store_faster_than_a_help_desk_opens_tickets() -> None:
        assert held(lambda: peers.beside_helpdesk(SMALL, peers.environment())) == []
