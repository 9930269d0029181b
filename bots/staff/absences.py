"""Absences: managers hear who will be away, and who is there after all; whom it is about does, where somebody else has said so."""

from bots.staff.leaves import EVERYBODY, KINDS, NAME, days_words
from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.tasks import zone_of
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.policy import Action, may
from crm.base.time import local
from crm.outbox.notices import Waiting
from crm.people.calendars import Leave
from crm.people.desk import Intent
from crm.people.leave import seen
from crm.reports.words import plain_name


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Say how a leave stands now."""
    row = session.get(Leave, notice.subject_id)
    whose = scene.rep(row.rep_id) if row else None
    if row is None or whose is None:
        return Rendered(notice)
    away = seen(row, whose.name)
    readers = [rep for rep in dict.fromkeys((*scene.managers, whose)) if rep.id != notice.facts.get("by") and (rep == whose or _steers(rep))]

    def post(tr: Translator, rep: Rep) -> Post:
        zone = zone_of(rep, scene.company)
        days = f"{days_words(tr, away, local(scene.now, zone).date(), zone)} · {tr(KINDS[away.kind])}"
        name = plain_name(tr, whose.name, 40)
        words = tr("🌴 {name} is there after all: {days}", name=name, days=days) if row.ended_at else tr("🌴 {name} will be away: {days}", name=name, days=days)
        return Post(words, ((Key(tr.button(EVERYBODY), Intent(NAME, detail="all")),),) if _steers(rep) else ())

    return Rendered(notice, mail_each(notice, readers, post))


def _steers(rep: Rep) -> bool:
    return may(rep.role, Action.SET_CALENDARS)
