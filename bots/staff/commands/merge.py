"""/merge: the person of the card one replies to, and another one, found by their name, @name or phone, become one; looked at first, undone by a button."""

from bots.staff import menus
from bots.staff.merges import merged, question
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit, ask
from bots.staff.words import CANCEL, MERGE
from crm.base.db import Session
from crm.base.i18n import N_
from crm.conversations.desk import Listed
from crm.conversations.threads import the
from crm.outreach import persons
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.suggestions import open_ones
from crm.reports.find import LENGTH, candidates, matching
from crm.reports.person import preview_two
from crm.reports.words import plain_name

NAME, OFFERED, LOOKED_AT = "merge_two", 6, 40


def deed(session: Session, visit: Visit) -> Done:
    """Look for the other one by the words behind the command, or ask who it is."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        return Done((Post(visit.tr("Reply with /merge to a card or to a message of the customer."), menus.home(visit.tr)),))
    return _found(session, visit, conversation_id, visit.rest) if visit.rest else _asked(session, visit, conversation_id)


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the name of the other one."""
    return _found(session, visit, wizard.target, visit.said.text if isinstance(visit.said, Text) else "")


def look(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show what the two would be as one."""
    one, other = _two(session, intent)
    found = preview_two(session, visit.rep, one, other, visit.titles)
    quit_wizard(session, visit.rep, NAME)
    keys = Key(visit.tr.button(MERGE), Intent("merge_both", intent.target, intent.detail)), Key(visit.tr.button(CANCEL), Intent("cancel", detail=NAME))
    return Done((question(visit.tr, found, *keys),), visit.tr("Look before you merge."))


def both(session: Session, visit: Visit, intent: Intent) -> Done:
    """Make the two one."""
    two = _two(session, intent)
    found = preview_two(session, visit.rep, *two, visit.titles)
    return merged(session, visit, two, (plain_name(visit.tr, found.stays.name), plain_name(visit.tr, found.joins.name)))


def _two(session: Session, intent: Intent) -> tuple[int, int]:
    return the(session, intent.target).contact_id, the(session, int(intent.detail)).contact_id


def _asked(session: Session, visit: Visit, conversation_id: int) -> Done:
    """Ask who the other one is; who they may be is a button."""
    tr, contact_id = visit.tr, the(session, conversation_id).contact_id
    persons.reach(session, visit.rep, contact_id)
    begin(session, visit.rep, Wizard(NAME, NAME, conversation_id), until=visit.now + CONFIRM_MS)
    maybe = [(Key(plain_name(tr, one.name, 24), Intent("same_look", one.id)),) for one in open_ones(session, contact_id)]
    name = plain_name(tr, root_of(session, contact_id).name or root_of(session, contact_id).platform_name)
    words = tr("Who is the same person as {name}? Type a name, @name or phone.", name=name)
    return Done((Post(words, (*maybe, (Key(tr.button(CANCEL), Intent("cancel", detail=NAME)),)), lasts=CONFIRM_MS),))


def _found(session: Session, visit: Visit, conversation_id: int, words: str) -> Done:
    """Offer those who may be meant, one button for each person."""
    tr, words = visit.tr, words.strip()[:LENGTH]
    persons.reach(session, visit.rep, the(session, conversation_id).contact_id)
    begin(session, visit.rep, Wizard(NAME, NAME, conversation_id), until=visit.now + CONFIRM_MS)
    listed = ask(visit, (NAME, conversation_id, words), lambda s: _others(s, visit, conversation_id, words))
    cancel = (Key(tr.button(CANCEL), Intent("cancel", detail=NAME)),)
    if not listed:
        return Done((Post(tr("Nobody was found. Try a part of the name, or the whole phone number."), (cancel,), lasts=CONFIRM_MS),))
    keys = [(Key(menus.label_of(tr, one, visit.now), Intent(NAME, conversation_id, str(one.conversation_id))),) for one in listed]
    return Done((Post(tr("Who of them? You see both before anything is merged."), (*keys, cancel), lasts=CONFIRM_MS),))


def _others(session: Session, visit: Visit, conversation_id: int, words: str) -> list[Listed]:
    """Other people by name, each once, with their newest conversation."""
    if not words:
        return []
    mine = root_of(session, the(session, conversation_id).contact_id).id
    found, sure = candidates(session, visit.rep, words, visit.company.region)
    people: dict[int, Listed] = {}
    for one in matching(found, words, sure=sure, most=LOOKED_AT):
        people.setdefault(root_of(session, the(session, one.conversation_id).contact_id).id, one)
    return [one for root, one in people.items() if root != mine][:OFFERED]


COMMAND = Command(
    "merge", N_("Two people are one: reply to a card"), deed, presses={NAME: look, "merge_both": both}, listeners={NAME: typed}, group=Group.PEOPLE
)
