"""Promotions that were sent: hold, resume, call off, look at the result, list the earlier ones."""

from collections.abc import Mapping
from dataclasses import replace

from bots.staff import campaign
from bots.staff.posts import Key, Post
from bots.staff.visit import Done, Pressed, Visit, ask
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.text import clean_name, isolated
from crm.outreach import campaigns
from crm.outreach.campaigns import CampaignState
from crm.outreach.results import Progress, progress
from crm.people.desk import CONFIRM_MS, Intent

LISTED = 7
SURE = N_button("Yes, call it off")
KEEP = N_button("No, go on")


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button under a promotion asks for."""
    match intent.detail:
        case "hold":
            _counted(visit, intent.target)
            campaigns.hold(session, visit.rep, intent.target, now=visit.now)
            return shown(session, visit, intent.target, visit.tr("Held: nothing leaves until you resume it."))
        case "resume":
            _counted(visit, intent.target)
            campaigns.resume(session, visit.rep, intent.target, now=visit.now)
            return shown(session, visit, intent.target, visit.tr("It goes on."))
        case "cancel":
            return _sure(session, visit, intent.target)
        case "sure":
            return _called_off(session, visit, intent.target)
        case "keep":
            words = visit.tr("It goes on as before.")
            return Done((Post(words, edits=visit.replied_to or 0),), words)
        case "refresh":
            return shown(session, visit, intent.target, visit.tr("Counted anew."))
        case "open":
            return Done((campaign.post(visit.tr, standing(session, visit, intent.target)),))
    raise Expired


def shown(session: Session, visit: Visit, number: int, toast: str) -> Done:
    """The promotion as it stands now, where the button was pressed."""
    return Done((campaign.post(visit.tr, standing(session, visit, number), edits=visit.replied_to or 0),), toast)


def standing(session: Session, visit: Visit, number: int) -> Progress:
    """How a promotion stands: its state as it is in this deed, its numbers from a snapshot just before."""
    state = CampaignState(campaigns.campaign_of(session, visit.rep, number).state)
    return replace(_counted(visit, number), state=state)


def _counted(visit: Visit, number: int) -> Progress:
    """The numbers alone; asked before anything is changed, because an unanswered question undoes the deed."""
    return ask(visit, ("campaign", number), lambda session: progress(session, number))


def _sure(session: Session, visit: Visit, number: int) -> Done:
    """Ask once more: who has not got it by then never will."""
    if campaigns.campaign_of(session, visit.rep, number).state in campaign.OVER:
        return shown(session, visit, number, visit.tr("This promotion is over."))
    words = visit.tr.many(
        "Call this promotion off for good? {n} person has not got it yet.",
        "Call this promotion off for good? {n} people have not got it yet.",
        standing(session, visit, number).queued,
    )
    keys = (Key(visit.tr.button(SURE), Intent("campaign", number, "sure")), Key(visit.tr.button(KEEP), Intent("campaign", number, "keep")))
    return Done((Post(words, (keys,), lasts=CONFIRM_MS),))


def _called_off(session: Session, visit: Visit, number: int) -> Done:
    """Call it off; the progress message is drawn anew by its own notice."""
    campaigns.cancel(session, visit.rep, number, now=visit.now)
    words = visit.tr("Called off. Nobody else gets it.")
    return Done((Post(words, edits=visit.replied_to or 0),), words)


def earlier(session: Session, visit: Visit, intent: Intent) -> Done:
    """The newest promotions, each of which can be looked at again."""
    tr = visit.tr
    found = campaigns.campaigns(session, visit.rep, after=intent.target, limit=LISTED + 1)
    keys = [(Key(_label(visit, row), Intent("campaign", row.id, "open")),) for row in found[:LISTED] if row.state is not CampaignState.DRAFT]
    more = ((Key(tr.button(MORE), Intent("campaigns", found[LISTED - 1].id)),),) if len(found) > LISTED else ()
    words = tr("Promotions, newest first. Press one to see how it went.") if keys else tr("There is no earlier promotion.")
    return Done((Post(words, (*keys, *more)),))


def _label(visit: Visit, row: campaigns.CampaignRow) -> str:
    when = visit.tr.when(row.created_at, visit.company.zone, visit.now)
    return f"{campaign.MARKS[row.state]} {when} · {isolated(clean_name(row.text, 20))}"


PRESSES: Mapping[str, Pressed] = {"campaign": turn, "campaigns": earlier}
