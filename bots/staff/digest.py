"""Digest: the firm's day on one screen, asked for with /today and told to every manager at closing time."""

from collections.abc import Iterator

from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.base.time import MINUTE
from crm.inbox.parked import count_parked
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.today import Today, today
from crm.reports.words import plain_name

REFRESH = N_button("Refresh")
LEADS = N_button("Leads")


def digest(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The firm has closed: each manager gets the day's report."""
    managers = [rep for rep in scene.everybody if may(rep.role, Action.SEE_REPORTS)]
    return Rendered(notice, mail_each(notice, managers, lambda tr, rep: report(tr, day_of(session, rep, scene), scene, over=True)))


def day_of(session: Session, rep: Rep, scene: Scene) -> Today:
    """The day so far, for one who may see reports."""
    return today(session, rep, scene.company, now=scene.now, parked=count_parked(session))


def report(tr: Translator, day: Today, scene: Scene, *, over: bool = False) -> Post:
    """The day as a post, with the conversations that wait longest as buttons; pure."""
    cards = [(Key(f"🔴 {plain_name(tr, one.name, 24)} · {_within(tr, one.waits_ms)}", Intent("show", one.conversation_id)),) for one in day.waiting]
    below = (Key(tr.button(REFRESH), Intent("today")), Key(tr.button(LEADS), Intent("command", detail="leads")))
    when = tr.when(scene.now, scene.company.zone, scene.now)
    head = tr("📊 The firm closes. What the day brought:") if over else tr("📊 The day so far, {when}", when=when)
    lines = [*_people(tr, day), *_traffic(tr, day, scene), *_duties(tr, day, scene), *_health(tr, scene), *_seal(tr, day, over)]
    return Post("\n".join([head, "", *lines]), (*cards, below))


def _people(tr: Translator, day: Today) -> Iterator[str]:
    yield tr("New leads: {n}", n=day.new_leads)
    if day.unanswered:
        yield tr("Wait for an answer: {n}, the longest {time}", n=day.unanswered, time=_within(tr, day.oldest_ms))
    else:
        yield tr("Nobody waits for an answer.")
    if day.response_median_ms is None or day.response_p90_ms is None:
        yield tr("First answer of a person: none yet")
    else:
        half, most = _within(tr, day.response_median_ms), _within(tr, day.response_p90_ms)
        yield tr("First answer of a person: half within {half}, 9 of 10 within {most} ({n} in all)", half=half, most=most, n=day.answered)


def _within(tr: Translator, duration: int) -> str:
    """A bound in words: what took seconds is within a minute."""
    return tr.ago(max(duration, MINUTE))


def _traffic(tr: Translator, day: Today, scene: Scene) -> Iterator[str]:
    if not day.traffic:
        yield tr("No messages yet.")
        return
    yield tr("Messages, in / out:")
    yield from (f"   {scene.title(one.channel)}: {one.heard} / {one.said}" for one in day.traffic)


def _duties(tr: Translator, day: Today, scene: Scene) -> Iterator[str]:
    if day.held_since:
        yield tr("⏸ Nothing is sent to customers since {when}. See /release.", when=tr.when(day.held_since, scene.company.zone, scene.now))
    yield tr("Follow-ups due today: {n}", n=day.follow_ups_due)
    if day.failed or day.unknown:
        yield tr("⚠️ Not delivered: {failed}. Not known: {unknown}.", failed=day.failed, unknown=day.unknown)
    if day.parked:
        yield tr("⚠️ Could not be read: {n}. See /parked.", n=day.parked)


def _health(tr: Translator, scene: Scene) -> Iterator[str]:
    """How the channels do, where somebody has looked; what is wrong is said as the channel says it, in English."""
    sick = {account: health for account, health in scene.health.items() if not health.ok}
    if scene.health and not sick:
        yield tr("All channels work.")
    yield from (f"⚠️ {scene.title(account)}: {clean_name(health.words)}" for account, health in sick.items())


def _seal(tr: Translator, day: Today, over: bool) -> Iterator[str]:
    """The newest seal of the record, which is kept here outside of the database: `audit verify --seal` compares."""
    if over and day.seal:
        yield tr("🔏 Seal of the record: {seal}", seal=day.seal)
