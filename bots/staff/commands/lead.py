"""/lead: the lead of the conversation replied to, and where it stands."""

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Visit
from bots.staff.words import line_html, name_html
from crm.base.db import Session
from crm.base.errors import NotFound
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import escape_html
from crm.conversations.threads import the
from crm.people.contacts import points_of, root_of
from crm.people.desk import Intent
from crm.people.reps import authorise
from crm.reports.words import LEADS, short_source
from crm.sales.leads import Lead, LeadStatus, lead_of, set_status

STEPS = {
    LeadStatus.ACCEPTED: N_button("Accepted"),
    LeadStatus.WON: N_button("Won"),
    LeadStatus.LOST: N_button("Lost"),
    LeadStatus.SPAM: N_button("Spam"),
}


def deed(session: Session, visit: Visit) -> Done:
    """Show the lead of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /lead to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    lead = lead_of(session, the(session, conversation_id).contact_id)
    if lead is None:
        raise NotFound
    return Done((shown(session, visit, lead),))


def shown(session: Session, visit: Visit, lead: Lead) -> Post:
    """A lead with the steps it may take."""
    authorise(session, visit.rep, Action.SEE_LEADS)
    tr, root = visit.tr, root_of(session, lead.contact_id)
    rows = [
        f"<b>{name_html(tr, root.name or root.platform_name)}</b>",
        tr("Lead: {status}", status=tr(LEADS.get(lead.status, lead.status))),
        tr("Came {when} over {channel}", when=tr.when(lead.created_at, visit.company.zone, visit.now), channel=escape_html(lead.channel)),
        *([tr("Source: {source}", source=line_html(short_source(lead.source), 120))] if short_source(lead.source) else []),
        tr("First words: {text}", text=line_html(lead.first_message, 300)),
        *([tr("Need: {need}", need=line_html(lead.need, 300))] if lead.need else []),
        *[tr("Phone: {phone}", phone=escape_html(phone)) for phone in points_of(session, root.id, "phone")[:2]],
    ]
    steps = [Key(tr.button(label), Intent("lead", lead.id, status.value)) for status, label in STEPS.items() if status != lead.status]
    return Post("\n".join(rows), menus.in_rows(steps), html=True)


def step(session: Session, visit: Visit, intent: Intent) -> Done:
    """Move a lead."""
    lead = set_status(session, visit.rep, intent.target, LeadStatus(intent.detail), now=visit.now)
    return Done(toast=visit.tr("Lead: {status}", status=visit.tr(LEADS[lead.status])))


COMMAND = Command("lead", N_("The lead of the card you reply to"), deed, presses={"lead": step})
