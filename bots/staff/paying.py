"""Paying: what is told to the team of money: that somebody says they have paid, that it came, that nobody knows whose it is."""

from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.outbound import Media
from crm.base.policy import Action, may
from crm.base.text import clean_name, isolated
from crm.conversations.threads import Attachment, MediaState
from crm.outbox.notices import Waiting
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.sight import seen_by
from crm.reports.deal import talk_with
from crm.reports.words import plain_name
from crm.sales.ledger import Payment, PaymentState, owed
from crm.sales.orders import Order
from crm.sales.payments import unassigned

NAME = "payment"
CONFIRM, OTHER_SUM = N_button("✔ It came"), N_button("Another amount")
NOT_THERE, NO_RECEIPT = N_button("Not received"), N_button("Not a receipt")
NOT_OURS = N_button("Not ours")
SAME_ONE, ANOTHER = N_button("Yes, the same"), N_button("No, another one")
TAKE_BACK, ASSIGN, OPEN_ORDER, OPEN_CARD = N_button("Undo"), N_button("Whose is it…"), N_button("📦 Order"), N_button("Show the card")
STATES = {PaymentState.CLAIMED: N_("to be confirmed"), PaymentState.CONFIRMED: N_("came"), PaymentState.REJECTED: N_("did not come")}
STATES[PaymentState.SAME] = N_("the same as another")
STRAY = {PaymentState.CONFIRMED: N_("nobody knows whose it is"), PaymentState.REJECTED: N_("not ours")}
HEADS = {
    "claimed": N_("💳 {name} says they have paid {amount} for {number}. Has it come?"),
    "receipt": N_("🧾 {name} has sent a receipt: {amount} for {number}. Has it come?"),
    "came": N_("💵 {amount} came for {number} from {name}."),
    "same": N_("💵 {amount} came for {number}, and as much is written down by hand already. Is it the same money?"),
    "unknown": N_("💵 {amount} came over {channel} with “{number}”, and there is no such order or invoice. Whose is it?"),
    "stuck": N_("💵 {number} is paid, but its deal asks for more before it is won."),
}


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Something about a payment: to whose order it is, else to those who watch; what nobody knows, to the managers."""
    payment, why = session.get(Payment, notice.subject_id), str(notice.facts.get("why", "claimed"))
    if payment is None or why not in HEADS or (why in ("claimed", "receipt", "same") and payment.state != PaymentState.CLAIMED):
        return Rendered(notice)
    owner = scene.rep(payment.rep_id)
    readers = scene.managers if payment.contact_id is None else (owner,) if owner else scene.watching
    picture = _picture(session, payment) if why == "receipt" else None
    able = tuple(dict.fromkeys((*readers, *(() if any(may(rep.role, Action.CONFIRM_PAYMENT) for rep in readers) else scene.managers))))

    def made(tr: Translator, rep: Rep) -> Post:
        talk = talk_with(session, payment.contact_id) if payment.contact_id else 0
        words = _head(session, tr, rep, payment, why, scene)
        return Post(words, keys(tr, rep, payment, talk, twin=why == "same"), conversation_id=talk or None, media=picture)

    return Rendered(notice, mail_each(notice, able, made))


def _head(session: Session, tr: Translator, rep: Rep, payment: Payment, why: str, scene: Scene) -> str:
    root = root_of(session, payment.contact_id) if payment.contact_id else None
    name = plain_name(tr, seen_by(rep).named(root.name or root.platform_name)) if root else ""
    facts = {"name": name, "amount": money(tr.language, payment.amount, payment.currency), "number": isolated(clean_name(payment.number, 40)) or "?"}
    lines = [tr(HEADS[why], **facts, channel=scene.title(payment.account) if payment.account else "")]
    if payment.method or payment.reference:
        lines.append(isolated(seen_by(rep).told(" · ".join(filter(None, (payment.method, payment.reference))), points=True)))
    order = session.get(Order, payment.order_id) if payment.order_id else None
    if order is not None and why == "came":
        rest = owed(session, order)
        lines.append(tr("Left to pay: {amount}", amount=money(tr.language, rest, order.currency)) if rest > 0 else tr("It is paid in full."))
    return "\n".join(lines)


def keys(tr: Translator, rep: Rep, payment: Payment, conversation_id: int = 0, *, twin: bool = False) -> Keys:
    """What may be decided about a payment; `twin` = it is probably the same money as another entry."""

    def act(label: str, detail: str) -> Key:
        return Key(tr.button(label), Intent(NAME, payment.id, detail))

    rows: list[tuple[Key, ...]] = []
    if may(rep.role, Action.CONFIRM_PAYMENT):
        if payment.contact_id is None and payment.state == PaymentState.CONFIRMED:
            rows.append((act(ASSIGN, "assign"), act(NOT_OURS, "none")))
        elif twin and payment.state == PaymentState.CLAIMED:
            rows += [(act(SAME_ONE, "same"), act(ANOTHER, "yes")), (act(ASSIGN, "assign"),)]
        elif payment.state == PaymentState.CLAIMED:
            rows += [(act(CONFIRM, "yes"), act(OTHER_SUM, "sum")), (act(NOT_THERE, "no"), act(NO_RECEIPT, "none"))]
            rows += [(act(ASSIGN, "assign"),)] if unassigned(payment) else []
        else:
            rows.append((act(TAKE_BACK, "undo"),))
    open_order = [Key(tr.button(OPEN_ORDER), Intent("order", payment.order_id, "open"))] if payment.order_id else []
    shown = [Key(tr.button(OPEN_CARD), Intent("show", conversation_id))] if conversation_id else []
    return (*rows, *(((*open_order, *shown),) if open_order or shown else ()))


def line(tr: Translator, payment: Payment, zone: str, now: int) -> str:
    """An entry of the ledger on a line."""
    much = money(tr.language, payment.amount, payment.currency)
    state = STRAY.get(PaymentState(payment.state), "") if payment.contact_id is None else STATES[PaymentState(payment.state)]
    return " · ".join(filter(None, (tr.when(payment.at, zone, now), much, isolated(payment.method), tr(state) if state else "")))


def _picture(session: Session, payment: Payment) -> Media | None:
    file = session.get(Attachment, payment.attachment_id) if payment.attachment_id else None
    if file is None or file.state == MediaState.MISSING:
        return None
    return Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size)
