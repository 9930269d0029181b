"""Clocks: a customer has to be answered soon, or should have been: whoever has them hears, and when it is late the managers do."""

from bots.staff import menus, routing
from bots.staff.posts import Key, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene, read_name, see
from bots.staff.words import OPEN, line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.base.text import escape_html
from crm.conversations.clocks import answer_by
from crm.conversations.threads import POINTED, Author, the
from crm.outbox.notices import Waiting
from crm.people.desk import Intent
from crm.people.sight import seen_by

WORDS = 200


def answer_due(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Warn before it is too late, and say when it is; who was answered meanwhile is nobody's news."""
    conversation, late = the(session, notice.subject_id), notice.facts.get("kind") == "late"
    if "count" in notice.facts:
        return _many(notice, scene, late=late)
    if conversation.waiting_since != notice.facts.get("since"):
        return Rendered(notice)
    sight = see(session, conversation.id, scene)
    wrote = next((line for line in reversed(sight.lines) if line.author is Author.CONTACT), None)
    owner, due = scene.rep(sight.holder_id), answer_by(session, scene.company, conversation)
    watching = (owner,) if owner else routing.readers(session, conversation, scene)
    readers = {rep.id: rep for rep in (*watching, *(scene.managers if late else ()))}

    def post(tr: Translator, rep: Rep) -> Post:
        name, said = escape_html(read_name(tr, rep, sight.name)), seen_by(rep).told(wrote.text, points=wrote.kind in POINTED) if wrote else ""
        if late:
            words = tr("🔴 {name} waits for an answer for {time} now. It should have come by {when}.", name=name, time=_time(tr), when=_by(tr, rep))
        else:
            words = tr("⏳ {name} waits for an answer. It should come by {when}.", name=name, when=_by(tr, rep))
        whose = tr("{name} has the conversation.", name=name_html(tr, owner.name)) if owner and owner.id != rep.id else ""
        lines = (words, whose, line_html(said, WORDS) if said else "")
        return Post("\n".join(filter(None, lines)), ((Key(tr.button(OPEN), Intent("show", conversation.id)),),), html=True, conversation_id=conversation.id)

    def _by(tr: Translator, rep: Rep) -> str:
        return tr.when(due or scene.now, rep.zone or scene.company.zone, scene.now)

    def _time(tr: Translator) -> str:
        return tr.ago(scene.now - conversation.waiting_since)

    return Rendered(notice, mail_each(notice, tuple(readers.values()), post))


def _many(notice: Waiting, scene: Scene, *, late: bool) -> Rendered:
    """Many wait at once: managers, and who watches the inbox, hear how many, each holder how many of them are theirs."""
    whose: dict[str, int] = notice.facts["whose"]
    every = scene.watching if sum(whose.values()) < notice.facts["count"] else ()
    holders = tuple(rep for rep in scene.everybody if str(rep.id) in whose)
    readers = {rep.id: rep for rep in (*holders, *every, *(scene.managers if late else ()))}
    all_of_them = {rep.id for rep in (*every, *scene.managers)}

    def post(tr: Translator, rep: Rep) -> Post:
        count = notice.facts["count"] if rep.id in all_of_them else whose[str(rep.id)]
        if late:
            words = tr.many("🔴 {n} customer should have been answered by now.", "🔴 {n} customers should have been answered by now.", count)
        else:
            words = tr.many("⏳ {n} customer is to be answered soon.", "⏳ {n} customers are to be answered soon.", count)
        return Post(words, menus.home(tr))

    return Rendered(notice, mail_each(notice, tuple(readers.values()), post))
