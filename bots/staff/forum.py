"""Forum: what a conversation looks like as a topic of the staff's group: its name, the card that opens it, what was said, in order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bots.staff import cards
from bots.staff.posts import Key, Keys, Mail, Post, parcel, put
from bots.staff.sight import Scene
from bots.staff.words import BLOCK, CARD, CLOSE, HAND_BACK, LATER, REOPEN, TAKE, TAKE_OVER, UNBLOCK, whole
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import Translator, translator
from crm.base.outbound import Media
from crm.base.settings import Company
from crm.base.text import clean_name, cut, escape_html, utf16_length
from crm.conversations import forum
from crm.conversations.desk import files_of
from crm.conversations.forum import Group
from crm.conversations.threads import Attachment, Author, MediaState, Message, Status
from crm.inbox.own import apart
from crm.outbox.forum import FILE, ForumTopic, TopicState, topic_of
from crm.outbox.queue import Parcel, enqueue
from crm.people.desk import Intent
from crm.reports.thread import Thread
from crm.reports.words import AUTHORS, plain_name

WORDS_MOST, ONE_MOST, NAME_MOST, CHANNEL_MOST = 3500, 1500, 128, 14
SUPERGROUP = "-100"
Shown = Callable[[Translator, str, Message, Sequence[Attachment]], list[Post]]
"""A customer's message as posts."""


def used(session: Session, conversation_id: int, scene: Scene) -> Group | None:
    """The group, where this conversation is to be seen there now; what is written to a member's own account is not."""
    found = scene.forum
    usable = found is not None and not found.full and forum.stands(session, conversation_id)
    return found if usable and not apart(session, conversation_id) else None


def standing(session: Session, conversation_id: int, at: Group) -> ForumTopic | None:
    """The topic, unless it has to be made, so that nothing stands in it yet."""
    topic = topic_of(session, conversation_id)
    return None if topic is None or topic.state == TopicState.DEAD or topic.chat != at.chat else topic


def thread_before(session: Session, conversation_id: int, at: Group) -> int:
    """The thread of the topic that this one takes the place of (0 = none)."""
    topic = topic_of(session, conversation_id)
    return topic.before if topic and topic.chat == at.chat else 0


def topic_name(sight: Thread) -> str:
    """What a topic is called: the channel, the person, the number."""
    number = f" · #{sight.conversation_id}"
    name = f"{cut(sight.channel, CHANNEL_MOST)} · {clean_name(sight.name, 60) or '?'}"
    return cut(name, NAME_MOST - len(number)) + number


def card(sight: Thread, at: Group, company: Company, now: int, before: int = 0) -> Post:
    """The post that opens a topic: who it is and where it stands; what was said stands below it. `before` is the thread of the topic that is gone."""
    tr = translator(at.language)
    post = cards.card(replace(sight, lines=(), reply_state=None, rest=0), at.reader, company, now)
    hint = tr("Write here to answer. Two slashes // before the words make a note for colleagues.")
    text = "\n\n".join(filter(None, (post.text, earlier(tr, at, before), escape_html(hint))))
    return replace(post, text=text, keys=keys(sight, tr), message_id=None, card=True)


def earlier(tr: Translator, at: Group, before: int) -> str:
    """Where the topic before this one was, where there was one."""
    if not before or not at.chat.startswith(SUPERGROUP):
        return ""
    return f'<a href="https://t.me/c/{at.chat.removeprefix(SUPERGROUP)}/{before}">{escape_html(tr("The topic before"))}</a>'


def keys(sight: Thread, tr: Translator) -> Keys:
    """What may be done with a conversation from its topic; who may, each deed decides."""
    number = sight.conversation_id

    def key(label: str, action: str) -> Key:
        return Key(tr.button(label), Intent(action, number))

    more = key(CARD, "show")
    if sight.blocked:
        return ((key(UNBLOCK, "unblock"), more),)
    if sight.status == Status.CLOSED:
        return ((key(REOPEN, "reopen"), more),)
    first = (key(TAKE, "take"),) if sight.holder_id is None else (key(HAND_BACK, "hand_back"), key(TAKE_OVER, "take_over"))
    return first, (key(LATER, "later"), key(CLOSE, "close"), key(BLOCK, "block")), (more,)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is done about a topic in the transaction that shows a notice: the topic stands before the card, what was said comes after it."""

    at: Group
    conversation_id: int
    name: str
    who: str
    scene: Scene
    shown: Shown
    heard: int = 0
    quiet: bool = False

    def before(self, session: Session) -> None:
        """Have the topic stand."""
        forum.keep_topic(session, self.at, self.conversation_id, self.name, now=self.scene.now)

    def after(self, session: Session) -> None:
        """Put what was said on its way, and how our own words fared."""
        if not self.quiet:
            self._said(session)
        forum.receipts(session, self.at, self.conversation_id, now=self.scene.now)
        forum.close_topic(session, self.at, self.conversation_id, now=self.scene.now)

    def _said(self, session: Session) -> None:
        said = forum.unshown(session, self.at, self.conversation_id, now=self.scene.now)
        if said:
            enqueue(session, [self._parcel(session, said)], now=self.scene.now)
        numbers = [message.id for message in said if message.author == Author.CONTACT] + ([self.heard] if self.heard else [])
        put(session, list(self._files(session, numbers)), self.scene.company.link_key, now=self.scene.now)

    def _parcel(self, session: Session, said: Sequence[Message]) -> Parcel:
        name = forum.words_name(self.conversation_id)
        post = Post(self._words(said), conversation_id=self.conversation_id, message_id=said[-1].id, name=name)
        once = f"words:{self.at.chat}:{self.conversation_id}:{said[-1].id}:{self.scene.now}"
        return parcel(session, Mail(self.at.reader, post, once), self.scene.company.link_key)

    def _words(self, said: Sequence[Message]) -> str:
        """The newest of what was said that one post has room for; what came before is counted."""
        tr, room, texts = translator(self.at.language), WORDS_MOST, list[str]()
        for message in reversed(said):
            text = cut(self._told(tr, message), ONE_MOST)
            room -= utf16_length(text) + 2
            if room < 0 and texts:
                left = len(said) - len(texts)
                texts.append(f"… {tr.many('and {n} more message', 'and {n} more messages', left)}")
                break
            texts.append(text)
        return "\n\n".join(reversed(texts))

    def _told(self, tr: Translator, message: Message) -> str:
        if message.author == Author.CONTACT:
            return self.shown(tr, self.who, message, [])[0].text
        by = self.scene.names.get(message.rep_id or 0) or tr(AUTHORS[Author(message.author)])
        return f"{plain_name(tr, by)} →\n{whole(message.text)}"

    def _files(self, session: Session, numbers: Sequence[int]) -> Iterator[Mail]:
        tr, topic = translator(self.at.language), topic_of(session, self.conversation_id)
        made_by = topic.delivery_id if topic else 0  # a topic that is made again has its files again
        for number, files in files_of(session, numbers).items():
            for file in files:
                media = Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size)
                gone = tr("[{file}: could not be fetched]", file=clean_name(file.name) or file.kind)
                post = Post(plain_name(tr, self.who), media=media, conversation_id=self.conversation_id, message_id=number)
                post = post if file.state != MediaState.MISSING else replace(post, media=None, text=f"{post.text}: {gone}")
                yield Mail(self.at.reader, post, f"{FILE}{self.at.chat}:{made_by}:{file.id}")


def turn(at: Group, sight: Thread, scene: Scene, shown: Shown, heard: int = 0) -> Turn:
    """What has to be done about a conversation's topic now."""
    return Turn(at, sight.conversation_id, topic_name(sight), sight.name, scene, shown, heard, sight.blocked)
