"""/tasks: what one has to do, and what nobody has taken yet."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.tasks import MARKS
from bots.staff.visit import Command, Done, Visit
from bots.staff.words import MORE, TASK_DONE
from crm.base.db import Session
from crm.base.i18n import N_
from crm.base.text import clean_name
from crm.people.desk import Intent
from crm.reports.words import TASKS, plain_name
from crm.sales.tasks import Due, tasks_for

PAGE = 3  # two buttons each, and the next page
TEXT = 80


def deed(session: Session, visit: Visit) -> Done:
    """Show the most urgent."""
    return page(session, visit, Intent("tasks"))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one page; `target` is how many stand before it."""
    tr, found = visit.tr, tasks_for(session, visit.rep, limit=PAGE + 1, skip=intent.target)
    if not found:
        return Done((Post(tr("There is nothing to do now."), menus.home(tr)),))
    shown = list(enumerate(found[:PAGE], intent.target + 1))
    keys = [(Key(f"{number}. {plain_name(tr, one.name, 20)}", Intent("show", one.conversation_id)), _done(visit, number, one)) for number, one in shown]
    more = [(Key(tr.button(MORE), replace(intent, target=intent.target + PAGE)),)] if len(found) > PAGE else []
    head = tr("To do, the most urgent first. Press a name to see its card.")
    return Done((Post("\n".join([head, *(_line(visit, number, one) for number, one in shown)]), (*keys, *more)),))


def _done(visit: Visit, number: int, one: Due) -> Key:
    return Key(f"{number}. {visit.tr.button(TASK_DONE)}", Intent("task_done", one.id))


def _line(visit: Visit, number: int, one: Due) -> str:
    """One task in words; what is nobody's says so."""
    tr = visit.tr
    when = tr.when(one.due_at, visit.company.zone, visit.now)
    facts = (f"{tr(TASKS[one.kind])}, {plain_name(tr, one.name, 40)}", clean_name(one.text, TEXT), when, "" if one.mine else tr("nobody's yet"))
    return f"{number}. {MARKS[one.kind]} {' · '.join(filter(None, facts))}"


COMMAND = Command("tasks", N_("What is to be done"), deed, presses={"tasks": page})
