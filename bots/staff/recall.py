"""Recall: the button that calls an answer back; what it had settled is to be done again."""

from bots.staff.visit import Visit
from crm.base.db import Session
from crm.conversations.recall import partly_left, said_at, take_back
from crm.sales.tasks import unanswered


def called_back(session: Session, visit: Visit, message_id: int) -> tuple[str, bool]:
    """Call an answer back with what it had settled; what came of it in words, and whether it did not leave."""
    if take_back(session, visit.rep, message_id, now=visit.now):
        conversation_id, at = said_at(session, message_id)
        unanswered(session, visit.rep, conversation_id, at, now=visit.now)
        return visit.tr("Called back: it did not leave."), True
    if partly_left(session, message_id):
        return visit.tr("A part of it has left already, so the rest of it leaves too."), False
    return visit.tr("It has left already."), False
