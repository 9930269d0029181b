"""Person: what a card tells of one person on many channels: where else they are, who they may be, and the buttons to it; pure."""

from collections.abc import Iterator

from bots.staff.posts import Key
from bots.staff.words import MERGE, NOT_ONE, NOT_THE_SAME, line_html, name_html
from crm.base.i18n import Translator
from crm.people.desk import Intent
from crm.people.suggestions import Possible
from crm.reports.person import Address
from crm.reports.thread import Thread
from crm.reports.words import like

OTHERS_MOST, LABEL_MOST = 3, 24


def lines(sight: Thread, tr: Translator, most: int) -> Iterator[str]:
    """What a card tells of the rest of the person: what brought them, further channels, and who they may be."""
    if sight.referrer:
        yield f"🤝 {tr('Sent by {name}', name=name_html(tr, sight.referrer))}"
    elif sight.entry and sight.entry.product:
        yield f"🛒 {line_html(sight.entry.product, most)} · {line_html(sight.entry.source, most)}"
    if sight.tags:
        yield f"🔖 {line_html(' · '.join(sight.tags), most)}"
    if sight.brought:
        yield f"🤝 {tr.many('Brought {n} customer', 'Brought {n} customers', sight.brought)}"
    if sight.others:
        yield f"🔗 {tr('Also on {channels}', channels=', '.join(channel(tr, one) for one in sight.others[:OTHERS_MOST]))}"
    for one in sight.possible[:1]:
        yield f"❓ {possibly(tr, one, most)}"


def possibly(tr: Translator, one: Possible, most: int = 60) -> str:
    """Who somebody may be, why, and how sure that is."""
    why = line_html(like(tr, one.reason, one.common), 120)
    return tr("Possibly the same as {name}: {why}, {score} %", name=name_html(tr, one.name, min(60, max(12, most))), why=why, score=one.score)


def channel(tr: Translator, one: Address) -> str:
    """A further address as a card names it."""
    named = " ".join(filter(None, (one.channel, f"@{one.username}" if one.username else "")))
    return line_html(named, 40) + ("" if one.reachable else f" ({tr('cannot be reached')})")


def keys(sight: Thread, tr: Translator) -> Iterator[tuple[Key, ...]]:
    """What can be done about it from a card."""
    for one in sight.possible[:1]:
        yield Key(tr.button(MERGE), Intent("same_look", one.id)), Key(tr.button(NOT_THE_SAME), Intent("not_same", one.id))
    yield from ways_on(sight)
    if sight.others:
        yield (Key(tr.button(NOT_ONE), Intent("merges", sight.conversation_id)),)


def ways_on(sight: Thread) -> Iterator[tuple[Key, ...]]:
    """The other channels on which they can be answered."""
    reached = [one for one in sight.others if one.reachable and one.sendable][:OTHERS_MOST]
    if reached:
        yield tuple(Key(f"↪️ {one.channel}"[:LABEL_MOST], Intent("answer_at", sight.conversation_id, str(one.identity_id))) for one in reached)
