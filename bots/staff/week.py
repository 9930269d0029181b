"""Week: what the assistant did by itself last week, a line each, told without a sound when the week begins."""

from collections.abc import Iterator

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.week import Week, week_of

STOP = N_button("No more of these")


def week(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The firm's week begins: a member reads what was done for them; of nothing nothing is said."""
    rep = scene.rep(notice.subject_id)
    if rep is None:
        return Rendered(notice)
    found = week_of(session, rep, scene.company, now=scene.now)
    return Rendered(notice) if found.empty else Rendered(notice, mail_each(notice, (rep,), lambda tr, _: shown(tr, found)))


def shown(tr: Translator, found: Week) -> Post:
    """The week as a post, with the way to have no more of them; pure."""
    head = tr("📬 Last week I did this for the firm:") if found.firm else tr("📬 Last week I did this for you:")
    keys = ((Key(tr.button(STOP), Intent("day_settings", detail="week_off")),),)
    return Post("\n".join([head, *(f"· {line}" for line in _lines(tr, found))]), keys, quiet=True)


def _lines(tr: Translator, found: Week) -> Iterator[str]:
    if found.answered:
        yield tr.many("{n} customer answered at once while nobody was there", "{n} customers answered at once while nobody was there", found.answered)
    if found.followed_up:
        yield tr.many("{n} follow-up sent", "{n} follow-ups sent", found.followed_up)
    if found.leads:
        yield tr.many("{n} lead opened", "{n} leads opened", found.leads)
    if found.reminded:
        yield tr.many("{n} reminder", "{n} reminders", found.reminded)
    if found.later:
        yield tr.many("{n} reply sent at its time", "{n} replies sent at their time", found.later)
