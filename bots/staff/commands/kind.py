"""/kind: what the person of a card is to the firm: a customer, a supplier, a partner."""

from dataclasses import replace

from bots.staff import channel, greeting, menus
from bots.staff.posts import Key, Keys, Post
from bots.staff.replies import conversation_at
from bots.staff.sight import read_name
from bots.staff.visit import Command, Done, Group, Visit
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.conversations.threads import the
from crm.outreach.kinds import set_kind
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.kinds import Kind
from crm.people.reps import authorise
from crm.reports.thread import reach
from crm.reports.words import PEOPLE

LABELS = {Kind.CUSTOMER: N_button("A customer"), Kind.SUPPLIER: N_button("A supplier"), Kind.PARTNER: N_button("A partner")}


def deed(session: Session, visit: Visit) -> Done:
    """Ask about the person of the card replied to."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        return Done((Post(visit.tr("Reply with /kind to a card or to a message of the person."), menus.home(visit.tr)),))
    authorise(session, visit.rep, Action.CHANGE_PERSON)
    return Done((_post(session, visit, conversation_id),))


def choose(session: Session, visit: Visit, intent: Intent) -> Done:
    """Write down what was chosen; another press takes it back."""
    kind = Kind(intent.detail)
    before = set_kind(session, visit.rep, the(session, intent.target).contact_id, kind, now=visit.now)
    post = _post(session, visit, intent.target)
    if kind is Kind.CUSTOMER and before is not kind:
        post = replace(post, text=f"{post.text}\n{visit.tr('Follow-ups that were stopped do not begin again by themselves.')}")
    return Done((replace(post, edits=visit.replied_to or 0),), visit.tr("Written down."))


def _post(session: Session, visit: Visit, conversation_id: int) -> Post:
    tr, root = visit.tr, root_of(session, reach(session, visit.rep, conversation_id).contact_id)
    words = [
        tr("🏷 {name}: {kind}.", name=read_name(tr, visit.rep, root.name or root.platform_name), kind=tr(PEOPLE[root.kind])),
        tr("Suppliers and partners get no promotions and no follow-ups."),
    ]
    keys: Keys = (tuple(Key(tr.button(label), Intent("kind", conversation_id, kind.value)) for kind, label in LABELS.items() if kind != root.kind),)
    return Post("\n".join(words), keys)


COMMAND = Command(
    "kind",
    N_("Customer, supplier or partner: reply to a card"),
    deed,
    Action.CHANGE_PERSON,
    presses={"kind": choose, greeting.NAME: greeting.pressed, channel.NAME: channel.pressed},
    listeners={greeting.NAME: greeting.typed},
    group=Group.PEOPLE,
)
