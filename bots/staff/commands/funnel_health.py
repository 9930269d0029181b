"""/funnel_health: what is wrong with the pipelines and the fields themselves, what to do about it, and the way there."""

from collections.abc import Iterator
from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.people.desk import Intent
from crm.people.reps import authorise
from crm.reports.funnel import Finding, Health, Ill, Sparse, funnel_health

NAME, PAGE, SPARSE = "funnel_health", 4, 3
PIPELINES, FIELDS = N_button("Pipelines and stages"), N_button("Fields of your own")
SAID = {
    Ill.ALIKE: N_("{where}: the stages {name} and {other} are called nearly the same."),
    Ill.NEVER: N_("{where}: nobody comes into the stage {name} ({of} deals in 90 days)."),
    Ill.SKIPPED: N_("{where}: {n} of {of} deals that went further left out the stage {name}."),
    Ill.INSTANT: N_("{where}: deals are out of the stage {name} within a minute ({n} of late)."),
    Ill.TOO_MANY: N_("{where}: {n} stages; more than {of} nobody keeps in mind."),
    Ill.UNFILLED: N_("The field {name} is filled in {n} of {of} times in 90 days."),
}
TO_DO = {
    Ill.ALIKE: N_("Archive one of them, or name them apart."),
    Ill.NEVER: N_("Archive it, or agree in the team when a deal belongs there."),
    Ill.SKIPPED: N_("Archive it, or make it a task of the stage before."),
    Ill.INSTANT: N_("Join it with its neighbour: nothing happens there."),
    Ill.TOO_MANY: N_("Join those between which no decision is made."),
    Ill.UNFILLED: N_("Archive it, or demand it in the stage where it is known."),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show what was found."""
    return Done((_page(session, visit, 0),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show another page in the place of the one that was pressed."""
    return Done((replace(_page(session, visit, intent.target), edits=visit.replied_to or 0),))


def _page(session: Session, visit: Visit, page: int) -> Post:
    authorise(session, visit.rep, Action.SET_PIPELINES)
    found = ask(visit, NAME, lambda snapshot: funnel_health(snapshot, visit.rep, now=visit.now))
    tr, count = visit.tr, len(found.findings)
    page = page if 0 <= page * PAGE < count else 0
    shown = found.findings[page * PAGE : (page + 1) * PAGE]
    return Post("\n\n".join(_words(visit, found, shown, page)), _keys(tr, shown, page, count))


def _words(visit: Visit, found: Health, shown: tuple[Finding, ...], page: int) -> Iterator[str]:
    tr, count = visit.tr, len(found.findings)
    if count:
        yield tr.many("🩺 {n} thing to look at in how you sell:", "🩺 {n} things to look at in how you sell:", count)
    elif not found.sparse:
        yield tr("🩺 Nothing is wrong with the pipelines and the fields.")
    else:
        yield tr("🩺 Nothing found, but there is too little to judge everything.")
    yield from (f"{number}. {_one(visit, one)}" for number, one in enumerate(shown, page * PAGE + 1))
    if found.sparse:
        yield "\n".join([tr("Too little to judge:"), *(_sparse(tr, one) for one in found.sparse[:SPARSE])])


def _one(visit: Visit, one: Finding) -> str:
    tr = visit.tr
    said = tr(SAID[one.ill], where=_name(one.where), name=_name(one.name), other=_name(one.other), n=one.n, of=one.of)
    last = ""
    if one.ill is Ill.UNFILLED:
        last = tr("Last used {when}.", when=tr.when(one.at, visit.company.zone, visit.now)) if one.at else tr("It was never used.")
    return " ".join(filter(None, (said, last, f"👉 {tr(TO_DO[one.ill])}")))


def _sparse(tr: Translator, one: Sparse) -> str:
    if one.about == "pipeline":
        return tr("· {name}: deals in 90 days: {n}; {least} are needed.", name=_name(one.name), n=one.n, least=one.least)
    return tr("· the field {name}: {n} new ones since it is there, {least} are needed.", name=_name(one.name), n=one.n, least=one.least)


def _keys(tr: Translator, shown: tuple[Finding, ...], page: int, count: int) -> tuple[tuple[Key, ...], ...]:
    """The way to each field that was found, to the pipelines and the fields, and the next page."""
    fields = [Key(f"✏️ {clean_name(one.name, 21)}", Intent("fields", one.target, "one:")) for one in shown if one.ill is Ill.UNFILLED]
    ends = [Key(tr.button(PIPELINES), Intent("command", detail="pipeline")), Key(tr.button(FIELDS), Intent("command", detail="fields"))]
    more = [Key(tr.button(MORE), Intent(NAME, (page + 1) % -(-count // PAGE)))] if count > PAGE else []
    return menus.in_rows([*fields, *ends, *more])


def _name(text: str) -> str:
    return isolated(clean_name(text, 60))


COMMAND = Command(NAME, N_("What is wrong with pipelines and fields"), deed, Action.SET_PIPELINES, presses={NAME: turn}, group=Group.SETUP)
