"""Tallies: what was kept, done, ignored, created or came in conflict, counted in the transaction of the deed, so that books can be held against rows."""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect_rows import insert_or_add
from crm.base.rows import many, table_of
from crm.base.table import Base
from crm.base.time import DAY


class Count(StrEnum):
    """What is counted, per account."""

    KEPT = "kept"
    DONE = "done"
    IGNORED = "ignored"
    DROPPED = "dropped"
    HEARD = "heard"
    CREATED = "created"
    CONFLICT = "conflict"


class Tally(Base):
    """How often something happened on an account on a day (days since 1970 UTC)."""

    __tablename__ = "tallies"
    account: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


def count(session: Session, amounts: Mapping[tuple[str, Count], int], *, now: int) -> None:
    """Add to the tallies."""
    rows = [{"account": account, "kind": kind.value, "day": now // DAY, "amount": amount} for (account, kind), amount in amounts.items() if amount]
    if rows:
        many(session, ("tally", Tally), lambda: insert_or_add(session, table_of(Tally), ("account", "kind", "day"), "amount"), rows)
