"""Practising: a rep answers a pretended customer of their own; nobody else hears of it, and at its end it counts nowhere."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import NotFound
from crm.base.events import RawEvent
from crm.base.history import Change, record
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation, Status
from crm.inbox.log import keep
from crm.people.contacts import Contact, Identity, root_of
from crm.people.own_accounts import OwnChat
from crm.people.pretended import ACCOUNT
from crm.people.reps import authorise
from crm.sales.leads import LeadStatus, lead_of
from crm.sales.moves import Why
from crm.sales.triage import put_away

WHY = "practice"
NAME = N_("Anna (to practise with)")


def begin(session: Session, actor: Rep, company: Company, name: str, *, now: int) -> int:
    """Have a pretended customer write to this rep alone, in the rep's language, and end an earlier one; answers the conversation."""
    authorise(session, actor, Action.TALK)
    for earlier in running(session, actor):
        end(session, actor, earlier, now=now)
    contact, identity, number, chat = take_ids(session, 4)
    address = f"{actor.id}-{number}-{actor.language}"
    add(session, Contact, [{"id": contact, "root_id": contact, "platform_name": name, "language": actor.language, "zone": company.zone, "created_at": now}])
    add(session, Identity, [{"id": identity, "contact_id": contact, "account": ACCOUNT, "external_id": address, "created_at": now}])
    # Like a chat in a member's own account: nothing of the firm's is sent there by itself, and no group reads it.
    add(session, OwnChat, [{"id": chat, "identity_id": identity, "account": ACCOUNT, "through": address}])
    where = {"identity_id": identity, "open_identity_id": identity, "contact_id": contact, "account": ACCOUNT, "address": address}
    add(session, Conversation, [{"id": number, **where, "rep_id": actor.id, "flow_state": "done", "opened_at": now, "last_at": now}])
    record(session, Change("conversation", number, "practised", actor), now=now)
    body = json.dumps({"address": address, "place": 0, "language": actor.language})
    keep(session, [RawEvent(ACCOUNT, f"{address}:0", f"{ACCOUNT}:{address}", body.encode(), now)])
    return number


def running(session: Session, actor: Rep) -> list[int]:
    """The conversations in which this rep practises."""
    mine = (Conversation.account == ACCOUNT, Conversation.rep_id == actor.id, Conversation.status != Status.CLOSED.value)
    return list(session.scalars(select(Conversation.id).where(*mine).order_by(Conversation.id)))


def end(session: Session, actor: Rep, conversation_id: int, *, now: int) -> None:
    """Close a conversation that was for practice: nothing more is heard of it, and nothing is left to do. Again changes nothing."""
    authorise(session, actor, Action.TALK)
    conversation = session.get(Conversation, conversation_id)
    if conversation is None or conversation.account != ACCOUNT or conversation.rep_id != actor.id:
        raise NotFound("this is nobody to practise with")
    lead = lead_of(session, conversation.contact_id)
    if lead is not None and lead.status != LeadStatus.SPAM:
        put_away(session, actor, lead.id, LeadStatus.SPAM, Why(words=WHY), now=now)
    assign.close(session, actor, conversation_id, now=now)
    root_of(session, conversation.contact_id).blocked = 1  # a line that is on its way opens nothing again
    session.flush()
