"""/pipeline: what stands in each stage and what it is worth; managers make pipelines and name, order and archive them here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import menus
from bots.staff.commands import pipeline_reasons, pipeline_stages
from bots.staff.commands.kind import LABELS
from bots.staff.commands.pipeline_stages import asked
from bots.staff.posts import Key, Keys, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.policy import Action, may
from crm.base.text import isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.kinds import Kind
from crm.people.reps import authorise
from crm.reports.deals import Column, board
from crm.reports.words import pipeline_words
from crm.sales import stages
from crm.sales.pipelines import Pipeline, found_pipeline, pipeline_at, pipelines

NAME = "pipeline"
SET_UP, NEXT, BACK = N_button("Set it up"), N_button("Next pipeline"), N_button("Back")
RENAME, FIRST, NEW, ARCHIVE, REASONS = N_button("Rename"), N_button("For new deals"), N_button("New pipeline"), N_button("Archive"), N_button("Reasons of loss")
FOR, EVERYBODY = N_button("For whom?"), N_button("Everybody")


def deed(session: Session, visit: Visit) -> Done:
    """Show the pipeline that new deals go into."""
    authorise(session, visit.rep, Action.SEE_DEALS)
    if not pipelines(session):
        found_pipeline(session, visit.company.languages[0], now=visit.now)
        return Done((_post(visit, pipelines(session)[0], pipelines(session), ()),))
    return Done((_board(session, visit, pipelines(session)[0]),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button below a pipeline asks for; what is shown takes the place of what was pressed."""
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _board(session: Session, visit: Visit, one: Pipeline) -> Post:
    number = one.id
    columns = ask(visit, ("board", number), lambda s: board(s, visit.rep, number, now=visit.now))
    return _post(visit, one, pipelines(session), columns)


def _post(visit: Visit, one: Pipeline, every: Sequence[Pipeline], columns: Sequence[Column]) -> Post:
    """A board with the ways on; pure."""
    tr = visit.tr
    rows = [_row(tr, number, column) for number, column in enumerate(columns, 1)] or [tr("No deal yet. Open one from a card.")]
    keys = [menus.command_key(tr, "deals")]
    if len(every) > 1:
        at = next((place for place, other in enumerate(every) if other.id == one.id), -1)
        keys.append(Key(tr.button(NEXT), Intent(NAME, every[(at + 1) % len(every)].id, "show")))
    if may(visit.rep.role, Action.SET_PIPELINES):
        keys.append(Key(tr.button(SET_UP), Intent(NAME, one.id, "setup")))
    return Post("\n".join([f"📊 {isolated(pipeline_words(tr, one.name, one.kind))}", *rows]), menus.in_rows(keys))


def _row(tr: Translator, number: int, column: Column) -> str:
    """One stage of the board."""
    head = f"{number}. {isolated(column.stage.name)} ({column.stage.probability} %)"
    count = tr.many("{n} deal", "{n} deals", column.deals)
    sums = [f"{money(tr.language, one.amount, one.currency)} → {money(tr.language, one.weighted, one.currency)}" for one in column.worth if one.amount]
    rotten = f"🥀 {column.rotten}" if column.rotten else ""
    return f"{head}: {' · '.join(filter(None, (count, *sums, rotten)))}"


def _show(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    return asked(visit, _board(session, visit, pipeline_at(session, pipeline_id)))


def _options(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """What may be done with a whole pipeline."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, one = visit.tr, pipeline_at(session, pipeline_id)
    rows = ((RENAME, "rename"), (FIRST, "first"), (FOR, "for"), (NEW, "new"), (REASONS, "reasons"), (ARCHIVE, "archive"), (BACK, "setup"))
    keys = [Key(tr.button(label), Intent(NAME, pipeline_id, verb)) for label, verb in rows]
    words = tr("Pipeline {name}: what do you want to change?", name=isolated(one.name))
    return asked(visit, Post(f"{words}\n🏷 {tr.button(_label(one.kind))}", menus.in_rows(keys)))


def _label(kind: str) -> str:
    """For whom a pipeline is, as a button."""
    return LABELS[Kind(kind)] if kind else EVERYBODY


def _rename(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    return _type(session, visit, pipeline_id, "rename", visit.tr("Type the new name of the pipeline."))


def _new(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    return _type(session, visit, pipeline_id, "new", visit.tr("Type the name of the new pipeline."))


def _type(session: Session, visit: Visit, pipeline_id: int, what: str, words: str) -> Done:
    authorise(session, visit.rep, Action.SET_PIPELINES)
    begin(session, visit.rep, Wizard(NAME, NAME, pipeline_id, {"what": what}), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, words, NAME),))


def _typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the name that was asked for."""
    said = visit.said.text if isinstance(visit.said, Text) else ""
    try:
        if wizard.facts["what"] == "new":
            made = stages.add_pipeline(session, visit.rep, said, visit.company.languages[0], now=visit.now)
        else:
            made = stages.rename_pipeline(session, visit.rep, wizard.target, said, now=visit.now)
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr("This name cannot be used: it is there already, or it is no name. Type another one."), NAME),))
    quit_wizard(session, visit.rep, wizard.name)
    return pipeline_stages.setup(session, visit, made.id, "")


def _first(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    one = stages.prefer_pipeline(session, visit.rep, pipeline_id, now=visit.now)
    return replace(_options(session, visit, pipeline_id, ""), toast=visit.tr("New deals go into {name}.", name=pipeline_words(visit.tr, one.name, one.kind)))


def _for(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """Ask for which people a pipeline is."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, one = visit.tr, pipeline_at(session, pipeline_id)
    keys = [Key(f"{'✓ ' if kind == one.kind else ''}{tr.button(_label(kind))}", Intent(NAME, one.id, f"is_for:{kind}")) for kind in ("", *Kind)]
    return asked(visit, Post(f"📊 {isolated(one.name)}: {tr(FOR)}", menus.in_rows([*keys, Key(tr.button(BACK), Intent(NAME, one.id, "options"))])))


def _is_for(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """Write down for which people a pipeline is; another press takes it back."""
    tr, one = visit.tr, stages.dedicate_pipeline(session, visit.rep, pipeline_id, Kind(value) if value else None, now=visit.now)
    toast = tr("New deals go into {name}.", name=pipeline_words(tr, one.name, one.kind)) if one.kind else tr("Saved.")
    return replace(_options(session, visit, pipeline_id, ""), toast=toast)


def _archive(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    tr = visit.tr
    try:
        one = stages.archive_pipeline(session, visit.rep, pipeline_id, now=visit.now)
    except Invalid:
        return Done(toast=tr("Deals run in it, or it is the last one. Move them first."), alert=True)
    undo: Keys = ((Key(tr.button(UNDO), Intent(NAME, one.id, "restore")),),)
    return asked(visit, Post(tr("{name} is archived: it takes no new deals.", name=isolated(one.name)), undo))


def _restore(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    stages.restore_pipeline(session, visit.rep, pipeline_id, now=visit.now)
    return pipeline_stages.setup(session, visit, pipeline_id, "")


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": _show,
    "options": _options,
    "rename": _rename,
    "new": _new,
    "first": _first,
    "for": _for,
    "is_for": _is_for,
    "archive": _archive,
    "restore": _restore,
    **pipeline_stages.TURNS,
    **pipeline_reasons.TURNS,
}

COMMAND = Command(
    NAME,
    N_("Stages: what stands in each, and set-up"),
    deed,
    Action.SEE_DEALS,
    presses={NAME: turn},
    listeners={NAME: _typed, **pipeline_stages.LISTENERS, **pipeline_reasons.LISTENERS},
    group=Group.SELL,
)
