"""The index of search: it follows messages, people, deals, orders and companies behind the commit, a small chunk at a time, and forgets whom it must.

Nothing is added where a message is kept. A step reads what is new (`upcoming`), cuts it into tokens outside any transaction (`digest`) and writes them
down (`enter`), so the one writer is held for the rows alone. Each step goes on from marks that are rows: a program that was stopped goes on where it was.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session

from crm.base.dialect import is_server
from crm.base.dialect_search import forget_grams, held_by_none, is_token
from crm.base.history import DomainEvent
from crm.base.rows import Rows, add, among
from crm.conversations.threads import Conversation, Message
from crm.reports.search_sources import SOURCES, SPOKEN, Source, Span, Thing, as_they_are, changes
from crm.reports.search_tables import About, Findable, SearchMark, WordGram
from crm.reports.search_words import KIND, grams, name_tokens, sounds_of, tokens
from crm.sales.deals import Deal
from crm.sales.orders import Order

log = logging.getLogger(__name__)
SETTLE_MS = 60_000
"""How long a number of a server's sequence may be taken and not yet be seen: longer than any transaction lasts."""
CHANGES = "changes"
_REFUSED = ("22", "54")  # PostgreSQL's classes of faults in the data, and of its own limits
MOST_TOKENS = 400
"""How many tokens are put in and taken out in one transaction, or those of one thing: some ten milliseconds of the one writer."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of `SearchMark`, as it was read."""

    ahead: int = 0
    mark: int = 0
    head: int = 0
    head_at: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: things of one kind, from where and to where its mark moves."""

    name: str
    before: Mark
    after: Mark
    things: tuple[Thing, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing with its tokens."""

    id: int
    about: About
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index has come: the last message it has read, and the last there is."""

    read: int
    last: int

    @property
    def percent(self) -> int:
        """How much of the messages is read; 100 = all of them, or nearly."""
        return 100 if self.read >= self.last else min(99, self.read * 100 // self.last)


def upcoming(session: Session, *, now: int) -> Step | None:
    """What is to be indexed next, the smallest kinds first; None = everything is."""
    marks = _marks(session)
    if CHANGES not in marks:
        last = session.scalar(select(func.max(DomainEvent.id))) or 0
        return Step(CHANGES, Mark(), Mark(last, last))
    for name in (CHANGES, *SOURCES):
        if found := _next(session, name, marks.get(name, Mark()), now):
            return found
    return None


def _next(session: Session, name: str, mark: Mark, now: int) -> Step | None:
    """What one kind has: what is new, or what came late."""
    read = changes if name == CHANGES else SOURCES[name]
    found, server = read(session, Span(mark.ahead)), is_server(session)
    if found.last:
        waits = server and mark.head > mark.mark
        after = Mark(found.last, mark.mark if server else found.last, mark.head if waits else found.last, mark.head_at if waits else now)
        return Step(name, mark, after, found.things)
    if server and mark.head > mark.mark:
        return _settled(session, name, mark, read) if now - mark.head_at >= SETTLE_MS else None
    return Step(name, mark, Mark(mark.ahead, mark.mark, mark.ahead, now)) if server and mark.ahead > mark.mark else None


def _settled(session: Session, name: str, mark: Mark, read: Source) -> Step:
    """What was not seen when the index passed by."""
    found = read(session, Span(mark.mark, mark.head, late=True))
    return Step(name, mark, replace(mark, mark=found.last if found.more else mark.head), found.things)


def digest(step: Step) -> list[Entry]:
    """The tokens of what comes next; pure, and slow enough for a thread of its own."""
    return [digest_one(one) for one in step.things]


def digest_one(thing: Thing) -> Entry:
    """The tokens of one thing; what cannot be read has none, and holds up nothing."""
    try:
        return Entry(thing.id, thing.about, _tokens(thing))
    except Exception:
        log.exception("search cannot read %s %d: it is not found by its words", thing.about.value, thing.id)
        return Entry(thing.id, thing.about, ())


def _tokens(thing: Thing) -> tuple[str, ...]:
    read = (*name_tokens(*thing.names), *tokens(thing.text)) if thing.names else tokens(thing.text)
    found = tuple(filter(is_token, dict.fromkeys(read)))
    return (*found, KIND + thing.about) if found and thing.about is not About.MESSAGE else found


def portions(step: Step, entries: Sequence[Entry]) -> Iterator[tuple[Step, list[Entry]]]:
    """A step in parts that are each soon written; only the last moves the mark, and one that is written again changes nothing."""
    taken, weight = 0, 0
    for place, (thing, entry) in enumerate(zip(step.things, entries, strict=True)):
        more = len(entry.tokens) + thing.held
        if place > taken and weight + more > MOST_TOKENS:
            yield replace(step, after=step.before, things=step.things[taken:place]), list(entries[taken:place])
            taken, weight = place, 0
        weight += more
    yield replace(step, things=step.things[taken:]), list(entries[taken:])


def enter(session: Session, step: Step, entries: Sequence[Entry]) -> bool:
    """Write a chunk, or a portion of one, down and move the mark; False = another node was there first, and nothing was changed."""
    row = session.get(SearchMark, step.name, with_for_update=True)
    if (Mark(row.ahead, row.mark, row.head, row.head_at) if row else Mark()) != step.before:
        return False
    if row is None:
        row = SearchMark(name=step.name)
        session.add(row)
    row.ahead, row.mark, row.head, row.head_at = step.after.ahead, step.after.mark, step.after.head, step.after.head_at
    if entries:
        _replace(session, step.things, entries)
    session.flush()
    return True


def _replace(session: Session, things: Sequence[Thing], entries: Sequence[Entry]) -> None:
    """Take the old rows of these things out and put the new ones in; what has the words it had stays."""
    held = session.execute(select(Findable.id, Findable.words).where(among(Findable.id, "ids")), {"ids": [one.id for one in things]}).all()
    new = {one.id: {"id": one.id, "about": one.about.value, "words": " ".join(one.tokens)} for one in _as_now(session, things, entries) if one.tokens}
    same = {row.id for row in held if row.id in new and new[row.id]["words"] == row.words}
    old = [row for row in held if row.id not in same]
    if old:
        session.execute(delete(Findable).where(among(Findable.id, "ids")), {"ids": [row.id for row in old]})
    here = _put(session, [row for number, row in new.items() if number not in same])
    said = _sounds(row["words"] for row in here)
    _learn(session, sorted(said))
    _unlearn(session, _sounds(row.words for row in old) - said)


def _put(session: Session, rows: Rows) -> Rows:
    """Put rows in; one that the engine does not take is left out and told of, so that it holds up nothing else. Answers those that are in."""
    try:
        with session.begin_nested():
            add(session, Findable, rows)
    except DBAPIError as error:
        if not _refused(error):
            raise
        if len(rows) > 1:
            return [row for one in rows for row in _put(session, [one])]
        log.error("search cannot hold %s %d: it is not found by its words: %s", rows[0]["about"], rows[0]["id"], error.orig)
        return []
    return rows


def _refused(error: DBAPIError) -> bool:
    """Whether it is the values that the engine does not take, however often they are given."""
    return isinstance(error, DataError) or str(getattr(error.orig, "sqlstate", "")).startswith(_REFUSED)


def _sounds(words: Iterable[str]) -> set[str]:
    return {sound for held in words for sound in sounds_of(held.split())}


def _as_now(session: Session, things: Sequence[Thing], entries: Sequence[Entry]) -> list[Entry]:
    """The entries of things as they stand in this transaction: since they were read, one may have been edited, erased or emptied."""
    now = as_they_are(session, things)
    meant = {one.id: (one, entry) for one, entry in zip(things, entries, strict=True)}
    return [entry if now[number] == one else digest_one(now[number]) for number, (one, entry) in meant.items() if number in now]


def _learn(session: Session, words: Sequence[str]) -> None:
    """Put down the words that were never said before."""
    known = set(session.scalars(select(WordGram.word).where(WordGram.gram == "", among(WordGram.word, "words")), {"words": words}))
    add(session, WordGram, [{"gram": gram, "word": word} for word in words if word not in known for gram in ("", *grams(word))])


def _unlearn(session: Session, words: set[str]) -> None:
    """Forget the words that nothing holds any more."""
    if gone := held_by_none(session, sorted(words)):
        forget_grams(session, [(gram, word) for word in gone for gram in ("", *grams(word))])


def forget(session: Session, contact_ids: Sequence[int]) -> int:
    """Take people, everything said with them, their deals and orders out of the index, with the words nobody else has; before their rows are erased.

    Answers how many things were taken out.
    """
    threads = select(Conversation.id).where(among(Conversation.contact_id, "ids"))
    mine = (
        Findable.id.in_(select(Message.id).where(Message.conversation_id.in_(threads))),
        Findable.id.in_(select(Deal.id).where(among(Deal.contact_id, "ids"))),
        Findable.id.in_(select(Order.id).where(among(Order.contact_id, "ids"))),
        among(Findable.id, "ids"),
    )
    return _forgotten(session, or_(*mine), contact_ids)


def forget_said(session: Session, message_ids: Sequence[int]) -> int:
    """Take messages out of the index, before their rows go; answers how many were in it."""
    return _forgotten(session, among(Findable.id, "ids"), message_ids)


def _forgotten(session: Session, which: ColumnElement[bool], ids: Sequence[int]) -> int:
    gone = session.execute(delete(Findable).where(which).returning(Findable.id, Findable.words), {"ids": list(ids)}).all()
    _unlearn(session, _sounds(row.words for row in gone))
    session.flush()
    return len(gone)


def progress(session: Session) -> Progress:
    """How far the messages are read; both are looked up, nothing is counted."""
    row = session.get(SearchMark, About.MESSAGE.value)
    return Progress(row.ahead if row else 0, session.scalar(select(func.max(Message.id)).where(SPOKEN)) or 0)


def _marks(session: Session) -> dict[str, Mark]:
    rows = session.execute(select(SearchMark.name, SearchMark.ahead, SearchMark.mark, SearchMark.head, SearchMark.head_at))
    return {row.name: Mark(row.ahead, row.mark, row.head, row.head_at) for row in rows}
