"""What the doctor looks at on the machine: files, database, disk, port, address, Python."""

import contextlib
import email.policy
import errno
import os
import pwd
import re
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from console.clock import noted
from console.finding import Finding, fault, fine, warning
from console.lock import running
from crm.base.db import look
from crm.base.dialect import WRITER
from crm.base.errors import Misconfigured
from crm.reports.promises import newest
from crm.schema import HEAD, version

MB = 2**20
LEAST_ROOM, LARGEST_LOG = 500 * MB, 512 * MB
LEAST_FILES = 10_000
OLDEST_SQLITE = (3, 35)
WEBHOOK_PORTS = (443, 80, 88, 8443)  # see setWebhook in Telegram's Bot API
NOT_OUTSIDE = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home", ".test", ".invalid")
WAL = b"\x02\x02"  # bytes 18 and 19 of the file, see "The Database File" in SQLite's documentation
FAR_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "vboxsf", "davfs", "beegfs"}


def private(file: Path, folder: Path, elsewhere: Path | None = None) -> Iterator[Finding]:
    """Secrets and customers' words are readable by their owner alone; `elsewhere` is a database outside the folder."""
    wanted = [(file, 0o600), (folder, 0o700), (folder / "link.key", 0o600), *([(elsewhere, 0o600)] if elsewhere else [])]
    there = [(path, mode) for path, mode in wanted if path.exists()]
    loose = [(path, mode) for path, mode in there if path.stat().st_mode & 0o077]
    yield from (fault("permissions", f"others on this machine may read {path}", f"chmod {mode:o} {path}") for path, mode in loose)
    if there and not loose:
        yield fine("permissions", ", ".join(str(path) for path, _ in there) + " are the owner's alone")
    yield from foreign(folder)
    yield key(folder / "link.key")


def foreign(folder: Path) -> Iterator[Finding]:
    """What belongs to somebody else in the folder, as after one start by root: the product can then not write it."""
    if folder.is_dir():
        owner = folder.stat().st_uid
        strange = [path for path in sorted(folder.iterdir()) if path.lstat().st_uid != owner]
        if strange:
            yield fault("permissions", f"{strange[0]} does not belong to {_named(owner)}, who owns {folder}", f"chown -R {_named(owner)} {folder}")


def _named(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def key(path: Path) -> Finding:
    """The key behind links."""
    if not path.exists():
        return fine("link key", "is made at the first start")
    if path.stat().st_size != 32:
        return fault("link key", f"{path} is damaged", "put it back from a backup, or remove it: links given out before stop working")
    return fine("link key", f"{path} is there")


def database(path: Path) -> Iterator[Finding]:
    """The database: on this machine's disk, writable, of our schema, with its write-ahead log on."""
    yield from disk(path, _mounts())
    if not path.exists():
        above = next(folder for folder in path.resolve().parents if folder.exists())
        if not os.access(above, os.W_OK):
            yield fault("database", f"{path} cannot be made in {above}", f"chown {above} to the user who runs the product, or set DATABASE_URL")
        else:
            yield fine("database", f"{path} is made at the first start")
        return
    if not (os.access(path, os.W_OK | os.R_OK) and os.access(path.parent, os.W_OK)):
        yield fault("database", f"{path} cannot be written", "run this as the owner of the file, or chown it and its folder")
        return
    known = schema(path)
    yield known
    yield from mode(path)
    if version_is_ours(known):
        with contextlib.suppress(Exception):  # what cannot be asked was named above
            yield noted(look(path, newest) / 1000, time.time())


def version_is_ours(known: Finding) -> bool:
    """Whether the tables are those this program asks."""
    return known.words.endswith(f"has schema {HEAD}")


def mode(path: Path) -> Iterator[Finding]:
    """How the file keeps what was committed."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield fault("database", f"SQLite {sqlite3.sqlite_version} is too old for our statements", "install a Python with SQLite 3.35 or newer")
    with path.open("rb") as file:
        on = file.read(20)[18:] == WAL
    if not on:
        yield warning("database", f"the write-ahead log of {path.name} is off, so readers wait for writers", "start the product once: it switches it on")
    elif "synchronous=FULL" in WRITER:
        yield fine("database", f"write-ahead log on, each commit reaches the disk (SQLite {sqlite3.sqlite_version})")
    beside = Path(f"{path}-wal")
    if beside.exists() and beside.stat().st_size > LARGEST_LOG:
        size = beside.stat().st_size // MB
        yield warning("database", f"{beside.name} has {size} MB: somebody reads an old state and holds it", "end other programs that have the database open")


def schema(path: Path) -> Finding:
    """The version of the tables."""
    try:
        found = version(path)
    except Exception as error:  # the engine's errors are its own; whatever it is, the file cannot be opened
        return fault("database", f"{path} is no database ({type(error).__name__})", "put it back from a backup, or set DATABASE_URL")
    if found > HEAD:
        return fault("database", f"{path} has schema {found}, this program knows {HEAD}", "install the newer program")
    return fine("database", f"{path} has schema {found}" if found == HEAD else f"{path} is brought up to date at the next start")


def disk(path: Path, mounts: str) -> Iterator[Finding]:
    """A warning where the file lies on another machine's disk; `mounts` is the text of /proc/mounts."""
    point, kind = "", ""
    for row in mounts.splitlines():
        where, what = (re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), field) for field in (row.split() + ["", "", ""])[1:3])
        if path.resolve().is_relative_to(where or "/nowhere") and len(where) >= len(point):
            point, kind = where, what
    if kind in FAR_DISKS or kind.startswith("fuse."):
        yield warning("database", f"{point} is a network or foreign disk ({kind}), where SQLite can lose data", "put the database on a disk of this machine")


def _mounts() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    return ""


def lock(path: Path) -> Finding:
    """Whether the product runs."""
    try:
        return fine("product", "is running" if running(path) else "is not running")
    except Misconfigured as error:
        return fault("product", str(error), "use the user who runs the product")


def room(folder: Path, least: int = LEAST_ROOM, least_files: int = LEAST_FILES) -> Finding:
    """Free space where the database grows."""
    above = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
    free, names = shutil.disk_usage(above).free, os.statvfs(above)
    words = f"{free // MB} MB free at {above}"
    if names.f_files and names.f_favail < least_files:
        return fault("disk", f"{words}, but only {names.f_favail} more files fit", "remove small files there")
    return fine("disk", words) if free >= least else fault("disk", f"{words}: when it is full nothing is taken in", f"make room: {least // MB} MB at least")


def public(address: str) -> Iterator[Finding]:
    """The address we are reached at from outside, as far as its letters tell; nothing is asked."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        yield warning("address", "PUBLIC_URL is not https, so what customers write can be read on the way", "put a TLS proxy in front and write https://")
    if host.endswith(NOT_OUTSIDE) or _is_inside(host):
        yield fault("address", f"PUBLIC_URL: nobody outside reaches {host}", "write a name or address of the internet, or leave PUBLIC_URL empty")
    elif parts.scheme == "https" and port and port not in WEBHOOK_PORTS:
        yield fault("address", f"PUBLIC_URL: Telegram delivers to no port {port}", "take port 443, or one of 80, 88, 8443")


def _is_inside(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host


def port(host: str, number: int, product_runs: bool) -> Finding:
    """Whether the web server can listen."""
    if number == 0:
        return warning("port", "HTTP_PORT is 0, so each start takes another port", "set HTTP_PORT=8080")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError:
        return fault("port", f"port {number} is for root alone", "set HTTP_PORT above 1023")
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            return fault("port", f"HTTP_HOST {host!r} is no address of this machine", "set HTTP_HOST=127.0.0.1")
        if product_runs:
            return fine("port", f"{number} is used by the product")
        return fault("port", f"port {number} at {host} cannot be used ({error.strerror})", "stop the other program, or set HTTP_PORT")
    return fine("port", f"{number} is free")


def answers_as_ours(host: str, number: int) -> bool:
    """Whether the product answers at a port, where no lock beside a file can tell."""
    line = HTTPConnection(host, number, timeout=2.0)
    try:
        line.request("GET", "/health")
        return '"ok"' in line.getresponse().read(500).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def headers_are_guarded() -> bool:
    """Whether this Python refuses a mail header with a line break in it (the fix of CVE-2024-6923)."""
    return hasattr(email.policy.default, "verify_generated_headers")


def python(found: tuple[int | str, ...], guarded: bool) -> Iterator[Finding]:
    """The Python we run on."""
    told = ".".join(str(part) for part in found[:3])
    if tuple(found[:2]) < (3, 11):
        yield fault("python", f"{told} is too old", "install Python 3.11 or newer")
        return
    yield fine("python", told)
    if not guarded:
        words = f"{told} lets line breaks into mail headers (CVE-2024-6923), so a sender's name could add a recipient"
        yield warning("python", words, "take Python 3.11.10, 3.12.5 or newer before e-mail is used")


def http_parser(fast: bool) -> Finding:
    """How aiohttp reads requests."""
    if fast:
        return fine("http", "aiohttp reads requests with its C parser")
    return warning("http", "aiohttp reads requests in plain Python, slower and less strict", "unset AIOHTTP_NO_EXTENSIONS and install aiohttp from a wheel")
