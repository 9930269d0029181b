"""Step-up told: a second manager is asked, and managers hear of a PIN that was tried too often."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people import steps
from crm.people.steps import Fits, What


def confirm(session: Session, actor: Rep, what: str, digits: str, *, now: int) -> Fits:
    """See `crm.people.steps.confirm`; the managers are told when it locks the PIN."""
    fits = steps.confirm(session, actor, what, digits, now=now)
    if fits is Fits.LOCKED:
        tell(session, [Notice(NoticeKind.PIN_LOCKED, actor.id, f"pin_locked:{actor.id}:{now}")], now=now)
    return fits


def choose(session: Session, actor: Rep, digits: str, *, now: int) -> None:
    """See `crm.people.steps.choose`; the other managers are told, since whoever has stolen a phone might choose one."""
    steps.choose(session, actor, digits, now=now)
    tell(session, [Notice(NoticeKind.PIN_LOCKED, actor.id, f"pin_chosen:{actor.id}:{now}", {"chosen": 1})], now=now)


def ask_second(session: Session, actor: Rep, what: What, about: str, *, now: int) -> int:
    """See `crm.people.steps.ask_second`; the other managers are told."""
    number = steps.ask_second(session, actor, what, about, now=now)
    tell(session, [Notice(NoticeKind.STEP, number, f"step:{number}")], now=now)
    return number
