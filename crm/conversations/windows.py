"""Windows: until when what a card says about writing to a customer holds. When that has passed, the card is drawn again."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.rows import bump, take_ids
from crm.base.table import Row
from crm.outbox.notices import card, tell

AT_ONCE = 50


class WindowEnd(Row):
    """A card says something that holds until `at` only."""

    __tablename__ = "window_ends"
    conversation_id: Mapped[int] = mapped_column(unique=True)
    at: Mapped[int] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(server_default="0")


def mind(session: Session, ends: Mapping[int, int]) -> None:
    """Remember until when the cards of these conversations hold; the newest drawing counts."""
    ids = take_ids(session, len(ends))
    rows = [{"id": next(ids), "conversation_id": number, "at": at} for number, at in ends.items()]
    bump(session, WindowEnd, rows, key="conversation_id", version="version", newer=("at",))


def passed(session: Session, *, now: int) -> int:
    """Have the cards drawn again that hold no more; answers how many, so that whoever asks goes on until there is none."""
    due = session.execute(select(WindowEnd.id, WindowEnd.conversation_id).where(WindowEnd.at <= now).order_by(WindowEnd.at).limit(AT_ONCE)).all()
    if due:
        session.execute(delete(WindowEnd).where(WindowEnd.id.in_([row.id for row in due])))
        tell(session, [card(row.conversation_id) for row in due], now=now)
    return len(due)
