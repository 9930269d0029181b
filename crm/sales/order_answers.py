"""Order answers: a customer asks where their order is, in words or by a button, and is told at once; where there is none, a person is called."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from crm.base.i18n import N_, translator
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.pressing import Press, say
from crm.conversations.threads import Conversation
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Contact, family_of
from crm.sales.order_steps import told_of
from crm.sales.order_words import where
from crm.sales.orders import ENDED, Order

MOST, REMEMBERED = 5, 14 * DAY
"""How many orders an answer tells of, and for how long it tells of one that has ended."""
NONE = N_("We do not find an order of yours here. A person will look and write to you.")


def asked(session: Session, press: Press, company: Company) -> None:
    """Tell a person of their orders: state, carrier, number, day, what is to be paid."""
    tr = translator(press.language)
    found = _theirs(session, press)
    if not found:
        say(session, press, tr(NONE))
        session.execute(update(Conversation).where(Conversation.id == press.conversation_id).values(person_called=1))
        tell(session, [Notice(NoticeKind.PERSON_CALLED, press.conversation_id, f"called:{press.once}"), card(press.conversation_id)], now=press.at)
        return
    say(session, press, where(tr, [told_of(session, order) for order in found]))


def told_of_any(session: Session, roots: Collection[int], *, at: int) -> frozenset[int]:
    """Which of these people have an order that they would be told of."""
    wanted = select(Contact.root_id).join(Order, Order.contact_id == Contact.id).where(Contact.root_id.in_(roots), _told(at))
    return frozenset(session.scalars(wanted.distinct())) if roots else frozenset()


def _theirs(session: Session, press: Press) -> list[Order]:
    """The orders of a person that run or have ended of late, the newest first."""
    wanted = select(Order).where(Order.contact_id.in_(family_of(session, press.root_id)), _told(press.at))
    return list(session.scalars(wanted.order_by(Order.id.desc()).limit(MOST)))


def _told(at: int) -> ColumnElement[bool]:
    return or_(Order.state.not_in(ENDED), Order.moved_at > at - REMEMBERED)
