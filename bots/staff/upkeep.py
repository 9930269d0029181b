"""Upkeep: what managers see of sending on hold and of backups that fail."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep, System
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.installation import Why
from crm.base.outbound import Lane
from crm.base.text import clean_name, isolated
from crm.base.time import DAY, HOUR
from crm.outbox.hold import Standing, standing
from crm.outbox.notices import Waiting
from crm.people.desk import Intent

YOUNG_MS = HOUR
RELEASE = N_button("Release sending")
WAITS = N_button("What waits")
SEND_ALL = N_button("Send all ({n})")
SEND_YOUNG = N_button("Only the last hour ({n})")
SEND_NONE = N_button("Send none of it")
KEEP = N_button("Keep holding")
HOLD = N_button("Hold sending")
BACKUPS = N_button("Backups")

REASONS: Mapping[Why, str] = {
    Why.NO_SEAL: N_("The data folder is new to this machine: restored from a backup, or copied from elsewhere."),
    Why.OTHER_DATABASE: N_("The database is not the one this machine worked with last: restored from a backup, or copied."),
    Why.MOVED: N_("The data folder was copied or moved."),
    Why.BY_HAND: N_("A manager has put it on hold."),
}
LANES: Mapping[Lane, str] = {
    Lane.REPLY: N_("Answers of the team: {n}, the oldest {time} old"),
    Lane.SERVICE: N_("Answers of the bot: {n}, the oldest {time} old"),
    Lane.FOLLOWUP: N_("Follow-ups: {n}, the oldest {time} old"),
    Lane.PROMOTION: N_("Promotions: {n}, the oldest {time} old"),
}


def held(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Nothing is sent to customers: the managers decide."""
    found = standing(session, System("notices"))
    if not found.since:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        keys = (Key(tr.button(RELEASE), Intent("release", detail="ask")), Key(tr.button(WAITS), Intent("release", detail="look")))
        return Post("\n".join(head(tr, found)), (keys,))

    return Rendered(notice, mail_each(notice, scene.managers, post))


def head(tr: Translator, found: Standing) -> Iterator[str]:
    """That and why nothing is sent, and what that means."""
    yield tr("⏸ Nothing is sent to customers.")
    if found.why:
        yield tr(REASONS[found.why])
    if found.why is not Why.BY_HAND:
        yield tr("If another copy of this product is running, stop one of the two before you release: customers would get everything twice.")
    yield tr("What customers write still comes in.")


def page(tr: Translator, found: Standing, now: int) -> Post:
    """What waits, and what can become of it; a button of an earlier hold releases nothing, because it carries that hold's instant. Pure."""
    lines = [*head(tr, found), "", *waits(tr, found, now)]
    sending = {"all": tr.button(SEND_ALL, n=found.count), "hour": tr.button(SEND_YOUNG, n=found.young), "none": tr.button(SEND_NONE)}
    if not found.count:
        sending = {"all": tr.button(RELEASE)}
    elif found.young in (0, found.count):
        del sending["hour"]
    keys = [(Key(label, Intent("release", found.since, detail)),) for detail, label in sending.items()]
    return Post("\n".join(lines), (*keys, (Key(tr.button(KEEP), Intent("release", found.since, "keep")),)))


def waits(tr: Translator, found: Standing, now: int) -> Iterator[str]:
    """What waits to be sent, a line for each lane."""
    if not found.waits:
        yield tr("Nothing waits to be sent.")
        return
    yield tr("Waits to be sent:")
    yield from (f"   {tr(LANES[one.lane], n=one.count, time=tr.ago(now - one.oldest))}" for one in found.waits)


def account(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A platform tells something about our own account: its words as they are, for the managers."""
    told = notice.facts
    words = isolated(clean_name(str(told.get("words", "")) or str(told.get("kind", "")), 500))

    def post(tr: Translator, rep: Rep) -> Post:
        channel = scene.title(str(told.get("account", "")))
        if told.get("ok"):
            return Post(tr("✅ Good news about our account on {channel}: “{words}”", channel=channel, words=words))
        return Post(tr("⚠️ About our account on {channel}: “{words}”. Look at it there, or ask who looks after it.", channel=channel, words=words))

    return Rendered(notice, mail_each(notice, scene.managers, post))


def backup_failed(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A backup failed: why, once a day."""

    def post(tr: Translator, rep: Rep) -> Post:
        why = clean_name(str(notice.facts.get("why", "")), 300)
        return Post(tr("⚠️ The backup failed. The earlier ones are kept. Tell who looks after the machine: {why}", why=why))

    mails = (replace(mail, once=f"backup_failed:{scene.now // DAY}:{mail.rep.id}") for mail in mail_each(notice, scene.managers, post))
    return Rendered(notice, tuple(mails))


def backup_ready(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The backup that somebody asked for stands."""
    asker = scene.rep(notice.subject_id)

    def post(tr: Translator, rep: Rep) -> Post:
        return Post(tr("✅ The backup is taken and checked."), ((Key(tr.button(BACKUPS), Intent("command", detail="backup")),),))

    return Rendered(notice, mail_each(notice, (asker,) if asker else scene.managers, post))
