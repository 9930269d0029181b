"""Order talk: what a customer is told of an order, in their language, in the conversation where it was spoken of."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.events import MediaRef
from crm.base.i18n import Translator, translator
from crm.base.outbound import Buttons, Lane
from crm.conversations.addresses import thread_at
from crm.conversations.reaching import Why, where_to
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation
from crm.outbox.notices import card, tell
from crm.people.contacts import Identity, family_of, root_of

Talk = Conversation


def talk_with(session: Session, contact_id: int, conversation_id: int | None = None, *, now: int) -> Talk | None:
    """Where a person is told something: as chosen, or where they answer; else in the conversation given, or their newest that can be reached (None = nowhere).

    What may not be said there after all follows them to their next channel, see `serve_elsewhere`.
    """
    route = where_to(session, contact_id, (), now=now)
    if route is not None and route.why in (Why.CHOSEN, Why.ANSWERS):
        return thread_at(session, route.identity, now=now)
    family = family_of(session, contact_id)
    theirs = select(Conversation).join(Identity, Identity.id == Conversation.identity_id)
    reached = theirs.where(Conversation.contact_id.in_(family), Identity.reachable == 1).order_by(Conversation.last_at.desc(), Conversation.id.desc()).limit(20)
    found = session.scalars(reached).all()
    return next((one for one in found if one.id == conversation_id), None) or next(iter(found), None)


def tongue(session: Session, contact_id: int) -> Translator:
    """Says phrases in a person's language."""
    return translator(root_of(session, contact_id).language)


def say_to(session: Session, talk: Talk, text: str, once: str, buttons: Buttons = (), *, picture: MediaRef | None = None, account: str = "", now: int) -> int:
    """Tell a customer something once, through the gate; somebody who is blocked hears nothing. Answers how much was new."""
    if root_of(session, talk.contact_id).blocked:
        return 0
    said = Saying(talk.id, talk.account, talk.address, text, Author.BOT, Lane.SERVICE, once, buttons, media=picture, media_account=account)
    new = say_many(session, [said], now=now)
    tell(session, [card(talk.id)], now=now)
    return new
