"""Calls: what is known of a phone call, one row from the first ring to the recording, in whatever order it was told."""

from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.events import Call, CallPhase, MediaRef
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.base.time import SECOND
from crm.base.wakes import MEDIA, wake
from crm.conversations.threads import Attachment, Author, Conversation, Kind, Message

PREVIEW = "📞"
RANK = {CallPhase.RINGING: 0, CallPhase.RECORDED: 1, CallPhase.MISSED: 2, CallPhase.ANSWERED: 3, CallPhase.ENDED: 4}
"""A call only moves up: who has spoken has not been missed, whatever comes late."""
SPOKEN = (CallPhase.ANSWERED, CallPhase.ENDED)


class CallRow(Row):
    """One call; `phase` is a `CallPhase`, `line` is our number, `agent` who of ours spoke, `seconds` how long they talked."""

    __tablename__ = "calls"
    account: Mapped[str]
    external_id: Mapped[str]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    message_id: Mapped[int]
    phase: Mapped[str]
    outgoing: Mapped[int] = mapped_column(server_default="0")
    line: Mapped[str] = mapped_column(server_default="")
    agent: Mapped[str] = mapped_column(server_default="")
    began_at: Mapped[int]
    answered_at: Mapped[int] = mapped_column(server_default="0")
    ended_at: Mapped[int] = mapped_column(server_default="0")
    seconds: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (UniqueConstraint("account", "external_id"), Index("calls_conversation", "conversation_id", "id"))


@dataclass(frozen=True, slots=True)
class Told:
    """A call as its line in the thread tells it."""

    phase: CallPhase
    outgoing: bool = False
    seconds: int = 0
    agent: str = ""


def written(told: Told) -> str:
    """What the thread keeps of a call, in no language; `read` gives it back."""
    return f"{told.phase.value} {'out' if told.outgoing else 'in'} {told.seconds} {clean_name(told.agent, 60)}".strip()


def read(text: str) -> Told:
    """What `written` wrote; anything else is a call of which nothing is known."""
    phase, way, seconds, agent = (*text.split(" ", 3), "", "", "", "")[:4]
    known = phase in frozenset(CallPhase) and seconds.isdecimal()
    return Told(CallPhase(phase), way == "out", int(seconds), agent) if known else Told(CallPhase.RINGING)


def call_at(session: Session, account: str, external_id: str) -> CallRow | None:
    """A call by the platform's own name for it."""
    return session.scalar(select(CallRow).where(CallRow.account == account, CallRow.external_id == external_id))


def begin(session: Session, conversation: Conversation, event: Call, *, at: int, now: int) -> CallRow:
    """Write a call down for the first time, with its line in the thread; `learn` says what is known of it."""
    number, line = take_ids(session, 2)
    author = Author.SYSTEM if event.outgoing else Author.CONTACT
    row = {"id": line, "conversation_id": conversation.id, "author": author.value, "kind": Kind.CALL.value, "text": "", "at": now, "sent_at": at}
    add(session, Message, [{**row, "once": f"call:{conversation.account}:{event.external_id}"}])
    call = CallRow(
        id=number,
        account=conversation.account,
        external_id=event.external_id,
        conversation_id=conversation.id,
        message_id=line,
        phase=CallPhase.RINGING.value,
        outgoing=int(event.outgoing),
        line="",
        agent="",
        began_at=at,
        answered_at=0,
        ended_at=0,
        seconds=0,
    )
    session.add(call)
    session.flush()
    conversation.last_message_id, conversation.preview, conversation.last_at = line, PREVIEW, max(conversation.last_at, now)
    return call


def learn(session: Session, call: CallRow, event: Call, *, at: int) -> bool:
    """Add what an event tells, in any order and as often as it comes; whether the line in the thread reads otherwise now."""
    call.began_at = min(call.began_at, at)
    call.line, call.agent = event.line or call.line, event.agent or call.agent
    call.seconds = max(call.seconds, event.seconds)
    if event.phase is CallPhase.ANSWERED:
        call.answered_at = min(call.answered_at or at, at)
    if event.phase is CallPhase.ENDED:
        began = at - event.seconds * SECOND
        call.ended_at, call.answered_at, call.began_at = max(call.ended_at, at), min(call.answered_at or began, began), min(call.began_at, began)
    if event.phase is CallPhase.MISSED:
        call.ended_at = max(call.ended_at, at)
    if RANK[event.phase] > RANK[CallPhase(call.phase)]:
        call.phase = event.phase.value
    if call.phase == CallPhase.ENDED and not call.seconds:
        call.seconds = max(0, call.ended_at - call.answered_at) // SECOND
    message = session.get_one(Message, call.message_id)
    before, message.text = message.text, written(told_of(call))
    session.flush()
    return message.text != before


def told_of(call: CallRow) -> Told:
    """A call as it is told."""
    return Told(CallPhase(call.phase), bool(call.outgoing), call.seconds, call.agent)


def attach(session: Session, call: CallRow, recording: MediaRef) -> bool:
    """Hang a recording on a call's line, once; its bytes are fetched in a while. Whether it is new."""
    if session.scalar(select(Attachment.id).where(Attachment.message_id == call.message_id, Attachment.ref == recording.ref)) is not None:
        return False
    row = {"message_id": call.message_id, "account": call.account, "kind": recording.kind.value, "ref": recording.ref, "name": clean_name(recording.name)}
    add(session, Attachment, [{"id": next(take_ids(session, 1)), **row, "mime": recording.mime, "size": recording.size}])
    wake(session, MEDIA)
    return True


def answered_after(session: Session, conversation_id: int, at: int) -> bool:
    """Whether somebody has spoken with the customer since an instant, whoever of the two rang."""
    later = select(CallRow.id).where(CallRow.conversation_id == conversation_id, CallRow.answered_at >= at)
    return session.scalar(later.limit(1)) is not None


def missed_after(session: Session, conversation_id: int, at: int) -> list[CallRow]:
    """The customer's calls since an instant that nobody answered, the oldest first."""
    missed = (CallRow.phase == CallPhase.MISSED.value, CallRow.outgoing == 0, CallRow.began_at > at)
    return list(session.scalars(select(CallRow).where(CallRow.conversation_id == conversation_id, *missed).order_by(CallRow.began_at, CallRow.id)))
