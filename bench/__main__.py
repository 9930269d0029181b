"""`python -m bench [NAME ...] [--small] [--largest] [--write]`: measure, print the table, and keep it in docs/performance.md if asked."""

import argparse
import importlib
import sys
import time

from bench import machine, table
from bench.rounds import Absent, Figure, Size

BENCHES = {
    "webhook": "1: a webhook that stores before it answers",
    "ingest": "2: a message from kept to done, in process",
    "peers": "3: beside django-helpdesk and aiogram",
    "campaign": "4: a campaign's recipients written down",
    "drain": "5: sending",
    "postgres": "6: PostgreSQL, set-based against message by message",
    "inbox_page": "7: a page of the inbox",
    "open_loop": "8: latencies at a fixed rate",
    "handover": "9: two nodes, the sender's lease handed over",
    "replies": "10: replies while a campaign runs",
    "parse": "11: a channel reads an event",
    "doors": "12: a channel's webhook beside a bare one",
    "find": "13: a search",
    "stages": "14: a deal goes to its next stage",
    "fifty": "15: fifty reps at work",
    "rules": "16: what a change costs the rules",
    "card": "a stranger's word to the rep's chat, the whole way",
    "weight": "CPU and bytes a message, memory, cold start",
}


def main() -> int:
    """Measure what was named (all without a name); 1 when a ratio is under its floor."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure the product; every ratio has both sides in one round.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--small", action="store_true", help="sizes that CI can afford")
    parser.add_argument("--largest", action="store_true", help="a million conversations in the inbox")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}")
    here, size = machine.look(), Size(chosen.small, chosen.largest, chosen.rounds)
    print(table.heading(here), flush=True)
    found: dict[str, list[Figure]] = {}
    for name in chosen.names or BENCHES:
        found[name] = run(name, size)
    if chosen.write:
        sizes = "The small sizes of CI; the whole ones take half an hour." if size.small else "The whole sizes."
        table.keep(here, found, {name: BENCHES[name] for name in found}, sizes)
    return int(any(not figure.reaches(figure.floor) for figures in found.values() for figure in figures))


def run(name: str, size: Size) -> list[Figure]:
    """One bench, printed as soon as it is done."""
    began, busy = time.monotonic(), machine.others()
    print(f"\n{BENCHES[name]}" + (f"  [disturbed: others keep {busy:.1f} cores busy]" if busy > machine.CALM else ""), flush=True)
    figures: list[Figure] = []
    try:
        figures = importlib.import_module(f"bench.{name}").measure(size)
    except Absent as absent:
        print(f"  left out: {absent}", flush=True)
    for figure in figures:
        print(f"  {table.line(figure)}", flush=True)
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
