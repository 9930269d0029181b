"""Drawing: a picture of a document that somebody of the staff wants to look at before it leaves; asked for in a row, drawn outside of transactions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.time import SECOND
from crm.documents.documents import Document
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.reps import Member, points_full
from crm.people.sight import Sight

TRIES = 3
HELD_MS = 30 * SECOND


class Drawing(Row):
    """A picture that is wanted by a member of staff; tried again at `due_at`."""

    __tablename__ = "drawings"
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    rep_id: Mapped[int] = mapped_column(ForeignKey("reps.id"))
    due_at: Mapped[int]
    tries: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (Index("drawings_due", "due_at"),)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to be drawn now, of these words, for a member of staff."""

    id: int
    rep_id: int
    data: dict[str, Any]


def want(session: Session, document_id: int, rep_id: int, *, now: int) -> None:
    """Ask for a picture of a document as it is now; one that was asked for and is not drawn yet is not drawn twice."""
    session.execute(delete(Drawing).where(Drawing.document_id == document_id, Drawing.rep_id == rep_id))
    add(session, Drawing, [{"id": next(take_ids(session, 1)), "document_id": document_id, "rep_id": rep_id, "due_at": now}])


def waits(session: Session, *, now: int) -> bool:
    """Whether any picture is wanted now."""
    return session.scalar(select(Drawing.id).where(Drawing.due_at <= now).limit(1)) is not None


def wanted(session: Session, *, now: int, limit: int = 4) -> Sequence[Wanted]:
    """The pictures wanted now, a try counted on each, and theirs for half a minute."""
    due = select(Drawing).where(Drawing.due_at <= now).order_by(Drawing.due_at, Drawing.id).limit(limit)
    rows = session.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.tries, row.due_at = row.tries + 1, now + HELD_MS
    session.flush()
    return [Wanted(row.id, row.rep_id, _as_read(session, row.rep_id, json.loads(session.get_one(Document, row.document_id).data))) for row in rows]


def _as_read(session: Session, rep_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """The words of a document as a member may read them: a buyer who is known by a phone alone stays masked for some. What is sent has them in full."""
    member = session.get(Member, rep_id)
    if member is None or points_full(member):
        return data
    sight = Sight(points=False)
    buyer = {**data["buyer"], "name": sight.named(data["buyer"]["name"]), "lines": [sight.named(one) for one in data["buyer"]["lines"]]}
    rows = [[place, sight.told(title, points=True), *rest] for place, title, *rest in data["rows"]]
    return {**data, "buyer": buyer, "rows": rows, "signatures": [[whose, sight.named(name)] for whose, name in data["signatures"]]}


def drawn(session: Session, drawing_id: int, file: int, pages: int, *, now: int) -> None:
    """The picture is there, as a file of the house: whoever wanted it is shown it, unless they have asked anew since."""
    row = session.get(Drawing, drawing_id)
    if row is not None:
        facts = {"why": "drawn", "rep": row.rep_id, "file": file, "pages": pages}
        tell(session, [Notice(NoticeKind.DOCUMENT, row.document_id, f"document:{row.document_id}:drawn:{row.id}", facts)], now=now)
        session.delete(row)
        session.flush()


def not_drawn(session: Session, drawing_id: int, *, now: int) -> None:
    """It could not be drawn: after three tries whoever wanted it is told, and may go on without."""
    row = session.get(Drawing, drawing_id)
    if row is None:
        return
    if row.tries < TRIES:
        row.due_at = now + SECOND
    else:
        facts = {"why": "not_drawn", "rep": row.rep_id}
        tell(session, [Notice(NoticeKind.DOCUMENT, row.document_id, f"document:{row.document_id}:not_drawn:{row.id}", facts)], now=now)
        session.delete(row)
    session.flush()
