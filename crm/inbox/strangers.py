"""Strangers who are met one at a time, outside the set-based way of a batch."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.text import choose_language, clean_name
from crm.conversations.threads import Conversation, Status
from crm.inbox.plan import Got
from crm.people.contacts import Contact, Identity


def identity_at(session: Session, account: str, external_id: str) -> Identity | None:
    """The identity behind an address, if we know it."""
    return session.scalar(select(Identity).where(Identity.account == account, Identity.external_id == external_id))


def stranger(session: Session, got: Got, company: Company, *, now: int, open_now: bool = True) -> Identity:
    """Make a contact, an identity and a conversation for who is not known yet; `open_now` = false leaves the conversation closed."""
    sender = got.event.sender
    assert sender
    contact, identity, conversation = take_ids(session, 3)
    language = choose_language("", sender.language, company.languages[0], company.languages)
    name = clean_name(sender.name)
    add(session, Contact, [{"id": contact, "root_id": contact, "platform_name": name, "language": language, "zone": company.zone, "created_at": now}])
    row = {
        "id": identity,
        "contact_id": contact,
        "account": got.account,
        "external_id": sender.external_id,
        "username": clean_name(sender.username),
        "created_at": now,
    }
    add(session, Identity, [row])
    thread = {
        "id": conversation,
        "identity_id": identity,
        "contact_id": contact,
        "account": got.account,
        "address": sender.external_id,
    }
    standing = {"open_identity_id": identity} if open_now else {"open_identity_id": None, "status": Status.CLOSED.value}
    add(session, Conversation, [{**thread, **standing, "opened_at": now, "last_at": now}])
    return session.get_one(Identity, identity)


def thread_of(session: Session, identity: Identity) -> Conversation:
    """The conversation of an identity."""
    return session.scalars(select(Conversation).where(Conversation.identity_id == identity.id).order_by(Conversation.id.desc()).limit(1)).one()
