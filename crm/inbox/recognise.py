"""Recognise: whose an event is, before a batch means anything: one of several ids, a known thread, a machine's letter, a number for a button."""

import json
import re
from collections.abc import Sequence, Set
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.events import Event, Message, Postback, Reaction, Sender, Unknown
from crm.base.text import clean_name
from crm.conversations.threads import Author, Conversation
from crm.conversations.threads import Message as MessageRow
from crm.inbox.known import Address
from crm.inbox.own import staffed
from crm.inbox.plan import Got
from crm.inbox.receive import is_heard
from crm.inbox.strangers import identity_at
from crm.outbox.lines import Mail
from crm.outbox.payload import unpack_buttons
from crm.people.aliases import canonical
from crm.people.contacts import Identity

THREAD = re.compile(r"c([0-9]{1,18})")
CHOICE = re.compile(r"[1-9]")


def recognise(session: Session, got: Sequence[Got], numbered: Set[str]) -> list[Got]:
    """The events of a batch as those of the addresses we know; `numbered` are accounts where buttons are shown as numbers."""
    found: list[Got] = []
    here: set[Address] = set()
    for one in _by_aliases(session, staffed(session, got)):
        found.append(_one(session, one, numbered, here))
        if is_heard(found[-1].event) and found[-1].event.sender is not None:
            here.add((one.account, found[-1].event.sender.external_id))
    return found


def _by_aliases(session: Session, got: Sequence[Got]) -> list[Got]:
    """Who is called by several ids is the one we know by any of them."""
    wanted: dict[str, set[str]] = {}
    for one in got:
        if one.event.sender is not None:
            wanted.setdefault(one.account, set()).update((one.event.sender.external_id, *one.event.sender.aliases))
    several = {one.account for one in got if one.event.sender is not None and one.event.sender.aliases}
    known = {account: _owners(session, account, sorted(ids), several=account in several) for account, ids in wanted.items()}
    return [_known(one, known.get(one.account, {})) for one in got]


def _owners(session: Session, account: str, ids: Sequence[str], *, several: bool) -> dict[str, str]:
    """The address under which each of these ids is known: as an address of its own, else as somebody's alias."""
    aliases = canonical(session, account, ids)
    if not aliases and not several:  # as nearly always: everybody has one id
        return {}
    own = session.scalars(select(Identity.external_id).where(Identity.account == account, Identity.external_id.in_(ids)))
    return aliases | {name: name for name in own}


def _known(got: Got, known: dict[str, str]) -> Got:
    sender = got.event.sender
    if sender is None or not known:
        return got
    ours = next((known[name] for name in (sender.external_id, *sender.aliases) if name in known), sender.external_id)
    if ours == sender.external_id:
        return got
    return replace(got, event=sent_by(got.event, replace(sender, external_id=ours, aliases=(*sender.aliases, sender.external_id))))


def sent_by(event: Event, sender: Sender) -> Event:
    """The same event as another sender's."""
    made: Event = replace(event, sender=sender)  # type: ignore[arg-type]
    return made


def _one(session: Session, got: Got, numbered: Set[str], here: Set[Address]) -> Got:
    """One event; `here` are those heard before it in this batch, who are known by the time it means something."""
    event = got.event
    if isinstance(event, Message):
        if event.thread or event.answers:
            got = _in_thread(session, got, event)
        own = isinstance(got.event, Message) and got.event.text == event.text
        if own and got.account in numbered and not (event.echo or event.auto or event.media) and CHOICE.fullmatch(event.text.strip()):
            return _choice(session, got, event)
        # Nobody's first words: a machine is no lead.
        return replace(got, event=Unknown("auto", at=event.at)) if event.auto and not _known_here(session, got, here) else got
    if isinstance(event, Reaction) and not _known_here(session, got, here):
        return replace(got, event=Unknown(type(event).__name__.lower(), at=event.at))
    return got


def _known_here(session: Session, got: Got, here: Set[Address]) -> bool:
    sender = got.event.sender
    assert sender
    return (got.account, sender.external_id) in here or identity_at(session, got.account, sender.external_id) is not None


def _in_thread(session: Session, got: Got, event: Message) -> Got:
    """What answers a message of a thread belongs there, whoever wrote it: a thread is proven by what came back, a sender is not."""
    conversation = _thread(session, got.account, event)
    if conversation is None or conversation.address == event.sender.external_id:
        return got
    who = clean_name(event.sender.name) or event.sender.external_id
    named = f"{who} <{event.sender.external_id}>:\n" if who != event.sender.external_id else f"{who}:\n"
    mine = Sender(conversation.address)
    if event.echo:  # the firm wrote it, whomever it went to
        return replace(got, event=replace(event, sender=mine))
    return replace(got, event=replace(event, sender=mine, text=named + event.text, full=event.full and named + event.full))


def _thread(session: Session, account: str, event: Message) -> Conversation | None:
    if found := THREAD.fullmatch(event.thread):
        conversation = session.get(Conversation, int(found[1]))
        return conversation if conversation is not None and conversation.account == account else None
    if not (event.echo and event.answers):  # anybody can name an id that they have read; only our own mail program is believed
        return None
    rows = session.execute(select(Mail.external_id, Mail.conversation_id).where(Mail.account == account, Mail.external_id.in_(event.answers)))
    known = {row.external_id: row.conversation_id for row in rows}
    number = next((known[name] for name in event.answers if name in known), None)
    return session.get(Conversation, number) if number else None


def _choice(session: Session, got: Got, event: Message) -> Got:
    """A number typed where buttons are shown as numbers presses the button of the last question."""
    identity = identity_at(session, got.account, event.sender.external_id)
    if identity is None:
        return got
    asked = session.scalar(
        select(MessageRow.buttons)
        .join(Conversation, Conversation.id == MessageRow.conversation_id)
        .where(Conversation.identity_id == identity.id, MessageRow.author != Author.CONTACT.value)
        .order_by(MessageRow.id.desc())
        .limit(1)
    )
    choices = [button for row in unpack_buttons(json.loads(asked)) for button in row if button.value] if asked else []
    number = int(event.text.strip())
    if number > len(choices):
        return got
    chosen = choices[number - 1]
    return replace(got, event=Postback(event.sender, event.external_id, chosen.value, event.at, label=chosen.label))
