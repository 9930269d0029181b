"""Planned replies: what was written to be said later, called back, said at once, or given up because the customer wrote first."""

from collections.abc import Mapping
from dataclasses import replace

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, read_name, see
from bots.staff.tasks import zone_of
from bots.staff.visit import Done, Visit
from bots.staff.words import OPEN, UNDO, whole
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.conversations import planned
from crm.conversations.planned import PlannedReply, PlannedState
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.words import plain_name

CALL_BACK, SAY_NOW = N_button("Do not say it"), N_button("Send it now")
WHY: Mapping[str, str] = {
    "Taken": N_("{name} has the conversation now"),
    "Forbidden": N_("the customer is blocked, or you may not write any more"),
    "Unreachable": N_("this channel cannot carry an answer now"),
}


def page(session: Session, visit: Visit, row: PlannedReply) -> Post:
    """A planned reply with what can be done about it."""
    tr, name = visit.tr, read_name(visit.tr, visit.rep, see(session, row.conversation_id, visit.scene(session)).name)
    when = tr.when(row.due_at, zone_of(visit.rep, visit.company), visit.now)
    if row.state == PlannedState.CANCELLED:
        again = Key(tr.button(UNDO), Intent("planned", row.id, "again"))
        return Post(f"{tr('Not said: {name} will not get this.', name=name)}\n\n{whole(row.text)}", ((again,),))
    words = tr("🕒 {name} will get this {when}.", name=name, when=when)
    if row.unless_reply:
        words += " " + tr("If they write first, it is not sent, and I tell you.")
    keys = (Key(tr.button(CALL_BACK), Intent("planned", row.id, "back")), Key(tr.button(SAY_NOW), Intent("planned", row.id, "now")))
    return Post(f"{words}\n\n{whole(row.text)}", (keys,))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Call it back, plan it again, or say it at once; the post changes where it stands."""
    tr = visit.tr
    if intent.detail == "now":
        row = planned.planned_at(session, visit.rep, intent.target)
        planned.say_now(session, visit.rep, row.id, now=visit.now, sendable=visit.sendable)
        words = tr("It is on its way.")
        return Done((Post(f"{words}\n\n{whole(row.text)}", edits=visit.replied_to or 0),), words)
    deed = planned.plan_again if intent.detail == "again" else planned.call_back
    row = deed(session, visit.rep, intent.target, now=visit.now)
    return Done((replace(page(session, visit, row), edits=visit.replied_to or 0),), tr("Written down."))


def not_said(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A planned reply was not said: its author hears why, and may say it all the same; where they have left, the managers."""
    row = session.get(PlannedReply, notice.subject_id)
    if row is None or row.state not in (PlannedState.OVERTAKEN, PlannedState.FAILED):
        return Rendered(notice)
    author, sight = scene.rep(row.rep_id), see(session, row.conversation_id, scene)

    def post(tr: Translator, rep: Rep) -> Post:
        name = read_name(tr, rep, sight.name)
        if row.state == PlannedState.OVERTAKEN:
            words = tr("🕒 Not sent: {name} wrote before its time came.", name=name)
        else:
            code, _, holder = row.why.partition(":")
            why = tr(WHY[code], name=plain_name(tr, holder)) if code in WHY else tr("the reason is not known")
            words = tr("🕒 Not sent to {name}: {why}.", name=name, why=why)
        now = (Key(tr.button(SAY_NOW), Intent("planned", row.id, "now")),) if author else ()
        return Post(f"{words}\n\n{whole(row.text)}", ((*now, Key(tr.button(OPEN), Intent("show", row.conversation_id))),), conversation_id=row.conversation_id)

    return Rendered(notice, mail_each(notice, (author,) if author else scene.managers, post))
