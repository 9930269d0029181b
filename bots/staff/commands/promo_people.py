"""Whom a promotion is for: chosen by buttons in one message that edits itself; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.sight import Allows
from bots.staff.words import CANCEL
from crm.base.i18n import N_, NATIVE, N_button, Translator
from crm.base.text import isolated
from crm.outreach.billed import free_since
from crm.outreach.segments import LeftOut, Preview, Segment
from crm.people.desk import Intent
from crm.people.field_words import YES_NO_WORDS
from crm.reports.words import LEADS
from crm.sales.leads import LeadStatus

AGES = {7: N_button("Last 7 days"), 30: N_button("Last 30 days"), 90: N_button("Last 90 days"), 0: N_button("Of any age")}
AGE_WORDS = {7: N_("last 7 days"), 30: N_("last 30 days"), 90: N_("last 90 days"), 0: N_("of any age")}
AGE = N_button("Age of the lead")
LANGUAGES = N_button("Languages")
CHANNELS = N_button("Channels")
STATUSES = N_button("Lead status")
NEXT = N_button("Next: the text")
LOOK = N_button("Next: the preview")
EARLIER = N_button("Earlier promotions")
ALL = N_button("All")
DONE = N_button("Done")
WRITABLE = (LeadStatus.NEW, LeadStatus.QUALIFIED, LeadStatus.ACCEPTED, LeadStatus.WON, LeadStatus.LOST)
CHANNELS_MOST = menus.MOST - 2
DETAILS = N_button("Fields and tags")
TAGS = N_button("Tags")
MARK = "\x1f"
"""Between the parts of a detail, as a plan keeps it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A promotion that is being put together; nothing chosen in a set means everything.

    `version` changes with every change, so that a button under an older preview sends nothing.
    """

    age: int = 30
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    text: str = ""
    version: int = 0
    details: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def segment(self, sendable: frozenset[str]) -> Segment:
        """The rule that chooses the people; spam is never written to."""
        statuses = frozenset(LeadStatus(status) for status in self.statuses) or frozenset(WRITABLE)
        details = frozenset((int(number), value) for number, _, value in self.wanted)
        whom = self.age, frozenset(self.languages), frozenset(self.channels), statuses
        return Segment(*whom, sendable=sendable, details=details, tags=frozenset(self.tags))

    @property
    def wanted(self) -> list[tuple[str, str, str]]:
        """The values of the firm's own fields that are asked for: the field's number, its label, the value."""
        return [(number, label, value) for number, label, value in (one.split(MARK) for one in self.details)]


def plan_of(facts: Mapping[str, Any]) -> Plan:
    """A plan as a wizard keeps it."""
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    return Plan(**given)


def toggled(chosen: Sequence[str], one: str, everything: Sequence[str]) -> tuple[str, ...]:
    """Add or take away one choice; all of them, or "", is the same as no choice; pure."""
    if one not in everything:
        return ()
    after = [other for other in everything if (other in chosen) != (other == one)]
    return () if len(after) == len(everything) else tuple(after)


def with_choice(plan: Plan, what: str, one: str, sendable: Sequence[str]) -> Plan:
    """The plan after a button of one of the choices."""
    match what:
        case "age":
            return replace(plan, age=int(one) if one.isdecimal() and int(one) in AGES else plan.age)
        case "languages":
            return replace(plan, languages=toggled(plan.languages, one, list(NATIVE)))
        case "channels":
            return replace(plan, channels=toggled(plan.channels, one, sendable))
        case "statuses":
            return replace(plan, statuses=toggled(plan.statuses, one, [status.value for status in WRITABLE]))
    return plan


@dataclass(frozen=True, slots=True)
class Desk:
    """What every message of the wizard needs: the reader's language, the number its buttons carry, what channels are called."""

    tr: Translator
    number: int
    titles: Mapping[str, str]

    def key(self, label: str, detail: str) -> Key:
        """A button of this wizard."""
        return Key(label, Intent("promo", self.number, detail))

    def ends(self) -> Key:
        """The way out."""
        return self.key(self.tr.button(CANCEL), "leave")


def people_post(desk: Desk, plan: Plan, found: Preview) -> Post:
    """The choice as it stands, and how many it reaches."""
    tr = desk.tr
    choices = [(AGE, "ask:age"), (LANGUAGES, "ask:languages"), (CHANNELS, "ask:channels"), (STATUSES, "ask:statuses"), (DETAILS, "fields")]
    keys = [desk.key(tr.button(label), detail) for label, detail in choices]
    onward = desk.key(tr.button(LOOK), "look") if plan.text else desk.key(tr.button(NEXT), "text")
    ends = [Key(tr.button(EARLIER), Intent("campaigns")), desk.ends(), onward]
    reach = [tr("It would reach: {n}", n=found.count), *left_out(tr, found.left_out), *bills(tr, found)]
    words = [tr("📣 Promotion, 1 of 3: to whom?"), "", *described(desk, plan), "", *reach]
    return Post("\n".join(words), (*menus.in_rows(keys), *menus.in_rows(ends)))


def described(desk: Desk, plan: Plan) -> list[str]:
    """The choice in words."""
    tr, everything = desk.tr, desk.tr("all")
    languages = ", ".join(NATIVE[language] for language in plan.languages) or everything
    channels = ", ".join(title_of(desk, account) for account in plan.channels) or everything
    statuses = ", ".join(tr(LEADS[status]) for status in plan.statuses) or tr("all but spam")
    return [
        tr("Leads: {age}", age=tr(AGE_WORDS[plan.age])),
        tr("Languages: {languages}", languages=languages),
        tr("Channels: {channels}", channels=channels),
        tr("Lead status: {statuses}", statuses=statuses),
        *(f"{isolated(label)}: {isolated(tr(YES_NO_WORDS.get(value, value)))}" for _, label, value in plan.wanted),
        *([tr("Tags: {tags}", tags=", ".join(map(isolated, plan.tags)))] if plan.tags else []),
        tr("Consent: required. Only who said yes to offers gets it."),
    ]


def left_out(tr: Translator, out: LeftOut) -> list[str]:
    """Who of the chosen is not written to, and why."""
    if not out.total:
        return [tr("Nobody is left out.")]
    reasons = [
        (tr("no consent to offers"), out.no_consent),
        (tr("got a promotion in the last 24 hours"), out.capped),
        (tr("cannot be reached"), out.unreachable),
        (tr("blocked by us"), out.blocked),
    ]
    return [tr("Left out: {n}", n=out.total), *(f"   {why}: {n}" for why, n in reasons if n)]


def bills(tr: Translator, found: Preview) -> list[str]:
    """How many of them cost money each, where any does."""
    return [tr("💰 Of them billed by their channel: {n}", n=found.billed)] if found.billed else []


def dear(allows: Allows | None, accounts: Iterable[str], now: int) -> dict[str, int]:
    """The accounts that bill what is said to some, each with the instant since when whoever wrote is written to for nothing; pure."""
    found = {account: _since(allows, account, now) for account in accounts} if allows else {}
    return {account: instant for account, instant in found.items() if instant is not None}


def _since(allows: Allows, account: str, now: int) -> int | None:
    return free_since(lambda window: allows(account, window, now), now)


def title_of(desk: Desk, account: str) -> str:
    """What a channel is called."""
    return desk.titles.get(account, account.capitalize())


def choice_post(desk: Desk, plan: Plan, what: str, sendable: Sequence[str]) -> Post:
    """One of the choices, as buttons; what is chosen is ticked."""
    tr = desk.tr
    done = desk.key(tr.button(DONE), "people")
    if what == "age":
        keys = [desk.key(_ticked(tr.button(label), age == plan.age), f"age:{age}") for age, label in AGES.items()]
        return Post(tr("Leads of which age?"), menus.in_rows([*keys, done]))
    question, labels, chosen = _sets(desk, plan, sendable)[what]
    keys = [desk.key(_ticked(label, one in chosen), f"{what}:{one}") for one, label in labels.items()]
    every = desk.key(_ticked(tr.button(ALL), not chosen), f"{what}:")
    return Post(question, menus.in_rows([*keys, every, done]))


def _sets(desk: Desk, plan: Plan, sendable: Sequence[str]) -> dict[str, tuple[str, dict[str, str], tuple[str, ...]]]:
    tr = desk.tr
    channels = {account: title_of(desk, account)[:24] for account in sendable[:CHANNELS_MOST]}
    return {
        "languages": (tr("People of which languages?"), dict(NATIVE), plan.languages),
        "channels": (tr("People of which channels?"), channels, plan.channels),
        "statuses": (tr("Leads of which status?"), {status.value: tr(LEADS[status]) for status in WRITABLE}, plan.statuses),
    }


def _ticked(label: str, chosen: bool) -> str:
    return f"✓ {label}" if chosen else label
