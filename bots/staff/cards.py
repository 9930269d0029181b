"""Cards: what a conversation looks like to the one who reads it; pure."""

from collections import Counter
from collections.abc import Iterator

from bots.staff import beside, deals, details, orders, person, score, templates, tour
from bots.staff.menus import MOST
from bots.staff.posts import Key, Keys, Post
from bots.staff.tasks import todo
from bots.staff.words import BLOCK, CLOSE, HAND_BACK, LATER, LISTEN, NOTE, REOPEN, SHOW_REST, TAKE, TAKE_OVER, TASK, TASK_DONE, UNBLOCK, line_html, name_html
from crm.base.actors import Rep
from crm.base.events import MediaKind
from crm.base.i18n import N_, NATIVE, Translator, translator
from crm.base.outbound import May
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.text import clean_name, escape_html, utf16_length
from crm.conversations.threads import Author, Kind, Status
from crm.people.desk import EVERYBODY, Intent
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.reports.thread import Line, Remark, Thread, as_read_by
from crm.reports.words import AUTHORS, FILES, LEADS, PEOPLE, call_words, done_words, state_words
from crm.sales.tasks import TaskKind

TEXT_MOST = 3900
# What the platform takes now, and whether that is about to change.
WINDOWS = {
    (May.ANYTHING, True): N_("free to write until {when}"),
    (May.ANYTHING, False): N_("free to write"),
    (May.PERSONAL, True): N_("only the team's own words may go, until {when}"),
    (May.PERSONAL, False): N_("only the team's own words may go"),
    (May.TEMPLATE, False): N_("only an approved template may go now"),
    (May.NOTHING, False): N_("nothing may go now until they write"),
}
# The longest that one person's words may be; the first with which the whole card fits is used.
SHORTER = (600, 300, 150, 80, 40, 12)


def card(sight: Thread, reader: Rep, company: Company, now: int) -> Post:
    """The card of a conversation for one reader, short enough for one message."""
    tr, sight = translator(reader.language), as_read_by(reader, sight)
    whole = (_text(sight, reader, tr, company, now, most) for most in SHORTER)
    text = next((text for text in whole if utf16_length(text) <= TEXT_MOST), "") or _head(sight, tr, 12)
    return Post(text, keys(sight, reader), html=True, conversation_id=sight.conversation_id, message_id=sight.last_heard_id or None, card=True)


def _text(sight: Thread, reader: Rep, tr: Translator, company: Company, now: int, most: int) -> str:
    head = [_head(sight, tr, most), status(sight, reader, tr, company, now)]
    if elsewhere(sight, reader):
        return "\n".join(head)
    bought = (orders.card_line(tr, reader, sight.order),) if sight.order else ()
    known = (*deals.lines(sight, reader, tr, now, most), *filter(None, bought), *details.lines(sight, tr, most), *person.lines(sight, tr, most))
    parts = ["\n".join([*head, *_lead(sight, tr, most), *known])]
    parts.append("\n".join(todo(task, tr, reader.zone or company.zone, now, most) for task in sight.todos))
    parts.append("\n".join(_planned(one, tr, reader.zone or company.zone, now, most) for one in sight.planned))
    parts.append("\n".join(_note(note, tr, company, now, most) for note in sight.notes))
    parts.append("\n".join(_line(line, sight, tr, company, now, most) for line in sight.lines))
    parts.append(more(sight, tr) if sight.holder_id == reader.id else "")
    parts.append(reply_state(sight, tr))
    return "\n\n".join(filter(None, parts))


def elsewhere(sight: Thread, reader: Rep) -> bool:
    """Whether somebody else has the conversation, so that its words are not this reader's to follow."""
    return sight.holder_id is not None and sight.holder_id != reader.id and reader.id != EVERYBODY


def practised(sight: Thread) -> bool:
    """Whether this was a practice that is over: it is put away as spam and blocked, which is nobody's fault."""
    return sight.account == PRACTICE and sight.blocked


def _head(sight: Thread, tr: Translator, most: int) -> str:
    username = escape_html(f" @{clean_name(sight.username, 40)}") if sight.username else ""
    source = line_html(sight.source, min(most, 120)) if sight.source else ""
    kind = f"🏷 {escape_html(tr(PEOPLE.get(sight.kind, sight.kind)))}" if sight.kind != "customer" else ""
    facts = [kind, escape_html(sight.channel), escape_html(NATIVE.get(sight.language, sight.language)), source]
    return f"<b>{name_html(tr, sight.name)}</b>{username}\n{' · '.join(filter(None, facts))}"


def status(sight: Thread, reader: Rep, tr: Translator, company: Company, now: int) -> str:
    """Where the conversation stands."""
    said = []
    if practised(sight):
        return f"✅ {tr('Closed')}"
    if sight.blocked:
        said.append(f"⛔ {tr('Blocked')}")
    elif sight.status == Status.CLOSED:
        said.append(f"✅ {tr('Closed')}")
    elif sight.status == Status.SNOOZED:
        said.append(f"💤 {tr('Put off until {when}', when=tr.when(sight.snoozed_until, company.zone, now))}")
    if sight.holder_id == reader.id:
        said.append(f"🟢 {tr('Yours')}")
    elif sight.holder_id is not None:
        said.append(f"🔒 {tr('Taken by {name}', name=name_html(tr, sight.holder))}")
    elif not said:
        said.append(f"🆕 {tr('Waits for an answer')}" if sight.waiting_since else f"⚪ {tr('Open')}")
    if sight.person_called:
        said.append(f"🙋 {tr('asks for a person')}")
    if not sight.reachable:
        said.append(f"🚫 {tr('cannot be reached')}")
    if sight.may is not None and not (sight.billed and sight.may is May.ANYTHING) and not elsewhere(sight, reader):
        until = tr.when(sight.may_until, company.zone, now) if sight.may_until else ""
        said.append(f"⏳ {tr(WINDOWS[sight.may, bool(until)], when=until)}")
    if sight.billed and not elsewhere(sight, reader):
        said.append(f"💰 {tr('each message is billed')}")
    return " · ".join(said)


def _lead(sight: Thread, tr: Translator, most: int) -> Iterator[str]:
    if sight.lead_status and not practised(sight):
        yield tr("Lead: {status}", status=tr(LEADS.get(sight.lead_status, sight.lead_status)))
    if sight.likely:
        yield from score.line(tr, sight.likely, {sight.account: sight.channel}, most)
    if sight.need:
        yield tr("Need: {need}", need=line_html(sight.need, most))
    if sight.phone:
        yield tr("Phone: {phone}", phone=escape_html(sight.phone))


def _planned(one: Remark, tr: Translator, zone: str, now: int, most: int) -> str:
    return f"🕒 {tr('{name} will say {when}', name=name_html(tr, one.who, 30), when=tr.when(one.at, zone, now))}: {line_html(one.text, most)}"


def _note(note: Remark, tr: Translator, company: Company, now: int, most: int) -> str:
    who = name_html(tr, note.who, 30)
    if note.source:
        who = tr("{name}, heard from {source}", name=who, source=name_html(tr, note.source, 30))
    said = " ".join(filter(None, ("📎" if note.file else "", line_html(note.text, most) if note.text else "")))
    return f"📝 {who}, {tr.when(note.at, company.zone, now)}: {said}"


def _line(line: Line, sight: Thread, tr: Translator, company: Company, now: int, most: int) -> str:
    who = name_html(tr, sight.name, 30) if line.author is Author.CONTACT else escape_html(line.who) or tr(AUTHORS[line.author])
    return f"<b>{who}</b>, {tr.when(line.at, company.zone, now)}: {content(line, tr, most)}"


def content(line: Line, tr: Translator, most: int) -> str:
    """What was said, or what was done instead of saying something."""
    said = line_html(line.text, most)
    if line.kind == Kind.CALL:
        said = escape_html(call_words(tr, line.text))
    else:
        said = done_words(tr, line.kind, said)
    if line.deleted:
        said = f"{said} ({tr('deleted by the customer')})".strip()
    if line.instead:
        said = f"{said} <i>({tr('here, because {channel} could not be reached', channel=escape_html(line.instead))})</i>"
    files = ", ".join(tr(FILES.get(kind, "file")) + (f" ×{count}" if count > 1 else "") for kind, count in Counter(line.kinds).items())
    return " ".join(filter(None, (f"[{files}]" if files else "", said)))


def more(sight: Thread, tr: Translator) -> str:
    """How much came that was not posted one by one ("" = nothing)."""
    return f"… {tr.many('and {n} more message', 'and {n} more messages', sight.rest)}" if sight.rest else ""


def reply_state(sight: Thread, tr: Translator) -> str:
    """The true state of our last words, and never more than the channel can know."""
    if sight.reply_state is None:
        return ""
    return tr("Our last answer: {state}", state=state_words(tr, sight.reply_state, sight.reply_detail))


def keys(sight: Thread, reader: Rep) -> Keys:
    """What this reader may do with the conversation now."""
    tr, number = translator(reader.language), sight.conversation_id

    def key(label: str, action: str) -> Key:
        return Key(tr.button(label), Intent(action, number))

    if practised(sight):
        return tour.after(tr, reader)
    if sight.blocked:
        return ((key(UNBLOCK, "unblock"),),)
    if elsewhere(sight, reader):
        return ((key(TAKE_OVER, "take_over"),),) if may(reader.role, Action.TAKE_OVER) else ()
    ways = deals.key(tr, number), beside.key(tr, number)
    urgent = tuple(_more_keys(sight, tr))
    more = (*urgent, *person.keys(sight, tr), *_sounds(sight, tr))
    if sight.status == Status.CLOSED:
        kept = _with_ways(more, ways, MOST - 2)
        return *kept, (key(REOPEN, "reopen"), key(NOTE, "note"), *_spare(kept, MOST - 2, key(TASK, "task_new")))
    mine = sight.holder_id == reader.id
    first = key(HAND_BACK, "hand_back") if mine else key(TAKE, "take")
    rest = ((Key(tr.button(SHOW_REST), Intent("rest", number, str(sight.rest_from))),),) if mine and sight.rest else ()
    ends = [key(LATER, "later"), key(CLOSE, "close"), key(BLOCK, "block")]
    room = MOST - 2 - len(rest) - len(ends)
    if sum(map(len, urgent)) >= room:  # "Block" stands behind "More" too, and what is urgent only here
        ends.pop()
        room += 1
    kept = _with_ways(more, ways, room)
    noted = (first, key(NOTE, "note"), *_spare(kept, room, key(TASK, "task_new")))
    return *rest, *kept, noted, tuple(ends)


def _fitting(rows: Keys, room: int) -> Iterator[tuple[Key, ...]]:
    """The rows there is room for, the most important first."""
    for row in rows:
        if len(row) <= room:
            room -= len(row)
            yield row


def _with_ways(rows: Keys, ways: tuple[Key, Key], room: int) -> Keys:
    """The rows there is room for, and below them the ways on; where there is room for one of them only, it is the one behind which everything else is."""
    kept = tuple(_fitting(rows, room - 1))
    return *kept, ways[-1:] if sum(map(len, kept)) == room - 1 else ways


def _spare(rows: Keys, room: int, one: Key) -> tuple[Key, ...]:
    """One more button where the rows leave room for it."""
    return (one,) if sum(len(row) for row in rows) < room else ()


def _more_keys(sight: Thread, tr: Translator) -> Iterator[tuple[Key, ...]]:
    """What may still be sent, and the most urgent task."""
    owed = sight.may is None and any(task.kind is TaskKind.ANSWER for task in sight.todos)
    if owed or sight.may is May.TEMPLATE:
        yield (templates.key(tr, sight.conversation_id),)
    if sight.todos:
        yield (Key(tr.button(TASK_DONE), Intent("task_done", sight.todos[0].id)),)


def _sounds(sight: Thread, tr: Translator) -> Iterator[tuple[Key, ...]]:
    """The newest recording of a call."""
    sounds = [file for line in sight.lines if line.kind == Kind.CALL for file in line.files if file.kind is MediaKind.AUDIO]
    if sounds:
        yield (Key(tr.button(LISTEN), Intent("listen", sight.conversation_id, str(sounds[-1].attachment_id))),)
