"""The record of long runs: `make faults` adds a line to docs/reliability.md, whatever came out."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
END = "<!-- runs end -->"
STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Run:
    """What one run, or one shard of one, came to; `at` is a date, `commit` what was run, `minutes` how long it took."""

    at: str
    commit: str
    column: str
    engine: str
    shard: str
    seed: int
    passed: int
    failed: tuple[str, ...]
    skipped: int
    minutes: int

    @property
    def line(self) -> str:
        """The row of the table."""
        failed = f"**{len(self.failed)}**: {', '.join(f'`{name}`' for name in self.failed)}" if self.failed else "0"
        cells = (self.at, f"`{self.commit}`", self.column.upper(), self.engine, self.shard, self.seed, self.passed, failed, self.skipped, self.minutes)
        return f"| {' | '.join(map(str, cells))} |"


def added(page: str, run: Run) -> str:
    """The page with one more run, the newest last; pure."""
    before, mark, after = page.partition(END)
    assert mark, f"the page has no place for runs ({END})"
    return f"{before}{run.line}\n{mark}{after}"


def commit() -> str:
    """What is run: the commit, with a + where the tree has changed since."""
    found = subprocess.run(["git", "describe", "--always", "--dirty=+", "--exclude=*"], cwd=PAGE.parent, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def minutes() -> int:
    """How long this run has taken."""
    return round((time.monotonic() - STARTED) / 60)
