"""Mentions: a colleague who is named in a note, or chosen below it, reads it with the card it stands on; pure but for its rows."""

from dataclasses import replace

from bots.staff import cards, menus
from bots.staff.posts import Key, Mail, Post
from bots.staff.rendering import Rendered, once_key
from bots.staff.sight import Scene, see
from bots.staff.visit import Done, Visit
from bots.staff.words import TELL, whole
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import translator
from crm.base.policy import Action, may
from crm.conversations import assign
from crm.conversations.threads import Note
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.reports.words import plain_name

SHOWN = 7


def kept(visit: Visit, note_id: int) -> Done:
    """A note is kept; a colleague may be chosen to read it at once."""
    key = Key(visit.tr.button(TELL), Intent("note_tell", note_id))
    return Done((Post(visit.tr("The note is kept. Only colleagues see it."), ((key,),)),))


def tell(session: Session, visit: Visit, intent: Intent) -> Done:
    """Choose who is to read a note, or tell them."""
    if not intent.detail:
        others = [rep for rep in visit.scene(session).everybody if rep.id != visit.rep.id and may(rep.role, Action.TALK)]
        keys = [Key(plain_name(visit.tr, rep.name, 24), Intent("note_tell", intent.target, str(rep.id))) for rep in others[:SHOWN]]
        words = visit.tr("Who shall read the note? You can also write @ and a name in a note.") if keys else visit.tr("There is no colleague yet.")
        return Done((Post(words, menus.in_rows(keys)),))
    if not intent.detail.isdecimal():
        raise Expired
    told = assign.show_note(session, visit.rep, intent.target, int(intent.detail), now=visit.now)
    return Done(toast=visit.tr("{name} gets the note.", name=plain_name(visit.tr, told.name)))


def mentioned(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A colleague is named in a note: they get its words, and the card."""
    reader, by, note = scene.rep(notice.facts.get("rep")), scene.rep(notice.facts.get("by")), session.get(Note, notice.facts.get("note", 0))
    if reader is None or note is None:
        return Rendered(notice)
    tr, sight = translator(reader.language), see(session, notice.subject_id, scene)
    who = plain_name(tr, by.name) if by else tr("Colleague")
    words = tr("📝 {who} names you in a note about {name}:", who=who, name=plain_name(tr, sight.name))
    post = Post(f"{words}\n{whole(note.text)[:1000]}", conversation_id=sight.conversation_id)
    card = replace(cards.card(sight, reader, scene.company, scene.now), card=False)  # a post of its own: what is edited stands far above
    once = once_key(notice, reader)
    return Rendered(notice, (Mail(reader, post, once), Mail(reader, card, f"{once}:card")))
