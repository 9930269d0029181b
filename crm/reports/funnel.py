"""Funnel: what is wrong with the way of selling itself: stages and fields that say the same, are passed over, or that nobody uses."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.base.actors import Actor
from crm.base.likeness import likeness, likeness_whole
from crm.base.policy import Action
from crm.base.time import DAY, MINUTE
from crm.people.companies import Company
from crm.people.contacts import Contact
from crm.people.fields import About, Field, FieldValue
from crm.people.reps import authorise
from crm.sales.deals import Deal, DealState, StageStay
from crm.sales.pipelines import Step, pipelines, stages_of

WINDOW = 90 * DAY
STAGES_MOST = 8
ALIKE = 0.94
DEALS_LEAST, STAYS_LEAST, MADE_LEAST = 10, 10, 20
SKIPPED_SHARE, FILLED_SHARE = 0.9, 0.05
NOTHING_MS = MINUTE
READ_MOST = 20_000
"""How many stays are looked at, the newest first: more says nothing new, and would take a second."""


class Ill(StrEnum):
    """What may be wrong."""

    ALIKE = "alike"
    NEVER = "never"
    SKIPPED = "skipped"
    INSTANT = "instant"
    TOO_MANY = "too_many"
    UNFILLED = "unfilled"


@dataclass(frozen=True, slots=True)
class Stay:
    """A deal stood in a stage; `left_at` 0 = it is there."""

    deal_id: int
    stage_id: int
    entered_at: int
    left_at: int


@dataclass(frozen=True, slots=True)
class Run:
    """A deal made in the window, so that all it went through is known: where it stands now, and whether it was won."""

    id: int
    pipeline_id: int
    stage_id: int
    won: bool


@dataclass(frozen=True, slots=True)
class Use:
    """How much a field is used: things made since it is there, how many of them it is filled of, and when somebody last wrote a value (0 = never)."""

    field_id: int
    about: About
    label: str
    made: int
    filled: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read of the last 90 days."""

    pipelines: Mapping[int, str]
    steps: tuple[Step, ...] = ()
    stays: tuple[Stay, ...] = ()
    runs: tuple[Run, ...] = ()
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that may be wrong: where, and in numbers; `target` is the pipeline, or the field."""

    ill: Ill
    target: int
    where: str
    name: str
    other: str = ""
    n: int = 0
    of: int = 0
    at: int = 0


@dataclass(frozen=True, slots=True)
class Sparse:
    """A pipeline or a kind of thing of which there is too little to judge."""

    about: str
    name: str
    n: int
    least: int


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, the gravest first, and of what there is too little to judge."""

    findings: tuple[Finding, ...]
    sparse: tuple[Sparse, ...]


def funnel_health(session: Session, actor: Actor, *, now: int) -> Health:
    """What is wrong with the pipelines and the fields, by what happened in the last 90 days."""
    authorise(session, actor, Action.SET_PIPELINES)
    return judged(read_facts(session, now=now))


def read_facts(session: Session, *, now: int) -> Facts:
    """What happened in the last 90 days, as plain values."""
    since = now - WINDOW
    lines = {one.id: one.name for one in pipelines(session)}
    steps = tuple(step for number in lines for step in stages_of(session, number))
    stays = select(StageStay.deal_id, StageStay.stage_id, StageStay.entered_at, StageStay.left_at).where(StageStay.entered_at >= since)
    found = tuple(Stay(*row) for row in session.execute(stays.order_by(StageStay.entered_at.desc()).limit(READ_MOST)))
    whole = found[-1].entered_at + 1 if len(found) == READ_MOST else since  # of a deal made before that not every stay was read
    deals = select(Deal.id, Deal.pipeline_id, Deal.stage_id, Deal.state).where(Deal.created_at >= whole).order_by(Deal.created_at.desc()).limit(READ_MOST)
    runs = tuple(Run(row.id, row.pipeline_id, row.stage_id, row.state == DealState.WON) for row in session.execute(deals))
    return Facts(lines, steps, found, runs, tuple(_uses(session, since)))


def _uses(session: Session, since: int) -> Iterator[Use]:
    """How much each field is used, one question each for a handful of fields."""
    made: Mapping[About, tuple[InstrumentedAttribute[int], InstrumentedAttribute[int]]] = {
        About.CONTACT: (Contact.id, Contact.created_at),
        About.DEAL: (Deal.id, Deal.created_at),
        About.COMPANY: (Company.id, Company.created_at),
    }
    for field in session.scalars(select(Field).where(Field.active == 1).order_by(Field.about, Field.place, Field.id)):
        number, created = made[About(field.about)]
        begins = max(since, field.created_at)
        count = session.scalar(select(func.count()).where(created >= begins)) or 0
        filled = select(func.count()).select_from(FieldValue).where(FieldValue.field_id == field.id, FieldValue.value != "")
        there = session.scalar(filled.where(FieldValue.subject_id.in_(select(number).where(created >= begins)))) or 0
        last = session.scalar(select(func.max(FieldValue.at)).where(FieldValue.field_id == field.id)) or 0
        yield Use(field.id, About(field.about), field.label, count, there, last)


def judged(facts: Facts) -> Health:
    """What is wrong, and of what there is too little to say; pure."""
    findings: list[Finding] = []
    sparse: list[Sparse] = []
    for pipeline_id, name in facts.pipelines.items():
        steps = sorted((step for step in facts.steps if step.pipeline_id == pipeline_id), key=lambda step: (step.place, step.id))
        findings += _names(pipeline_id, name, steps)
        runs = [run for run in facts.runs if run.pipeline_id == pipeline_id]
        if len(runs) < DEALS_LEAST:
            sparse.append(Sparse("pipeline", name, len(runs), DEALS_LEAST))
        else:
            findings += _passed(pipeline_id, name, steps, runs, facts.stays)
        findings += _dwell(pipeline_id, name, steps, facts.stays)
    for use in facts.uses:
        if use.made < MADE_LEAST:
            sparse.append(Sparse("field", use.label, use.made, MADE_LEAST))
        elif use.filled < use.made * FILLED_SHARE:
            findings.append(Finding(Ill.UNFILLED, use.field_id, use.about.value, use.label, n=use.filled, of=use.made, at=use.last_at))
    return Health(tuple(sorted(findings, key=lambda one: list(Ill).index(one.ill))), tuple(sparse))


def _names(pipeline_id: int, where: str, steps: Sequence[Step]) -> Iterator[Finding]:
    """Stages that are called nearly the same, and too many of them."""
    for one, other in combinations(steps, 2):
        if max(likeness(one.name, other.name), likeness_whole(one.name, other.name)) >= ALIKE:
            yield Finding(Ill.ALIKE, pipeline_id, where, one.name, other.name)
    if len(steps) > STAGES_MOST:
        yield Finding(Ill.TOO_MANY, pipeline_id, where, "", n=len(steps), of=STAGES_MOST)


def _passed(pipeline_id: int, where: str, steps: Sequence[Step], runs: Sequence[Run], stays: Sequence[Stay]) -> Iterator[Finding]:
    """Stages nobody comes into, and stages that whoever goes further leaves out."""
    places = {step.id: place for place, step in enumerate(steps)}
    seen: dict[int, set[int]] = defaultdict(set)
    for stay in stays:
        seen[stay.deal_id].add(stay.stage_id)
    entered = Counter(stay.stage_id for stay in stays)
    furthest = {run.id: len(steps) if run.won else max((places.get(number, -1) for number in {run.stage_id, *seen[run.id]}), default=-1) for run in runs}
    for step in steps:
        beyond = [run for run in runs if furthest[run.id] > places[step.id]]
        skipped = sum(step.id not in seen[run.id] for run in beyond)
        if not entered[step.id]:
            yield Finding(Ill.NEVER, pipeline_id, where, step.name, n=0, of=len(runs))
        elif len(beyond) >= DEALS_LEAST and skipped >= len(beyond) * SKIPPED_SHARE:
            yield Finding(Ill.SKIPPED, pipeline_id, where, step.name, n=skipped, of=len(beyond))


def _dwell(pipeline_id: int, where: str, steps: Sequence[Step], stays: Sequence[Stay]) -> Iterator[Finding]:
    """Stages in which nothing happens: deals are out again within a minute."""
    spans: dict[int, list[int]] = defaultdict(list)
    for stay in stays:
        if stay.left_at:
            spans[stay.stage_id].append(stay.left_at - stay.entered_at)
    for step in steps:
        if len(spans[step.id]) >= STAYS_LEAST and median(spans[step.id]) < NOTHING_MS:
            yield Finding(Ill.INSTANT, pipeline_id, where, step.name, n=len(spans[step.id]))
