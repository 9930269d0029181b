"""Groups: what happens to the staff's group itself: rights lost and given back, another number, somebody who writes without a name; who is told."""

from bots.staff.posts import ACCOUNT, Mail, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.updates import Moved, Nameless, Rights
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import Translator, translator
from crm.base.outbound import Lane, Say
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.base.time import DAY, MINUTE
from crm.conversations.forum import Group
from crm.outbox.forum import Forum, ForumState, forum_at, lose, moved, regain
from crm.outbox.notices import Waiting
from crm.outbox.queue import Parcel, enqueue
from crm.people.desk import handled, toast_of


def happened(session: Session, told: Moved | Nameless | Rights, company: Company, *, event: int, now: int) -> None:
    """Heed what happened to a group, once; one that is none of ours is left alone."""
    if toast_of(session, event) is not None:
        return
    match told:
        case Moved(chat, to):
            moved(session, str(chat), str(to), now=now)
        case Rights(chat, able, why):
            _rights(session, forum_at(session, str(chat)), able, why, now=now)
        case Nameless():
            _nameless(session, told, company, now=now)
    handled(session, event, "")


def _rights(session: Session, forum: Forum | None, able: bool, why: str, *, now: int) -> None:
    if forum is not None and able:
        regain(session, forum, now=now)
    elif forum is not None and forum.state == ForumState.LINKED:
        lose(session, forum, why, now=now)


def _nameless(session: Session, told: Nameless, company: Company, *, now: int) -> None:
    """Whoever writes as the group itself is told why nobody heard them, at most once a minute."""
    forum = forum_at(session, str(told.place.chat))
    linked = forum is not None and forum.state == ForumState.LINKED
    if not (told.command or (linked and told.place.thread)):
        return
    tr = translator(forum.language if forum else company.languages[0])
    words = tr(
        "You write as the group, so nobody knows who you are, and nothing was done. In your rights here switch off “Remain anonymous”, then write again."
    )
    once = f"nameless:{told.place.chat}:{now // MINUTE}"
    enqueue(session, [Parcel(ACCOUNT, str(told.place.chat), Say(words), Lane.REPLY, once, desk=True)], now=now)


def changed(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The group cannot be used any more, or can again: the managers know."""
    forum = session.get(Forum, notice.subject_id)
    if forum is None:
        return Rendered(notice)
    why, title = clean_name(str(notice.facts.get("lost", "")), 120), clean_name(forum.title)

    def post(tr: Translator, rep: Rep) -> Post:
        if forum.state == ForumState.LINKED:
            return Post(tr("The group {group} is used again for conversations.", group=title))
        words = tr("⚠️ I cannot work in the group {group} any more. Conversations come to the private chats, as before.", group=title)
        advice = tr("Make me an administrator there who may manage topics; then it goes on by itself.")
        return Post(f"{words} {advice}" + (f" ({why})" if why else ""))

    return Rendered(notice, mail_each(notice, scene.managers, post))


def full(scene: Scene, at: Group) -> tuple[Mail, ...]:
    """More is said than the group takes: the managers are told, once a day."""

    def post(tr: Translator) -> Post:
        words = tr("⚠️ More is written than the group {group} takes: Telegram lets me post 20 times a minute there.", group=clean_name(at.title))
        return Post(f"{words} {tr('What does not fit comes to the private chats.')}")

    return tuple(Mail(rep, post(translator(rep.language)), f"forum_full:{at.id}:{scene.now // DAY}:{rep.id}") for rep in scene.managers)
