"""Posts: what the staff bot shows, as plain values, and how they are put on the way out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.outbound import Button, Buttons, Edit, Lane, Media, Say
from crm.base.rows import take_ids
from crm.conversations.desk import card_name
from crm.conversations.threads import Attachment, MediaState
from crm.outbox.payload import pack
from crm.outbox.queue import Parcel, enqueue
from crm.people.desk import BUTTON_MS, EVERYBODY, Intent, issue, token_of

ACCOUNT = "staff"
# Places of posts are numbers of messages; an answer stands below all of them, later answers above earlier ones.
BEFORE_CARDS = 10**16


@dataclass(frozen=True, slots=True)
class Key:
    """A button as it is meant: a label and what pressing it asks for, or a page it opens."""

    label: str
    intent: Intent | None = None
    url: str = ""


Keys = tuple[tuple[Key, ...], ...]


@dataclass(frozen=True, slots=True)
class Post:
    """One thing to show: text (plain, or escaped HTML), buttons, a file.

    A post with a `conversation_id` is one a reply to goes to the customer; `message_id` is the newest message of theirs it shows;
    a `card` is edited rather than repeated, and so is a post with a `name`; `edits` is the post that this one takes the place of; a `quiet` one makes no sound.
    """

    text: str
    keys: Keys = ()
    html: bool = False
    conversation_id: int | None = None
    message_id: int | None = None
    media: Media | None = None
    card: bool = False
    lasts: int = BUTTON_MS
    name: str = ""
    edits: int = 0
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A post for one member of staff; `once` makes showing it twice impossible; a `place` puts it before what waits for the same chat."""

    rep: Rep
    post: Post
    once: str
    place: int | None = None


def put(session: Session, mails: Sequence[Mail], key: bytes, *, now: int) -> None:
    """Put posts on the way to their readers and make their buttons good."""
    for mail in mails:
        issue(session, key, mail.rep.id, intents(mail.post), until=now + mail.post.lasts)
    enqueue(session, [parcel(session, mail, key) for mail in mails], now=now)


def intents(post: Post) -> Iterator[Intent]:
    """What the buttons of a post ask for."""
    return (key.intent for row in post.keys for key in row if key.intent)


def say_of(post: Post, rep_id: int, key: bytes) -> Say:
    """A post as the outbox takes it, with the tokens of its reader; pure."""
    buttons: Buttons = tuple(
        tuple(Button(one.label, value=token_of(key, rep_id, one.intent) if one.intent else "", url=one.url) for one in row) for row in post.keys
    )
    return Say(post.text, post.media, buttons, html=post.html, quiet=post.quiet)


def outbound(post: Post, rep_id: int, key: bytes) -> Say | Edit:
    """What leaves for a post: new words for an older one, or a message of its own; pure."""
    say = say_of(post, rep_id, key)
    return Edit(str(post.edits), say.text, say.buttons, say.html) if post.edits else say


def parcel(session: Session, mail: Mail, key: bytes) -> Parcel:
    """A mail as a parcel; a file whose bytes are still on their way holds back nothing but itself."""
    post, waits, place = mail.post, 0, mail.place
    if mail.rep.id == EVERYBODY and place is None:  # a topic is read in the order in which things were put into it
        place = next(take_ids(session, 1))
    if post.media and post.media.attachment_id > 0:  # below zero it is a file of the house
        file = session.get_one(Attachment, post.media.attachment_id)
        waits = post.media.attachment_id if file.state == MediaState.WAITING else 0
    return Parcel(
        ACCOUNT,
        mail.rep.address,
        outbound(post, mail.rep.id, key),
        # Replies keep their order in a chat, so that one slow file would hold every later card; what was planned ahead does not.
        Lane.FOLLOWUP if waits else Lane.REPLY,
        mail.once,
        post.conversation_id,
        post.message_id,
        card=post.name or (card_name(post.conversation_id, mail.rep.id) if post.card and post.conversation_id else None),
        place=place,
        needs_media=waits > 0,
        desk=True,
    )


def same(post: Post, rep_id: int, key: bytes, payload: str) -> bool:
    """Whether a post would show what stands there already."""
    return pack(say_of(post, rep_id, key)) == payload


def numbered(rep: Rep, posts: Sequence[Post], event: int) -> list[Mail]:
    """The answers to one update, each with a once-key of its own; whoever asked does not wait behind a crowd of cards."""
    return [Mail(rep, post, f"event:{event}:{place}", 10 * event + place - BEFORE_CARDS) for place, post in enumerate(posts)]


def with_keys(post: Post, *rows: tuple[Key, ...]) -> Post:
    """The same post with more buttons below."""
    return replace(post, keys=(*post.keys, *rows))
