"""Queues in figures: who waits in each and how long, what a member is asked and could take, how fast first and further answers come."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.worktime import worked
from crm.conversations.desk import Listed
from crm.conversations.offers import Offer
from crm.conversations.threads import Author, Conversation, Message, Status
from crm.people.calendars import calendar_of
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import authorise
from crm.people.sight import sight_at
from crm.reports.today import percentile

SAID_MOST = 20_000
_root = aliased(Contact)
_WAITS = (Conversation.waiting_since > 0, Conversation.rep_id.is_(None), Conversation.status == Status.OPEN.value)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many wait in a queue whom nobody has, and since when the first of them does (0 = nobody)."""

    waiting: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """How long answers took in ms of working time: how many there were, half of them at most `median`, nine of ten at most `most`."""

    count: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the first and the further answers of a queue came (None = there were none)."""

    team_id: int | None
    first: Spread | None
    further: Spread | None


@dataclass(frozen=True, slots=True)
class Said:
    """One message as the figures need it: of the customer or of a rep; `first` = it is the first answer there was."""

    conversation_id: int
    team_id: int | None
    customer: bool
    at: int
    first: bool = False


def standings(session: Session, actor: Actor) -> dict[int | None, Standing]:
    """How each queue stands; one that is empty is not among them."""
    authorise(session, actor, Action.SET_QUEUES)
    question = _reachable(select(Conversation.team_id, func.count(), func.min(Conversation.waiting_since)), *_WAITS)
    return {team_id: Standing(int(count), int(since)) for team_id, count, since in session.execute(question.group_by(Conversation.team_id))}


def my_queue(session: Session, actor: Rep, *, most: int = 7) -> tuple[list[Listed], int]:
    """Who waits that nobody has, in the queues of a member: whom they are asked to take first, then the oldest; and how many there are."""
    member = authorise(session, actor, Action.TAKE)
    assert member is not None
    sight = sight_at(session, member)
    mine = Conversation.team_id.is_(None) | (Conversation.team_id == member.team_id)
    offered = select(Offer.conversation_id).where(Offer.rep_id == actor.id, Offer.ended_at == 0)
    columns = (Conversation.id, _root.name, _root.platform_name, Conversation.preview, Conversation.waiting_since, Conversation.last_at)
    question = _reachable(select(*columns, Conversation.id.in_(offered).label("asked")), *_WAITS, mine)
    rows = session.execute(question.order_by(Conversation.id.in_(offered).desc(), Conversation.waiting_since, Conversation.id).limit(most))
    count = session.scalar(_reachable(select(func.count()), *_WAITS, mine)) or 0
    return [_listed(row, sight.named(row.name or row.platform_name)) for row in rows], count


def _listed(row: Row[Any], name: str) -> Listed:
    return Listed(row.id, name, row.preview, row.waiting_since, row.last_at, None, "", 0)


def speeds(session: Session, actor: Actor, company: Company, *, since: int, now: int) -> list[Speed]:
    """How fast each queue has answered since an instant, the firm's own first; a long question, to be read from a snapshot."""
    authorise(session, actor, Action.SEE_REPORTS)
    found: dict[int | None, tuple[list[int], list[int]]] = {}
    calendars = {}
    for one, waited_since in answers(_said(session, since)):
        if one.team_id not in calendars:
            calendars[one.team_id] = calendar_of(session, company, team_id=one.team_id, around=now)
        first, further = found.setdefault(one.team_id, ([], []))
        (first if one.first else further).append(worked(calendars[one.team_id], waited_since, one.at))
    return [Speed(team_id, spread(first), spread(further)) for team_id, (first, further) in sorted(found.items(), key=lambda item: item[0] or 0)]


def answers(said: Iterable[Said]) -> Iterator[tuple[Said, int]]:
    """Each answer of a rep with the instant since when the customer had waited for it; what is said is in the order of each thread. Pure."""
    waits: dict[int, int] = {}
    for one in said:
        if one.customer:
            waits.setdefault(one.conversation_id, one.at)
        elif one.conversation_id in waits:
            yield one, waits.pop(one.conversation_id)


def spread(values: Sequence[int]) -> Spread | None:
    """The middle and the ninth tenth of durations; None of none. Pure."""
    median, most = percentile(values, 50), percentile(values, 90)
    return None if median is None or most is None else Spread(len(values), median, most)


def _said(session: Session, since: int) -> list[Said]:
    """What customers and reps said since an instant, at most the newest of it, oldest first."""
    spoke = Message.author.in_((Author.CONTACT.value, Author.REP.value))
    rows = session.execute(
        select(Message.id, Message.conversation_id, Message.author, Message.at, Conversation.team_id, Conversation.first_answer_at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.at > since, spoke, Conversation.account != PRACTICE)
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(SAID_MOST)
    ).all()
    return [
        Said(row.conversation_id, row.team_id, row.author == Author.CONTACT, row.at, row.author == Author.REP and row.at == row.first_answer_at)
        for row in reversed(rows)
    ]


def _reachable(question: Any, *rules: ColumnElement[bool]) -> Select[Any]:
    """Only those who have said something and are not blocked."""
    joined: Select[Any] = question.select_from(Conversation).join(Contact, Contact.id == Conversation.contact_id).join(_root, _root.id == Contact.root_id)
    return joined.where(_root.blocked == 0, Conversation.last_heard_id > 0, *rules)
