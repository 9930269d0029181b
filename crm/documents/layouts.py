"""Layout: what the firm says of itself and in its own words on its documents; each change is a further version, so that it can be taken back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, record
from crm.base.i18n import LANGUAGES
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.base.text import clean
from crm.documents.documents import Kind
from crm.people.reps import authorise

FIRM = "firm"
"""The layout that holds the firm's own particulars."""
EVERY = ""
"""The language of what stands in every language that has no words of its own."""
WORDS_MOST = 3000
NAME, ADDRESS, TAX_NUMBER, BANK, CONTACTS, SIGNER = "name", "address", "tax_number", "bank", "contacts", "signer"
INTRO, TERMS, DAYS = "intro", "terms", "days"
FIRM_FIELDS: Sequence[str] = (NAME, ADDRESS, TAX_NUMBER, BANK, CONTACTS, SIGNER)
PAPER_FIELDS: Sequence[str] = (INTRO, TERMS, DAYS)
DAYS_MOST = 365
USUAL_DAYS: Mapping[Kind, int] = {Kind.QUOTE: 14, Kind.INVOICE: 7, Kind.CONTRACT: 0, Kind.ACT: 0}
"""How many days a document is good, or is to be paid in, where the firm has not said (0 = no end)."""


class Layout(Row):
    """One version of the firm's words for a kind of document, or of its particulars (kind `FIRM`); `words` is JSON by field."""

    __tablename__ = "layouts"
    kind: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int]
    words: Mapped[str] = mapped_column(server_default="{}")
    rep_id: Mapped[int | None]
    at: Mapped[int]
    __table_args__ = (UniqueConstraint("kind", "language", "version"),)


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands for one kind in one language: which version (0 = nobody has said anything), and its words by field."""

    version: int
    words: Mapping[str, str]


def fields_of(kind: str) -> Sequence[str]:
    """The fields a layout has."""
    return FIRM_FIELDS if kind == FIRM else PAPER_FIELDS


def wording(session: Session, kind: str, language: str) -> Wording:
    """The newest words for exactly this language."""
    row = session.scalar(_versions(kind, language).limit(1))
    return Wording(row.version, json.loads(row.words)) if row else Wording(0, {})


def words_for(session: Session, kind: str, language: str) -> Mapping[str, str]:
    """The words a document in this language has: its own, and those of every language where it has none."""
    return {**wording(session, kind, EVERY).words, **wording(session, kind, language).words}


def set_words(session: Session, actor: Actor, kind: str, language: str, field: str, words: str, *, now: int) -> Wording:
    """Write down what the firm says in a field ("" = nothing of its own); answers the new version."""
    authorise(session, actor, Action.SET_LAYOUTS)
    if kind not in (FIRM, *Kind) or field not in fields_of(kind) or language not in (EVERY, *LANGUAGES):
        raise Invalid("there is no such field")
    said, before = _checked(field, words), wording(session, kind, language)
    if before.words.get(field, "") == said:
        return before
    after = {name: one for name, one in {**before.words, field: said}.items() if one}
    return _next(session, actor, kind, language, after, now=now)


def undo_words(session: Session, actor: Actor, kind: str, language: str, version: int, *, now: int) -> Wording:
    """Take the change back that made a version, where nothing was changed since; raises `Invalid` otherwise."""
    authorise(session, actor, Action.SET_LAYOUTS)
    rows = session.scalars(_versions(kind, language).limit(2)).all()
    if not rows or rows[0].version != version:
        raise Invalid("somebody has changed it since")
    return _next(session, actor, kind, language, json.loads(rows[1].words) if len(rows) > 1 else {}, now=now)


def days_of(session: Session, kind: Kind, language: str) -> int:
    """How many days a document of this kind is good, or is to be paid in (0 = no end)."""
    said = words_for(session, kind.value, language).get(DAYS, "")
    return int(said) if said else USUAL_DAYS[kind]


def _next(session: Session, actor: Actor, kind: str, language: str, words: Mapping[str, str], *, now: int) -> Wording:
    before = wording(session, kind, language)
    number, version = next(take_ids(session, 1)), before.version + 1
    row = {"id": number, "kind": kind, "language": language, "version": version, "rep_id": getattr(actor, "id", None), "at": now}
    if not add_new(session, Layout, [{**row, "words": json.dumps(dict(words), ensure_ascii=False)}]):
        raise Invalid("somebody has changed it since")
    where = {"kind": kind, "language": language}
    record(session, Change("layout", number, "words", actor, {**where, "words": dict(before.words)}, {**where, "words": dict(words)}), now=now)
    return Wording(version, words)


def _checked(field: str, words: str) -> str:
    """What was typed, as it may stand on paper; raises `Invalid` for a number of days that is none."""
    said = clean(words, WORDS_MOST).strip()
    if field == DAYS and said and not (said.isascii() and said.isdecimal() and int(said) <= DAYS_MOST):
        raise Invalid("this is no number of days")
    return said


def _versions(kind: str, language: str) -> Select[Layout]:
    return select(Layout).where(Layout.kind == kind, Layout.language == language).order_by(Layout.version.desc())
