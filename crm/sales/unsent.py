"""Unsent: what no rule of a platform lets through any more, or had an account that is closed, becomes a duty of a person, never a silent failure."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.outbound import Lane, Reason
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation
from crm.outbox.claim import Owed
from crm.sales.tasks import Duty, TaskKind, add_task, reopen

SENDER = System("sender")
_OWED = (Reason.WINDOW_CLOSED.value, Reason.CLOSED.value)


def unsent(session: Session, parts: Sequence[Owed], now: int) -> None:
    """Make a task of each for whoever has the conversation: to reach the person by another way. Promotions are not owed to anybody."""
    for part in parts:
        conversation = session.get(Conversation, part.conversation_id) if part.conversation_id else None
        if conversation is None or part.lane >= Lane.PROMOTION or part.reason not in _OWED:
            continue
        duty = Duty(TaskKind.ANSWER, now, rep_id=held_by(session, conversation), once=f"unsent:{conversation.id}:{conversation.last_heard_id}")
        reopen(session, SENDER, add_task(session, SENDER, conversation.id, duty, now=now), now=now)  # what was done about an earlier one did not reach them
