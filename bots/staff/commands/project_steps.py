"""Steps of a project at the staff's hands: begun, done, waiting for something, put off, given, told to the customer, and each of it taken back."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import deals, menus, projects
from bots.staff.posts import Key, Post
from bots.staff.tasks import at as chosen_at
from bots.staff.tasks import instead, times, zone_of
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Pressed, Visit
from bots.staff.words import UNDO, line_html
from crm.base import moments
from crm.base.db import Session
from crm.base.errors import Expired, Invalid, Unreachable
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import reps
from crm.projects import steps
from crm.projects.projects import StepState, step_at
from crm.projects.steps import Deed
from crm.reports.projects import Sheet, StepSeen, sheet
from crm.reports.words import plain_name

STEP, WHY, WHEN = "pstep", "pstep_why", "pstep_when"
DONE, BEGUN, WAITS, SKIP = N_button("✔ Done"), N_button("▶ Begun"), N_button("⛔ It waits…"), N_button("Leave it out")
ANOTHER_TIME, GIVE, BACK, GOES_ON = N_button("Another time"), N_button("Give to…"), N_button("Back"), N_button("▶ It goes on")
OF_DEAL = N_button("Whoever has the deal")
STATES = {StepState.DONE: N_("done"), StepState.SKIPPED: N_("left out"), StepState.BLOCKED: N_("waits for something")}


def shown(session: Session, visit: Visit, project_id: int, toast: str = "", *, undo: int = 0) -> Done:
    """The project in the place of the post whose button was pressed."""
    post = projects.post(visit, sheet(session, visit.rep, project_id), undo=undo)
    return Done((replace(post, edits=_edits(visit)),), toast)


def choice(visit: Visit, words: str, keys: list[Key], project_id: int, *, wide: int = 2) -> Done:
    """A question about a project with its answers as buttons, and the way back, in the place of what was pressed."""
    back = Key(visit.tr.button(BACK), Intent("project", project_id, "show"))
    return Done((Post(words, (*menus.in_rows(keys, wide), (back,)), edits=_edits(visit)),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a step asks for."""
    name, _, value = intent.detail.partition(":")
    pressed = TURNS.get(name)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def _edits(visit: Visit) -> int:
    return 0 if isinstance(visit.said, Text) else instead(visit)


def _deed(visit: Visit) -> Deed:
    return Deed(visit.rep, visit.company)


def _seen(session: Session, visit: Visit, step_id: int) -> tuple[Sheet, StepSeen]:
    found = sheet(session, visit.rep, step_at(session, step_id).project_id)
    return found, next(step for step in found.steps if step.id == step_id)


def _show(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """One step with what may be done with it."""
    for name in (WHY, WHEN):
        quit_wizard(session, visit.rep, name)
    tr, (found, step) = visit.tr, _seen(session, visit, step_id)
    rows = [f"🛠 {line_html(found.brief.title, 80)}", projects.step_line(tr, step, visit.company.zone)]
    if step.state in STATES:
        rows.append(tr(STATES[step.state]))
    back = Key(tr.button(BACK), Intent("project", found.brief.id, "show"))
    return Done((Post("\n".join(rows), (*menus.in_rows(_keys(visit, step)), (back,)), html=True, edits=_edits(visit)),))


def _keys(visit: Visit, step: StepSeen) -> list[Key]:
    if not may(visit.rep.role, Action.CHANGE_PROJECT):
        return []
    tell = [(projects.TELL, "tell")] if step.notify_text and not step.told else []
    if step.state in (StepState.DONE, StepState.SKIPPED):
        wanted = [(UNDO, "undo"), *tell]
    else:
        blocked = step.state is StepState.BLOCKED
        going = [(GOES_ON, "undo")] if blocked else [] if step.begun else [(BEGUN, "begin")]
        give = [(GIVE, "give")] if may(visit.rep.role, Action.GIVE_TASK) else []
        wanted = [(DONE, "done"), *going, *([] if blocked else [(WAITS, "block")]), (SKIP, "skip"), (ANOTHER_TIME, "when"), *give, *tell]
    return [Key(visit.tr.button(label), Intent(STEP, step.id, verb)) for label, verb in wanted]


def _done(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    step = steps.finish_step(session, _deed(visit), step_id, now=visit.now)
    return shown(session, visit, step.project_id, visit.tr("Done."), undo=step.id)


def _skip(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    step = steps.skip_step(session, _deed(visit), step_id, now=visit.now)
    return shown(session, visit, step.project_id, visit.tr("Left out."), undo=step.id)


def _begin(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    step = steps.begin_step(session, _deed(visit), step_id, now=visit.now)
    return shown(session, visit, step.project_id, visit.tr("Begun."))


def _undo(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    step = steps.reopen_step(session, _deed(visit), step_id, now=visit.now)
    return shown(session, visit, step.project_id, visit.tr("It is to be done."))


def _tell(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    if not steps.tell_of(session, _deed(visit), step_id, now=visit.now):
        raise Unreachable
    return shown(session, visit, step_at(session, step_id).project_id, visit.tr("Told."))


def _block(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    _, step = _seen(session, visit, step_id)
    begin(session, visit.rep, Wizard(WHY, WHY, step_id), until=visit.now + CONFIRM_MS)
    return Done((menus.question(visit.tr, visit.tr("{step}: what does it wait for? Type it.", step=step.title), WHY),))


def _blocked(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what a step waits for."""
    said = visit.said.text if isinstance(visit.said, Text) else ""
    try:
        step = steps.block_step(session, _deed(visit), wizard.target, said, now=visit.now)
    except Invalid:
        return Done((menus.question(visit.tr, visit.tr("Say in a few words what it waits for, or /cancel."), WHY),))
    quit_wizard(session, visit.rep, wizard.name)
    return shown(session, visit, step.project_id)


def _when(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Ask when a step is due, or take the time of the button."""
    tr, (found, step) = visit.tr, _seen(session, visit, step_id)
    if value and value != "typed":
        steps.put_off_step(session, _deed(visit), step_id, chosen_at(value, visit), now=visit.now)
        return shown(session, visit, found.brief.id, tr("Saved."))
    if value:
        begin(session, visit.rep, Wizard(WHEN, WHEN, step_id), until=visit.now + CONFIRM_MS)
        return Done((menus.question(tr, tr("When? Write it like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h."), WHEN),))
    keys = times(tr, visit.rep, visit.company, visit.now, Intent(STEP, step_id, "when"))
    return choice(visit, tr("{step}: when shall it be done?", step=step.title), keys, found.brief.id)


def _timed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the time that was typed."""
    said = visit.said.text if isinstance(visit.said, Text) else ""
    at = moments.read(said, visit.now, zone_of(visit.rep, visit.company)).at
    if at is None or at <= visit.now:
        words = visit.tr("I do not understand that time. Write it like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h. Or /cancel.")
        return Done((menus.question(visit.tr, words, WHEN),))
    step = steps.put_off_step(session, _deed(visit), wizard.target, at, now=visit.now)
    quit_wizard(session, visit.rep, wizard.name)
    return shown(session, visit, step.project_id)


def _give(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    """Ask whose a step shall be."""
    tr, (found, step) = visit.tr, _seen(session, visit, step_id)
    keys = [Key(tr.button(OF_DEAL), Intent(STEP, step_id, "to:0"))] if step.rep_id else []
    others = [rep for rep in reps(session) if rep.id != step.rep_id and may(rep.role, Action.DO_TASK)]
    keys += [Key(plain_name(tr, rep.name, 24), Intent(STEP, step_id, f"to:{rep.id}")) for rep in others]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent(STEP, step_id, f"give:{page}"))
    return choice(visit, tr("{step}: whose shall it be?", step=step.title), keys, found.brief.id)


def _to(session: Session, visit: Visit, step_id: int, value: str) -> Done:
    step = steps.give_step(session, _deed(visit), step_id, int(value) or None, now=visit.now)
    return shown(session, visit, step.project_id, visit.tr("Saved."))


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": _show,
    "done": _done,
    "skip": _skip,
    "begin": _begin,
    "undo": _undo,
    "tell": _tell,
    "block": _block,
    "when": _when,
    "give": _give,
    "to": _to,
}
PRESSES: Mapping[str, Pressed] = {STEP: turn}
LISTENERS: Mapping[str, Listener] = {WHY: _blocked, WHEN: _timed}
