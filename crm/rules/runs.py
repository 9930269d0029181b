"""Runs: each rule and each event once: kept, waited for, asked whether it still holds, done in the owner's name, and on record."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, delete, func, select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep, System
from crm.base.errors import DragomanError, Forbidden, Taken, Unreachable
from crm.base.history import Change, DomainEvent, caused, record
from crm.base.policy import Action
from crm.base.rows import add_new, ask, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import DAY, HOUR
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member, as_actor, authorise
from crm.rules.clockwork import still_due
from crm.rules.conditions import holds, leaves
from crm.rules.doing import Absent, Scene, do, within_sight
from crm.rules.events import Happened, happened
from crm.rules.facts import Subject, facts_of, subject_of
from crm.rules.plans import Plan
from crm.rules.rules import Rule, Seen, acting, listen_from
from crm.sales.deals import Missing, Moved

log = logging.getLogger(__name__)
DEPTH_MOST, HOURLY_MOST, FAILURES_MOST = 3, 20, 5
LOOKED, AT_ONCE = 20, 5
"""How many runs are looked at in one transaction, and how many done."""
PASSED_MS, DONE_MS, PRUNED = 30 * DAY, 365 * DAY, 200


class Outcome(StrEnum):
    """What became of a run.

    It is to be begun, or waits for its time; it was done; its conditions did not hold, what it waited for came, or the rule was off; it was refused
    for the moment, or failed; it was stopped as a loop, or as one too many for the same person.
    """

    WAITING = "waiting"
    TIMED = "timed"
    DONE = "done"
    PASSED = "passed"
    NEEDLESS = "needless"
    OFF = "off"
    REFUSED = "refused"
    FAILED = "failed"
    LOOP = "loop"
    TOO_MANY = "too_many"


PENDING = (Outcome.WAITING.value, Outcome.TIMED.value)
QUIET = (Outcome.PASSED.value, Outcome.NEEDLESS.value, Outcome.OFF.value)
_PENDING = sql("outcome IN ('waiting', 'timed')")


class RuleRun(Row):
    """One rule and one event; `depth` counts the rules behind it, `event_id` is a change on record or a message, `words` say why it was not done."""

    __tablename__ = "rule_runs"
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id"))
    version: Mapped[int]
    event_id: Mapped[int]
    subject: Mapped[str]
    subject_id: Mapped[int]
    kind: Mapped[str]
    contact_id: Mapped[int | None] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(server_default="waiting")
    words: Mapped[str] = mapped_column(server_default="")
    depth: Mapped[int] = mapped_column(server_default="0")
    at: Mapped[int]
    due_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        UniqueConstraint("rule_id", "event_id"),
        Index("rule_runs_due", "due_at", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("rule_runs_ended", "outcome", "ended_at"),
    )


@dataclass(frozen=True, slots=True)
class Ran:
    """One line of the log of a rule."""

    id: int
    outcome: Outcome
    words: str
    at: int
    due_at: int
    subject: str
    subject_id: int
    contact_id: int | None
    version: int


def act(session: Session, company: Company, *, now: int) -> int:
    """Hear what happened and do what is due of it; answers how much there was, so that whoever asks goes on until there is nothing."""
    return hear(session, now=now) + run_due(session, company, now=now)


def hear(session: Session, *, now: int) -> int:
    """Keep a run for each rule that listens to what happened; answers how much was looked at."""
    listening = acting(session)
    found, looked = happened(session, {one.plan.event for one in listening}, now=now)
    rows = _listened(session, [(one, event) for event in found for one in listening if one.plan.event == event.name])
    depths = _depths(session, [event.cause for _, event in rows if event.cause])
    ids = take_ids(session, len(rows))
    add_new(session, RuleRun, [_row(next(ids), one, event, depths.get(event.cause, 0), now) for one, event in rows])
    return looked


def _listened(session: Session, rows: Sequence[tuple[Seen, Happened]]) -> Sequence[tuple[Seen, Happened]]:
    """Those of them that happened since the rule listens: what is read late, or again, may be older."""
    if not rows:
        return rows
    begun = listen_from(session, {one.id for one, _ in rows}, since=min(event.until for _, event in rows))
    return [(one, event) for one, event in rows if event.until >= begun.get(one.id, 0)]


def _row(number: int, rule: Seen, event: Happened, depth: int, now: int) -> dict[str, object]:
    about = {"event_id": event.id, "subject": event.subject, "subject_id": event.number, "kind": event.kind}
    return {"id": number, "rule_id": rule.id, "version": rule.version, **about, "depth": depth, "at": event.at, "due_at": now}


def _depths(session: Session, causes: Sequence[str]) -> dict[str, int]:
    """How many rules stand behind what these runs did."""
    numbers = {cause: int(cause.split(":")[2]) for cause in causes}
    known = {row.id: row.depth for row in session.execute(select(RuleRun.id, RuleRun.depth).where(RuleRun.id.in_(set(numbers.values()))))}
    return {cause: known.get(number, DEPTH_MOST) + 1 for cause, number in numbers.items()}


def run_due(session: Session, company: Company, *, now: int) -> int:
    """Do the runs whose time has come, a few at once; answers how many."""
    due = select(RuleRun).where(RuleRun.outcome.in_(PENDING), RuleRun.due_at <= now).order_by(RuleRun.due_at, RuleRun.id)
    rows = session.scalars(due.limit(LOOKED).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0
    listening, texts, done = {one.id: one for one in acting(session)}, _texts(session, rows), 0
    owners = _owners(session, listening.values())
    for place, row in enumerate(rows):
        rule = listening.get(row.rule_id)
        # What waits goes by what the rule is now.
        if rule is None or rule.plan.event != f"{row.subject}.{row.kind}":
            _ended(row, Outcome.OFF, "", now)
        elif (ready := _ready(session, rule, row, texts.get(row.event_id, ("", "")), now)) is not None:
            done += _done(session, rule, row, ready, owners, texts.get(row.event_id, ("", "")), company, now=now)
            listening = {one.id: one for one in acting(session)} if row.outcome == Outcome.FAILED else listening
        if done >= AT_ONCE:
            rows = rows[: place + 1]
            break
    session.flush()
    return len(rows)


def _ready(session: Session, rule: Seen, row: RuleRun, texts: tuple[str, str], now: int) -> Subject | None:
    """What a run is about, when it is to be done now; else the run ends, or waits."""
    plan, about = rule.plan, subject_of(session, row.subject, row.subject_id)
    pretended = (talk := about.rows.get("conversation")) is not None and talk.account == PRACTICE  # nobody's rule acts on whom somebody practises
    holding = not pretended and holds(plan.when, facts_of(session, about, *texts, wanted={leaf.field for leaf in leaves(plan.when)}))
    due = _due(session, row, plan, about) if holding else 0
    if due > now:
        row.outcome, row.due_at = Outcome.TIMED.value, due
    elif not holding:
        _ended(row, Outcome.PASSED, "", now)
    elif not due:
        _ended(row, Outcome.NEEDLESS, "", now)
    elif row.depth > DEPTH_MOST:
        _ended(row, Outcome.LOOP, "", now)
    elif _lately(session, about, now) >= HOURLY_MOST:
        _ended(row, Outcome.TOO_MANY, "", now)
    else:
        return about
    row.contact_id, row.version = about.contact_id, rule.version
    return None


def _due(session: Session, row: RuleRun, plan: Plan, about: Subject) -> int:
    """When a run is due, at once where its rule does not wait; 0 = it is needless."""
    if not plan.after:
        return row.due_at
    due = row.at + plan.after.ms if row.outcome == Outcome.WAITING else row.due_at
    return still_due(session, about, plan.after, row.at, due)


def _texts(session: Session, rows: Sequence[RuleRun]) -> dict[int, tuple[str, str]]:
    """The values before and after, as they are on record."""
    wanted = select(DomainEvent.id, DomainEvent.before, DomainEvent.after).where(DomainEvent.id.in_([row.event_id for row in rows]))
    return {one.id: (one.before, one.after) for one in session.execute(wanted)}


_LATELY = (
    select(func.count().label("many"))
    .select_from(RuleRun)
    .where(RuleRun.contact_id == bindparam("contact"), RuleRun.outcome == Outcome.DONE.value, RuleRun.ended_at > bindparam("since"))
)


def _lately(session: Session, about: Subject, now: int) -> int:
    """How much rules did about the same person within the last hour."""
    if about.contact_id is None:
        return 0
    [row] = ask(session, _LATELY, {"contact": about.contact_id, "since": now - HOUR})
    return int(row.many)


def _done(
    session: Session, rule: Seen, row: RuleRun, about: Subject, owners: Mapping[int, Member], texts: tuple[str, str], company: Company, *, now: int
) -> int:
    """Do all deeds of a run or none of them; answers 1."""
    once = f"rule:{rule.id}:{row.id}"
    try:
        with session.begin_nested(), caused(session, once):
            scene = Scene(_owner(session, rule, owners), about, rule.id, rule.name, rule.plan.event, row.at, once, *texts)
            within_sight(session, scene)
            for place, deed in enumerate(rule.plan.deeds):
                do(session, scene, deed, place, company, now=now)
            session.flush()
    except (Absent, Missing, Moved, Taken, Unreachable) as error:
        _ended(row, Outcome.REFUSED, _why(error), now)
    except DBAPIError:
        raise
    except Exception as error:  # whatever a rule runs into stops that rule, and never the others
        if not isinstance(error, DragomanError):
            log.exception("rule %s failed in run %s", rule.id, row.id)
        _failed(session, rule.id, row, _why(error), now=now)
    else:
        _ended(row, Outcome.DONE, "", now)
        if rule.failures:
            session.get_one(Rule, rule.id).failures = 0
    row.contact_id, row.version = about.contact_id, rule.version
    session.flush()
    return 1


def _owners(session: Session, rules: Iterable[Seen]) -> dict[int, Member]:
    """Whoever made these rules; while their rows are held, each verb's question of their rights is answered from them."""
    return {member.id: member for member in session.scalars(select(Member).where(Member.id.in_({one.rep_id for one in rules})))}


def _owner(session: Session, rule: Seen, owners: Mapping[int, Member]) -> Rep:
    """In whose name a rule acts; whoever may make rules no more has none acting."""
    member = owners.get(rule.rep_id)
    if member is None or not member.active:
        raise Forbidden("whoever made this rule has left")
    actor = as_actor(member)
    authorise(session, actor, Action.SET_RULES)
    return actor


def _why(error: Exception) -> str:
    """The kind of a refusal, and what it names; never words of a customer's."""
    if isinstance(error, Missing):
        return f"Missing: {', '.join(error.what)}"[:200]
    detail = error.detail if isinstance(error, DragomanError) else ""
    return f"{type(error).__name__}: {detail}".rstrip(": ")[:200]


def _failed(session: Session, rule_id: int, row: RuleRun, why: str, *, now: int) -> None:
    rule = session.get_one(Rule, rule_id)
    _ended(row, Outcome.FAILED, why, now)
    rule.failures += 1
    if rule.failures >= FAILURES_MOST:
        rule.active = 0
        record(session, Change("rule", rule.id, "off", System("rules"), after={"why": why}), now=now)
        tell(session, [Notice(NoticeKind.RULE, rule.id, f"rule:{rule.id}:off:{now}", {"rep": rule.rep_id, "name": rule.name, "off": why})], now=now)


def _ended(row: RuleRun, outcome: Outcome, words: str, now: int) -> None:
    row.outcome, row.words, row.ended_at = outcome.value, words, now


def log_of(session: Session, actor: Rep, rule_id: int, *, before: int = 0, limit: int = 10, quiet: bool = False) -> list[Ran]:
    """What a rule did last, the newest first; with `quiet` also the runs in which there was nothing to do."""
    authorise(session, actor, Action.SET_RULES)
    wanted = select(RuleRun).where(RuleRun.rule_id == rule_id)
    wanted = wanted if quiet else wanted.where(RuleRun.outcome.not_in(QUIET))
    wanted = wanted.where(RuleRun.id < before) if before else wanted
    columns = ("words", "at", "due_at", "subject", "subject_id", "contact_id", "version")
    rows = session.scalars(wanted.order_by(RuleRun.id.desc()).limit(limit))
    return [Ran(row.id, Outcome(row.outcome), *(getattr(row, name) for name in columns)) for row in rows]


def prune(session: Session, *, now: int) -> int:
    """Take away old lines of the log, a few at a time; answers how many."""
    old = select(RuleRun.id).where(RuleRun.outcome.in_(QUIET), RuleRun.ended_at < now - PASSED_MS).limit(PRUNED)
    older = select(RuleRun.id).where(RuleRun.outcome.not_in((*PENDING, *QUIET)), RuleRun.ended_at < now - DONE_MS).limit(PRUNED)
    ids = [*session.scalars(old), *session.scalars(older)]
    session.execute(delete(RuleRun).where(RuleRun.id.in_(ids)))
    return len(ids)
