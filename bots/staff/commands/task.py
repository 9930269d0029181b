"""/task: something to be done for the customer of the card replied to: typed at once, or chosen by buttons; also the button under a message."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.tasks import at as chosen_at
from bots.staff.tasks import instead, page, times, until, zone_of
from bots.staff.visit import Command, Done, Group, Visit, told
from bots.staff.words import CANCEL
from crm.base import moments, said_times
from crm.base.db import Session
from crm.base.errors import Expired, NotFound
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import cut, isolated, unturned
from crm.base.time import HOUR, MINUTE
from crm.conversations.threads import POINTED, Message, the
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard, wizard_of
from crm.people.sight import seen_by
from crm.reports.duties import task_for
from crm.reports.thread import reach
from crm.reports.words import plain_name
from crm.sales import tasks
from crm.sales.hints import kind_of
from crm.sales.tasks import TEXT_MOST, Duty, TaskKind, deal_in_sight

SHOWN = 300
KINDS = {
    TaskKind.CALL: N_button("☎️ Call"),
    TaskKind.LETTER: N_button("✉️ Letter"),
    TaskKind.MEETING: N_button("🤝 Meeting"),
    TaskKind.DELIVERY: N_button("🚚 Delivery"),
    TaskKind.ANSWER: N_button("✍️ Answer"),
    TaskKind.OTHER: N_button("📌 Something else"),
}
NAME, TIME, SAID = "task_draft", "task_time", "on"


def deed(session: Session, visit: Visit) -> Done:
    """Make the task that was typed behind the command, or ask what is to be done and when."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr(
            "Reply with /task to a card or to a message of the customer. You may write what and when behind it: /task tomorrow 15:00 send the offer"
        )
        return Done((Post(words, menus.home(visit.tr)),))
    read = moments.read(visit.rest, visit.now, zone_of(visit.rep, visit.company))
    if read.at is None or read.at <= visit.now:
        return _asked(session, visit, conversation_id, read.text, read.unless_reply)
    duty = Duty(kind_of(read.text), read.at, read.text, visit.rep.id, f"task:{visit.once}", read.unless_reply)
    return Done((_made(session, visit, conversation_id, duty),))


def new(session: Session, visit: Visit, intent: Intent) -> Done:
    """The button on a card."""
    return _asked(session, visit, intent.target, "")


def of_message(session: Session, visit: Visit, intent: Intent) -> Done:
    """The button under a message: its words become the task's."""
    message = session.get(Message, int(intent.detail or 0))
    if message is None or message.conversation_id != intent.target:
        raise NotFound
    return _asked(session, visit, intent.target, seen_by(visit.rep).told(message.text, points=message.kind in POINTED))


def for_deal(session: Session, visit: Visit, intent: Intent) -> Done:
    """The button of a deal."""
    deal = deal_in_sight(session, visit.rep, intent.target)
    return _offered(visit, session, deal.id, {"text": "", "unless_reply": False, "deal": deal.id}, deal.title)


def _asked(session: Session, visit: Visit, conversation_id: int, text: str, unless_reply: bool = False) -> Done:
    """Ask what is to be done for a customer; the words wait."""
    reach(session, visit.rep, conversation_id)
    root = root_of(session, the(session, conversation_id).contact_id)
    facts = {"text": cut(text, TEXT_MOST), "unless_reply": unless_reply}
    return _offered(visit, session, conversation_id, facts, root.name or root.platform_name)


def _offered(visit: Visit, session: Session, target: int, facts: dict[str, object], name: str) -> Done:
    """Ask what kind of thing it is."""
    draft = Wizard(f"{NAME}:{visit.event}", NAME, target, facts, listens=False)
    begin(session, visit.rep, draft, until=visit.now + HOUR)
    tr = visit.tr
    each = [Key(tr.button(label), Intent("task_kind", target, f"{visit.event}:{kind.value}")) for kind, label in KINDS.items()]
    leave = Key(tr.button(CANCEL), Intent("cancel", detail=draft.name))
    words = "\n".join(filter(None, (tr("What is to be done for {name}?", name=plain_name(tr, seen_by(visit.rep).named(name))), _quoted(str(facts["text"])))))
    return Done((Post(words, (*menus.in_rows(each), (leave,)), lasts=HOUR),))


def kind(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask when it is due."""
    event, _, chosen = intent.detail.partition(":")
    draft = _draft(session, visit, event)
    tr = visit.tr
    said = _named(visit, str(draft.facts["text"]), Intent("task_at", intent.target, intent.detail))
    *others, last = times(tr, visit.rep, visit.company, visit.now, Intent("task_at", intent.target, intent.detail))
    each = [*said, *others[: menus.MOST - 2 - len(said)], last]
    leave = Key(tr.button(CANCEL), Intent("cancel", detail=draft.name))
    words = "\n".join(filter(None, (tr("{kind}: when?", kind=tr.button(KINDS[TaskKind(chosen)])), _quoted(str(draft.facts["text"])))))
    return Done((Post(words, (*menus.in_rows(each), (leave,)), lasts=HOUR, edits=instead(visit)),))


def at(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make the task for the time on the button, or ask for another one."""
    event, chosen, name = intent.detail.split(":")
    if name == "typed":
        return _ask_time(session, visit, intent.target, {"draft": event, "kind": chosen})
    due = int(name.removeprefix(SAID)) * MINUTE if name.startswith(SAID) else chosen_at(name, visit)
    if due <= visit.now:
        raise Expired
    post = _from_draft(session, visit, event, TaskKind(chosen), due)
    return Done((replace(post, edits=instead(visit)),))


def _named(visit: Visit, text: str, action: Intent) -> list[Key]:
    """The times that the words of a task name themselves, as a customer's message does: they stand first."""
    zone = zone_of(visit.rep, visit.company)
    found = said_times.meant(text, visit.rep.language, (zone,), visit.now)[:2]
    return [Key(visit.tr.when(due, zone, visit.now), replace(action, detail=f"{action.detail}:{SAID}{due // MINUTE}")) for due in found]


def when(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask when a task that is there shall be due, or put it where the button says."""
    if intent.detail == "typed":
        return _ask_time(session, visit, intent.target, {"task": intent.target})
    if intent.detail:
        task = tasks.put_off(session, visit.rep, intent.target, chosen_at(intent.detail, visit), now=visit.now)
        return Done((replace(page(session, visit, *task_for(session, visit.rep, task.id)), edits=instead(visit)),), until(visit, task))
    task_for(session, visit.rep, intent.target)
    each = times(visit.tr, visit.rep, visit.company, visit.now, Intent("task_when", intent.target))
    return Done((Post(visit.tr("When shall it be done?"), menus.in_rows(each), edits=instead(visit)),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the time that was typed, and say it back in words."""
    words = getattr(visit.said, "text", "")
    read = moments.read(words, visit.now, zone_of(visit.rep, visit.company))
    if read.at is None:
        return told(visit.tr("I do not understand that time. Write it like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h. Or /cancel."))
    if read.at <= visit.now:
        return told(visit.tr("That time is over. Write one that is still to come, or /cancel."))
    quit_wizard(session, visit.rep, wizard.name)
    if "draft" in wizard.facts:
        return Done((_from_draft(session, visit, str(wizard.facts["draft"]), TaskKind(wizard.facts["kind"]), read.at),))
    task = tasks.put_off(session, visit.rep, int(wizard.facts["task"]), read.at, now=visit.now)
    return Done((page(session, visit, *task_for(session, visit.rep, task.id), head=until(visit, task)),))


def _ask_time(session: Session, visit: Visit, target: int, facts: dict[str, object]) -> Done:
    begin(session, visit.rep, Wizard(TIME, TIME, target, facts), until=visit.now + CONFIRM_MS)
    return Done(
        (menus.question(visit.tr, visit.tr("Write when, like this: tomorrow 15:00, Friday 10:00, 24.12 09:30, in 2 h."), TIME),),
        visit.tr("Write the time now."),
    )


def _draft(session: Session, visit: Visit, event: str) -> Wizard:
    found = wizard_of(session, visit.rep, f"{NAME}:{event}", now=visit.now)
    if found is None:
        raise Expired
    return found


def _from_draft(session: Session, visit: Visit, event: str, kind: TaskKind, due_at: int) -> Post:
    draft = _draft(session, visit, event)
    duty = Duty(kind, due_at, str(draft.facts["text"]), visit.rep.id, f"task:event:{event}", bool(draft.facts["unless_reply"]))
    return _made(session, visit, draft.target, duty, deal="deal" in draft.facts)


def _made(session: Session, visit: Visit, target: int, duty: Duty, *, deal: bool = False) -> Post:
    """Make a task for oneself, about a conversation or a deal, and say in words when it is due."""
    add = tasks.add_to_deal if deal else tasks.add_task
    number = add(session, visit.rep, target, duty, now=visit.now)
    task, about = task_for(session, visit.rep, number)
    return page(session, visit, task, about, head=until(visit, task))


def _quoted(text: str) -> str:
    return f"«{isolated(unturned(cut(text, SHOWN)).strip())}»" if text.strip() else ""


COMMAND = Command(
    "task",
    N_("Something to do for the customer: reply to a card"),
    deed,
    needs=Action.DO_TASK,
    presses={"task_new": new, "task_of": of_message, "task_deal": for_deal, "task_kind": kind, "task_at": at, "task_when": when},
    listeners={TIME: typed},
    group=Group.WORK,
)
