"""Menus: at most eight buttons, and every command is one of them; pure."""

from collections.abc import Sequence

from bots.staff.posts import Key, Keys, Post
from bots.staff.words import CANCEL, INBOX, MENU, MORE
from crm.base.i18n import N_button, Translator
from crm.conversations.desk import Listed
from crm.people.desk import CONFIRM_MS, Intent
from crm.reports.words import plain_name

MOST = 8
# The label of each command's button; a command without one is called by its own name.
LABELS = {
    "inbox": INBOX,
    "mine": N_button("My conversations"),
    "tasks": N_button("Tasks"),
    "lead": N_button("Lead"),
    "merge": N_button("Merge two people"),
    "available": N_button("On or off duty"),
    "language": N_button("Language"),
    "files": N_button("Photos and files"),
    "help": N_button("Help"),
    "invite": N_button("Invite somebody"),
    "team": N_button("The team"),
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
}


def command_key(tr: Translator, name: str, detail: str = "") -> Key:
    """A button that does what a command does."""
    label = tr.button(LABELS[name]) if name in LABELS else f"/{name}"
    return Key(label, Intent("command", detail=f"{name} {detail}".strip()))


def in_rows(keys: Sequence[Key], wide: int = 2) -> Keys:
    """Buttons in rows."""
    return tuple(tuple(keys[at : at + wide]) for at in range(0, len(keys), wide))


def pages(names: Sequence[str]) -> list[list[str]]:
    """Commands in menus of at most eight buttons, the way to the next one counted; pure."""
    found: list[list[str]] = []
    rest = list(names)
    while len(rest) > MOST:
        found.append(rest[: MOST - 1])
        rest = rest[MOST - 1 :]
    return [*found, rest]


def menu(tr: Translator, names: Sequence[str], page: int = 0) -> Keys:
    """One page of the main menu."""
    all_pages = pages(names)
    page = page if 0 <= page < len(all_pages) else 0
    more = [Key(tr.button(MORE), Intent("menu", page + 1))] if page + 1 < len(all_pages) else []
    return in_rows([*(command_key(tr, name) for name in all_pages[page]), *more])


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
