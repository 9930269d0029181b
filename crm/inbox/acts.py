"""Acts: the few answers that carry actions run them here as ordinary verbs, in the transaction of their batch."""

import base64
import hashlib
import hmac

from sqlalchemy.orm import Session

from crm.base.actors import Bot, Customer
from crm.base.answers import (
    Action,
    CallPerson,
    GiveConsent,
    LearnName,
    LearnNeed,
    LearnPhone,
    OfferLink,
    Pressed,
    Qualified,
    SpeakLanguage,
    StopWriting,
)
from crm.base.outbound import Button, Lane
from crm.base.phones import normalise
from crm.base.settings import Company
from crm.base.text import clean, clean_name
from crm.conversations.pressing import Press
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author
from crm.inbox.plan import Due
from crm.inbox.pressed import PRESSED
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outreach import persons, sequences
from crm.people import consents, contacts, link, suggestions
from crm.people.contacts import Proof
from crm.sales import leads


def act(session: Session, due: Due, company: Company, *, now: int) -> None:
    """Run the actions of one answer."""
    for action in due.actions:
        _one(session, due, action, company, now=now)
    session.flush()


def _one(session: Session, due: Due, action: Action, company: Company, *, now: int) -> None:
    thread, who = due.thread, Customer(due.thread.root_id)
    match action:
        case SpeakLanguage(language):
            contacts.speak(session, who, thread.contact_id, language, now=now)
        case LearnName(name):
            contacts.rename(session, who, thread.contact_id, clean_name(name), now=now)
            suggestions.look(session, thread.contact_id, now=now)
        case LearnNeed(text):
            leads.learn_need(session, who, thread.root_id, clean(text), now=now)
        case LearnPhone(phone, own):
            learn_phone(session, due, phone, own, company, now=now)
        case GiveConsent(granted, shown):
            consents.answer(
                session, who, thread.contact_id, consents.MARKETING, granted, shown=shown, source=f"bot on {thread.account}", message_id=due.message_id, now=now
            )
        case StopWriting():
            consents.stop(session, who, thread.contact_id, shown="", message_id=due.message_id, now=now)
            sequences.stop(session, contacts.family_of(session, thread.root_id), "stopped", now=now)
        case CallPerson():
            tell(session, [Notice(NoticeKind.PERSON_CALLED, thread.conversation_id, f"called:{due.message_id}"), card(thread.conversation_id)], now=now)
        case OfferLink(text, label):
            offer(session, due, text, label, company, now=now)
        case Pressed(about, detail):
            if about in PRESSED:
                where = thread.conversation_id, thread.account, thread.address
                press = Press(*where, thread.contact_id, thread.root_id, thread.language, detail, f"pressed:{due.event_id}", now)
                PRESSED[about](session, press, company)
        case Qualified():
            leads.qualify(session, Bot(), thread.root_id, now=now)


def learn_phone(session: Session, due: Due, phone: str, own: bool, company: Company, *, now: int) -> None:
    """Keep a number in its international form; one that cannot be read stays in the thread, where a person sees it."""
    digits = "".join(mark for mark in phone if mark.isascii() and mark.isdigit())
    number = normalise(phone, company.region) or (f"+{digits}" if own and 5 <= len(digits) <= 15 else "")  # the platform proves it, known country or not
    if number:
        who = Customer(due.thread.root_id)
        proof = Proof.SHARED if own else Proof.CLAIMED
        persons.learn_point(session, who, due.thread.contact_id, "phone", number, proof=proof, message_id=due.message_id, now=now)


def offer(session: Session, due: Due, text: str, label: str, company: Company, *, now: int) -> None:
    """Say a single-use link that proves, in the other channel, who follows it."""
    secret = token(company.link_key, due.thread.identity_id, due.event_id)
    payload = link.offer_link(session, due.thread.identity_id, secret, now=now)
    button = Button(label, url=company.continue_at + payload)
    thread = due.thread
    saying = Saying(thread.conversation_id, thread.account, thread.address, text, Author.BOT, Lane.SERVICE, f"link:{due.event_id}", ((button,),))
    say_many(session, [saying], now=now)


def token(key: bytes, identity_id: int, event_id: int) -> str:
    """An unguessable token that is the same when a deed runs twice: 128 bits keyed to the identity and the event."""
    made = hmac.new(key, f"{identity_id}:{event_id}".encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
