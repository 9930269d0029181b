"""/forum: the staff's group in which every conversation has a topic: linked from inside the group by a manager, ended the same way."""

from dataclasses import replace

from bots.staff.posts import ACCOUNT, Key, Post
from bots.staff.visit import Command, Done, Group, Visit, told
from bots.staff.words import CANCEL
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button
from crm.base.policy import Action, may
from crm.base.text import clean_name
from crm.conversations import forum
from crm.people.desk import CONFIRM_MS, Intent

LINK = N_button("Use this group")
OFF = "off"


def deed(session: Session, visit: Visit) -> Done:
    """In one's own chat: how it stands, and how it is done."""
    found, tr = forum.group(session, now=visit.now), visit.tr
    if visit.rest.strip().lower() == OFF:
        forum.unlink(session, visit.rep, now=visit.now)
        return told(tr("Conversations come to the private chats again."))
    if found:
        words = tr("Conversations are in the group {group}, one topic each. /forum off there or here ends it.", group=clean_name(found.title))
        return told(words)
    steps = tr("Make a group with topics, take me in as an administrator who may manage topics, and write /forum there.")
    return told(f"{tr('No group is used: conversations come to the private chats.')} {steps}")


def here(session: Session, visit: Visit) -> Done:
    """In the group itself: ask whether it shall be used; only a manager is asked."""
    tr, place, found = visit.tr, visit.place, forum.group(session, now=visit.now)
    assert place is not None
    if not may(visit.rep.role, Action.LINK_FORUM):
        return told(tr("/{command} is for managers.", command=COMMAND.name))
    if visit.rest.strip().lower() == OFF:
        forum.unlink(session, visit.rep, now=visit.now)
        return told(tr("Conversations come to the private chats again."))
    if found and found.chat == visit.chat:
        return told(tr("This group is used already: every conversation has a topic here. /forum off ends it."))
    if not place.topics:
        return told(tr("This group has no topics. Switch them on in its settings, make me an administrator who may manage topics, then write /forum again."))
    words = tr("Shall every conversation have a topic in this group from now on? Everybody here will read them; only the staff can answer.")
    return Done((Post(words, ((Key(tr.button(LINK), _intent(visit, "link")), Key(tr.button(CANCEL), _intent(visit, "leave"))),), lasts=CONFIRM_MS),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button asks for, in the group it stands in."""
    what, _, chat = intent.detail.partition(" ")
    if visit.place is None or chat != visit.chat:
        raise Expired
    if what == "leave":
        return _edited(visit, visit.tr("Left as it was."))
    forum.link(session, visit.rep, ACCOUNT, chat, title=visit.place.title, now=visit.now)
    words = visit.tr("Conversations come here from now on, each to a topic of its own when somebody writes next.")
    return _edited(visit, f"{words} {visit.tr('Whoever writes in a topic answers the customer; // before the words makes a note.')}")


def _intent(visit: Visit, what: str) -> Intent:
    return Intent("forum", detail=f"{what} {visit.chat}")


def _edited(visit: Visit, words: str) -> Done:
    return Done((replace(Post(words), edits=visit.replied_to or 0),))


COMMAND = Command("forum", N_("A group with a topic per conversation"), deed, Action.LINK_FORUM, presses={"forum": turn}, group=Group.TEAM)
