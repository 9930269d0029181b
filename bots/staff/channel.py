"""Channel: where a person is written to when we begin, why there, and a press to choose it or to leave it to itself again."""

from collections import Counter
from dataclasses import replace

from bots.staff import menus, person
from bots.staff.posts import Key, Post
from bots.staff.visit import Done, Visit
from bots.staff.words import name_html
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.conversations.threads import the
from crm.outreach.channel import write_on
from crm.people.desk import Intent
from crm.reports.channel import WHY, Channel, channel_of
from crm.reports.person import Address

NAME = "channel"
CHANNEL, BY_ITSELF = N_button("📮 Channel"), N_button("Let it choose itself")
LABEL_MOST = 24


def pressed(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show where they are written to, or write down the address whose number is `detail` (0 = by itself)."""
    if not intent.detail:
        return Done((_post(session, visit, intent.target),))
    if not intent.detail.isdigit():
        raise Expired
    contact_id = the(session, intent.target).contact_id
    write_on(session, visit.rep, contact_id, int(intent.detail), visit.company.sendable, now=visit.now)
    return Done((replace(_post(session, visit, intent.target), edits=visit.replied_to or 0),), visit.tr("Written down."))


def _post(session: Session, visit: Visit, conversation_id: int) -> Post:
    tr, found = visit.tr, channel_of(session, visit.rep, conversation_id, visit.titles, visit.company, now=visit.now)
    offered = [one for one in found.addresses if one.identity_id != found.chosen][: menus.MOST - 1] if len(found.addresses) > 1 else []
    names = Counter(_called(one) for one in found.addresses)
    keys = [Key(_label(visit, one, alone=names[_called(one)] == 1), _set(conversation_id, one.identity_id)) for one in offered]
    keys += [Key(tr.button(BY_ITSELF), _set(conversation_id, 0))] if found.chosen else []
    return Post("\n".join(_lines(visit, found, asks=bool(keys))), menus.in_rows(keys), html=True, conversation_id=conversation_id)


def _called(one: Address) -> str:
    return " ".join(filter(None, (one.channel, f"@{one.username}" if one.username else "")))


def _label(visit: Visit, one: Address, *, alone: bool) -> str:
    """What an address is called on its button; of two that are called alike, when they last wrote tells which is which."""
    when = "" if alone or not one.heard_at else f" · {visit.tr.when(one.heard_at, visit.company.zone, visit.now)}"
    return f"{_called(one)[: max(LABEL_MOST - len(when), 6)]}{when}"


def _lines(visit: Visit, found: Channel, *, asks: bool) -> list[str]:
    tr, name = visit.tr, name_html(visit.tr, found.name)
    if found.now is None:
        return [tr("{name} cannot be written to on any channel now.", name=name)]
    said = [tr("{name} is written to on {channel}: {why}.", name=name, channel=person.channel(tr, found.now), why=tr(WHY[found.why]))]
    wanted = next((one for one in found.addresses if one.identity_id == found.chosen), None)
    if wanted is not None and wanted != found.now:
        said.append(tr("{channel} was chosen, but it lets nothing through now.", channel=person.channel(tr, wanted)))
    if asks:
        said.append(tr("Where shall news, follow-ups and offers go?"))
    return said


def _set(conversation_id: int, identity_id: int) -> Intent:
    return Intent(NAME, conversation_id, str(identity_id))
