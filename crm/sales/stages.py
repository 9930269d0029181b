"""Stages: managers make pipelines and steer their stages: names, order, probability, rotting, what must be known to go on, archive."""

import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.i18n import translator
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.text import clean_name
from crm.people.kinds import Kind
from crm.people.reps import authorise
from crm.sales.deals import Deal, DealState
from crm.sales.moves import relocate
from crm.sales.pipelines import USUAL_STAGES, Pipeline, Stage, Step, found_pipeline, pipeline_at, pipelines, stage_at, stages_of

NAME_MOST = 24
STAGES_MOST, PIPELINES_MOST, DEMANDS_MOST = 12, 12, 8
ROTTING_MOST = 365
MOVED_AT_ONCE = 500


def add_pipeline(session: Session, actor: Actor, name: str, language: str, *, now: int) -> Pipeline:
    """Add a pipeline with a first stage of the usual name; it stands behind the others."""
    authorise(session, actor, Action.SET_PIPELINES)
    found_pipeline(session, language, now=now)
    said, there = _named(name), pipelines(session)
    if any(one.name.casefold() == said.casefold() for one in there) or len(there) >= PIPELINES_MOST:
        raise Invalid("there is such a pipeline already, or there are too many")
    number, last = next(take_ids(session, 1)), session.scalar(select(func.max(Pipeline.place))) or 0
    add_new(session, Pipeline, [{"id": number, "name": said, "place": last + 1, "created_at": now, "once": None}])
    first = USUAL_STAGES[0]
    row = {"pipeline_id": number, "name": translator(language)(first.name), "place": 0, "probability": first.probability, "rotting_days": first.rotting_days}
    add_new(session, Stage, [{"id": next(take_ids(session, 1)), **row}])
    record(session, Change("pipeline", number, "added", actor, after={"name": said}), now=now)
    return session.get_one(Pipeline, number)


def rename_pipeline(session: Session, actor: Actor, pipeline_id: int, name: str, *, now: int) -> Pipeline:
    """Call a pipeline by another name."""
    authorise(session, actor, Action.SET_PIPELINES)
    one, said = pipeline_at(session, pipeline_id), _named(name)
    if one.name != said:
        record(session, Change("pipeline", one.id, "name", actor, {"name": one.name}, {"name": said}), now=now)
        one.name = said
        session.flush()
    return one


def prefer_pipeline(session: Session, actor: Actor, pipeline_id: int, *, now: int) -> Pipeline:
    """Put a pipeline before the others: new deals go into it; raises `Invalid` for one without a stage to begin in."""
    authorise(session, actor, Action.SET_PIPELINES)
    one, first = pipeline_at(session, pipeline_id), pipelines(session)
    if not stages_of(session, one.id):
        raise Invalid("this pipeline has no stage")
    if first and first[0].id != one.id and one.active:
        record(session, Change("pipeline", one.id, "first", actor, {"first": first[0].id}, {"first": one.id}), now=now)
        one.place = min(other.place for other in first) - 1
        session.flush()
    return one


def dedicate_pipeline(session: Session, actor: Actor, pipeline_id: int, kind: Kind | None, *, now: int) -> Pipeline:
    """Say for which people a pipeline is (None = for everybody): their new deals go into it, those that run stay where they are."""
    authorise(session, actor, Action.SET_PIPELINES)
    one, said = pipeline_at(session, pipeline_id), kind.value if kind else ""
    if one.kind != said:
        record(session, Change("pipeline", one.id, "kind", actor, {"kind": one.kind}, {"kind": said}), now=now)
        one.kind = said
        session.flush()
    return one


def archive_pipeline(session: Session, actor: Actor, pipeline_id: int, *, now: int) -> Pipeline:
    """A pipeline takes no new deals; refused while deals run in it, and for the last one."""
    authorise(session, actor, Action.SET_PIPELINES)
    one = pipeline_at(session, pipeline_id)
    running = select(Deal.id).where(Deal.pipeline_id == one.id, Deal.state == DealState.OPEN.value).limit(1)
    if session.scalar(running) is not None or [other.id for other in pipelines(session)] == [one.id]:
        raise Invalid("deals run in it, or it is the last one")
    return _offered(session, actor, one, False, now=now)


def restore_pipeline(session: Session, actor: Actor, pipeline_id: int, *, now: int) -> Pipeline:
    """An archived pipeline takes deals again."""
    authorise(session, actor, Action.SET_PIPELINES)
    return _offered(session, actor, pipeline_at(session, pipeline_id), True, now=now)


def _offered(session: Session, actor: Actor, one: Pipeline, offered: bool, *, now: int) -> Pipeline:
    if bool(one.active) != offered:
        record(session, Change("pipeline", one.id, "restored" if offered else "archived", actor), now=now)
        one.active = int(offered)
        session.flush()
    return one


def add_stage(session: Session, actor: Actor, pipeline_id: int, name: str, *, now: int) -> Stage:
    """Add a stage behind the others, as likely to win as the last one."""
    authorise(session, actor, Action.SET_PIPELINES)
    there, said = stages_of(session, pipeline_at(session, pipeline_id).id), _named(name)
    _room(there, said)
    number, last = next(take_ids(session, 1)), there[-1] if there else None
    row = {"place": last.place + 1 if last else 0, "probability": last.probability if last else 10}
    add_new(session, Stage, [{"id": number, "pipeline_id": pipeline_id, "name": said, **row}])
    record(session, Change("stage", number, "added", actor, after={"name": said, "pipeline": pipeline_id}), now=now)
    return session.get_one(Stage, number)


def rename_stage(session: Session, actor: Actor, stage_id: int, name: str, *, now: int) -> Stage:
    """Call a stage by another name, which no other stage of its pipeline has; deals stay in it."""
    authorise(session, actor, Action.SET_PIPELINES)
    said, others = _named(name), stages_of(session, stage_at(session, stage_id).pipeline_id)
    if any(one.id != stage_id and one.name.casefold() == said.casefold() for one in others):
        raise Invalid("there is such a stage already")
    return _set(session, actor, stage_id, "name", said, now=now)


def set_probability(session: Session, actor: Actor, stage_id: int, percent: int, *, now: int) -> Stage:
    """How likely a win is from this stage, in percent."""
    if not 0 <= percent <= 100:
        raise Invalid("a probability is 0 to 100 percent")
    return _set(session, actor, stage_id, "probability", percent, now=now)


def set_rotting(session: Session, actor: Actor, stage_id: int, days: int, *, now: int) -> Stage:
    """After how many days in this stage a deal rots (0 = never)."""
    if not 0 <= days <= ROTTING_MOST:
        raise Invalid("this is not a number of days")
    return _set(session, actor, stage_id, "rotting_days", days, now=now)


def demand(session: Session, actor: Actor, stage_id: int, name: str, wanted: bool, *, now: int) -> Stage:
    """Ask for something to be known before a deal goes on from this stage, or no more."""
    authorise(session, actor, Action.SET_PIPELINES)
    before = tuple(json.loads(stage_at(session, stage_id).demands))
    after = (*before, name) if wanted and name not in before else tuple(one for one in before if one != name or wanted)
    if len(after) > DEMANDS_MOST:
        raise Invalid("a stage asks for too much already")
    return _set(session, actor, stage_id, "demands", json.dumps(after, ensure_ascii=False), now=now)


def put_before(session: Session, actor: Actor, stage_id: int, *, now: int) -> Stage:
    """Change a stage's place with the one before it."""
    authorise(session, actor, Action.SET_PIPELINES)
    stage = stage_at(session, stage_id)
    there = stages_of(session, stage.pipeline_id)
    at = next((place for place, step in enumerate(there) if step.id == stage_id), 0)
    if at > 0:
        order = [step.id for step in there]
        order[at - 1], order[at] = order[at], order[at - 1]
        _arrange(session, order)
        record(session, Change("stage", stage.id, "place", actor, {"place": at}, {"place": at - 1}), now=now)
    return stage


def _arrange(session: Session, order: Sequence[int]) -> None:
    for place, number in enumerate(order):
        stage_at(session, number).place = place
    session.flush()


def running_in(session: Session, stage_id: int) -> int:
    """How many deals run in a stage."""
    return session.scalar(select(func.count()).where(Deal.stage_id == stage_id, Deal.state == DealState.OPEN.value)) or 0


def archive_stage(session: Session, actor: Actor, stage_id: int, heir_id: int | None, *, now: int) -> int:
    """Archive a stage, first moving what runs in it to another one; answers how many still run in it, so that whoever asks goes on until none does.

    Raises `Invalid` for the last stage of a pipeline, and where deals run in it and there is no heir.
    """
    authorise(session, actor, Action.SET_PIPELINES)
    stage = stage_at(session, stage_id)
    heirs = [step.id for step in stages_of(session, stage.pipeline_id) if step.id != stage.id]
    if not heirs or (heir_id is not None and heir_id not in heirs):
        raise Invalid("a pipeline needs a stage")
    running = select(Deal.id).where(Deal.stage_id == stage.id, Deal.state == DealState.OPEN.value).order_by(Deal.id)
    numbers = list(session.scalars(running.limit(MOVED_AT_ONCE)))
    if numbers and heir_id is None:
        raise Invalid("deals run in it")
    if numbers:
        relocate(session, actor, numbers, stage_at(session, heirs[0] if heir_id is None else heir_id), now=now)
    left = running_in(session, stage.id)
    if not left and stage.active:
        record(session, Change("stage", stage.id, "archived", actor, after={"heir": heir_id}), now=now)
        stage.active = 0
        session.flush()
    return left


def restore_stage(session: Session, actor: Actor, stage_id: int, *, now: int) -> Stage:
    """Undo that a stage was archived; what was moved out of it stays where it is. Raises `Invalid` where its name is taken, or there are too many."""
    authorise(session, actor, Action.SET_PIPELINES)
    stage = stage_at(session, stage_id)
    if stage.active:
        return stage
    there = stages_of(session, stage.pipeline_id)
    _room(there, stage.name)
    _set(session, actor, stage_id, "active", 1, now=now)
    before = sum(step.place < stage.place for step in there)
    order = [step.id for step in there]
    _arrange(session, [*order[:before], stage_id, *order[before:]])
    return stage


def _room(there: Sequence[Step], name: str) -> None:
    """Refuse a further stage of a name that stands among these, or where they are too many."""
    if any(step.name.casefold() == name.casefold() for step in there) or len(there) >= STAGES_MOST:
        raise Invalid("there is such a stage already, or there are too many")


def archived_of(session: Session, pipeline_id: int) -> list[Stage]:
    """The stages of a pipeline that are archived, the newest first."""
    return list(session.scalars(select(Stage).where(Stage.pipeline_id == pipeline_id, Stage.active == 0).order_by(Stage.id.desc())))


def _set(session: Session, actor: Actor, stage_id: int, what: str, value: object, *, now: int) -> Stage:
    authorise(session, actor, Action.SET_PIPELINES)
    stage = stage_at(session, stage_id)
    before = getattr(stage, what)
    if before != value:
        record(session, Change("stage", stage.id, what, actor, {what: before}, {what: value}), now=now)
        setattr(stage, what, value)
        session.flush()
    return stage


def _named(name: str) -> str:
    said = clean_name(name, NAME_MOST)
    if not said:
        raise Invalid("it needs a name")
    return said
