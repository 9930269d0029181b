"""A customer's program on nio, run by the interpreter beside the real server: does what it is told, a line of JSON each, and remembers what it saw."""

import asyncio
import base64
import json
import sys
from typing import Any

from nio import AsyncClient, Event, ReceiptEvent, SyncResponse, UploadResponse  # type: ignore[import-not-found]

Json = dict[str, Any]


class Program:
    """One account; `seen` are the events of its rooms, and the receipts as if they were events."""

    def __init__(self, url: str, user: str, token: str) -> None:
        self._client: Any = AsyncClient(url, user)
        self._client.access_token, self._client.user_id, self._client.device_id = token, user, "NIO"
        self.seen: list[Json] = []
        self._client.add_event_callback(self._event, Event)
        self._client.add_ephemeral_callback(self._receipt, ReceiptEvent)
        self._client.add_response_callback(self._synced, SyncResponse)
        self.synced = asyncio.Event()

    async def _synced(self, _: object) -> None:
        self.synced.set()

    async def _event(self, room: Any, event: Any) -> None:
        self.seen.append({"room": room.room_id, **event.source})

    async def _receipt(self, room: Any, event: Any) -> None:
        told = [{"on": one.event_id, "by": one.user_id} for one in event.receipts]
        self.seen.extend({"room": room.room_id, "type": "m.receipt", "sender": one["by"], "content": one} for one in told)

    async def follow(self) -> None:
        """Fetch for good."""
        await self._client.sync_forever(timeout=10_000, full_state=True)

    async def events(self, room: str) -> list[Json]:
        """What was seen in a room, or anywhere."""
        return [one for one in self.seen if room in ("", one["room"])]

    async def open(self, who: str, others: list[str] | None = None, encrypted: bool = False) -> str:
        """Open a room for two (or more)."""
        state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}] if encrypted else []
        made = await self._client.room_create(is_direct=True, invite=[who, *(others or [])], initial_state=state)
        return str(made.room_id)

    async def send(self, room: str, type: str, content: Json) -> str:
        """Any event."""
        made = await self._client.room_send(room, type, content, ignore_unverified_devices=True)
        return str(made.event_id)

    async def say(self, room: str, text: str, **more: Any) -> str:
        """A message."""
        return await self.send(room, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    async def upload(self, body: str, mime: str, name: str) -> str:
        """A file; answers its address."""
        data = base64.b64decode(body)
        made, _ = await self._client.upload(lambda *_: data, content_type=mime, filename=name, filesize=len(data))
        assert isinstance(made, UploadResponse), made
        return str(made.content_uri)

    async def download(self, url: str) -> str:
        """The bytes of a file."""
        made = await self._client.download(mxc=url)
        return base64.b64encode(made.body).decode()

    async def redact(self, room: str, event: str) -> str:
        """Take back."""
        return str((await self._client.room_redact(room, event)).event_id)

    async def read(self, room: str, event: str) -> str:
        """Read up to an event."""
        return type(await self._client.update_receipt_marker(room, event)).__name__

    async def join(self, room: str) -> str:
        """Follow an invitation."""
        return str((await self._client.join(room)).room_id)

    async def leave(self, room: str) -> str:
        """Go."""
        return type(await self._client.room_leave(room)).__name__


async def main() -> None:
    """Do what comes in, until nothing does any more."""
    program = Program(*sys.argv[1:4])
    following = asyncio.create_task(program.follow())
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await program.synced.wait()
    while line := await reader.readline():
        asked = json.loads(line)
        try:
            told: Json = {"ok": True, "made": await getattr(program, asked.pop("deed"))(**asked)}
        except Exception as error:  # told to the test, which fails by it
            told = {"ok": False, "error": repr(error)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    following.cancel()


if __name__ == "__main__":
    asyncio.run(main())
