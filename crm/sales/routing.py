"""Routing: who is asked to take the customers that wait, oldest first; what is lost when somebody goes away is anybody's again."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Role, System
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import DAY
from crm.base.worktime import before
from crm.conversations.choosing import FOREIGN, LANGUAGE, UNKNOWN, Candidate, called_for, choose, free
from crm.conversations.offers import Offer, Outcome, end, given_back, offer, put_by_hand
from crm.conversations.queues import FIRM, Queue, Queues, Talents, queues, talents
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.calendars import at_work, calendar_of
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member, expired
from crm.sales.ties import TOOK, Asked, Tie, asked_in, ties

AT_ONCE, OPEN_MOST, FREED_MOST = 10, 200, 20
OLDEST = 7 * DAY
"""Who has waited longer is no queue's any more: they stand in the inbox."""
_root, _later = aliased(Contact), aliased(Offer)


@dataclass(slots=True)
class Crew:
    """Who may be asked now, by number, with their teams, languages and skills; counts go up as the tick asks them."""

    members: dict[int, Member]
    candidates: dict[int, Candidate]
    talents: dict[int, Talents]

    def of(self, team_id: int | None) -> list[Candidate]:
        """Those of a team; all, where it has nobody any more."""
        theirs = [one for number, one in self.candidates.items() if team_id and self.members[number].team_id == team_id]
        return theirs or list(self.candidates.values())

    @property
    def skilled(self) -> bool:
        """Whether anybody was said to be good at something."""
        return any(one.skills for one in self.talents.values())

    def asked(self, rep_id: int, now: int) -> None:
        """Somebody has one more."""
        one = self.candidates[rep_id]
        self.candidates[rep_id] = replace(one, load=one.load + 1, got=one.got + 1, last_got=now, asked=one.asked + 1)

    def stuck(self, known: Queues, teams: Collection[int | None]) -> set[int | None]:
        """The queues of these in which nobody could take another customer now."""
        return {team_id for team_id in teams if not any(free(one, known.of(team_id).cap) for one in self.of(team_id))}


def route(session: Session, company: Company, *, now: int) -> int:
    """End the offers that are over and ask for those who wait, oldest first; answers how much was done."""
    known = queues(session)
    done = _sorted(session, known, now=now) + _settled(session, known, now=now)
    waiting = _waiting(session, known, now=now) if known.ask else []
    if not waiting:
        return done
    crew = crew_now(session, company, now=now)
    if len(waiting) == OPEN_MOST:  # those for whom nobody is there must not hide those of another queue
        teams = session.scalars(select(Conversation.team_id).where(*_lost(now)).distinct()).all()
        waiting = _waiting(session, known, crew.stuck(known, teams), now=now)
    asked = asked_in(session, waiting)
    able: list[Conversation] = []
    for conversation in waiting:
        if done + len(able) >= AT_ONCE:
            break
        if any(free(one, known.of(conversation.team_id).cap) and one.rep_id not in asked[conversation.id].passed for one in crew.of(conversation.team_id)):
            able.append(conversation)
        else:
            done += _nobody(session, known.of(conversation.team_id), conversation, crew, asked[conversation.id], now=now)
    known_of = ties(session, able, words=crew.skilled) if able else {}
    return done + sum(_ask(session, known.of(one.team_id), one, crew, asked[one.id], known_of[one.id], now=now) for one in able)


def _sorted(session: Session, known: Queues, *, now: int) -> int:
    """Put who waits on a channel of a team's into its queue, unless somebody has put them elsewhere; answers how many."""
    if not known.channels:
        return 0
    loose = (*_lost(now), Conversation.team_id.is_(None), Conversation.account.in_(known.channels), ~put_by_hand())
    found = session.scalars(select(Conversation).where(*loose).order_by(Conversation.waiting_since).limit(FREED_MOST)).all()
    for conversation in found:
        conversation.team_id = known.channels[conversation.account]
    session.flush()
    put = [Change("conversation", one.id, "queued", System("queue"), {"team": None}, {"team": one.team_id}, cause="channel") for one in found]
    record(session, *put, now=now)
    tell(session, [card(one.id, urgent=True) for one in found], now=now)
    return len(found)


def awaits_its_team(session: Session, known: Queues, conversation: Conversation, *, now: int) -> bool:
    """Whether the next tick puts a conversation into the queue of a team."""
    if conversation.team_id or conversation.account not in known.channels:
        return False
    return session.scalar(select(Conversation.id).where(*_lost(now), Conversation.id == conversation.id, ~put_by_hand())) is not None


def _settled(session: Session, known: Queues, *, now: int) -> int:
    """Open offers that somebody took, that time or duty ended, or whose queue asks nobody any more."""
    columns = (Conversation.rep_id, Conversation.status, Conversation.waiting_since, Conversation.team_id, Member.active, Member.available)
    question = select(Offer, *columns).join(Conversation, Conversation.id == Offer.conversation_id).join(Member, Member.id == Offer.rep_id)
    over: dict[Outcome, list[Offer]] = {}
    for row in session.execute(question.where(Offer.ended_at == 0).order_by(Offer.id).limit(OPEN_MOST)):
        outcome = _outcome(row, known, now=now)
        if outcome is not Outcome.OPEN:
            over.setdefault(outcome, []).append(row.Offer)
    for outcome, ended in over.items():
        end(session, ended, outcome, now=now)
    loose = [one.conversation_id for one in over.get(Outcome.GONE, ()) if not known.of(one.team_id).asks]
    tell(session, [card(number, urgent=True) for number in loose], now=now)
    return sum(len(ended) for ended in over.values())


def _outcome(row: Any, known: Queues, *, now: int) -> Outcome:
    """How an offer stands; the row is the offer with its conversation and whoever was asked."""
    if row.rep_id == row.Offer.rep_id:
        return Outcome.TAKEN
    same = row.waiting_since == row.Offer.waiting_since and row.team_id == row.Offer.team_id
    if row.rep_id is not None or row.status != Status.OPEN or not same or not known.of(row.team_id).asks:
        return Outcome.GONE
    if not (row.active and row.available):
        return Outcome.GONE
    return Outcome.TIMEOUT if row.Offer.until <= now else Outcome.OPEN


def _lost(now: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions that somebody waits whom nobody has."""
    return (Conversation.waiting_since > max(now - OLDEST, 0), Conversation.rep_id.is_(None), Conversation.status == Status.OPEN.value)


def _waiting(session: Session, known: Queues, stuck: Collection[int | None] = (), *, now: int) -> list[Conversation]:
    """Who waits in a queue that asks, and about whom nobody is asked now, the oldest first; of stuck queues only those of whom nobody was told so."""
    here = (Offer.conversation_id == Conversation.id, Offer.waiting_since == Conversation.waiting_since)
    newest = select(func.max(_later.id)).where(_later.conversation_id == Conversation.id).scalar_subquery()
    told = exists().where(*here, Offer.outcome.in_((Outcome.NOBODY.value, Outcome.FULL.value)))
    asked = exists().where(*here, or_(Offer.ended_at == 0, and_(Offer.outcome == Outcome.EVERYBODY.value, Offer.id == newest)))
    question = (
        select(Conversation)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(_root, _root.id == Contact.root_id)
        .where(*_lost(now), Conversation.last_heard_id > 0, _root.blocked == 0, _asking(known), ~asked)
        .order_by(Conversation.waiting_since, Conversation.id)
    )
    if stuck:
        question = question.where(or_(func.coalesce(Conversation.team_id, FIRM).not_in([team_id or FIRM for team_id in stuck]), ~told))
    return list(session.scalars(question.limit(OPEN_MOST)))


def _asking(known: Queues) -> ColumnElement[bool]:
    """The condition that a conversation's queue asks one at a time."""
    others = [number for number, queue in known.teams.items() if queue.asks is not known.firm.asks]
    theirs = and_(Conversation.team_id.is_not(None), Conversation.team_id.in_(others)) if others else false()
    return ~theirs if known.firm.asks else theirs


def crew_now(session: Session, company: Company, *, now: int) -> Crew:
    """Everybody who could be asked, with what they have and got."""
    members = {one.id: one for one in session.scalars(select(Member).where(Member.active == 1).order_by(Member.id)) if _serves(one, now)}
    working = at_work(session, company, list(members), now=now)
    load, got, asked = _load(session, members, now=now), _got(session, members, now=now), Counter[int]()
    for rep_id in session.scalars(select(Offer.rep_id).where(Offer.ended_at == 0)):
        count, last = got.get(rep_id or 0, (0, 0))
        got[rep_id or 0], load[rep_id or 0] = (count + 1, last), load[rep_id or 0] + 1
        asked[rep_id or 0] += 1
    candidates = {number: Candidate(number, number in working, bool(one.available), load[number], *got.get(number, (0, 0))) for number, one in members.items()}
    counted = {number: replace(one, asked=asked[number]) for number, one in candidates.items()}
    return Crew(members, counted, talents(session, list(members)))


def _serves(one: Member, now: int) -> bool:
    return not expired(one, now) and may(Role(one.role), Action.TAKE)


def _load(session: Session, members: dict[int, Member], *, now: int) -> Counter[int]:
    """How many open conversations each has in which somebody waits, or something was said in the last day; two stretches of one index."""
    held = (Conversation.rep_id.in_(members), Conversation.status == Status.OPEN.value, Conversation.account != PRACTICE)
    found: Counter[int] = Counter()
    for lately in ((Conversation.waiting_since > 0,), (Conversation.waiting_since == 0, Conversation.last_at > now - DAY)):
        rows = session.execute(select(Conversation.rep_id, func.count()).where(*held, *lately).group_by(Conversation.rep_id))
        found.update({int(number): int(count) for number, count in rows if number})
    return found


def _got(session: Session, members: dict[int, Member], *, now: int) -> dict[int, tuple[int, int]]:
    """How many conversations came to each in the last 24 hours, and when the newest did."""
    came = (DomainEvent.kind.in_(TOOK), DomainEvent.at > now - DAY, DomainEvent.subject == "conversation")
    rows = session.execute(select(DomainEvent.rep_id, func.count(), func.max(DomainEvent.at)).where(*came).group_by(DomainEvent.rep_id))
    return {number: (int(count), int(last)) for number, count, last in rows if number in members}


def _ask(session: Session, queue: Queue, conversation: Conversation, crew: Crew, asked: Asked, tie: Tie, *, now: int) -> int:
    """Ask the best one about a customer; 0 where all have become full meanwhile."""
    choice = choose(_tied(crew, conversation.team_id, asked, tie), queue.way, queue.cap)
    if choice.rep_id is None:
        return 0
    crew.asked(choice.rep_id, now)
    return int(offer(session, conversation, choice.rep_id, choice.why, until=now + queue.accept_ms, outcome=Outcome.OPEN, now=now) > 0)


def _tied(crew: Crew, team_id: int | None, asked: Asked, tie: Tie) -> list[Candidate]:
    """The candidates with what each is to a customer."""
    found = []
    for one in crew.of(team_id):
        can = crew.talents.get(one.rep_id, Talents())
        own = crew.members[one.rep_id].language
        speaks = LANGUAGE if tie.language == own or tie.language in can.languages else FOREIGN if can.languages else UNKNOWN
        skills, passed = called_for(tie.said, can.skills), one.rep_id in asked.passed
        found.append(replace(one, owner=tie.owners.get(one.rep_id, ""), speaks=speaks, skills=skills, passed=passed))
    return found


def _nobody(session: Session, queue: Queue, conversation: Conversation, crew: Crew, asked: Asked, *, now: int) -> int:
    """Write down why nobody can be asked about a customer; 0 where that is known already."""
    there = [replace(one, passed=one.rep_id in asked.passed) for one in crew.of(conversation.team_id)]
    choice, working = choose(there, queue.way, queue.cap), any(_there(one) for one in there)
    outcome = Outcome.EVERYBODY if choice.all_passed else Outcome.FULL if working else Outcome.NOBODY
    if asked.outcome == outcome:
        return 0
    offer(session, conversation, None, choice.why, until=0, outcome=outcome, now=now)
    if outcome is Outcome.EVERYBODY:
        tell(session, [Notice(NoticeKind.QUEUE, conversation.id, f"everybody:{conversation.id}:{conversation.waiting_since}", {"kind": "everybody"})], now=now)
    return 1


def free_absent(session: Session, company: Company, *, now: int) -> int:
    """Customers who wait too long for somebody who is away are anybody's again, where there is anybody; who had them is told. Answers how many."""
    held = (Conversation.waiting_since > max(now - OLDEST, 0), Conversation.rep_id.is_not(None), Conversation.status == Status.OPEN.value)
    holding = (*held, Conversation.account != PRACTICE)
    holders = set(session.scalars(select(Conversation.rep_id).where(*holding).distinct()))
    if not holders:
        return 0
    known, crew = queues(session), crew_now(session, company, now=now)
    away = [number for number in holders if number not in crew.candidates or not _there(crew.candidates[number])]
    if not away:
        return 0
    theirs, rules = (*held, Conversation.rep_id.in_(away)), []
    for team_id in session.scalars(select(Conversation.team_id).where(*theirs).distinct()).all():
        since = _too_long(session, company, known.of(team_id), now) if any(_there(one) for one in crew.of(team_id)) else 0
        rules += [and_(func.coalesce(Conversation.team_id, FIRM) == (team_id or FIRM), Conversation.waiting_since <= since)] if since else []
    if not rules:
        return 0
    freed = session.scalars(select(Conversation).where(*theirs, or_(*rules)).order_by(Conversation.waiting_since).limit(FREED_MOST)).all()
    for conversation in freed:
        _freed(session, conversation, now=now)
    return len(freed)


def _there(one: Candidate) -> bool:
    return one.at_work and one.available


def _too_long(session: Session, company: Company, queue: Queue, now: int) -> int:
    """Since when somebody has to wait to be anybody's (0 = that is never so)."""
    if not queue.absent_ms:
        return 0
    calendar = calendar_of(session, company, team_id=queue.team_id, around=now)
    if not any(calendar.hours.days):  # nobody said when they work: all hours count
        return now - queue.absent_ms
    return before(calendar, now, queue.absent_ms) or 0


def _freed(session: Session, conversation: Conversation, *, now: int) -> None:
    had_by = conversation.rep_id or 0
    given_back(session, conversation, had_by, now=now)
    conversation.rep_id = None
    session.flush()
    record(session, Change("conversation", conversation.id, "handed_back", System("queue"), {"rep": had_by}, cause="away"), now=now)
    told = Notice(NoticeKind.QUEUE, conversation.id, f"freed:{conversation.id}:{now}", {"kind": "freed", "rep": had_by})
    tell(session, [told, card(conversation.id, urgent=True)], now=now)
