"""Who may do what only one node may do. Every holder carries a token that fences the one before."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import insert_ignoring
from crm.base.rows import table_of
from crm.base.table import Base

LEASE_MS = 30_000


class Lease(Base):
    """One piece of work that only one node may do: an inbox shard, a sender, a poller."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(server_default="")
    token: Mapped[int] = mapped_column(server_default="0")
    until: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand; `taken_over` is true when somebody else held it last."""

    name: str
    token: int
    taken_over: bool


_NAMED = select(Lease.holder, Lease.token, Lease.until).where(Lease.name == bindparam("lease"))
_TAKE = update(table_of(Lease)).where(Lease.name == bindparam("lease")).values(holder=bindparam("node"), token=bindparam("number"), until=bindparam("end"))


def take(session: Session, name: str, node: str, *, now: int, ttl: int = LEASE_MS) -> Held | None:
    """Lease by name, or renew what this node holds; None while another node holds it."""
    row = session.execute(_NAMED, {"lease": name}).first()
    if row is None:
        session.execute(insert_ignoring(table_of(Lease)).values(name=name))
        row = session.execute(_NAMED, {"lease": name}).one()
    mine = row.holder == node
    if not mine and row.until > now:
        return None
    token = row.token if mine else row.token + 1
    session.execute(_TAKE, {"lease": name, "node": node, "number": token, "end": now + ttl})
    return Held(name, token, not mine)


def release_all(session: Session) -> None:
    """Free every lease: for the one process that holds the whole file, where no other node can be alive."""
    session.execute(update(Lease).values(until=0), execution_options={"synchronize_session": False})
