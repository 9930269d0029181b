"""Closed: what waits for an account that is no longer set up has nobody who sends it; after an hour it fails and says why, instead of waiting for ever."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.installation import held
from crm.base.outbound import Lane, Reason
from crm.base.rows import fixed
from crm.base.time import HOUR
from crm.outbox.claim import Owe, Owed
from crm.outbox.deliveries import Delivery, State
from crm.outbox.settle import Result, settle

WAIT = HOUR
"""So long a start with the wrong settings spoils nothing. What nobody waits for has an end of its own."""


def give_up(session: Session, accounts: Collection[str], owe: Owe, *, now: int, limit: int = 200) -> int:
    """Let fail what has been due for an hour on these accounts, and have it owed to somebody; answers how many."""
    if not accounts or held(session):
        return 0
    waits = (Delivery.state == fixed("queued"), Delivery.desk == fixed(0), Delivery.lane.in_((Lane.REPLY, Lane.SERVICE)), Delivery.due_at <= now - WAIT)
    columns = (Delivery.id, Delivery.conversation_id, Delivery.lane, Delivery.account, Delivery.address, Delivery.message_id)
    due = select(*columns).where(Delivery.account.in_(sorted(accounts)), *waits).order_by(Delivery.id).limit(limit)
    rows = session.execute(due.with_for_update(skip_locked=True)).all()
    settle(session, [Result(row.id, State.FAILED, detail=f"{Reason.CLOSED}: ") for row in rows], now=now)
    said = [row for row in rows if row.message_id is not None]
    owe(session, [Owed(row.id, row.conversation_id, row.lane, Reason.CLOSED.value, row.account, row.address) for row in said], now)
    return len(rows)
