"""/release: whether sending to customers is on hold, what waits, and how it goes on."""

from dataclasses import replace

from bots.staff import upkeep
from bots.staff.posts import Key, Post
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.outbox import hold
from crm.people.desk import CONFIRM_MS, Intent


def deed(session: Session, visit: Visit) -> Done:
    """Show how it stands."""
    return Done((_page(visit, _standing(session, visit)),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; one of a hold that is over shows how it stands now."""
    found = _standing(session, visit)
    match intent.detail:
        case "look" | "ask" if found.since and (found.count or intent.detail == "look"):
            return Done((_page(visit, found),))
        case "ask" if found.since:
            return _released(session, visit, 0)
        case "hold" if not found.since:
            hold.hold(session, visit.rep, now=visit.now)
            words = visit.tr("On hold: nothing is sent to customers.")
            return _edited(visit, _page(visit, _standing(session, visit)), words)
        case "keep" if found.since:
            return Done(toast=visit.tr("On hold: nothing is sent to customers."))
        case "all" | "hour" | "none" if found.since and intent.target == found.since:
            return _released(session, visit, {"all": 0, "hour": visit.now - upkeep.YOUNG_MS, "none": visit.now + 1}[intent.detail])
        case "look" | "ask" | "hold" | "keep" | "all" | "hour" | "none":
            return _edited(visit, _page(visit, found), "")
    raise Expired


def _released(session: Session, visit: Visit, drop_before: int) -> Done:
    dropped = hold.release(session, visit.rep, drop_before=drop_before, now=visit.now)
    words = visit.tr("▶️ Customers are written to again.")
    more = visit.tr.many("{n} message was too old and is never sent.", "{n} messages were too old and are never sent.", dropped) if dropped else ""
    return _edited(visit, Post(f"{words} {more}".strip()), words)


def _page(visit: Visit, found: hold.Standing) -> Post:
    if found.since:
        return upkeep.page(visit.tr, found, visit.now)
    words = visit.tr("Customers are written to: nothing is on hold.")
    when = visit.tr("Before a copy of this machine or its data is started elsewhere, hold sending here or there.")
    return Post(f"{words}\n{when}", ((Key(visit.tr.button(upkeep.HOLD), Intent("release", detail="hold")),),), lasts=CONFIRM_MS)


def _standing(session: Session, visit: Visit) -> hold.Standing:
    return hold.standing(session, visit.rep, young_since=visit.now - upkeep.YOUNG_MS)


def _edited(visit: Visit, post: Post, toast: str) -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


COMMAND = Command("release", N_("Sending on hold: what waits, go on"), deed, Action.RELEASE, presses={"release": turn}, group=Group.SETUP)
