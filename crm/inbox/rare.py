"""The rarer events: edits, addresses that come and go, forms, links from another channel; ordinary verbs, one at a time."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.events import (
    AccountAlert,
    Call,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    LeadForm,
    Message,
    OptIn,
    OptOut,
    SessionStarted,
    Status,
)
from crm.base.paid import Payment
from crm.base.phones import normalise
from crm.base.settings import Company
from crm.base.text import clean, clean_name
from crm.conversations.talk import held_by
from crm.conversations.threads import Conversation
from crm.conversations.threads import Message as MessageRow
from crm.inbox.albums import part_at, part_edited
from crm.inbox.calls import called
from crm.inbox.duties import reach
from crm.inbox.edits import put_off, reworded, waiting_for
from crm.inbox.elsewhere import answered_elsewhere, machine_wrote, taken_back
from crm.inbox.payments import money_came
from crm.inbox.plan import TEXT_MOST, Got, sane
from crm.inbox.statuses import statuses_told
from crm.inbox.strangers import identity_at, stranger
from crm.inbox.wishes import alerted, wished
from crm.outbox.notices import card, tell
from crm.outreach import persons, sequences
from crm.people import consents, contacts, link, suggestions
from crm.people.contacts import Identity, Proof
from crm.sales import leads


def is_rare(event: Event) -> bool:
    """Whether an event is done here, one at a time."""
    if isinstance(event, Message):
        return event.echo or event.auto
    return isinstance(event, Edit | Delete | IdentityChanged | LeadForm | Status | OptOut | OptIn | Call | AccountAlert | Payment)


def seldom(session: Session, got: Sequence[Got], *, company: Company, now: int) -> None:
    """What the rarer events of a batch mean."""
    for one in got:
        _seldom(session, one, company, now=now)
    if statuses := [one for one in got if isinstance(one.event, Status)]:
        statuses_told(session, statuses, now=now, accounts=company.sendable)


def _seldom(session: Session, one: Got, company: Company, *, now: int) -> None:
    match one.event:
        case Edit():
            edited(session, one, now=now)
        case Delete():
            taken_back(session, one, now=now)
        case IdentityChanged():
            changed(session, one, now=now)
        case LeadForm():
            form_filled(session, one, company, now=now)
        case Message(echo=True):
            answered_elsewhere(session, one, company, now=now)
        case Message():
            machine_wrote(session, one, now=now)
        case OptOut() | OptIn():
            wished(session, one, company, now=now)
        case Call():
            called(session, one, company, now=now)
        case AccountAlert():
            alerted(session, one, now=now)
        case Payment():
            money_came(session, one, company, now=now)


def arrive(session: Session, got: Got, company: Company, *, now: int) -> None:
    """A person who follows a link from another channel is that person: their new address is made theirs before anything else is heard there."""
    event = got.event
    if not isinstance(event, SessionStarted) or not event.source.payload.startswith(link.PREFIX):
        return
    identity = identity_at(session, got.account, event.sender.external_id)
    if identity is None:
        identity = stranger(session, got, company, now=now)
    made = link.use_link(session, event.source.payload, identity.id, now=now)
    if persons.joined(session, made, now=now):
        root = contacts.root_of(session, identity.contact_id)
        sequences.stop(session, contacts.family_of(session, root.id), "replied", now=now)
        threads = persons.threads_of(session, root.id)
        _inherit(session, identity, threads)
        tell(session, [card(thread.id) for thread in threads], now=now)


def _inherit(session: Session, identity: Identity, threads: list[Conversation]) -> None:
    """What was asked and answered on the other channel is not asked again; whoever had the person keeps them, and they came from where they came."""
    own = next((thread for thread in threads if thread.identity_id == identity.id), None)
    other = max((thread for thread in threads if thread.identity_id != identity.id), key=lambda thread: thread.last_at, default=None)
    if own is not None and other is not None and not own.first_heard_at:
        own.flow_state, own.rep_id, own.source = other.flow_state, held_by(session, other), own.source or other.source
        session.flush()


def edited(session: Session, got: Got, *, now: int) -> None:
    """A customer changed a message: the newest words stand, the older ones are on record; one that comes before its message waits for it."""
    event = got.event
    assert isinstance(event, Edit)
    text, at = clean(event.text, TEXT_MOST), sane(event.at, got.received_at)
    if part := part_at(session, got.account, event.sender.external_id, event.external_id):
        part_edited(session, part, text, at, now=now)
        return
    message = session.scalar(
        select(MessageRow)
        .join(Conversation, Conversation.id == MessageRow.conversation_id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.account == got.account, Identity.external_id == event.sender.external_id, MessageRow.external_id == event.external_id)
        .order_by(MessageRow.id)
        .limit(1)
    )
    place = (got.account, event.sender.external_id, event.external_id)
    if message is None:
        put_off(session, *place, text, at, now=now)
        return
    if event.moving:  # every few seconds for an hour: the newest stands, and nobody hears of it
        message.text = text
        session.flush()
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
    reworded(session, message, text, at, now=now)


def changed(session: Session, got: Got, *, now: int) -> None:
    """An address became reachable or not."""
    event = got.event
    assert isinstance(event, IdentityChanged)
    if event.new_id:
        persons.move(session, got.account, event.sender.external_id, event.new_id, now=now)
    identity = identity_at(session, got.account, event.new_id or event.sender.external_id)
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
    contact, own = contacts.root_of(session, identity.contact_id), identity.contact_id
    who = Customer(contact.id)
    message_id = session.scalar(select(MessageRow.id).where(MessageRow.once == f"event:{got.event_id}:{got.place}"))
    if event.name:
        contacts.rename(session, who, own, clean_name(event.name), now=now)
        suggestions.look(session, own, now=now)
    if event.text:
        leads.learn_need(session, who, contact.id, clean(event.text, 2000), now=now)
    for kind, value in (("phone", normalise(event.phone, company.region)), ("email", clean_name(event.email).lower())):
        if value:
            persons.learn_point(session, who, own, kind, value, proof=Proof.CLAIMED, message_id=message_id, now=now)
    if event.offers:
        consents.answer(
            session,
            who,
            own,
            consents.MARKETING,
            True,
            shown=clean(event.offers_text, 1000),
            source=f"form on {got.account}",
            message_id=message_id,
            now=now,
        )
    leads.qualify(session, who, contact.id, now=now)
    if not contact.blocked:
        reach(session, got, identity, company, now=now)
