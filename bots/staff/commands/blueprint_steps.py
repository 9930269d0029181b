"""Steps of a work plan: what, by whom, after how many days, and what the customer reads; by buttons, and typed as a list."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import deals, menus
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Pressed, Visit
from bots.staff.words import line_html
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.base.policy import Action, may
from crm.base.template import BadTemplate
from crm.base.text import clean_name, escape_html, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise, reps
from crm.people.teams import teams
from crm.projects import drafting
from crm.projects.blueprints import BlueprintStep, NotifyOn, Plan, Whose, blueprint_at, plan_of, step_at
from crm.projects.drafting import NewStep
from crm.reports.words import plain_name
from crm.sales.pipelines import pipelines

STEP = "bstep"
STEPS, ADD, RENAME, PIPELINE = N_button("Steps…"), N_button("Add steps"), N_button("Rename"), N_button("Which deals")
LANGUAGE, ARCHIVE, BACK, UP = N_button("Which language"), N_button("Archive"), N_button("Back"), N_button("⬆ Earlier")
TITLE, DAYS, DOER, WORDS = N_button("What"), N_button("How many days"), N_button("Who does it"), N_button("What customers read")
REMOVE, OF_DEAL, NOTHING, TYPED = N_button("Remove"), N_button("Whoever has the deal"), N_button("They read nothing"), N_button("Type a number")
WORKING, ALL_DAYS = N_button("Only working days"), N_button("All days")
ON_BEGUN, ON_DONE = N_button("When it is begun"), N_button("When it is done")
BY_ITSELF, WHEN_ASKED = N_button("By itself"), N_button("Ask me first")
CHOSEN_DAYS = (0, 1, 2, 3, 5)
ASKED = {"title": N_("Type what is to be done."), "days": N_("Type after how many days.")}
TELLS = N_("Type what customers read of this step. Fields: {fields}")
_LINE = re.compile(r"(?P<title>.*?\S)[\s;,:–-]+(?P<days>\d{1,3})\s*(?:d|days?|օր|დღე|დღეში|ቀን|ቀናት|д|дн|день|дня|дней)?\.?", re.IGNORECASE)


def read_steps(text: str) -> list[NewStep]:
    """Steps from typed lines, each with the days after the start behind it; without a number a step is a day after the one before. Pure."""
    made: list[NewStep] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        found = _LINE.fullmatch(line)
        title, days = (found["title"], int(found["days"])) if found else (line, made[-1].due_days + 1 if made else 1)
        made.append(NewStep(title, days))
    return made


def asked(visit: Visit, post: Post, toast: str = "") -> Done:
    """What is shown in the place of what was pressed."""
    return Done((replace(post, edits=0 if isinstance(visit.said, Text) else instead(visit)),), toast)


def plan_post(session: Session, visit: Visit, plan_id: int) -> Post:
    """A work plan with its steps and what may be changed."""
    authorise(session, visit.rep, Action.SET_BLUEPRINTS)
    tr, plan = visit.tr, plan_of(session, plan_id)
    names = {rep.id: rep.name for rep in reps(session)}
    groups = {team.id: team.name for team in teams(session, visit.rep)} if may(visit.rep.role, Action.STEER_TEAM) else {}
    which = next((one.name for one in pipelines(session) if one.id == plan.pipeline_id), "")
    rows = [f"📋 <b>{line_html(plan.name, 60)}</b>", _about(tr, plan, which), ""]
    rows += [f"{place}. {step_line(tr, step, names, groups)}" for place, step in enumerate(plan.steps, 1)]
    rows += [] if plan.steps else [tr("It has no steps yet: no work begins after it.")]
    verbs = ((STEPS, "steps"), (ADD, "add"), (RENAME, "rename"), (PIPELINE, "of"), (LANGUAGE, "speaks"), (ARCHIVE, "archive"))
    keys = [Key(tr.button(label), Intent("plan", plan_id, verb)) for label, verb in verbs if plan.steps or verb != "steps"]
    return Post("\n".join(rows), (*menus.in_rows(keys), (Key(tr.button(BACK), Intent("blueprints", 0, "list")),)), html=True)


def _about(tr: Translator, plan: Plan, pipeline: str) -> str:
    """For which deals and customers a plan is."""
    deals_of = tr("for deals of {pipeline}", pipeline=line_html(pipeline, 40)) if pipeline else tr("for all deals")
    return " · ".join(filter(None, (deals_of, escape_html(NATIVE.get(plan.language, "")))))


def step_line(tr: Translator, step: BlueprintStep, names: Mapping[int, str], groups: Mapping[int, str]) -> str:
    """A step of a plan on a line."""
    count = step.due_days
    days = tr.many("{n} working day", "{n} working days", count) if step.working else tr.many("{n} day", "{n} days", count)
    who = {Whose.REP.value: names, Whose.TEAM.value: groups}.get(step.whose, {}).get(step.whose_id or 0, "")
    told = f"📣 {line_html(step.notify_text, 60)}" if step.notify_text else ""
    return " · ".join(filter(None, (line_html(step.title, 80), days, line_html(who, 30) if who else "", told)))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a step asks for."""
    authorise(session, visit.rep, Action.SET_BLUEPRINTS)
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _post(session: Session, visit: Visit, step_id: int) -> Post:
    tr, step = visit.tr, step_at(session, step_id)
    names = {rep.id: rep.name for rep in reps(session)}
    groups = {team.id: team.name for team in teams(session, visit.rep)} if may(visit.rep.role, Action.STEER_TEAM) else {}
    verbs = ((TITLE, "title"), (DAYS, "days"), (DOER, "who"), (WORDS, "words"), (UP, "up"), (REMOVE, "remove"))
    keys = [Key(tr.button(label), Intent(STEP, step_id, verb)) for label, verb in verbs]
    back = Key(tr.button(BACK), Intent("plan", step.blueprint_id, "show"))
    words = f"📋 {line_html(blueprint_at(session, step.blueprint_id).name, 60)}\n{step_line(tr, step, names, groups)}"
    return Post(words, (*menus.in_rows(keys), (back,)), html=True)


def _show(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    quit_wizard(session, visit.rep, STEP)
    return asked(visit, _post(session, visit, step_id))


def _choice(visit: Visit, words: str, keys: Sequence[Key], step_id: int) -> Done:
    back = Key(visit.tr.button(BACK), Intent(STEP, step_id, "show"))
    return asked(visit, Post(words, (*menus.in_rows(keys), (back,))))


def _listen(session: Session, visit: Visit, step_id: int, what: str, words: str) -> Done:
    begin(session, visit.rep, Wizard(STEP, STEP, step_id, {"what": what}), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, words, STEP),))


def _title(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    return _listen(session, visit, step_id, "title", visit.tr(ASKED["title"]))


def _days(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Ask after how many days a step is due, and whether only working days count; or take the button's."""
    tr, step = visit.tr, step_at(session, step_id)
    if value == "typed":
        return _listen(session, visit, step_id, "days", tr(ASKED["days"]))
    if value == "working":
        drafting.due_after(session, visit.rep, step_id, step.due_days, working=not step.working, now=visit.now)
    elif value:
        drafting.due_after(session, visit.rep, step_id, int(value), working=bool(step.working), now=visit.now)
        return asked(visit, _post(session, visit, step_id), tr("Saved."))
    keys = [Key(("✓ " if one == step.due_days else "") + str(one), Intent(STEP, step_id, f"days:{one}")) for one in CHOSEN_DAYS]
    keys += [Key(tr.button(TYPED), Intent(STEP, step_id, "days:typed"))]
    keys += [Key(tr.button(ALL_DAYS if step.working else WORKING), Intent(STEP, step_id, "days:working"))]
    counted = tr("only working days count") if step.working else tr("all days count")
    return _choice(visit, tr("{step}: how many days after the start? ({counted})", step=isolated(step.title), counted=counted), keys, step_id)


def _who(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Ask who does a step, or take the button's."""
    tr, step = visit.tr, step_at(session, step_id)
    whose, _, number = value.partition("-")
    if whose in set(Whose):
        drafting.done_by(session, visit.rep, step_id, Whose(whose), int(number) or None, now=visit.now)
        return asked(visit, _post(session, visit, step_id), tr("Saved."))
    keys = [Key(tr.button(OF_DEAL), Intent(STEP, step_id, "who:deal-0"))]
    if may(visit.rep.role, Action.STEER_TEAM):
        keys += [Key(f"👥 {clean_name(one.name, 22)}", Intent(STEP, step_id, f"who:team-{one.id}")) for one in teams(session, visit.rep)]
    doers = [rep for rep in reps(session) if may(rep.role, Action.DO_TASK)]
    keys += [Key(plain_name(tr, rep.name, 24), Intent(STEP, step_id, f"who:rep-{rep.id}")) for rep in doers]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent(STEP, step_id, f"who:{page}"))
    return _choice(visit, tr("{step}: who does it?", step=isolated(step.title)), keys, step_id)


def _words(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Ask what customers read of a step and when, or take the button's."""
    tr, step = visit.tr, step_at(session, step_id)
    on, auto = NotifyOn(step.notify_on), bool(step.notify_auto)
    match value:
        case "type":
            return _listen(session, visit, step_id, "words", tr(TELLS, fields="{name}, {company}, {rep}"))
        case "none":
            drafting.tells(session, visit.rep, step_id, "", now=visit.now)
        case "on":
            on = NotifyOn.DONE if on is NotifyOn.BEGUN else NotifyOn.BEGUN
            drafting.tells_when(session, visit.rep, step_id, on, auto=auto, now=visit.now)
        case "auto":
            auto = not auto
            drafting.tells_when(session, visit.rep, step_id, on, auto=auto, now=visit.now)
    keys = [Key(tr.button(WORDS), Intent(STEP, step_id, "words:type"))]
    if step.notify_text:
        keys += [Key(tr.button(ON_DONE if on is NotifyOn.BEGUN else ON_BEGUN), Intent(STEP, step_id, "words:on"))]
        keys += [Key(tr.button(WHEN_ASKED if auto else BY_ITSELF), Intent(STEP, step_id, "words:auto"))]
        keys += [Key(tr.button(NOTHING), Intent(STEP, step_id, "words:none"))]
    return _choice(visit, _told(tr, step), keys, step_id)


def _told(tr: Translator, step: BlueprintStep) -> str:
    """What customers read of a step, and when."""
    if not step.notify_text:
        return tr("{step}: customers read nothing of it.", step=isolated(step.title))
    when = tr("when it is begun") if step.notify_on == NotifyOn.BEGUN else tr("when it is done")
    how = tr("by itself") if step.notify_auto else tr("after you were asked")
    return tr("{step}: customers read this {when}, {how}:", step=isolated(step.title), when=when, how=how) + f"\n\n{isolated(step.notify_text)}"


def _up(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    drafting.put_before(session, visit.rep, step_id, now=visit.now)
    return asked(visit, plan_post(session, visit, step_at(session, step_id).blueprint_id), visit.tr("Saved."))


def _remove(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Take a step out; what was typed of it stands in the answer, so that it can be added again."""
    plan_id = step_at(session, step_id).blueprint_id
    was = drafting.remove_step(session, visit.rep, step_id, now=visit.now)
    words = visit.tr("Taken out: {step}. To add it again, press “Add steps”.", step=f"{was.title} {was.due_days}")
    return asked(visit, plan_post(session, visit, plan_id), words)


def _typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take a title, a number of days, or the customers' words."""
    said, what = (visit.said.text.strip() if isinstance(visit.said, Text) else ""), wizard.facts["what"]
    try:
        if what == "title":
            drafting.entitle(session, visit.rep, wizard.target, said, now=visit.now)
        elif what == "days":
            working = bool(step_at(session, wizard.target).working)
            drafting.due_after(session, visit.rep, wizard.target, int(said) if said.isdecimal() else -1, working=working, now=visit.now)
        else:
            drafting.tells(session, visit.rep, wizard.target, said, now=visit.now)
    except BadTemplate as error:
        return Done((menus.question(visit.tr, visit.tr(error.phrase, **error.fields), STEP),))
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr(ASKED[str(what)]), STEP),))
    quit_wizard(session, visit.rep, wizard.name)
    return _words(session, visit, wizard.target, "") if what == "words" else Done((_post(session, visit, wizard.target),))


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": _show,
    "title": _title,
    "days": _days,
    "who": _who,
    "words": _words,
    "up": _up,
    "remove": _remove,
}
PRESSES: Mapping[str, Pressed] = {STEP: turn}
LISTENERS: Mapping[str, Listener] = {STEP: _typed}
