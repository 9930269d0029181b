"""Files: what a visitor sends waits here under a random id until it is fetched; what we send has a sealed address."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from io import BufferedWriter
from pathlib import Path

from aiohttp import web

from channels.http import refuse_compressed
from channels.webchat.options import WebchatOptions
from crm.base.errors import Invalid, NotFound
from crm.base.events import MediaKind, MediaRef
from crm.base.files import MIME, display_name, sniff
from crm.base.outbound import Media
from crm.base.webhooks import media_type

_ID = re.compile(r"[A-Za-z0-9_-]{32}")
_CHUNK = 65_536
_SLOWEST = 300.0
_KEPT_SECONDS = 7 * 86_400


class Uploads:
    """The directory of what visitors sent: files under random ids, mode 0600, each with a slip saying whose it is."""

    def __init__(self, options: WebchatOptions) -> None:
        self._options, self._folder = options, options.uploads

    async def take(self, request: web.Request, visitor: str) -> MediaRef:
        """Stream a body to disk; raises 413 over the size, 507 when the directory is full, 408 when it takes too long."""
        refuse_compressed(request)
        if (request.content_length or 0) > self._options.file_size:
            raise web.HTTPRequestEntityTooLarge(max_size=self._options.file_size, actual_size=request.content_length or 0)
        if await asyncio.to_thread(self._tidy) + self._options.file_size > self._options.uploads_total:
            raise web.HTTPInsufficientStorage
        name = secrets.token_urlsafe(24)
        partial = self._folder / f"{name}.part"
        try:
            async with asyncio.timeout(_SLOWEST):
                head, size = await self._write(partial, request)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        else:
            ref = self._describe(name, request, head, size)
            await asyncio.to_thread(self._settle, partial, ref, visitor)
            return ref
        finally:
            partial.unlink(missing_ok=True)

    async def _write(self, partial: Path, request: web.Request) -> tuple[bytes, int]:
        head, size = b"", 0
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            async for chunk in request.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > self._options.file_size:
                    raise web.HTTPRequestEntityTooLarge(max_size=self._options.file_size, actual_size=size)
                head = head if len(head) >= 16 else (head + chunk)[:16]
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_sync, file)
        return head, size

    def _describe(self, name: str, request: web.Request, head: bytes, size: int) -> MediaRef:
        if not size:
            raise web.HTTPBadRequest(text="an empty file")
        picture = sniff(head)
        claimed = said if MIME.fullmatch(said := media_type(request.headers)) else "application/octet-stream"
        kind = MediaKind.PHOTO if picture else MediaKind.DOCUMENT
        return MediaRef(kind, name, display_name(request.headers.get("X-Name", "")), picture or claimed, size)

    def _settle(self, partial: Path, ref: MediaRef, visitor: str) -> None:
        slip = os.open(self._folder / f"{ref.ref}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(slip, "w") as file:
            json.dump({"visitor": visitor, **asdict(ref)}, file)
        partial.rename(self._folder / ref.ref)

    def _tidy(self) -> int:
        """Drop what waited longer than a week; answers the bytes that stay."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest, total = time.time() - _KEPT_SECONDS, 0
        for entry in os.scandir(self._folder):
            about = entry.stat()
            total += about.st_size
            if about.st_mtime < oldest:
                Path(entry.path).unlink(missing_ok=True)
        return total

    async def claim(self, name: str, visitor: str) -> MediaRef:
        """Find an upload of this very visitor; raises Invalid."""
        slip = await asyncio.to_thread(self._slip, name)
        if slip.pop("visitor", "") != visitor:
            raise Invalid("no such file of this visitor")
        return MediaRef(MediaKind(str(slip["kind"])), name, str(slip["name"]), str(slip["mime"]), int(str(slip["size"])))

    def _slip(self, name: str) -> dict[str, object]:
        path = self._folder / f"{name}.json"
        if not _ID.fullmatch(name) or not path.exists():
            raise Invalid("no such file")
        slip: dict[str, object] = json.loads(path.read_bytes())
        return slip

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Give the bytes of an upload; raises NotFound."""
        path = self._folder / name
        if not _ID.fullmatch(name) or not path.exists():
            raise NotFound("that upload is gone")
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk


def _sync(file: BufferedWriter) -> None:
    file.flush()
    os.fsync(file.fileno())


class Seals:
    """Addresses of files on their way to a visitor: what the file is, signed, so that nobody can guess or change one."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"dragoman files " + (key or secrets.token_bytes(32))).digest()

    def seal(self, media: Media) -> str:
        """Write the path that leads to one of our files."""
        told = json.dumps([media.attachment_id, media.kind.value, media.mime, media.name[-80:], media.size]).encode()
        return f"/in/webchat/files/{_base64(told)}.{_base64(self._sign(told))}"

    def open(self, sealed: str) -> Media:
        """Read such a path's last part again; raises NotFound."""
        told, _, signature = sealed.partition(".")
        try:
            about, claimed = base64.urlsafe_b64decode(told + "=="), base64.urlsafe_b64decode(signature + "==")
        except ValueError:
            raise NotFound from None
        if not hmac.compare_digest(claimed, self._sign(about)):
            raise NotFound
        number, kind, mime, name, size = json.loads(about)
        return Media(number, MediaKind(kind), name, mime, size)

    def _sign(self, told: bytes) -> bytes:
        return hmac.new(self._key, told, hashlib.sha256).digest()[:24]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
