"""Find: conversations by the customer's name, @name or phone, in any of our scripts, among those of late; a whole phone number also among the oldest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import ColumnElement, case, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.fold import fold
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.conversations.desk import Listed
from crm.conversations.threads import Conversation, Status
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.reports import search

LOOK = 1000
LENGTH = 100
_own, _root, _known = aliased(Contact), aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A conversation that may be meant, and what its customer is called."""

    id: int
    name: str
    platform_name: str
    username: str
    preview: str
    waiting_since: int
    last_at: int
    rep_id: int | None
    holder: str | None
    snoozed_until: int
    status: str


def candidates(session: Session, actor: Rep, words: str, region: str) -> tuple[list[Candidate], bool]:
    """What `matching` chooses from, newest first: the conversations of late that this member may look at.

    Where the words are a phone number, read as in `region`, it is all of its owner's, and the answer is sure.
    """
    phone = normalise(words[:LENGTH], region)
    return _candidates(session, actor, _of_phone(phone) if phone else _of_late()), bool(phone)


def further(session: Session, actor: Rep, words: str, region: str) -> list[Listed]:
    """The conversations that a search leads to, among old ones too: people's by name, then those in which the words were said, told by them."""
    found = search.find(session, actor, words, region)
    told = {one.conversation_id: "" for one in found.people if one.conversation_id}
    for one in found.said:
        told[one.conversation_id] = told.get(one.conversation_id) or one.snippet
    rows = {one.id: _listed(one) for one in _candidates(session, actor, Conversation.id.in_(list(told)))}
    return [replace(rows[number], preview=words or rows[number].preview) for number, words in told.items() if number in rows]


def _candidates(session: Session, actor: Rep, which: ColumnElement[bool]) -> list[Candidate]:
    sight = sight_of(session, actor, Action.TALK)
    rows = session.execute(
        select(
            Conversation.id,
            _root.name,
            _root.platform_name,
            Identity.username,
            Conversation.preview,
            Conversation.waiting_since,
            Conversation.last_at,
            case((Member.active == 1, Member.id)).label("rep_id"),
            Member.name.label("holder"),
            Conversation.snoozed_until,
            Conversation.status,
        )
        .join(_own, _own.id == Conversation.contact_id)
        .join(_root, _root.id == _own.root_id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .outerjoin(Member, Member.id == Conversation.rep_id)
        .where(which, _root.blocked == 0, Conversation.last_heard_id > 0, or_(Conversation.account != PRACTICE, Conversation.rep_id == actor.id))
        .order_by(Conversation.last_at.desc(), Conversation.id.desc())
    )
    found, named = [Candidate(*row) for row in rows if sight.covers(row.rep_id)], sight.named
    if sight.points:
        return found
    return [replace(one, name=named(one.name), platform_name=named(one.platform_name), username=named(one.username)) for one in found]


def matching(found: Sequence[Candidate], words: str, *, sure: bool, most: int) -> list[Listed]:
    """Those in whose names each of the words begins a word, or all that are sure; pure, and slow enough for a thread of its own."""
    wanted = [f" {word}" for word in fold(words[:LENGTH]).split()]
    named = (one for one in found if sure or (wanted and all(word in _called(one) for word in wanted)))
    return [_listed(one) for one, _ in zip(named, range(most), strict=False)]


def _of_late() -> ColumnElement[bool]:
    """The newest of each kind: each beginning is read in the order of an index and ends, however many conversations there are."""
    kinds = [select(Conversation.id).where(Conversation.status == status.value).order_by(Conversation.last_at.desc()).limit(LOOK) for status in Status]
    return Conversation.id.in_(union_all(*(select(kind.subquery().c.id) for kind in kinds)))


def _of_phone(phone: str) -> ColumnElement[bool]:
    owners = select(_known.root_id).join(ContactPoint, ContactPoint.contact_id == _known.id).where(ContactPoint.kind == "phone", ContactPoint.value == phone)
    return _root.id.in_(owners)


def _called(one: Candidate) -> str:
    return _folded(f"{one.name} {one.platform_name} {one.username}")


@lru_cache(maxsize=16_384)
def _folded(name: str) -> str:
    return f" {fold(name[:300])}"


def _listed(one: Candidate) -> Listed:
    snoozed = one.snoozed_until if one.status == Status.SNOOZED else 0
    name, closed = one.name or one.platform_name, one.status == Status.CLOSED
    return Listed(one.id, name, one.preview, one.waiting_since, one.last_at, one.rep_id, one.holder or "", snoozed, closed)
