"""/tasks: what one has to do, and what nobody has taken yet; also what is late, and what everybody has."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.tasks import MARKS, instead, zone_of
from bots.staff.visit import Command, Done, Visit
from bots.staff.words import MORE, TASK_DONE
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, Scope, scope_of
from crm.base.text import clean_name
from crm.people.desk import Intent
from crm.reports.words import TASKS, plain_name
from crm.sales.todo import Due, Which, tasks_for

PAGE = 3  # two buttons each, the next page, and the other lists
TEXT = 80
OTHERS = N_button("Other lists")
LISTS = {
    Which.MINE_AND_FREE: N_button("Mine and nobody's"),
    Which.MINE: N_button("Only mine"),
    Which.FREE: N_button("Nobody's"),
    Which.OVERDUE: N_button("Overdue"),
    Which.EVERYBODYS: N_button("Everybody's"),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show the most urgent."""
    return page(session, visit, Intent("tasks"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page; `target` is how many stand before it, `detail` which list, and the due instant and number of the last of those before."""
    tr, (which, after) = visit.tr, _read(intent.detail)
    found = tasks_for(session, visit.rep, limit=PAGE + 1, now=visit.now, which=which, after=after)
    others = Key(tr.button(OTHERS), Intent("task_lists"))
    if not found:
        return Done((Post(tr("There is nothing to do now."), ((others,), *menus.home(tr))),))
    shown = list(enumerate(found[:PAGE], intent.target + 1))
    keys = [(Key(f"{number}. {plain_name(tr, one.name, 20)}", Intent("task", one.id)), _done(visit, number, one)) for number, one in shown]
    last = found[:PAGE][-1]
    following = replace(intent, target=intent.target + PAGE, detail=f"{which.value}:{last.due_at}:{last.id}")
    more = [Key(tr.button(MORE), following)] if len(found) > PAGE else []
    head = tr("To do, the most urgent first. Press a name to see what can be done about it.")
    return Done((Post("\n".join([head, *(_line(visit, number, one) for number, one in shown)]), (*keys, (*more, others))),))


def lists(session: Session, visit: Visit, intent: Intent) -> Done:
    """Offer the other lists."""
    alone = scope_of(visit.rep.role) is Scope.OWN
    offered = [(which, label) for which, label in LISTS.items() if which is not Which.EVERYBODYS or not alone]
    keys = [Key(visit.tr.button(label), Intent("tasks", detail=which.value)) for which, label in offered]
    return Done((Post(visit.tr("Which tasks?"), menus.in_rows(keys), edits=instead(visit)),))


def _read(detail: str) -> tuple[Which, tuple[int, int]]:
    name, *place = detail.split(":")
    return Which(name or Which.MINE_AND_FREE), (int(place[0]), int(place[1])) if place else (0, 0)


def _done(visit: Visit, number: int, one: Due) -> Key:
    return Key(f"{number}. {visit.tr.button(TASK_DONE)}", Intent("task_done", one.id))


def _line(visit: Visit, number: int, one: Due) -> str:
    """One task in words; what is nobody's says so, and whose another's is."""
    tr = visit.tr
    when = tr.when(one.due_at, zone_of(visit.rep, visit.company), visit.now)
    whose = "" if one.mine else plain_name(tr, one.owner, 30) if one.owner else tr("nobody's yet")
    late = tr("overdue by {time}", time=tr.ago(visit.now - one.due_at)) if one.due_at < visit.now else ""
    facts = (f"{tr(TASKS[one.kind])}, {plain_name(tr, one.name, 40)}", clean_name(one.text, TEXT), when, late, whose)
    return f"{number}. {MARKS[one.kind]} {' · '.join(filter(None, facts))}"


COMMAND = Command("tasks", N_("What is to be done"), deed, presses={"tasks": page, "task_lists": lists}, needs=Action.DO_TASK)
