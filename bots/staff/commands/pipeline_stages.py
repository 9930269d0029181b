"""The stages of a pipeline, set up by buttons: names, order, probability, rotting, what must be known to go on, archive."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.fields import About, fields_of
from crm.people.reps import authorise
from crm.sales import stages
from crm.sales.moves import AMOUNT, COMPANY, EXPECTED
from crm.sales.pipelines import Stage, Step, as_step, pipeline_at, stage_at, stages_of

NAME = "pipeline_stage"
ADD, PIPELINE, MORE, BACK = N_button("Add a stage"), N_button("The pipeline…"), N_button("More"), N_button("Back")
RENAME, CHANCE, ROT, DEMANDS, EARLIER, ARCHIVE = (
    N_button("Rename"),
    N_button("Chance to win"),
    N_button("Rots after"),
    N_button("Must be known"),
    N_button("Put it earlier"),
    N_button("Archive"),
)
NEVER = N_button("Never")
FIXED = {AMOUNT: N_button("Amount"), EXPECTED: N_button("Close date"), COMPANY: N_button("Company")}
CHANCES, ROTS = (10, 20, 30, 50, 60, 80, 90), (0, 2, 3, 5, 7, 14, 30)
SHOWN = 4
SHOW_FIELDS = 3


def setup(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """The stages as buttons, with the ways to a new one and to the pipeline itself."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, page, one = visit.tr, int(value or 0), pipeline_at(session, pipeline_id)
    steps = stages_of(session, pipeline_id)
    rows = [f"{number}. {_line(tr, step)}" for number, step in enumerate(steps, 1)]
    shown = steps[page * SHOWN : (page + 1) * SHOWN]
    keys = [(Key(f"✏️ {clean_name(step.name, 24)}", Intent("pipeline", step.id, "stage")),) for step in shown]
    ends = [Key(tr.button(ADD), Intent("pipeline", pipeline_id, "add")), Key(tr.button(PIPELINE), Intent("pipeline", pipeline_id, "options"))]
    if len(steps) > SHOWN:
        ends.append(Key(tr.button(MORE), Intent("pipeline", pipeline_id, f"setup:{(page + 1) % -(-len(steps) // SHOWN)}")))
    ends.append(Key(tr.button(BACK), Intent("pipeline", pipeline_id, "show")))
    head = tr("Stages of {name}. Press one to change it.", name=isolated(one.name))
    return asked(visit, Post("\n".join([head, *rows]), (*keys, *menus.in_rows(ends))))


def _line(tr: Translator, step: Step) -> str:
    """A stage in words: its chance, when a deal rots in it, what it asks for."""
    rots = tr("rots after {days}", days=tr.ago(step.rotting_days * 86_400_000)) if step.rotting_days else ""
    asks = tr("must be known: {what}", what=", ".join(_asked_for(tr, name) for name in step.demands)) if step.demands else ""
    return " · ".join(filter(None, (isolated(step.name), f"{step.probability} %", rots, asks)))


def _asked_for(tr: Translator, name: str) -> str:
    return tr.button(FIXED[name]) if name in FIXED else isolated(name)


def stage(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """One stage with what may be changed."""
    return asked(visit, _post(session, visit, stage_id))


def _post(session: Session, visit: Visit, stage_id: int) -> Post:
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, one = visit.tr, stage_at(session, stage_id)
    rows = ((RENAME, "name"), (CHANCE, "chance"), (ROT, "rots"), (DEMANDS, "demands"), (EARLIER, "earlier"), (ARCHIVE, "drop"))
    keys = [Key(tr.button(label), Intent("pipeline", stage_id, verb)) for label, verb in rows]
    return Post(_line(tr, as_step(one)), (*menus.in_rows(keys), (Key(tr.button(BACK), Intent("pipeline", one.pipeline_id, "setup")),)))


def add(session: Session, visit: Visit, pipeline_id: int, value: str) -> Done:
    """Ask for the name of a new stage."""
    return _type(session, visit, pipeline_id, "add", visit.tr("Type the name of the new stage, 24 letters at most."))


def name(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Ask for another name."""
    return _type(session, visit, stage_id, "name", visit.tr("Type the new name of the stage."))


def _type(session: Session, visit: Visit, target: int, what: str, words: str) -> Done:
    authorise(session, visit.rep, Action.SET_PIPELINES)
    begin(session, visit.rep, Wizard(NAME, NAME, target, {"what": what}), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, words, NAME),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a stage."""
    said, what = (visit.said.text if isinstance(visit.said, Text) else "").strip(), str(wizard.facts["what"])
    try:
        made = _take(session, visit, wizard.target, what, said)
    except (Invalid, ValueError):
        words = visit.tr("This cannot be used: type a name that is not there yet, or a whole number.")
        return Done((menus.question(visit.tr, words, NAME),))
    quit_wizard(session, visit.rep, wizard.name)
    return Done((_post(session, visit, made.id),))


def _take(session: Session, visit: Visit, target: int, what: str, said: str) -> Stage:
    match what:
        case "add":
            return stages.add_stage(session, visit.rep, target, said, now=visit.now)
        case "name":
            return stages.rename_stage(session, visit.rep, target, said, now=visit.now)
        case "chance":
            return stages.set_probability(session, visit.rep, target, int(said.strip(" %")), now=visit.now)
    return stages.set_rotting(session, visit.rep, target, int(said.split(maxsplit=1)[0] if said else said), now=visit.now)


def chance(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Ask for the chance to win, or take it from a button."""
    if value:
        stages.set_probability(session, visit.rep, stage_id, int(value), now=visit.now)
        return _saved(session, visit, stage_id)
    labels = {percent: f"{percent} %" for percent in CHANCES}
    return _number(session, visit, stage_id, "chance", visit.tr("How many deals of a hundred are won from this stage? Press or type it."), labels)


def rots(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Ask after how many days a deal rots, or take it from a button."""
    if value:
        stages.set_rotting(session, visit.rep, stage_id, int(value), now=visit.now)
        return _saved(session, visit, stage_id)
    tr = visit.tr
    labels = {days: tr.ago(days * 86_400_000) if days else tr.button(NEVER) for days in ROTS}
    return _number(session, visit, stage_id, "rots", tr("After how many days in this stage does a deal rot? Press or type it."), labels)


def _number(session: Session, visit: Visit, stage_id: int, what: str, words: str, labels: Mapping[int, str]) -> Done:
    authorise(session, visit.rep, Action.SET_PIPELINES)
    begin(session, visit.rep, Wizard(NAME, NAME, stage_id, {"what": what}), until=visit.now + CONFIRM_MS)
    keys = [Key(label, Intent("pipeline", stage_id, f"{what}:{number}")) for number, label in labels.items()]
    keys.append(Key(visit.tr.button(BACK), Intent("pipeline", stage_id, "stage")))
    return asked(visit, Post(words, menus.in_rows(keys, 4)))


def demands(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """What must be known before a deal goes on from here; pressing one asks for it, or no more."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, page, asked_for = visit.tr, int(value or 0), as_step(stage_at(session, stage_id)).demands
    fields = [(field.name, field.label) for field in fields_of(session, About.DEAL)]
    shown = fields[page * SHOW_FIELDS : (page + 1) * SHOW_FIELDS]
    choices = [*((one, tr.button(label)) for one, label in FIXED.items()), *((one, clean_name(label, 22)) for one, label in shown)]
    keys = [Key(f"{'✓ ' if one in asked_for else ''}{label}", Intent("pipeline", stage_id, f"demand:{page}:{one}")) for one, label in choices]
    if len(fields) > SHOW_FIELDS:
        keys.append(Key(tr.button(MORE), Intent("pipeline", stage_id, f"demands:{(page + 1) % -(-len(fields) // SHOW_FIELDS)}")))
    keys.append(Key(tr.button(BACK), Intent("pipeline", stage_id, "stage")))
    return asked(visit, Post(tr("What must be known before a deal goes on from this stage?"), menus.in_rows(keys)))


def demand(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Ask for something, or no more."""
    page, _, one = value.partition(":")
    before = as_step(stage_at(session, stage_id)).demands
    try:
        stages.demand(session, visit.rep, stage_id, one, one not in before, now=visit.now)
    except Invalid:
        return Done(toast=visit.tr("A stage that asks for so much is filled in by nobody."), alert=True)
    return demands(session, visit, stage_id, page)


def earlier(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Put a stage before the one that stands before it."""
    one = stages.put_before(session, visit.rep, stage_id, now=visit.now)
    return setup(session, visit, one.pipeline_id, "")


def drop(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Archive a stage; where deals run in it, first ask where they go."""
    authorise(session, visit.rep, Action.SET_PIPELINES)
    tr, one, heir = visit.tr, stage_at(session, stage_id), int(value) if value else None
    heirs = [step for step in stages_of(session, one.pipeline_id) if step.id != stage_id]
    running = stages.running_in(session, stage_id)
    if not heirs:
        return Done(toast=tr("A pipeline needs a stage. Add another one first."), alert=True)
    if running and heir is None:
        keys = [Key(clean_name(step.name, 24), Intent("pipeline", stage_id, f"drop:{step.id}")) for step in heirs[: menus.MOST - 1]]
        keys.append(Key(tr.button(BACK), Intent("pipeline", stage_id, "stage")))
        words = tr.many("{n} deal runs in {stage}. Where does it go?", "{n} deals run in {stage}. Where do they go?", running, stage=isolated(one.name))
        return asked(visit, Post(words, menus.in_rows(keys)))
    left = stages.archive_stage(session, visit.rep, stage_id, heir, now=visit.now)
    if left:
        more = Key(tr.button(MORE), Intent("pipeline", stage_id, f"drop:{heir}"))
        return asked(visit, Post(tr("{n} deals are still to be moved. Press until none is left.", n=left), ((more,),)))
    keys = [Key(tr.button(UNDO), Intent("pipeline", stage_id, "undrop")), Key(tr.button(BACK), Intent("pipeline", one.pipeline_id, "setup"))]
    return asked(visit, Post(tr("{stage} is archived.", stage=isolated(one.name)), (tuple(keys),)))


def undrop(session: Session, visit: Visit, stage_id: int, value: str) -> Done:
    """Undo that a stage was archived; what was moved stays where it is now."""
    one = stages.restore_stage(session, visit.rep, stage_id, now=visit.now)
    return setup(session, visit, one.pipeline_id, "")


def _saved(session: Session, visit: Visit, stage_id: int) -> Done:
    quit_wizard(session, visit.rep, NAME)
    return asked(visit, _post(session, visit, stage_id), visit.tr("Saved."))


def asked(visit: Visit, post: Post, toast: str = "") -> Done:
    """A post in the place of the one whose button was pressed."""
    edits = 0 if isinstance(visit.said, Text) else visit.replied_to or 0
    return Done((replace(post, edits=edits),), toast)


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "setup": setup,
    "stage": stage,
    "add": add,
    "name": name,
    "chance": chance,
    "rots": rots,
    "demands": demands,
    "demand": demand,
    "earlier": earlier,
    "drop": drop,
    "undrop": undrop,
}
