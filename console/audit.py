"""`audit verify`: whether the record of everything that was done still is what was sealed; it only reads, so the product may run meanwhile."""

import sys

from console.environment import Environment
from crm.base.db import look
from crm.base.errors import Invalid, Misconfigured
from crm.reports.audit import Verdict, verify
from crm.schema import HEAD, version_at


def run(env: Environment, known: str = "") -> int:
    """Print what was found; 1 when the record was tampered with. `known` is an anchor from a manager's daily report (place:digest)."""
    if not env.on_server and not env.database.exists():
        raise Misconfigured(f"there is no database at {env.database} yet: start the product once, or set DATABASE_URL")
    if (found := look(env.database_url, lambda session: version_at(session.connection()))) != HEAD:
        raise Misconfigured(f"the database has schema {found or 'none'}, this program knows {HEAD}: start the product once, or install the newer program")
    if known and not known.partition(":")[0].isdecimal():
        raise Invalid("an anchor is what the daily report shows, such as 41:0123456789abcdef")
    verdict = look(env.database_url, lambda session: verify(session, _progress, known=known))
    print("\n".join(lines(verdict)))
    return int(bool(verdict.broken))


def lines(verdict: Verdict) -> list[str]:
    """The verdict in words."""
    told = [f"{verdict.seals} seals hold {verdict.rows} rows; {verdict.unsealed} newer rows wait for theirs."]
    if verdict.late:
        told.append(f"{verdict.late} rows were committed late and sealed apart.")
    if verdict.redacted:
        told.append(f"{verdict.redacted} rows had their values taken out by an erasure, which is on record itself.")
    if verdict.broken:
        return [*told, f"✗ The record was changed: {verdict.broken}."]
    last = f"The newest seal is {verdict.anchor}: compare it with what the managers' daily reports show." if verdict.anchor else "There is no seal yet."
    return [*told, "The record is what was sealed.", last]


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} seals", end="" if done < of else "\n", file=sys.stderr, flush=True)
