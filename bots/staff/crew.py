"""Crew: what the staff hears of itself: who came, who left, who cannot be written to any more."""

from dataclasses import replace

from bots.staff import menus, tasks
from bots.staff.posts import Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.policy import Action, may
from crm.base.time import DAY
from crm.outbox.notices import Waiting
from crm.people.reps import rep_at
from crm.reports.words import plain_name


def joined(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody used an invitation: who gave it is told, and of whoever steers from now on the other managers, too."""
    newcomer, issuer = scene.rep(notice.subject_id), scene.rep(notice.facts.get("issuer"))
    if newcomer is None or issuer is None:
        return Rendered(notice)
    others = [rep for rep in scene.managers if rep.id not in (issuer.id, newcomer.id)] if may(newcomer.role, Action.STEER_TEAM) else []
    return Rendered(notice, mail_each(notice, [issuer, *others], lambda tr, rep: Post(tr("{name} has joined the team.", name=plain_name(tr, newcomer.name)))))


def left(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody has left the team: the other managers hear of it, and of what went back."""
    name, by = str(notice.facts.get("name", "")), scene.rep(notice.facts.get("by"))
    readers = [rep for rep in scene.managers if rep != by]

    def post(tr: Translator, rep: Rep) -> Post:
        words = tr("{name} is not of the team any more.", name=plain_name(tr, name))
        back = given_back(tr, int(notice.facts.get("conversations", 0))), tasks.given_back(tr, int(notice.facts.get("tasks", 0)))
        return Post(" ".join(filter(None, (words, *back))), menus.home(tr))

    return Rendered(notice, mail_each(notice, readers, post))


def given_back(tr: Translator, count: int) -> str:
    """How many conversations wait for somebody again ("" = none)."""
    return tr.many("{n} conversation is back in the inbox.", "{n} conversations are back in the inbox.", count) if count else ""


def rep_lost(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A rep cannot be written to any more: they are off duty, and the managers know."""
    lost = rep_at(session, str(notice.facts.get("address", "")), now=scene.now)
    if lost is None:
        return Rendered(notice)
    readers = [rep for rep in scene.managers if rep.id != lost.id]

    def post(tr: Translator, rep: Rep) -> Post:
        words = tr("⚠️ {name} has blocked the staff bot and sees nothing any more. They are off duty now.", name=plain_name(tr, lost.name))
        return Post(f"{words} {tr('Their conversations can be taken over from /inbox.')}")

    # Everything that fails to reach them says so again: once a day is enough.
    mails = (replace(mail, once=f"rep_lost:{lost.id}:{scene.now // DAY}:{mail.rep.id}") for mail in mail_each(notice, readers, post))
    return Rendered(notice, tuple(mails), away=(lost,))
