"""Snippet: a ready answer, found by its word or by what it says, said in the customer's language with their own name in it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound
from crm.base.fold import fold
from crm.base.history import Change, record
from crm.base.i18n import LANGUAGES
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.template import Values, names_for, own_names, parse, render, tidy
from crm.base.text import clean_name
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.fields import About, fields_of, own_values
from crm.people.reps import authorise

WORD_MOST, KEPT_MOST = 30, 300


class Snippet(Row):
    """A ready answer; `word` is what calls it, `folded` the same by sound, `texts` JSON by language, `stage_id` the stage at which it is offered first."""

    __tablename__ = "snippets"
    word: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    texts: Mapped[str]
    stage_id: Mapped[int | None] = mapped_column(ForeignKey("stages.id"))
    uses: Mapped[int] = mapped_column(server_default="0")
    active: Mapped[int] = mapped_column(server_default="1")
    made_by: Mapped[int | None]
    created_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready answer as it was read; `texts` by language."""

    id: int
    word: str
    texts: Mapping[str, str]
    stage_id: int | None
    uses: int
    active: bool


def write(session: Session, actor: Rep, word: str, language: str, text: str, *, now: int) -> Ready:
    """Keep what a word calls in one language; a word that is known gets another language, or other words in this one. Raises `BadTemplate`."""
    authorise(session, actor, Action.WRITE_SNIPPETS)
    named, folded, said = clean_name(word.removeprefix("/"), WORD_MOST), fold(word), tidy(text)
    if not folded or language not in LANGUAGES:
        raise Invalid("a ready answer is called by a word of letters or figures")
    parse(said, frozenset(field.name for field in fields_of(session, About.CONTACT)))
    row = session.scalar(select(Snippet).where(Snippet.folded == folded))
    if row is None or not row.active:
        _room(session)
    if row is None:
        number = next(take_ids(session, 1))
        made = {"id": number, "word": named, "folded": folded, "texts": "{}", "made_by": actor.id, "created_at": now}
        add_new(session, Snippet, [made])
        row = session.scalars(select(Snippet).where(Snippet.folded == folded)).one()
    texts = json.loads(row.texts)
    if texts.get(language) != said or not row.active:
        change = Change("snippet", row.id, "written", actor, {"text": texts.get(language, "")}, {"word": row.word, "language": language, "text": said})
        record(session, change, now=now)
        row.texts, row.active = json.dumps({**texts, language: said}, ensure_ascii=False), 1
        session.flush()
    return _ready(row)


def set_active(session: Session, actor: Rep, snippet_id: int, active: bool, *, now: int) -> Ready:
    """Take a ready answer out of use, or back into it."""
    authorise(session, actor, Action.WRITE_SNIPPETS)
    row = _row(session, snippet_id)
    if row.active != int(active):
        if active:
            _room(session)
        row.active = int(active)
        session.flush()
        record(session, Change("snippet", row.id, "renewed" if active else "ended", actor), now=now)
    return _ready(row)


def forget(session: Session, actor: Rep, snippet_id: int, *, now: int) -> None:
    """Delete a ready answer for good; only one that is out of use, so that nobody misses it by a slip. One that is gone already changes nothing."""
    authorise(session, actor, Action.WRITE_SNIPPETS)
    row = session.get(Snippet, snippet_id)
    if row is None:
        return
    if row.active:
        raise Invalid("a ready answer is taken out of use first")
    record(session, Change("snippet", row.id, "deleted", actor, {"word": row.word}), now=now)
    session.execute(delete(Snippet).where(Snippet.id == row.id))


def kept(session: Session, snippet_ids: Collection[int]) -> list[int]:
    """Those of these ready answers that nobody has deleted, by their numbers."""
    return list(session.scalars(select(Snippet.id).where(Snippet.id.in_(snippet_ids)).order_by(Snippet.id)))


def offer_at(session: Session, actor: Rep, snippet_id: int, stage_id: int | None, *, now: int) -> Ready:
    """Offer a ready answer first while a deal stands in this stage (None = at none)."""
    authorise(session, actor, Action.WRITE_SNIPPETS)
    row = _row(session, snippet_id)
    if row.stage_id != stage_id:
        record(session, Change("snippet", row.id, "stage", actor, {"stage": row.stage_id}, {"stage": stage_id}), now=now)
        row.stage_id = stage_id
        session.flush()
    return _ready(row)


def snippet_at(session: Session, actor: Rep, snippet_id: int) -> Ready:
    """A ready answer by its number."""
    authorise(session, actor, Action.TALK)
    return _ready(_row(session, snippet_id))


def snippet_of(session: Session, actor: Rep, word: str) -> Ready | None:
    """The ready answer that this word, or one that sounds the same, calls, also one that is out of use."""
    authorise(session, actor, Action.TALK)
    row = session.scalar(select(Snippet).where(Snippet.folded == fold(word)))
    return _ready(row) if row else None


def snippets(session: Session, actor: Rep, *, active: bool = True) -> list[Ready]:
    """All that are in use, or all that are out of it, by their words."""
    authorise(session, actor, Action.TALK)
    rows = session.scalars(select(Snippet).where(Snippet.active == int(active)).order_by(Snippet.folded).limit(KEPT_MOST))
    return [_ready(row) for row in rows]


def offered(found: Collection[Ready], stages: Collection[int]) -> list[Ready]:
    """The order in which they are offered: those of the stages a customer's deals are in, then what is used most; pure."""
    return sorted(found, key=lambda one: (one.stage_id not in stages or one.stage_id is None, -one.uses, one.word))


def called(found: Collection[Ready], words: str) -> list[Ready]:
    """Those that somebody may mean: the one of exactly this word, or else those whose word begins so, or else those that say it; pure."""
    wanted = fold(words)
    if not wanted:
        return []
    exact = [one for one in found if fold(one.word) == wanted]
    begins = [one for one in found if fold(one.word).startswith(wanted)]
    says = [one for one in found if any(wanted in fold(text) for text in one.texts.values())]
    return exact or begins or says


def filled(session: Session, actor: Rep, snippet_id: int, conversation_id: int, company: Company, channel: str, need: str = "") -> str:
    """A ready answer as the customer of a conversation will read it: in their language, or else in the firm's first one it has."""
    ready, conversation = snippet_at(session, actor, snippet_id), the(session, conversation_id)
    root = root_of(session, conversation.contact_id)
    language = next((one for one in (root.language, *company.languages, *ready.texts) if one in ready.texts), "en")
    template = parse(ready.texts[language], None)
    own = own_values(session, own_names(template), {root.id: language}).get(root.id, {})
    values = Values(**names_for(root.greeting_name, root.name, root.platform_name), company=company.name, channel=channel, need=need, rep=actor.name, own=own)
    return render(template, values, language)


def used(session: Session, snippet_id: int) -> None:
    """Count that a ready answer was sent."""
    session.execute(update(Snippet).where(Snippet.id == snippet_id).values(uses=Snippet.uses + 1))


def _room(session: Session) -> None:
    """Refuse one more once there are very many in use."""
    if (session.scalar(select(func.count()).select_from(Snippet).where(Snippet.active == 1)) or 0) >= KEPT_MOST:
        raise Invalid(f"there are {KEPT_MOST} ready answers already")


def _row(session: Session, snippet_id: int) -> Snippet:
    row = session.get(Snippet, snippet_id)
    if row is None:
        raise NotFound("no such ready answer")
    return row


def _ready(row: Snippet) -> Ready:
    return Ready(row.id, row.word, json.loads(row.texts), row.stage_id, row.uses, bool(row.active))
