"""Handing over: a conversation goes to a colleague or a team with all there is to know of it, and comes back by a button."""

from collections.abc import Iterator
from dataclasses import replace

from bots.staff import deals, details, menus, person, routing
from bots.staff.cards import content
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, Renderer, mail_each
from bots.staff.sight import Scene, read_name
from bots.staff.tasks import todo, zone_of
from bots.staff.visit import Done, Visit
from bots.staff.words import MORE, OPEN, line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.errors import Expired, Taken
from crm.base.i18n import N_button, Translator, translator
from crm.base.policy import Action, may
from crm.base.text import escape_html, utf16_length
from crm.conversations import handing
from crm.conversations.offers import Offer
from crm.conversations.threads import Author, the
from crm.outbox.notices import NoticeKind, Waiting
from crm.people.contacts import root_of
from crm.people.desk import Intent
from crm.people.teams import teams_there
from crm.reports.thread import Line, Thread, everything, look_at, reach
from crm.reports.words import AUTHORS, LEADS, plain_name
from crm.sales.routing import crew_now

TO_TEAM, TO_FIRM, BACK = N_button("To a team…"), N_button("To the firm's queue"), N_button("↩️ Give it back")
KEEP, TAKE_BACK = N_button("✅ I have it"), N_button("↩️ Take it back")
ROOM, LAST, TEXT_MOST = 5, 8, 3900
SHORTER = (300, 120, 40)


def ask(session: Session, visit: Visit, intent: Intent) -> Done:
    """Choose who gets a conversation; or give it to whoever was chosen: r and a number is a colleague, t a team, p a page."""
    reach(session, visit.rep, intent.target)
    what, number = intent.detail[:1], intent.detail[1:]
    if what in ("", "p"):
        return _page(session, visit, intent.target, int(number or 0), edits=bool(what))
    if what == "T":
        return Done((replace(_teams(session, visit, intent.target), edits=visit.replied_to or 0),))
    if what not in ("r", "t") or not number.isdecimal():
        raise Expired
    if what == "r":
        handed = handing.hand_over(session, visit.rep, intent.target, int(number), now=visit.now)
        to = visit.scene(session).names.get(int(number), "")
    else:
        handed = handing.hand_to_team(session, visit.rep, intent.target, int(number) or None, now=visit.now)
        to = next((team.name for team in teams_there(session) if team.id == int(number)), "") or visit.tr("the firm's queue")
    words = visit.tr("🤝 Handed over to {name}.", name=plain_name(visit.tr, to))
    keys = ((Key(visit.tr.button(TAKE_BACK), Intent("handing", handed, "back")),),)
    return Done((Post(words, keys, edits=visit.replied_to or 0),), words)


def _page(session: Session, visit: Visit, conversation_id: int, page: int, *, edits: bool) -> Done:
    """Colleagues, those first who are at work and have the fewest."""
    tr, conversation, crew = visit.tr, the(session, conversation_id), crew_now(session, visit.company, now=visit.now)
    there = [one for one in crew.of(None) if one.rep_id not in (visit.rep.id, conversation.rep_id)]
    there.sort(key=lambda one: (not (one.at_work and one.available), one.load, one.rep_id))
    page = page if 0 <= page * ROOM < len(there) else 0
    keys = []
    for one in there[page * ROOM : (page + 1) * ROOM]:
        mark = "🟢" if one.at_work and one.available else "⚪"
        keys.append((Key(f"{mark} {plain_name(tr, crew.members[one.rep_id].name, 20)} · {one.load}", Intent("hand", conversation_id, f"r{one.rep_id}")),))
    below = [Key(tr.button(TO_TEAM), Intent("hand", conversation_id, "T"))] if teams_there(session) else []
    if not below and (conversation.rep_id or conversation.team_id):
        below = [Key(tr.button(TO_FIRM), Intent("hand", conversation_id, "t0"))]
    if len(there) > ROOM:
        below.append(Key(tr.button(MORE), Intent("hand", conversation_id, f"p{(page + 1) % -(-len(there) // ROOM)}")))
    name = _name_of(session, visit, conversation_id)
    words = tr("Who shall have {name}? 🟢 = at work, and how many they have.", name=name) if there else tr("There is no colleague yet.")
    post = Post(words, (*keys, tuple(below)) if below else tuple(keys), edits=(visit.replied_to or 0) if edits else 0)
    return Done((post,))


def _teams(session: Session, visit: Visit, conversation_id: int) -> Post:
    tr = visit.tr
    keys = [Key(plain_name(tr, team.name, 24), Intent("hand", conversation_id, f"t{team.id}")) for team in teams_there(session)[: menus.MOST - 2]]
    below = (Key(tr.button(TO_FIRM), Intent("hand", conversation_id, "t0")),)
    return Post(tr("Which team shall have {name}?", name=_name_of(session, visit, conversation_id)), (*menus.in_rows(keys), below))


def _name_of(session: Session, visit: Visit, conversation_id: int) -> str:
    root = root_of(session, the(session, conversation_id).contact_id)
    return read_name(visit.tr, visit.rep, root.name or root.platform_name)


def answered(session: Session, visit: Visit, intent: Intent) -> Done:
    """What whoever got it, or gave it, says to a handing."""
    if intent.detail == "keep":
        handing.keep(session, visit.rep, intent.target, now=visit.now)
        return Done(toast=visit.tr("It is yours. Reply to the card to answer."))
    if intent.detail != "back":
        raise Expired
    conversation = handing.give_back(session, visit.rep, intent.target, now=visit.now)
    mine = conversation.rep_id == visit.rep.id
    words = visit.tr("It is yours again.") if mine else visit.tr("Given back.")
    return Done((Post(words, conversation_id=conversation.id, edits=visit.replied_to or 0),), words)


def in_short(session: Session, visit: Visit, intent: Intent) -> Done:
    """Say in short all there is to know of a conversation."""
    return Done((summary(session, visit.rep, intent.target, visit.scene(session)),))


def handed(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """Somebody gets a conversation from a colleague: who, why they, and all there is to know."""
    found = session.get(Offer, notice.subject_id)
    receiver, by = (scene.rep(found.rep_id), scene.rep(found.given_by)) if found else (None, None)
    if found is None or receiver is None or the(session, found.conversation_id).rep_id != receiver.id:
        return Rendered(notice)
    number = found.id

    def post(tr: Translator, rep: Rep) -> Post:
        told = summary(session, rep, found.conversation_id, scene)
        head = tr("🤝 {who} hands this conversation over to you.", who=name_html(tr, by.name if by else ""))
        keys: Keys = ((Key(tr.button(KEEP), Intent("handing", number, "keep")), Key(tr.button(BACK), Intent("handing", number, "back"))), *told.keys)
        return replace(told, text=f"{head}\n\n{told.text}", keys=keys)

    return Rendered(notice, mail_each(notice, (receiver,), post))


def summary(session: Session, reader: Rep, conversation_id: int, scene: Scene) -> Post:
    """All there is to know of a conversation on all channels of the person, short enough for one message; raises `Taken` where it is not theirs to read."""
    tr, sight = translator(reader.language), look_at(session, reader, conversation_id, scene.titles, last=LAST)
    if sight.elsewhere:
        raise Taken(sight.holder)
    said = _said(session, reader, sight, scene)
    since = root_of(session, the(session, conversation_id).contact_id).created_at
    whole = ("\n".join(_lines(sight, reader, tr, scene, said, since, most)) for most in SHORTER)
    text = next((text for text in whole if utf16_length(text) <= TEXT_MOST), f"<b>{name_html(tr, sight.name)}</b>")
    keys = ((Key(tr.button(OPEN), Intent("show", conversation_id)),),)
    return Post(text, keys, html=True, conversation_id=conversation_id)


def _said(session: Session, reader: Rep, sight: Thread, scene: Scene) -> tuple[tuple[str, Line], ...]:
    """The last words on all channels; where a colleague has one of them, only those of this one."""
    if sight.others and may(reader.role, Action.MERGE):
        try:
            return everything(session, reader, sight.conversation_id, scene.titles, last=LAST)
        except Taken:
            pass
    return tuple((sight.channel, line) for line in sight.lines)


def _lines(sight: Thread, reader: Rep, tr: Translator, scene: Scene, said: tuple[tuple[str, Line], ...], since: int, most: int) -> Iterator[str]:
    zone, now = zone_of(reader, scene.company), scene.now
    yield f"<b>{name_html(tr, sight.name)}</b> · {escape_html(sight.channel)}"
    yield tr("Known since {when}", when=tr.when(since, zone, now))
    if sight.waiting_since:
        yield f"🔴 {tr('Waits for an answer for {time}', time=tr.ago(now - sight.waiting_since))}"
    yield from _known(sight, tr, most)
    yield from (*deals.lines(sight, reader, tr, now, most), *details.lines(sight, tr, most), *person.lines(sight, tr, most))
    yield from (todo(task, tr, zone, now, most) for task in sight.todos)
    for one in sight.planned:
        yield f"🕒 {tr('{name} will say {when}', name=name_html(tr, one.who, 30), when=tr.when(one.at, zone, now))}: {line_html(one.text, most)}"
    for note in sight.notes:
        yield f"📝 {name_html(tr, note.who, 30)}: {line_html(note.text, most)}"
    if said:
        yield f"\n<b>{tr('Last words')}</b>"
    several = len({channel for channel, _ in said}) > 1
    for channel, line in said:
        who = name_html(tr, sight.name, 30) if line.author is Author.CONTACT else escape_html(line.who) or tr(AUTHORS[line.author])
        where = f" ({escape_html(channel)})" if several else ""
        yield f"<b>{who}</b>{where}, {tr.when(line.at, zone, now)}: {content(line, tr, most)}"


def _known(sight: Thread, tr: Translator, most: int) -> Iterator[str]:
    if sight.lead_status:
        yield tr("Lead: {status}", status=tr(LEADS.get(sight.lead_status, sight.lead_status)))
    if sight.need:
        yield tr("Need: {need}", need=line_html(sight.need, most))
    if sight.phone:
        yield tr("Phone: {phone}", phone=escape_html(sight.phone))


PRESSES = {"hand": ask, "handing": answered, "in_short": in_short}
RENDERERS: dict[NoticeKind, Renderer] = {
    NoticeKind.HANDED: handed,
    NoticeKind.OFFERED: routing.offered,
    NoticeKind.QUEUE: routing.told,
    NoticeKind.LEAD: routing.lead_given,
}
