"""Campaign: how a promotion goes, as one post that edits itself."""

from collections.abc import Iterator

from bots.staff.digest import REFRESH
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.words import CANCEL
from crm.base.actors import System
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action, may
from crm.base.text import clean_name, isolated
from crm.outbox.notices import Waiting
from crm.outreach.campaigns import CampaignState, campaign_of
from crm.outreach.results import Progress, progress
from crm.people.desk import Intent

HOLD = N_button("Hold")
RESUME = N_button("Resume")
STATES = {
    CampaignState.DRAFT: N_("📣 Promotion: not sent yet"),
    CampaignState.COMPOSING: N_("📣 Promotion: is being prepared"),
    CampaignState.RUNNING: N_("📣 Promotion: is being sent"),
    CampaignState.HELD: N_("⏸ Promotion: held, nothing leaves"),
    CampaignState.CANCELLED: N_("⛔ Promotion: called off"),
    CampaignState.FINISHED: N_("✅ Promotion: finished"),
}
MARKS = {
    CampaignState.COMPOSING: "📣",
    CampaignState.RUNNING: "📣",
    CampaignState.HELD: "⏸",
    CampaignState.CANCELLED: "⛔",
    CampaignState.FINISHED: "✅",
}
# Why somebody was left out when their turn came; `crm.outbox.gate` and `crm.outreach.compose` write these words.
WHY = {
    "no consent": N_("no consent to offers"),
    "stopped": N_("asked us to stop"),
    "capped": N_("got a promotion in the last 24 hours"),
    "unreachable": N_("cannot be reached"),
    "no customer": N_("a supplier or a partner"),
    "blocked by us": N_("blocked by us"),
    "cancelled": N_("called back"),
    "expired": N_("too old, not sent"),
}
OVER = (CampaignState.CANCELLED, CampaignState.FINISHED)


def campaign(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """How a promotion goes now: for the manager who launched it."""
    number = notice.subject_id
    author, now = campaign_of(session, System("notices"), number).created_by, progress(session, number)
    readers = [rep for rep in scene.everybody if rep.id == author and may(rep.role, Action.PROMOTE)]
    return Rendered(notice, mail_each(notice, readers, lambda tr, rep: post(tr, now, name=post_name(number, rep.id))))


def post_name(campaign_id: int, rep_id: int) -> str:
    """The name under which a manager's progress message is edited rather than repeated."""
    return f"campaign:{campaign_id}:{rep_id}"


def post(tr: Translator, now: Progress, *, name: str = "", edits: int = 0) -> Post:
    """How a promotion goes, as a post; pure."""
    lines = [tr(STATES[now.state]), isolated(clean_name(now.text, 120)), "", *_counts(tr, now)]
    return Post("\n".join(lines), keys(tr, now), name=name, edits=edits)


def _counts(tr: Translator, now: Progress) -> Iterator[str]:
    yield tr("Sent: {n} of {total}", n=now.sent, total=now.total)
    if now.queued:
        yield tr("Still to be sent: {n}", n=now.queued)
    if now.failed:
        yield tr("Failed: {n}", n=now.failed)
    if now.unknown:
        yield tr("Not known whether they arrived: {n}", n=now.unknown)
    if now.cancelled:
        yield tr("Left out: {n}", n=sum(amount for _, amount in now.cancelled))
        yield from (f"   {tr(WHY[why]) if why in WHY else clean_name(why)}: {amount}" for why, amount in now.cancelled)
    yield tr("Turned offers off: {n}", n=now.opted_out)
    yield tr("Replied within 72 hours: {n}", n=now.replied)


def keys(tr: Translator, now: Progress) -> Keys:
    """What can be done with a promotion in its state."""

    def key(label: str, deed: str) -> Key:
        return Key(tr.button(label), Intent("campaign", now.campaign_id, deed))

    if now.state in OVER:
        return ((key(REFRESH, "refresh"),),)
    first = key(RESUME, "resume") if now.state is CampaignState.HELD else key(HOLD, "hold")
    return ((first, key(CANCEL, "cancel")),)
