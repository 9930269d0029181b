"""Settling: a firm takes what its trade starts with in one step, sees what came of it, and may take all of it back while nothing was built on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import translator
from crm.base.policy import Action
from crm.base.rows import take_ids
from crm.base.settings import Company
from crm.conversations import snippets
from crm.exchange.trades import TRADES, Trade
from crm.outreach import followups
from crm.outreach.sequences import found_default
from crm.people.fields import About, BadValue, fields_of
from crm.people.fieldset import Draft, archive_field, make_field
from crm.people.reps import authorise
from crm.projects import drafting
from crm.projects.blueprints import blueprints
from crm.sales import stages
from crm.sales.deals import Deal
from crm.sales.pipelines import pipelines, stages_of

SUBJECT, SET_UP, TAKEN_BACK = "setup", "set_up", "taken_back"


@dataclass(frozen=True, slots=True)
class Settled:
    """What was made: numbers of things by kind, and which trade it was; `id` is what takes it back."""

    id: int
    trade: str
    pipeline: int = 0
    fields: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()
    blueprint: int = 0
    archived: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)


def settle(session: Session, actor: Rep, trade: str, firm: Company, *, now: int) -> Settled:
    """Make what a trade starts with, in the firm's languages; what is there already under the same name stays as it is. Raises `Invalid` for a second one."""
    authorise(session, actor, Action.SET_UP)
    wanted = TRADES.get(trade)
    if wanted is None:
        raise NotFound("no such trade")
    if standing(session) is not None:
        raise Invalid("a trade was chosen already: take it back first")
    language, number = firm.languages[0], next(take_ids(session, 1))
    pipeline, archived = _pipeline(session, actor, wanted, language, now=now)
    made = Settled(
        number,
        trade,
        pipeline,
        _fields(session, actor, wanted, language, now=now),
        _answers(session, actor, wanted, firm, pipeline, now=now),
        _blueprint(session, actor, wanted, language, pipeline, now=now),
        archived,
        _follow_up(session, actor, wanted, firm, now=now),
    )
    after: dict[str, Any] = {"trade": trade, "pipeline": pipeline, "fields": made.fields, "answers": made.answers, "blueprint": made.blueprint}
    record(session, Change(SUBJECT, number, SET_UP, actor, {"archived": archived, "texts": dict(made.texts)}, after), now=now)
    return made


def standing(session: Session) -> Settled | None:
    """What was settled last and stands (None = nothing)."""
    about = select(DomainEvent).where(DomainEvent.subject == SUBJECT, DomainEvent.kind.in_((SET_UP, TAKEN_BACK))).order_by(DomainEvent.id.desc()).limit(1)
    last = session.scalar(about)
    if last is None or last.kind != SET_UP:
        return None
    before, after = json.loads(last.before), json.loads(last.after)
    answers, numbers = tuple(after["answers"]), tuple(after["fields"])
    return Settled(last.subject_id, after["trade"], after["pipeline"], numbers, answers, after["blueprint"], before["archived"], before["texts"])


def take_back(session: Session, actor: Rep, number: int, *, now: int) -> None:
    """Put everything a trade brought out of use again; raises `Expired` where it stands no more, `Invalid` where deals run in its pipeline."""
    authorise(session, actor, Action.SET_UP)
    made = standing(session)
    if made is None or made.id != number:
        raise Expired("this was taken back already")
    if made.archived:
        stages.restore_pipeline(session, actor, made.archived, now=now)
    if made.pipeline:
        stages.archive_pipeline(session, actor, made.pipeline, now=now)
    for one in made.fields:
        archive_field(session, actor, one, True, now=now)
    for one in snippets.kept(session, made.answers):
        snippets.set_active(session, actor, one, False, now=now)
    if made.blueprint:
        drafting.offer(session, actor, made.blueprint, False, now=now)
    first = _first_step(session, actor, now=now)
    for language, text in made.texts.items():
        followups.edit_step(session, actor, first, language=language, text=text, now=now)
    record(session, Change(SUBJECT, made.id, TAKEN_BACK, actor, {"trade": made.trade}), now=now)


def _pipeline(session: Session, actor: Rep, trade: Trade, language: str, *, now: int) -> tuple[int, int]:
    """The trade's pipeline, first in the order, and the one it put away because nobody used it (0 = none)."""
    tr, there = translator(language), pipelines(session)
    name = tr(trade.pipeline)
    if any(one.name.casefold() == name.casefold() for one in there):
        return 0, 0
    made = stages.add_pipeline(session, actor, name, language, now=now)
    [first] = stages_of(session, made.id)
    for place, wanted in enumerate(trade.stages):
        number = first.id if place == 0 else stages.add_stage(session, actor, made.id, tr(wanted.name), now=now).id
        stages.rename_stage(session, actor, number, tr(wanted.name), now=now)
        stages.set_probability(session, actor, number, wanted.probability, now=now)
        stages.set_rotting(session, actor, number, wanted.rotting_days, now=now)
    stages.prefer_pipeline(session, actor, made.id, now=now)
    unused = [one.id for one in pipelines(session) if one.id != made.id and session.scalar(select(Deal.id).where(Deal.pipeline_id == one.id).limit(1)) is None]
    if len(unused) != 1 or len(there) > 1:
        return made.id, 0
    stages.archive_pipeline(session, actor, unused[0], now=now)
    return made.id, unused[0]


def _fields(session: Session, actor: Rep, trade: Trade, language: str, *, now: int) -> tuple[int, ...]:
    tr, made = translator(language), []
    for one in trade.fields:
        label = tr(one.label)
        if any(label.casefold() == known.label.casefold() for known in fields_of(session, About(one.about))):
            continue
        try:
            made.append(make_field(session, actor, Draft(one.about, one.kind, label, "\n".join(tr(choice) for choice in one.choices)), now=now).id)
        except BadValue:  # there are as many as there may be: what else the trade brings is worth having
            break
    return tuple(made)


def _answers(session: Session, actor: Rep, trade: Trade, firm: Company, pipeline: int, *, now: int) -> tuple[int, ...]:
    """Ready answers in every language of the firm; a word that calls one already is left alone."""
    made, steps = [], stages_of(session, pipeline) if pipeline else []
    for one in trade.answers:
        word = translator(firm.languages[0])(one.word)
        known = snippets.snippet_of(session, actor, word)
        if known is not None and known.active:
            continue
        for language in firm.languages:
            ready = snippets.write(session, actor, word, language, translator(language)(one.text), now=now)
        made.append(ready.id)
        if steps and 0 <= one.stage < len(steps):
            snippets.offer_at(session, actor, ready.id, steps[one.stage].id, now=now)
    return tuple(made)


def _follow_up(session: Session, actor: Rep, trade: Trade, firm: Company, *, now: int) -> dict[str, str]:
    """The first follow-up in the trade's words; answers what it said before, by language."""
    found_default(session, now)
    step = followups.overview(session, actor, now=now).steps[0]
    for language in firm.languages:
        followups.edit_step(session, actor, step.id, language=language, text=translator(language)(trade.follow_up), now=now)
    return {language: step.texts.get(language, "") for language in firm.languages if step.texts.get(language)}


def _first_step(session: Session, actor: Rep, *, now: int) -> int:
    return followups.overview(session, actor, now=now).steps[0].id


def _blueprint(session: Session, actor: Rep, trade: Trade, language: str, pipeline: int, *, now: int) -> int:
    """What comes after the sale, for deals of the trade's pipeline."""
    tr = translator(language)
    name = tr(trade.pipeline)
    if not pipeline or any(one.name.casefold() == name.casefold() for one in blueprints(session)):
        return 0
    steps = [drafting.NewStep(tr(one.title), one.days) for one in trade.steps]
    return drafting.add_blueprint(session, actor, drafting.NewBlueprint(name, steps, pipeline), now=now).id
