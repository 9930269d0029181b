"""Asking for money: the sum, the ways to pay and a button "I have paid"; what the customer says or sends then is a payment to be confirmed."""

from collections.abc import Sequence

from sqlalchemy import Index, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Customer, System
from crm.base.errors import Invalid, Unreachable
from crm.base.events import MediaKind
from crm.base.history import Change, record
from crm.base.i18n import N_, N_button, Translator, translator
from crm.base.money import money
from crm.base.outbound import Button
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import HOUR, SECOND
from crm.conversations.pressing import Press, say
from crm.conversations.talk import held_by
from crm.conversations.threads import Attachment, Author, Conversation, Message, the
from crm.documents.documents import Document
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import family_of, root_of
from crm.people.sight import sight_of
from crm.sales.ledger import Payment, PaymentState
from crm.sales.order_talk import say_to, talk_with, tongue
from crm.sales.orders import Order
from crm.sales.pay_ways import Way, ways
from crm.sales.payments import Due, Money, claim, due_of_order, due_of_paper, newest, receipt, standing, still_owed, within

I_HAVE_PAID = N_button("I have paid")
LOOKED_FOR = 24 * HOUR
"""How long after an ask a picture is taken for a receipt."""
TWICE = 5 * SECOND
CHUNK = 20
_PICTURES = (MediaKind.PHOTO.value, MediaKind.DOCUMENT.value)
_OPEN = sql("open = 1")
THANKS = N_("Thank you! We will check it and write to you. A picture of the receipt helps us to find it.")
GOT = N_("Thank you for the receipt! We will check it and write to you.")
OLD = N_("This button is out of date. Write to us, and a person will help.")
PAID = N_("It is paid already. Thank you!")


class PayAsk(Row):
    """Somebody was asked for money in a conversation: until an instant a picture behind `seen_id` is taken for the receipt, while it is `open`.

    `amount` 0 = they were asked where the order goes, and words are taken for its address (`crm.sales.order_address`).
    """

    __tablename__ = "pay_asks"
    conversation_id: Mapped[int] = mapped_column(index=True)
    order_id: Mapped[int | None]
    document_id: Mapped[int | None]
    amount: Mapped[int]
    currency: Mapped[str]
    seen_id: Mapped[int]
    asked_at: Mapped[int]
    until: Mapped[int]
    open: Mapped[int] = mapped_column(server_default="1")
    __table_args__ = (Index("pay_asks_open", "conversation_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),)


def ask(session: Session, actor: Actor, due: Due, *, once: str, now: int) -> int:
    """Ask a customer for what is still owed, with every way to pay, and answer how much that is; raises `Invalid` where nothing is, `Unreachable`."""
    within(session, sight_of(session, actor, Action.CHANGE_ORDER), due.rep_id)
    amount = still_owed(session, due)
    if amount <= 0 or due.contact_id is None or not standing(due):
        raise Invalid("nothing is owed")
    talk = talk_with(session, due.contact_id, due.order.conversation_id if due.order else None, now=now)
    if talk is None or root_of(session, talk.contact_id).blocked:
        raise Unreachable
    if _just_asked(session, due, amount, now=now):
        return amount
    offered, tr = ways(session), tongue(session, due.contact_id)
    button = ((Button(tr.button(I_HAVE_PAID), value=value_of(due)),),)
    if not say_to(session, talk, words(tr, due, amount, offered), f"ask:{once}", button, now=now):
        return amount
    for way in offered:
        if way.picture:
            say_to(session, talk, way.label, f"ask:{once}:{way.id}", picture=way.picture, account=way.account, now=now)
    subject, number = ("order", due.order.id) if due.order else ("document", due.paper.id if due.paper else 0)
    record(session, Change(subject, number, "asked_to_pay", actor, after={"amount": amount, "currency": due.currency, "number": due.number}), now=now)
    _remember(session, due, talk, amount, now=now)
    return amount


def _just_asked(session: Session, due: Due, amount: int, *, now: int) -> bool:
    """Whether they were asked for the same a moment ago: a button was tapped twice."""
    about = PayAsk.order_id == due.order.id if due.order else PayAsk.document_id == (due.paper.id if due.paper else 0)
    same = (about, PayAsk.open == 1, PayAsk.amount == amount, PayAsk.asked_at > now - TWICE, PayAsk.asked_at < now + TWICE)
    return session.scalar(select(PayAsk.id).where(*same).limit(1)) is not None


def words(tr: Translator, due: Due, amount: int, offered: Sequence[Way]) -> str:
    """What a customer reads who is asked for money; pure."""
    much = money(tr.language, amount, due.currency)
    head = tr("Order {number}: please pay {amount}.", number=due.number, amount=much)
    if due.order is None:
        head = tr("Invoice {number}: please pay {amount}.", number=due.number, amount=much)
    lines = [f"• {way.label}: {way.details}" if way.details else f"• {way.label}" for way in offered]
    return "\n".join((head, *lines, tr("When you have paid, press the button or send a picture of the receipt.")))


def value_of(due: Due) -> str:
    """The value of the button "I have paid" for something."""
    return f"paid:o{due.order.id}" if due.order else f"paid:d{due.paper.id if due.paper else 0}"


def said_paid(session: Session, press: Press, company: Company) -> None:
    """A customer pressed "I have paid": it is claimed, and one of the team looks; what is not theirs, or paid already, changes nothing."""
    tr, due = translator(press.language), _due(session, press.detail)
    if due is None or due.contact_id not in family_of(session, press.root_id):
        return say(session, press, tr(OLD))
    if (amount := still_owed(session, due)) <= 0:
        return say(session, press, tr(PAID))
    if not standing(due):
        return say(session, press, tr(OLD))
    payment = _waiting(session, due)
    if payment is None:
        said = Money(amount, due.currency, press.at)
        payment = claim(session, Customer(press.root_id), due, said, once=press.once, now=press.at)
        _tell(session, payment, "claimed", now=press.at)
    _remember(session, due, the(session, press.conversation_id), amount, now=press.at)
    return say(session, press, tr(GOT if payment.attachment_id else THANKS))


def receipts_due(session: Session, *, now: int) -> int:
    """Pictures that came after an ask are receipts of payments to be confirmed; answers how many asks were looked at."""
    session.execute(update(PayAsk).where(PayAsk.open == 1, PayAsk.until <= now).values(open=0), execution_options={"synchronize_session": False})
    asked = select(PayAsk).join(Conversation, Conversation.id == PayAsk.conversation_id)
    news = (PayAsk.open == 1, PayAsk.amount > 0, Conversation.last_heard_id > PayAsk.seen_id)
    found = session.scalars(asked.where(*news).order_by(PayAsk.id).limit(CHUNK).with_for_update(of=PayAsk, skip_locked=True)).all()
    for one in found:
        _look(session, one, now=now)
    session.flush()
    return len(found)


def _look(session: Session, one: PayAsk, *, now: int) -> None:
    talk = the(session, one.conversation_id)
    came = (Message.conversation_id == talk.id, Message.id > one.seen_id, Message.author == Author.CONTACT.value)
    pictures = select(Attachment.id).join(Message, Message.id == Attachment.message_id).where(*came, Attachment.kind.in_(_PICTURES))
    picture = session.scalar(pictures.order_by(Attachment.id).limit(1))
    one.seen_id = talk.last_heard_id
    due = _due(session, f"o{one.order_id}" if one.order_id else f"d{one.document_id}")
    if picture is None or due is None or not standing(due) or (amount := still_owed(session, due)) <= 0:
        return
    one.open, who = 0, System("receipts")
    payment = _waiting(session, due) or claim(session, who, due, Money(amount, due.currency, now), once=f"receipt:{picture}", now=now)
    receipt(session, who, payment.id, picture, now=now)
    _tell(session, payment, "receipt", now=now)
    if held_by(session, talk) is None:
        say_to(session, talk, tongue(session, talk.contact_id)(GOT), f"receipt:{picture}", now=now)


def _due(session: Session, detail: str) -> Due | None:
    """What the detail of a button names."""
    if not detail[1:].isdecimal() or len(detail) > 19:
        return None
    if detail[0] == "o":
        order = session.get(Order, int(detail[1:]))
        return due_of_order(session, order) if order else None
    paper = session.get(Document, int(detail[1:])) if detail[0] == "d" else None
    return due_of_paper(session, newest(session, paper)) if paper else None


def _waiting(session: Session, due: Due) -> Payment | None:
    """What a customer claimed for this and nobody has decided about."""
    about = Payment.order_id == due.order.id if due.order else Payment.document_id == (due.paper.id if due.paper else 0)
    claimed = (about, Payment.state == PaymentState.CLAIMED.value, Payment.account == "")
    return session.scalar(select(Payment).where(*claimed).order_by(Payment.id.desc()).limit(1))


def _remember(session: Session, due: Due, talk: Conversation, amount: int, *, now: int) -> None:
    """A picture in this conversation is a receipt for a day; an earlier ask for the same gives way."""
    about = PayAsk.order_id == due.order.id if due.order else PayAsk.document_id == (due.paper.id if due.paper else 0)
    session.execute(update(PayAsk).where(about, PayAsk.amount > 0, PayAsk.open == 1).values(open=0), execution_options={"synchronize_session": False})
    what = {"order_id": due.order.id if due.order else None, "document_id": due.paper.id if due.paper else None, "amount": amount, "currency": due.currency}
    when = {"seen_id": talk.last_heard_id, "asked_at": now, "until": now + LOOKED_FOR}
    add(session, PayAsk, [{"id": next(take_ids(session, 1)), "conversation_id": talk.id, **what, **when}])


def _tell(session: Session, payment: Payment, why: str, *, now: int) -> None:
    tell(session, [Notice(NoticeKind.PAYMENT, payment.id, f"payment:{payment.id}:{why}", {"why": why})], now=now)
