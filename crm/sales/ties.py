"""Ties: whose the customers of a few conversations are already, which language they speak, what they said; a handful of questions for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from crm.base.history import DomainEvent
from crm.conversations.offers import Offer
from crm.conversations.threads import Author, Conversation, Message, Status
from crm.people.contacts import Contact
from crm.sales.deals import Deal, DealState
from crm.sales.leads import Lead

SAID_LATELY = 5
TOOK = ("taken", "taken_over")
"""What is put on record of a conversation that somebody took."""
_own, _root, _kin = aliased(Contact), aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Tie:
    """A customer: their language, what they said of late ("" = nobody asks), and to whom they are tied how (`choosing.OWNERS`)."""

    language: str
    said: str = ""
    owners: Mapping[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """Who was asked in a customer's wait for the queue they stand in, or gave them away in it, and how the newest asking ended."""

    passed: set[int] = field(default_factory=set)
    outcome: str = ""


def asked_in(session: Session, waiting: Sequence[Conversation]) -> dict[int, Asked]:
    """What was asked about these customers since they wait."""
    found = {conversation.id: Asked() for conversation in waiting}
    stands = {conversation.id: conversation for conversation in waiting}
    columns = (Offer.conversation_id, Offer.rep_id, Offer.team_id, Offer.outcome, Offer.waiting_since)
    for row in session.execute(select(*columns).where(Offer.conversation_id.in_(stands)).order_by(Offer.id)):
        one = stands[row.conversation_id]
        if one.waiting_since == row.waiting_since:
            found[one.id].outcome = row.outcome
            found[one.id].passed |= {row.rep_id} if row.rep_id and row.team_id == one.team_id else set()
    return found


def ties(session: Session, conversations: Sequence[Conversation], *, words: bool) -> dict[int, Tie]:
    """What is known of the customers of these conversations; `words` = also what they said."""
    people = {one.contact_id for one in conversations}
    rows = session.execute(select(_own.id, _root.id.label("root"), _root.language).join(_root, _root.id == _own.root_id).where(_own.id.in_(people))).all()
    roots, languages = {row.id: row.root for row in rows}, {row.id: row.language for row in rows}
    family = {row.id: row.root_id for row in session.execute(select(_kin.id, _kin.root_id).where(_kin.root_id.in_(set(roots.values()))))}
    owners = _owners(session, conversations, family)
    said = _said(session, conversations) if words else {}
    return {one.id: Tie(languages[one.contact_id], said.get(one.id, ""), owners(one)) for one in conversations}


class _Owners:
    """Whose each customer is; a stronger tie of the same member takes the place of a weaker one."""

    def __init__(self, family: Mapping[int, int]) -> None:
        self._family = family
        self._people: dict[int, dict[str, tuple[int, int]]] = {}
        self._had: dict[int, int] = {}

    def add(self, why: str, contact_id: int, rep_id: int, of: int = 0) -> None:
        """A tie of a person; the one added last of a kind stands; `of` is the conversation it comes from, which is no tie to itself."""
        self._people.setdefault(self._family[contact_id], {})[f"{why}:{of}"] = (rep_id, of)

    def had(self, conversation_id: int, rep_id: int) -> None:
        """Somebody took this conversation before."""
        self._had[conversation_id] = rep_id

    def __call__(self, conversation: Conversation) -> dict[int, str]:
        found = {self._had[conversation.id]: "had"} if conversation.id in self._had else {}
        theirs = self._people.get(self._family[conversation.contact_id], {})
        for kind in ("lead", "deal", "has"):
            for key, (rep_id, of) in theirs.items():
                if key.startswith(f"{kind}:") and of != conversation.id:
                    found[rep_id] = kind
        return found


def _owners(session: Session, conversations: Sequence[Conversation], family: Mapping[int, int]) -> _Owners:
    found = _Owners(family)
    took = (DomainEvent.subject == "conversation", DomainEvent.subject_id.in_([one.id for one in conversations]), DomainEvent.kind.in_(TOOK))
    for number, rep_id in session.execute(select(DomainEvent.subject_id, DomainEvent.rep_id).where(*took).order_by(DomainEvent.id)):
        if rep_id:
            found.had(number, rep_id)
    leads = select(Lead.contact_id, Lead.rep_id).where(Lead.contact_id.in_(family), Lead.rep_id.is_not(None)).order_by(Lead.id)
    deals = select(Deal.contact_id, Deal.rep_id).where(Deal.contact_id.in_(family), Deal.state == DealState.OPEN.value, Deal.rep_id.is_not(None))
    for why, question in (("lead", leads), ("deal", deals.order_by(Deal.id))):
        for row in session.execute(question):
            found.add(why, row.contact_id, row.rep_id or 0)
    held = (Conversation.contact_id.in_(family), Conversation.rep_id.is_not(None), Conversation.status == Status.OPEN.value)
    for one in session.execute(select(Conversation.id, Conversation.contact_id, Conversation.rep_id).where(*held).order_by(Conversation.last_at)):
        found.add("has", one.contact_id, one.rep_id or 0, one.id)
    return found


def _said(session: Session, conversations: Sequence[Conversation]) -> dict[int, str]:
    """What customers said of late, and what is known of their need."""
    numbers = [one.id for one in conversations]
    needs = session.execute(select(Lead.conversation_id, Lead.need).where(Lead.conversation_id.in_(numbers))).all()
    found = {number: "\n".join(row.need for row in needs if row.conversation_id == number) for number in numbers}
    for number in numbers:
        words = select(Message.text).where(Message.conversation_id == number, Message.author == Author.CONTACT.value)
        found[number] = "\n".join((*session.scalars(words.order_by(Message.id.desc()).limit(SAID_LATELY)), found[number]))
    return found
