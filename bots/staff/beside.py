"""Beside: what else a card leads to, behind its button "More": at most eight buttons a page, each for whoever may."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bots.staff import channel, deals, details, greeting, menus, orders, papers
from bots.staff.posts import Key, Post
from bots.staff.visit import Done, Visit
from bots.staff.words import BLOCK, MORE, TASK
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_button, Translator
from crm.base.policy import Action, may
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.sight import seen_by
from crm.reports.thread import reach
from crm.reports.words import plain_name

BESIDE = N_button("⋯ More")
ROOM = menus.MOST - 1


@dataclass(frozen=True, slots=True)
class Way:
    """A button behind "More": its label, the press it makes with the conversation as its target, what it takes to see it."""

    label: str
    press: str
    needs: Action
    detail: str = ""


# In the order of how often they are wanted.
WAYS: tuple[Way, ...] = (
    Way(details.DETAILS, "details_of", Action.CHANGE_PERSON),
    Way(TASK, "task_new", Action.DO_TASK),
    Way(N_button("🤝 Hand over…"), "hand", Action.HAND_OVER),
    Way(N_button("📋 In short"), "in_short", Action.TALK),
    Way(N_button("❓ Why this person?"), "offer_why", Action.TALK),
    Way(orders.ORDERS, "orders_of", Action.SEE_ORDERS),
    Way(papers.PAPERS, "papers_of", Action.MAKE_DOCUMENTS),
    Way(N_button("🔖 Tags"), "tags_of", Action.TAG),
    Way(N_button("📎 Kept with notes"), "notes_of", Action.NOTE),
    Way(greeting.GREET, greeting.NAME, Action.CHANGE_PERSON),
    Way(channel.CHANNEL, channel.NAME, Action.CHANGE_PERSON),
    Way(deals.DEAL, "deals_of", Action.SEE_DEALS),
    Way(BLOCK, "block", Action.BLOCK),
)


def key(tr: Translator, conversation_id: int) -> Key:
    """The button of a card."""
    return Key(tr.button(BESIDE), Intent("beside", conversation_id))


def open_to(rep: Rep) -> Sequence[Way]:
    """What this member may open."""
    return [way for way in WAYS if may(rep.role, way.needs)]


def pressed(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show a page of what else there is; a further page takes the place of this one."""
    conversation = reach(session, visit.rep, intent.target)
    root, ways, page = root_of(session, conversation.contact_id), open_to(visit.rep), int(intent.detail or 0)
    name = plain_name(visit.tr, seen_by(visit.rep).named(root.name or root.platform_name))
    keys = [Key(visit.tr.button(way.label), Intent(way.press, intent.target, way.detail)) for way in ways[page * ROOM : (page + 1) * ROOM]]
    if len(ways) > ROOM:
        keys.append(Key(visit.tr.button(MORE), Intent("beside", intent.target, str((page + 1) % -(-len(ways) // ROOM)))))
    post = Post(visit.tr("What shall it be about {name}?", name=name), menus.in_rows(keys), conversation_id=the(session, intent.target).id)
    return Done((replace(post, edits=(visit.replied_to or 0) if intent.detail else 0),))
