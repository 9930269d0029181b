"""Notice: something staff must see, written in the transaction of its cause; `bots/staff` renders it and says it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.rows import bump, take_ids
from crm.base.table import Row
from crm.base.wakes import NEWS, NOTICES, wake

REDRAWN = 8


class NoticeKind(StrEnum):
    """What staff is told; each has one renderer in `bots/staff`."""

    CARD = "card"
    HEARD = "heard"
    MORE_HEARD = "more_heard"
    EDITED = "edited"
    PERSON_CALLED = "person_called"
    TROUBLE = "trouble"
    PARKED = "parked"
    JOINED = "joined"
    LEFT = "left"
    DIGEST = "digest"
    CAMPAIGN = "campaign"
    SNOOZE_OVER = "snooze_over"
    REP_LOST = "rep_lost"
    HELD = "held"
    BACKUP_FAILED = "backup_failed"
    BACKUP_READY = "backup_ready"
    ACCOUNT = "account"
    TASK = "task"
    PLANNED = "planned"
    ANSWER_DUE = "answer_due"
    PLAN = "plan"
    FORUM = "forum"
    IMPORT = "import"
    MADE = "made"
    DEAL = "deal"
    STEP = "step"
    PIN_LOCKED = "pin_locked"
    MENTIONED = "mentioned"
    GUEST_OVER = "guest_over"
    ORPHANS = "orphans"
    JOB_FAILED = "job_failed"
    OFFERED = "offered"
    HANDED = "handed"
    QUEUE = "queue"
    LEAD = "lead"
    DOCUMENT = "document"
    ORDER = "order"
    PAYMENT = "payment"
    PROJECT = "project"
    RATING = "rating"
    TIME_SAID = "time_said"
    RULE = "rule"
    CAPTURED = "captured"
    LEAVE = "leave"
    WEEK = "week"


class NoticeRow(Row):
    """A notice that waits to be rendered; deleted when it was. `key` is its once-key or supersedes-key, `version` tells a newer cause."""

    __tablename__ = "notices"
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    subject_id: Mapped[int]
    facts: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int] = mapped_column(server_default="0")
    urgent: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something staff must see; `subject_id` is the conversation, delivery, campaign or rep it is about."""

    kind: NoticeKind
    subject_id: int
    key: str
    facts: dict[str, Any] = field(default_factory=dict)
    urgent: bool = True


def tell(session: Session, notices: Sequence[Notice], *, now: int) -> None:
    """Write notices; one that waits under the same key is made newer instead, and urgent once one of them is."""
    if not notices:
        return
    fresh = {notice.key: notice for notice in notices}
    pressing = {notice.key for notice in notices if notice.urgent}
    ids = take_ids(session, len(fresh))
    rows = [
        {
            "id": next(ids),
            "key": n.key,
            "kind": n.kind.value,
            "subject_id": n.subject_id,
            "facts": json.dumps(n.facts) if n.facts else "",
            "urgent": int(n.key in pressing),
            "created_at": now,
        }
        for n in fresh.values()
    ]
    for urgent, newer in ((1, ("facts", "urgent")), (0, ("facts",))):  # mostly they are all alike, and this is one statement
        bump(session, NoticeRow, [row for row in rows if row["urgent"] == urgent], key="key", version="version", newer=newer)
    wake(session, NOTICES, *((NEWS,) if pressing else ()))


def card(conversation_id: int, *, urgent: bool = False) -> Notice:
    """The notice that a conversation's card must be drawn again; urgent when nobody has seen one of it yet."""
    return Notice(NoticeKind.CARD, conversation_id, f"card:{conversation_id}", urgent=urgent)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice to render, with the version it was read at."""

    id: int
    kind: NoticeKind
    subject_id: int
    facts: dict[str, Any]
    version: int


def waiting_notices(session: Session, limit: int = 50) -> list[Waiting]:
    """The oldest notices that wait: all that is news, or else a few redrawings, so that news never stands behind many of them."""
    columns = (NoticeRow.id, NoticeRow.kind, NoticeRow.subject_id, NoticeRow.facts, NoticeRow.version)
    news = session.execute(select(*columns).where(NoticeRow.urgent == 1).order_by(NoticeRow.id).limit(limit)).all()
    rows = news or session.execute(select(*columns).order_by(NoticeRow.id).limit(REDRAWN)).all()
    return [Waiting(row.id, NoticeKind(row.kind), row.subject_id, json.loads(row.facts) if row.facts else {}, row.version) for row in rows]


def told(session: Session, notice: Waiting) -> None:
    """Take away a notice that was rendered, unless a newer cause came meanwhile."""
    session.execute(delete(NoticeRow).where(NoticeRow.id == notice.id, NoticeRow.version == notice.version))
