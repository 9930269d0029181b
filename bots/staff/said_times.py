"""Said times: a customer has named a day and an hour; whoever has them, or those who watch, hear of it with the task that was made."""

from bots.staff import tasks
from bots.staff.posts import Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, Translator
from crm.base.text import cut
from crm.outbox.notices import Waiting
from crm.people.sight import seen_by
from crm.reports.duties import as_read_by, whom
from crm.reports.words import plain_name
from crm.sales.tasks import Task, TaskKind, TaskState

ASKS = {TaskKind.CALL: N_("🕑 {name} wants to be called {when}."), TaskKind.MEETING: N_("🕑 {name} wants to come {when}.")}


def said(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Tell of the time; it stands as a task already, and is another one's or another time by a button."""
    task = session.get(Task, notice.subject_id)
    about = whom(session, task) if task else None
    if task is None or about is None or about.blocked or task.state != TaskState.OPEN or notice.facts.get("due") != task.due_at:
        return Rendered(notice)
    owner = scene.rep(task.rep_id) or scene.rep(about.holder_id)

    def post(tr: Translator, rep: Rep) -> Post:
        one = as_read_by(rep, about)
        when = tr.when(task.due_at, tasks.zone_of(rep, scene.company), scene.now)
        head = tr(ASKS[TaskKind(task.kind)], name=plain_name(tr, one.name), when=when)
        words = cut(seen_by(rep).named(task.text), tasks.TEXT_MOST)
        return Post("\n".join(filter(None, (head, words))), tasks.keys(tr, rep, task.id, one.conversation_id), conversation_id=one.conversation_id)

    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.watching, post))
