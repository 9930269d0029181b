"""The past: old chats that were brought along: whose words are whose, whom each is with, and how a message of then becomes one of a thread."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Expired, Invalid
from crm.base.fold import fold
from crm.base.history import DomainEvent
from crm.base.phones import normalise
from crm.base.policy import Action
from crm.base.time import instant
from crm.exchange.chats import HEADER, TELEGRAM, THEM, WHATSAPP
from crm.exchange.grid import Cells
from crm.exchange.imports import CHATS, Import, ImportRow, ImportState, import_at, looked_at, stands
from crm.exchange.naming import listed, named
from crm.exchange.reach import in_reach, reached
from crm.exchange.tombstones import is_erased
from crm.people.contacts import Contact, ContactPoint, Identity, PointKind, root_of
from crm.people.sight import Sight, sight_of

NEW, OUT = 0, -1
"""Whom a chat is with, where it is nobody known: somebody new, or it is left out."""
SENDERS_MOST, NEAR_MOST, CHATS_MOST, ASKED_MOST = 6, 3, 1000, 400
UNSAID = (ImportState.ASKED, ImportState.TRYING, ImportState.READY, ImportState.STOPPED, ImportState.LEFT, ImportState.UNREADABLE)
"""How an export stands whose words are nowhere else."""
SOURCES: Mapping[str, str] = {WHATSAPP: "WhatsApp", TELEGRAM: "Telegram"}


@dataclass(frozen=True, slots=True)
class Chat:
    """One old chat: how many messages from when to when (as the export writes it), who wrote, and, of them, the `customer` ("" = nobody knows yet).

    `sided` = the export itself tells whose words are whose; `who` is a contact, `NEW` or `OUT`; `near` are contacts who may be meant.
    `conversation` is where it stands as soon as it is brought in, `made` = its person was made for it.
    """

    key: str
    title: str
    count: int
    first: str
    last: str
    senders: tuple[str, ...]
    sided: bool
    customer: str = ""
    who: int = NEW
    near: tuple[int, ...] = ()
    conversation: int = 0
    made: bool = False

    @property
    def name(self) -> str:
        """What whoever it is with goes by."""
        return self.customer or self.title


@dataclass(slots=True)
class Tally:
    """Counts the chats of an export while its rows go by."""

    chats: dict[str, Chat] = field(default_factory=dict)
    _senders: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, row: Cells) -> None:
        """One message goes by."""
        key, title, at, who, side, _, _ = row
        before = self.chats.get(key)
        senders = self._senders.setdefault(key, Counter())
        if not side or side == THEM:
            senders[who] += 1
        if before is None:
            before = Chat(key, title, 0, at, at, (), bool(side))
        self.chats[key] = replace(before, count=before.count + 1, last=at)

    def told(self, name: str) -> list[Chat]:
        """The chats, with whoever writes most first; the customer of one is guessed by the name of its file."""
        if len(self.chats) > CHATS_MOST:
            raise Invalid("it has too many chats: take it in parts")
        found = []
        for key, chat in self.chats.items():
            senders = tuple(one for one, _ in self._senders[key].most_common(SENDERS_MOST))
            found.append(replace(chat, senders=senders, customer=_customer(chat, senders, name)))
        return found


def _customer(chat: Chat, senders: Sequence[str], name: str) -> str:
    if chat.sided:
        return next(iter(senders), "")
    named = [one for one in senders if one and one.casefold() in name.casefold()]
    return named[0] if len(named) == 1 else senders[0] if len(senders) == 1 else ""


def chats_of(one: Import) -> list[Chat]:
    """The chats of an import."""
    return [unpacked(told) for told in json.loads(one.about).get("chats", ())]


def unpacked(told: Mapping[str, Any]) -> Chat:
    """A chat as it was stored."""
    return Chat(**{**told, "senders": tuple(told["senders"]), "near": tuple(told["near"])})


def keep_chats(one: Import, chats: Sequence[Chat]) -> None:
    """Write down what is known of an import's chats."""
    one.about = json.dumps({**json.loads(one.about), "chats": [asdict(chat) for chat in chats]}, ensure_ascii=False)


def source_of(one: Import) -> str:
    """Which messenger it came from."""
    return str(json.loads(one.about).get("source", ""))


def with_firm(session: Session, chats: Sequence[Chat]) -> list[Chat]:
    """The chats, where the firm's own name is known from an import before: of two who wrote, the other one is the customer."""
    before = select(Import.about).where(Import.kind == CHATS, Import.state == ImportState.DONE.value).order_by(Import.id.desc()).limit(20)
    ours = {name for about in session.scalars(before) for name in json.loads(about).get("us", ())}
    return [_one_left(chat, [one for one in chat.senders if one not in ours]) for chat in chats]


def _one_left(chat: Chat, others: Sequence[str]) -> Chat:
    return replace(chat, customer=others[0]) if not chat.customer and len(others) == 1 else chat


def with_people(session: Session, chats: Sequence[Chat], region: str, sight: Sight) -> list[Chat]:
    """The chats with whom each may be with: by their phone, by their number at the platform, by their name; only who is known by one alone is chosen.

    Nobody is named of whom something is out of this sight.
    """
    phones = {chat.key: normalise(chat.name, region) for chat in chats}
    held = _by(session, ContactPoint.contact_id, ContactPoint.value, [one for one in phones.values() if one], ContactPoint.kind == PointKind.PHONE.value)
    met = _by(session, Identity.contact_id, Identity.external_id, [chat.key for chat in chats if chat.sided])
    names = [name for chat in chats if (name := chat.name.strip())]
    named = _by_name(session, names)
    seen = reached(session, sight, {one for every in (held, met, named) for roots in every.values() for one in roots})
    held, met, named = ({key: [one for one in roots if one in seen] for key, roots in every.items()} for every in (held, met, named))
    found = []
    for chat in chats:
        sure = held.get(phones[chat.key], []) or [one for one in met.get(chat.key, []) if one in named.get(fold(chat.name), [])]
        near = tuple(dict.fromkeys([*sure, *named.get(fold(chat.name), []), *met.get(chat.key, [])]))[:NEAR_MOST]
        chosen = sure if len(sure) == 1 else near
        found.append(replace(chat, near=near, who=chosen[0] if len(chosen) == 1 and (sure or chosen[0] in named.get(fold(chat.name), [])) else NEW))
    return found


def _by(session: Session, contact: Any, column: Any, values: Sequence[str], *more: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for first in range(0, len(values), ASKED_MOST):
        some = values[first : first + ASKED_MOST]
        rows = session.execute(select(column, Contact.root_id).join(Contact, Contact.id == contact).where(column.in_(some), *more).distinct())
        for value, root in rows:
            found.setdefault(value, []).append(root)
    return found


def _by_name(session: Session, names: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for first in range(0, len(names), ASKED_MOST):
        some = names[first : first + ASKED_MOST]
        same = or_(Contact.name.in_(some), Contact.platform_name.in_(some))
        for row in session.execute(select(Contact.root_id, Contact.name, Contact.platform_name).where(same).order_by(Contact.root_id)):
            for name in {fold(row.name), fold(row.platform_name)} - {""}:
                found.setdefault(name, []).append(row.root_id)
    return {name: list(dict.fromkeys(roots)) for name, roots in found.items()}


def asked(one: Import, source: str, chats: Sequence[Chat]) -> None:
    """An export was read: what it is about may be looked at."""
    one.kind, one.about, one.mapping = CHATS, json.dumps({"source": source}), json.dumps(["-"] * len(HEADER))
    keep_chats(one, chats)


def likely(session: Session, actor: Actor, import_id: int, place: int, sender: int, region: str) -> Chat:
    """A chat as it would be with one of its senders as the customer, with whom that may be; it looks through all people, so it is asked outside the writer."""
    chats = _chats(looked_at(session, actor, import_id), place)
    if chats[place].sided or not 0 <= sender < len(chats[place].senders):
        raise Invalid("no such sender")
    sight = sight_of(session, actor, Action.IMPORT)
    [chat] = with_people(session, [replace(chats[place], customer=chats[place].senders[sender], who=NEW, near=())], region, sight)
    return chat


def choose_customer(session: Session, actor: Actor, import_id: int, place: int, found: Chat, *, now: int) -> None:
    """Say who of those who wrote is the customer, as `likely` found them; everybody else in that chat is the firm."""
    one, chats = _open(session, actor, import_id, place)
    if (chats[place].key, chats[place].senders) != (found.key, found.senders):
        raise Expired
    near = tuple(number for number in found.near if not is_erased(session, number))  # whoever was forgotten since it was asked
    _changed(session, one, chats, place, replace(chats[place], customer=found.customer, near=near, who=found.who if found.who in near else NEW))


def choose_person(session: Session, actor: Actor, import_id: int, place: int, who: int, *, now: int) -> None:
    """Say whom a chat is with: somebody known, `NEW` or `OUT`."""
    one, chats = _open(session, actor, import_id, place)
    if who > 0:
        in_reach(session, actor, Action.IMPORT, who)
        who = root_of(session, who).id
        if is_erased(session, who):
            raise Invalid("this person was erased")
    near = chats[place].near if who <= 0 or who in chats[place].near else (who, *chats[place].near)[:NEAR_MOST]
    _changed(session, one, chats, place, replace(chats[place], who=max(who, OUT), near=near))


def _open(session: Session, actor: Actor, import_id: int, place: int) -> tuple[Import, list[Chat]]:
    one = import_at(session, actor, import_id)
    stands(one, ImportState.ASKED, ImportState.READY)
    return one, _chats(one, place)


def _chats(one: Import, place: int) -> list[Chat]:
    chats = chats_of(one)
    if one.kind != CHATS or not 0 <= place < len(chats):
        raise Invalid("no such chat")
    return chats


def _changed(session: Session, one: Import, chats: list[Chat], place: int, chat: Chat) -> None:
    chats[place] = chat
    keep_chats(one, chats)
    one.state = ImportState.ASKED.value
    session.flush()


def at_ms(at: str, zone: str) -> int:
    """The instant of a message: seconds since 1970, or a phone's own clock read in the firm's zone (0 = there is none); pure."""
    if at.isdecimal():
        return int(at) * 1000
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return 0
    return max(0, instant(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone or "UTC")))) if moment.year < 9999 else 0


def once_of(conversation_id: int, row: Cells) -> str:
    """What keeps a message from being brought in twice into one thread; pure."""
    _, _, at, who, _, text, nth = row
    return f"past:{conversation_id}:{hashlib.sha256(repr((at, who, text, nth)).encode()).hexdigest()[:32]}"


def day_of(at: str, zone: str) -> date | None:
    """The day of a message (None = nobody knows); pure."""
    found = at_ms(at, zone)
    return datetime.fromtimestamp(found / 1000, UTC).astimezone(ZoneInfo(zone or "UTC")).date() if found else None


def left_of(session: Session, contacts: Sequence[int], points: Sequence[str] = (), names: Sequence[str] = ()) -> list[int]:
    """Leave exports that were not brought in yet and are chats with these people, or with one of their phones or whole names, words and all: they are erased.

    What was stopped half way keeps what it did, for the way back, and no more words. Answers what on record names the files of their chats.
    """
    phones, called = [one.lstrip("+") for one in points if "@" not in one], {fold(name) for name in names}
    waiting = select(Import).where(Import.kind == CHATS, Import.state.in_([state.value for state in UNSAID]), Import.about != "{}")
    left = [one for one in session.scalars(waiting).all() if any(_with(chat, contacts, phones, called) for chat in chats_of(one))]
    for one in left:
        rest, stopped = {"synchronize_session": False}, one.state == ImportState.STOPPED
        session.execute(delete(ImportRow).where(ImportRow.import_id == one.id, ImportRow.outcome == ""), execution_options=rest)
        one.state, one.about, one.name = one.state if stopped else ImportState.LEFT.value, "{}", CHATS
    session.flush()
    theirs = select(ImportRow.import_id).join(Import, Import.id == ImportRow.import_id).where(Import.kind == CHATS, ImportRow.contact_id.in_(contacts))
    numbers = {*(one.id for one in left), *session.scalars(theirs.distinct()), *_nameless(session, names)}
    found = select(DomainEvent.id).where(DomainEvent.subject == "import", DomainEvent.subject_id.in_(numbers), DomainEvent.kind == "received")
    return list(session.scalars(found))


def _nameless(session: Session, names: Sequence[str]) -> list[int]:
    """Files of chats that were called like one of these people are called so no more, however their imports stand."""
    words, about = [name.encode() for name in names], select(Import).where(Import.kind == CHATS, Import.name != CHATS)
    found = [one for one in session.scalars(about).all() if any(named(word, one.name.encode()) for word in words)]
    for one in found:
        one.name = CHATS
    session.flush()
    return [one.id for one in found]


def _with(chat: Chat, contacts: Sequence[int], phones: Sequence[str], called: Collection[str]) -> bool:
    """Whether a chat is with one of these people, or with somebody who goes by the same phone or name."""
    said = (chat.title, *chat.senders)
    return chat.who in contacts or listed(said, phones, ()) or any(fold(one) in called for one in said)
