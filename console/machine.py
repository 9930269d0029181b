"""What the doctor looks at on the machine: files, database, disk, clock, port, Python."""

import contextlib
import email.policy
import errno
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from console.finding import Finding, fault, fine, warning
from console.lock import running
from crm.base.errors import Misconfigured
from crm.schema import HEAD, version

LEAST_ROOM = 500 * 1024 * 1024
DAY = 86_400
WRITTEN_IN = 2025
WAL = b"\x02\x02"  # bytes 18 and 19 of the file, see "The Database File" in SQLite's documentation
FAR_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "vboxsf", "davfs", "beegfs"}


def private(file: Path, folder: Path) -> Iterator[Finding]:
    """Secrets and customers' words are readable by their owner alone."""
    wanted = ((file, 0o600), (folder, 0o700), (folder / "link.key", 0o600))
    there = [(path, mode) for path, mode in wanted if path.exists()]
    loose = [(path, mode) for path, mode in there if path.stat().st_mode & 0o077]
    yield from (fault("permissions", f"others on this machine may read {path}", f"chmod {mode:o} {path}") for path, mode in loose)
    if there and not loose:
        yield fine("permissions", ", ".join(str(path) for path, _ in there) + " are the owner's alone")
    yield key(folder / "link.key")


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
    yield schema(path)
    with path.open("rb") as file:
        if file.read(20)[18:] != WAL:
            yield warning("database", f"the write-ahead log of {path.name} is off, so readers wait for writers", "start the product once: it switches it on")


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


def room(folder: Path, least: int = LEAST_ROOM) -> Finding:
    """Free space where the database grows."""
    above = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
    free = shutil.disk_usage(above).free
    words = f"{free // 2**20} MB free at {above}"
    return fine("disk", words) if free >= least else fault("disk", words, f"make room: {least // 2**20} MB at least")


def clock(files: Sequence[Path], now: float | None = None) -> Finding:
    """The clock, held against when files were last written; `now` in seconds since 1970 UTC."""
    now = time.time() if now is None else now
    newest = max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
    told = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"
    if datetime.fromtimestamp(now, UTC).year < WRITTEN_IN or newest > now + DAY:
        return fault("clock", f"the machine says {told}, which is past", "set the clock, such as with `timedatectl set-ntp true`")
    return fine("clock", told)


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
        yield warning("python", f"{told} lets line breaks into mail headers (CVE-2024-6923)", "take a newer 3.11, 3.12 or later before e-mail is used")


def http_parser(fast: bool) -> Finding:
    """How aiohttp reads requests."""
    if fast:
        return fine("http", "aiohttp reads requests with its C parser")
    return warning("http", "aiohttp reads requests in plain Python, slower and less strict", "unset AIOHTTP_NO_EXTENSIONS and install aiohttp from a wheel")
