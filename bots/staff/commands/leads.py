"""/leads: who showed interest, newest first, with filters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bots.staff import score
from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.policy import Action
from crm.base.text import clean_name, isolated
from crm.people.desk import Intent
from crm.reports.leads import LeadRow, leads, likeliest
from crm.reports.paging import Page, Place
from crm.reports.words import LEADS, plain_name
from crm.sales.leads import LeadStatus
from crm.sales.scores import likely

T = TypeVar("T")
PAGE = 5  # with two filters and the next page it makes eight buttons
NEED = 60
# What the two filter buttons go through, one press after another.
STATUSES = {
    "": N_button("All leads"),
    LeadStatus.NEW.value: N_button("Only new"),
    LeadStatus.QUALIFIED.value: N_button("Only qualified"),
}
FORGOTTEN, SPAM, LIKELY = 0, -1, -2  # instead of a number of days, at any age: what nobody cares for, what stands in quarantine, the likeliest
DAYS = {
    30: N_button("Last 30 days"),
    7: N_button("Last 7 days"),
    LIKELY: N_button("Most likely first"),
    FORGOTTEN: N_button("Without a next step"),
    SPAM: N_button("Spam"),
}
HEADS = {
    "": N_("Leads of the last {days} days, newest first. Press one to see its card."),
    LeadStatus.NEW.value: N_("New leads of the last {days} days, newest first. Press one to see its card."),
    LeadStatus.QUALIFIED.value: N_("Qualified leads of the last {days} days, newest first. Press one to see its card."),
}
ANY_AGE = {
    LIKELY: N_("Open leads, the most likely to buy first. Press one to see its card."),
    FORGOTTEN: N_("Leads that nobody has or nothing is planned about, newest first. Press one to see its card."),
    SPAM: N_("Spam, newest first. Press one to see its card."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which leads are shown: of one status ("" = all), of the last days (or `FORGOTTEN`, or `SPAM`), after a place in the list."""

    status: str = ""
    days: int = 30
    after: Place | None = None

    def intent(self) -> Intent:
        """What a button that shows these asks for."""
        place = (self.after.at, self.after.id) if self.after else (0, 0)
        return Intent("leads", place[1], f"{self.status}:{self.days}:{place[0]}")


def choice(intent: Intent) -> Choice:
    """Read what `Choice.intent` wrote."""
    status, days, at = intent.detail.split(":")
    return Choice(status, int(days), Place(int(at), intent.target) if intent.target else None)


def deed(session: Session, visit: Visit) -> Done:
    """Show the newest leads."""
    return Done((page(session, visit, Choice()),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Choose anew where the button was pressed, or show the next page below."""
    wanted = choice(intent)
    post = page(session, visit, wanted)
    return Done((post if wanted.after else replace(post, edits=visit.replied_to or 0),))


def page(session: Session, visit: Visit, wanted: Choice) -> Post:
    """One page of leads."""
    status = LeadStatus.SPAM if wanted.days == SPAM else LeadStatus(wanted.status) if wanted.status else None
    days, forgotten = max(wanted.days, 0), wanted.days == FORGOTTEN

    def question(asked: Session) -> Page[LeadRow]:
        return leads(asked, visit.rep, now=visit.now, days=days, status=status, forgotten_only=forgotten, after=wanted.after, limit=PAGE)

    def weighed(asked: Session) -> Page[LeadRow]:
        skip = wanted.after.at if wanted.after else 0
        rows, more = likeliest(asked, visit.rep, visit.company, skip=skip, limit=PAGE)
        return Page(rows, Place(skip + PAGE, 1) if more else None)

    if wanted.days == LIKELY:
        found = ask(visit, ("leads", wanted), weighed)
    else:
        found = ask(visit, ("leads", wanted), question) if forgotten else question(session)
    scene = visit.scene(session)
    marks = {number: score.mark(one) for number, one in likely(session, visit.company, [row.lead_id for row in found.rows]).items()}
    lines = [line(visit, number, row, scene.title(row.channel), marks.get(row.lead_id, "")) for number, row in enumerate(found.rows, 1)]
    said = ANY_AGE.get(wanted.days, HEADS[wanted.status])
    head = visit.tr(said, days=wanted.days) if found.rows else visit.tr("There is no such lead. Choose anew:")
    return Post("\n".join([head, *lines]), keys(visit.tr, found, wanted))


def line(visit: Visit, number: int, row: LeadRow, channel: str, mark: str = "") -> str:
    """One lead in words."""
    tr = visit.tr
    when = tr.when(row.created_at, visit.company.zone, visit.now)
    facts = " · ".join(filter(None, (tr(LEADS.get(row.status, row.status)), mark, channel, when)))
    need = f"\n   {isolated(clean_name(row.need, NEED))}" if row.need.strip() else ""
    return f"{number}. {plain_name(tr, row.name, 40)} · {facts}{need}"


def keys(tr: Translator, found: Page[LeadRow], wanted: Choice) -> Keys:
    """A button per lead, the next choice of each filter, and the next page."""
    cards = [(Key(f"{number}. {plain_name(tr, row.name, 24)}", Intent("show", row.conversation_id)),) for number, row in enumerate(found.rows, 1)]
    status, days = following(list(STATUSES), wanted.status), following(list(DAYS), wanted.days)
    filters = (
        Key(tr.button(STATUSES[status]), Choice(status, wanted.days).intent()),
        Key(tr.button(DAYS[days]), Choice(wanted.status, days).intent()),
    )
    more = ((Key(tr.button(MORE), replace(wanted, after=found.next).intent()),),) if found.next else ()
    return (*cards, filters, *more)


def following(choices: Sequence[T], now: T) -> T:
    """The choice after this one, round and round; pure."""
    return choices[(choices.index(now) + 1) % len(choices)]


COMMAND = Command("leads", N_("Newest leads"), deed, Action.SEE_REPORTS, presses={"leads": turn}, group=Group.SELL)
