"""Pretended: customers who are there to practise on; they are one member's alone, buy nothing, and count nowhere."""

from sqlalchemy import ColumnElement, SQLColumnExpression, select
from sqlalchemy.orm import Session

from crm.base.errors import Invalid
from crm.people.contacts import Identity, family_of

ACCOUNT = "practice"
"""The account by which nobody real writes."""


class Pretended(Invalid):
    """This customer is there to practise on: nothing is sold to them, and nobody else gets them."""


def real(contact: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """The condition that keeps the rows of real people; one list for all, mostly empty."""
    return contact.not_in(select(Identity.contact_id).where(Identity.account == ACCOUNT))


def pretended(session: Session) -> frozenset[int]:
    """Everybody who is there to practise on."""
    return frozenset(session.scalars(select(Identity.contact_id).where(Identity.account == ACCOUNT)))


def is_pretended(session: Session, contact_id: int) -> bool:
    """Whether a person is there to practise on."""
    theirs = (Identity.contact_id.in_(family_of(session, contact_id)), Identity.account == ACCOUNT)
    return session.scalar(select(Identity.id).where(*theirs).limit(1)) is not None


def only_real(session: Session, *contact_ids: int) -> None:
    """Refuse what counts for the firm: raises `Pretended` where one of these people is pretended."""
    if any(is_pretended(session, number) for number in contact_ids):
        raise Pretended
