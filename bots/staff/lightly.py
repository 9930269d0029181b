"""Lightly: for a member whose data is dear a file is a line with its name and size, and a button that brings it."""

from dataclasses import replace

from bots.staff.posts import Key, Mail, Post
from bots.staff.sight import see
from bots.staff.visit import Done, Visit
from bots.staff.words import SHOW
from crm.base.db import Session
from crm.base.i18n import Translator, translator
from crm.base.outbound import Media
from crm.base.text import clean_name, isolated
from crm.conversations.threads import Attachment, MediaState
from crm.people.desk import Intent
from crm.reports.thread import file_at, reach
from crm.reports.words import FILES, plain_name

KB, MB = 1024, 1024 * 1024


def for_reader(mail: Mail) -> Mail:
    """A post as its reader wants it; pure."""
    post = mail.post
    if not mail.rep.text_only or post.media is None or post.conversation_id is None:
        return mail
    tr = translator(mail.rep.language)
    key = Key(tr.button(SHOW), Intent("file", post.conversation_id, str(post.media.attachment_id)))
    text = "\n".join(filter(None, (post.text, line(tr, post.media))))
    return replace(mail, post=replace(post, media=None, text=text, keys=((key,), *post.keys)))


def line(tr: Translator, media: Media) -> str:
    """A file as words: what it is, its name, its size where that is known; pure."""
    name = isolated(clean_name(media.name, 60)) if media.name else ""
    return f"📎 {', '.join(filter(None, (tr(FILES.get(media.kind, 'file')), name, size(tr, media.size))))}"


def size(tr: Translator, count: int) -> str:
    """How large something is ("" = nobody knows); pure."""
    if count <= 0:
        return ""
    return tr("{n} MB", n=f"{count / MB:.1f}") if count >= MB else tr("{n} KB", n=max(1, round(count / KB)))


def show(session: Session, visit: Visit, intent: Intent) -> Done:
    """Bring a file that was only named."""
    reach(session, visit.rep, intent.target)
    file = session.get(Attachment, int(intent.detail or 0))
    if file is not None and file.state == MediaState.WAITING:
        return Done(toast=visit.tr("The file is still on its way to us. Press again in a moment."), alert=True)
    media = file_at(session, visit.rep, intent.target, int(intent.detail or 0))
    name = plain_name(visit.tr, see(session, intent.target, visit.scene(session)).name)
    return Done((Post(name, media=media, conversation_id=intent.target, message_id=file.message_id if file else None),))
