"""Plan: a rep's day as a post: what is overdue, what comes today, who waits, which deals turn; asked for with /day and told when the firm opens."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bots.staff.leaves import hours_words
from bots.staff.menus import MOST
from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.tasks import MARKS, zone_of
from bots.staff.words import INBOX, MORE
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.settings import Company
from crm.base.text import clean_name, isolated
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.people.leave import Away
from crm.reports.day import Day, Turning, day_of
from crm.reports.words import TASKS, plain_name
from crm.sales.todo import Due

PAGE, TEXT, AWAY = MOST - 2, 60, 10
SETTINGS = N_button("⚙️ My settings")
OVERDUE, TODAY, WAITING, DEALS = N_("Overdue:"), N_("Today:"), N_("Waiting for your answer:"), N_("Deals to look at:")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the plan with the button that goes there; `part` is the heading it stands under."""

    part: str
    words: str
    label: str
    intent: Intent


def plan(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The firm has opened: a member on duty reads what the day holds, without a sound."""
    rep = next((one for one in scene.on_duty if one.id == notice.subject_id), None)
    if rep is None:
        return Rendered(notice)
    day = day_of(session, rep, scene.company, now=scene.now)
    if day.empty:
        return Rendered(notice)
    return Rendered(notice, mail_each(notice, (rep,), lambda tr, one: replace(shown(tr, one, day, scene.company, scene.now, morning=True), quiet=True)))


def shown(tr: Translator, rep: Rep, day: Day, company: Company, now: int, *, skip: int = 0, morning: bool = False) -> Post:
    """One page of the plan; pure."""
    zone = zone_of(rep, company)
    items = list(_items(tr, day, zone, now))
    room = PAGE - bool(day.free)
    here = list(enumerate(items[skip : skip + room], skip + 1))
    head = tr("☀️ Good morning. Your day:") if morning else tr("Your day, {when}:", when=tr.when(now, zone, now))
    lines, part = [head], ""
    for number, item in here:
        if item.part != part:
            lines += ["", tr(item.part)]
            part = item.part
        lines.append(f"{number}. {item.words}")
    if day.away:
        lines += ["", tr("Away today: {names}", names=", ".join(_gone(tr, one, zone) for one in day.away[:AWAY]))]
    if day.free:
        many = tr.many("{n} customer waits whom nobody has taken.", "{n} customers wait whom nobody has taken.", day.free)
        lines += ["", many] if items else [tr("Nothing is planned for you."), many]
    elif not items:
        lines.append(tr("Nothing is planned, and nobody waits."))
    more = [Key(tr.button(MORE), Intent("day", skip + room))] if len(items) > skip + room else []
    inbox = [Key(tr.button(INBOX), Intent("command", detail="inbox"))] if day.free else []
    keys = [(Key(f"{number}. {item.label}", item.intent),) for number, item in here]
    return Post("\n".join(lines), (*keys, (*more, *inbox, Key(tr.button(SETTINGS), Intent("day_settings")))))


def _items(tr: Translator, day: Day, zone: str, now: int) -> Iterator[Item]:
    """Everything in the order in which it is done."""
    for part, found in ((OVERDUE, day.overdue), (TODAY, day.today)):
        for one in found:
            when = tr("overdue by {time}", time=tr.ago(now - one.due_at)) if part is OVERDUE else tr.when(one.due_at, zone, now)
            yield Item(part, _task(tr, one, when), plain_name(tr, one.name, 24), Intent("task", one.id))
    for talk in day.waiting:
        name, since = plain_name(tr, talk.name, 40), tr.since(talk.waiting_since, now)
        yield Item(WAITING, f"🔴 {name} · {since}", plain_name(tr, talk.name, 24), Intent("show", talk.conversation_id))
    for deal in day.deals:
        yield Item(DEALS, _deal(tr, deal), isolated(clean_name(deal.title, 24)), Intent("deal", deal.deal_id, "open"))


def _gone(tr: Translator, one: Away, zone: str) -> str:
    """Who is away today, and of a part of the day from when to when."""
    return " ".join(filter(None, (plain_name(tr, one.name, 30), hours_words(tr, one, zone) if one.to_at else "")))


def _task(tr: Translator, one: Due, when: str) -> str:
    facts = (f"{tr(TASKS[one.kind])}, {plain_name(tr, one.name, 40)}", clean_name(one.text, TEXT), when)
    return f"{MARKS[one.kind]} {' · '.join(filter(None, facts))}"


def _deal(tr: Translator, deal: Turning) -> str:
    why = (tr("stands too long in this stage") if deal.rots else "", tr("should close now") if deal.expected_on else "")
    return f"💼 {' · '.join(filter(None, (isolated(clean_name(deal.title, 60)), isolated(clean_name(deal.stage, 40)), *why)))}"
