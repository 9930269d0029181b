"""/projects: the work after the sale: what does badly first; a project's steps, what its customer is told, its end and the way back."""

from collections.abc import Callable, Mapping

from bots.staff import deals, menus, projects
from bots.staff.commands import project_budget, project_steps
from bots.staff.commands.project_steps import choice, shown
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import HISTORY, MORE
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button, translator
from crm.base.policy import Action, may
from crm.base.text import clean_name, isolated
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.reps import reps
from crm.projects import closing, starting
from crm.projects.blueprints import blueprints
from crm.projects.projects import ENDED, project_at, steps_of
from crm.projects.starting import Cause
from crm.projects.telling import progress, step_words
from crm.reports import projects as reports
from crm.reports.deal import sheet as deal_sheet
from crm.reports.projects import Place, sheet
from crm.reports.words import plain_name

PAGE = 5
HAND_OVER, DEAL, HOW_FAR = N_button("Hand over"), N_button("The deal"), N_button("How far it is")
YES_CLOSE = N_button("Close it anyway")


def deed(session: Session, visit: Visit) -> Done:
    """Show the projects that run, those that do badly first."""
    return page(session, visit, Intent("projects"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """One page of projects; `detail` is the place to go on from."""
    tr, place = visit.tr, [int(one) for one in intent.detail.split(":")] if intent.detail else []
    found, following = reports.projects(session, visit.rep, after=Place(*place) if place else None, limit=PAGE)
    rows = [f"{number}. {projects.facts(tr, one, visit.company.zone)}" for number, one in enumerate(found, 1)]
    head = tr("The work that runs, what needs you first:") if rows else tr("No work runs. It begins by itself when a deal is won, if there is a work plan.")
    keys = [(Key(projects.label(tr, one, number), Intent("project", one.id, "open")),) for number, one in enumerate(found, 1)]
    below = [menus.command_key(tr, "ratings")]
    if may(visit.rep.role, Action.SET_BLUEPRINTS):
        below.append(menus.command_key(tr, "blueprints"))
    if following:
        below.append(Key(tr.button(MORE), Intent("projects", 0, f"{following.rank}:{following.at}:{following.id}")))
    return Done((Post("\n".join([head, *rows]), (*keys, tuple(below))),))


def of_deal(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the project of a deal, or ask after which blueprint it begins."""
    tr, found = visit.tr, deal_sheet(session, visit.rep, intent.target)
    known = reports.of_deal(session, intent.target)
    if known:
        return Done((projects.post(visit, sheet(session, visit.rep, known)),))
    fit = [(one.id, one.name) for one in blueprints(session)]
    if fit:
        return Done((projects.choose(tr, found.brief, fit),))
    words = tr("There is no work plan yet: a list of the steps that follow a sale.")
    below = menus.command_key(tr, "blueprints") if may(visit.rep.role, Action.SET_BLUEPRINTS) else deals.back(tr, intent.target)
    return Done((Post(words, ((below,),)),))


def new(session: Session, visit: Visit, intent: Intent) -> Done:
    """Begin the project of a deal after the blueprint of the button."""
    cause = Cause(f"deal:{intent.target}:by:{visit.chat}:{visit.replied_to or visit.event}", visit.company)
    try:
        made = starting.start(session, visit.rep, intent.target, int(intent.detail), cause, now=visit.now)
    except Invalid:
        return Done(toast=visit.tr("It runs already, or this work plan has no steps."), alert=True)
    return shown(session, visit, made.id, visit.tr("The work has begun."))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a project asks for."""
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _open(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    return Done((projects.post(visit, sheet(session, visit.rep, project_id)),))


def _show(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    return shown(session, visit, project_id)


def _steps(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Every step as a button."""
    tr, found = visit.tr, sheet(session, visit.rep, project_id)
    keys = [Key(f"{projects.STATES[one.state]} {clean_name(one.title, 24)}", Intent("pstep", one.id, "show")) for one in found.steps]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("project", project_id, f"steps:{page}"))
    return choice(visit, tr("{title}: which step?", title=isolated(clean_name(found.brief.title, 60))), keys, project_id, wide=1)


def _tell(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Show what the customer would read: how far it is, or the words of a step they have not read yet."""
    tr, found = visit.tr, sheet(session, visit.rep, project_id)
    project, language = project_at(session, project_id), root_of(session, found.contact_id).language
    words = tr("{name} would read this:", name=plain_name(tr, found.brief.name))
    text = progress(translator(language), project, steps_of(session, project_id), visit.company.zone)
    keys = [Key(tr.button(HOW_FAR), Intent("project", project_id, "told"))]
    for step in steps_of(session, project_id):
        if step.notify_text and not step.told_at and (step.state in ENDED or step.begun_at) and len(keys) < menus.MOST - 2:
            keys.append(Key(f"📣 {clean_name(step.title, projects.LABEL_MOST)}", Intent("pstep", step.id, "tell")))
            text += f"\n\n📣 {step_words(session, project, step, visit.company)}"
    return choice(visit, f"{words}\n\n{isolated(text)}", keys, project_id, wide=1)


def _told(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    closing.tell_customer(session, visit.rep, project_id, visit.company, once=visit.once, now=visit.now)
    return shown(session, visit, project_id, visit.tr("Told."))


def _close(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Close a project; where steps are left, only after a second look."""
    tr, found = visit.tr, sheet(session, visit.rep, project_id)
    left = found.brief.steps - found.brief.done
    if left and value != "sure":
        words = tr.many("{n} step is not done. Close it anyway?", "{n} steps are not done. Close it anyway?", left)
        return choice(visit, words, [Key(tr.button(YES_CLOSE), Intent("project", project_id, "close:sure"))], project_id)
    closing.close(session, visit.rep, project_id, visit.company, now=visit.now)
    return shown(session, visit, project_id, tr("Closed."))


def _more(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    tr, found = visit.tr, sheet(session, visit.rep, project_id)
    keys = [Key(tr.button(projects.CLOSE), Intent("project", project_id, "close"))]
    if may(visit.rep.role, Action.GIVE_TASK):
        keys.append(Key(tr.button(HAND_OVER), Intent("project", project_id, "give")))
    if found.deal_id:
        keys.append(Key(tr.button(projects.BUDGET), Intent("project", project_id, "budget")))
        keys.append(Key(tr.button(DEAL), Intent("deal", found.deal_id, "open")))
    keys.append(Key(tr.button(projects.CALL_OFF), Intent("project", project_id, "cancel")))
    if may(visit.rep.role, Action.SEE_HISTORY):
        keys.append(Key(tr.button(HISTORY), Intent("history", project_id, "project")))
    return choice(visit, tr("{title}: what do you want to change?", title=isolated(clean_name(found.brief.title, 60))), keys, project_id)


def _give(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    tr, found = visit.tr, sheet(session, visit.rep, project_id)
    others = [rep for rep in reps(session) if rep.id != found.brief.rep_id and may(rep.role, Action.CHANGE_PROJECT)]
    keys = [Key(plain_name(tr, rep.name, 24), Intent("project", project_id, f"given:{rep.id}")) for rep in others]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("project", project_id, f"give:{page}"))
    return choice(visit, tr("{title}: who is to have it?", title=isolated(clean_name(found.brief.title, 60))), keys, project_id)


def _given(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    closing.give(session, visit.rep, project_id, int(value), now=visit.now)
    return shown(session, visit, project_id, visit.tr("Saved."))


def _cancel(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    closing.cancel(session, visit.rep, project_id, now=visit.now)
    return shown(session, visit, project_id, visit.tr("Called off."))


def _reopen(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    try:
        closing.reopen(session, visit.rep, project_id, now=visit.now)
    except Invalid:
        return Done(toast=visit.tr("Other work of this deal runs already."), alert=True)
    return shown(session, visit, project_id, visit.tr("It runs on."))


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "open": _open,
    "show": _show,
    "steps": _steps,
    "tell": _tell,
    "told": _told,
    "close": _close,
    "more": _more,
    "give": _give,
    "given": _given,
    "cancel": _cancel,
    "reopen": _reopen,
    **project_budget.TURNS,
}

COMMAND = Command(
    "projects",
    N_("The work after the sale"),
    deed,
    Action.SEE_PROJECTS,
    presses={"project": turn, "projects": page, "project_of": of_deal, "project_new": new, **project_steps.PRESSES},
    listeners={**project_steps.LISTENERS, **project_budget.LISTENERS},
    group=Group.SELL,
)
