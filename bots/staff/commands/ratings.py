"""/ratings: what customers say: how content they are, whether they recommend the firm, what they wrote; and what is asked at all."""

from dataclasses import replace

from bots.staff import ratings
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.base.time import DAY
from crm.people.desk import Intent
from crm.projects import asking
from crm.projects.asking import Switch, is_on
from crm.projects.figures import Promoters, Share
from crm.reports.ratings import figures, latest

NAME, SHOWN = "ratings", 5
SPANS = (30, 90, 365)
ASKED, BACK = N_button("What is asked"), N_button("Back")
SWITCHES = {
    Switch.PROJECT: N_button("After the work is done"),
    Switch.TALK: N_button("After a conversation"),
    Switch.RECOMMEND: N_button("Whether they recommend"),
}
DAYS = {30: N_button("30 days"), 90: N_button("90 days"), 365: N_button("A year")}


def deed(session: Session, visit: Visit) -> Done:
    """Show the last 90 days."""
    return Done((_page(session, visit, SPANS[1]),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show another span, older answers, or what is asked; `target` is a number of days or of an answer."""
    if intent.detail == "older":
        return _older(session, visit, intent.target)
    if intent.detail == "asked":
        return Done((_asked(session, visit),))
    if intent.detail:
        name = Switch(intent.detail)
        asking.switch(session, visit.rep, name, bool(intent.target), now=visit.now)
        return Done((_asked(session, visit),), visit.tr("Saved."))
    return Done((replace(_page(session, visit, intent.target), edits=instead(visit)),))


def _page(session: Session, visit: Visit, days: int) -> Post:
    tr = visit.tr
    found, said = figures(session, visit.rep, since=visit.now - days * DAY), latest(session, visit.rep, limit=SHOWN + 1)
    rows = [
        tr.many("What customers said in the last {n} day:", "What customers said in the last {n} days:", days),
        share(tr, tr("After the work"), found.projects),
        share(tr, tr("After conversations"), found.talks),
        promoters(tr, found.recommend),
        "",
        *(ratings.line(tr, one) for one in said[:SHOWN]),
    ]
    keys = [Key(tr.button(label), Intent(NAME, span)) for span, label in DAYS.items() if span != days]
    below = [Key(tr.button(MORE), Intent(NAME, said[SHOWN - 1].id, "older"))] if len(said) > SHOWN else []
    below += [Key(tr.button(ASKED), Intent(NAME, 0, "asked"))] if may(visit.rep.role, Action.SET_BLUEPRINTS) else []
    return Post("\n".join(rows), tuple(filter(None, (tuple(keys), tuple(below)))))


def share(tr: Translator, what: str, one: Share) -> str:
    """How many are content, and how sure that is; pure."""
    if not one.n:
        return tr("{what}: nobody has answered yet", what=what)
    low, high = round(100 * one.low), round(100 * one.high)
    return tr.many(
        "{what}: {percent} % content, {n} answer (surely {low} to {high} %)",
        "{what}: {percent} % content, {n} answers (surely {low} to {high} %)",
        one.n,
        what=what,
        percent=one.percent,
        low=low,
        high=high,
    )


def promoters(tr: Translator, one: Promoters) -> str:
    """Whether they recommend the firm; pure."""
    if not one.n:
        return tr("Recommend us: nobody has answered yet")
    value = f"{one.value:+d}" if one.value else "0"
    return tr.many(
        "Recommend us: {value} ({promoters} yes, {passives} perhaps, {detractors} no; {n} answer)",
        "Recommend us: {value} ({promoters} yes, {passives} perhaps, {detractors} no; {n} answers)",
        one.n,
        value=value,
        promoters=one.promoters,
        passives=one.passives,
        detractors=one.detractors,
    )


def _older(session: Session, visit: Visit, before: int) -> Done:
    said = latest(session, visit.rep, before=before, limit=SHOWN + 1)
    keys = ((Key(visit.tr.button(MORE), Intent(NAME, said[SHOWN - 1].id, "older")),),) if len(said) > SHOWN else ()
    return Done((Post("\n".join(ratings.line(visit.tr, one) for one in said) or visit.tr("That is everything."), keys),))


def _asked(session: Session, visit: Visit) -> Post:
    """What customers are asked, each to be switched on or off."""
    tr, rows = visit.tr, []
    for name, label in SWITCHES.items():
        on = is_on(session, name)
        rows.append((Key(f"{'✓' if on else '✗'} {tr.button(label)}", Intent(NAME, int(not on), name.value)),))
    words = tr("What are customers asked? Press to switch. Nobody is asked twice a day, and whether they recommend us once a quarter at most.")
    return Post(words, (*rows, (Key(tr.button(BACK), Intent(NAME, SPANS[1])),)), edits=instead(visit))


COMMAND = Command(NAME, N_("What customers say of the work"), deed, Action.SEE_PROJECTS, presses={NAME: turn}, group=Group.SELL)
