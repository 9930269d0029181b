"""Blueprint: what is to be done after a sale, step by step, so that every project of its kind begins the same way."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.lookup import row_at
from crm.base.table import Row
from crm.people.contacts import root_of
from crm.sales.deals import Deal


class Whose(StrEnum):
    """Who does a step: whoever has the deal, one member of staff, or somebody of a team."""

    DEAL = "deal"
    REP = "rep"
    TEAM = "team"


class NotifyOn(StrEnum):
    """When a step's words go to the customer."""

    BEGUN = "begun"
    DONE = "done"


class Blueprint(Row):
    """How projects of one kind go; of deals of one pipeline (None = of all), for customers who speak one language ("" = whichever).

    An inactive one begins no project; `once` names one that came with the product.
    """

    __tablename__ = "blueprints"
    name: Mapped[str]
    pipeline_id: Mapped[int | None] = mapped_column(ForeignKey("pipelines.id"))
    language: Mapped[str] = mapped_column(server_default="")
    active: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)


class BlueprintStep(Row):
    """One step: what is to be done, by whom (`whose` and its number), so many days after the start (`working` = working days).

    `notify_text` is what the customer reads ("" = nothing) when it is begun or done (`notify_on`), by itself (`notify_auto` 1) or when a rep says so.
    """

    __tablename__ = "blueprint_steps"
    blueprint_id: Mapped[int] = mapped_column(ForeignKey("blueprints.id"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    whose: Mapped[str] = mapped_column(server_default="deal")
    whose_id: Mapped[int | None]
    due_days: Mapped[int]
    working: Mapped[int] = mapped_column(server_default="1")
    notify_text: Mapped[str] = mapped_column(server_default="")
    notify_on: Mapped[str] = mapped_column(server_default="done")
    notify_auto: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Plan:
    """A blueprint as a plain value, with its steps in order."""

    id: int
    name: str
    pipeline_id: int | None
    language: str
    active: bool
    steps: tuple[BlueprintStep, ...] = ()


def blueprint_at(session: Session, blueprint_id: int) -> Blueprint:
    """A blueprint by its number."""
    return row_at(session, Blueprint, blueprint_id, "no such blueprint")


def step_at(session: Session, step_id: int) -> BlueprintStep:
    """A step of a blueprint by its number."""
    return row_at(session, BlueprintStep, step_id, "no such step")


def steps_of(session: Session, blueprint_id: int) -> list[BlueprintStep]:
    """The steps of a blueprint, first to last."""
    wanted = select(BlueprintStep).where(BlueprintStep.blueprint_id == blueprint_id)
    return list(session.scalars(wanted.order_by(BlueprintStep.position, BlueprintStep.id)))


def plan_of(session: Session, blueprint_id: int) -> Plan:
    """A blueprint with its steps."""
    one = blueprint_at(session, blueprint_id)
    return Plan(one.id, one.name, one.pipeline_id, one.language, bool(one.active), tuple(steps_of(session, one.id)))


def blueprints(session: Session, *, active: bool = True) -> list[Blueprint]:
    """The blueprints, oldest first."""
    return list(session.scalars(select(Blueprint).where(Blueprint.active == int(active)).order_by(Blueprint.id)))


def fitting(session: Session, deal: Deal) -> list[Blueprint]:
    """The blueprints a won deal may begin with: those of its pipeline, else those of every one; in the customer's language where some are."""
    with_steps = set(session.scalars(select(BlueprintStep.blueprint_id).distinct()))
    every = [one for one in blueprints(session) if one.id in with_steps]
    return chosen(every, deal.pipeline_id, root_of(session, deal.contact_id).language)


def chosen(every: Sequence[Blueprint], pipeline_id: int, language: str) -> list[Blueprint]:
    """Of these blueprints those that fit a pipeline and a language best; pure."""
    own = [one for one in every if one.pipeline_id == pipeline_id] or [one for one in every if one.pipeline_id is None]
    spoken = [one for one in own if one.language == language]
    return spoken or [one for one in own if not one.language] or own
