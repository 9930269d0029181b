"""Entrances: whoever comes by a link of the firm's brings its product and its source along, whether as the link's payload or in what they type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from crm.base.actors import Customer
from crm.base.events import Event, LeadForm, Message, Postback, SessionStarted, Source
from crm.inbox.plan import Got
from crm.inbox.strangers import identity_at
from crm.people.contacts import root_of
from crm.sales.entries import Known, is_code, known_by, written_code
from crm.sales.leads import OPEN, lead_of
from crm.sales.referrals import credit


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody came by a link."""

    account: str
    external_id: str
    entry: Known


def entered(session: Session, got: Sequence[Got]) -> tuple[list[Got], list[Came]]:
    """The events of a batch, with the link's source where somebody came by one; and who did. Asks nothing where nobody shows a code."""
    codes = {place: code for place, one in enumerate(got) if (code := code_in(one.event))}
    known = known_by(session, sorted(set(codes.values()))) if codes else {}
    if not known:
        return list(got), []
    found, came = list(got), []
    for place, code in codes.items():
        one = got[place]
        if code in known and one.event.sender is not None:
            came.append(Came(one.account, one.event.sender.external_id, known[code]))
            found[place] = replace(one, event=_with_source(one.event, known[code]))
    return found, came


def code_in(event: Event) -> str:
    """The code that somebody brings along ("" = none); pure."""
    if not isinstance(event, Message | Postback | SessionStarted | LeadForm) or (isinstance(event, Message) and (event.echo or event.auto)):
        return ""
    payload = event.source.payload if event.source else ""
    if is_code(payload):
        return payload
    if isinstance(event, Message):
        return written_code(event.text) or written_code(event.subject)
    return ""


def _with_source(event: Event, entry: Known) -> Event:
    assert isinstance(event, Message | Postback | SessionStarted | LeadForm)
    return replace(event, source=replace(event.source or Source(), payload="", utm_source=entry.source, utm_content=entry.product))


def remember(session: Session, came: Sequence[Came], *, now: int) -> None:
    """Write down by which links leads came; who only looks is no lead yet, and shows the code again with their first words."""
    for one in came:
        identity = identity_at(session, one.account, one.external_id)
        lead = lead_of(session, identity.contact_id) if identity else None
        if identity is not None and lead is not None and lead.status in OPEN:
            credit(session, Customer(root_of(session, identity.contact_id).id), lead, one.entry, now=now)
