"""History in words: what each kind of change is called, and its values as the reader knows them; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm.base.i18n import N_, NATIVE, Translator
from crm.base.money import money
from crm.base.text import clean_name
from crm.people.contacts import PointKind
from crm.reports import history_goods, history_queues
from crm.reports.history import Told, Turned
from crm.reports.words import LEADS, LIKE, TASKS

VALUE_MOST = 60
SUBJECTS: Mapping[str, str] = {
    "contact": N_("Customer"),
    "company": N_("Company"),
    "conversation": N_("Conversation"),
    "message": N_("Message"),
    "lead": N_("Lead"),
    "deal": N_("Deal"),
    "product": N_("Product"),
    "order": N_("Order"),
    "payment": N_("Payment"),
    "pay_way": N_("Way to pay"),
    "task": N_("Task"),
    "project": N_("Work after the sale"),
    "rating": N_("Answer of a customer"),
    "document": N_("Document"),
    "rep": N_("Team"),
    "queue": N_("Queue"),
}
KINDS: Mapping[str, str] = {
    **history_goods.KINDS,
    **history_queues.KINDS,
    "address": N_("address"),
    "asked_address": N_("the customer was asked where it goes"),
    "asked_to_pay": N_("the customer was asked for payment"),
    "assigned": N_("it is known what it is for"),
    "awaited": N_("the day it is expected"),
    "carried": N_("who carries it"),
    "claimed": N_("the customer says it is paid"),
    "code": N_("the picture of the code"),
    "confirmed": N_("confirmed"),
    "delivered": N_("delivered"),
    "late": N_("it should have been there by now"),
    "new": N_("new again"),
    "offered": N_("offered or not"),
    "receipt": N_("a receipt came"),
    "rejected": N_("did not come"),
    "same": N_("the same as another"),
    "shipment": N_("where the shipment is"),
    "tells": N_("whether the customer hears of steps"),
    "wins": N_("whether paid deals are won"),
    "accepted": N_("accepted"),
    "brought_back": N_("brought back"),
    "cancelled": N_("withdrawn"),
    "declined": N_("declined"),
    "drafted": N_("drafted"),
    "issued": N_("got its number"),
    "paid": N_("paid"),
    "sent": N_("sent"),
    "superseded": N_("replaced by a newer version"),
    "undrawn": N_("could not be made as a PDF"),
    "unanswered": N_("waits for an answer again"),
    "unpaid": N_("not paid after all"),
    "added": N_("made"),
    "amount": N_("amount"),
    "answered_elsewhere": N_("answered elsewhere"),
    "asked_again": N_("asked again whether they are the same"),
    "available": N_("on duty"),
    "away": N_("off duty"),
    "blocked": N_("blocked"),
    "budget": N_("budget"),
    "called_back": N_("called back"),
    "closed": N_("closed"),
    "company": N_("company"),
    "consent": N_("consent"),
    "cost": N_("what it cost"),
    "day_off": N_("closed on a day"),
    "day_on": N_("open on a day"),
    "deleted": N_("deleted"),
    "done": N_("done"),
    "dropped": N_("given up"),
    "due": N_("reminded"),
    "edited": N_("changed"),
    PointKind.EMAIL.value: N_("e-mail"),
    "erased": N_("erased"),
    "expected": N_("expected close"),
    "exported": N_("taken out as a file"),
    "field": N_("field"),
    "filled": N_("filled in from a file"),
    "given": N_("given to somebody"),
    "heat": N_("how likely they are"),
    "greeting": N_("how they are greeted"),
    "handed": N_("handed over"),
    "handed_back": N_("handed back"),
    "queued": N_("given to a team"),
    "hours": N_("working hours"),
    "import undone": N_("the import was undone"),
    "imported": N_("came from a file"),
    "joined": N_("joined the team"),
    "kind": N_("kind"),
    "language": N_("language"),
    "lead": N_("belongs to another lead now"),
    "leave": N_("will be away"),
    "leave_over": N_("will not be away"),
    "linked": N_("joined with another person"),
    "lost": N_("lost"),
    "made": N_("made"),
    "morning_off": N_("no plan in the morning"),
    "morning_on": N_("a plan in the morning"),
    "name": N_("name"),
    "need": N_("need"),
    "not_the_same": N_("not the same as another person"),
    "noted": N_("a note was written"),
    "opened": N_("opened"),
    "erasure asked": N_("to be erased"),
    "package asked": N_("their data was asked for"),
    "package made": N_("their data was given out"),
    "planned": N_("an answer for later"),
    "planned_cancelled": N_("the answer for later was called back"),
    "planned_failed": N_("the answer for later was not sent"),
    "planned_overtaken": N_("the answer for later gave way to the customer"),
    "planned_said": N_("the answer for later was sent"),
    "planned_waiting": N_("the answer for later waits again"),
    "parted": N_("parted from another person"),
    "past brought": N_("an old chat was brought along"),
    "person": N_("person"),
    "practised": N_("for practice"),
    "person_gone": N_("a person was taken out"),
    "phone": N_("phone"),
    "pin_chosen": N_("chose a PIN"),
    "pin_forgotten": N_("the PIN was taken away"),
    "pin_locked": N_("five wrong PINs"),
    "points": N_("phones and e-mails"),
    "preferred": N_("where to write first"),
    "put_off": N_("put off"),
    "qualified": N_("everything was asked"),
    "reacted": N_("a reaction"),
    "referred": N_("sent by a friend"),
    "removed": N_("left the team"),
    "renamed": N_("name"),
    "reopened": N_("opened again"),
    "rep": N_("whose it is"),
    "role": N_("role"),
    "rotting": N_("stands still for too long"),
    "said_instead": N_("answered on another channel"),
    "scope": N_("whose work is seen"),
    "snoozed": N_("put off"),
    "stage": N_("stage"),
    "status": N_("status"),
    "step_agreed": N_("a second manager agreed"),
    "step_asked": N_("a second manager was asked"),
    "step_refused": N_("a second manager did not agree"),
    "stepped_up": N_("showed the PIN"),
    "suggested": N_("may be the same as another person"),
    "tagged": N_("tagged"),
    "taken": N_("taken"),
    "taken_over": N_("taken over"),
    "team": N_("team"),
    "text_only": N_("files come as their names"),
    "title": N_("title"),
    "triaged": N_("decided"),
    "unblocked": N_("not blocked any more"),
    "untagged": N_("tag taken off"),
    "unless_reply": N_("only if no reply comes"),
    "until": N_("stays until"),
    "visitor": N_("account in the shop"),
    "web_login": N_("logged in on the web"),
    "web_logout": N_("logged out on the web"),
    "with_files": N_("files are shown"),
    "weekly_off": N_("no summary of the week"),
    "weekly_on": N_("a summary of the week"),
    "woken": N_("came back"),
    "won": N_("won"),
    "zone": N_("time zone"),
    "asked": N_("asked"),
    "called_off": N_("called off"),
    "deal runs on": N_("the deal runs on"),
    "health": N_("how it does"),
    "project asked": N_("asked how the work goes on"),
    "rated": N_("a score"),
    "started": N_("begun"),
    "step begun": N_("a step was begun"),
    "step blocked": N_("a step waits for something"),
    "step done": N_("a step is done"),
    "step given": N_("a step was given to somebody"),
    "step put_off": N_("a step was put off"),
    "step reopened": N_("a step is open again"),
    "step skipped": N_("a step was left out"),
    "told": N_("the customer was told"),
    "words": N_("the customer wrote why"),
}
"""What a change is called. A kind that stands here for two subjects means the same in both."""
OTHERWISE = N_("changed")
AUTHORS: Mapping[str, str] = {"customer": N_("Customer"), "bot": N_("Bot"), "system": N_("by itself"), "rep": N_("Colleague")}
WORDS: Mapping[str, str] = {
    "open": N_("open"),
    "snoozed": N_("put off"),
    "done": N_("done"),
    "dropped": N_("given up"),
    "owner": N_("owner"),
    "manager": N_("manager"),
    "rep": N_("rep"),
    "trainee": N_("trainee"),
    "guest": N_("guest"),
    "own": N_("own work"),
    "team": N_("the team's work"),
    "all": N_("all work"),
    "full": N_("in full"),
    "masked": N_("masked"),
    "marketing": N_("offers"),
    "service": N_("answers"),
    "customer": N_("customer"),
    "supplier": N_("supplier"),
    "partner": N_("partner"),
    "late": N_("late"),
    "silent": N_("silent"),
    "ok": N_("well"),
}
# Values that are instants, and values that only say what a change is about; all others are told as they are.
INSTANTS = ("due", "until", "at")
# Which of the values of a kind are told; of a kind that is not here, all.
ONLY: Mapping[str, tuple[str, ...]] = {
    "confirmed": ("number",),
    "delivered": ("number",),
    "claimed": ("number",),
    "rejected": ("number",),
    "new": (),
    "receipt": (),
    "asked_to_pay": ("number",),
    "assigned": ("number",),
    "taken": (),
    "noted": (),
    "handed_back": ("rep",),
    "leave": ("from", "to"),
    "leave_over": ("from", "to"),
    "closed": (),
    "suggested": ("contact", "reason"),
    "linked": ("contact", "reason"),
    "consent": ("purpose", "granted"),
    "field": (),
    "triaged": ("status", "rep", "reason", "words"),
    "opened": ("stage", "rep", "channel"),
    "added": ("kind", "rep", "due"),
    "said_instead": (),
    "amount": (),
    "budget": (),
    "cost": ("words",),
    "removed": ("role",),
    "expected": ("expected",),
    "reopened": (),
    "done": (),
    "dropped": (),
    "drafted": (),
    "issued": ("number",),
    "sent": ("number",),
    "accepted": ("number",),
    "declined": ("number",),
    "superseded": ("number",),
    "brought_back": ("number",),
    "unanswered": ("number",),
    "paid": ("number",),
    "unpaid": (),
    "imported": ("name",),
    "started": ("blueprint", "rep"),
    "asked": (),
    "health": ("health",),
    "rated": ("score",),
    "step begun": ("step",),
    "step blocked": ("step", "words"),
    "step done": ("step",),
    "step given": ("rep", "step"),
    "step reopened": ("step",),
    "step skipped": ("step",),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """Whose clock the reader goes by, and now."""

    zone: str
    now: int


def line(tr: Translator, clock: Clock, told: Told) -> str:
    """One change on one line: when, who, what of what, from what to what."""
    who = clean_name(told.who, 40) or tr(AUTHORS[told.author])
    if told.cause.startswith("rule:"):
        who = tr("{name}, by a rule", name=who)
    title = f" «{clean_name(told.title, 40)}»" if told.title else ""
    said = tr(KINDS.get(told.kind, OTHERWISE))
    values = "; ".join(filter(None, _values(tr, clock, told)))
    return f"{tr.when(told.at, clock.zone, clock.now)} · {who} · {tr(SUBJECTS.get(told.subject, told.subject))}{title}: {said}" + (
        f": {values}" if values else ""
    )


def _values(tr: Translator, clock: Clock, told: Told) -> Iterator[str]:
    by_key = {one.key: one for one in told.turned}
    if told.kind in ("amount", "budget", "cost", "lines"):
        yield _arrow(_sum(tr, by_key, "before"), _sum(tr, by_key, "after"))
    if told.kind == "field":
        yield from _field(tr, clock, told)
    yield from history_goods.goods(tr, told)
    wanted = ONLY.get(told.kind, history_goods.ONLY.get(told.kind))
    for one in told.turned:
        if wanted is None or one.key in wanted:
            yield _arrow(_value(tr, clock, one, one.before), _value(tr, clock, one, one.after))


def _field(tr: Translator, clock: Clock, told: Told) -> Iterator[str]:
    """The value of one of the firm's own fields, behind what the field is called."""
    label = next((str(one.after) for one in told.turned if one.key == "field"), "")
    for one in told.turned:
        if one.key == "value":
            yield f"{clean_name(label, 40)}: {_arrow(_value(tr, clock, one, one.before), _value(tr, clock, one, one.after))}"


def _sum(tr: Translator, by_key: Mapping[str, Turned], side: str) -> str:
    amount, currency = (getattr(by_key[key], side) if key in by_key else "" for key in ("amount", "currency"))
    other = getattr(by_key["currency"], "after" if side == "before" else "before") if "currency" in by_key else ""
    return money(tr.language, amount, str(currency or other)) if isinstance(amount, int) and (currency or other) else str(amount)


def _arrow(before: str, after: str) -> str:
    if before and after:
        return f"{before} → {after}"
    return f"{before} → –" if before else after


def _value(tr: Translator, clock: Clock, one: Turned, value: object) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if one.key in INSTANTS and isinstance(value, int):
        return tr.when(value, clock.zone, clock.now) if value else ""
    if one.key == "language":
        return NATIVE.get(str(value), str(value))
    words = str(value)
    for table in (_own(one.key), WORDS):
        if words in table:
            return tr(table[words]).replace(" {common}", "").replace(": {common}", "")
    return clean_name(words, VALUE_MOST)


def _own(key: str) -> Mapping[str, str]:
    return {"status": LEADS, "kind": TASKS, "reason": LIKE}.get(key, {})
