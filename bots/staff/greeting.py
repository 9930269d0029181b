"""How to greet: one press on a word of the name, or another one typed; the bot and every text greet so from then on."""

from dataclasses import replace

from bots.staff import menus
from bots.staff.posts import Key, Post
from bots.staff.tasks import instead
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.text import clean_name
from crm.conversations.threads import the
from crm.outreach.greeting import choices, greet_as
from crm.people.contacts import root_of
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.sight import seen_by
from crm.reports.thread import reach
from crm.reports.words import plain_name

NAME = "greeting"
GREET, AS_TOLD = N_button("👋 How to greet"), N_button("By the name they told")


def pressed(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask, or write down the word that was pressed; `detail` is its place among the choices, or what is taken back."""
    what, _, value = intent.detail.partition(":")
    match what:
        case "":
            return Done((_asked(session, visit, intent.target),))
        case "word":
            found = choices(_name(session, intent.target))
            if not value.isdigit() or int(value) >= len(found):
                raise Expired
            return _written(session, visit, intent.target, found[int(value)])
        case "told":
            return _written(session, visit, intent.target, "")
        case "undo":
            return _written(session, visit, intent.target, value, undone=True)
    raise Expired


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take the name that was typed."""
    said = clean_name(visit.said.text if isinstance(visit.said, Text) and not visit.said.media else "", 60)
    if not said:
        return Done((menus.question(visit.tr, visit.tr("A name is words. Write it, or /cancel."), NAME),))
    return _written(session, visit, wizard.target, said)


def _asked(session: Session, visit: Visit, conversation_id: int) -> Post:
    tr, root = visit.tr, root_of(session, reach(session, visit.rep, conversation_id).contact_id)
    begin(session, visit.rep, Wizard(NAME, NAME, conversation_id), until=visit.now + CONFIRM_MS)
    words = tr("How shall {name} be greeted? Press a word, or write the name.", name=_shown(visit, root.name or root.platform_name))
    now = tr("Now: {name}", name=_shown(visit, root.greeting_name)) if root.greeting_name else ""
    sight = seen_by(visit.rep)
    found = choices(root.name or root.platform_name)
    keys = [Key(word, Intent(NAME, conversation_id, f"word:{place}")) for place, word in enumerate(found) if sight.named(word) == word]
    keys += [Key(tr.button(AS_TOLD), Intent(NAME, conversation_id, "told"))] if root.greeting_name else []
    return Post("\n".join(filter(None, (words, now))), (*menus.in_rows(keys), *menus.question(tr, words, NAME).keys), lasts=CONFIRM_MS)


def _written(session: Session, visit: Visit, conversation_id: int, name: str, *, undone: bool = False) -> Done:
    tr, contact_id = visit.tr, reach(session, visit.rep, conversation_id).contact_id
    before = greet_as(session, visit.rep, contact_id, name, now=visit.now)
    quit_wizard(session, visit.rep, NAME)
    root = root_of(session, contact_id)
    said = root.greeting_name or root.name
    words = tr("They are greeted as {name} now.", name=_shown(visit, said)) if said else tr("They are greeted without a name now.")
    keys = () if undone or before == name else ((Key(tr.button(UNDO), Intent(NAME, conversation_id, f"undo:{before}")),),)
    post = Post(words, keys, conversation_id=the(session, conversation_id).id)
    return Done((replace(post, edits=instead(visit)),), tr("Written down."))


def _name(session: Session, conversation_id: int) -> str:
    root = root_of(session, the(session, conversation_id).contact_id)
    return root.name or root.platform_name


def _shown(visit: Visit, name: str) -> str:
    return plain_name(visit.tr, seen_by(visit.rep).named(name))
