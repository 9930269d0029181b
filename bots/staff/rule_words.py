"""Rules in words: when, if, after how long, then what, as the reader calls things; pure but for the names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crm.base.db import Session
from crm.base.i18n import N_, Translator
from crm.base.text import clean_name, cut, isolated
from crm.base.time import DAY, HOUR, MINUTE
from crm.people.reps import reps
from crm.reports.words import TASKS
from crm.rules.conditions import BARE, All, Any, Condition, Is, Leaf, Not, Value
from crm.rules.deeds import MANAGERS, NOBODY, OWNER, Assign, Deed, Hook, MakeTask, Message, Move, PutTag, SetField, Tell, What
from crm.rules.giving import team_names
from crm.rules.plans import After, Plan, Unless
from crm.rules.runs import Outcome
from crm.sales.pipelines import pipelines, stages_of

EVENTS: Mapping[str, str] = {
    "lead.opened": N_("a new lead"),
    "lead.qualified": N_("a lead has answered everything"),
    "lead.status": N_("the status of a lead changes"),
    "deal.opened": N_("a new deal"),
    "deal.stage": N_("a deal comes into another stage"),
    "deal.won": N_("a deal is won"),
    "deal.lost": N_("a deal is lost"),
    "deal.reopened": N_("a deal runs on"),
    "deal.amount": N_("the amount of a deal changes"),
    "deal.rep": N_("a deal gets another owner"),
    "deal.rotting": N_("a deal stands too long"),
    "contact.tagged": N_("somebody gets a tag"),
    "contact.untagged": N_("somebody loses a tag"),
    "contact.field": N_("a field of a customer changes"),
    "deal.field": N_("a field of a deal changes"),
    "conversation.taken": N_("a conversation is taken"),
    "conversation.closed": N_("a conversation is closed"),
    "task.done": N_("a task is done"),
    "task.due": N_("a task is due"),
    "document.sent": N_("a document was sent"),
    "document.accepted": N_("the customer accepts a document"),
    "document.declined": N_("the customer declines a document"),
    "document.paid": N_("an invoice is paid"),
    "order.paid": N_("an order is paid"),
    "payment.confirmed": N_("a payment is confirmed"),
    "project.done": N_("the work is done"),
    "message.heard": N_("a customer writes"),
    "message.said": N_("we write to a customer"),
}
UNLESS: Mapping[Unless, str] = {
    Unless.HEARD: N_("they write"),
    Unless.SAID: N_("we write"),
    Unless.MOVED: N_("the deal moves"),
    Unless.TASK: N_("a task is made or done"),
    Unless.TAKEN: N_("somebody takes or closes it"),
}
WHATS: Mapping[What, str] = {What.DEAL: N_("the deal"), What.LEAD: N_("the lead"), What.CONVERSATION: N_("the conversation")}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.WAITING: N_("begins at once"),
    Outcome.TIMED: N_("waits until {when}"),
    Outcome.DONE: N_("done"),
    Outcome.PASSED: N_("nothing to do"),
    Outcome.NEEDLESS: N_("needless by then"),
    Outcome.OFF: N_("the rule was off"),
    Outcome.REFUSED: N_("not possible then"),
    Outcome.FAILED: N_("failed"),
    Outcome.LOOP: N_("stopped: rules were calling each other"),
    Outcome.TOO_MANY: N_("stopped: too much about one person in an hour"),
}
_SIGNS: Mapping[Is, str] = {Is.IS: "=", Is.IS_NOT: "≠", Is.AT_LEAST: "≥", Is.AT_MOST: "≤", Is.ONE_OF: "=", Is.HAS: "∋", Is.SAYS: "~"}
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called that rules name by their numbers."""

    stages: Mapping[int, str] = field(default_factory=dict)
    reps: Mapping[int, str] = field(default_factory=dict)
    teams: Mapping[int, str] = field(default_factory=dict)


def names_of(session: Session) -> Names:
    """The stages, the members and the teams as they are called now."""
    stages = {step.id: step.name for one in pipelines(session) for step in stages_of(session, one.id)}
    return Names(stages, {rep.id: rep.name for rep in reps(session)}, team_names(session))


def described(tr: Translator, plan: Plan, names: Names) -> list[str]:
    """A plan, a line each for when, if, after, then."""
    event = tr(EVENTS[plan.event]) if plan.event in EVENTS else plan.event
    lines = [tr("When: {event}", event=event)]
    if plan.when != All():
        lines.append(tr("If: {conditions}", conditions=condition(tr, plan.when, names)))
    if plan.after:
        lines.append(after(tr, plan.after))
    return [*lines, *(tr("Then: {deed}", deed=deed(tr, one, names)) for one in plan.deeds)]


def condition(tr: Translator, tree: Condition, names: Names) -> str:
    """A tree of conditions on one line."""
    match tree:
        case All(parts):
            return f" {tr('and')} ".join(_inner(tr, part, names) for part in parts)
        case Any(parts):
            return f" {tr('or')} ".join(_inner(tr, part, names) for part in parts)
        case Not(part):
            return tr("not ({conditions})", conditions=condition(tr, part, names))
        case Leaf(name, how, value):
            if how in BARE:
                return tr("{field} is known", field=name) if how is Is.KNOWN else tr("{field} is not known", field=name)
            return f"{name} {_SIGNS[how]} {_value(name, value, names)}"


def _inner(tr: Translator, part: Condition, names: Names) -> str:
    said = condition(tr, part, names)
    return f"({said})" if isinstance(part, All | Any) and len(part.parts) > 1 else said


def _value(name: str, value: Value, names: Names) -> str:
    """A value, by its name where it is the number of a thing."""
    if isinstance(value, tuple):
        return ", ".join(_value(name, one, names) for one in value)
    kind = name.rpartition(".")[2]
    known = names.stages if kind == "stage" else names.reps if kind == "rep" else {}
    number = int(str(value)) if str(value).isdecimal() else 0
    return isolated(clean_name(known.get(number) or str(value), SHOWN))


def after(tr: Translator, wait: After) -> str:
    """How long a rule waits, and what makes that needless."""
    lasts = duration(tr, wait.ms)
    if not wait.unless:
        return tr("After: {time}", time=lasts)
    events = f" {tr('or')} ".join(tr(UNLESS[one]) for one in Unless if one in wait.unless)
    if wait.again:
        return tr("After: {time}, counted anew when {events}", time=lasts, events=events)
    return tr("After: {time}, unless {events} before", time=lasts, events=events)


def duration(tr: Translator, ms: int) -> str:
    """A time in the largest unit that is exact."""
    if ms % DAY == 0:
        return tr.many("{n} day", "{n} days", ms // DAY)
    if ms % HOUR == 0:
        return tr.many("{n} hour", "{n} hours", ms // HOUR)
    return tr.many("{n} minute", "{n} minutes", ms // MINUTE)


def deed(tr: Translator, one: Deed, names: Names) -> str:
    """One deed in words."""
    match one:
        case Assign(what, rep_id, team_id):
            to = names.teams.get(team_id, f"#{team_id}") if team_id else names.reps.get(rep_id, f"#{rep_id}")
            return tr("{what} goes to {name}", what=tr(WHATS[what]), name=isolated(clean_name(to, SHOWN)))
        case PutTag(word, on):
            return tr("tag “{word}” is put on", word=isolated(word)) if on else tr("tag “{word}” is taken off", word=isolated(word))
        case MakeTask(kind, text, due_ms, rep_id, _):
            words = clean_name(text, SHOWN) or tr("as the rule is called")
            parts = [tr("a task ({kind}) for {who}: {text}", kind=tr(TASKS[kind]), who=_who(tr, rep_id, names, tr("nobody yet")), text=isolated(words))]
            return ", ".join([*parts, *([tr("due in {time}", time=duration(tr, due_ms))] if due_ms else [])])
        case Message(text, snippet):
            return tr("a message: “{text}”", text=isolated(f"/{snippet}" if snippet else cut(text, 200)))
        case Move(stage_id):
            return tr("the deal moves to “{stage}”", stage=isolated(names.stages.get(stage_id, f"#{stage_id}"))) if stage_id else tr("the deal is won")
        case SetField(_, name, value):
            return tr("{field} becomes “{value}”", field=name, value=isolated(clean_name(value, SHOWN)))
        case Hook(url):
            return tr("a webhook goes to {url}", url=cut(url, 120))
        case Tell(text, rep_id):
            return tr("{who} is told: “{text}”", who=_who(tr, rep_id, names, tr("each manager")), text=isolated(cut(text, 200)))


def _who(tr: Translator, rep_id: int, names: Names, nobody: str) -> str:
    if rep_id == OWNER:
        return tr("whose it is")
    return nobody if rep_id in (NOBODY, MANAGERS) else isolated(clean_name(names.reps.get(rep_id, f"#{rep_id}"), SHOWN))


def why(tr: Translator, words: str) -> Iterator[str]:
    """Why a run was not done, where that can be said in words."""
    kind, _, rest = words.partition(": ")
    known = {
        "Missing": N_("the deal lacks: {what}"),
        "Taken": N_("{what} has it"),
        "Forbidden": N_("who made the rule may not do that"),
        "NotFound": N_("not there: {what}"),
        "Absent": N_("not there: {what}"),
        "Unreachable": N_("they cannot be written to"),
    }
    if kind:
        yield tr(known[kind], what=clean_name(rest, SHOWN)) if kind in known else clean_name(words, SHOWN)
