"""`backup`: a proven copy of the installation, taken while the product runs or not."""

import sys
import time
from pathlib import Path

from console.environment import Environment
from crm.base.backup import Copy, Source, back_up
from crm.base.errors import Misconfigured

WORDS = {"database": "copying the database", "check": "checking the copy", "media": "copying files", "uploads": "copying uploads", "mail": "copying mails"}


class Line:
    """One line of a terminal that says what is being done; anywhere else it is silent."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, what: str, done: int, of: int) -> None:
        words = f"{WORDS.get(what, what)} {100 * done // of} %" if of else f"{WORDS.get(what, what)} ..."
        if words != self._shown and sys.stderr.isatty():
            print(f"\r{words:<40}", end="", file=sys.stderr, flush=True)
        self._shown = words

    def clear(self) -> None:
        """Take the line away."""
        if sys.stderr.isatty():
            print(f"\r{'':<40}\r", end="", file=sys.stderr, flush=True)


def run(env: Environment, into: str = "") -> int:
    """Take a copy into a folder, by default `backups` in the data folder, and say what it holds."""
    line = Line()
    try:
        copy = back_up(Source(env.database_url, env.folder), Path(into) if into else env.folder / "backups", now=time.time_ns() // 1_000_000, progress=line)
    except OSError as error:
        raise Misconfigured(f"the backup cannot be written: {error}") from error
    finally:
        line.clear()
    print("\n".join(told(copy)))
    return 0


def told(copy: Copy) -> list[str]:
    """What a copy holds, in words."""
    counted = ", ".join(f"{count} {name}" for name, (count, _) in copy.counts.items())
    words = [f"Backed up to {copy.folder}: {copy.size / 1e6:.1f} MB, {copy.files} files; checked."]
    if counted:
        words.append(f"It holds {counted}.")
    if copy.missing:
        words.append(f"⚠ {copy.missing} files that the database names are not in the media folder; they are not in the copy either.")
    return [*words, "It does not hold .env (the bots' tokens): keep a copy of that apart."]
