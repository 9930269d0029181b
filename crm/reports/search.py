"""Search: people, deals, orders and messages by any words, in any spelling of our five scripts, among what a member of staff may see; the same on every engine.

A word meets first those of its stem or its sound, then those it is a part of, and only where nothing was found those it may be a slip of.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor
from crm.base.dialect_search import NEWEST, containing, holding, sharing
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.base.rows import among
from crm.conversations.threads import POINTED, Conversation, Message
from crm.people.contacts import Contact, ContactPoint, PointKind
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member
from crm.people.sight import Sight, sight_of
from crm.reports.search_index import progress
from crm.reports.search_sold import FoundOrder, FoundPaper, orders_found, papers_found
from crm.reports.search_tables import About
from crm.reports.search_words import ASKED_LETTERS, KIND, NEAR_FROM, STEM, Asked, asked, distance, grams, inner_grams, least_common, snippet
from crm.sales.deals import Deal

PEOPLE, DEALS, SAID = 12, 8, 24
"""How many of each are shown at most."""
LOOK, LOOKS = 1000, 5
"""How many that hold the words are looked at in one go by who may see them, and how often: older ones need more words."""
EXPANDED = 64
PART_FROM = 3
"""How many letters of a word must be known where they may stand anywhere in it; two are enough for the beginning of a name."""
_own, _root = aliased(Contact), aliased(Contact)
_HOLDER = case((Member.active == 1, Member.id))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was found; `conversation_id` is their newest one that may be seen (None = there is none), `points` are phones and e-mails as shown."""

    contact_id: int
    name: str
    conversation_id: int | None
    last_at: int
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundDeal:
    """A deal that was found, and whose it is."""

    deal_id: int
    title: str
    state: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was found; `snippet` is the part of it with the words."""

    message_id: int
    conversation_id: int
    name: str
    author: str
    at: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, each kind with the best first; `percent` is how much of the messages the index has read."""

    people: tuple[Person, ...] = ()
    deals: tuple[FoundDeal, ...] = ()
    orders: tuple[FoundOrder, ...] = ()
    papers: tuple[FoundPaper, ...] = ()
    said: tuple[Said, ...] = ()
    percent: int = 100


Groups = list[list[str]]


def _each_once(*tokens: str) -> list[str]:
    return list(dict.fromkeys(tokens))


@dataclass(slots=True)
class _Words:
    """The words of one question in growing circles of tokens; what a circle needs is looked up when it is asked for."""

    session: Session
    words: tuple[Asked, ...]
    _known: dict[str, list[str]] = field(default_factory=dict)
    _likely: dict[str, list[str]] = field(default_factory=dict)

    def meant(self) -> Groups:
        """The stem or the sound itself."""
        return [[one.sound, *([STEM + one.stem] if one.stem else [])] for one in self.words]

    def within(self, *, begins: bool = False) -> Groups:
        """The same, or a word that it is a part or the beginning of."""
        return [_each_once(*group, *self._holding(one.sound, begins=begins)) for one, group in zip(self.words, self.meant(), strict=True)]

    def near(self, *, begins: bool = False) -> Groups:
        """The same, or the words that are likest to it."""
        return [_each_once(*group, *self._likest(one.sound)) for one, group in zip(self.words, self.within(begins=begins), strict=True)]

    def misspelt(self) -> bool:
        """Whether any word may be a slip of one that is not looked for already."""
        return any(self.near(begins=begins) != self.within(begins=begins) for begins in (False, True))

    def _holding(self, sound: str, *, begins: bool) -> list[str]:
        wanted = inner_grams(sound)
        if len(sound) < PART_FROM and not begins:
            return []
        if sound not in self._known:
            known = containing(self.session, sound, wanted[len(wanted) // 2]) if wanted else []  # the middle of a word is the least common part of it
            self._known[sound] = sorted(known, key=lambda word: (len(word), word))
        return [word for word in self._known[sound] if not begins or word.startswith(sound)][:EXPANDED]

    def _likest(self, sound: str) -> list[str]:
        if sound not in self._likely:
            known = sharing(self.session, grams(sound), least_common(sound), sound[0]) if len(sound) >= NEAR_FROM else []
            far = {word: slips for word in known if (slips := distance(sound, word)) is not None}
            least = min(far.values(), default=0)
            self._likely[sound] = sorted((word for word, slips in far.items() if slips == least), key=lambda word: (len(word), word))[:EXPANDED]
        return self._likely[sound]


def find(session: Session, actor: Actor, words: str, region: str) -> Found:
    """What is meant by some words; a whole phone number, read as in `region`, or an e-mail finds its owner."""
    sight = sight_of(session, actor, Action.FIND)
    circles, read = _Words(session, asked(words)), progress(session).percent
    owners = _owners(session, words[:ASKED_LETTERS].strip(), region)
    if not owners and not circles.words:
        return Found(percent=read)
    begins = partial(circles.within, begins=True)
    people = _people(session, sight, owners) if owners else _named(session, sight, begins())
    firms = next(_held(session, [circles.meant, begins], About.COMPANY), [])
    if len(people) < PEOPLE and firms:
        known = {one.contact_id for one in people}
        people += [one for one in _people(session, sight, _of_firms(session, firms)) if one.contact_id not in known]
    both = [circles.meant, circles.within]
    papers = papers_found(session, actor, sight, words)
    deals, sold, said = _deals(session, sight, both, people, firms), _orders(session, sight, both, people), _said(session, sight, both)
    if not (people or deals or sold or papers or said):
        deals, sold, said = _with_names(session, sight, circles)
    if not (people or deals or sold or papers or said) and circles.misspelt():
        people = _named(session, sight, circles.near(begins=True))
        deals, sold = _deals(session, sight, [circles.near], people, []), _orders(session, sight, [circles.near], people)
        said = _said(session, sight, [circles.near])
    return Found(tuple(people[:PEOPLE]), tuple(deals), tuple(sold), tuple(papers), tuple(said), read)


Circle = Callable[[], Groups]


def _held(session: Session, circles: Sequence[Circle], about: About) -> Iterator[list[int]]:
    """What holds the words, circle by circle; those that hold nothing are passed over, and one that is no wider than the one before."""
    before: Groups = []
    for circle in circles:
        groups, narrower = circle(), before
        before = groups
        if groups and groups != narrower and (found := holding(session, [*groups, [KIND + about]], about.value, LOOK, few=True)):
            yield found


def _named(session: Session, sight: Sight, names: Groups) -> list[Person]:
    """People who are called so."""
    return next((_people(session, sight, found) for found in _held(session, [lambda: names], About.CONTACT)), [])


def _owners(session: Session, words: str, region: str) -> list[int]:
    """Whose phone or e-mail the words are."""
    phone, email = normalise(words, region), words.lower() if "@" in words[1:] else ""
    kind, value = (PointKind.PHONE, phone) if phone else (PointKind.EMAIL, email)
    return list(session.scalars(select(ContactPoint.contact_id).where(ContactPoint.kind == kind.value, ContactPoint.value == value))) if value else []


def _of_firms(session: Session, firms: Sequence[int]) -> list[int]:
    question = select(Contact.id).where(among(Contact.company_id, "ids")).order_by(Contact.id.desc()).limit(LOOK)
    return list(session.scalars(question, {"ids": list(firms)}))


def _with_names(session: Session, sight: Sight, circles: _Words) -> tuple[list[FoundDeal], list[FoundOrder], list[Said]]:
    """Deals, orders and messages that hold the words behind a name, or before it, where that is their person's."""
    called, words = circles.within(begins=True), circles.within()
    for at in range(1, len(words)):
        for names, rest in ((called[:at], words[at:]), (called[at:], words[:at])):
            roots = _roots(session, next(_held(session, [partial(list, names)], About.CONTACT), []))
            circle: list[Circle] = [partial(list, rest)]
            deals = _deals(session, sight, circle, [], [], roots) if roots else []
            sold = orders_found(session, sight, _held(session, circle, About.ORDER), [], only=roots) if roots else []
            said = _said_in(session, sight, rest, SAID, roots) if roots else []
            if deals or sold or said:
                return deals, sold, said
    return [], [], []


def _roots(session: Session, contacts: Sequence[int]) -> list[int]:
    """Who these contacts were found to be."""
    return list(session.scalars(select(_own.root_id).where(among(_own.id, "ids")).distinct(), {"ids": list(contacts)})) if contacts else []


def _people(session: Session, sight: Sight, contacts: Sequence[int]) -> list[Person]:
    """The people these contacts were found to be, who was heard of last first; those without a conversation are nobody's."""
    roots = _roots(session, contacts)
    facts = {"ids": roots}
    names = session.execute(
        select(Contact.id, Contact.name, Contact.platform_name, Contact.created_at).where(among(Contact.id, "ids"), Contact.blocked == 0), facts
    ).all()
    threads = session.execute(
        select(_own.root_id, Conversation.id, Conversation.account, Conversation.last_at, _HOLDER.label("rep_id"))
        .join(_own, _own.id == Conversation.contact_id)
        .outerjoin(Member, Member.id == Conversation.rep_id)
        .where(among(_own.root_id, "ids"))
        .order_by(Conversation.last_at.desc(), Conversation.id.desc()),
        facts,
    ).all()
    has = {row.root_id for row in threads}
    seen: dict[int, Any] = {}
    for row in threads:
        if row.account != PRACTICE and sight.covers(row.rep_id):
            seen.setdefault(row.root_id, row)
    found = [
        Person(row.id, sight.named(row.name or row.platform_name), thread.id if thread else None, thread.last_at if thread else row.created_at)
        for row in names
        if (thread := seen.get(row.id)) or (row.id not in has and sight.covers(None))
    ]
    newest = sorted(found, key=lambda one: (-one.last_at, -one.contact_id))[:PEOPLE]
    return _with_points(session, sight, newest)


def _with_points(session: Session, sight: Sight, people: Sequence[Person]) -> list[Person]:
    """The same people with a phone and an e-mail of theirs, as they may be shown."""
    question = (
        select(_own.root_id, ContactPoint.kind, ContactPoint.value)
        .join(_own, _own.id == ContactPoint.contact_id)
        .where(among(_own.root_id, "ids"), ContactPoint.kind.in_((PointKind.PHONE.value, PointKind.EMAIL.value)))
        .order_by(ContactPoint.kind.desc(), ContactPoint.id)
    )
    known: dict[int, dict[str, str]] = {}
    for row in session.execute(question, {"ids": [one.contact_id for one in people]}):
        known.setdefault(row.root_id, {}).setdefault(row.kind, sight.shown(row.kind, row.value))
    return [Person(one.contact_id, one.name, one.conversation_id, one.last_at, tuple(known.get(one.contact_id, {}).values())) for one in people]


def _deals(
    session: Session, sight: Sight, circles: Sequence[Circle], people: Sequence[Person], firms: Sequence[int], roots: Sequence[int] = ()
) -> list[FoundDeal]:
    """Deals called so, then those of the firms and the people who were found; `roots` = only what is of these people."""
    found: dict[int, FoundDeal] = {}
    which = (among(Deal.id, "ids"), *([_own.root_id.in_(roots)] if roots else []))
    for numbers in _held(session, circles, About.DEAL):
        found = found or _deals_where(session, sight, and_(*which), numbers)
    by_firm = _deals_where(session, sight, among(Deal.company_id, "ids"), firms) if firms else {}
    by_person = _deals_where(session, sight, among(_own.root_id, "ids"), [one.contact_id for one in people]) if people else {}
    return list({**found, **by_firm, **by_person}.values())[:DEALS]


def _orders(session: Session, sight: Sight, circles: Sequence[Circle], people: Sequence[Person]) -> list[FoundOrder]:
    """Orders of which the words are the number or a line, then those of the people who were found."""
    return orders_found(session, sight, _held(session, circles, About.ORDER), [one.contact_id for one in people])


def _deals_where(session: Session, sight: Sight, which: object, numbers: Sequence[int]) -> dict[int, FoundDeal]:
    question = (
        select(Deal.id, Deal.title, Deal.state, func.coalesce(func.nullif(_root.name, ""), _root.platform_name).label("name"), Deal.created_at)
        .join(_own, _own.id == Deal.contact_id)
        .join(_root, _root.id == _own.root_id)
        .outerjoin(Member, Member.id == Deal.rep_id)
        .where(which, sight.rows(_HOLDER), _root.blocked == 0)  # type: ignore[arg-type]
        .order_by(Deal.created_at.desc(), Deal.id.desc())
        .limit(DEALS)
    )
    return {
        row.id: FoundDeal(row.id, sight.named(row.title), row.state, sight.named(row.name), row.created_at)
        for row in session.execute(question, {"ids": list(numbers)})
    }


def _said(session: Session, sight: Sight, circles: Sequence[Circle]) -> list[Said]:
    """Messages with the words themselves, then those with parts of them."""
    found: dict[int, Said] = {}
    before: Groups = []
    for circle in circles:
        if len(found) < SAID and (groups := circle()) != before:
            found |= {one.message_id: one for one in _said_in(session, sight, groups, SAID) if one.message_id not in found}
            before = groups
    return list(found.values())[:SAID]


def _said_in(session: Session, sight: Sight, groups: Groups, most: int, roots: Sequence[int] = ()) -> list[Said]:
    """The newest messages that hold a word of each group, among those that may be seen; looked for a thousand at a time, and not for ever.

    `roots` = only those with these people.
    """
    found: list[Said] = []
    before, wanted = NEWEST, [token for group in groups for token in group]
    seen = (sight.rows(_HOLDER), Conversation.account != PRACTICE, *([_own.root_id.in_(roots)] if roots else []))
    for _ in range(LOOKS):
        numbers = holding(session, groups, About.MESSAGE.value, LOOK, before)
        if numbers:
            rows = session.execute(_MESSAGES.where(*seen).limit(most - len(found)), {"ids": numbers})
            shown = (Said(row.id, row.conversation_id, sight.named(row.name), row.author, row.at, _snippet(sight, row, wanted)) for row in rows)
            found += [one for one in shown if one.snippet]
        if len(numbers) < LOOK or len(found) >= most:
            break
        before = numbers[-1]
    return found


def _snippet(sight: Sight, row: Any, wanted: Sequence[str]) -> str:
    """The words around what was found, as they may be read; what a mask hides is not found by whoever may not read it."""
    return snippet(sight.told(row.text, points=row.kind in POINTED), wanted)


_MESSAGES = (
    select(
        Message.id,
        Message.conversation_id,
        func.coalesce(func.nullif(_root.name, ""), _root.platform_name).label("name"),
        Message.author,
        Message.kind,
        Message.at,
        Message.text,
    )
    .join(Conversation, Conversation.id == Message.conversation_id)
    .join(_own, _own.id == Conversation.contact_id)
    .join(_root, _root.id == _own.root_id)
    .outerjoin(Member, Member.id == Conversation.rep_id)
    .where(among(Message.id, "ids"), Message.deleted_at == 0, _root.blocked == 0)
    .order_by(Message.id.desc())
)
