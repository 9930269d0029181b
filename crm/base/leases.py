"""Who may do what only one node may do. Every holder carries a token that fences the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import fixed, instant
from crm.base.dialect_rows import insert_ignoring
from crm.base.errors import Lost
from crm.base.rows import among, ask, run, table_of
from crm.base.table import Base

LEASE_MS = 30_000
SHARDS = 16
OFTEN = 30
"""How many times at most a sender's lease is renewed in the time it lasts: often enough for others to see that somebody works here."""


class Lease(Base):
    """One piece of work that only one node may do: a sender, a poller, a shard of the inbox.

    `pool` and `shard` are set for shards. `paced` is what a sender hands to the next one: what left in the last second, and until when the
    platform asked the account to wait (JSON; see `crm/outbox/pace.py`).
    """

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(server_default="")
    token: Mapped[int] = mapped_column(server_default="0")
    until: Mapped[int] = mapped_column(server_default="0")
    pool: Mapped[str] = mapped_column(server_default="")
    shard: Mapped[int] = mapped_column(server_default="0")
    paced: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand; `taken_over` is true when somebody else held it last, `paced` is what they left, `at` the instant leases go by."""

    name: str
    token: int
    taken_over: bool
    paced: str = ""
    at: int = 0


@dataclass(slots=True)
class Seat:
    """This node among the others of one server: its name, how long its leases last, and how many nodes are alive."""

    node: str
    lease_ms: int = LEASE_MS
    live: int = 1

    @property
    def share(self) -> int:
        """How many shards of a pool are this node's share."""
        return -(-SHARDS // max(1, self.live))


_NAMED = (
    select(Lease.holder, Lease.token, Lease.until, Lease.paced, instant("now").label("at")).where(Lease.name == bindparam("lease")).with_for_update(of=Lease)
)
_TAKE = update(table_of(Lease)).where(Lease.name == bindparam("lease")).values(holder=bindparam("node"), token=bindparam("number"), until=bindparam("end"))
_PACE = update(table_of(Lease)).where(Lease.name == bindparam("lease")).values(paced=bindparam("left"))
_TOKENS = select(Lease.name, Lease.token, instant("now").label("at")).where(among(Lease.name, "names")).order_by(Lease.name).with_for_update(of=Lease)
_EXTEND = update(table_of(Lease)).where(among(Lease.name, "names")).values(until=bindparam("end"))
_TAKE_MANY = update(table_of(Lease)).where(among(Lease.name, "names")).values(holder=bindparam("node"), token=Lease.token + fixed(1), until=bindparam("end"))
FREE = select(Lease.name, Lease.token, instant("now").label("at")).where(Lease.pool == bindparam("pool"), Lease.until <= instant("now"))
"""The free shards of a pool, to be narrowed by whoever knows where work is due."""


def take(session: Session, name: str, node: str, *, now: int, ttl: int = LEASE_MS) -> Held | None:
    """Lease by name, or renew what this node holds; None while another node holds it."""
    given = {"lease": name, "now": now}
    rows = ask(session, _NAMED, given)
    if not rows:
        session.execute(insert_ignoring(session, table_of(Lease)).values(name=name))
        rows = ask(session, _NAMED, given)
    [row] = rows
    mine = row.holder == node
    if not mine and row.until > row.at:
        return None
    token = row.token if mine else row.token + 1
    if not mine or not row.at + ttl - ttl // OFTEN <= row.until <= row.at + ttl:  # longer than it lasts: the clock was set back
        run(session, _TAKE, {"lease": name, "node": node, "number": token, "end": row.at + ttl})
    return Held(name, token, not mine, row.paced, row.at)


def leave(session: Session, held: Held, paced: str) -> None:
    """Write down what the next sender must know of this one's pace."""
    if paced != held.paced:
        run(session, _PACE, {"lease": held.name, "left": paced})


def take_shards(session: Session, free: Any, given: Mapping[str, Any], seat: Seat) -> dict[str, int]:
    """Lease the shards that the question `free` finds, at most this node's share; answers their tokens by name."""
    rows = session.execute(free, {**given, "most": seat.share}).all()
    if rows:
        session.execute(_TAKE_MANY, {"names": [row.name for row in rows], "node": seat.node, "end": rows[0].at + seat.lease_ms})
    return {row.name: row.token + 1 for row in rows}


def fence(session: Session, tokens: Mapping[str, int], *, now: int) -> int:
    """The instant leases go by, for who still has these; raises `Lost` where another node has one, and so undoes the whole deed."""
    if not tokens:
        return now
    rows = session.execute(_TOKENS, {"names": list(tokens), "now": now}).all()
    if {row.name: row.token for row in rows} != dict(tokens):
        raise Lost(", ".join(sorted(tokens)))
    return int(rows[0].at)


def renew(session: Session, tokens: Mapping[str, int], *, now: int, ttl: int) -> None:
    """Hold on to leases (`ttl` 0 = let them go); raises `Lost` as `fence` does."""
    at = fence(session, tokens, now=now)
    if tokens:
        session.execute(_EXTEND, {"names": list(tokens), "end": at + ttl if ttl else 0})


def found_shards(session: Session, pools: Sequence[str]) -> None:
    """Make the leases of pools of shards, once."""
    rows = [{"name": f"{pool}:{number}", "pool": pool, "shard": number} for pool in pools for number in range(SHARDS)]
    session.execute(insert_ignoring(session, table_of(Lease)), rows)


def release(session: Session, node: str) -> None:
    """Free every lease of a node that stops."""
    session.execute(update(Lease).where(Lease.holder == node).values(until=0), execution_options={"synchronize_session": False})


def release_all(session: Session) -> None:
    """Free every lease: for the one process that holds the whole file, where no other node can be alive."""
    session.execute(update(Lease).values(until=0), execution_options={"synchronize_session": False})
