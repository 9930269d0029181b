"""Merges: a look at what two people would be as one, the merge, its undoing, a no that can be taken back, and an answer on another channel."""

from collections.abc import Mapping
from dataclasses import replace

from bots.staff import cards, menus
from bots.staff.person import channel
from bots.staff.posts import Key, Post
from bots.staff.sight import see
from bots.staff.visit import Done, Pressed, Visit
from bots.staff.words import ASK_AGAIN, MERGE, NOT_THE_SAME, UNDO, line_html, name_html
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.text import escape_html
from crm.conversations import addresses
from crm.conversations.desk import card_name, retire
from crm.outreach import persons
from crm.people.desk import CONFIRM_MS, Intent
from crm.reports.person import Joining, Person, person, preview
from crm.reports.words import like, plain_name


def look(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show what two people would be as one, and ask."""
    tr, found = visit.tr, preview(session, visit.rep, intent.target, visit.titles)
    keys = (Key(tr.button(MERGE), Intent("merge", intent.target)), Key(tr.button(NOT_THE_SAME), Intent("not_same", intent.target)))
    return Done((question(tr, found, *keys),), tr("Look before you merge."))


def question(tr: Translator, found: Joining, *keys: Key) -> Post:
    """Whether two people are one, with all that is known of both."""
    words = (tr("Merge these two into one person?"), _side(tr, found.stays), _side(tr, found.joins), _after(tr, found))
    return Post("\n\n".join(filter(None, words)), (keys,), html=True, lasts=CONFIRM_MS)


def _side(tr: Translator, person: Person) -> str:
    points = ", ".join(f"{escape_html(one.value)} {'✓' if one.proven else '?'}" for one in person.points[:6])
    said = [
        f"<b>{name_html(tr, person.name)}</b>",
        ", ".join(channel(tr, one) for one in person.addresses[:6]),
        points,
        tr.many("{n} conversation", "{n} conversations", person.conversations),
        tr("Need: {need}", need=line_html(person.need, 200)) if person.need else tr("An open lead") if person.lead_open else "",
        tr("Offers: yes") if person.marketing == 1 else tr("Offers: no") if person.marketing == -1 else "",
    ]
    return "\n".join(filter(None, said))


def _after(tr: Translator, found: Joining) -> str:
    """What the one person would be: the stricter answer wins."""
    offers = {1: tr("yes"), -1: tr("no"), 0: tr("not asked")}[found.after.marketing]
    said = [
        tr("⚠️ Their proven phones differ: they may be two people after all.") if found.differ else "",
        tr("Together: {name}, offers: {offers}.", name=name_html(tr, found.after.name or found.after.platform_name), offers=offers),
        tr("No follow-ups.") if found.after.silenced else "",
        tr("Blocked.") if found.after.blocked else "",
        tr("One open lead stays.") if found.stays.lead_open and found.joins.lead_open else "",
        tr("Every conversation stays on its channel. It can be undone."),
    ]
    return " ".join(filter(None, said))


def merge(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make two people one."""
    about = persons.suggestion(session, intent.target)
    names = _names(session, visit, intent)
    return merged(session, visit, (about.contact_id, about.other_id), names)


def merged(session: Session, visit: Visit, two: tuple[int, int], names: tuple[str, str]) -> Done:
    """Two people are one from now on, in the place of the question; with the way back."""
    winner, loser = persons.older(session, *two)
    made = persons.merged(session, visit.rep, winner, loser, now=visit.now)
    words = visit.tr("{name} and {other} are one person now.", name=names[0], other=names[1])
    return _said(visit, words, Key(visit.tr.button(UNDO), Intent("unmerge", made)))


def listed(session: Session, visit: Visit, intent: Intent) -> Done:
    """The merges that made a person who they are, also those made on proof, each with its undoing."""
    tr, found = visit.tr, person(session, visit.rep, intent.target, visit.titles)
    shown = found.merges[: menus.MOST]
    head = tr("{name} came more than once. Undo what is not right:", name=plain_name(tr, found.name))
    said = [f"{place}. {plain_name(tr, one.name)}: {like(tr, one.why)}, {tr.when(one.at, visit.company.zone, visit.now)}" for place, one in enumerate(shown, 1)]
    keys = [Key(f"{tr.button(UNDO)} {place}", Intent("unmerge", one.link_id)) for place, one in enumerate(shown, 1)]
    return Done((Post("\n".join([head, *said]), menus.in_rows(keys)),))


def unmerge(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make one person two again."""
    persons.parted(session, visit.rep, intent.target, now=visit.now)
    return _said(visit, visit.tr("They are two people again, each with what they said themselves."))


def not_same(session: Session, visit: Visit, intent: Intent) -> Done:
    """Two people are two."""
    names = _names(session, visit, intent)
    persons.refused(session, visit.rep, intent.target, now=visit.now)
    words = visit.tr("{name} and {other} are not the same: this is not asked again.", name=names[0], other=names[1])
    return Done((Post(words, ((Key(visit.tr.button(ASK_AGAIN), Intent("ask_again", intent.target)),),), lasts=CONFIRM_MS),), visit.tr("Not the same."))


def ask_again(session: Session, visit: Visit, intent: Intent) -> Done:
    """Undo that two people are two."""
    persons.asked_again(session, visit.rep, intent.target, now=visit.now)
    return _said(visit, visit.tr("It is an open question again."))


def answer_at(session: Session, visit: Visit, intent: Intent) -> Done:
    """Go on with the person on another channel: its card comes, and a reply to it goes there."""
    there = addresses.answer_at(session, visit.rep, intent.target, int(intent.detail or 0), visit.sendable, now=visit.now)
    sight = see(session, there.id, visit.scene(session))
    retire(session, card_name(there.id, visit.rep.id))
    words = visit.tr("It is yours. Reply to the card to answer on {channel}.", channel=sight.channel)
    return Done((replace(cards.card(sight, visit.rep, visit.company, visit.now), card=True),), words)


def _names(session: Session, visit: Visit, intent: Intent) -> tuple[str, str]:
    found = preview(session, visit.rep, intent.target, visit.titles)
    return plain_name(visit.tr, found.stays.name), plain_name(visit.tr, found.joins.name)


def _said(visit: Visit, words: str, *below: Key) -> Done:
    """Words in the place of the question they answer."""
    return Done((Post(words, (below,) if below else (), edits=visit.replied_to or 0),), words)


PRESSES: Mapping[str, Pressed] = {
    "same_look": look,
    "merge": merge,
    "merges": listed,
    "unmerge": unmerge,
    "not_same": not_same,
    "ask_again": ask_again,
    "answer_at": answer_at,
}
