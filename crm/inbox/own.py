"""Own accounts: what customers write to a member of the staff by name, where that member lets us read and answer there in their stead.

A conversation there is theirs as soon as nobody else has it: the bot keeps silent while somebody has it. Anybody can connect a bot to their account:
where the owner is nobody of the staff, or is not known, nothing that is written there is ours to keep in a thread, or to answer.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import and_, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import System
from crm.base.events import OwnAccount, Sender, Unknown
from crm.base.history import Change, record
from crm.base.rows import add_new, among, ask, fixed, take_ids
from crm.base.text import clean_name
from crm.conversations.threads import Conversation, Status
from crm.inbox.known import Address
from crm.inbox.plan import Got, sane
from crm.inbox.strangers import identity_at
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people import contacts, suggestions
from crm.people.contacts import Contact, Identity
from crm.people.own_accounts import OwnAccountRow, OwnChat
from crm.people.reps import Member
from crm.people.suggestions import Suggestion

REDRAWN = 50
CHANNEL = System("channel")


_OWNERS = (
    select(OwnAccountRow.account, OwnAccountRow.through, Member.id)
    .join(Member, Member.address == OwnAccountRow.owner)
    .where(OwnAccountRow.account == bindparam("account"), among(OwnAccountRow.through, "names"), Member.active == fixed(1))
)


_other, _one, _two = aliased(Identity), aliased(Contact), aliased(Contact)
_told_already = exists().where(
    or_(
        and_(Suggestion.contact_id == _one.root_id, Suggestion.other_id == _two.root_id),
        and_(Suggestion.contact_id == _two.root_id, Suggestion.other_id == _one.root_id),
    )
)
_to_suggest = exists().where(
    _other.account == Identity.account,
    _other.external_id == bindparam("same"),
    _one.id == Identity.contact_id,
    _two.id == _other.contact_id,
    _one.root_id != _two.root_id,
    ~_told_already,
)
_STANDS = (
    select(OwnChat.id)
    .join(Identity, Identity.id == OwnChat.identity_id)
    .outerjoin(OwnAccountRow, and_(OwnAccountRow.account == OwnChat.account, OwnAccountRow.through == OwnChat.through))
    .where(Identity.account == bindparam("account"), Identity.external_id == bindparam("address"))
    .where(func.coalesce(OwnAccountRow.may_write, fixed(1)) == fixed(1), ~_to_suggest)
)


def staffed(session: Session, got: Sequence[Got]) -> Sequence[Got]:
    """What is ours to read: of what is written in an account whose owner is nobody of the staff, or not known yet, we know only that it came."""
    if not any(one.event.sender is not None and one.event.sender.through for one in got):
        return got
    ours = _holders(session, got)
    return [one if not _through(one) or (one.account, _through(one)) in ours else replace(one, event=Unknown("not ours", at=one.received_at)) for one in got]


def owners(session: Session, heard: Sequence[Got]) -> dict[Address, int]:
    """Whose the conversations are in which this was heard: by address the number of the member of staff."""
    whose = _holders(session, heard)
    written = {(one.account, one.event.sender.external_id): (one.account, _through(one)) for one in heard if one.event.sender is not None}
    return {address: whose[own] for address, own in written.items() if own in whose}


def _holders(session: Session, got: Sequence[Got]) -> dict[tuple[str, str], int]:
    names: dict[str, set[str]] = {}
    for one in got:
        if _through(one):
            names.setdefault(one.account, set()).add(_through(one))
    found = {account: ask(session, _OWNERS, {"account": account, "names": sorted(some)}) for account, some in names.items()}
    return {(account, row.through): row.id for account, rows in found.items() for row in rows}


def _through(got: Got) -> str:
    return got.event.sender.through if got.event.sender is not None else ""


def stands(session: Session, account: str, sender: Sender) -> bool:
    """Whether all is known already that `written_in` has to say of an address, as of nearly every one that is written at again."""
    return bool(ask(session, _STANDS, {"account": account, "address": sender.external_id, "same": sender.same}))


def written_in(session: Session, account: str, sender: Sender, identity: Identity, *, now: int) -> None:
    """Note through which account an address is reached, and whether it can be; whoever has written to the firm too is suggested to be the same."""
    row = {"id": next(take_ids(session, 1)), "identity_id": identity.id, "account": account, "through": sender.through}
    new = bool(add_new(session, OwnChat, [row]))
    known = _row(session, account, sender.through)
    if known is not None and not known.may_write:
        contacts.set_reachable(session, identity.id, False, now=now)
    if new and known is not None:
        _theirs(session, known, [identity.id], new=True, now=now)
    other = identity_at(session, account, sender.same) if sender.same else None
    if other is not None:
        one, two = (contacts.root_of(session, number) for number in (other.contact_id, identity.contact_id))
        if one.id != two.id:
            suggestions.suggest(session, one.id, two.id, "platform", suggestions.SURE, now=now)


def lent(session: Session, got: Got, *, now: int) -> None:
    """A member of the staff opens their own account to us, or closes it: what is there can be reached or not, and is theirs; managers are told.

    Of somebody who is not of the staff they are told once, and nothing there is reached.
    """
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
        reachable = row.may_write if _owner(session, row) else 0
        session.execute(update(Identity).where(Identity.id.in_(chats)).values(reachable=reachable))
        session.expire_all()
    _theirs(session, row, chats, new=False, now=now)
    if _owner(session, row) is None:
        if before is None:
            _outsider(session, got, event, now=now)
    elif before is not event.may_write:
        _told(session, got, event, chats, now=now)


def _theirs(session: Session, row: OwnAccountRow, chats: Sequence[int], *, new: bool, now: int) -> None:
    """Give its owner what nobody has of these chats, where the owner is of the staff; a `new` one is theirs already, and is put on record."""
    rep_id = _owner(session, row)
    if rep_id is None or not chats:
        return
    whose = or_(Conversation.rep_id.is_(None), Conversation.rep_id == rep_id) if new else Conversation.rep_id.is_(None)
    open_here = (Conversation.identity_id.in_(chats), Conversation.status != Status.CLOSED.value)
    take = update(Conversation).where(*open_here, whose).values(rep_id=rep_id).returning(Conversation.id)
    taken = sorted(session.scalars(take, execution_options={"synchronize_session": False}))
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


def _outsider(session: Session, got: Got, event: OwnAccount, *, now: int) -> None:
    """Once for each person, however often they connect the bot."""
    name = clean_name(event.name) or "Somebody"
    words = f"{name} ({event.owner}) is not of the staff, and connected the bot to their own account: we read and answer nothing there"
    facts = {"account": got.account, "words": words, "ok": False}
    record(session, Change("account", got.event_id, "own account", CHANNEL, after=facts), now=now)
    tell(session, [Notice(NoticeKind.ACCOUNT, got.event_id, f"outsider:{got.account}:{event.owner}", {**facts, "kind": "own account"})], now=now)


def apart(session: Session, conversation_id: int) -> bool:
    """Whether a conversation is held in somebody's own account, so that it is not everybody's to read."""
    theirs = select(OwnChat.id).join(Conversation, Conversation.identity_id == OwnChat.identity_id).where(Conversation.id == conversation_id)
    return session.scalar(theirs) is not None


def _owner(session: Session, row: OwnAccountRow) -> int | None:
    return session.scalar(select(Member.id).where(Member.address == row.owner, Member.active == 1))


def _row(session: Session, account: str, through: str) -> OwnAccountRow | None:
    return session.scalar(select(OwnAccountRow).where(OwnAccountRow.account == account, OwnAccountRow.through == through))
