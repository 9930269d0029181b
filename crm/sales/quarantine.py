"""Quarantine: the conversations of somebody called spam are closed, what waits to be said there is called back; let out again, each is as it was."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.history import Change, record
from crm.base.time import HOUR
from crm.conversations import assign
from crm.conversations.planned import PlannedReply, PlannedState
from crm.conversations.threads import Author, Conversation, Message, Status
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import card, tell
from crm.outbox.queue import put_back, withdraw

STILL_MEANT, NEWEST = HOUR, 50
"""What was called back so long ago is not said any more; of a conversation so many of the newest messages may have been called back."""
WHY = "spam"
WAS = ("status", "snoozed_until", "waiting_since", "unread", "person_called", "last_heard_id")


def silenced(session: Session, actor: Rep, family: Sequence[int], *, now: int) -> dict[str, Any]:
    """Say nothing more to a person, given by all their contacts, and close their conversations; answers how these were."""
    talks = session.scalars(select(Conversation).where(Conversation.contact_id.in_(family)).order_by(Conversation.id)).all()
    planned = _planned(session, talks)
    for row in planned:
        _turn(session, actor, row, PlannedState.CANCELLED, now=now)
    for account, address in sorted({(talk.account, talk.address) for talk in talks}):
        withdraw(session, account, address, why=WHY, now=now)
    was = {talk.id: {name: getattr(talk, name) for name in WAS} for talk in talks if talk.status != Status.CLOSED}
    for number in was:
        assign.close(session, actor, number, now=now)
    return {"closed": list(was), "was": was, "silenced_at": now, "planned": [row.id for row in planned]}


def released(session: Session, actor: Rep, kept: dict[str, Any], *, now: int) -> None:
    """Let a person out again: what nobody has opened since is as it was, with what they wrote meanwhile; replies whose time is yet to come wait again.

    What was called back unsent an hour ago at most leaves after all; a customer whose answer it was waits for another one where it is older.
    """
    for number in kept.get("closed", ()):
        if session.get_one(Conversation, number).status == Status.CLOSED:
            talk = assign.reopen(session, actor, number, now=now)
            _restore(session, talk, kept.get("was", {}).get(str(number), {}), now=now)
            _say_after_all(session, talk, kept.get("silenced_at", 0), now=now)
            if talk.waiting_since and talk.status == Status.OPEN:
                tell(session, [card(talk.id, urgent=True)], now=now)
    for number in kept.get("planned", ()):
        row = session.get(PlannedReply, number)
        if row is not None and row.state == PlannedState.CANCELLED and row.due_at > now:
            _turn(session, actor, row, PlannedState.WAITING, now=now)


def _restore(session: Session, talk: Conversation, was: dict[str, Any], *, now: int) -> None:
    if not was:
        return
    theirs = (Message.conversation_id == talk.id, Message.author == Author.CONTACT.value, Message.id > was["last_heard_id"], Message.kind != "reaction")
    unread, since = session.execute(select(func.count(), func.min(Message.at)).where(*theirs)).one()
    talk.unread, talk.waiting_since, talk.person_called = was["unread"] + unread, was["waiting_since"] or since or 0, was["person_called"]
    if was["status"] == Status.SNOOZED and was["snoozed_until"] > now and not unread:
        talk.status, talk.snoozed_until = Status.SNOOZED.value, was["snoozed_until"]
    session.flush()


def _say_after_all(session: Session, talk: Conversation, silenced_at: int, *, now: int) -> None:
    """What was called back when they were silenced goes on its way again, or else is nobody's answer."""
    newest = select(Message.id).where(Message.conversation_id == talk.id).order_by(Message.id.desc()).limit(NEWEST)
    withdrawn = (Delivery.state == State.CANCELLED.value, Delivery.detail == WHY, Delivery.settled_at == silenced_at)
    question = select(Delivery.id, Message.author).join(Message, Message.id == Delivery.message_id)
    unsaid = session.execute(question.where(Message.id.in_(session.scalars(newest).all()), *withdrawn)).all()
    if now - silenced_at <= STILL_MEANT:
        put_back(session, [row.id for row in unsaid])
    elif any(row.author == Author.REP for row in unsaid):
        talk.waiting_since = talk.waiting_since or now
        session.flush()


def _planned(session: Session, talks: Sequence[Conversation]) -> Sequence[PlannedReply]:
    waits = (PlannedReply.conversation_id.in_([talk.id for talk in talks]), PlannedReply.state == PlannedState.WAITING.value)
    return session.scalars(select(PlannedReply).where(*waits).order_by(PlannedReply.id)).all()


def _turn(session: Session, actor: Rep, row: PlannedReply, state: PlannedState, *, now: int) -> None:
    record(session, Change("conversation", row.conversation_id, f"planned_{state.value}", actor, after={"planned": row.id}), now=now)
    row.state = state.value
    session.flush()
