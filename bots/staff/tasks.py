"""Tasks: how a duty reads on a card and in a post, and the buttons that end it, take that back, or play the recording of a call."""

from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, see
from bots.staff.visit import Done, Visit
from bots.staff.words import OPEN, TASK_DONE, UNDO, line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.settings import Company
from crm.base.text import cut
from crm.outbox.notices import Waiting
from crm.people.desk import CONFIRM_MS, Intent
from crm.reports.thread import Todo, file_at
from crm.reports.words import TASKS, plain_name
from crm.sales import tasks
from crm.sales.tasks import Task, TaskKind, TaskState

MARKS = {TaskKind.CALL: "☎️", TaskKind.ANSWER: "✍️", TaskKind.OTHER: "📌"}
TEXT_MOST = 300


def todo(task: Todo, tr: Translator, company: Company, now: int, most: int) -> str:
    """A task as a line of a card."""
    what, when = tr(TASKS[task.kind]), tr.when(task.due_at, company.zone, now)
    parts = (f"<b>{what}</b>", line_html(task.text, most) if task.text else "", when, name_html(tr, task.who, 30) if task.who else "")
    return f"{MARKS[task.kind]} {' · '.join(filter(None, parts))}"


def due(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A task was given to somebody, or its time has come: whose it is, else who has the conversation, else who watches."""
    task = session.get(Task, notice.subject_id)
    sight = see(session, task.conversation_id, scene) if task else None
    if task is None or sight is None or task.state != TaskState.OPEN or sight.blocked:
        return Rendered(notice)
    owner = scene.rep(task.rep_id) or scene.rep(sight.holder_id)

    def post(tr: Translator, rep: Rep) -> Post:
        when = tr.when(task.due_at, scene.company.zone, scene.now)
        words = tr("⏰ To do: {what}, {name} ({when}).", what=tr(TASKS[task.kind]), name=plain_name(tr, sight.name), when=when)
        lines = (words, cut(task.text, TEXT_MOST), tr("Phone: {phone}", phone=sight.phone) if sight.phone else "")
        return Post("\n".join(filter(None, lines)), keys(tr, task.id, sight.conversation_id), conversation_id=sight.conversation_id)

    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.watching, post))


def keys(tr: Translator, task_id: int, conversation_id: int) -> Keys:
    """End a task, or look at whom it is about."""
    return ((Key(tr.button(TASK_DONE), Intent("task_done", task_id)), Key(tr.button(OPEN), Intent("show", conversation_id))),)


def done(session: Session, visit: Visit, intent: Intent) -> Done:
    """End a task, with the way back."""
    task = tasks.finish(session, visit.rep, intent.target, now=visit.now)
    name = plain_name(visit.tr, see(session, task.conversation_id, visit.scene(session)).name)
    words = visit.tr("Done: {what}, {name}.", what=visit.tr(TASKS[TaskKind(task.kind)]), name=name)
    return Done((Post(words, ((Key(visit.tr.button(UNDO), Intent("task_undone", task.id)),),), lasts=CONFIRM_MS),), words)


def undone(session: Session, visit: Visit, intent: Intent) -> Done:
    """Take the end of a task back."""
    tasks.reopen(session, visit.rep, intent.target, now=visit.now)
    return Done(toast=visit.tr("The task is open again."))


def listen(session: Session, visit: Visit, intent: Intent) -> Done:
    """Post the recording of a call to whoever wants to hear it."""
    file = file_at(session, visit.rep, intent.target, int(intent.detail or 0))
    name = plain_name(visit.tr, see(session, intent.target, visit.scene(session)).name)
    return Done((Post(f"📞 {name}", media=file, conversation_id=intent.target),))
