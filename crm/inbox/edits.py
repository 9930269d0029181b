"""Edits and deletions that come before their message: kept for a while, and applied in the transaction in which the message comes."""

from collections.abc import Collection
from operator import attrgetter

from sqlalchemy import Index, UniqueConstraint, and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Customer
from crm.base.history import Change, record, record_many
from crm.base.rows import among, change, fixed, table_of, take_ids
from crm.base.table import Row
from crm.base.time import DAY, MINUTE
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Identity

KEPT = DAY
GONE_KEPT = 10 * MINUTE
"""Most deletions that find no message are of one that never comes; while any waits, every batch looks for its message."""
MOST = 100


class PendingEdit(Row):
    """The newest words of a message that has not come yet, or came with the same words; `at` is the platform's instant of the edit, `gone` = it was deleted."""

    __tablename__ = "pending_edits"
    account: Mapped[str]
    address: Mapped[str]
    external_id: Mapped[str]
    text: Mapped[str]
    at: Mapped[int]
    kept_at: Mapped[int]
    gone: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (UniqueConstraint("account", "address", "external_id"), Index("pending_edits_kept", "kept_at"))


COME = (
    select(
        Message.id.label("message_id"),
        Message.text.label("before"),
        PendingEdit.id,
        PendingEdit.text,
        PendingEdit.at,
        PendingEdit.gone,
        Conversation.contact_id,
    )
    .join(Identity, (Identity.account == PendingEdit.account) & (Identity.external_id == PendingEdit.address))  # a conversation has no key for its address
    .join(Conversation, Conversation.identity_id == Identity.id)
    .join(Message, (Message.conversation_id == Conversation.id) & (Message.external_id == PendingEdit.external_id))
    .where(PendingEdit.account == bindparam("account"), among(PendingEdit.address, "addresses"), Message.author == fixed(Author.CONTACT.value))
)
_GONE = delete(table_of(PendingEdit)).where(among(PendingEdit.id, "ids"))
_OLD = delete(table_of(PendingEdit)).where(
    or_(PendingEdit.kept_at < bindparam("before"), and_(PendingEdit.gone == fixed(1), PendingEdit.kept_at < bindparam("gone_before")))
)


def put_off(session: Session, account: str, address: str, external_id: str, text: str | None, at: int, *, now: int) -> None:
    """Keep an edit (`text` None = a deletion, which is the last word) until its message comes.

    Of several the newest stays, and one that came later wins over another of the same instant.

    A deletion waits ten minutes, and not at all when it is older than that.

    No more than `MOST` of one address wait: nobody has that many on the way, and each may be as long as a message.
    """
    session.execute(_OLD, {"before": now - KEPT, "gone_before": now - GONE_KEPT})
    waiting = waiting_for(session, account, address, external_id)
    if waiting is None:
        if text is None and at < now - GONE_KEPT:
            return
        mine = select(func.count()).where(PendingEdit.account == account, PendingEdit.address == address)
        if (session.scalar(mine) or 0) >= MOST:
            return
        number = next(take_ids(session, 1))
        where = {"account": account, "address": address, "external_id": external_id}
        session.add(PendingEdit(id=number, **where, text=text or "", at=at, kept_at=now, gone=int(text is None)))
    elif text is None:
        waiting.at, waiting.gone, waiting.kept_at = at, 1, now
    elif waiting.at <= at and not waiting.gone:
        waiting.text, waiting.at = text, at
    session.flush()


def waiting_for(session: Session, account: str, address: str, external_id: str) -> PendingEdit | None:
    """The newest edit of a message that has changed nothing yet."""
    mine = (PendingEdit.account == account, PendingEdit.address == address, PendingEdit.external_id == external_id)
    return session.scalar(select(PendingEdit).where(*mine))


def catch_up(session: Session, addresses: Collection[tuple[str, str]], *, now: int) -> None:
    """Apply what waited for the messages that have just come from these accounts and addresses; what nothing came for in a day is given up."""
    session.execute(_OLD, {"before": now - KEPT, "gone_before": now - GONE_KEPT})
    wanted: dict[str, list[str]] = {}
    for account, address in addresses:
        wanted.setdefault(account, []).append(address)
    come = [row for account, names in wanted.items() for row in session.execute(COME, {"account": account, "addresses": names})]
    # The first message under an id is the one that an edit is of; read last, it stands.
    found = {row.id: row for row in sorted(come, key=attrgetter("message_id"), reverse=True)}
    if gone := [row for row in found.values() if row.gone]:
        session.execute(_GONE, {"ids": [row.id for row in gone]})
        change(session, Message, "id", [{"id": row.message_id, "deleted_at": row.at} for row in gone])
        record_many(session, [Change("message", row.message_id, "deleted", Customer(row.contact_id)) for row in gone], now=now)
    rows = [row for row in found.values() if row.before != row.text and not row.gone]
    if not rows:
        return
    session.execute(_GONE, {"ids": [row.id for row in rows]})
    change(session, Message, "id", [{"id": row.message_id, "text": row.text, "edited_at": row.at} for row in rows])
    edits = [Change("message", row.message_id, "edited", Customer(row.contact_id), {"text": row.before}, {"text": row.text}) for row in rows]
    record_many(session, edits, now=now)


def reworded(session: Session, message: Message, text: str, at: int, *, now: int) -> None:
    """Give a message its newest words; where they are others than before it is on record, and whoever has the conversation is told."""
    before, message.text, message.edited_at = message.text, text, at
    session.flush()
    if before == text:
        return
    conversation = session.get_one(Conversation, message.conversation_id)
    record(session, Change("message", message.id, "edited", Customer(conversation.contact_id), {"text": before}, {"text": text}), now=now)
    notices = [card(conversation.id)]
    if conversation.rep_id:
        notices.append(Notice(NoticeKind.EDITED, message.id, f"edited:{message.id}:{message.edited_at}"))
    tell(session, notices, now=now)
