"""The rarer events: edits, addresses that come and go, forms, links from another channel; ordinary verbs, one at a time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.events import Edit, IdentityChanged, LeadForm, SessionStarted
from crm.base.history import Change, record
from crm.base.phones import normalise
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.text import choose_language, clean, clean_name
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation, Message
from crm.inbox.edits import put_off, waiting_for
from crm.inbox.plan import TEXT_MOST, Got, sane
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outreach import sequences
from crm.people import consents, contacts, link
from crm.people.contacts import Contact, Identity, Proof
from crm.sales import leads


def identity_at(session: Session, account: str, external_id: str) -> Identity | None:
    """The identity behind an address, if we know it."""
    return session.scalar(select(Identity).where(Identity.account == account, Identity.external_id == external_id))


def arrive(session: Session, got: Got, company: Company, *, now: int) -> None:
    """A person who follows a link from another channel is that person: their new address is made theirs before anything else is heard there."""
    event = got.event
    if not isinstance(event, SessionStarted) or not event.source.payload.startswith(link.PREFIX):
        return
    identity = identity_at(session, got.account, event.sender.external_id)
    if identity is None:
        identity = _new_identity(session, got, company, now=now)
    if link.use_link(session, event.source.payload, identity.id, now=now):
        root = contacts.root_of(session, identity.contact_id)
        session.flush()
        leads.join_open(session, Customer(root.id), root.id, now=now)
        sequences.stop(session, contacts.family_of(session, root.id), "replied", now=now)
        threads = session.scalars(select(Conversation).where(Conversation.contact_id.in_(contacts.family_of(session, root.id)))).all()
        _inherit(session, identity, list(threads))
        tell(session, [card(thread.id) for thread in threads], now=now)


def _inherit(session: Session, identity: Identity, threads: list[Conversation]) -> None:
    """What was asked and answered on the other channel is not asked again; whoever had the person keeps them, and they came from where they came."""
    own = next((thread for thread in threads if thread.identity_id == identity.id), None)
    other = max((thread for thread in threads if thread.identity_id != identity.id), key=lambda thread: thread.last_at, default=None)
    if own is not None and other is not None and not own.first_heard_at:
        own.flow_state, own.rep_id, own.source = other.flow_state, held_by(session, other), own.source or other.source
        session.flush()


def _new_identity(session: Session, got: Got, company: Company, *, now: int) -> Identity:
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
        "open_identity_id": identity,
        "contact_id": contact,
        "account": got.account,
        "address": sender.external_id,
    }
    add(session, Conversation, [{**thread, "opened_at": now, "last_at": now}])
    return session.get_one(Identity, identity)


def edited(session: Session, got: Got, *, now: int) -> None:
    """A customer changed a message: the newest words stand, the older ones are on record; one that comes before its message waits for it."""
    event = got.event
    assert isinstance(event, Edit)
    message = session.scalar(
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.account == got.account, Identity.external_id == event.sender.external_id, Message.external_id == event.external_id)
        .order_by(Message.id)
        .limit(1)
    )
    text, at = clean(event.text, TEXT_MOST), sane(event.at, got.received_at)
    place = (got.account, event.sender.external_id, event.external_id)
    if message is None:
        put_off(session, *place, text, at, now=now)
        return
    waiting = None if message.edited_at else waiting_for(session, *place)
    if at < max(message.edited_at, waiting.at if waiting else 0):
        return
    before = message.text
    if before == text and not message.edited_at:  # it shows nothing new and is no change; but whatever is older than it has lost
        put_off(session, *place, text, at, now=now)
        return
    if waiting:
        session.delete(waiting)
    message.text, message.edited_at = text, at
    session.flush()
    if before == text:
        return
    conversation = session.get_one(Conversation, message.conversation_id)
    record(session, Change("message", message.id, "edited", Customer(conversation.contact_id), {"text": before}, {"text": text}), now=now)
    notices = [card(conversation.id)]
    if conversation.rep_id:
        notices.append(Notice(NoticeKind.EDITED, message.id, f"edited:{message.id}:{message.edited_at}"))
    tell(session, notices, now=now)


def changed(session: Session, got: Got, *, now: int) -> None:
    """An address became reachable or not."""
    event = got.event
    assert isinstance(event, IdentityChanged)
    identity = identity_at(session, got.account, event.sender.external_id)
    if identity is None:
        return
    contacts.set_reachable(session, identity.id, event.reachable, now=now)
    threads = session.scalars(select(Conversation.id).where(Conversation.identity_id == identity.id))
    tell(session, [card(number) for number in threads], now=now)


def form_filled(session: Session, got: Got, company: Company, *, now: int) -> None:
    """A form's fields go to the person and the lead; the ticked box is a consent with the words that stood beside it."""
    event = got.event
    assert isinstance(event, LeadForm)
    identity = identity_at(session, got.account, event.sender.external_id)
    assert identity
    contact = contacts.root_of(session, identity.contact_id)
    who = Customer(contact.id)
    message_id = session.scalar(select(Message.id).where(Message.once == f"event:{got.event_id}:{got.place}"))
    if event.name:
        contacts.rename(session, who, contact.id, clean_name(event.name), now=now)
    if event.text:
        leads.learn_need(session, who, contact.id, clean(event.text, 2000), now=now)
    for kind, value in (("phone", normalise(event.phone, company.region)), ("email", clean_name(event.email).lower())):
        if value:
            contacts.add_point(session, who, contact.id, kind, value, proof=Proof.CLAIMED, message_id=message_id, now=now)
    if event.offers:
        consents.answer(
            session,
            who,
            contact.id,
            consents.MARKETING,
            True,
            shown=clean(event.offers_text, 1000),
            source=f"form on {got.account}",
            message_id=message_id,
            now=now,
        )
    leads.qualify(session, who, contact.id, now=now)
