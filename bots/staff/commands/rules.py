"""/rules: what happens by itself: ready recipes, each rule in words, a look at what it would have done, its log, on and off, and the way back."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.commands import rule_recipes, rule_screens
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, told
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.people.desk import Intent, Wizard, quit_wizard
from crm.people.reps import authorise
from crm.rules import rules
from crm.rules.conditions import BadRule
from crm.rules.plans import unpack

NAME, PAGE = rule_screens.NAME, 5
NEW = N_button("A new rule")


def deed(session: Session, visit: Visit) -> Done:
    """Show the rules; JSON behind the command makes a new one of it."""
    if visit.rest.lstrip().startswith("{"):
        return _pasted(session, visit, 0, visit.rest)
    return Done((listed(session, visit, 0),))


def listed(session: Session, visit: Visit, page: int) -> Post:
    """The rules, those that act first."""
    tr, found = visit.tr, rules.rules(session, visit.rep)
    page = page if 0 <= page * PAGE < len(found) else 0
    keys = [Key(f"{'🟢' if one.active else '⚪'} {clean_name(one.name, 30)}", Intent(NAME, one.id, "show")) for one in found[page * PAGE : (page + 1) * PAGE]]
    last = [Key(tr.button(NEW), Intent(NAME, 0, "new"))]
    if len(found) > PAGE:
        last.append(Key(tr.button(MORE), Intent(NAME, 0, f"page:{page + 1}")))
    words = tr("⚡ Rules: what happens by itself. A green one acts.") if found else tr("⚡ No rules yet. A ready one takes a few presses.")
    return Post(words, (*menus.in_rows(keys, 1), tuple(last)))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on by a button; what is shown takes the place of the page that was pressed."""
    authorise(session, visit.rep, Action.SET_RULES)
    what, _, value = intent.detail.partition(":")
    if what == "page":
        done = Done((listed(session, visit, int(value or 0)),))
    elif what in rule_recipes.STEPS:
        done = rule_recipes.STEPS[what](session, visit, intent.target, value)
    elif what in rule_screens.STEPS:
        done = rule_screens.STEPS[what](session, visit, intent.target, value)
    else:
        raise Expired
    return replace(done, posts=tuple(replace(one, edits=visit.replied_to or 0) for one in done.posts))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what a recipe asks for, another name, or JSON."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    match wizard.facts["step"]:
        case "json":
            return _pasted(session, visit, wizard.target, said)
        case "name":
            one = rules.rename(session, visit.rep, wizard.target, said, now=visit.now)
            quit_wizard(session, visit.rep, NAME)
            return Done((rule_screens.post(session, visit, one),))
    return rule_recipes.typed(session, visit, wizard, said)


def _pasted(session: Session, visit: Visit, rule_id: int, said: str) -> Done:
    """Make a rule of what was pasted, or give one another plan."""
    try:
        plan = unpack(said.strip())
    except BadRule as error:
        return told(error.words(visit.tr))
    if rule_id:
        one = rules.change(session, visit.rep, rule_id, plan, now=visit.now)
    else:
        one = rules.make(session, visit.rep, visit.tr("Rule of {name}", name=visit.rep.name), plan, once=visit.once, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return Done((rule_screens.post(session, visit, one),), visit.tr("Written down."))


COMMAND = Command(
    NAME,
    N_("Rules: what happens by itself"),
    deed,
    Action.SET_RULES,
    presses={NAME: turn},
    listeners={NAME: typed},
    group=Group.SETUP,
)
