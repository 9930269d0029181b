"""Albums: several files sent as one come apart; all of them, and their words, stand in one message, in whatever order and batches they come.

The first part that comes makes the message; each later one under the same key adds its files and its words. The bot hears it once, and the staff sees one
message that grows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.events import MediaRef, Message
from crm.base.rows import add, add_new, among, ask, change, run, table_of, take_ids
from crm.base.table import Row
from crm.base.text import clean, clean_name, cut
from crm.base.wakes import MEDIA, wake
from crm.conversations.talk import PREVIEW
from crm.conversations.threads import Attachment, Conversation
from crm.conversations.threads import Message as MessageRow
from crm.inbox.edits import PendingEdit, reworded
from crm.inbox.known import Address, Thread
from crm.inbox.plan import TEXT_MOST, Got
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Identity


class AlbumPart(Row):
    """One part of a message that was sent as an album: the platform's id of the part, and the words that came with it."""

    __tablename__ = "album_parts"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    album: Mapped[str]
    external_id: Mapped[str]
    message_id: Mapped[int] = mapped_column(index=True)
    text: Mapped[str] = mapped_column(server_default="")
    edited_at: Mapped[int] = mapped_column(server_default="0")
    deleted_at: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (UniqueConstraint("conversation_id", "external_id"), Index("album_parts_album", "conversation_id", "album"))


_KNOWN = (
    select(AlbumPart.conversation_id, AlbumPart.album, AlbumPart.external_id, AlbumPart.message_id, AlbumPart.text)
    .where(among(AlbumPart.conversation_id, "conversations"), among(AlbumPart.album, "albums"))
    .order_by(AlbumPart.id)
)
_WAITING = select(PendingEdit.id, PendingEdit.external_id, PendingEdit.text, PendingEdit.at, PendingEdit.gone).where(
    PendingEdit.account == bindparam("account"), PendingEdit.address == bindparam("address"), among(PendingEdit.external_id, "parts")
)
_DONE = delete(table_of(PendingEdit)).where(among(PendingEdit.id, "ids"))
_PREVIEW = (
    update(table_of(Conversation))
    .where(Conversation.id == select(MessageRow.conversation_id).where(MessageRow.id == bindparam("message")).scalar_subquery())
    .where(Conversation.last_message_id == bindparam("message"))
    .values(preview=bindparam("words"))
)
Key = tuple[str, str, str]
"""Account, address, album."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part as it is told; `edited_at` = when its words were changed, `deleted_at` = when it was taken back (0 = never)."""

    external_id: str
    text: str
    media: tuple[MediaRef, ...] = ()
    edited_at: int = 0
    deleted_at: int = 0


@dataclass(slots=True)
class Album:
    """An album of which a batch brings parts: what stood there (`message_id` 0 = nothing yet), and what comes."""

    key: Key
    once: str
    message_id: int = 0
    stood: dict[str, str] = field(default_factory=dict)
    come: dict[str, Part] = field(default_factory=dict)

    def takes(self, event: Message) -> None:
        """Take a part, unless it is there already."""
        if event.external_id not in self.stood:
            self.come.setdefault(event.external_id, Part(event.external_id, clean(event.text, TEXT_MOST), event.media))


def gather(session: Session, heard: Sequence[Got], threads: Mapping[Address, Thread]) -> tuple[list[Got], list[Album]]:
    """A batch with each new album as one message at its first part's place; what belongs to a message that stands is taken out of it."""
    albums = _albums(session, heard, threads)
    left: list[Got] = []
    for one in heard:
        key = _key(one)
        album = albums.get(key) if key else None
        if album is None or album.once == _once(one):
            left.append(one if album is None else replace(one, event=_whole(one.event, album)))
    return left, list(albums.values())


def _albums(session: Session, heard: Sequence[Got], threads: Mapping[Address, Thread]) -> dict[Key, Album]:
    albums: dict[Key, Album] = {}
    for one in heard:
        if key := _key(one):
            albums.setdefault(key, Album(key, _once(one)))
    there = {threads[key[:2]].conversation_id: key[:2] for key in albums if key[:2] in threads}
    given = {"conversations": list(there), "albums": [key[2] for key in albums]}
    for row in ask(session, _KNOWN, given) if there else ():
        album = albums.get((*there[row.conversation_id], row.album))
        if album is not None:
            album.message_id, album.once = row.message_id, ""
            album.stood[row.external_id] = row.text
    for one in heard:
        if key := _key(one):
            assert isinstance(one.event, Message)
            albums[key].takes(one.event)
    return albums


def _key(got: Got) -> Key | None:
    event = got.event
    return (got.account, event.sender.external_id, event.album) if isinstance(event, Message) and event.album and event.external_id else None


def _once(got: Got) -> str:
    return f"event:{got.event_id}:{got.place}"


def _whole(event: Any, album: Album) -> Message:
    """The first part with the words and files of all that came with it."""
    whole: Message = replace(event, text=_words({one.external_id: one.text for one in album.come.values()}), media=_files(album.come.values()))
    return whole


def _words(texts: Mapping[str, str]) -> str:
    """The words of all parts in the order in which the platform numbered them."""
    return clean("\n".join(texts[name] for name in sorted(texts, key=lambda name: (len(name), name)) if texts[name]), TEXT_MOST)


def _files(parts: Iterable[Part]) -> tuple[MediaRef, ...]:
    return tuple(ref for one in sorted(parts, key=lambda part: (len(part.external_id), part.external_id)) for ref in one.media)


def settle_albums(session: Session, albums: Sequence[Album], messages: Sequence[dict[str, Any]], threads: Mapping[Address, Thread], *, now: int) -> None:
    """Keep the parts that came; `messages` are the rows that the batch has written. What an edit said of a part before it came is done to it now."""
    numbers = {row["once"]: row["id"] for row in messages}
    for album in albums:
        if not album.come:
            continue
        grows, thread = album.message_id > 0, threads[album.key[:2]]
        album.message_id = album.message_id or numbers[album.once]
        edited = _edited_before(session, album)
        _keep(session, thread.conversation_id, album.key[2], album.message_id, album.come.values())
        if grows:
            _add_files(session, album.key[0], album.message_id, album.come.values())
        if grows or edited:
            _say(session, album.message_id, _words(album.stood | {one.external_id: one.text for one in album.come.values()}), edited)
        if grows:
            _show(session, album.message_id, thread.conversation_id, thread.rep_id, now=now)


def _edited_before(session: Session, album: Album) -> int:
    """Take the edits that waited for these parts; answers when the newest was made (0 = none)."""
    account, address, _ = album.key
    rows = ask(session, _WAITING, {"account": account, "address": address, "parts": list(album.come)})
    for row in rows:
        part = album.come[row.external_id]
        album.come[row.external_id] = replace(part, deleted_at=row.at) if row.gone else replace(part, text=row.text, edited_at=row.at)
    if rows:
        run(session, _DONE, {"ids": [row.id for row in rows]})
    return max((row.at for row in rows if not row.gone), default=0)


def _keep(session: Session, conversation_id: int, album: str, message_id: int, parts: Collection[Part]) -> None:
    ids = take_ids(session, len(parts))
    at = {"conversation_id": conversation_id, "album": album, "message_id": message_id}
    add_new(session, AlbumPart, [{"id": next(ids), **at, **_row(one)} for one in parts])


def _row(part: Part) -> dict[str, Any]:
    return {"external_id": part.external_id, "text": part.text, "edited_at": part.edited_at, "deleted_at": part.deleted_at}


def _add_files(session: Session, account: str, message_id: int, parts: Iterable[Part]) -> None:
    refs = _files(parts)
    ids = take_ids(session, len(refs))
    add(session, Attachment, [{"id": next(ids), "message_id": message_id, "account": account, **file_row(ref)} for ref in refs])
    if refs:
        wake(session, MEDIA)


def file_row(ref: MediaRef) -> dict[str, Any]:
    """What is kept of a file besides whose it is."""
    return {"kind": ref.kind.value, "ref": ref.ref, "name": clean_name(ref.name), "mime": ref.mime, "size": ref.size}


def _say(session: Session, message_id: int, text: str, edited: int) -> None:
    """New words for the whole; a preview that shows the old ones shows these."""
    change(session, MessageRow, "id", [{"id": message_id, "text": text, **({"edited_at": edited} if edited else {})}])
    if text:
        run(session, _PREVIEW, {"message": message_id, "words": cut(text, PREVIEW)})


def _show(session: Session, message_id: int, conversation_id: int, rep_id: int | None, *, now: int) -> None:
    """The card, and the post of whoever has the conversation, grow by what came: neither is a further one."""
    posts = [Notice(NoticeKind.HEARD, message_id, f"heard:{message_id}", urgent=False)] if rep_id else []
    tell(session, [card(conversation_id), *posts], now=now)


def begins(session: Session, event: Message, conversation_id: int, message_id: int) -> None:
    """Note that a message is an album's first part, where it is one."""
    if event.album and event.external_id:
        _keep(session, conversation_id, event.album, message_id, [Part(event.external_id, clean(event.text, TEXT_MOST))])


def grown(session: Session, got: Got, event: Message, conversation_id: int, *, now: int) -> bool:
    """Add a part to its album where the album stands already; a part that is there too is not added again."""
    stands = session.scalars(select(AlbumPart).where(AlbumPart.conversation_id == conversation_id, AlbumPart.album == event.album)).all() if event.album else ()
    if not stands or not event.external_id:
        return False
    part, message_id = Part(event.external_id, clean(event.text, TEXT_MOST), event.media), stands[0].message_id
    if all(one.external_id != part.external_id for one in stands):
        _keep(session, conversation_id, event.album, message_id, [part])
        _add_files(session, got.account, message_id, [part])
        _say(session, message_id, _words({one.external_id: one.text for one in stands} | {part.external_id: part.text}), 0)
        tell(session, [card(conversation_id)], now=now)
    return True


def part_at(session: Session, account: str, address: str, external_id: str) -> AlbumPart | None:
    """The part of an album that the platform calls so."""
    threads = select(Conversation.id).join(Identity, Identity.id == Conversation.identity_id)
    for conversation_id in session.scalars(threads.where(Identity.account == account, Identity.external_id == address)).all():
        here = select(AlbumPart).where(AlbumPart.conversation_id == conversation_id, AlbumPart.external_id == external_id)
        if found := session.scalar(here):
            return found
    return None


def part_edited(session: Session, part: AlbumPart, text: str, at: int, *, now: int) -> None:
    """New words for one part; an older edit than the last one, and one that changes no word, change nothing."""
    if at < part.edited_at:
        return
    before, part.text, part.edited_at = part.text, text, at
    session.flush()
    if before != text:
        message = session.get_one(MessageRow, part.message_id)
        reworded(session, message, _words({one.external_id: one.text for one in _parts(session, part)}), at, now=now)


def part_deleted(session: Session, part: AlbumPart, at: int) -> bool:
    """Note that a part was taken back; answers whether nothing of the message is left."""
    part.deleted_at = part.deleted_at or at
    session.flush()
    return all(one.deleted_at for one in _parts(session, part))


def _parts(session: Session, part: AlbumPart) -> Sequence[AlbumPart]:
    return session.scalars(select(AlbumPart).where(AlbumPart.message_id == part.message_id)).all()


def is_album(session: Session, message_id: int) -> bool:
    """Whether a message was sent as an album, so that more of it may come."""
    return session.scalar(select(AlbumPart.id).where(AlbumPart.message_id == message_id).limit(1)) is not None
