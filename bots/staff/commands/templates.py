"""/templates: the texts that platforms have approved, how each stands, and which one goes where a follow-up may not go as it is."""

from dataclasses import replace

from bots.staff import menus, templates
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE, UNDO, whole
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.outbox.approved import APPROVED, FOLLOW_UPS, GONE, ApprovedRow, approved_at, every_template, use_for
from crm.people.desk import Intent

PAGE = 6
ALL, USE, LEAVE = N_button("All templates"), N_button("Use for follow-ups"), N_button("Not for follow-ups")
STATUSES = {
    APPROVED: N_("approved"),
    "pending": N_("being looked at by the platform"),
    "rejected": N_("refused by the platform"),
    "paused": N_("paused by the platform"),
    "disabled": N_("switched off by the platform"),
    "unfit": N_("approved, but it needs more than words in its fields"),
    GONE: N_("not there any more"),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show all of them."""
    return Done((_all(session, visit, 0),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for; what is shown takes the place of the page that was pressed."""
    match intent.detail:
        case "page":
            return _edited(visit, _all(session, visit, intent.target))
        case "one":
            every_template(session, visit.rep)  # a manager's to see
            return _edited(visit, _one(visit, session, approved_at(session, intent.target)))
        case "use" | "leave":
            before = approved_at(session, intent.target).used_for
            row = use_for(session, visit.rep, intent.target, FOLLOW_UPS if intent.detail == "use" else "", now=visit.now)
            words = visit.tr("Follow-ups that may not go as they are go as this template.") if row.used_for else visit.tr("Not used for follow-ups any more.")
            return _edited(visit, _one(visit, session, row, undo=row.used_for != before), words)
    raise Expired


def _all(session: Session, visit: Visit, page: int) -> Post:
    tr, found = visit.tr, every_template(session, visit.rep)
    if not found:
        return Post(tr("No channel has templates yet. They are written at the platform, and appear here within an hour."), menus.home(tr))
    page = page if 0 <= page * PAGE < len(found) else 0
    scene = visit.scene(session)
    lines = [tr("Texts that may be sent where a customer has not written for long:")]
    for account in dict.fromkeys(row.account for row in found):
        own = [row for row in found if row.account == account]
        good = sum(row.status == APPROVED for row in own)
        lines.append(tr("{channel}: {n} of {count} approved", channel=scene.title(account), n=good, count=len(own)))
    keys = [(Key(_label(row), _intent("one", row.id)),) for row in found[page * PAGE : (page + 1) * PAGE]]
    more = ((Key(tr.button(MORE), _intent("page", page + 1)),),) if len(found) > PAGE else ()
    return Post("\n".join(lines), (*keys, *more))


def _label(row: ApprovedRow) -> str:
    mark = "🔁" if row.used_for and row.status == APPROVED else "✅" if row.status == APPROVED else "⛔"
    return f"{mark} {templates.label(row)}"


def _one(visit: Visit, session: Session, row: ApprovedRow, *, undo: bool = False) -> Post:
    tr = visit.tr
    known = STATUSES.get(row.status)
    lines = [
        f"{templates.label(row)} · {visit.scene(session).title(row.account)}",
        tr("Status: {status}", status=tr(known) if known else clean_name(row.status, 40)),
        tr("Goes in the place of follow-ups that may not go as they are.") if row.used_for else "",
        "",
        whole(row.text),
    ]
    return Post("\n".join(line for place, line in enumerate(lines) if line or place == 3), _keys(tr, row, undo))


def _keys(tr: Translator, row: ApprovedRow, undo: bool) -> Keys:
    back = (Key(tr.button(ALL), _intent("page")),)
    if row.used_for:
        return ((Key(tr.button(UNDO if undo else LEAVE), _intent("leave", row.id)),), back)
    if row.status != APPROVED:
        return (back,)
    return ((Key(tr.button(UNDO if undo else USE), _intent("use", row.id)),), back)


def _intent(what: str, target: int = 0) -> Intent:
    return Intent("templates", target, what)


def _edited(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=visit.replied_to or 0),), toast)


COMMAND = Command(
    "templates",
    N_("Approved texts: how they stand, follow-ups"),
    deed,
    Action.PROMOTE,
    presses={"templates": turn, templates.NAME: templates.turn},
    listeners={templates.NAME: templates.typed},
    group=Group.REACH,
)
