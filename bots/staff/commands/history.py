"""/history replied to a card: everything that changed about a person, who did it, and from what to what; of a deal, a task or a colleague by a button."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.base.text import utf16_length
from crm.conversations.threads import the
from crm.people.desk import Intent
from crm.reports.history import Past, of_person, of_thing
from crm.reports.history_words import Clock, line
from crm.reports.words import plain_name

PERSON = "person"
TEXT_MOST = 3800


def deed(session: Session, visit: Visit) -> Done:
    """Show what changed about the person of the post that is answered."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        words = visit.tr("Reply with /history to a card or to a message of the customer.")
        return Done((Post(words, menus.home(visit.tr)),))
    return Done((_post(session, visit, Intent("history", the(session, conversation_id).contact_id, PERSON)),))


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """The past of what a button names (`detail` = what it is, and behind a colon the change to go on behind); older pages take the place of newer ones."""
    post = _post(session, visit, intent)
    older = ":" in intent.detail
    return Done((replace(post, edits=visit.replied_to or 0) if older else post,))


def _post(session: Session, visit: Visit, intent: Intent) -> Post:
    subject, _, after = intent.detail.partition(":")
    before = int(after) if after.isdecimal() else 0
    if after and not before:
        raise Expired
    if subject == PERSON:
        past = of_person(session, visit.rep, intent.target, before=before)
    else:
        past = of_thing(session, visit.rep, subject, intent.target, before=before)
    following = Key(visit.tr.button(MORE), replace(intent, detail=f"{subject}:{past.next}"))
    return Post(_words(visit, past), ((following,),) if past.next else menus.home(visit.tr))


def _words(visit: Visit, past: Past) -> str:
    tr, clock = visit.tr, Clock(visit.company.zone, visit.now)
    name = plain_name(tr, past.name)
    if not past.rows:
        return tr("Nothing is on record about {name}.", name=name)
    rows = [tr("What changed about {name}, the newest first:", name=name), *(f"• {line(tr, clock, told)}" for told in past.rows)]
    while utf16_length("\n".join(rows)) > TEXT_MOST:
        rows = [one[: max(20, len(one) * 3 // 4)] for one in rows]
    return "\n".join(rows)


COMMAND = Command("history", N_("What changed about a customer: reply to a card"), deed, Action.SEE_HISTORY, presses={"history": page}, group=Group.PEOPLE)
