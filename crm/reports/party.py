"""Party: who a conversation is with, and what there is to be asked about them; so a page asks for nothing that is not there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.errors import NotFound
from crm.base.rows import among, ask, fixed
from crm.conversations.planned import PlannedReply, PlannedState
from crm.conversations.threads import Conversation, Note
from crm.people.contacts import Contact, ContactPoint, Identity, PointKind
from crm.people.fields import About, Field, FieldValue
from crm.people.reps import Member
from crm.people.suggestions import Suggestion, SuggestionState
from crm.people.tags import Tag
from crm.sales.deals import Deal, DealContact
from crm.sales.entries import Entry, LeadEntry
from crm.sales.leads import Lead
from crm.sales.orders import Order
from crm.sales.tasks import Task, TaskState


@dataclass(frozen=True, slots=True)
class Party:
    """A conversation with its person, their address and whoever has it or had it, as rows: while they are held, asking for one of them again is free."""

    conversation: Conversation
    own: Contact
    root: Contact
    identity: Identity
    member: Member | None

    @property
    def holder_id(self) -> int | None:
        """Who has the conversation (None = nobody, or somebody who has left the team)."""
        return self.member.id if self.member and self.member.active else None


@dataclass(frozen=True, slots=True)
class There:
    """Whether there is any of these about a person or in their thread; what there is, its own module tells."""

    notes: bool
    planned: bool
    tasks: bool
    others: bool
    possible: bool
    deals: bool
    orders: bool
    phone: bool
    brought: bool
    entry: bool
    tags: bool
    details: bool


_own = aliased(Contact)
_PARTY = (
    select(Conversation, _own, Contact, Identity, Member)
    .join(_own, _own.id == Conversation.contact_id)
    .join(Contact, Contact.id == _own.root_id)
    .join(Identity, Identity.id == Conversation.identity_id)
    .outerjoin(Member, Member.id == Conversation.rep_id)
    .where(Conversation.id == bindparam("thread"))
)
_IS_THERE = {
    "notes": exists().where(Note.conversation_id == bindparam("thread")),
    "planned": exists().where(PlannedReply.conversation_id == bindparam("thread"), PlannedReply.state == fixed(PlannedState.WAITING.value)),
    "tasks": exists().where(among(Task.contact_id, "family"), Task.state == fixed(TaskState.OPEN.value)),
    "others": exists().where(among(Identity.contact_id, "family"), Identity.id != bindparam("identity")),
    "possible": or_(
        exists().where(among(Suggestion.contact_id, "family"), Suggestion.state == fixed(SuggestionState.OPEN.value)),
        exists().where(among(Suggestion.other_id, "family"), Suggestion.state == fixed(SuggestionState.OPEN.value)),
    ),
    "deals": or_(exists().where(among(Deal.contact_id, "family")), exists().where(among(DealContact.contact_id, "family"))),
    "orders": exists().where(among(Order.contact_id, "family")),
    "phone": exists().where(among(ContactPoint.contact_id, "family"), ContactPoint.kind == fixed(PointKind.PHONE.value)),
    "brought": exists().where(among(Entry.referrer_id, "family")),
    "entry": exists().where(LeadEntry.lead_id == Lead.id, among(Lead.contact_id, "family")),
    "tags": exists().where(among(Tag.contact_id, "family")),
    "details": exists().where(
        Field.about == fixed(About.CONTACT.value), Field.active == fixed(1), FieldValue.field_id == Field.id, among(FieldValue.subject_id, "family")
    ),
}
_THERE = select(*(found.label(name) for name, found in _IS_THERE.items()))


def party_of(session: Session, conversation_id: int) -> Party:
    """Who a conversation is with; raises `NotFound`."""
    found = session.execute(_PARTY, {"thread": conversation_id}).one_or_none()
    if found is None:
        raise NotFound("no such conversation")
    return Party(*found)


def there(session: Session, party: Party, family: Sequence[int]) -> There:
    """What there is about a person, in one question of nothing but indexes."""
    [row] = ask(session, _THERE, {"thread": party.conversation.id, "identity": party.identity.id, "family": list(family)})
    return There(*map(bool, row))
