"""Albums in the staff's chat: one post that shows the first file and counts the rest, and grows; a button shows them all."""

from collections.abc import Sequence
from dataclasses import replace

from bots.staff.posts import Key, Post
from bots.staff.sight import see
from bots.staff.visit import Done, Visit
from bots.staff.words import SHOW_FILES
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator
from crm.conversations.desk import files_of
from crm.conversations.threads import Attachment, MediaState, Message
from crm.people.desk import Intent
from crm.reports.thread import file_at
from crm.reports.words import plain_name


def gathered(tr: Translator, reader: Rep, message: Message, post: Post, files: Sequence[Attachment]) -> Post:
    """The post of a message's first file as that of its whole album; drawn again, it takes its own place."""
    named = replace(post, name=f"album:{message.id}:{reader.id}")
    if len(files) < 2:
        return named
    words = tr.many("[{n} file in all]", "[{n} files in all]", len(files))
    key = Key(tr.button(SHOW_FILES), Intent("files", message.conversation_id, str(message.id)))
    return replace(named, text="\n".join(filter(None, (post.text, words))), keys=((key,),))


def files(session: Session, visit: Visit, intent: Intent) -> Done:
    """Post every file of an album but the first, which is shown already."""
    name = plain_name(visit.tr, see(session, intent.target, visit.scene(session)).name)
    number = int(intent.detail or 0)
    rest = [file.id for file in files_of(session, [number]).get(number, [])[1:] if file.state == MediaState.READY]
    media = [file_at(session, visit.rep, intent.target, file) for file in rest]
    return Done(tuple(Post(name, media=one, conversation_id=intent.target, message_id=number) for one in media))
