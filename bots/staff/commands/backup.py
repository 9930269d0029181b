"""/backup: when the last copy was taken, how it went, and a copy now."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.outbox.upkeep import ask_for, asked
from crm.people.desk import Intent
from crm.people.reps import authorise

NOW = N_button("Back up now")


def deed(session: Session, visit: Visit) -> Done:
    """Show how the copies stand."""
    return Done((_post(session, visit),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask for a copy now."""
    ask_for(session, visit.rep, now=visit.now)
    return Done((replace(_post(session, visit), edits=visit.replied_to or 0),), visit.tr("The backup begins. You hear when it is ready."))


def _post(session: Session, visit: Visit) -> Post:
    authorise(session, visit.rep, Action.BACK_UP)
    tr, known, zone = visit.tr, visit.health.get("backup"), visit.company.zone
    if known is None:
        words = tr("Backups by schedule are off here (BACKUP_EVERY). Whoever looks after the machine takes one with: python main.py backup")
        return Post(words, menus.home(tr))
    facts, wish = known.facts, asked(session, now=visit.now)
    last = int(facts.get("last", "0"))
    lines = [tr("💾 Backups, every {time}", time=tr.ago(int(facts.get("every", "0"))))]
    if last:
        size = tr("{n} MB", n=f"{int(facts.get('size', '0')) / 1e6:.1f}")
        lines.append(tr("The last good one: {when}, {size}.", when=tr.when(last, zone, visit.now), size=size))
    else:
        lines.append(tr("None was taken yet."))
    if not known.ok:
        lines.append(f"⚠️ {clean_name(known.words, 300)}")
    lines.append(
        tr("They stand on the machine in {folder}. A copy elsewhere saves you when the machine is lost.", folder=clean_name(facts.get("folder", ""), 200))
    )
    if wish and wish.at > last:
        return Post("\n".join([*lines, tr("One was asked for {when} and is being taken.", when=tr.when(wish.at, zone, visit.now))]), menus.home(tr))
    return Post("\n".join(lines), ((Key(tr.button(NOW), Intent("backup")),), *menus.home(tr)))


COMMAND = Command("backup", N_("Backups: the last one, one now"), deed, Action.BACK_UP, presses={"backup": turn}, group=Group.SETUP)
