"""Templates: a rep sends a text that the platform has approved, where nothing else may go."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import NotFound
from crm.base.policy import Action
from crm.conversations.talk import reply
from crm.conversations.threads import the
from crm.outbox.approved import approved_at, as_field, made_of
from crm.people.reps import authorise


def say_template(session: Session, actor: Rep, conversation_id: int, approved_id: int, fields: Sequence[str], *, once: str, now: int) -> int:
    """Send an approved text with its fields, as an answer; takes the conversation when nobody has it.

    Answers the message's number; the same `once` answers the same and changes nothing. Raises what `reply` raises, `Expired` where the platform lets it
    through no more, `Invalid` where a field is empty.
    """
    authorise(session, actor, Action.TALK)
    conversation, row = the(session, conversation_id), approved_at(session, approved_id)
    if row.account != conversation.account:
        raise NotFound("no such template on this channel")
    made = made_of(row, tuple(as_field(one) for one in fields))
    return reply(session, actor, conversation.id, made.text, once=once, now=now, approved=made)
