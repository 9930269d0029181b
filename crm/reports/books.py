"""Books: what was counted in the transaction of each deed, held against the rows that are there now."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, column, exists, func, select, table
from sqlalchemy.orm import Session, aliased

from crm.base.tallies import Count, Tally
from crm.conversations.threads import Conversation, Message, Status
from crm.outbox.deliveries import Delivery, State
from crm.outreach.campaigns import Campaign, Recipient, RecipientState
from crm.people.aliases import IdentityAlias
from crm.people.contacts import Contact, Identity
from crm.people.link import Link
from crm.reports.paper_books import papers
from crm.reports.trade_books import trade
from crm.sales.leads import OPEN, Lead

# The inbox stands above the reports and is never imported here: its two tables are named, not mapped.
_events = table("raw_events", column("id"), column("account"))
_waiting = table("waiting", column("event_id"), column("parked"))
SHOWN = 5


@dataclass(frozen=True, slots=True)
class AccountBooks:
    """One account: events kept and what became of them, deliveries created and where they are by state.

    `conflicts` is how often an event came again under its key with other words.
    """

    account: str
    kept: int = 0
    waiting: int = 0
    parked: int = 0
    done: int = 0
    ignored: int = 0
    dropped: int = 0
    created: int = 0
    deliveries: tuple[tuple[str, int], ...] = ()
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """Every account, and each problem found in one line; `balanced` when there is none."""

    accounts: tuple[AccountBooks, ...]
    problems: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether nothing is amiss."""
        return not self.problems


def check(session: Session) -> Books:
    """Hold the tallies against the rows, and the rows against one another."""
    tallies = _tallies(session)
    events = _counted(session, select(_events.c.account, func.count()).group_by(_events.c.account))
    waiting, parked = _in_waiting(session, 0), _in_waiting(session, 1)
    deliveries = _deliveries(session)
    accounts: list[AccountBooks] = []
    problems: list[str] = []
    for name in sorted({*tallies, *events, *deliveries}):
        of = tallies.get(name, {})
        amounts = {kind: of.get(kind, 0) for kind in (Count.KEPT, Count.DONE, Count.IGNORED, Count.DROPPED, Count.CREATED)}
        one = AccountBooks(
            name,
            amounts[Count.KEPT],
            waiting.get(name, 0),
            parked.get(name, 0),
            amounts[Count.DONE],
            amounts[Count.IGNORED],
            amounts[Count.DROPPED],
            amounts[Count.CREATED],
            tuple(sorted(deliveries.get(name, {}).items())),
            of.get(Count.CONFLICT, 0),
        )
        accounts.append(one)
        problems += _unbalanced(one, events.get(name, 0))
    found = (*_conversations(session), *_leads(session), *_recipients(session), *_people(session), *trade(session), *papers(session))
    return Books(tuple(accounts), (*problems, *found))


def _tallies(session: Session) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for account, kind, amount in session.execute(select(Tally.account, Tally.kind, func.sum(Tally.amount)).group_by(Tally.account, Tally.kind)):
        found[account][kind] = amount
    return found


def _counted(session: Session, question: Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(question)}


def _in_waiting(session: Session, parked: int) -> dict[str, int]:
    joined = select(_events.c.account, func.count()).select_from(_waiting).join(_events, _events.c.id == _waiting.c.event_id)
    return _counted(session, joined.where(_waiting.c.parked == parked).group_by(_events.c.account))


def _deliveries(session: Session) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for account, state, amount in session.execute(select(Delivery.account, Delivery.state, func.count()).group_by(Delivery.account, Delivery.state)):
        found[account][state] = amount
    return found


def _unbalanced(one: AccountBooks, rows: int) -> Iterator[str]:
    """What does not add up on one account; pure."""
    if rows != one.kept:
        yield f"{one.account}: {one.kept} events were kept, {rows} are there"
    ends = one.waiting + one.parked + one.done + one.ignored + one.dropped
    if one.kept != ends:
        parts = f"{one.waiting} waiting + {one.done} done + {one.parked} parked + {one.ignored} ignored + {one.dropped} dropped"
        yield f"{one.account}: kept {one.kept} is not {parts} = {ends}"
    there = sum(amount for _, amount in one.deliveries)
    if there != one.created:
        yield f"{one.account}: {one.created} deliveries were created, {there} are there"
    strange = sorted(state for state, _ in one.deliveries if state not in set(State))
    if strange:
        yield f"{one.account}: deliveries are in unknown states: {', '.join(strange)}"


def _conversations(session: Session) -> Iterator[str]:
    """An open thread holds its identity's one open place; a closed one holds none; what is in a thread belongs to one."""
    orphans = session.scalars(select(Conversation.id).where(~exists().where(Identity.id == Conversation.identity_id)).limit(SHOWN))
    yield from (f"conversation {number}: its identity is not there" for number in orphans)
    is_open, place = Conversation.status != Status.CLOSED.value, Conversation.open_identity_id
    wrong = session.scalars(select(Conversation.id).where(is_open, (place.is_(None)) | (place != Conversation.identity_id)).limit(SHOWN))
    yield from (f"conversation {number}: it is open but does not hold its identity's place" for number in wrong)
    held = session.scalars(select(Conversation.id).where(~is_open, place.is_not(None)).limit(SHOWN))
    yield from (f"conversation {number}: it is closed but holds its identity's place" for number in held)
    lost = session.scalars(select(Message.id).where(~exists().where(Conversation.id == Message.conversation_id)).limit(SHOWN))
    yield from (f"message {number}: its conversation is not there" for number in lost)


def _leads(session: Session) -> Iterator[str]:
    """One open lead per person, and no lead open that is not one of them."""
    own = aliased(Contact)
    many = (
        select(own.root_id, func.count())
        .select_from(Lead)
        .join(own, own.id == Lead.contact_id)
        .where(Lead.open_contact_id.is_not(None))
        .group_by(own.root_id)
        .having(func.count() > 1)
    )
    for person, amount in session.execute(many.limit(SHOWN)):
        yield f"contact {person}: {amount} open leads"
    ended = session.scalars(select(Lead.id).where(Lead.open_contact_id.is_not(None), Lead.status.not_in(OPEN)).limit(SHOWN))
    yield from (f"lead {number}: it is closed but holds the person's open place" for number in ended)


def _recipients(session: Session) -> Iterator[str]:
    """A campaign has as many recipients as it counted, and a message for each that was composed."""
    there = select(func.count()).where(Recipient.campaign_id == Campaign.id).correlate(Campaign).scalar_subquery()
    for number, total, rows in session.execute(select(Campaign.id, Campaign.total, there).where(Campaign.total != there).limit(SHOWN)):
        yield f"campaign {number}: {total} recipients were counted, {rows} are there"
    mute = (Recipient.state == RecipientState.COMPOSED.value, ~exists().where(Message.id == Recipient.message_id))
    for row in session.execute(select(Recipient.campaign_id, Recipient.contact_id).where(*mute).limit(SHOWN)):
        yield f"campaign {row[0]}: contact {row[1]} was composed but nothing was said"


def _people(session: Session) -> Iterator[str]:
    """A person's root is a root; who became somebody else's has a merge that says so and stands, and nobody else has; an alias leads to an address."""
    own, root = aliased(Contact), aliased(Contact)
    crooked = select(own.id).join(root, root.id == own.root_id).where(root.root_id != root.id)
    yield from (f"contact {number}: whom it became is not a person of their own" for number in session.scalars(crooked.limit(SHOWN)))
    became = exists().where(Link.loser_id == Contact.id, Link.undone_at == 0)
    for number in session.scalars(select(Contact.id).where(Contact.root_id != Contact.id, ~became).limit(SHOWN)):
        yield f"contact {number}: it became another person, and no merge says so"
    for number in session.scalars(select(Contact.id).where(Contact.root_id == Contact.id, became).limit(SHOWN)):
        yield f"contact {number}: it is a person of its own, and a merge says it became another"
    loose = select(IdentityAlias.id).where(~exists().where(Identity.id == IdentityAlias.identity_id, Identity.account == IdentityAlias.account))
    yield from (f"alias {number}: its address is not there" for number in session.scalars(loose.limit(SHOWN)))
