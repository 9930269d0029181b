"""A crowd for tests of who is who: people with an address, a conversation and a lead each, made without a channel."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer, Rep, Role
from crm.base.rows import add, take_ids
from crm.conversations.threads import Conversation
from crm.people import consents, link
from crm.people.contacts import Contact, Identity
from crm.people.ledger import Flags
from crm.people.reps import Member
from crm.sales.leads import Lead
from tests.conftest import NOON


@dataclass(frozen=True, slots=True)
class Somebody:
    """The numbers of one person as they came."""

    contact: int
    identity: int
    conversation: int
    lead: int


def meet(session: Session, name: str, account: str = "fake", *, platform_name: str = "", now: int = NOON, interested: bool = True) -> Somebody:
    """Somebody writes for the first time."""
    contact, identity, conversation, lead = take_ids(session, 4)
    names = {"platform_name": platform_name or name}
    add(session, Contact, [{"id": contact, "root_id": contact, **names, "language": "en", "zone": "UTC", "created_at": now, "last_inbound_at": now}])
    address = {"account": account, "contact_id": contact}
    add(session, Identity, [{"id": identity, **address, "external_id": name, "last_inbound_at": now, "created_at": now}])
    thread = {"id": conversation, "identity_id": identity, "open_identity_id": identity, **address, "address": name, "opened_at": now, "last_at": now}
    add(session, Conversation, [{**thread, "last_heard_id": 1, "last_message_id": 1}])
    if interested:
        interest = {"id": lead, "contact_id": contact, "open_contact_id": contact, "conversation_id": conversation, "channel": account}
        add(session, Lead, [{**interest, "language": "en", "created_at": now}])
    return Somebody(contact, identity, conversation, lead)


def employ(session: Session, name: str = "mariam", role: Role = Role.MANAGER) -> Rep:
    """A member of staff."""
    number = next(take_ids(session, 1))
    add(session, Member, [{"id": number, "address": name, "name": name.title(), "role": role.value, "language": "en", "created_at": NOON}])
    return Rep(number, role, name.title(), "en", name)


def root(session: Session, contact: int) -> int:
    """Who a contact was found to be."""
    return session.scalars(select(Contact.root_id).where(Contact.id == contact)).one()


def open_leads(session: Session, contacts: Sequence[int]) -> dict[int, int]:
    """The open lead of each of these people."""
    rows = session.execute(select(Lead.open_contact_id, Lead.id).where(Lead.open_contact_id.in_(contacts)))
    return {row.open_contact_id: row.id for row in rows}


def agree(session: Session, contact: int, purpose: str, granted: bool, *, now: int) -> None:
    """What a person answers where they are heard."""
    consents.answer(session, Customer(contact), contact, purpose, granted, shown="?", source="test", now=now)


def says(session: Session, contact: int) -> Flags:
    """What the row of a person says."""
    return link.flags_of(session.get_one(Contact, root(session, contact)))
