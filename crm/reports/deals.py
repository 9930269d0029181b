"""Deals as lists: whose they are, in which stage, how long they stand there, and what they are worth together."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.base.rows import among, ask
from crm.base.time import DAY
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.sight import Sight, follows, seen_by, sight_of
from crm.projects.projects import Project, Standing, projects_of
from crm.reports.paging import Page, Place
from crm.sales.deals import Deal, DealState, deals_about
from crm.sales.lines import DealLine
from crm.sales.pipelines import Stage, Step, stages_of

_own, _root = aliased(Contact), aliased(Contact)
_GOODS = select(func.count()).where(DealLine.deal_id == Deal.id).correlate(Deal).scalar_subquery().label("goods")
_WORKED = exists().where(Project.deal_id == Deal.id).correlate(Deal).label("worked")
_WON: ColumnElement[str] = literal_column("'won'")
"""As words, not as a value: only so do engines see that the index of won deals holds them all."""
SHOWN = 3
LATELY, WON_LEAST = 90 * DAY, 3
"""Over which time it is counted how long winning takes, and of how few deals it is not told."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A deal on a line; `owner` is the name of whoever has it ("" = nobody).

    `project` is how the work after it does (None = there is none), `goods` how many lines it has, `team_id` the team of whoever has it.
    """

    id: int
    title: str
    name: str
    stage: str
    state: DealState
    amount: int | None
    currency: str
    expected_on: str
    pushes: int
    entered_at: int
    rotting_days: int
    rep_id: int | None
    owner: str
    project: Standing | None = None
    goods: int = 0
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open deals: of these members (None = of everybody in sight), in this stage, only those that rot."""

    reps: frozenset[int] | None = None
    stage_id: int | None = None
    rotting: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What deals of one currency are worth: how many, their sum, and the sum of what each is likely to bring, in hundredths."""

    currency: str
    deals: int = 0
    amount: int = 0
    weighted: int = 0


@dataclass(frozen=True, slots=True)
class Winning:
    """How long it took from the beginning of deals to their winning: the median in milliseconds, of how many that were won of late."""

    took: int
    deals: int


@dataclass(frozen=True, slots=True)
class Column:
    """One stage of a board with what stands in it."""

    stage: Step
    deals: int
    rotten: int
    worth: tuple[Worth, ...] = field(default=())


def deals(session: Session, actor: Rep, wanted: Wanted, *, now: int, after: Place | None = None, limit: int = 5) -> Page[Brief]:
    """The open deals, those first that have stood longest in their stage."""
    sight = sight_of(session, actor, Action.SEE_DEALS)
    question = select(Deal.id).where(*_conditions(sight, wanted, now)).order_by(Deal.entered_at, Deal.id).limit(limit + 1)
    if after:
        question = question.where(or_(Deal.entered_at > after.at, and_(Deal.entered_at == after.at, Deal.id > after.id)))
    numbers = session.scalars(question).all()
    rows = tuple(as_read_by(actor, one) for one in briefs(session, numbers[:limit]))
    return Page(rows, Place(rows[-1].entered_at, rows[-1].id) if len(numbers) > limit else None)


def worth_of(session: Session, actor: Rep, wanted: Wanted, *, now: int) -> tuple[Worth, ...]:
    """What the open deals are worth, by currency."""
    sight = sight_of(session, actor, Action.SEE_DEALS)
    return _together(_sums(session, _conditions(sight, wanted, now), now))


def winning(session: Session, actor: Rep, reps: frozenset[int] | None, *, now: int) -> Winning | None:
    """How long the deals of these members took that were won in the last 90 days (None of `reps` = everybody's in sight); None where they are too few."""
    sight = sight_of(session, actor, Action.SEE_DEALS)
    won: list[ColumnElement[bool]] = [Deal.state == _WON, Deal.closed_at > now - LATELY, sight.rows(Deal.rep_id)]
    if reps is not None:
        won.append(Deal.rep_id.in_(sorted(reps)))
    count = session.scalar(select(func.count()).select_from(Deal).where(*won)) or 0
    if count < WON_LEAST:
        return None
    took = case((Deal.closed_at > Deal.created_at, Deal.closed_at - Deal.created_at), else_=0)
    middle = session.scalars(select(took).where(*won).order_by(took).offset((count - 1) // 2).limit(2 - count % 2)).all()
    return Winning(sum(middle) // len(middle), count)


def board(session: Session, actor: Rep, pipeline_id: int, *, now: int) -> tuple[Column, ...]:
    """Every stage of a pipeline with what stands in it, as far as this member sees."""
    sight, steps = sight_of(session, actor, Action.SEE_DEALS), stages_of(session, pipeline_id)
    found = _sums(session, (*_conditions(sight, Wanted(), now), Deal.stage_id.in_([step.id for step in steps])), now)
    return tuple(_column(step, [one for one in found if one.stage_id == step.id]) for step in steps)


def briefs_about(session: Session, contact_id: int, family: Sequence[int] = ()) -> tuple[Brief, ...]:
    """The deals of a person that run, the newest first; where none does, the one that ended last."""
    found = deals_about(session, contact_id, family)
    running = [deal.id for deal in found if deal.state == DealState.OPEN]
    return briefs(session, running[:SHOWN] or [deal.id for deal in found[:1]])


def readable(reader: Rep, one: Brief) -> bool:
    """Whether this reader may see more of a deal on a card than whose it is. Pure."""
    return follows(reader, one.rep_id, one.team_id)


def as_read_by(reader: Rep, one: Brief) -> Brief:
    """A deal as this reader may have it: a title or a name that is nothing but a phone or an e-mail is masked for whoever sees them so. Pure."""
    sight = seen_by(reader)
    return one if sight.points else replace(one, title=sight.named(one.title), name=sight.named(one.name))


def briefs(session: Session, numbers: Sequence[int]) -> tuple[Brief, ...]:
    """These deals, in this order."""
    rows = {row.id: row for row in ask(session, _BRIEFS, {"ids": list(numbers)})} if numbers else {}
    work = projects_of(session, [row.id for row in rows.values() if row.worked])
    return tuple(replace(_brief(rows[number]), project=work.get(number)) for number in numbers if number in rows)


_COLUMNS = (Deal.id, Deal.title, Deal.state, Deal.amount, Deal.currency, Deal.expected_on, Deal.pushes, Deal.entered_at)
_OWNER = (Member.id.label("rep_id"), Member.name.label("owner"), Member.team_id)
_BRIEFS = (
    select(*_COLUMNS, *_OWNER, Stage.name.label("stage"), Stage.rotting_days, _root.name, _root.platform_name, _GOODS, _WORKED)
    .join(Stage, Stage.id == Deal.stage_id)
    .join(_own, _own.id == Deal.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(Member, and_(Member.id == Deal.rep_id, Member.active == 1))
    .where(among(Deal.id, "ids"))
)


def _brief(row: Any) -> Brief:
    return Brief(
        row.id,
        row.title,
        row.name or row.platform_name,
        row.stage,
        DealState(row.state),
        row.amount,
        row.currency,
        row.expected_on,
        row.pushes,
        row.entered_at,
        row.rotting_days,
        row.rep_id,
        row.owner or "",
        goods=row.goods,
        team_id=row.team_id,
    )


def _conditions(sight: Sight, wanted: Wanted, now: int) -> list[ColumnElement[bool]]:
    said: list[ColumnElement[bool]] = [Deal.state == DealState.OPEN.value, sight.rows(Deal.rep_id)]
    if wanted.reps is not None:
        said.append(Deal.rep_id.in_(sorted(wanted.reps)))
    if wanted.stage_id is not None:
        said.append(Deal.stage_id == wanted.stage_id)
    if wanted.rotting:
        said.append(and_(Stage.id == Deal.stage_id, _rots(now)))
    return said


def _rots(now: int) -> ColumnElement[bool]:
    return and_(Stage.rotting_days > 0, Deal.entered_at <= now - Stage.rotting_days * DAY)


@dataclass(frozen=True, slots=True)
class _Sum:
    """What stands in one stage in one currency."""

    stage_id: int
    percent: int
    currency: str
    deals: int
    amount: int
    rotten: int


def _sums(session: Session, within: Sequence[ColumnElement[bool]], now: int) -> list[_Sum]:
    """What stands in each stage by currency; what has no amount counts as nothing."""
    sums = (func.count(), func.coalesce(func.sum(Deal.amount), 0), func.sum(case((_rots(now), 1), else_=0)))
    wanted = select(Deal.stage_id, Stage.probability, Deal.currency, *sums).join(Stage, Stage.id == Deal.stage_id).where(*within)
    rows = session.execute(wanted.group_by(Deal.stage_id, Stage.probability, Deal.currency))
    return [_Sum(stage, percent, currency, count, int(amount or 0), int(rotten or 0)) for stage, percent, currency, count, amount, rotten in rows]


def _together(sums: Sequence[_Sum]) -> tuple[Worth, ...]:
    """Sums of stages put together by currency, the largest first; a win is weighed by its stage, rounded to whole hundredths once at the end."""
    found: dict[str, list[int]] = {}
    for each in sums:
        one = found.setdefault(each.currency, [0, 0, 0])
        one[0], one[1], one[2] = one[0] + each.deals, one[1] + each.amount, one[2] + each.amount * each.percent
    made = (Worth(currency, count, amount, (heavy + 50) // 100) for currency, (count, amount, heavy) in found.items())
    return tuple(sorted(made, key=lambda one: (-one.amount, one.currency)))


def _column(step: Step, sums: Sequence[_Sum]) -> Column:
    return Column(step, sum(one.deals for one in sums), sum(one.rotten for one in sums), _together(sums))
