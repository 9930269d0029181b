"""Wishes: what a person told the platform about being written to, and what the platform tells about our own account."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer, System
from crm.base.events import AccountAlert, OptIn, OptOut, Scope
from crm.base.history import Change, record
from crm.base.settings import Company
from crm.inbox.plan import Got
from crm.inbox.strangers import identity_at, stranger, thread_of
from crm.outbox.arrivals import by_ref
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outreach import sequences
from crm.people import consents, contacts
from crm.people.consents import Consent
from crm.people.contacts import Identity


def wished(session: Session, got: Got, company: Company, *, now: int) -> None:
    """An opt-out by the platform's own means ends offers (and all that is planned, where it says so) everywhere; an opt-in lets them come again."""
    event = got.event
    assert isinstance(event, OptOut | OptIn)
    identity = _whose(session, got.account, event) or stranger(session, got, company, now=now, open_now=False)
    root = contacts.root_of(session, identity.contact_id)
    who, granted = Customer(root.id), isinstance(event, OptIn)
    purposes = [consents.MARKETING] if event.scope is Scope.MARKETING else [consents.MARKETING, consents.SERVICE]
    if granted and event.scope is Scope.ALL and not _had_agreed(session, root.id):  # who lets us write has not asked for offers
        purposes.remove(consents.MARKETING)
    standing = {consents.MARKETING: root.marketing == (1 if granted else -1), consents.SERVICE: bool(root.silenced) is not granted}
    for purpose in purposes:
        if not standing[purpose] and not (granted and _refused_elsewhere(session, root.id, purpose, got.account)):
            consents.answer(session, who, identity.contact_id, purpose, granted, shown=event.shown[:1000], source=f"platform {got.account}", now=now)
    if not granted and event.scope is Scope.ALL:
        sequences.stop(session, contacts.family_of(session, root.id), "stopped", now=now)
        contacts.set_reachable(session, identity.id, False, now=now)
    if granted and event.scope is Scope.ALL:
        contacts.set_reachable(session, identity.id, True, now=now)
    tell(session, [card(thread_of(session, identity).id)], now=now)


def _had_agreed(session: Session, root_id: int) -> bool:
    """Whether the word before the last about offers was a yes: an opt-in to everything gives back what an opt-out took, and no more."""
    said = select(Consent.granted).where(Consent.contact_id.in_(contacts.family_of(session, root_id)), Consent.purpose == consents.MARKETING)
    return session.scalars(said.order_by(Consent.id.desc()).limit(2)).all() == [0, 1]


def _refused_elsewhere(session: Session, root_id: int, purpose: str, account: str) -> bool:
    """Whether the last word about a purpose was a no said otherwise than by this platform's switch: turning that on takes nothing else back."""
    said = select(Consent.granted, Consent.source).where(Consent.contact_id.in_(contacts.family_of(session, root_id)), Consent.purpose == purpose)
    last = session.execute(said.order_by(Consent.id.desc()).limit(1)).first()
    return last is not None and not last.granted and last.source != f"platform {account}"


def _whose(session: Session, account: str, event: OptOut | OptIn) -> Identity | None:
    """Whom a wish counts for: where it answers a message of ours, whoever that went to."""
    if isinstance(event, OptOut) and event.ref:
        address = next((one.address for one in by_ref(session, account, event.ref)), event.sender.external_id)
        return identity_at(session, account, address)
    return identity_at(session, account, event.sender.external_id)


def alerted(session: Session, got: Got, *, now: int) -> None:
    """Something about our own account: managers are told once of each cause."""
    event = got.event
    assert isinstance(event, AccountAlert)
    kind, facts = event.kind[:60], {"account": got.account, "words": event.words[:500], "ok": event.ok}
    record(session, Change("account", got.event_id, kind, System("channel"), after=facts), now=now)
    tell(session, [Notice(NoticeKind.ACCOUNT, got.event_id, f"account:{got.event_id}:{got.place}", {**facts, "kind": kind})], now=now)
