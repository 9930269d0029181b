"""/tag: the words on the person of a card, put on and taken off by buttons; a new one is typed."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.details import mark, marked
from bots.staff.posts import Key, Post
from bots.staff.replies import conversation_at
from bots.staff.sight import read_name
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.i18n import N_, N_button
from crm.base.policy import Action
from crm.base.text import isolated
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.tags import WORD_MOST, known_tags, plain, taken_off
from crm.sales.tagging import put_on, take_off, worn

NAME, PAGE, LASTS = "tag", 5, 600_000
TAGS, FRESH = N_button("🔖 Tags"), N_button("Another word")


def deed(session: Session, visit: Visit) -> Done:
    """Show the words on the person of the card replied to, or put on those typed behind the command."""
    conversation_id = conversation_at(session, visit)
    if conversation_id is None:
        return Done((Post(visit.tr("Reply with /tag to a card or to a message of the person."), menus.home(visit.tr)),))
    said = [word for word in map(plain, visit.rest.split(",")) if word]
    for word in said:
        put_on(session, visit.rep, the(session, conversation_id).contact_id, word, now=visit.now)
    return Done((post(session, visit, conversation_id),))


def opened(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the words on a person, behind the button of their card."""
    return Done((post(session, visit, intent.target),))


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Put a word on or take it off, turn the page, or ask for another word."""
    what, _, rest = intent.detail.partition(":")
    if what == "new":
        begin(session, visit.rep, Wizard(NAME, NAME, intent.target, {}, listens=True), until=visit.now + LASTS)
        return Done((menus.question(visit.tr, visit.tr("Which word? Such as vip or wholesale; several with commas."), NAME),))
    page, _, known = rest.partition(":")
    word = ""
    if what == "word":
        contact_id = the(session, intent.target).contact_id
        mine = worn(session, visit.rep, contact_id)
        word = marked([*mine, *known_tags(session), *taken_off(session, contact_id)], known)
        (take_off if word in mine else put_on)(session, visit.rep, contact_id, word, now=visit.now)
    return Done((replace(post(session, visit, intent.target, int(page or 0), word), edits=visit.replied_to or 0),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Put on the words that were typed."""
    said = visit.said.text if isinstance(visit.said, Text) and not visit.said.media else ""
    words = [word for word in map(plain, said.split(",")) if word]
    if not words:
        return Done((menus.question(visit.tr, visit.tr("A tag is a word of at most {most} characters. Type it.", most=WORD_MOST), NAME),))
    for word in words:
        put_on(session, visit.rep, the(session, wizard.target).contact_id, word, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    return Done((post(session, visit, wizard.target),), visit.tr("Written down."))


def post(session: Session, visit: Visit, conversation_id: int, page: int = 0, pressed: str = "") -> Post:
    """The words on a person, each known one as a button that is ticked where it is on; the one just pressed stays, so that it can be put back."""
    tr, contact_id = visit.tr, the(session, conversation_id).contact_id
    mine, root = worn(session, visit.rep, contact_id), root_of(session, contact_id)
    words = list(dict.fromkeys([*mine, *filter(None, [pressed]), *known_tags(session)]))
    pages = max(1, -(-len(words) // PAGE))
    page %= pages
    shown = words[page * PAGE : (page + 1) * PAGE]
    keys = [Key(f"✓ {word}" if word in mine else word, Intent(NAME, conversation_id, f"word:{page}:{mark(word)}")) for word in shown]
    keys.append(Key(tr.button(FRESH), Intent(NAME, conversation_id, "new")))
    if pages > 1:
        keys.append(Key(tr.button(MORE), Intent(NAME, conversation_id, f"page:{page + 1}")))
    on = ", ".join(map(isolated, mine)) or tr("none yet")
    name = read_name(tr, visit.rep, root.name or root.platform_name)
    said = tr("🔖 Tags of {name}: {tags}.", name=name, tags=on)
    return Post(f"{said}\n{tr('A press puts a word on, or takes it off.')}", menus.in_rows(keys), conversation_id=conversation_id)


COMMAND = Command(
    NAME,
    N_("Tags of a person: reply to a card"),
    deed,
    Action.TAG,
    presses={NAME: turn, "tags_of": opened},
    listeners={NAME: typed},
    group=Group.PEOPLE,
)
