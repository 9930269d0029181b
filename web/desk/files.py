"""Files: what comes with an answer, streamed to disk under a random name while it is counted and told by its first bytes."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import BodyPartReader

from crm.base.errors import Invalid
from crm.base.events import MediaKind, MediaRef
from crm.base.files import MIME, display_name, sniff
from crm.conversations.media import SIZE_MOST, MediaFiles, TooLarge

ACCOUNT = "desk"
MB = 1024 * 1024
_CHUNK, _HEAD = 65_536, 16


class TooBig(Invalid):
    """The file is larger than we take; `detail` is how many megabytes that is."""


class Empty(Invalid):
    """The file has no bytes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that is here: `ref.ref` is the name it is kept under, `digest` tells it from any other."""

    ref: MediaRef
    digest: str


class _Reading:
    """A part of a form as it streams by."""

    def __init__(self, part: BodyPartReader, most: int) -> None:
        self._part, self._most = part, most
        self.head, self.size, self.sha = b"", 0, hashlib.sha256()

    async def chunks(self) -> AsyncIterator[bytes]:
        while not self._part.at_eof():
            chunk = await self._part.read_chunk(_CHUNK)
            self.size += len(chunk)
            if self.size > self._most:
                raise TooBig(str(self._most // MB))
            self.head = (self.head + chunk)[:_HEAD] if len(self.head) < _HEAD else self.head
            self.sha.update(chunk)
            if chunk:
                yield chunk


async def take(files: MediaFiles, part: BodyPartReader, most: int) -> Sent | None:
    """Keep the file in a part of a form, at most so many bytes, in doubt until its answer is written; None where nobody chose one.

    Raises `TooBig` or `Empty`, and then keeps nothing.
    """
    reading = _Reading(part, most)
    chunks = reading.chunks()
    first = await anext(chunks, b"")
    if not first:
        if part.filename:
            raise Empty
        return None
    try:
        path, size = await files.save(_with(first, chunks), doubtful=True)
    except TooLarge:
        raise TooBig(str(SIZE_MOST // MB)) from None
    mime = sniff(reading.head)
    claimed = part.headers.get("Content-Type", "").split(";")[0].strip().lower()
    kind = MediaKind.PHOTO if mime and mime != "image/gif" else MediaKind.DOCUMENT
    ref = MediaRef(kind, path, display_name(part.filename or ""), mime or (claimed if MIME.fullmatch(claimed) else "application/octet-stream"), size)
    return Sent(ref, reading.sha.hexdigest())


async def _with(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
