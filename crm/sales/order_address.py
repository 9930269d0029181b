"""Order address: a customer is asked where an order goes; what they write then is offered to whose it is, who takes it over in a press."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import NotFound, Unreachable
from crm.base.history import Change, record
from crm.base.rows import add, take_ids
from crm.base.time import DAY
from crm.conversations.threads import Author, Conversation, Kind, Message, the
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import family_of, root_of
from crm.sales.asking import CHUNK, TWICE, PayAsk
from crm.sales.order_lines import OPEN
from crm.sales.order_steps import OrderMoved, goes_to
from crm.sales.order_talk import say_to, talk_with, tongue
from crm.sales.orders import Order, held_order

LOOKED_FOR = 3 * DAY
"""How long after the question words are taken for an address."""
SHORTEST = 12
"""Words without a number in them that are shorter say yes, thank you, wait; no address."""


def ask_address(session: Session, actor: Actor, order_id: int, *, once: str, now: int) -> Order:
    """Ask the customer where an order goes; a double tap asks once. Raises `Unreachable`, and `OrderMoved` where it has left already."""
    order = held_order(session, actor, order_id)
    if order.state not in OPEN:
        raise OrderMoved
    talk = talk_with(session, order.contact_id, order.conversation_id, now=now)
    if talk is None or root_of(session, talk.contact_id).blocked:
        raise Unreachable
    asked = (PayAsk.order_id == order.id, PayAsk.amount == 0, PayAsk.open == 1)
    if session.scalar(select(PayAsk.id).where(*asked, PayAsk.asked_at > now - TWICE).limit(1)) is not None:
        return order
    words = tongue(session, order.contact_id)("Where shall order {number} go? Write the address here, or send the place.", number=order.number)
    if not say_to(session, talk, words, f"where:{once}", now=now):
        return order
    record(session, Change("order", order.id, "asked_address", actor, after={"number": order.number}), now=now)
    session.execute(update(PayAsk).where(*asked).values(open=0), execution_options={"synchronize_session": False})
    row = {"id": next(take_ids(session, 1)), "conversation_id": talk.id, "order_id": order.id, "document_id": None, "amount": 0, "currency": order.currency}
    add(session, PayAsk, [{**row, "seen_id": talk.last_heard_id, "asked_at": now, "until": now + LOOKED_FOR}])
    return order


def answers_due(session: Session, *, now: int) -> int:
    """What came after such a question is offered to whose the order is; answers how many questions were looked at."""
    asked = select(PayAsk).join(Conversation, Conversation.id == PayAsk.conversation_id)
    news = (PayAsk.open == 1, PayAsk.amount == 0, PayAsk.until > now, Conversation.last_heard_id > PayAsk.seen_id)
    found = session.scalars(asked.where(*news).order_by(PayAsk.id).limit(CHUNK).with_for_update(of=PayAsk, skip_locked=True)).all()
    for one in found:
        _look(session, one, now=now)
    session.flush()
    return len(found)


def take_address(session: Session, actor: Actor, order_id: int, message_id: int, *, now: int) -> Order:
    """An order goes where its customer wrote in a message; raises `NotFound` for words that are not theirs."""
    order, message = held_order(session, actor, order_id), session.get(Message, message_id)
    if message is None or message.author != Author.CONTACT or message.deleted_at:
        raise NotFound("no such message")
    if the(session, message.conversation_id).contact_id not in family_of(session, order.contact_id):
        raise NotFound("no such message")
    return goes_to(session, actor, order.id, message.text, now=now)


def is_like(text: str) -> bool:
    """Whether words may be an address: they have a number in them, a place on a map too, or are long enough; pure."""
    return any(mark.isdigit() for mark in text) or len(text.strip()) >= SHORTEST


def _look(session: Session, one: PayAsk, *, now: int) -> None:
    talk, order = the(session, one.conversation_id), session.get(Order, one.order_id or 0)
    came = (Message.conversation_id == talk.id, Message.id > one.seen_id, Message.author == Author.CONTACT.value, Message.kind == Kind.MESSAGE.value)
    said = session.execute(select(Message.id, Message.text).where(*came, Message.deleted_at == 0).order_by(Message.id).limit(CHUNK)).all()
    one.seen_id = talk.last_heard_id
    number = next((row.id for row in said if is_like(row.text)), None)
    if order is None or order.state not in OPEN:
        one.open = 0
    elif number is not None:
        one.open = 0
        tell(session, [Notice(NoticeKind.ORDER, order.id, f"order:{order.id}:address:{number}", {"why": "address", "message": number})], now=now)
