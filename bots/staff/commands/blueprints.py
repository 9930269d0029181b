"""/blueprints: managers say how the work after a sale goes: work plans and their steps, ready ones, new ones, archived and brought back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import deals, menus
from bots.staff.commands import blueprint_steps
from bots.staff.commands.blueprint_steps import asked, plan_post, read_steps
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE, UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import LANGUAGES, N_, NATIVE, N_button
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.projects import drafting
from crm.projects.blueprints import blueprint_at, blueprints, plan_of
from crm.projects.drafting import NewBlueprint
from crm.projects.ready import READY, found_ready
from crm.sales.pipelines import pipelines

NAME, PAGE = "blueprints", 5
NEW, USE_READY, BACK, ANY = N_button("New work plan"), N_button("Take a ready one"), N_button("Back"), N_button("Any")


def deed(session: Session, visit: Visit) -> Done:
    """Show the work plans."""
    return Done((_list(session, visit, 0),))


def _list(session: Session, visit: Visit, page: int) -> Post:
    authorise(session, visit.rep, Action.SET_BLUEPRINTS)
    tr, found = visit.tr, blueprints(session)
    rows = [f"{number}. {isolated(one.name)}" for number, one in enumerate(found, 1)]
    head = tr("Work plans: when a deal is won, the work begins after one of them.") if rows else tr("No work plan yet. Take a ready one, or make your own.")
    keys = [Key(f"📋 {clean_name(one.name, 28)}", Intent("plan", one.id, "show")) for one in found[page * PAGE : (page + 1) * PAGE]]
    if len(found) > PAGE:
        keys.append(Key(tr.button(MORE), Intent(NAME, (page + 1) % -(-len(found) // PAGE), "list")))
    below = (Key(tr.button(NEW), Intent(NAME, 0, "new")), Key(tr.button(USE_READY), Intent(NAME, 0, "ready")))
    return Post("\n".join([head, *rows]), (*menus.in_rows(keys, 1), below))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button below the work plans asks for."""
    authorise(session, visit.rep, Action.SET_BLUEPRINTS)
    tr = visit.tr
    name, _, value = intent.detail.partition(":")
    match name:
        case "list":
            return asked(visit, _list(session, visit, intent.target))
        case "new":
            begin(session, visit.rep, Wizard(NAME, NAME, 0, {"what": "new"}), until=visit.now + CONFIRM_MS)
            words = tr("Type its name, and below it a step on each line with its days: {example}", example="\n\nTable\nMeasure 1\nBuild 10\nDeliver 12")
            return Done((menus.question(tr, words, NAME),))
        case "ready" if value:
            made = found_ready(session, visit.rep, value, visit.company.languages[0], now=visit.now)
            return asked(visit, plan_post(session, visit, made.id))
        case "ready":
            keys = [(Key(tr(title), Intent(NAME, 0, f"ready:{name}")),) for name, (title, _) in READY.items()]
            return asked(visit, Post(tr("Which one? You can change everything in it."), (*keys, (Key(tr.button(BACK), Intent(NAME, 0, "list")),))))
    raise Expired


def one(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of one work plan asks for."""
    authorise(session, visit.rep, Action.SET_BLUEPRINTS)
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _show(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    quit_wizard(session, visit.rep, NAME)
    return asked(visit, plan_post(session, visit, plan_id))


def _rename(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    return _type(session, visit, plan_id, "rename", visit.tr("Type the new name of the work plan."))


def _add(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    words = visit.tr("Type the steps, one on each line, with the days after the start: {example}", example="\n\nMeasure 1\nBuild 10\nDeliver 12")
    return _type(session, visit, plan_id, "add", words)


def _type(session: Session, visit: Visit, plan_id: int, what: str, words: str) -> Done:
    begin(session, visit.rep, Wizard(NAME, NAME, plan_id, {"what": what}), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, words, NAME),))


def _typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a name, steps, or both."""
    said = visit.said.text.strip() if isinstance(visit.said, Text) else ""
    try:
        number = _taken(session, visit, wizard, said)
    except Invalid:
        words = visit.tr("This cannot be used: a name of its own, at most {most} steps, and a step on each line. Type it again, or /cancel.")
        return Done((menus.question(visit.tr, words.replace("{most}", str(drafting.STEPS_MOST)), NAME),))
    quit_wizard(session, visit.rep, wizard.name)
    return Done((plan_post(session, visit, number),))


def _taken(session: Session, visit: Visit, wizard: Wizard, said: str) -> int:
    first, _, rest = said.partition("\n")
    match wizard.facts["what"]:
        case "new":
            return drafting.add_blueprint(session, visit.rep, NewBlueprint(first, read_steps(rest), once=visit.once), now=visit.now).id
        case "rename":
            return drafting.rename(session, visit.rep, wizard.target, first, now=visit.now).id
    drafting.add_steps(session, visit.rep, wizard.target, read_steps(said), now=visit.now)
    return wizard.target


def _of(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    """Ask of which pipeline's deals a work plan is, or take the button's."""
    tr = visit.tr
    if value:
        drafting.belong(session, visit.rep, plan_id, int(value) or None, now=visit.now)
        return asked(visit, plan_post(session, visit, plan_id), tr("Saved."))
    keys = [Key(tr.button(ANY), Intent("plan", plan_id, "of:0"))]
    keys += [Key(clean_name(each.name, 24), Intent("plan", plan_id, f"of:{each.id}")) for each in pipelines(session)[: menus.MOST - 2]]
    return _asked(session, visit, plan_id, tr("{name}: for deals of which pipeline?", name=isolated(blueprint_at(session, plan_id).name)), keys)


def _speaks(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    """Ask for customers of which language a work plan is, or take the button's."""
    tr = visit.tr
    if value:
        drafting.speak(session, visit.rep, plan_id, "" if value == "-" else value, now=visit.now)
        return asked(visit, plan_post(session, visit, plan_id), tr("Saved."))
    keys = [Key(tr.button(ANY), Intent("plan", plan_id, "speaks:-"))]
    keys += [Key(NATIVE[each], Intent("plan", plan_id, f"speaks:{each}")) for each in LANGUAGES if each in visit.company.languages]
    return _asked(session, visit, plan_id, tr("{name}: for customers who speak what?", name=isolated(blueprint_at(session, plan_id).name)), keys)


def _asked(session: Session, visit: Visit, plan_id: int, words: str, keys: list[Key]) -> Done:
    back = Key(visit.tr.button(BACK), Intent("plan", plan_id, "show"))
    return asked(visit, Post(words, (*menus.in_rows(keys), (back,))))


def _steps(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    """Every step as a button."""
    tr, plan = visit.tr, plan_of(session, plan_id)
    keys = [Key(f"{place}. {clean_name(step.title, 26)}", Intent("bstep", step.id, "show")) for place, step in enumerate(plan.steps, 1)]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("plan", plan_id, f"steps:{page}"))
    post = Post(tr("{name}: which step?", name=isolated(plan.name)), (*menus.in_rows(keys, 1), (Key(tr.button(BACK), Intent("plan", plan_id, "show")),)))
    return asked(visit, post)


def _archive(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    gone = drafting.offer(session, visit.rep, plan_id, False, now=visit.now)
    words = visit.tr("{name} begins no work any more. What runs goes on.", name=isolated(gone.name))
    return asked(visit, Post(words, ((Key(visit.tr.button(UNDO), Intent("plan", plan_id, "restore")),),)))


def _restore(session: Session, visit: Visit, plan_id: int, value: str) -> Done:
    drafting.offer(session, visit.rep, plan_id, True, now=visit.now)
    return replace(asked(visit, plan_post(session, visit, plan_id)), toast=visit.tr("Saved."))


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": _show,
    "rename": _rename,
    "add": _add,
    "of": _of,
    "speaks": _speaks,
    "steps": _steps,
    "archive": _archive,
    "restore": _restore,
}

COMMAND = Command(
    NAME,
    N_("How the work after a sale goes"),
    deed,
    Action.SET_BLUEPRINTS,
    presses={NAME: turn, "plan": one, **blueprint_steps.PRESSES},
    listeners={NAME: _typed, **blueprint_steps.LISTENERS},
    group=Group.SETUP,
)
