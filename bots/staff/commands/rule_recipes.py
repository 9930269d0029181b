"""A new rule: a ready recipe, the few choices it needs by buttons or words, and a look before it acts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bots.staff import menus
from bots.staff.commands.rule_screens import NAME, asked, post
from bots.staff.posts import Key, Post
from bots.staff.rule_words import names_of
from bots.staff.visit import Done, Visit
from bots.staff.words import CANCEL, MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.text import clean, clean_name
from crm.people.desk import Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.tags import known_tags
from crm.rules import rules
from crm.rules.conditions import BadRule
from crm.rules.recipes import NUMBERS, RECIPES, Ask, Recipe, recipe_of
from crm.sales.pipelines import pipelines, stages_of

PAGE = 6
JSON = N_button("From JSON")
QUESTIONS: Mapping[Ask, str] = {
    Ask.CHANNEL: N_("Leads from which channel?"),
    Ask.TEAM: N_("Which team?"),
    Ask.REP: N_("To whom?"),
    Ask.STAGE: N_("Which stage?"),
    Ask.HOURS: N_("After how many hours? Press one, or type a number."),
    Ask.DAYS: N_("After how many days? Press one, or type a number."),
    Ask.AMOUNT: N_("From which amount on? Press one, or type a number."),
    Ask.WORD: N_("Which word? Type it: it is found in any spelling and in the middle of others."),
    Ask.TAG: N_("Which tag? Press one, or type it."),
    Ask.TEXT: N_("What shall the customer read? Type it; {name} becomes their name."),
    Ask.URL: N_("To which address? It begins with https://"),
}
PRESETS: Mapping[Ask, tuple[int, ...]] = {Ask.HOURS: (1, 2, 4, 8, 24), Ask.DAYS: (1, 2, 3, 7, 14, 30), Ask.AMOUNT: (1_000, 10_000, 100_000, 1_000_000)}
EMPTY: Mapping[Ask, str] = {Ask.TEAM: N_("There is no team yet: make one with /team."), Ask.STAGE: N_("There is no stage yet: make one with /pipeline.")}
MADE_BY: Mapping[Ask, str] = {Ask.TEAM: "team", Ask.STAGE: "pipeline"}


def _new(session: Session, visit: Visit, target: int, value: str) -> Done:
    """The ready rules, in pages."""
    tr = visit.tr
    page = int(value or 0) if 0 <= int(value or 0) * PAGE < len(RECIPES) else 0
    shown = RECIPES[page * PAGE : (page + 1) * PAGE]
    lines = [tr("Which one?"), *(f"• {tr(one.words)}" for one in shown)]
    keys = [Key(tr.button(one.label), Intent(NAME, 0, f"take:{one.key}")) for one in shown]
    more = Key(tr.button(MORE), Intent(NAME, 0, f"new:{(page + 1) % -(-len(RECIPES) // PAGE)}"))
    return Done((Post("\n".join(lines), menus.in_rows([*keys, more, Key(tr.button(JSON), Intent(NAME, 0, "paste"))])),))


def _take(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Begin with a recipe."""
    recipe = recipe_of(value)
    if recipe is None:
        raise Expired
    return _next(session, visit, visit.event, recipe, {})


def _pick(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Take the choice on a button."""
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    recipe = recipe_of(str(wizard.facts.get("recipe", ""))) if wizard else None
    ask, _, chosen = value.partition(":")
    if wizard is None or recipe is None or wizard.target != target or wizard.facts["step"] != ask:
        raise Expired
    return _took(session, visit, wizard, recipe, Ask(ask), chosen)


def _turn(session: Session, visit: Visit, target: int, value: str) -> Done:
    """Turn the page of the choices."""
    wizard = wizard_of(session, visit.rep, NAME, now=visit.now)
    if wizard is None or wizard.target != target or wizard.facts["step"] not in set(Ask):
        raise Expired
    return Done((_question(session, visit, target, Ask(wizard.facts["step"]), int(value or 0)),))


def typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    """Take what was typed for a recipe."""
    recipe = recipe_of(str(wizard.facts.get("recipe", "")))
    if recipe is None:
        raise Expired
    ask = Ask(wizard.facts["step"])
    known = clean(said).strip()
    digits = known.replace(" ", "").replace("\u00a0", "")
    if not known or ask in (Ask.CHANNEL, Ask.TEAM, Ask.REP, Ask.STAGE) or (ask in NUMBERS and not (digits.isdecimal() and len(digits) < 12)):
        return Done((_question(session, visit, wizard.target, ask, 0),))
    return _took(session, visit, wizard, recipe, ask, digits if ask in NUMBERS else known)


def _took(session: Session, visit: Visit, wizard: Wizard, recipe: Recipe, ask: Ask, chosen: str) -> Done:
    values = {**wizard.facts["chosen"], ask.value: int(chosen) if ask in NUMBERS else chosen}
    if ask is Ask.STAGE:
        values["stage_first"] = int(chosen) in {stages[0].id for one in pipelines(session) if (stages := stages_of(session, one.id))}
    return _next(session, visit, wizard.target, recipe, values)


def _next(session: Session, visit: Visit, target: int, recipe: Recipe, values: dict[str, Any]) -> Done:
    """Ask for what is missing, or keep the rule, switched off, and show it."""
    missing = next((ask for ask in recipe.asks if ask.value not in values), None)
    if missing is not None:
        begin(session, visit.rep, Wizard(NAME, NAME, target, {"step": missing.value, "recipe": recipe.key, "chosen": values}), until=visit.now + 3_600_000)
        return Done((_question(session, visit, target, missing, 0),))
    try:
        plan = recipe.plan(values, visit.tr)
    except BadRule as error:
        last = recipe.asks[-1]
        del values[last.value]
        facts: dict[str, object] = {"step": last.value, "recipe": recipe.key, "chosen": values}
        return asked(session, visit, target, facts, error.words(visit.tr))
    quit_wizard(session, visit.rep, NAME)
    one = rules.make(session, visit.rep, visit.tr.button(recipe.label), plan, once=f"recipe:{visit.rep.id}:{target}", now=visit.now)
    return Done((post(session, visit, one),), visit.tr("Look at it, try it on the past, and switch it on."))


def _question(session: Session, visit: Visit, target: int, ask: Ask, page: int) -> Post:
    """What a recipe asks for, with the choices there are."""
    tr, options = visit.tr, _options(session, visit, ask)
    page = page if 0 <= page * PAGE < len(options) else 0
    keys = [Key(label[:30], Intent(NAME, target, f"pick:{ask.value}:{value}")) for value, label in options[page * PAGE : (page + 1) * PAGE]]
    if len(options) > PAGE:
        keys.append(Key(tr.button(MORE), Intent(NAME, target, f"turn:{(page + 1) % -(-len(options) // PAGE)}")))
    if ask in EMPTY and not options:
        back = Key(tr.button(CANCEL), Intent("cancel", detail=NAME))
        return Post(tr(EMPTY[ask]), ((menus.command_key(tr, MADE_BY[ask]), back),))
    words = tr(QUESTIONS[ask], name="{name}")
    return Post(words, (*menus.in_rows(keys), (Key(tr.button(CANCEL), Intent("cancel", detail=NAME)),)))


def _options(session: Session, visit: Visit, ask: Ask) -> Sequence[tuple[str, str]]:
    names = names_of(session)
    match ask:
        case Ask.CHANNEL:
            return [(account, title) for account, title in visit.titles.items() if account != PRACTICE]
        case Ask.TEAM | Ask.REP | Ask.STAGE:
            known = {Ask.TEAM: names.teams, Ask.REP: names.reps, Ask.STAGE: names.stages}[ask]
            return [(str(number), clean_name(name, 30)) for number, name in known.items()]
        case Ask.TAG:
            return [(word, word) for word in known_tags(session)]
    return [(str(number), f"{number:,}".replace(",", "\u202f")) for number in PRESETS.get(ask, ())]


STEPS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {"new": _new, "take": _take, "pick": _pick, "turn": _turn}
