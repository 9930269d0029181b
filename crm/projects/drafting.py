"""Drafting: managers say how projects go: blueprints and their steps, by whom, until when, and what the customer reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.i18n import LANGUAGES
from crm.base.policy import Action
from crm.base.rows import add, add_new, take_ids
from crm.base.template import parse, tidy
from crm.base.text import clean_name
from crm.people.reps import authorise, member_of
from crm.people.teams import TeamRow
from crm.projects.blueprints import Blueprint, BlueprintStep, NotifyOn, Whose, blueprint_at, blueprints, step_at, steps_of
from crm.sales.pipelines import pipeline_at

NAME_MOST, TITLE_MOST, TEXT_MOST = 40, 80, 600
STEPS_MOST, BLUEPRINTS_MOST, DAYS_MOST = 20, 20, 730


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step to be added: what, how many days after the start, and what the customer reads ("" = nothing)."""

    title: str
    due_days: int = 1
    working: bool = True
    notify_text: str = ""
    notify_on: NotifyOn = NotifyOn.DONE
    notify_auto: bool = False


@dataclass(frozen=True, slots=True)
class NewBlueprint:
    """A blueprint to be added with its steps; `once` keeps one cause from making two."""

    name: str
    steps: Sequence[NewStep] = field(default=())
    pipeline_id: int | None = None
    language: str = ""
    once: str | None = None


def add_blueprint(session: Session, actor: Actor, new: NewBlueprint, *, now: int) -> Blueprint:
    """Add a blueprint; the same `once` answers the same. Raises `Invalid` for a name that is taken or too many of them."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    earlier = session.scalar(select(Blueprint).where(Blueprint.once == new.once)) if new.once else None
    if earlier is not None:
        return earlier
    name = _free_name(session, new.name)
    if len(blueprints(session)) >= BLUEPRINTS_MOST:
        raise Invalid("there are too many blueprints")
    if new.pipeline_id is not None:
        pipeline_at(session, new.pipeline_id)
    number = next(take_ids(session, 1))
    row = {"name": name, "pipeline_id": new.pipeline_id, "language": _language(new.language), "created_at": now, "once": new.once}
    add_new(session, Blueprint, [{"id": number, **row}])
    record(session, Change("blueprint", number, "added", actor, after={"name": name}), now=now)
    add_steps(session, actor, number, new.steps, now=now)
    return blueprint_at(session, number)


def add_steps(session: Session, actor: Actor, blueprint_id: int, new: Sequence[NewStep], *, now: int) -> list[BlueprintStep]:
    """Add steps behind the others; answers all of them. Raises `Invalid` for too many, one without a title, or days that are no number of days."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    there = steps_of(session, blueprint_at(session, blueprint_id).id)
    if len(there) + len(new) > STEPS_MOST:
        raise Invalid("a blueprint has too many steps")
    ids, last = take_ids(session, len(new)), there[-1].position if there else -1
    rows = [{"id": next(ids), "blueprint_id": blueprint_id, "position": last + place, **_row(one)} for place, one in enumerate(new, 1)]
    add(session, BlueprintStep, rows)
    if rows:
        record(session, Change("blueprint", blueprint_id, "steps", actor, after={"added": [row["title"] for row in rows]}), now=now)
    return steps_of(session, blueprint_id)


def rename(session: Session, actor: Actor, blueprint_id: int, name: str, *, now: int) -> Blueprint:
    """Call a blueprint by another name."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    one = blueprint_at(session, blueprint_id)
    return _set(session, actor, one.id, "name", one.name if one.name == clean_name(name, NAME_MOST) else _free_name(session, name), now=now)


def belong(session: Session, actor: Actor, blueprint_id: int, pipeline_id: int | None, *, now: int) -> Blueprint:
    """Of which pipeline's deals a blueprint is (None = of all)."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    if pipeline_id is not None:
        pipeline_at(session, pipeline_id)
    return _set(session, actor, blueprint_id, "pipeline_id", pipeline_id, now=now)


def speak(session: Session, actor: Actor, blueprint_id: int, language: str, *, now: int) -> Blueprint:
    """For customers of which language a blueprint is ("" = whichever)."""
    return _set(session, actor, blueprint_id, "language", _language(language), now=now)


def offer(session: Session, actor: Actor, blueprint_id: int, active: bool, *, now: int) -> Blueprint:
    """Take a blueprint out of use, or back into it; projects that run go on as they are."""
    return _set(session, actor, blueprint_id, "active", int(active), now=now)


def entitle(session: Session, actor: Actor, step_id: int, title: str, *, now: int) -> BlueprintStep:
    """Call a step by another title."""
    return _change(session, actor, step_id, {"title": _titled(title)}, now=now)


def due_after(session: Session, actor: Actor, step_id: int, days: int, *, working: bool, now: int) -> BlueprintStep:
    """How many days after the start a step is due; `working` = only days on which somebody works count."""
    return _change(session, actor, step_id, {"due_days": _days(days), "working": int(working)}, now=now)


def done_by(session: Session, actor: Actor, step_id: int, whose: Whose, whose_id: int | None, *, now: int) -> BlueprintStep:
    """Who does a step: whoever has the deal, one member of staff, or somebody of a team."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    if whose is Whose.REP:
        member_of(session, whose_id or 0)
    team = session.get(TeamRow, whose_id or 0) if whose is Whose.TEAM else None
    if whose is Whose.TEAM and (team is None or team.ended_at):
        raise Invalid("there is no such team")
    return _change(session, actor, step_id, {"whose": whose.value, "whose_id": whose_id if whose is not Whose.DEAL else None}, now=now)


def tells(session: Session, actor: Actor, step_id: int, text: str, *, now: int) -> BlueprintStep:
    """What the customer reads of a step ("" = nothing), with the fields of a ready answer; raises `BadTemplate`."""
    return _change(session, actor, step_id, {"notify_text": _worded(text)}, now=now)


def tells_when(session: Session, actor: Actor, step_id: int, on: NotifyOn, *, auto: bool, now: int) -> BlueprintStep:
    """When the customer reads it: when the step is begun or when it is done, by itself or when somebody says so."""
    return _change(session, actor, step_id, {"notify_on": on.value, "notify_auto": int(auto)}, now=now)


def put_before(session: Session, actor: Actor, step_id: int, *, now: int) -> BlueprintStep:
    """Change a step's place with the one before it."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    step = step_at(session, step_id)
    order = steps_of(session, step.blueprint_id)
    at = order.index(step)
    if at > 0:
        order[at - 1], order[at] = order[at], order[at - 1]
        for place, one in enumerate(order):
            one.position = place
        session.flush()
        record(session, Change("blueprint", step.blueprint_id, "steps", actor, {"place": at}, {"place": at - 1, "step": step.title}), now=now)
    return step


def remove_step(session: Session, actor: Actor, step_id: int, *, now: int) -> NewStep:
    """Take a step out of a blueprint; answers what it was, so that it can be added again."""
    authorise(session, actor, Action.SET_BLUEPRINTS)
    step = step_at(session, step_id)
    was = NewStep(step.title, step.due_days, bool(step.working), step.notify_text, NotifyOn(step.notify_on), bool(step.notify_auto))
    record(session, Change("blueprint", step.blueprint_id, "steps", actor, before={"removed": step.title}), now=now)
    session.execute(delete(BlueprintStep).where(BlueprintStep.id == step_id))
    return was


def _row(one: NewStep) -> dict[str, Any]:
    told = {"notify_text": _worded(one.notify_text), "notify_on": one.notify_on.value, "notify_auto": int(one.notify_auto)}
    return {"title": _titled(one.title), "due_days": _days(one.due_days), "working": int(one.working), **told}


def _set(session: Session, actor: Actor, blueprint_id: int, name: str, value: Any, *, now: int) -> Blueprint:
    authorise(session, actor, Action.SET_BLUEPRINTS)
    one = blueprint_at(session, blueprint_id)
    before = getattr(one, name)
    if before != value:
        record(session, Change("blueprint", one.id, name, actor, {name: before}, {name: value}), now=now)
        setattr(one, name, value)
        session.flush()
    return one


def _change(session: Session, actor: Actor, step_id: int, values: dict[str, Any], *, now: int) -> BlueprintStep:
    authorise(session, actor, Action.SET_BLUEPRINTS)
    step = step_at(session, step_id)
    before = {name: getattr(step, name) for name in values}
    if before != values:
        record(session, Change("blueprint", step.blueprint_id, "steps", actor, before, {**values, "step": step.title}), now=now)
        for name, value in values.items():
            setattr(step, name, value)
        session.flush()
    return step


def _free_name(session: Session, name: str) -> str:
    said = clean_name(name, NAME_MOST)
    if not said or any(one.name.casefold() == said.casefold() for one in blueprints(session)):
        raise Invalid("a blueprint needs a name of its own")
    return said


def _titled(title: str) -> str:
    said = clean_name(title, TITLE_MOST)
    if not said:
        raise Invalid("a step needs a title")
    return said


def _days(days: int) -> int:
    if not 0 <= days <= DAYS_MOST:
        raise Invalid("this is not a number of days")
    return days


def _worded(text: str) -> str:
    said = tidy(text)[:TEXT_MOST]
    if said:
        parse(said)
    return said


def _language(language: str) -> str:
    if language and language not in LANGUAGES:
        raise Invalid("no such language")
    return language
