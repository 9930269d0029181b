"""Projects: how one reads on a line and in a post of its own, and what is told of it to its owner and the managers."""

from collections.abc import Iterator, Sequence

from bots.staff import deals
from bots.staff.healths import HEALTHS, MARKS
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.visit import Visit
from bots.staff.words import UNDO, line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.policy import Action, may
from crm.base.text import clean_name, escape_html, isolated
from crm.base.time import local
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.people.field_words import shown_date
from crm.projects.blueprints import fitting
from crm.projects.budget import OVER, Spent, spent_on
from crm.projects.projects import Health, ProjectState, StepState, project_at, step_at
from crm.reports.deals import Brief as Deal
from crm.reports.deals import as_read_by as deal_as_read
from crm.reports.deals import briefs
from crm.reports.projects import Brief, Sheet, StepSeen, as_read_by, brief_of
from crm.reports.words import plain_name
from crm.sales.deals import deal_at

STEPS, TELL, CLOSE, MORE_OF = N_button("Steps…"), N_button("📣 Tell the customer"), N_button("🏁 Close it"), N_button("More…")
BUDGET = N_button("💰 Budget and costs")
REOPEN, CARD, LATER, CALL_OFF = N_button("Run it on"), N_button("Show the card"), N_button("Not now"), N_button("Call it off")
WHYS = {
    "step": N_("a step waits for something"),
    "overdue": N_("a step is overdue"),
    "near": N_("a step is due soon and nobody has begun it"),
    "end": N_("it is due soon and much is left"),
    "quiet": N_("nothing has happened for days"),
}
STATES = {StepState.OPEN: "▫️", StepState.BLOCKED: "⛔", StepState.DONE: "✅", StepState.SKIPPED: "➖"}
ENDS = {ProjectState.DONE: N_("Done {when}"), ProjectState.CANCELLED: N_("Called off {when}")}
TOLD = {
    "started": N_("🛠 The work on this has begun:"),
    "given": N_("🛠 This project is yours now:"),
    "ready": N_("🏁 Every step is done. Close it, and the customer is asked how content they are:"),
    "reopened": N_("⚠️ The deal runs on, but work on it was done already. Shall it go on?"),
    Health.BLOCKED.value: N_("⛔ This project waits for something:"),
    Health.LATE.value: N_("⏰ This project is late, or will be:"),
    Health.SILENT.value: N_("💤 Nothing has happened in this project for days:"),
    OVER: N_("💰 This project costs more than it may:"),
}
RAISED = frozenset({Health.BLOCKED.value, Health.LATE.value, Health.SILENT.value})
LABEL_MOST, OFFERED = 22, 6


def day(tr: Translator, at: int, zone: str) -> str:
    """The local day of an instant in the reader's words."""
    return shown_date(local(at, zone).date(), tr.language)


def facts(tr: Translator, one: Brief, zone: str) -> str:
    """A project of a list in words, what is wrong first."""
    title = isolated(clean_name(one.title, 40))
    name = plain_name(tr, one.name, 30) if one.title.strip() != one.name.strip() else ""
    wrong = f"{MARKS[one.health]} {tr(HEALTHS[one.health])}" if one.health in HEALTHS else ""
    due = tr("due {when}", when=day(tr, one.due_at, zone)) if one.state is ProjectState.RUNNING else ""
    return " · ".join(filter(None, (wrong, title, name, f"{one.done}/{one.steps}", due)))


def label(tr: Translator, one: Brief, number: int = 0) -> str:
    """A project on a button."""
    return f"{f'{number}. ' if number else ''}{MARKS[one.health]} {isolated(clean_name(one.title, 28))}"


def post(visit: Visit, one: Sheet, *, undo: int = 0) -> Post:
    """A project with its steps and what may be done with it; `undo` is the step whose end may be taken back. Pure."""
    return Post("\n".join(_lines(visit, one)), keys(visit.tr, visit.rep, one, undo), html=True)


def _lines(visit: Visit, one: Sheet) -> Iterator[str]:
    tr, brief, zone = visit.tr, one.brief, visit.company.zone
    yield f"🛠 <b>{line_html(brief.title, 80)}</b> · {brief.done}/{brief.steps}"
    yield " · ".join((name_html(tr, brief.name), tr("Whose: {name}", name=name_html(tr, brief.owner)) if brief.owner else tr("Nobody has it")))
    if brief.state is not ProjectState.RUNNING:
        yield tr(ENDS[brief.state], when=tr.when(brief.ended_at, zone, visit.now))
    else:
        yield tr("Due: {when}", when=escape_html(day(tr, brief.due_at, zone)))
        if brief.health in HEALTHS:
            yield f"{MARKS[brief.health]} {tr(WHYS[brief.why]) if brief.why in WHYS else tr(HEALTHS[brief.health])}"
    if spent := spent_words(tr, one.money):
        yield escape_html(spent)
    yield ""
    for step in one.steps:
        yield step_line(tr, step, zone)


def spent_words(tr: Translator, one: Spent) -> str:
    """What a project has cost and may cost; "" where nobody has said anything of either. Pure."""
    spent, budget, left = (money(tr.language, much, one.currency) for much in (one.spent, one.budget, abs(one.left)))
    if not one.budget:
        return tr("Costs: {spent}", spent=spent) if one.spent else ""
    if one.over:
        return "⚠️ " + tr("Budget: {spent} of {budget}, {much} too much", spent=spent, budget=budget, much=left)
    return tr("Budget: {spent} of {budget}, left {left}", spent=spent, budget=budget, left=left)


def step_line(tr: Translator, step: StepSeen, zone: str) -> str:
    """A step as a line of its project."""
    mark = "▶️" if step.begun and step.state is StepState.OPEN else STATES[step.state]
    open_ones = step.state in (StepState.OPEN, StepState.BLOCKED)
    when = escape_html(day(tr, step.due_at, zone)) if open_ones else ""
    why = line_html(step.why, 80) if step.why else ""
    told = "📣" if step.told else ""
    return f"{mark} {' · '.join(filter(None, (line_html(step.title, 80), when, name_html(tr, step.who, 30) if step.who and open_ones else '', why, told)))}"


def keys(tr: Translator, rep: Rep, one: Sheet, undo: int = 0) -> Keys:
    """What may be done with a project: the next step first."""
    number = one.brief.id

    def act(label: str, detail: str) -> Key:
        return Key(tr.button(label), Intent("project", number, detail))

    shown = (Key(tr.button(CARD), Intent("show", one.conversation_id)),) if one.conversation_id and may(rep.role, Action.TALK) else ()
    if not may(rep.role, Action.CHANGE_PROJECT):
        return (shown,) if shown else ()
    if one.brief.state is not ProjectState.RUNNING:
        purse = (act(BUDGET, "budget"),) if one.deal_id else ()
        return ((act(REOPEN, "reopen"), *purse, *shown),)
    following = one.following
    first = Key(f"✔ {clean_name(following.title, LABEL_MOST)}", Intent("pstep", following.id, "done")) if following else act(CLOSE, "close")
    back = (Key(f"↩ {tr.button(UNDO)}", Intent("pstep", undo, "undo")),) if undo else ()
    return (first,), (act(STEPS, "steps"), act(TELL, "tell"), *back), (act(MORE_OF, "more"), *shown)


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Something is to be known of a project, or its owner is to choose how it begins."""
    why = str(notice.facts.get("why", ""))
    if why == "which":
        return _which(session, notice, scene)
    found = brief_of(session, notice.subject_id)
    if found is None or found.state is not ProjectState.RUNNING or (why in RAISED and found.health.value != why):
        return Rendered(notice)
    spent = spent_on(session, project_at(session, found.id)) if why == OVER else None
    if spent and not spent.over:
        return Rendered(notice)
    owner = scene.rep(found.rep_id)
    readers = tuple(dict.fromkeys((*((owner,) if owner else ()), *scene.managers))) if why in RAISED or spent or owner is None else (owner,)

    def made(tr: Translator, rep: Rep) -> Post:
        one = as_read_by(rep, found)
        if why == "tell":
            return _tell(session, tr, one, int(str(notice.facts.get("step", 0))))
        reason = f" ({tr(WHYS[found.why])})" if why in RAISED and found.why in WHYS else ""
        much = f"\n{spent_words(tr, spent)}" if spent else ""
        return Post(f"{tr(TOLD[why])}{reason}{much}\n{facts(tr, one, scene.company.zone)}", _ways(tr, one, why))

    return Rendered(notice, mail_each(notice, readers, made) if why in TOLD or why == "tell" else ())


def _ways(tr: Translator, one: Brief, why: str) -> Keys:
    opened = Key(label(tr, one), Intent("project", one.id, "open"))
    if why == "ready":
        return (Key(tr.button(CLOSE), Intent("project", one.id, "close")),), (opened,)
    if why == "reopened":
        return (Key(tr.button(CALL_OFF), Intent("project", one.id, "cancel")),), (opened,)
    return ((opened,),)


def _tell(session: Session, tr: Translator, one: Brief, step_id: int) -> Post:
    """Whether the customer shall read of a step."""
    step = step_at(session, step_id)
    words = tr("Step “{step}” of {title}: shall {name} read this?", step=step.title, title=isolated(one.title), name=plain_name(tr, one.name))
    yes, no = Key(tr.button(TELL), Intent("pstep", step_id, "tell")), Key(tr.button(LATER), Intent("project", one.id, "open"))
    return Post(f"{words}\n\n{isolated(step.notify_text)}", ((yes, no),))


def _which(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A deal was won, and several blueprints fit: its owner chooses."""
    deal = next(iter(briefs(session, [notice.subject_id])), None)
    fit = fitting(session, deal_at(session, notice.subject_id)) if deal else []
    if deal is None or not fit:
        return Rendered(notice)
    owner = scene.rep(deal.rep_id)

    def made(tr: Translator, rep: Rep) -> Post:
        return choose(tr, deal_as_read(rep, deal), [(one.id, one.name) for one in fit])

    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.managers, made))


def choose(tr: Translator, deal: Deal, fit: Sequence[tuple[int, str]]) -> Post:
    """Ask after which blueprint the work on a deal begins."""
    words = tr("{title}: how does the work go on?", title=deals.title(tr, deal))
    each = [(Key(clean_name(name, 30), Intent("project_new", deal.id, str(number))),) for number, name in fit[:OFFERED]]
    return Post(words, (*each, (Key(tr.button(LATER), Intent("deal", deal.id, "show")),)))
