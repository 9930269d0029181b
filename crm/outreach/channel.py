"""Channel: on which address a person is written to when we begin, as somebody of the staff has said; else by itself, as `conversations.reaching` decides."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.conversations.talk import within_reach
from crm.outbox.notices import card, tell
from crm.outreach.persons import threads_of
from crm.people.reps import authorise
from crm.people.routes import prefer


def write_on(session: Session, actor: Rep, contact_id: int, identity_id: int, accounts: Collection[str], *, now: int) -> int:
    """Say on which address a person is written to (0 = by itself), and answer what it was before; raises `Unreachable` where nobody can be written to."""
    authorise(session, actor, Action.CHANGE_PERSON)
    threads = threads_of(session, contact_id)
    for thread in threads:
        within_reach(session, actor, thread.id)
    before = prefer(session, actor, contact_id, identity_id, accounts, now=now)
    if before != identity_id:
        tell(session, [card(thread.id) for thread in threads], now=now)
    return before
