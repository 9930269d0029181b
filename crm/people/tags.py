"""Tag: a word by which people are put together, such as vip or wholesale; of a person, whichever of their contacts it was written down for."""

import json
from collections.abc import Collection, Sequence

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.people.contacts import Contact, family_of, heard_by, root_of
from crm.people.reps import authorise

WORD_MOST, EACH_MOST, KNOWN_MOST = 30, 20, 200


class Tag(Row):
    """A word on a contact; `rep_id` is who wrote it (None = nobody of the staff)."""

    __tablename__ = "tags"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    word: Mapped[str]
    at: Mapped[int]
    rep_id: Mapped[int | None]
    __table_args__ = (UniqueConstraint("contact_id", "word"), Index("tags_word", "word", "contact_id"))


_TAGS = select(Contact.root_id, Tag.word).join(Tag, Tag.contact_id == Contact.id).where(among(Contact.root_id, "roots")).order_by(Tag.word)


def plain(word: str) -> str:
    """A tag as it is kept: small letters, one space between words, no mark before it; "" where nothing is left. Pure."""
    return clean_name(word.strip().lstrip("#").replace(",", " "), WORD_MOST).casefold().strip()


def tag(session: Session, actor: Actor, contact_id: int, word: str, *, now: int) -> bool:
    """Put a word on a person; answers whether it is new there. Raises `Invalid` for no word, or where there are 20 already."""
    authorise(session, actor, Action.TAG)
    root, said = root_of(session, contact_id), plain(word)
    there = tags_of(session, [root.id])[root.id]
    if not said or (len(there) >= EACH_MOST and said not in there):
        raise Invalid(f"a tag is a word, and a person has at most {EACH_MOST}")
    if said in there:
        return False
    by = actor.id if isinstance(actor, Rep) else None
    if not add_new(session, Tag, [{"id": next(take_ids(session, 1)), "contact_id": contact_id, "word": said, "at": now, "rep_id": by}]):
        return False
    record(session, Change("contact", root.id, "tagged", actor, after={"tag": said}, cause=heard_by(contact_id)), now=now)
    return True


def untag(session: Session, actor: Actor, contact_id: int, word: str, *, now: int) -> bool:
    """Take a word off a person, from whichever of their contacts it stands on; answers whether it was there."""
    authorise(session, actor, Action.TAG)
    root, said = root_of(session, contact_id), plain(word)
    rows = session.scalars(select(Tag).where(Tag.contact_id.in_(family_of(session, root.id)), Tag.word == said)).all()
    for row in rows:
        session.delete(row)
        record(session, Change("contact", root.id, "untagged", actor, {"tag": said}, cause=heard_by(row.contact_id)), now=now)
    session.flush()
    return bool(rows)


def tags_of(session: Session, roots: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The words on each of these people, by their roots."""
    found: dict[int, dict[str, None]] = {number: {} for number in roots}
    for row in ask(session, _TAGS, {"roots": sorted(found)}) if found else ():
        found[row.root_id][row.word] = None
    return {number: tuple(words) for number, words in found.items()}


def taken_off(session: Session, contact_id: int, limit: int = 10) -> list[str]:
    """The words that were taken off a person last, to be put back."""
    wanted = (DomainEvent.subject == "contact", DomainEvent.subject_id == root_of(session, contact_id).id, DomainEvent.kind == "untagged")
    events = session.scalars(select(DomainEvent.before).where(*wanted).order_by(DomainEvent.id.desc()).limit(limit))
    return [word for one in events if one and (word := str(json.loads(one).get("tag", "")))]  # of who was erased nothing is left


def known_tags(session: Session, limit: int = KNOWN_MOST) -> Sequence[str]:
    """The words that are in use, those on most people first."""
    often = func.count().label("often")
    return session.scalars(select(Tag.word).group_by(Tag.word).order_by(often.desc(), Tag.word).limit(limit)).all()
