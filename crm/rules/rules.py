"""Rule: a plan with a name and versions, switched on and off; it acts within the rights of whoever changed it last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.lookup import row_at
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people import steps
from crm.people.reps import authorise
from crm.rules.deeds import Hook
from crm.rules.events import listen
from crm.rules.plans import Plan, unpack

NAME_MOST, RULES_MOST = 60, 100


class Rule(Row):
    """A rule; `rep_id` is in whose name it acts, `failures` how often in a row it failed; `ended_at` = it was put away (0 = it was not)."""

    __tablename__ = "rules"
    name: Mapped[str]
    rep_id: Mapped[int] = mapped_column(ForeignKey("reps.id"))
    version: Mapped[int]
    active: Mapped[int] = mapped_column(server_default="0")
    failures: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)


class RuleVersion(Row):
    """What a rule was at a time: its plan as JSON, never changed."""

    __tablename__ = "rule_versions"
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id"))
    version: Mapped[int]
    data: Mapped[str]
    at: Mapped[int]
    rep_id: Mapped[int | None]
    __table_args__ = (UniqueConstraint("rule_id", "version"),)


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule as it is read; `before` = there is an older version to go back to."""

    id: int
    name: str
    rep_id: int
    version: int
    active: bool
    failures: int
    plan: Plan
    ended: bool = False

    @property
    def before(self) -> bool:
        """Whether there is an older version."""
        return self.version > 1


def make(session: Session, actor: Rep, name: str, plan: Plan, *, once: str | None = None, now: int) -> Seen:
    """Keep a new rule, switched off; the same `once` answers the same."""
    authorise(session, actor, Action.SET_RULES)
    earlier = session.scalar(select(Rule).where(Rule.once == once)) if once else None
    if earlier is not None:
        return _seen(session, earlier)
    if (session.scalar(select(func.count()).select_from(Rule).where(Rule.ended_at == 0)) or 0) >= RULES_MOST:
        raise Invalid(f"there are {RULES_MOST} rules already")
    number, said = next(take_ids(session, 1)), clean_name(name, NAME_MOST)
    if not said:
        raise Invalid("a rule needs a name")
    add_new(session, Rule, [{"id": number, "name": said, "rep_id": actor.id, "version": 1, "created_at": now, "once": once}])
    _version(session, actor, number, 1, plan, now=now)
    record(session, Change("rule", number, "made", actor, after={"name": said, "version": 1}), now=now)
    return _seen(session, _row(session, number))


def change(session: Session, actor: Rep, rule_id: int, plan: Plan, *, now: int) -> Seen:
    """Give a rule another plan, as its next version; from now on it acts in the name of who changed it."""
    rule = _held(session, actor, rule_id)
    if plan_of(session, rule.id, rule.version) == plan:
        return _seen(session, rule)
    if rule.active:
        _outside(session, actor, rule, plan, now=now)
        listen(session, plan.event, now=now)
    before, newest = rule.version, session.scalar(select(func.max(RuleVersion.version)).where(RuleVersion.rule_id == rule.id)) or rule.version
    rule.version, rule.rep_id, rule.failures = newest + 1, actor.id, 0
    session.flush()
    _version(session, actor, rule.id, rule.version, plan, now=now)
    record(session, Change("rule", rule.id, "changed", actor, {"version": before}, {"version": rule.version}), now=now)
    return _seen(session, rule)


def go_back(session: Session, actor: Rep, rule_id: int, *, now: int) -> Seen:
    """Make a rule what it was before its last change; that is a further version, so that nothing is ever lost."""
    rule = _held(session, actor, rule_id)
    if rule.version < 2:
        raise NotFound("there is no version before this one")
    return change(session, actor, rule_id, plan_of(session, rule.id, rule.version - 1), now=now)


def rename(session: Session, actor: Rep, rule_id: int, name: str, *, now: int) -> Seen:
    """Call a rule otherwise."""
    rule, said = _held(session, actor, rule_id), clean_name(name, NAME_MOST)
    if not said:
        raise Invalid("a rule needs a name")
    if rule.name != said:
        record(session, Change("rule", rule.id, "name", actor, {"name": rule.name}, {"name": said}), now=now)
        rule.name = said
        session.flush()
    return _seen(session, rule)


def switch(session: Session, actor: Rep, rule_id: int, on: bool, *, now: int) -> Seen:
    """Have a rule act, or not; whoever switches it on lends it their name and rights. What waited while it was off is not made up for."""
    rule = _held(session, actor, rule_id)
    if rule.active != int(on):
        if on:
            plan = plan_of(session, rule.id, rule.version)
            _outside(session, actor, rule, plan, now=now)
            listen(session, plan.event, now=now)
        rule.active, rule.failures = int(on), 0
        if on:
            rule.rep_id = actor.id
        session.flush()
        record(session, Change("rule", rule.id, "on" if on else "off", actor), now=now)
    return _seen(session, rule)


def put_away(session: Session, actor: Rep, rule_id: int, away: bool, *, now: int) -> Seen:
    """Take a rule out of the list, switched off, or bring it back."""
    rule = _held(session, actor, rule_id, ended=not away)
    if bool(rule.ended_at) != away:
        rule.ended_at, rule.active = now if away else 0, 0
        session.flush()
        record(session, Change("rule", rule.id, "ended" if away else "brought_back", actor), now=now)
    return _seen(session, rule)


def rules(session: Session, actor: Rep) -> list[Seen]:
    """Every rule that was not put away: those that act first, then by name."""
    authorise(session, actor, Action.SET_RULES)
    wanted = select(Rule, RuleVersion.data).join(RuleVersion, (RuleVersion.rule_id == Rule.id) & (RuleVersion.version == Rule.version))
    return [_as_seen(rule, data) for rule, data in session.execute(wanted.where(Rule.ended_at == 0).order_by(Rule.active.desc(), Rule.name, Rule.id))]


def rule_at(session: Session, actor: Rep, rule_id: int) -> Seen:
    """One rule, also one that was put away."""
    authorise(session, actor, Action.SET_RULES)
    return _seen(session, _row(session, rule_id))


def acting(session: Session) -> Sequence[Seen]:
    """The rules that are switched on, the oldest first."""
    wanted = select(Rule, RuleVersion.data).join(RuleVersion, (RuleVersion.rule_id == Rule.id) & (RuleVersion.version == Rule.version))
    return [_as_seen(rule, data) for rule, data in session.execute(wanted.where(Rule.active == 1, Rule.ended_at == 0).order_by(Rule.id))]


def listen_from(session: Session, ids: Collection[int], *, since: int) -> Mapping[int, int]:
    """From when those of these rules listen to what they listen to that began after an instant: they were switched on, or given another event."""
    begun = select(DomainEvent.subject_id, func.max(DomainEvent.at)).where(DomainEvent.subject == "rule", DomainEvent.kind == "on", DomainEvent.at > since)
    found: dict[int, int] = {row[0]: row[1] for row in session.execute(begun.where(DomainEvent.subject_id.in_(ids)).group_by(DomainEvent.subject_id))}
    fresh = select(RuleVersion).where(RuleVersion.rule_id.in_(ids), RuleVersion.at > since, RuleVersion.version > 1)
    for one in session.scalars(fresh):
        if plan_of(session, one.rule_id, one.version - 1).event != unpack(one.data).event:
            found[one.rule_id] = max(found.get(one.rule_id, 0), one.at)
    return found


def plan_of(session: Session, rule_id: int, version: int) -> Plan:
    """What a rule was in a version."""
    data = session.scalar(select(RuleVersion.data).where(RuleVersion.rule_id == rule_id, RuleVersion.version == version))
    if data is None:
        raise NotFound("there is no such version")
    return unpack(data)


def _outside(session: Session, actor: Rep, rule: Rule, plan: Plan, *, now: int) -> None:
    """Whatever takes the firm's data out by itself needs the same second look as taking it out by hand."""
    if any(isinstance(deed, Hook) for deed in plan.deeds):
        authorise(session, actor, Action.EXPORT)
        steps.require(session, actor, steps.What.EXPORT, f"rule:{rule.id}", now=now)


def _version(session: Session, actor: Rep, rule_id: int, version: int, plan: Plan, *, now: int) -> None:
    row = {"id": next(take_ids(session, 1)), "rule_id": rule_id, "version": version, "data": plan.pack(), "at": now, "rep_id": actor.id}
    add_new(session, RuleVersion, [row])


def _held(session: Session, actor: Rep, rule_id: int, *, ended: bool = False) -> Rule:
    authorise(session, actor, Action.SET_RULES)
    rule = row_at(session, Rule, rule_id, "no such rule", hold=True)
    if rule.ended_at and not ended:
        raise NotFound("no such rule")
    return rule


def _row(session: Session, rule_id: int) -> Rule:
    return row_at(session, Rule, rule_id, "no such rule")


def _seen(session: Session, rule: Rule) -> Seen:
    return _as_seen(rule, plan_of(session, rule.id, rule.version).pack())


def _as_seen(rule: Rule, data: str) -> Seen:
    return Seen(rule.id, rule.name, rule.rep_id, rule.version, bool(rule.active), rule.failures, unpack(data), bool(rule.ended_at))
