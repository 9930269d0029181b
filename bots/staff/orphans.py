"""Orphans: what managers are told each morning of the leads that nobody has or nothing is planned about."""

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep, System
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.people.sight import seen_by
from crm.reports.orphans import COUNTED_MOST, Orphan, count_orphans, orphans
from crm.reports.words import plain_name

SHOWN = 6
EVERY = N_button("All of them")


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The morning has come: each manager hears of the leads nobody cares for, the longest forgotten first; nothing is said where there are none."""
    found = orphans(session, System("notices"), now=scene.now, limit=SHOWN).rows
    if not found:
        return Rendered(notice)
    count = count_orphans(session, now=scene.now) if len(found) == SHOWN else len(found)
    return Rendered(notice, mail_each(notice, scene.managers, lambda tr, rep: _post(tr, rep, found, count, scene)))


def _post(tr: Translator, rep: Rep, found: tuple[Orphan, ...], count: int, scene: Scene) -> Post:
    more = f"{count}+" if count >= COUNTED_MOST else count
    head = tr("🧭 Leads that nobody has, or about which nothing is planned: {n}. Open each, take it or give it, and plan the next step.", n=more)
    rows = [f"{number}. {_name(tr, rep, one)} · {_lack(tr, one)} · {tr.since(one.created_at, scene.now)}" for number, one in enumerate(found, 1)]
    keys = [(Key(f"{number}. {_name(tr, rep, one, 24)}", Intent("lead_open", one.lead_id)),) for number, one in enumerate(found, 1)]
    return Post("\n".join([head, *rows]), (*keys, (Key(tr.button(EVERY), Intent("leads", 0, ":0:0")),)))


def _name(tr: Translator, rep: Rep, one: Orphan, most: int = 40) -> str:
    return plain_name(tr, seen_by(rep).named(one.name), most)


def _lack(tr: Translator, one: Orphan) -> str:
    if not one.owned:
        return tr("nobody has it") if one.planned else tr("nobody has it, nothing is planned")
    return tr("nothing is planned ({name})", name=plain_name(tr, one.owner, 24)) if one.owner else tr("nothing is planned")
