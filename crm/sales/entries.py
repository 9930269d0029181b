"""Entry: a link of the firm's that brings a product and a source along, and the leads who came by it.

Its code comes back as the payload of a link that opens a chat, or in words, behind a #, where a link can only fill in what is typed.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ForeignKey, Index, UniqueConstraint, exists, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid, NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people.reps import authorise
from crm.sales.leads import Lead, LeadStatus

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None of them is taken for another one, on paper or on the phone."""
LENGTH = 8
WORDS_MOST = 80
_CODE = re.compile(rf"[{LETTERS}]{{{LENGTH}}}")
_WRITTEN = re.compile(rf"(?<![\w#])#([{LETTERS}]{{{LENGTH}}})(?!\w)", re.IGNORECASE)


class Entry(Row):
    """One link: what it is about, where it stands, who made it; `ended_at` = it is listed no more (0 = it is), whoever follows it is still known by it.

    `referrer_id` = it is a customer's own, to be passed on to friends (None = it is the firm's).
    """

    __tablename__ = "entries"
    code: Mapped[str] = mapped_column(unique=True)
    product: Mapped[str]
    source: Mapped[str]
    made_by: Mapped[int | None]
    at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")
    referrer_id: Mapped[int | None] = mapped_column(index=True)


class LeadEntry(Row):
    """A lead came by a link; by several, where they followed several."""

    __tablename__ = "lead_entries"
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"))
    at: Mapped[int]
    __table_args__ = (UniqueConstraint("entry_id", "lead_id"), Index("lead_entries_lead", "lead_id", "id"))


_KNOWN = select(Entry.id, Entry.code, Entry.product, Entry.source, Entry.referrer_id).where(among(Entry.code, "codes"))


# A lead in quarantine counts in no report.
_SPAM = exists().where(Lead.id == LeadEntry.lead_id, func.coalesce(Lead.status, "") == LeadStatus.SPAM.value).correlate(LeadEntry)


def _none(*_: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Ways:
    """How people come to the firm, by account: `links(code, words)` = the link to it, the words being what is filled in where a code must be typed;
    `boards(name)` = the address of the public page that a name means, where a post may stand."""

    links: Callable[[str, str], Mapping[str, str]] = field(default=_none)
    boards: Callable[[str], Mapping[str, str]] = field(default=_none)


@dataclass(frozen=True, slots=True)
class Known:
    """A link as it was made; `referrer_id` is the customer whose it is (None = the firm's)."""

    id: int
    code: str
    product: str
    source: str
    referrer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A link in a list, with how many leads it brought."""

    entry: Known
    leads: int
    at: int


def is_code(word: str) -> bool:
    """Whether a word has the shape of a code."""
    return _CODE.fullmatch(word) is not None


def written_code(text: str) -> str:
    """The first code in somebody's words ("" = none); pure."""
    found = _WRITTEN.search(text) if "#" in text else None
    return found.group(1).lower() if found else ""


def code_of(secret: str) -> str:
    """The code that a secret word makes; pure."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest()[:8], "big")
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(LENGTH))


def make(session: Session, actor: Rep, product: str, source: str, code: str, *, now: int) -> Known:
    """Make a link; the same code again answers the same."""
    authorise(session, actor, Action.PROMOTE)
    known = known_by(session, [code])
    if code in known:
        return known[code]
    product, source = clean_name(product, WORDS_MOST), clean_name(source, WORDS_MOST)
    if not (product and source and is_code(code)):
        raise Invalid
    number = next(take_ids(session, 1))
    add_new(session, Entry, [{"id": number, "code": code, "product": product, "source": source, "made_by": actor.id, "at": now}])
    record(session, Change("entry", number, "made", actor, after={"product": product, "source": source}), now=now)
    return Known(number, code, product, source)


def known_by(session: Session, codes: Sequence[str]) -> dict[str, Known]:
    """The links behind these codes."""
    return {row.code: Known(*row) for row in ask(session, _KNOWN, {"codes": list(codes)})} if codes else {}


def entry_at(session: Session, actor: Rep, entry_id: int) -> Known:
    """A link by its number."""
    authorise(session, actor, Action.PROMOTE)
    return _known(_entry(session, entry_id))


def end(session: Session, actor: Rep, entry_id: int, *, now: int) -> Known:
    """List a link no more."""
    return _listed(session, actor, entry_id, now, now=now)


def renew(session: Session, actor: Rep, entry_id: int, *, now: int) -> Known:
    """Undo that a link is listed no more."""
    return _listed(session, actor, entry_id, 0, now=now)


def _listed(session: Session, actor: Rep, entry_id: int, ended_at: int, *, now: int) -> Known:
    authorise(session, actor, Action.PROMOTE)
    entry = _entry(session, entry_id)
    if bool(entry.ended_at) != bool(ended_at):
        entry.ended_at = ended_at
        session.flush()
        record(session, Change("entry", entry.id, "ended" if ended_at else "renewed", actor), now=now)
    return _known(entry)


def listed(session: Session, actor: Rep, *, limit: int, skip: int = 0) -> list[Listed]:
    """The links that are used, the newest first, each with the leads it brought."""
    authorise(session, actor, Action.PROMOTE)
    found = session.scalars(select(Entry).where(Entry.ended_at == 0, Entry.referrer_id.is_(None)).order_by(Entry.id.desc()).limit(limit).offset(skip)).all()
    counted = select(LeadEntry.entry_id, func.count()).where(LeadEntry.entry_id.in_([entry.id for entry in found]), ~_SPAM).group_by(LeadEntry.entry_id)
    leads = {row[0]: row[1] for row in session.execute(counted)} if found else {}
    return [Listed(_known(entry), leads.get(entry.id, 0), entry.at) for entry in found]


def brought(session: Session, entry_id: int) -> int:
    """How many leads a link brought, spam left out."""
    return session.scalar(select(func.count()).where(LeadEntry.entry_id == entry_id, ~_SPAM)) or 0


def came_by(session: Session, actor: Actor, lead_id: int, entry_id: int, *, now: int) -> bool:
    """Write down that a lead came by a link; answers whether that is new."""
    row = {"id": next(take_ids(session, 1)), "lead_id": lead_id, "entry_id": entry_id, "at": now}
    if not add_new(session, LeadEntry, [row]):
        return False
    record(session, Change("lead", lead_id, "came_by", actor, after={"entry": entry_id}), now=now)
    return True


def entry_of(session: Session, lead_id: int) -> Known | None:
    """The link a lead came by last."""
    wanted = select(Entry).join(LeadEntry, LeadEntry.entry_id == Entry.id).where(LeadEntry.lead_id == lead_id)
    found = session.scalar(wanted.order_by(LeadEntry.id.desc()).limit(1))
    return _known(found) if found else None


def _entry(session: Session, entry_id: int) -> Entry:
    found = session.get(Entry, entry_id)
    if found is None:
        raise NotFound("no such link")
    return found


def _known(entry: Entry) -> Known:
    return Known(entry.id, entry.code, entry.product, entry.source, entry.referrer_id)
