"""Menus: at most eight buttons, and every command is one of them; pure."""

from collections.abc import Mapping, Sequence

from bots.staff.posts import Key, Keys, Post
from bots.staff.visit import Group
from bots.staff.words import CANCEL, HISTORY, INBOX, MENU, MORE
from crm.base.i18n import N_button, Translator
from crm.conversations.desk import Listed
from crm.people.desk import CONFIRM_MS, Intent
from crm.reports.words import plain_name

MOST = 8
BACK = "back"
# What stands in the main menu itself.
FIRST = ("inbox", "find")
GROUPS = {
    Group.WORK: N_button("My work"),
    Group.SELL: N_button("Selling"),
    Group.PEOPLE: N_button("Customers"),
    Group.REACH: N_button("Letters and links"),
    Group.TEAM: N_button("Team"),
    Group.SETUP: N_button("Settings"),
}
# The label of each command's button; a command without one is called by its own name.
LABELS = {
    "inbox": INBOX,
    "find": N_button("Find"),
    "mine": N_button("My conversations"),
    "tasks": N_button("Tasks"),
    "task": N_button("A new task"),
    "day": N_button("My day"),
    "lead": N_button("Lead"),
    "deal": N_button("Deals of a card"),
    "deals": N_button("Deals"),
    "document": N_button("Quote or invoice"),
    "documents": N_button("Words on papers"),
    "pipeline": N_button("Stages"),
    "projects": N_button("Work after the sale"),
    "ratings": N_button("What customers say"),
    "blueprints": N_button("Work plans"),
    "order": N_button("Orders"),
    "payways": N_button("How customers pay"),
    "products": N_button("Prices and stock"),
    "later": N_button("A reply for later"),
    "snippets": N_button("Ready answers"),
    "merge": N_button("Merge two people"),
    "field": N_button("Details"),
    "fields": N_button("Fields of your own"),
    "funnel_health": N_button("Is the selling sound?"),
    "capture": N_button("Without typing"),
    "import": N_button("Bring people in"),
    "export": N_button("Export"),
    "erase": N_button("Forget a person"),
    "kind": N_button("Customer or supplier"),
    "tag": N_button("Tags"),
    "refer": N_button("A link for friends"),
    "available": N_button("On or off duty"),
    "queue": N_button("Queues"),
    "leave": N_button("My leave"),
    "calendar": N_button("Hours and days off"),
    "language": N_button("Language"),
    "files": N_button("Photos and files"),
    "help": N_button("Help"),
    "tour": N_button("👋 Show me around"),
    "setup": N_button("🏁 Set the firm up"),
    "invite": N_button("Invite somebody"),
    "team": N_button("The team"),
    "pin": N_button("My PIN"),
    "history": HISTORY,
    "parked": N_button("Parked"),
    "today": N_button("Today"),
    "leads": N_button("Leads"),
    "followup": N_button("Follow-ups"),
    "promo": N_button("Promotion"),
    "templates": N_button("Templates"),
    "link": N_button("A link"),
    "links": N_button("Links"),
    "web": N_button("In the browser"),
    "forum": N_button("A group for the team"),
    "release": N_button("Sending on hold"),
    "rules": N_button("Rules"),
    "backup": N_button("Backups"),
    "health": N_button("How everything does"),
    "support": N_button("A file for help"),
}


def command_key(tr: Translator, name: str, detail: str = "") -> Key:
    """A button that does what a command does."""
    label = tr.button(LABELS[name]) if name in LABELS else f"/{name}"
    return Key(label, Intent("command", detail=f"{name} {detail}".strip()))


def in_rows(keys: Sequence[Key], wide: int = 2) -> Keys:
    """Buttons in rows."""
    return tuple(tuple(keys[at : at + wide]) for at in range(0, len(keys), wide))


def main_menu(tr: Translator, groups: Mapping[Group, Sequence[str]]) -> Keys:
    """The menu everything can be reached from: what is wanted most, then a button for each group; a group of one command is that command."""
    first = [name for name in FIRST if any(name in names for names in groups.values())]
    keys = [command_key(tr, name) for name in first]
    for group, names in groups.items():
        rest = [name for name in names if name not in first]
        if rest:
            keys.append(command_key(tr, rest[0]) if len(rest) == 1 else Key(tr.button(GROUPS[group]), Intent("menu", 0, group.value)))
    return in_rows(keys)


def group_menu(tr: Translator, names: Sequence[str], group: Group, page: int = 0) -> Keys:
    """One page of a group's commands, with the way to the next one and back."""
    all_pages = pages([name for name in names if name not in FIRST])
    page = page if 0 <= page < len(all_pages) else 0
    more = [Key(tr.button(MORE), Intent("menu", page + 1, group.value))] if page + 1 < len(all_pages) else []
    return in_rows([*(command_key(tr, name) for name in all_pages[page]), *more, Key(tr.button(MENU), Intent("menu", detail=BACK))])


def pages(names: Sequence[str]) -> list[list[str]]:
    """Commands in pages of at most eight buttons, the ways on and back counted; pure."""
    found: list[list[str]] = []
    rest = list(names)
    while len(rest) > MOST - 1:
        found.append(rest[: MOST - 2])
        rest = rest[MOST - 2 :]
    return [*found, rest]


def home(tr: Translator) -> Keys:
    """The way back."""
    return ((Key(tr.button(INBOX), Intent("command", detail="inbox")), Key(tr.button(MENU), Intent("menu"))),)


def listing(tr: Translator, head: str, rows: Sequence[Listed], more: Intent | None, now: int) -> Post:
    """Open conversations as buttons, each of which posts a fresh card."""
    keys = [(Key(label_of(tr, row, now), Intent("show", row.conversation_id)),) for row in rows]
    if more:
        keys.append((Key(tr.button(MORE), more),))
    return Post(head, tuple(keys))


def label_of(tr: Translator, row: Listed, now: int) -> str:
    """One conversation on a button: who, and since when they wait."""
    mark = "💤" if row.snoozed_until else "🔴" if row.waiting_since else "⚪"
    name = plain_name(tr, row.name, 24)
    holder = f" · {plain_name(tr, row.holder, 12)}" if row.holder else ""
    return f"{mark} {name} · {tr.since(row.waiting_since or row.last_at, now)}{holder}"


def question(tr: Translator, words: str, wizard: str) -> Post:
    """A question whose answer is the next thing typed, with the way out."""
    return Post(words, ((Key(tr.button(CANCEL), Intent("cancel", detail=wizard)),),), lasts=CONFIRM_MS)
