"""Pipeline: the ordered stages a deal goes through, and the reasons for which a deal or a lead is lost."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import System
from crm.base.errors import NotFound
from crm.base.fold import fold
from crm.base.history import Change, record
from crm.base.i18n import N_, translator
from crm.base.rows import add, add_new, take_ids
from crm.base.table import Row

USUAL = "usual"


class Pipeline(Row):
    """One way of selling; `place` orders them, an inactive one takes no new deals; `once` names the one that came with the product.

    `kind` is for which people it is, see `crm.people.kinds` ("" = for everybody).
    """

    __tablename__ = "pipelines"
    name: Mapped[str]
    place: Mapped[int]
    active: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(server_default="")


class Stage(Row):
    """One step of a pipeline: how likely a win is there (percent), after how many days a deal rots (0 = never), what must be known to go on.

    `demands` is a JSON list of what must be filled before a deal may leave the stage: names of custom fields of a deal, or `amount`, `expected`, `company`.
    """

    __tablename__ = "stages"
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"), index=True)
    name: Mapped[str]
    place: Mapped[int]
    probability: Mapped[int]
    rotting_days: Mapped[int] = mapped_column(server_default="0")
    demands: Mapped[str] = mapped_column(server_default="[]")
    active: Mapped[int] = mapped_column(server_default="1")


class Reason(Row):
    """Why something was lost, chosen from a list; `about` is deal or lead, `usual` names one that came with the product, said in the reader's language."""

    __tablename__ = "reasons"
    about: Mapped[str]
    name: Mapped[str]
    usual: Mapped[str | None]
    place: Mapped[int]
    active: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (Index("reasons_about", "about", "place"), UniqueConstraint("about", "usual"))


@dataclass(frozen=True, slots=True)
class UsualStage:
    """A stage a new company starts with: its English name, how likely a win is there, after how many days a deal rots."""

    name: str
    probability: int
    rotting_days: int


SALES = N_("Sales")
USUAL_STAGES = (
    UsualStage(N_("New"), 10, 3),
    UsualStage(N_("Contact made"), 30, 5),
    UsualStage(N_("Offer sent"), 60, 7),
    UsualStage(N_("Negotiation"), 80, 7),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as everybody reads it."""

    id: int
    pipeline_id: int
    name: str
    place: int
    probability: int
    rotting_days: int
    demands: tuple[str, ...]


def found_pipeline(session: Session, language: str, *, now: int) -> None:
    """Write the pipeline a new company starts with, in its language, once; what was changed since stays."""
    if session.scalar(select(Pipeline.id).limit(1)) is not None:
        return
    number, tr = next(take_ids(session, 1)), translator(language)
    if not add_new(session, Pipeline, [{"id": number, "name": tr(SALES), "place": 0, "created_at": now, "once": USUAL}]):
        return
    ids = take_ids(session, len(USUAL_STAGES))
    rows = [
        {"id": next(ids), "pipeline_id": number, "name": tr(one.name), "place": place, "probability": one.probability, "rotting_days": one.rotting_days}
        for place, one in enumerate(USUAL_STAGES)
    ]
    add(session, Stage, rows)
    record(session, Change("pipeline", number, "founded", System("sales")), now=now)


def pipelines(session: Session) -> list[Pipeline]:
    """The pipelines that take new deals, in their order."""
    return list(session.scalars(select(Pipeline).where(Pipeline.active == 1).order_by(Pipeline.place, Pipeline.id)))


def pipelines_for(session: Session, kind: str) -> list[Pipeline]:
    """The pipelines that take new deals: those for this kind of person first, then those for everybody, each in their order."""
    return sorted(pipelines(session), key=lambda one: _far(one.kind, kind))


def _far(one: str, kind: str) -> tuple[bool, bool]:
    """How far what is for one kind is from being for another; pure."""
    return one != kind, one != ""


def steps_named(session: Session) -> dict[str, list[tuple[str, int]]]:
    """The stages that take deals by their folded names: for which people the pipeline of each is, and its number, in their order."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    wanted = select(Stage.name, Pipeline.kind, Stage.id).join(Pipeline, Pipeline.id == Stage.pipeline_id).where(Pipeline.active == 1, Stage.active == 1)
    for name, kind, number in session.execute(wanted.order_by(Pipeline.place, Pipeline.id, Stage.place, Stage.id)):
        found[fold(name)].append((kind, number))
    return found


def fitting(stages: Sequence[tuple[str, int]], kind: str) -> int | None:
    """Which of some stages, each with for which people it is, a deal with this kind of person goes into (None = there is none); pure."""
    return min(stages, key=lambda one: _far(one[0], kind))[1] if stages else None


def pipeline_at(session: Session, pipeline_id: int) -> Pipeline:
    """A pipeline by its number."""
    found = session.get(Pipeline, pipeline_id)
    if found is None:
        raise NotFound("no such pipeline")
    return found


def default_pipeline(session: Session, language: str, kind: str = "", *, now: int) -> Pipeline:
    """The first pipeline for this kind of person, which their new deals go into; made here where there is none yet."""
    found_pipeline(session, language, now=now)
    found = next(iter(pipelines_for(session, kind)), None)
    if found is None:
        raise NotFound("every pipeline is archived")
    return found


def stages_of(session: Session, pipeline_id: int) -> list[Step]:
    """The stages of a pipeline that deals go through, first to last."""
    wanted = select(Stage).where(Stage.pipeline_id == pipeline_id, Stage.active == 1)
    return [as_step(stage) for stage in session.scalars(wanted.order_by(Stage.place, Stage.id))]


def steps_of(session: Session, pipeline_ids: Sequence[int]) -> dict[int, Step]:
    """Every stage of these pipelines by its number, also the archived ones, which closed deals still stand in."""
    return {stage.id: as_step(stage) for stage in session.scalars(select(Stage).where(Stage.pipeline_id.in_(pipeline_ids)))}


def stage_at(session: Session, stage_id: int) -> Stage:
    """A stage by its number."""
    found = session.get(Stage, stage_id)
    if found is None:
        raise NotFound("no such stage")
    return found


def as_step(stage: Stage) -> Step:
    """A stage as a plain value."""
    return Step(stage.id, stage.pipeline_id, stage.name, stage.place, stage.probability, stage.rotting_days, tuple(json.loads(stage.demands)))
