"""Installation: whether this database and this data folder belong together; where they do not, what is for customers waits for a manager.

Each folder keeps a seal per machine (`epoch-…`, beside `link.key`), and the database a row for each seal. Both are renewed at every start and
every hour, so that a database that is older than an hour, a copied folder and another machine do not fit. Backups carry no rows at all.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.leases import Lease
from crm.base.rows import fixed
from crm.base.table import Base

MARKS = (Path("/etc/machine-id"), Path("/var/lib/cloud/data/instance-id"))
BY_HAND = "hand"


class Why(StrEnum):
    """Why nothing is sent to customers."""

    NO_SEAL = "no_seal"
    OTHER_DATABASE = "other_database"
    MOVED = "moved"
    BY_HAND = "by_hand"


class Installation(Base):
    """A data folder that works with this database; `before` is the epoch it had until the last renewal, `place` the inode of its seal.

    `held_at` is the instant since which nothing is sent to customers (0 = it is), for the whole company, whichever row says so.
    """

    __tablename__ = "installations"
    name: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(server_default="")
    before: Mapped[str] = mapped_column(server_default="")
    place: Mapped[int] = mapped_column(server_default="0")
    seen_at: Mapped[int] = mapped_column(server_default="0")
    held_at: Mapped[int] = mapped_column(server_default="0")
    why: Mapped[str] = mapped_column(server_default="")


_HELD = select(Installation.held_at).where(Installation.held_at > fixed(0)).limit(1)
_SINCE = select(func.min(Installation.held_at)).where(Installation.held_at > fixed(0))
_PULSE = select(func.max(Lease.until)).where(Lease.name.like("send:%"))


def held(session: Session) -> bool:
    """Whether nothing may be sent to customers; asked in the transaction that claims."""
    return session.execute(_HELD).first() is not None


def held_since(session: Session) -> int:
    """The instant since which nothing is sent to customers (0 = it is)."""
    return session.scalar(_SINCE) or 0


def pulse(session: Session) -> int:
    """The latest end of a sender's lease: while it rises, somebody works on this database."""
    return session.scalar(_PULSE) or 0


@dataclass(frozen=True, slots=True)
class Seal:
    """What the file says: the folder's name in the database, its epoch, and the inode it stands in."""

    name: str
    epoch: str
    place: int = 0


def misfit(row: Installation | None, seal: Seal | None) -> Why | None:
    """Why a seal does not fit its row (None = it does); pure. The epoch before counts too: a renewal may have died between row and file."""
    if seal is None:
        return Why.NO_SEAL
    if row is None or seal.epoch not in (row.epoch, row.before):
        return Why.OTHER_DATABASE
    return Why.MOVED if seal.epoch == row.epoch and seal.place != row.place else None


def seal_file(folder: Path, marks: Iterable[Path] = MARKS) -> Path:
    """Where a folder keeps its seal for this machine; in a container that knows no marks it is the folder's only one."""
    return folder / f"epoch-{hashlib.sha256(b'|'.join(_read(mark) for mark in marks)).hexdigest()[:8]}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def read_seal(path: Path) -> Seal | None:
    """The seal as it stands; None where there is none that can be read."""
    try:
        with path.open("r", encoding="ascii") as file:
            words, place = file.read(200).split(), os.fstat(file.fileno()).st_ino
    except (OSError, UnicodeDecodeError):
        return None
    return Seal(words[0], words[1], place) if len(words) == 2 else None


def cut_seal(path: Path, name: str = "") -> tuple[Seal, Path]:
    """Write the next seal beside the one that stands; renaming it into place is the last step of a renewal."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    name, epoch, beside = name or secrets.token_hex(8), secrets.token_hex(16), path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{name} {epoch}\n")
        file.flush()
        os.fsync(file.fileno())
        return Seal(name, epoch, os.fstat(file.fileno()).st_ino), beside


def set_seal(beside: Path, path: Path) -> None:
    """Put the new seal in place, durably."""
    beside.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock_seal(path: Path) -> int:
    """Wait until no other node on the same folder renews its seal; sweeps away what a dead renewal left. Closing the handle lets the next one in."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path.with_name("epoch.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    for left in path.parent.glob(f"{path.name}.*"):
        left.unlink(missing_ok=True)
    return handle
