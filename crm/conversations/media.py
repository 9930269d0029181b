"""Media: the bytes of files. A message is stored before its file is fetched; whatever shows the file waits until the bytes are here, or surely are not."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.errors import NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import Say
from crm.base.time import SECOND
from crm.base.wakes import send_topic, wake
from crm.conversations.threads import Attachment, Conversation, MediaState, Message
from crm.outbox.deliveries import Delivery
from crm.outbox.payload import pack, unpack, without_media

TRIES = 5
CHUNK = 64 * 1024
SIZE_MOST = 20 * 1024 * 1024
ORPHAN_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file still to be fetched from an account."""

    attachment_id: int
    account: str
    ref: MediaRef


def wanted(session: Session, *, now: int, limit: int = 20) -> list[Wanted]:
    """The files still to be fetched, an attempt counted on each and the next one put off."""
    rows = session.scalars(
        select(Attachment).where(Attachment.state == MediaState.WAITING.value, Attachment.due_at <= now).order_by(Attachment.due_at, Attachment.id).limit(limit)
    ).all()
    for row in rows:
        row.attempts += 1
        row.due_at = now + SECOND * 4**row.attempts
    session.flush()
    return [Wanted(row.id, row.account, MediaRef(MediaKind(row.kind), row.ref, row.name, row.mime, row.size)) for row in rows]


def arrived(session: Session, attachment_id: int, path: str, size: int, *, now: int) -> tuple[str, str]:
    """The bytes are here: what waited for them may leave. Answers the account and address of the thread that shows the file."""
    attachment = session.get_one(Attachment, attachment_id)
    if attachment.ref or attachment.state != MediaState.MISSING:  # else it was erased while its bytes came
        attachment.path, attachment.size, attachment.state = path, size, MediaState.READY.value
        session.flush()
        _release(session, attachment_id, now=now, size=size)
    row = session.execute(
        select(Conversation.account, Conversation.address).join(Message, Message.conversation_id == Conversation.id).where(Message.id == attachment.message_id)
    ).one()
    return row.account, row.address


def here(session: Session, message_id: int, path: str, size: int, *, now: int) -> None:
    """The file of a message was here before the message was written."""
    arrived(session, session.scalars(select(Attachment.id).where(Attachment.message_id == message_id)).one(), path, size, now=now)


def missing(session: Session, attachment_id: int, *, now: int, for_good: bool) -> bool:
    """The bytes could not be had; after five tries what waited leaves with a line in their place. Answers whether they are given up."""
    attachment = session.get_one(Attachment, attachment_id)
    if attachment.attempts < TRIES and not for_good:
        return False
    attachment.state = MediaState.MISSING.value
    session.flush()
    instead = f"[{attachment.kind}: {attachment.name}]" if attachment.name else f"[{attachment.kind}]"
    _release(session, attachment_id, now=now, instead=instead)
    return True


def _release(session: Session, attachment_id: int, *, now: int, instead: str = "", size: int = 0) -> None:
    """What waited may leave: with the file, whose true size decides how, or with words instead of it."""
    waiting = session.scalars(select(Delivery).where(Delivery.needs_media == attachment_id)).all()
    for delivery in waiting:
        outbound = unpack(delivery.payload or "{}")
        if instead and isinstance(outbound, Say):
            delivery.payload = pack(without_media(outbound, instead))
        elif isinstance(outbound, Say) and outbound.media and outbound.media.size != size:
            delivery.payload = pack(replace(outbound, media=replace(outbound.media, size=size)))
        delivery.needs_media = 0
        delivery.due_at = max(delivery.due_at, now) if delivery.due_at > now else now
    session.flush()
    wake(session, *{send_topic(delivery.account) for delivery in waiting})


def refetch(session: Session, attachment_id: int) -> None:
    """Try a missing file again."""
    session.execute(update(Attachment).where(Attachment.id == attachment_id).values(state=MediaState.WAITING.value, attempts=0, due_at=0))


class TooLarge(Exception):
    """The file is larger than we take."""


class MediaFiles:
    """The folder of files, outside any web root; names are random, the sender's name is only data."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweep()

    def _sweep(self) -> None:
        """Half-written files of a process that died; one that another process may be writing now is younger."""
        for part in self._folder.glob("*.part"):
            if _is_old(part):
                part.unlink(missing_ok=True)

    async def save(self, stream: AsyncIterator[bytes], *, doubtful: bool = False) -> tuple[str, int]:
        """Write a stream to a new file and answer its name and size; nothing half-written is left behind.

        A `doubtful` one is kept only if a message shows it in an hour: whoever knows sooner calls `sure` or `drop`.
        """
        name = secrets.token_hex(16)
        part, size = self._folder / f"{name}.part", 0
        if doubtful:
            self._doubt(name).touch(mode=0o600)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            async for chunk in stream:
                size += len(chunk)
                if size > SIZE_MOST:
                    raise TooLarge
                await asyncio.to_thread(_write_all, handle, chunk)
            await asyncio.to_thread(os.fsync, handle)
        except BaseException:
            part.unlink(missing_ok=True)
            self.sure(name)
            raise
        finally:
            os.close(handle)
        part.rename(self._folder / name)
        return name, size

    def drop(self, name: str) -> None:
        """Take a file away that nothing shows."""
        (self._folder / name).unlink(missing_ok=True)
        self.sure(name)

    def sure(self, name: str) -> None:
        """A file is not in doubt any more."""
        self._doubt(name).unlink(missing_ok=True)

    async def tidy(self) -> int:
        """Take away the files that were in doubt an hour ago and are shown by no message; answers how many."""
        old = await asyncio.to_thread(lambda: [doubt.stem for doubt in self._folder.glob("*.doubt") if _is_old(doubt)])
        shown = await self._store.read(_shown(old)) if old else set[str]()
        for name in old:
            self.sure(name) if name in shown else self.drop(name)
        return len(set(old) - shown)

    def _doubt(self, name: str) -> Path:
        return self._folder / f"{name}.doubt"

    @asynccontextmanager
    async def open(self, attachment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of a file whose media is ready."""
        path = await self._store.read(path_of(attachment_id))
        file = await asyncio.to_thread((self._folder / path).open, "rb")
        try:
            yield self._chunks(file.read)
        finally:
            file.close()

    async def _chunks(self, read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(read, CHUNK):
            yield chunk


def _is_old(path: Path) -> bool:
    """Whether nobody can be writing what this file stands for any more."""
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime > ORPHAN_SECONDS
    return False


def _shown(names: Sequence[str]) -> Callable[[Session], set[str]]:
    """The question which of these files belong to messages."""
    return lambda session: set(session.scalars(select(Attachment.path).where(Attachment.path.in_(names))))


def _write_all(handle: int, chunk: bytes) -> None:
    """Write every byte: near a full disk the system may take a part and say so only by a number."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(handle, rest) :]


def path_of(attachment_id: int) -> Callable[[Session], str]:
    """The question under which name a file is kept; raises NotFound when its bytes are not here."""

    def ask(session: Session) -> str:
        attachment = session.get(Attachment, attachment_id)
        if attachment is None or attachment.state != MediaState.READY:
            raise NotFound("the file is not here")
        return attachment.path

    return ask
