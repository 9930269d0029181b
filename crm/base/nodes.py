"""Node: a process that works on the company's database, and when it was last heard of."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import instant
from crm.base.leases import Lease, Seat, release, take
from crm.base.rows import bump
from crm.base.table import Base
from crm.base.wakes import DESK, INBOX, wake

FORGOTTEN_MS = 24 * 3_600_000
PULSE = "pulse"
"""The lease that a node renews only to see that the database can be written."""


class Node(Base):
    """One process of the product; `seen_at` is the server's instant of its last beat, `beats` counts them."""

    __tablename__ = "nodes"
    name: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(server_default="")
    version: Mapped[str] = mapped_column(server_default="")
    started_at: Mapped[int]
    seen_at: Mapped[int]
    beats: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Seen:
    """A node and the names of what it holds; `silent_ms` = how long nothing was heard of it."""

    name: str
    address: str
    version: str
    started_at: int
    silent_ms: int
    holds: tuple[str, ...]


def beat(session: Session, seat: Seat, *, address: str, version: str, now: int) -> int:
    """Say that this node lives; answers how many do."""
    at = session.scalar(select(instant("now")), {"now": now}) or now
    row = {"name": seat.node, "address": address, "version": version, "started_at": at, "seen_at": at}
    bump(session, Node, [row], key="name", version="beats", newer=("seen_at", "address"))
    session.execute(delete(Node).where(Node.seen_at < at - FORGOTTEN_MS))
    session.execute(delete(Lease).where(Lease.name.startswith(PULSE), Lease.until < at - FORGOTTEN_MS), execution_options={"synchronize_session": False})
    return session.scalar(select(func.count()).select_from(Node).where(Node.seen_at > at - seat.lease_ms)) or 1


def feel(session: Session, node: str, *, many: bool, now: int) -> None:
    """Make the smallest change there is, to see that the database can be written; one of many nodes has a row of its own for it."""
    take(session, f"{PULSE}:{node}" if many else PULSE, node, now=now)


def leave(session: Session, seat: Seat) -> None:
    """A node that stops lets go of everything, so that others go on at once."""
    wake(session, *session.scalars(select(Lease.name).where(Lease.holder == seat.node, Lease.pool == "")), INBOX, DESK)
    release(session, seat.node)
    session.execute(delete(Lease).where(Lease.name == f"{PULSE}:{seat.node}"), execution_options={"synchronize_session": False})
    session.execute(delete(Node).where(Node.name == seat.node))


def nodes(session: Session, *, now: int) -> list[Seen]:
    """Every node that was heard of within a day, and what it holds."""
    at = session.scalar(select(instant("now")), {"now": now}) or now
    held: dict[str, list[str]] = {}
    for name, holder in session.execute(select(Lease.name, Lease.holder).where(Lease.until > at).order_by(Lease.name)):
        held.setdefault(holder, []).append(name)
    known = list(session.scalars(select(Node).order_by(Node.started_at)))
    return [Seen(one.name, one.address, one.version, one.started_at, at - one.seen_at, tuple(held.get(one.name, ()))) for one in known]
