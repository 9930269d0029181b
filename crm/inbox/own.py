"""Own accounts: what customers write to a member of the staff by name, where that member lets us read and answer there in their stead.

A conversation there is theirs as soon as nobody else has it: the bot keeps silent while somebody has it. Who the owner is and what may be written is told
apart from the messages, sooner or later than they come.
"""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import System
from crm.base.events import Message, OwnAccount
from crm.base.history import Change, record
from crm.base.rows import add_new, among, ask, fixed, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.conversations.threads import Conversation, Status
from crm.inbox.known import Address
from crm.inbox.plan import Got, sane
from crm.inbox.strangers import identity_at
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people import contacts, suggestions
from crm.people.contacts import Identity
from crm.people.reps import Member

REDRAWN = 50
CHANNEL = System("channel")


class OwnAccountRow(Row):
    """One own account: `owner` is the member's id on the platform, `at` the platform's instant of what is known last."""

    __tablename__ = "own_accounts"
    account: Mapped[str]
    through: Mapped[str]
    owner: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    may_write: Mapped[int]
    at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "through"),)


class OwnChat(Row):
    """An address that is reached through an own account alone."""

    __tablename__ = "own_chats"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), unique=True)
    account: Mapped[str]
    through: Mapped[str]
    __table_args__ = (Index("own_chats_through", "account", "through"),)


_OWNERS = (
    select(OwnAccountRow.account, OwnAccountRow.through, Member.id)
    .join(Member, Member.address == OwnAccountRow.owner)
    .where(OwnAccountRow.account == bindparam("account"), among(OwnAccountRow.through, "names"), Member.active == fixed(1))
)


def owners(session: Session, heard: Sequence[Got]) -> dict[Address, int]:
    """Whose the conversations are in which this was heard: by address the number of the member of staff."""
    written = {(one.account, one.event.sender.external_id): one.event.through for one in heard if isinstance(one.event, Message) and one.event.through}
    whose: dict[tuple[str, str], int] = {}
    for account in {account for account, _ in written}:
        names = sorted({through for (there, _), through in written.items() if there == account})
        whose |= {(row.account, row.through): row.id for row in ask(session, _OWNERS, {"account": account, "names": names})}
    return {address: whose[address[0], through] for address, through in written.items() if (address[0], through) in whose}


def written_in(session: Session, got: Got, event: Message, identity: Identity, *, now: int) -> None:
    """Note through which account an address is reached, and whether it can be; whoever has written to the firm too is suggested to be the same."""
    row = {"id": next(take_ids(session, 1)), "identity_id": identity.id, "account": got.account, "through": event.through}
    new = bool(add_new(session, OwnChat, [row]))
    known = _row(session, got.account, event.through)
    if known is not None and not known.may_write:
        contacts.set_reachable(session, identity.id, False, now=now)
    if new and known is not None:
        _theirs(session, known, [identity.id], new=True, now=now)
    other = identity_at(session, got.account, event.sender.same) if event.sender.same else None
    if other is not None:
        one, two = (contacts.root_of(session, number) for number in (other.contact_id, identity.contact_id))
        if one.id != two.id:
            suggestions.suggest(session, one.id, two.id, "platform", suggestions.SURE, now=now)


def lent(session: Session, got: Got, *, now: int) -> None:
    """A member of the staff opens their own account to us, or closes it: what is there can be reached or not, and is theirs; managers are told."""
    event = got.event
    assert isinstance(event, OwnAccount)
    row, at = _row(session, got.account, event.through), sane(event.at, got.received_at)
    if row is not None and at < row.at:
        return
    before = bool(row.may_write) if row is not None else None
    if row is None:
        row = OwnAccountRow(id=next(take_ids(session, 1)), account=got.account, through=event.through, may_write=0, at=0, owner="", name="")
        session.add(row)
    row.owner, row.name, row.may_write, row.at = event.owner, clean_name(event.name), int(event.may_write), at
    session.flush()
    chats = list(session.scalars(select(OwnChat.identity_id).where(OwnChat.account == got.account, OwnChat.through == event.through)))
    if chats:
        session.execute(update(Identity).where(Identity.id.in_(chats)).values(reachable=row.may_write))
        session.expire_all()
    _theirs(session, row, chats, new=False, now=now)
    if before is not event.may_write:
        _told(session, got, event, chats, now=now)


def _theirs(session: Session, row: OwnAccountRow, chats: Sequence[int], *, new: bool, now: int) -> None:
    """Give its owner what nobody has of these chats, where the owner is of the staff; a `new` one is theirs already, and is put on record."""
    rep_id = session.scalar(select(Member.id).where(Member.address == row.owner, Member.active == 1))
    if rep_id is None or not chats:
        return
    whose = or_(Conversation.rep_id.is_(None), Conversation.rep_id == rep_id) if new else Conversation.rep_id.is_(None)
    taken = list(session.scalars(select(Conversation.id).where(Conversation.identity_id.in_(chats), whose, Conversation.status != Status.CLOSED.value)))
    session.execute(update(Conversation).where(Conversation.id.in_(taken)).values(rep_id=rep_id), execution_options={"synchronize_session": False})
    session.expire_all()
    record(session, *(Change("conversation", number, "taken", CHANNEL, after={"rep": rep_id, "by": "own account"}) for number in taken), now=now)
    tell(session, [card(number) for number in taken[:REDRAWN]], now=now)


def _told(session: Session, got: Got, event: OwnAccount, chats: Sequence[int], *, now: int) -> None:
    may = "we may answer in their own chats" if event.may_write else "we may not answer in their own chats any more"
    words = f"{clean_name(event.name) or event.owner}: {may}"
    facts = {"account": got.account, "words": words, "ok": event.may_write}
    record(session, Change("account", got.event_id, "own account", CHANNEL, after=facts), now=now)
    open_now = select(Conversation.id).where(Conversation.identity_id.in_(chats), Conversation.status != Status.CLOSED.value).limit(REDRAWN)
    notices = [card(number) for number in session.scalars(open_now)] if chats else []
    tell(session, [Notice(NoticeKind.ACCOUNT, got.event_id, f"account:{got.event_id}:{got.place}", {**facts, "kind": "own account"}), *notices], now=now)


def apart(session: Session, conversation_id: int) -> bool:
    """Whether a conversation is held in somebody's own account, so that it is not everybody's to read."""
    theirs = select(OwnChat.id).join(Conversation, Conversation.identity_id == OwnChat.identity_id).where(Conversation.id == conversation_id)
    return session.scalar(theirs) is not None


def _row(session: Session, account: str, through: str) -> OwnAccountRow | None:
    return session.scalar(select(OwnAccountRow).where(OwnAccountRow.account == account, OwnAccountRow.through == through))
