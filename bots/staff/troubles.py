"""Troubles: what did not arrive, or could not be read: why, and what can be done."""

from bots.staff import entries, person, templates
from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, see
from bots.staff.watching import audience
from bots.staff.words import DROP, MARK_SENT, RESEND, RETRY, whole
from crm.base.actors import Rep, System
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.outbound import Edit, Reason
from crm.base.text import clean_name, cut
from crm.conversations.addresses import said_instead_at
from crm.inbox import parked as parking
from crm.outbox.claim import reason_of
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Waiting
from crm.outbox.payload import unpack
from crm.people.desk import Intent
from crm.reports.words import plain_name, why

OUT_OF_REACH = frozenset({Reason.WINDOW_CLOSED.value, Reason.BLOCKED.value, Reason.BAD_ADDRESS.value, Reason.CLOSED.value})


def trouble(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Something did not arrive, or nobody knows: why, and what can be done."""
    delivery = session.get_one(Delivery, notice.subject_id)
    state = State(delivery.state)
    if state not in (State.FAILED, State.UNKNOWN):
        return Rendered(notice)
    if delivery.conversation_id is None:
        return entries.trouble(session, notice, delivery, scene)
    sight = see(session, delivery.conversation_id, scene)
    outbound = unpack(delivery.payload or '{"text": ""}')
    is_edit = isinstance(outbound, Edit)
    words = getattr(outbound, "text", "") or getattr(outbound, "emoji", "")
    number, reason = delivery.id, reason_of(delivery.detail) if state is State.FAILED else ""
    instead = said_instead_at(session, delivery.message_id or 0) if reason else ""

    def post(tr: Translator, rep: Rep) -> Post:
        name = plain_name(tr, sight.name)
        if is_edit:
            head = tr("⚠️ Your change did not reach {name}: {why}. They still see the old words.", name=name, why=why(tr, delivery.detail or ""))
        elif state is State.FAILED:
            head = tr("⚠️ Your message to {name} failed: {why}.", name=name, why=why(tr, delivery.detail or ""))
        else:
            head = tr("⚠️ Nobody knows whether this message to {name} arrived. Look before you send it again.", name=name)
        resend = Key(tr.button(RESEND), Intent("resend", number))
        mark = (Key(tr.button(MARK_SENT), Intent("mark_sent", number)),) if state is State.UNKNOWN else ()
        rows = () if is_edit else ((resend, *mark),)
        below = ((templates.key(tr, sight.conversation_id),),) if reason == Reason.WINDOW_CLOSED else ()
        ways = tuple(person.ways_on(sight)) if reason in OUT_OF_REACH and not instead else ()
        said = tr("It was said on {channel} instead.", channel=scene.title(instead)) if instead else ""
        return Post("\n".join(filter(None, (head, said, whole(cut(words, 500))))), (*rows, *below, *ways), conversation_id=sight.conversation_id)

    return Rendered(notice, mail_each(notice, audience(session, sight.conversation_id, scene), post))


def parked(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """An event failed five times: the managers decide."""
    event = parking.parked_one(session, System("notices"), notice.subject_id)
    if event is None:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        words = tr("⚠️ Something that came over {channel} could not be read: {error}", channel=scene.title(event.account), error=clean_name(event.error, 200))
        retry, drop = Key(tr.button(RETRY), Intent("retry_parked", event.event_id)), Key(tr.button(DROP), Intent("drop_parked", event.event_id))
        return Post(words, ((retry, drop),))

    return Rendered(notice, mail_each(notice, scene.managers, post))
