"""Notices: what staff must see becomes posts, each for its reader, in their language."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from bots.staff import (
    absences,
    albums,
    campaign,
    capture,
    cards,
    clocks,
    crew,
    deals,
    digest,
    exchange,
    forum,
    groups,
    handing,
    mentions,
    orders,
    orphans,
    papers,
    paying,
    plan,
    planned,
    projects,
    ratings,
    rule_notices,
    said_times,
    steps,
    tasks,
    troubles,
    upkeep,
    week,
)
from bots.staff.lightly import for_reader
from bots.staff.posts import Key, Mail, Post, put, same
from bots.staff.rendering import Rendered, Renderer, mail_each, once_key
from bots.staff.sight import Scene, see
from bots.staff.watching import audience, hearers
from bots.staff.words import OPEN, SHOW_REST, whole
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.events import MediaKind
from crm.base.i18n import Translator, translator
from crm.base.outbound import Media
from crm.base.settings import Company
from crm.base.text import clean_name
from crm.base.time import MINUTE
from crm.conversations.desk import card_name, cards_of, files_of, retire, standing_since
from crm.conversations.rest import beyond, first_of_rest
from crm.conversations.threads import POINTED, Attachment, Kind, MediaState, Message, the
from crm.conversations.windows import mind
from crm.inbox.albums import is_album
from crm.outbox.notices import NoticeKind, Waiting, told
from crm.people.contacts import root_of
from crm.people.desk import EVERYBODY, Intent
from crm.people.reps import set_available, still_members
from crm.people.sight import EVERYTHING, Sight, seen_by
from crm.reports.words import FILES, KINDS, call_words, done_words, plain_name

log = logging.getLogger(__name__)
STALE_CARD = 15 * MINUTE


def card(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """The card of a conversation: for those it concerns, and for whoever has it in their chat already."""
    sight = see(session, notice.subject_id, scene)
    wanted = () if sight.blocked or not sight.last_heard_id else audience(session, sight.conversation_id, scene)
    at = forum.used(session, sight.conversation_id, scene) if sight.last_heard_id else None
    topic = forum.standing(session, sight.conversation_id, at) if at else None
    at = at if topic or wanted else None
    there = cards_of(session, sight.conversation_id, [rep.id for rep in (*scene.everybody, *([at.reader] if topic and at else []))])
    mails: list[Mail] = []
    retired: list[str] = []
    for rep in (*scene.everybody, *([at.reader] if at else [])):
        before = there.get(rep.id)
        if before is None and rep not in wanted:
            continue
        if at and rep.id == EVERYBODY:
            post = forum.card(sight, at, scene.company, scene.now, forum.thread_before(session, sight.conversation_id, at))
        else:
            post = cards.card(sight, rep, scene.company, scene.now)
        if before and same(post, rep.id, scene.company.link_key, before.payload):
            continue
        # An edit makes no sound: what nobody has taken and nobody heard of for a while comes again as a post of its own.
        news = sight.last_heard_id > (before.message_id if before else 0) and sight.holder_id is None
        if before and rep in wanted and rep.id != EVERYBODY and news and scene.now - before.created_at > STALE_CARD:
            retired.append(card_name(sight.conversation_id, rep.id))
        mails.append(Mail(rep, post, once_key(notice, rep)))
    turn = forum.turn(at, sight, scene, shown) if at else None
    return Rendered(notice, tuple(mails), tuple(retired), topic=turn, until=sight.may_until if there or mails else 0)


def heard(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A new message for the one who has the conversation: its words in full, and its files."""
    message = session.get_one(Message, notice.subject_id)
    conversation = the(session, message.conversation_id)
    holder = scene.rep(conversation.rep_id)
    root = root_of(session, conversation.contact_id)
    if not root.blocked and (at := forum.used(session, conversation.id, scene)):
        return Rendered(notice, topic=forum.turn(at, see(session, conversation.id, scene), scene, shown, message.id))
    if holder is None or root.blocked:
        return Rendered(notice)
    files, name = files_of(session, [message.id]).get(message.id, []), root.name or root.platform_name
    album = bool(files) and is_album(session, message.id)
    mails = [
        Mail(reader, post, f"{once_key(notice, reader)}:{place}")
        for reader in hearers(session, holder, conversation, scene)
        for place, post in enumerate(tasks.offered(reader, message, _shown_to(reader, name, message, files, album=album)))
    ]
    return Rendered(notice, tuple(mails))


def _shown_to(reader: Rep, name: str, message: Message, files: Sequence[Attachment], *, album: bool) -> list[Post]:
    tr = translator(reader.language)
    if not album:
        return shown(tr, name, message, files, seen_by(reader))
    return [albums.gathered(tr, reader, message, post, files) for post in shown(tr, name, message, files[:1], seen_by(reader))]


def more_heard(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody writes on and on: one post that counts what is not posted any more, is edited as it grows, and after a while comes again."""
    conversation = the(session, notice.subject_id)
    holder, root = scene.rep(conversation.rep_id), root_of(session, conversation.contact_id)
    first = int(notice.facts.get("first", 0)) or first_of_rest(session, conversation)
    if holder is None or root.blocked or not first or forum.used(session, conversation.id, scene):
        return Rendered(notice)
    _, count = beyond(session, conversation.id, first - 1)

    def post(tr: Translator, rep: Rep) -> Post:
        name, key = plain_name(tr, root.name or root.platform_name), Key(tr.button(SHOW_REST), Intent("rest", conversation.id, str(first)))
        words = tr.many("{name} has written {n} more message.", "{name} has written {n} more messages.", count, name=name)
        # It shows none of the words it counts: who answers it has seen nothing new.
        return Post(words, ((key,),), conversation_id=conversation.id, name=f"more:{first}:{rep.id}")

    mails = tuple(replace(mail, place=conversation.last_heard_id) for mail in mail_each(notice, hearers(session, holder, conversation, scene), post))
    names = (mail.post.name for mail in mails)
    return Rendered(notice, mails, tuple(name for name in names if 0 < standing_since(session, name) < scene.now - STALE_CARD))


def shown(tr: Translator, name: str, message: Message, files: Sequence[Attachment], sight: Sight = EVERYTHING) -> list[Post]:
    """A customer's message as posts: plain text, so that a long one is split and never broken; `sight` is how phones look to its reader."""
    text, name = sight.told(message.text, points=message.kind in POINTED), sight.named(name)
    said = whole(done_words(tr, message.kind, whole(text)) if message.kind in KINDS else text)
    said = call_words(tr, message.text) if message.kind == Kind.CALL else said
    post = Post(f"{plain_name(tr, name)}:\n{said}".strip(), conversation_id=message.conversation_id, message_id=message.id)
    if not files:
        return [post]
    return [_with_file(tr, replace(post, text=post.text if place == 0 else plain_name(tr, name)), file) for place, file in enumerate(files)]


def _with_file(tr: Translator, post: Post, file: Attachment) -> Post:
    if file.state == MediaState.MISSING:
        named = tr("[{file}: could not be fetched]", file=clean_name(file.name) or tr(FILES.get(file.kind, "file")))
        return replace(post, text=f"{post.text}\n{named}")
    return replace(post, media=Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size))


def edited(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A customer changed a message: the one who has the conversation reads the newest words."""
    message = session.get_one(Message, notice.subject_id)
    conversation = the(session, message.conversation_id)
    holder, root = scene.rep(conversation.rep_id), root_of(session, conversation.contact_id)
    if holder is None or root.blocked:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        who = plain_name(tr, root.name or root.platform_name)
        gone = tr("{name} deleted a message. It said:", name=who)
        words = gone if message.deleted_at else tr("{name} changed a message. It now says:", name=who)
        # Whoever changes one message again and again changes one post.
        name = f"edited:{message.id}:{rep.id}"
        return Post(f"{words}\n{whole(message.text)}", conversation_id=conversation.id, message_id=message.id, name=name)

    return Rendered(notice, mail_each(notice, audience(session, conversation.id, scene), post))


def person_called(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """A customer asks for a person: a ping beside the card."""
    sight = see(session, notice.subject_id, scene)
    if sight.blocked:
        return Rendered(notice)

    def post(tr: Translator, rep: Rep) -> Post:
        words = tr("🙋 {name} asks for a person. Reply to this message to answer.", name=plain_name(tr, sight.name))
        return Post(words, conversation_id=sight.conversation_id)

    return Rendered(notice, mail_each(notice, audience(session, sight.conversation_id, scene), post))


def snooze_over(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """What was put off is back."""
    sight = see(session, notice.subject_id, scene)

    def post(tr: Translator, rep: Rep) -> Post:
        words = tr("⏰ The conversation with {name} is back, as you asked.", name=plain_name(tr, sight.name))
        return Post(words, ((Key(tr.button(OPEN), Intent("show", sight.conversation_id)),),), conversation_id=sight.conversation_id)

    return Rendered(notice, mail_each(notice, audience(session, sight.conversation_id, scene), post))


RENDERERS: dict[NoticeKind, Renderer] = {
    NoticeKind.CARD: card,
    NoticeKind.HEARD: heard,
    NoticeKind.MORE_HEARD: more_heard,
    NoticeKind.EDITED: edited,
    NoticeKind.PERSON_CALLED: person_called,
    NoticeKind.TROUBLE: troubles.trouble,
    NoticeKind.PARKED: troubles.parked,
    NoticeKind.JOINED: crew.joined,
    NoticeKind.LEFT: crew.left,
    NoticeKind.SNOOZE_OVER: snooze_over,
    NoticeKind.REP_LOST: crew.rep_lost,
    NoticeKind.DIGEST: digest.digest,
    NoticeKind.CAMPAIGN: campaign.campaign,
    NoticeKind.HELD: upkeep.held,
    NoticeKind.BACKUP_FAILED: upkeep.backup_failed,
    NoticeKind.BACKUP_READY: upkeep.backup_ready,
    NoticeKind.ACCOUNT: upkeep.account,
    NoticeKind.TASK: tasks.due,
    NoticeKind.TIME_SAID: said_times.said,
    NoticeKind.LEAVE: absences.told,
    NoticeKind.PLANNED: planned.not_said,
    NoticeKind.ANSWER_DUE: clocks.answer_due,
    **handing.RENDERERS,
    NoticeKind.DEAL: deals.told,
    NoticeKind.ORDER: orders.told,
    NoticeKind.PAYMENT: paying.told,
    NoticeKind.DOCUMENT: papers.told,
    NoticeKind.PLAN: plan.plan,
    NoticeKind.WEEK: week.week,
    NoticeKind.FORUM: groups.changed,
    NoticeKind.CAPTURED: capture.changed,
    NoticeKind.IMPORT: exchange.changed,
    NoticeKind.MADE: exchange.made,
    NoticeKind.JOB_FAILED: exchange.broke,
    NoticeKind.MENTIONED: mentions.mentioned,
    NoticeKind.STEP: steps.wanted,
    NoticeKind.GUEST_OVER: steps.guest_over,
    NoticeKind.PIN_LOCKED: steps.locked,
    NoticeKind.ORPHANS: orphans.told,
    NoticeKind.PROJECT: projects.told,
    NoticeKind.RATING: ratings.told,
    NoticeKind.RULE: rule_notices.told,
}


def render(session: Session, waiting: Sequence[Waiting], scene: Scene) -> list[Rendered]:
    """Every notice as mails; one that cannot be rendered is logged and shown to nobody, so that it holds up nothing."""
    return [_render(session, notice, scene) for notice in waiting]


def _render(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    renderer = RENDERERS.get(notice.kind)
    if renderer is None:
        log.error("nobody renders the notice %s", notice.kind)
        return Rendered(notice)
    try:
        rendered = renderer(session, notice, scene)
        return _with_topic(session, rendered, scene)
    except Exception:
        log.exception("the notice %s (%s) cannot be rendered", notice.id, notice.kind)
        return Rendered(notice)


def _with_topic(session: Session, rendered: Rendered, scene: Scene) -> Rendered:
    """What goes to the group about a conversation goes to its topic, which stands before."""
    if scene.forum and scene.forum.full:
        rendered = replace(rendered, mails=(*rendered.mails, *groups.full(scene, scene.forum)))
    about = next((mail.post.conversation_id for mail in rendered.mails if mail.rep.id == EVERYBODY and mail.post.conversation_id), None)
    if about is None or rendered.topic or scene.forum is None:
        return rendered
    return replace(rendered, topic=forum.turn(scene.forum, see(session, about, scene), scene, shown))


def post_all(session: Session, rendered: Sequence[Rendered], company: Company, *, now: int) -> int:
    """Queue what notices became and take them away; answers how many. Whoever left since they were rendered sees nothing more."""
    members = still_members(session, {mail.rep.id for one in rendered for mail in one.mails})
    for one in rendered:
        for name in one.retired:
            retire(session, name)
        for rep in one.away:
            set_available(session, rep, False, now=now)
        if one.topic:
            one.topic.before(session)
        put(session, [for_reader(mail) for mail in one.mails if mail.rep.id in (*members, EVERYBODY)], company.link_key, now=now)
        if one.topic:
            one.topic.after(session)
        told(session, one.notice)
    mind(session, {one.notice.subject_id: one.until for one in rendered if one.until})
    return len(rendered)
