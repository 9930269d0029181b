"""Topics: where there are subjects, a new one stands above the words, as the first line; the same one again says nothing.

The bot hears the bare words: whoever answers an offer with STOP has said stop, whatever the letter is called.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.events import Message
from crm.base.subjects import bare_subject
from crm.conversations.threads import Conversation
from crm.inbox.plan import Got
from crm.inbox.strangers import identity_at
from crm.outbox.lines import line_of


def titled(session: Session, got: Sequence[Got]) -> list[Got]:
    """The events of a batch, each message on a new matter with its subject above its words."""
    last: dict[tuple[str, str], str] = {}
    return [_titled(session, one, one.event, last) if isinstance(one.event, Message) and one.event.subject else one for one in got]


def _titled(session: Session, got: Got, event: Message, last: dict[tuple[str, str], str]) -> Got:
    address, topic = (got.account, event.sender.external_id), bare_subject(event.subject)
    before = last[address] if address in last else _before(session, *address)
    last[address] = topic
    if not topic or topic == before or bare_subject(event.text).startswith(topic):
        return got
    return replace(got, event=replace(event, title=event.subject))


def _before(session: Session, account: str, external_id: str) -> str:
    """The matter of the last letter of this address ("" = there was none)."""
    identity = identity_at(session, account, external_id)
    number = (
        session.scalar(select(Conversation.id).where(Conversation.identity_id == identity.id).order_by(Conversation.id.desc()).limit(1)) if identity else None
    )
    return bare_subject(line_of(session, number).subject) if number else ""
