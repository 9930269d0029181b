"""Addresses: another conversation with the same person, on a channel of theirs; and an address that the platform calls otherwise from now on."""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Rep
from crm.base.errors import NotFound, Taken, Unreachable
from crm.base.history import Change, record
from crm.base.outbound import Lane
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.wakes import send_topic, wake
from crm.conversations.assign import take
from crm.conversations.reaching import where_to
from crm.conversations.talk import Saying, held_by, holder, say_many, within_reach
from crm.conversations.threads import Author, Conversation, Message, Status, the
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import card, tell
from crm.people import aliases, routes
from crm.people.contacts import Identity, family_of, root_of
from crm.people.reps import authorise

INSTEAD = "instead"
"""The once-key of what was said elsewhere begins so; behind it stand the account that could not be reached, and the key it was meant to have."""


def move(session: Session, account: str, old_id: str, new_id: str, *, now: int) -> int:
    """An address is called otherwise from now on: its conversation, and what waits to be sent there, follow. Answers the link it made (0 = none)."""
    done = aliases.readdress(session, account, old_id, new_id, now=now)
    if done.follows:
        owner = session.scalars(select(Identity.contact_id).where(Identity.account == account, Identity.external_id == new_id)).one()
        theirs = Conversation.contact_id.in_(family_of(session, owner))
        there = (Conversation.account == account, Conversation.address == old_id, theirs)
        session.execute(update(Conversation).where(*there).values(address=new_id), execution_options={"synchronize_session": False})
        waiting = Delivery.state.in_((State.QUEUED.value, State.SENDING.value, State.UNKNOWN.value, State.FAILED.value))
        on_the_way = (Delivery.account == account, Delivery.address == old_id, waiting, Delivery.desk == 0)
        session.execute(update(Delivery).where(*on_the_way).values(address=new_id), execution_options={"synchronize_session": False})
        session.flush()
        session.expire_all()
        wake(session, send_topic(account))
    return done.link


def thread_at(session: Session, identity: Identity, *, now: int) -> Conversation:
    """The newest conversation at an address; who has none gets a closed one, so that the inbox shows nothing nobody wrote."""
    newest = select(Conversation).where(Conversation.identity_id == identity.id).order_by(Conversation.id.desc()).limit(1)
    found = session.scalar(newest)
    if found is not None:
        return found
    number = next(take_ids(session, 1))
    row = {"id": number, "identity_id": identity.id, "contact_id": identity.contact_id, "account": identity.account, "address": identity.external_id}
    add(session, Conversation, [{**row, "status": Status.CLOSED.value, "opened_at": now, "last_at": now}])
    return session.get_one(Conversation, number)


def answer_at(session: Session, actor: Rep, conversation_id: int, identity_id: int, accounts: Collection[str], *, now: int) -> Conversation:
    """A rep goes on with a person at another address of theirs, whose conversation becomes the rep's; what is chosen for what we begin ourselves stays.

    Raises `Taken` where either conversation is somebody else's, `Unreachable` where nobody can be written to.
    """
    authorise(session, actor, Action.TALK)
    here = within_reach(session, actor, conversation_id)
    identity = session.get(Identity, identity_id)
    if identity is None or identity.contact_id not in family_of(session, root_of(session, here.contact_id).id):
        raise NotFound
    if not routes.carried(identity, accounts):
        raise Unreachable
    there = thread_at(session, identity, now=now)
    if held_by(session, there) not in (None, actor.id):
        raise Taken(holder(session, there))
    take(session, actor, there.id, now=now)
    if there.status != Status.OPEN:
        there.status, there.snoozed_until, there.open_identity_id = Status.OPEN.value, 0, identity.id
        session.flush()
        tell(session, [card(there.id)], now=now)
    return there


def serve_elsewhere(session: Session, message_id: int, accounts: Collection[str], *, now: int) -> Conversation | None:
    """What the bot said to serve a customer, and the platform lets nobody through with, is said on their next channel: once, and never back again.

    Answers the conversation it is in now, None where there is no other way, or somebody of the staff is writing with them there.
    """
    message = session.get(Message, message_id)
    if message is None or message.author != Author.BOT or message.lane != Lane.SERVICE or not message.once or instead_of(message.once):
        return None
    here = the(session, message.conversation_id)
    earlier = session.scalar(select(Message.conversation_id).where(Message.once == f"{INSTEAD}|{here.account}|{message.once}"))
    if earlier is not None:
        return the(session, earlier)
    other = where_to(session, here.contact_id, accounts, without=(here.identity_id,), now=now)
    there = thread_at(session, other.identity, now=now) if other else None
    if there is None or held_by(session, there) is not None:
        return None
    return _say_instead(session, here, there, message.text, message.once, now=now)


def said_instead_at(session: Session, message_id: int) -> str:
    """The account on which a message was said because its own could not be reached ("" = nowhere)."""
    message = session.get(Message, message_id)
    if message is None or not message.once:
        return ""
    here = the(session, message.conversation_id)
    wanted = select(Conversation.account).join(Message, Message.conversation_id == Conversation.id)
    return session.scalar(wanted.where(Message.once == f"{INSTEAD}|{here.account}|{message.once}")) or ""


def _say_instead(session: Session, here: Conversation, there: Conversation, text: str, once: str, *, now: int) -> Conversation:
    key = f"{INSTEAD}|{here.account}|{once}"
    say_many(session, [Saying(there.id, there.account, there.address, text, Author.BOT, Lane.SERVICE, key)], now=now)
    change = Change("conversation", there.id, "said_instead", Bot(), {"account": here.account}, {"account": there.account}, cause=once)
    record(session, change, now=now)
    tell(session, [card(one.id) for one in (here, there)], now=now)
    return there


def instead_of(once: str | None) -> str:
    """The account that could not be reached when this was said ("" = it was said where it was meant to be)."""
    return once.split("|")[1] if once and once.startswith(f"{INSTEAD}|") else ""
