"""Following: whoever acts on what is on record reads it behind the commit, from a mark of their own; each event at least once, soon and in order.

On a server numbers are given before their rows are committed, so a row may appear behind one that was read: what was read is read a second time when
nobody can still be writing it. Whoever follows does each event under a once-key, so that the second time changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import is_server
from crm.base.history import DomainEvent
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.time import SECOND

R = TypeVar("R")
MOST = 200
SETTLE_MS = 30 * SECOND
"""A transaction that is older than this has ended: the store gives none so long."""


class Follower(Row):
    """How far somebody has followed the record: `ahead` was read once, `mark` for good; what lies up to `head`, seen at `head_at`, is read again."""

    __tablename__ = "followers"
    name: Mapped[str] = mapped_column(unique=True)
    ahead: Mapped[int]
    mark: Mapped[int]
    head: Mapped[int]
    head_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class News(Generic[R]):
    """What to act on, oldest first; `again` = it was handed out before, but for what came late."""

    found: tuple[R, ...] = ()
    again: bool = False


def follow(session: Session, name: str, kinds: Sequence[tuple[str, str]] | None = None, *, now: int, most: int = MOST) -> News[DomainEvent]:
    """The next changes on record for a follower, moving its mark in this transaction; `kinds` are pairs of subject and kind (None = all)."""
    news = follow_rows(session, name, select(DomainEvent.id, DomainEvent), now=now, most=most)
    events = (one for _, one in news.found)
    return News(tuple(one for one in events if kinds is None or (one.subject, one.kind) in kinds), news.again)


def begin(session: Session, name: str, key: Any, *, now: int) -> None:
    """Have a follower of a table, by its column of ids, begin with what comes from now on; one that has begun goes on where it is."""
    newest = session.scalar(select(func.max(key))) or 0
    add_new(session, Follower, [{"id": next(take_ids(session, 1)), "name": name, "ahead": newest, "mark": newest, "head": newest, "head_at": now}])


def follow_rows(session: Session, name: str, wanted: Select[*tuple[Any, ...]], *, now: int, most: int = MOST) -> News[Any]:
    """The next rows of any table, whose first column is its id, in the order of these.

    Whoever follows for the first time begins with what comes from now on.
    """
    key = wanted.selected_columns[0]
    row = session.scalar(select(Follower).where(Follower.name == name).with_for_update())
    if row is None:
        begin(session, name, key, now=now)
        return News()
    if found := session.execute(wanted.where(key > row.ahead).order_by(key).limit(most)).all():
        row.ahead = found[-1][0]
        if not is_server(session):
            row.mark = row.head = row.ahead
        elif row.head == row.mark:
            row.head, row.head_at = row.ahead, now
        session.flush()
        return News(tuple(found))
    if row.head == row.mark:
        if row.ahead > row.mark:
            row.head, row.head_at = row.ahead, now
            session.flush()
        return News()
    if now - row.head_at < SETTLE_MS:
        return News()
    found = session.execute(wanted.where(key > row.mark, key <= row.head).order_by(key).limit(most)).all()
    row.mark = found[-1][0] if len(found) == most else row.head
    session.flush()
    return News(tuple(found), again=True)
