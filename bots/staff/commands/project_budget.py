"""What a project may cost and what it has cost: written down by whoever works on it, every cost taken back by its opposite."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bots.staff import deals, menus, projects
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_, N_button
from crm.base.money import money, parse_amount
from crm.base.text import clean_name, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import Member
from crm.people.sight import seen_by
from crm.projects.budget import ProjectCost, Spent, add_cost, costs_of, set_budget, spent_on, take_back
from crm.projects.projects import held_project
from crm.sales.deals import deal_at
from crm.sales.price_words import read_offer

COST, LIMIT = "project_cost", "project_budget"
ADD, SET, BACK_ONE = N_button("Write a cost down"), N_button("Set the budget"), N_button("Take a cost back…")
NO_BUDGET, BACK = N_button("No budget"), N_button("Back")
MAY_COST = N_("How much may it cost? Type an amount as {example}.")
SHOWN = 5


def show(session: Session, visit: Visit, project_id: int, value: str = "", *, toast: str = "", undo: str = "") -> Done:
    """What it may cost, what it has cost, and the newest costs; `undo` takes the last change back."""
    for name in (COST, LIMIT):
        quit_wizard(session, visit.rep, name)
    tr, project = visit.tr, held_project(session, visit.rep, project_id)
    found, costs = spent_on(session, project), costs_of(session, project_id, SHOWN)
    rows = [f"💰 {isolated(clean_name(seen_by(visit.rep).named(project.title), 60))}", projects.spent_words(tr, found), *_costs(session, visit, found, costs)]
    keys = [_key(visit, project_id, ADD, "cost"), _key(visit, project_id, SET, "limit")]
    keys += [_key(visit, project_id, BACK_ONE, "costs")] if costs else []
    keys += [_key(visit, project_id, UNDO, undo)] if undo else []
    return Done((_post(visit, "\n".join(filter(None, rows)), project_id, keys, back="show"),), toast)


def ask_cost(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Ask what was spent, and for what."""
    held_project(session, visit.rep, project_id)
    begin(session, visit.rep, Wizard(COST, COST, project_id), until=visit.now + CONFIRM_MS)
    words = visit.tr("What is it, and what does it cost? Type it as {example}.", example=visit.tr("Delivery; 2000"))
    return Done((_post(visit, words, project_id, []),))


def ask_budget(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Ask how much it may cost; what the deal is worth is a button."""
    tr, project = visit.tr, held_project(session, visit.rep, project_id)
    begin(session, visit.rep, Wizard(LIMIT, LIMIT, project_id), until=visit.now + CONFIRM_MS)
    deal, found = deal_at(session, project.deal_id or 0), spent_on(session, project)
    offered = deal.amount if deal.currency == found.currency else 0
    keys = [Key(money(tr.language, offered, deal.currency), _intent(project_id, f"limit_is:{offered}"))] if offered else []
    keys += [_key(visit, project_id, NO_BUDGET, "limit_is:0")] if project.budget else []
    return Done((_post(visit, tr(MAY_COST, example="45000"), project_id, keys),))


def budget_is(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """It may cost so much; the budget before is one press away."""
    before = set_budget(session, visit.rep, project_id, int(value), now=visit.now)
    return show(session, visit, project_id, toast=visit.tr("Saved."), undo=f"limit_is:{before.budget}" if before.budget != int(value) else "")


def choose(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """Ask which cost was wrong; those that were taken back already are not among them."""
    found, every = spent_on(session, held_project(session, visit.rep, project_id)), costs_of(session, project_id)
    gone = {one.once for one in every}
    left = [one for one in every if f"cost:{one.id}:back" not in gone]
    tr, read = visit.tr, seen_by(visit.rep)
    labels = {one.id: f"{money(tr.language, one.amount, found.currency)} · {clean_name(read.told(one.words, points=True), 24)}" for one in left}
    keys = [Key(label, _intent(project_id, f"cost_back:{number}")) for number, label in labels.items()]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: _intent(project_id, f"costs:{page}"))
    return Done((_post(visit, tr("Which one is taken back?"), project_id, keys, wide=1),))


def back(session: Session, visit: Visit, project_id: int, value: str) -> Done:
    """A cost is taken back; pressed again after that, it counts again."""
    made = take_back(session, visit.rep, project_id, int(value), now=visit.now)
    return show(session, visit, project_id, toast=visit.tr("Taken back."), undo=f"cost_back:{made.id}")


def cost_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Write down what was typed."""
    tr, found = visit.tr, spent_on(session, held_project(session, visit.rep, wizard.target))
    try:
        offer = read_offer(_said(visit), found.currency).offer
        if offer.currency != found.currency:
            raise Invalid("this is other money")
        made = add_cost(session, visit.rep, wizard.target, offer.price, offer.name, once=visit.once, now=visit.now)
    except Invalid:
        words = tr("There is no price in it that can be used. Type it as {example}.", example=tr("Delivery; 2000"))
        return Done((menus.question(tr, words, COST),))
    return show(session, visit, wizard.target, toast=tr("Saved."), undo=f"cost_back:{made.id}")


def budget_typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """It may cost what was typed."""
    tr, found = visit.tr, spent_on(session, held_project(session, visit.rep, wizard.target))
    try:
        return budget_is(session, visit, wizard.target, str(parse_amount(_said(visit), found.currency)))
    except Invalid:
        return Done((menus.question(tr, f"{tr('This cannot be used.')} {tr(MAY_COST, example='45000')}", LIMIT),))


def _costs(session: Session, visit: Visit, found: Spent, costs: list[ProjectCost]) -> Iterator[str]:
    tr, read = visit.tr, seen_by(visit.rep)
    for one in costs:
        who = session.get(Member, one.rep_id) if one.rep_id else None
        when = tr.when(one.at, visit.company.zone, visit.now)
        told = (money(tr.language, one.amount, found.currency), isolated(read.told(one.words, points=True)), isolated(who.name) if who else "", when)
        yield f"▫️ {' · '.join(filter(None, told))}"


def _post(visit: Visit, words: str, project_id: int, keys: list[Key], *, wide: int = 2, back: str = "budget") -> Post:
    post = Post(words, (*menus.in_rows(keys, wide), (_key(visit, project_id, BACK, back),)))
    return replace(post, edits=0 if isinstance(visit.said, Text) else visit.replied_to or 0)


def _key(visit: Visit, project_id: int, label: str, detail: str) -> Key:
    return Key(visit.tr.button(label), _intent(project_id, detail))


def _intent(project_id: int, detail: str) -> Intent:
    return Intent("project", project_id, detail)


def _said(visit: Visit) -> str:
    return visit.said.text.strip() if isinstance(visit.said, Text) else ""


LISTENERS: Mapping[str, Listener] = {COST: cost_typed, LIMIT: budget_typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "budget": show,
    "cost": ask_cost,
    "costs": choose,
    "cost_back": back,
    "limit": ask_budget,
    "limit_is": budget_is,
}
