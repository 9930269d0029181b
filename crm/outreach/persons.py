"""Persons: two people become one, or two again, with all that hangs on them: open leads, follow-ups, cards; and who may say so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Customer, Rep
from crm.base.errors import NotFound
from crm.base.events import Sender
from crm.base.history import Change, record
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.base.text import clean_name
from crm.conversations import addresses
from crm.conversations.talk import within_reach
from crm.conversations.threads import Conversation
from crm.outbox.notices import card, tell
from crm.outreach import sequences
from crm.outreach.sequences import Enrollment, EnrollmentState
from crm.people import aliases, contacts, link, merge, suggestions
from crm.people.contacts import UNPROVEN, ContactPoint, Identity, PointKind, Proof
from crm.people.link import Link
from crm.people.merge import Parted, Side
from crm.people.pretended import only_real
from crm.people.reps import authorise
from crm.people.suggestions import Suggestion
from crm.sales import leads
from crm.sales.leads import Lead, LeadStatus


def learn_point(session: Session, actor: Actor, contact_id: int, kind: str, value: str, *, proof: Proof, message_id: int | None, now: int) -> bool:
    """Write a phone or an e-mail down; answers whether it showed two people to be one."""
    made = link.learn_point(session, actor, contact_id, kind, value, proof=proof, message_id=message_id, now=now)
    return joined(session, made, now=now)


def sender_points(session: Session, sender: Sender, identity: Identity, *, now: int, region: str = "") -> bool:
    """Write down the phone and e-mail that came with a message; answers whether they showed two people to be one. Asks one index where nothing is new."""
    found = False
    points = ((PointKind.PHONE, _phone(sender, region), Proof.SHARED), (PointKind.EMAIL, _email(sender), Proof.DMARC))
    for kind, value, best in points:
        if value:
            proof = best if sender.proven else Proof.CLAIMED
            who = Customer(identity.contact_id)
            found |= learn_point(session, who, identity.contact_id, kind, value, proof=proof, message_id=None, now=now)
    return found


def _phone(sender: Sender, region: str) -> str:
    """A proven number is the platform's own, in its international form, known country or not."""
    digits = "".join(mark for mark in sender.phone if mark.isascii() and mark.isdigit())
    if sender.proven:
        return normalise(f"+{digits}", region) or (f"+{digits}" if 5 <= len(digits) <= 15 else "")
    return normalise(sender.phone, region)


def _email(sender: Sender) -> str:
    found = clean_name(sender.email).lower()
    return found if "@" in found.strip("@") else ""


def proven_same(session: Session, identity_id: int, kind: str, value: str, *, now: int, message_id: int | None = None) -> bool:
    """Whoever writes from an address has shown, by a token or their site's signature, that this is theirs; answers whether it showed two people to be one.

    `kind` is a `PointKind`; a visitor's value is the number of their account in the firm's own shop, behind the shop's name.
    """
    identity = session.get_one(Identity, identity_id)
    who = Customer(identity.contact_id)
    return learn_point(session, who, identity.contact_id, kind, value, proof=Proof.TOKEN, message_id=message_id, now=now)


def vouched(session: Session, identity: Identity, visitor: str, *, now: int) -> bool:
    """The shop's server says whose account somebody writes from; answers whether it showed two people to be one.

    An address that was another account's before, as a browser in a library is, joins nobody: which of the two writes, nobody knows.
    """
    value = f"{identity.account}:{visitor}"
    kind = (ContactPoint.contact_id == identity.contact_id, ContactPoint.kind == PointKind.VISITOR.value)
    before = session.scalars(select(ContactPoint.value).where(*kind, ContactPoint.proof.not_in(UNPROVEN))).all()
    if before:
        return False
    return proven_same(session, identity.id, PointKind.VISITOR, value, now=now)


def learn_aliases(session: Session, identity_id: int, ids: Sequence[str], *, now: int) -> bool:
    """Write down other ids of an address; answers whether they showed two people to be one."""
    made = aliases.learn_aliases(session, identity_id, ids, now=now)
    return sum(joined(session, one, now=now) for one in made) > 0


def move(session: Session, account: str, old_id: str, new_id: str, *, now: int) -> bool:
    """An address is called otherwise from now on, see `conversations.addresses`; answers whether that showed two people to be one."""
    return joined(session, addresses.move(session, account, old_id, new_id, now=now), now=now)


def joined(session: Session, link_id: int, *, now: int, actor: Actor | None = None) -> bool:
    """What hangs on two who were just linked follows: one open lead stays, their cards are drawn again. Answers false for no link (0)."""
    if not link_id:
        return False
    made = session.get_one(Link, link_id)
    root = contacts.root_of(session, made.winner_id)
    before = {lead.id: (lead.status, lead.open_contact_id) for lead in _open_leads(session, root.id)}
    leads.join_open(session, actor or Customer(root.id), root.id, now=now)
    kept = next((lead.id for lead in _open_leads(session, root.id)), 0)
    ended = {str(number): {"status": status, "into": kept} for number, (status, _) in before.items() if number != kept}
    made.before = json.dumps({**json.loads(made.before), "leads": ended}, ensure_ascii=False)
    session.flush()
    if root.kind != "customer":  # one of the two was a supplier or a partner, so both are
        sequences.stop(session, contacts.family_of(session, root.id), "no customer", now=now)
    tell(session, [card(thread.id) for thread in threads_of(session, root.id)], now=now)
    return True


def _open_leads(session: Session, root_id: int) -> list[Lead]:
    family = contacts.family_of(session, root_id)
    return list(session.scalars(select(Lead).where(Lead.open_contact_id.in_(family)).order_by(Lead.id)))


def threads_of(session: Session, contact_id: int) -> list[Conversation]:
    """A person's conversations on all channels, the newest first."""
    family = contacts.family_of(session, contact_id)
    return list(session.scalars(select(Conversation).where(Conversation.contact_id.in_(family)).order_by(Conversation.last_at.desc(), Conversation.id.desc())))


def reach(session: Session, actor: Rep, *contact_ids: int) -> None:
    """Refuse who may not merge, or does not reach every conversation of these people: `Taken` by whoever has one."""
    member = authorise(session, actor, Action.MERGE)
    for thread in (thread for number in contact_ids for thread in threads_of(session, number)):
        if member is not None:
            within_reach(session, actor, thread.id)


def older(session: Session, one_id: int, other_id: int) -> tuple[int, int]:
    """Who of two people stays when they become one: whoever is known for longer."""
    first, second = sorted((contacts.root_of(session, one_id), contacts.root_of(session, other_id)), key=lambda one: (one.created_at, one.id))
    return first.id, second.id


def merged(session: Session, actor: Rep, winner_id: int, loser_id: int, *, now: int) -> int:
    """A member of staff makes two people one; answers the link, by which it is undone."""
    reach(session, actor, winner_id, loser_id)
    only_real(session, winner_id, loser_id)
    made = merge.join(session, actor, winner_id, loser_id, now=now)
    joined(session, made, now=now, actor=actor)
    return made


def parted(session: Session, actor: Rep, link_id: int, *, now: int) -> Parted:
    """A member of staff undoes a merge, also one that was made on proof; nothing but a person joins the two again."""
    made = merge.standing(session, link_id)
    reach(session, actor, made.loser_id)
    found = merge.part(session, actor, link_id, now=now)
    for side in (found.stayed, found.went):
        _own_leads(session, actor, side, found, now=now)
        _own_followups(session, side)
        tell(session, [card(thread.id) for thread in threads_of(session, side.root_id)], now=now)
    return found


def refused(session: Session, actor: Rep, suggestion_id: int, *, now: int) -> None:
    """A member of staff says that two people are not the same."""
    suggestions.refuse(session, actor, _within(session, actor, suggestion_id), now=now)
    _redraw(session, suggestion_id, now=now)


def asked_again(session: Session, actor: Rep, suggestion_id: int, *, now: int) -> None:
    """Undo that two people are not the same."""
    suggestions.reconsider(session, actor, _within(session, actor, suggestion_id), now=now)
    _redraw(session, suggestion_id, now=now)


def _within(session: Session, actor: Rep, suggestion_id: int) -> Suggestion:
    found = suggestion(session, suggestion_id)
    reach(session, actor, found.contact_id, found.other_id)
    return found


def suggestion(session: Session, suggestion_id: int) -> Suggestion:
    """A suggestion by its number."""
    found = session.get(Suggestion, suggestion_id)
    if found is None:
        raise NotFound
    return found


def _redraw(session: Session, suggestion_id: int, *, now: int) -> None:
    about = suggestion(session, suggestion_id)
    numbers = {thread.id for person in (about.contact_id, about.other_id) for thread in threads_of(session, person)}
    tell(session, [card(number) for number in sorted(numbers)], now=now)


def _own_leads(session: Session, actor: Actor, side: Side, found: Parted, *, now: int) -> None:
    """Each side has the leads that came by its own conversations; one that gave way to the other side's is open again."""
    mine = _leads_of(session, side)
    for lead in mine:
        if lead.contact_id not in side.contacts:
            lead.contact_id = side.root_id
    kept = next((lead for lead in mine if lead.open_contact_id is not None), None)
    if kept is not None and kept.open_contact_id != side.root_id:
        record(session, Change("lead", kept.id, "person", actor, {"contact": kept.open_contact_id}, {"contact": side.root_id}), now=now)
        kept.open_contact_id = side.root_id
    session.flush()
    for gave in _given_way(session, side, found, {lead.id for lead in mine}):
        lead = session.get_one(Lead, gave.lead_id)
        if kept is not None:
            _note(session, gave, kept.id)
        elif lead.status == LeadStatus.MERGED:
            record(session, Change("lead", lead.id, "status", actor, {"status": lead.status}, {"status": gave.status}), now=now)
            lead.status, lead.open_contact_id, kept = gave.status, side.root_id, lead
    session.flush()


@dataclass(frozen=True, slots=True)
class _Gave:
    """A lead that gave way when two people were linked, and the status it had."""

    link_id: int
    lead_id: int
    status: str


def _leads_of(session: Session, side: Side) -> Sequence[Lead]:
    heard = select(Lead).join(Conversation, Conversation.id == Lead.conversation_id).where(Conversation.contact_id.in_(side.contacts))
    return session.scalars(heard.order_by(Lead.id)).all()


def _given_way(session: Session, side: Side, found: Parted, mine: set[int]) -> list[_Gave]:
    """A side's leads that gave way to one that is not the side's any more, in the order in which they did."""
    every = side.contacts | found.stayed.contacts | found.went.contacts
    rows = session.scalars(select(Link).where(Link.loser_id.in_(every), (Link.undone_at == 0) | (Link.id == found.link_id)).order_by(Link.at, Link.id))
    gave = []
    for row in rows:
        ended: dict[str, dict[str, Any]] = json.loads(row.before).get("leads", {}) if row.before else {}
        gave += [_Gave(row.id, int(number), one["status"]) for number, one in ended.items() if int(number) in mine and one["into"] not in mine]
    return gave


def _note(session: Session, gave: _Gave, into: int) -> None:
    """Write down to which lead of its own side one has given way instead."""
    row = session.get_one(Link, gave.link_id)
    kept = json.loads(row.before)
    kept["leads"][str(gave.lead_id)]["into"] = into
    row.before = json.dumps(kept, ensure_ascii=False)


def _own_followups(session: Session, side: Side) -> None:
    """A follow-up is the person's in whose conversation it is said."""
    mine = select(Conversation.id).where(Conversation.contact_id.in_(side.contacts))
    strange = (Enrollment.conversation_id.in_(mine), Enrollment.state == EnrollmentState.ACTIVE.value, Enrollment.contact_id.not_in(side.contacts))
    session.execute(update(Enrollment).where(*strange).values(contact_id=side.root_id), execution_options={"synchronize_session": False})
