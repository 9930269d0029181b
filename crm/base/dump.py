"""Dump: the copy of a server's database, by the server's own programs; a password goes by the environment, never by the command line."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from crm.base.errors import Misconfigured

PROGRAMS = ("pg_dump", "pg_restore")
_SETTINGS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "host": "PGHOST", "port": "PGPORT"}
Progress = Callable[[str, int, int], None]


def dump(url: str, target: Path, progress: Progress) -> str:
    """Dump one snapshot of the database an address names, then read the dump once to prove it; answers what is wrong with it ("" = nothing).

    Rows of `installations` stay behind, so that whatever is made of the dump must ask before it sends.
    """
    kept = ("--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=installations", f"--file={target}")
    told = _run(url, "pg_dump", *kept, going=lambda: progress("database", 0, 0))
    return told or _run(url, "pg_restore", f"--file={os.devnull}", str(target), going=lambda: progress("check", 0, 0))


def undump(url: str, file: Path) -> None:
    """Put a dump into an empty database; all of it or nothing."""
    told = _run(url, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", f"--dbname={name_of(url)}", str(file))
    if "already exists" in told:
        raise Misconfigured(f"the database {name_of(url)} is not empty: make a new one (createdb), name it in DATABASE_URL, and keep this one as it is")
    if told:
        raise Misconfigured(told)


def _run(url: str, program: str, *arguments: str, going: Callable[[], None] = lambda: None) -> str:
    """Run one of the server's programs; answers what it complained about ("" = nothing). `going` is called each second and may raise to end it."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        words = "install PostgreSQL's client programs of the server's version (Debian: apt install postgresql-client)"
        raise Misconfigured(f"{' and '.join(missing)} are not here: {words}")
    variables = {**os.environ, **settings(url)}
    with subprocess.Popen([program, *arguments], env=variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, umask=0o077) as running:  # noqa: S603
        told = _complaint(running, going)
    if running.returncode == 0:
        return ""
    if "server version mismatch" in told:
        told += ": install PostgreSQL's client programs of the server's version"
    return re.sub(r"\s+", " ", f"{program}: {told}")[:500]


def _complaint(running: subprocess.Popen[str], going: Callable[[], None]) -> str:
    while True:
        try:
            return " ".join(running.communicate(timeout=1.0)[1].split())
        except subprocess.TimeoutExpired:
            try:
                going()
            except BaseException:
                running.kill()
                raise


def name_of(url: str) -> str:
    """The name of the database in an address."""
    return unquote(urlsplit(url).path.removeprefix("/"))


def settings(url: str) -> dict[str, str]:
    """An address as the variables PostgreSQL's programs read; pure."""
    parts = urlsplit(url)
    given = {"PGHOST": parts.hostname, "PGPORT": str(parts.port or ""), "PGUSER": parts.username, "PGPASSWORD": parts.password, "PGDATABASE": name_of(url)}
    found = {name: unquote(value) for name, value in given.items() if value}
    return {**found, **{_SETTINGS[name]: value for name, value in parse_qsl(parts.query) if name in _SETTINGS}}
