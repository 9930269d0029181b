"""View: a thread and a list as the page shows them, in the reader's words; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm.base.actors import Rep
from crm.base.files import PICTURES
from crm.base.i18n import NATIVE, Translator
from crm.base.money import money
from crm.base.outbound import Media
from crm.base.policy import Action, may
from crm.base.text import clean_name, cut
from crm.conversations.desk import Listed
from crm.conversations.threads import Author, Kind, Status
from crm.outbox.deliveries import State
from crm.people.sight import seen_by
from crm.reports.deals import as_read_by, readable
from crm.reports.thread import Line, Remark, Thread, Todo
from crm.reports.words import AUTHORS, FILES, LEADS, TASKS, call_words, done_words, plain_name, state_words
from crm.sales.deals import DealState
from web.desk.words import whole

PREVIEW = 90
NEED = 600


@dataclass(frozen=True, slots=True)
class Place:
    """Whose eyes, whose clock, which words."""

    tr: Translator
    rep: Rep
    zone: str
    now: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list; `mark` is waiting, open, asleep or closed."""

    id: int
    mark: str
    name: str
    preview: str
    when: str
    holder: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A file of a message; a picture is shown, everything else is saved."""

    id: int
    label: str
    picture: bool


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing in the thread; `side` is them, us or note; `resend` and `mark_sent` are the part that may be settled (0 = none)."""

    key: str
    side: str
    who: str
    when: str
    text: str
    state: str = ""
    bad: bool = False
    files: tuple[Shown, ...] = ()
    resend: int = 0
    mark_sent: int = 0


@dataclass(frozen=True, slots=True)
class ToDo:
    """A task that is open, and may be ended here."""

    id: int
    title: str


@dataclass(frozen=True, slots=True)
class Pane:
    """One conversation; `keys` are the deeds the reader may do now, `seen` is the newest message of the customer it shows."""

    id: int
    name: str
    status: str
    facts: tuple[str, ...]
    keys: tuple[str, ...]
    seen: int
    bubbles: tuple[Bubble, ...] = ()
    mute: str = ""
    todos: tuple[ToDo, ...] = ()


def row(place: Place, listed: Listed) -> Row:
    """A conversation in the list; the words of one that somebody else has stay theirs."""
    mark = "closed" if listed.closed else "asleep" if listed.snoozed_until else "waiting" if listed.waiting_since else "open"
    elsewhere = listed.rep_id not in (None, place.rep.id)
    holder = place.tr("Yours") if listed.rep_id == place.rep.id else clean_name(listed.holder, 40)
    eyes = seen_by(place.rep)
    preview = "" if elsewhere else clean_name(eyes.told(listed.preview, points=True), PREVIEW)  # of what kind the message is, is not known here
    name = clean_name(eyes.named(listed.name), 60) or place.tr("Customer")
    return Row(listed.conversation_id, mark, name, preview, place.tr.since(listed.waiting_since or listed.last_at, place.now), holder)


def pane(place: Place, seen: Thread, *, sendable: bool) -> Pane:
    """A conversation in full."""
    name = clean_name(seen.name, 60) or place.tr("Customer")
    said = [*(_bubble(place, line, name) for line in seen.lines), *(_note(place, note) for note in seen.notes)]
    said.sort(key=lambda one: int(one.key[1:]))  # notes and messages are numbered by one sequence
    mute = "" if sendable else place.tr("The customer cannot be written to there. Try their phone, or wait until they write.")
    facts = tuple(_facts(place, seen))
    todos = tuple(_todo(place, one) for one in seen.todos) if may(place.rep.role, Action.DO_TASK) else ()
    return Pane(seen.conversation_id, name, status(place, seen), facts, keys(place.rep, seen), seen.last_heard_id, tuple(said), mute, todos)


def _todo(place: Place, one: Todo) -> ToDo:
    what, when = place.tr(TASKS[one.kind]), place.tr.when(one.due_at, place.rep.zone or place.zone, place.now)
    return ToDo(one.id, " · ".join(filter(None, (what, cut(" ".join(whole(one.text).split()), NEED), when, clean_name(one.who, 40)))))


def _facts(place: Place, seen: Thread) -> Iterator[str]:
    tr = place.tr
    yield seen.channel
    if seen.username:
        yield f"@{clean_name(seen.username, 40)}"
    yield NATIVE.get(seen.language, seen.language)
    if seen.lead_status:
        yield tr("Lead: {status}", status=tr(LEADS.get(seen.lead_status, seen.lead_status)))
    if seen.entry:
        yield f"🛒 {clean_name(seen.entry.product, 80)} · {clean_name(seen.entry.source, 80)}"
    if seen.phone:
        yield tr("Phone: {phone}", phone=seen.phone)
    for one in seen.others:
        yield tr("Also on {channels}", channels=" ".join(filter(None, (one.channel, f"@{clean_name(one.username, 40)}" if one.username else ""))))
    if seen.need:
        yield tr("Need: {need}", need=cut(" ".join(whole(seen.need).split()), NEED))
    for deal in (as_read_by(place.rep, one) for one in seen.deals if one.state is DealState.OPEN):
        if readable(place.rep, deal):
            worth = money(tr.language, deal.amount, deal.currency) if deal.amount is not None else ""
            yield f"💼 {' · '.join(filter(None, (clean_name(deal.title, 60), clean_name(deal.stage, 40), worth)))}"
        else:
            yield f"💼 {tr('A deal of {name}', name=clean_name(deal.owner, 40))}"


def status(place: Place, seen: Thread) -> str:
    """Where the conversation stands, in words."""
    tr, said = place.tr, []
    if seen.blocked:
        said.append(tr("Blocked"))
    elif seen.status == Status.CLOSED:
        said.append(tr("Closed"))
    elif seen.status == Status.SNOOZED:
        said.append(tr("Put off until {when}", when=tr.when(seen.snoozed_until, place.zone, place.now)))
    if seen.holder_id == place.rep.id:
        said.append(tr("Yours"))
    elif seen.holder_id is not None:
        said.append(tr("Taken by {name}", name=plain_name(tr, seen.holder)))
    elif not said:
        said.append(tr("Waits for an answer") if seen.waiting_since else tr("Open"))
    if seen.person_called:
        said.append(tr("asks for a person"))
    if not seen.reachable:
        said.append(tr("cannot be reached"))
    return " · ".join(said)


def keys(rep: Rep, seen: Thread) -> tuple[str, ...]:
    """What the page offers this reader; the verbs decide."""
    if seen.elsewhere:
        return ("take_over",) if may(rep.role, Action.TAKE_OVER) else ()
    if seen.blocked:
        return ()
    if seen.status == Status.CLOSED:
        return ("reopen", "note")
    return ("hand_back" if seen.holder_id == rep.id else "take", "later", "close", "note", "reply")


def _bubble(place: Place, line: Line, name: str) -> Bubble:
    tr = place.tr
    ours = line.author is not Author.CONTACT
    who = (clean_name(line.who, 40) or tr(AUTHORS[line.author])) if ours else name
    text = whole(line.text)
    said = call_words(tr, line.text) if line.kind == Kind.CALL else done_words(tr, line.kind, text)
    lost = [tr("[{file}: could not be fetched]", file=tr("file"))] * line.lost_files
    settle = line.delivery_id if line.state in (State.FAILED, State.UNKNOWN) else 0
    return Bubble(
        f"m{line.id}",
        "us" if ours else "them",
        who,
        _when(place, line.at, line.edited, line.deleted),
        "\n".join(filter(None, (said, *lost))),
        _state(tr, line),
        bool(settle),
        tuple(_file(tr, file) for file in line.files),
        settle,
        settle if line.state is State.UNKNOWN else 0,
    )


def _state(tr: Translator, line: Line) -> str:
    """What became of ours, and where it was said instead of elsewhere."""
    state = state_words(tr, line.state, line.detail) if line.state else ""
    instead = tr("here, because {channel} could not be reached", channel=line.instead) if line.instead else ""
    return " · ".join(filter(None, (state, instead)))


def _when(place: Place, at: int, edited: bool, deleted: bool = False) -> str:
    when = place.tr.when(at, place.zone, place.now)
    return " · ".join((when, *([place.tr("changed")] if edited else ()), *([place.tr("deleted by the customer")] if deleted else ())))


def _file(tr: Translator, file: Media) -> Shown:
    return Shown(file.attachment_id, clean_name(file.name, 80) or tr(FILES.get(file.kind, "file")), file.mime in PICTURES)


def _note(place: Place, note: Remark) -> Bubble:
    said = ": ".join(filter(None, (note.source, note.text)))
    return Bubble(f"n{note.id}", "note", clean_name(note.who, 40) or place.tr(AUTHORS[Author.REP]), _when(place, note.at, False), whole(said))


def waiting(rows: Sequence[Row]) -> int:
    """How many of these wait for an answer."""
    return sum(one.mark == "waiting" for one in rows)
