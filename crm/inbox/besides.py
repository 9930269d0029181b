"""Besides: what came along with what was said: other ids of the sender, their phone or e-mail, a subject, a longer window."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.orm import Session

from crm.base.events import Event, Message, Sender
from crm.base.rows import add_new, ask, fixed, run, table_of, take_ids
from crm.base.text import clean
from crm.conversations.threads import Message as MessageRow
from crm.inbox.own import stands, written_in
from crm.inbox.plan import TEXT_MOST, Got
from crm.inbox.strangers import identity_at
from crm.outbox.lines import Mail
from crm.outreach.persons import learn_aliases, sender_points, vouched
from crm.people.aliases import canonical
from crm.people.contacts import ContactPoint, Identity, PointKind, Proof

SUBJECT_MOST = 500
_ends = bindparam("ends", type_=BigInteger())
_WINDOW = (
    update(table_of(Identity))
    .where(Identity.account == bindparam("account"), Identity.external_id == bindparam("address"), Identity.session_ends_at < _ends)
    .values(session_ends_at=_ends)
)
_VOUCHED = (
    select(ContactPoint.id)
    .join(Identity, Identity.contact_id == ContactPoint.contact_id)
    .where(Identity.account == bindparam("account"), Identity.external_id == bindparam("address"))
    .where(ContactPoint.kind == fixed(PointKind.VISITOR.value), ContactPoint.proof != fixed(Proof.CLAIMED.value))
    .limit(1)
)
"""Whether it is known already whose account in the firm's shop somebody writes from: the first one stands."""


def has_more(event: Event) -> bool:
    """Whether anything came along."""
    sender = event.sender
    if sender is not None and (sender.aliases or sender.phone or sender.email or sender.visitor or sender.through):
        return True
    return isinstance(event, Message) and bool(event.subject or event.full or event.window_ends_at)


def keep_besides(session: Session, got: Sequence[Got], *, now: int) -> None:
    """Keep what came along, each where it belongs."""
    for one in got:
        sender = one.event.sender
        if sender is None:
            continue
        if sender.aliases:
            _aliases(session, one.account, sender, now=now)
        if isinstance(one.event, Message):
            if one.event.window_ends_at:
                run(session, _WINDOW, {"account": one.account, "address": sender.external_id, "ends": one.event.window_ends_at})
            _mail(session, one, one.event)
        fresh_visitor = bool(sender.visitor) and not ask(session, _VOUCHED, {"account": one.account, "address": sender.external_id})
        fresh_chat = bool(sender.through) and not stands(session, one.account, sender)
        if not (sender.phone or sender.email or fresh_visitor or fresh_chat):  # as nearly always
            continue
        identity = identity_at(session, one.account, sender.external_id)
        if identity is None:
            continue
        if (sender.phone or sender.email) and (identity.created_at == now or (sender.email and sender.proven)):
            sender_points(session, sender, identity, now=now)
        if fresh_visitor:
            vouched(session, identity, sender.visitor, now=now)
        if fresh_chat:
            written_in(session, one.account, sender, identity, now=now)


def _aliases(session: Session, account: str, sender: Sender, *, now: int) -> None:
    known = canonical(session, account, sender.aliases)
    missing = [name for name in sender.aliases if name not in known]
    identity = identity_at(session, account, sender.external_id) if missing else None
    if identity is not None:
        learn_aliases(session, identity.id, missing, now=now)


def _mail(session: Session, got: Got, event: Message) -> None:
    """Keep the letter behind a message: its subject, its whole text, and what it answers."""
    if not (event.subject or event.full) or event.auto:  # nobody goes on from a vacation note
        return
    row = session.execute(select(MessageRow.id, MessageRow.conversation_id).where(MessageRow.once == f"event:{got.event_id}:{got.place}")).first()
    if row is None:
        return
    letter = {
        "message_id": row.id,
        "conversation_id": row.conversation_id,
        "account": got.account,
        "external_id": event.external_id,
        "subject": clean(event.subject, SUBJECT_MOST).replace("\n", " "),
        "full": clean(event.full, TEXT_MOST) if event.full.strip() != event.text.strip() else "",
        "ancestors": " ".join(reversed(event.answers)),
    }
    add_new(session, Mail, [{"id": next(take_ids(session, 1)), **letter}])
