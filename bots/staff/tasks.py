"""Tasks: how a duty reads on a card and in a post, who is told of it, and the buttons that end it, put it off, hand it on, or take that back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bots.staff.menus import MOST, in_rows
from bots.staff.posts import Key, Keys, Post, with_keys
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, see
from bots.staff.visit import Done, Pressed, Visit
from bots.staff.words import HISTORY, MORE, OPEN, TASK, TASK_DONE, UNDO, line_html, name_html
from crm.base import moments
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import cut, isolated, unturned
from crm.conversations.threads import Message
from crm.outbox.notices import Waiting
from crm.people.desk import CONFIRM_MS, Intent
from crm.people.leave import gone_now
from crm.people.sight import seen_by
from crm.reports.duties import Whom, as_read_by, task_for, whom
from crm.reports.thread import Todo, file_at
from crm.reports.words import TASKS, plain_name
from crm.sales import tasks
from crm.sales.ladder import RUNGS
from crm.sales.tasks import Task, TaskKind, TaskState

MARKS = {TaskKind.CALL: "☎️", TaskKind.LETTER: "✉️", TaskKind.MEETING: "🤝", TaskKind.DELIVERY: "🚚", TaskKind.ANSWER: "✍️", TaskKind.OTHER: "📌"}
TEXT_MOST, TO_MOST = 300, MOST - 2
TO_DO = N_("⏰ To do: {what}, {name} ({when}).")
GIVE, TIME, NOT_NEEDED, NOBODYS = N_button("Give to…"), N_button("🕑 Another time"), N_button("Not needed"), N_button("Nobody's")
IF_SILENT, IN_ANY_CASE = N_button("Only if no reply"), N_button("In any case")
TYPED, MINE = N_button("✍️ Another time: type it"), N_button("Mine")
SNOOZES: Mapping[str, str] = {"10m": N_button("In 10 min"), "1h": N_button("In 1 hour"), "morning": N_button("Tomorrow 09:00")}
TIMES: Mapping[str, str] = {
    "1h": N_button("In 1 hour"),
    "today": N_button("Today 18:00"),
    "tomorrow": N_button("Tomorrow 10:00"),
    "monday": N_button("Monday 10:00"),
    "week": N_button("In a week 10:00"),
}


def zone_of(rep: Rep, company: Company) -> str:
    """The zone by whose clock a member works."""
    return rep.zone or company.zone


def todo(task: Todo, tr: Translator, zone: str, now: int, most: int) -> str:
    """A task as a line of a card."""
    what, when = tr(TASKS[task.kind]), tr.when(task.due_at, zone, now)
    parts = (f"<b>{what}</b>", line_html(task.text, most) if task.text else "", when, name_html(tr, task.who, 30) if task.who else "")
    return f"{MARKS[task.kind]} {' · '.join(filter(None, parts))}"


def due(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A task was given to somebody, its time has come, or it is late: whose it is, else who has the conversation, else who watches; at last the managers.

    While whoever should do it is on leave, the managers hear of it from the first.
    """
    task = session.get(Task, notice.subject_id)
    about = whom(session, task) if task else None
    if task is None or about is None or about.blocked or task.state != TaskState.OPEN or notice.facts.get("due", task.due_at) != task.due_at:
        return Rendered(notice)
    owner, rung = scene.rep(task.rep_id) or scene.rep(about.holder_id), RUNGS.get(notice.facts.get("rung", ""))
    readers = scene.managers if rung and rung.managers else (owner,) if owner else scene.watching
    gone = owner if owner and "rung" in notice.facts and gone_now(session, scene.company, owner.id, now=scene.now) else None
    readers = tuple(dict.fromkeys((*readers, *scene.managers))) if gone else readers

    def post(tr: Translator, rep: Rep) -> Post:
        one = as_read_by(rep, about)
        head = _told(tr, rep, task, one, scene) if rung is None else _late(tr, task, one, scene, owner) if rung.managers else _still(tr, task, one, scene)
        away = tr("Away today: {names}", names=plain_name(tr, gone.name)) if gone and gone != rep and not (rung and rung.managers) else ""
        lines = (head, away, cut(_words(rep, task), TEXT_MOST), tr("Phone: {phone}", phone=one.phone) if one.phone else "")
        return Post("\n".join(filter(None, lines)), keys(tr, rep, task.id, one.conversation_id), conversation_id=one.conversation_id)

    return Rendered(notice, mail_each(notice, readers, post))


def _told(tr: Translator, rep: Rep, task: Task, about: Whom, scene: Scene) -> str:
    when = tr.when(task.due_at, zone_of(rep, scene.company), scene.now)
    return tr(TO_DO, what=tr(TASKS[task.kind]), name=plain_name(tr, about.name), when=when)


def _still(tr: Translator, task: Task, about: Whom, scene: Scene) -> str:
    return tr("⏰ Still to do: {what}, {name}. Overdue by {time}.", **_facts(tr, task, about, scene))


def _late(tr: Translator, task: Task, about: Whom, scene: Scene, whose: Rep | None) -> str:
    """What managers hear: that it is late, for how long, and whose it is."""
    facts = _facts(tr, task, about, scene)
    if whose is None:
        return tr("⚠️ Nobody has done this: {what}, {name}. Overdue by {time}.", **facts)
    return tr("⚠️ {who} has not done this: {what}, {name}. Overdue by {time}.", who=plain_name(tr, whose.name), **facts)


def _facts(tr: Translator, task: Task, about: Whom, scene: Scene) -> dict[str, object]:
    return {"what": tr(TASKS[task.kind]), "name": plain_name(tr, about.name), "time": tr.ago(scene.now - task.due_at)}


def _words(rep: Rep, task: Task) -> str:
    """The words of a task as a member may read them: they may be nothing but a phone."""
    return seen_by(rep).named(task.text)


def keys(tr: Translator, rep: Rep, task_id: int, conversation_id: int | None) -> Keys:
    """End a task, look at whom it is about, put it off, hand it on."""
    first = [Key(tr.button(TASK_DONE), Intent("task_done", task_id))]
    first += [Key(tr.button(OPEN), Intent("show", conversation_id))] if conversation_id else []
    later = tuple(Key(tr.button(label), Intent("task_put", task_id, name)) for name, label in SNOOZES.items())
    other = [Key(tr.button(TIME), Intent("task_when", task_id))]
    other += [Key(tr.button(GIVE), Intent("task_give", task_id))] if may(rep.role, Action.GIVE_TASK) else []
    return tuple(first), later, tuple(other)


def page(session: Session, visit: Visit, task: Task, about: Whom, head: str = "") -> Post:
    """Everything about one task, with what can be done about it."""
    tr, rep = visit.tr, visit.rep
    owner = visit.scene(session).rep(task.rep_id)
    lines = [
        head,
        f"{MARKS[TaskKind(task.kind)]} {tr(TASKS[task.kind])}, {plain_name(tr, about.name)}",
        isolated(unturned(cut(_words(rep, task), TEXT_MOST)).strip()) if task.text else "",
        tr.when(task.due_at, zone_of(rep, visit.company), visit.now),
        tr("Whose: {name}", name=plain_name(tr, owner.name)) if owner else tr("nobody's yet"),
        tr("Needless if they write before.") if task.unless_reply else "",
    ]
    if task.state != TaskState.OPEN:
        below: Keys = ((Key(tr.button(UNDO), Intent("task_undone", task.id)),),)
        return Post("\n".join(filter(None, (*lines, tr("It is not open any more.")))), below)
    return Post("\n".join(filter(None, lines)), _page_keys(tr, rep, task, about))


def _page_keys(tr: Translator, rep: Rep, task: Task, about: Whom) -> Keys:
    def key(label: str, action: str, detail: str = "") -> Key:
        return Key(tr.button(label), Intent(action, task.id, detail))

    first = [key(TASK_DONE, "task_done"), *([Key(tr.button(OPEN), Intent("show", about.conversation_id))] if about.conversation_id else [])]
    silent = key(IN_ANY_CASE, "task_silent", "0") if task.unless_reply else key(IF_SILENT, "task_silent", "1")
    whose = [key(GIVE, "task_give")] if may(rep.role, Action.GIVE_TASK) else []
    if not whose and may(rep.role, Action.LEAVE_TASK):
        whose = [key(NOBODYS, "task_to", "0") if task.rep_id == rep.id else key(MINE, "task_to", str(rep.id))]
    past = ((key(HISTORY, "history", "task"),),) if may(rep.role, Action.SEE_HISTORY) else ()
    return tuple(first), (key(TIME, "task_when"), *whose), (silent, key(NOT_NEEDED, "task_drop")), *past


def _shown(session: Session, visit: Visit, task_id: int, words: str) -> Done:
    """A task as it is now, in the place of the post whose button was pressed."""
    post = page(session, visit, *task_for(session, visit.rep, task_id))
    return Done((replace(post, edits=instead(visit)),), words)


def instead(visit: Visit) -> int:
    """The post that an answer takes the place of (0 = none: it was pressed in the group)."""
    return 0 if visit.place else visit.replied_to or 0


def show(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show one task."""
    return Done((page(session, visit, *task_for(session, visit.rep, intent.target)),))


def done(session: Session, visit: Visit, intent: Intent) -> Done:
    """End a task, with the way back."""
    return _ended(session, visit, tasks.finish(session, visit.rep, intent.target, now=visit.now))


def drop(session: Session, visit: Visit, intent: Intent) -> Done:
    """Give a task up, with the way back."""
    return _ended(session, visit, tasks.drop(session, visit.rep, intent.target, now=visit.now))


def _ended(session: Session, visit: Visit, task: Task) -> Done:
    name, what = plain_name(visit.tr, as_read_by(visit.rep, whom(session, task)).name), visit.tr(TASKS[TaskKind(task.kind)])
    said = visit.tr("Done: {what}, {name}.", what=what, name=name)
    words = said if task.state == TaskState.DONE else visit.tr("Not needed any more: {what}, {name}.", what=what, name=name)
    return Done((Post(words, ((Key(visit.tr.button(UNDO), Intent("task_undone", task.id)),),), lasts=CONFIRM_MS),), words)


def undone(session: Session, visit: Visit, intent: Intent) -> Done:
    """Take the end of a task back."""
    tasks.reopen(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("The task is open again."))


def silent(session: Session, visit: Visit, intent: Intent) -> Done:
    """Whether a task is needless once they write before it is due."""
    tasks.need_no_reply(session, visit.rep, intent.target, intent.detail == "1", now=visit.now)
    words = visit.tr("Needless if they write before.") if intent.detail == "1" else visit.tr("To be done in any case.")
    return _shown(session, visit, intent.target, words)


def times(tr: Translator, rep: Rep, company: Company, now: int, action: Intent) -> list[Key]:
    """The times a task may be due, those of today that are over left out; `action` says what a press asks for."""
    zone = zone_of(rep, company)
    chosen = [(name, label) for name, label in TIMES.items() if moments.choice(name, now, zone) is not None]
    return [Key(tr.button(label), replace(action, detail=":".join(filter(None, (action.detail, name))))) for name, label in (*chosen, ("typed", TYPED))]


def at(name: str, visit: Visit) -> int:
    """The instant a button means; raises `Expired` for one there is none of, or that is over."""
    found = moments.choice(name, visit.now, zone_of(visit.rep, visit.company))
    if found is None:
        raise Expired
    return found


def put(session: Session, visit: Visit, intent: Intent) -> Done:
    """Put a task off until the time on the button."""
    task = tasks.put_off(session, visit.rep, intent.target, at(intent.detail, visit), now=visit.now)
    return Done(toast=until(visit, task))


def until(visit: Visit, task: Task) -> str:
    """When a reminder comes, in words."""
    return visit.tr("I will remind you {when}.", when=visit.tr.when(task.due_at, zone_of(visit.rep, visit.company), visit.now))


def give(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask whose a task shall be; `detail` is how many colleagues stand before this page."""
    tr, skip = visit.tr, int(intent.detail or 0)
    task, about = task_for(session, visit.rep, intent.target)
    found = [rep for rep in visit.scene(session).everybody if may(rep.role, Action.DO_TASK)]
    shown: Sequence[Rep] = found[skip : skip + TO_MOST]
    each = [Key(plain_name(tr, rep.name, 22), Intent("task_to", task.id, str(rep.id))) for rep in shown]
    more = [Key(tr.button(MORE), replace(intent, detail=str(skip + TO_MOST)))] if len(found) > skip + TO_MOST else []
    words = tr("Whose shall it be: {what}, {name}?", what=tr(TASKS[task.kind]), name=plain_name(tr, about.name))
    return Done((Post(words, in_rows([*each, Key(tr.button(NOBODYS), Intent("task_to", task.id, "0")), *more]), edits=instead(visit)),))


def to(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make a task somebody's, or nobody's."""
    number = int(intent.detail or 0) or None
    tasks.give(session, visit.rep, intent.target, number, now=visit.now)
    owner = visit.scene(session).rep(number)
    words = visit.tr("It is {name}'s task now.", name=plain_name(visit.tr, owner.name)) if owner else visit.tr("It is nobody's task now.")
    return _shown(session, visit, intent.target, words)


def listen(session: Session, visit: Visit, intent: Intent) -> Done:
    """Post the recording of a call to whoever wants to hear it."""
    file = file_at(session, visit.rep, intent.target, int(intent.detail or 0))
    name = plain_name(visit.tr, seen_by(visit.rep).named(see(session, intent.target, visit.scene(session)).name))
    return Done((Post(f"📞 {name}", media=file, conversation_id=intent.target),))


def offered(reader: Rep, message: Message, posts: Sequence[Post]) -> list[Post]:
    """The posts of a customer's message, with the button below the first that makes a task of its words."""
    if not posts or not may(reader.role, Action.DO_TASK):
        return list(posts)
    key = Key(translator(reader.language).button(TASK), Intent("task_of", message.conversation_id, str(message.id)))
    return [with_keys(posts[0], (key,)), *posts[1:]]


def given_back(tr: Translator, count: int) -> str:
    """How many tasks are nobody's again ("" = none)."""
    return tr.many("{n} task is nobody's again.", "{n} tasks are nobody's again.", count) if count else ""


PRESSES: Mapping[str, Pressed] = {
    "task": show,
    "task_done": done,
    "task_drop": drop,
    "task_undone": undone,
    "task_silent": silent,
    "task_put": put,
    "task_give": give,
    "task_to": to,
}
