"""How Viber brings what happened to a bot: signed, in order, again until it is taken; late, doubled or never when told so."""

import asyncio
import hashlib
import hmac
import json
from collections import deque

from aiohttp import ClientError, ClientSession, ClientTimeout

from sandbox.viber.world import Json, Person, ViberWorld

FIRST, LONGEST = 0.02, 1.0
"""Seconds until something refused is brought again, and at most."""
ALWAYS = ("message", "webhook")


class Courier:
    """Brings callbacks while the server runs."""

    def __init__(self, world: ViberWorld) -> None:
        self._world, self._news = world, asyncio.Event()
        self._outbox: deque[Json] = deque()
        self._held: list[Json] = []
        self._task: asyncio.Task[None] | None = None
        self._session: ClientSession | None = None
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def open(self) -> None:
        """Begin to bring."""
        self._session = ClientSession(timeout=ClientTimeout(total=60))
        self._task = asyncio.create_task(self._bring())

    async def close(self) -> None:
        """Stop; what was not taken stays."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session:
            await self._session.close()

    def tell(self, event: str, token: int, person: Person, more: Json | None = None) -> None:
        """Something happened; a bot hears of it if it asked for such events."""
        if event not in ALWAYS and event not in self._world.events:
            return
        body = self.event(event, token, more)
        if self._world.faults.take(person.id, "lost"):
            return
        if self._world.faults.take(person.id, "late"):
            self._held.append(body)
            return
        self._outbox.extend([body, body] if self._world.faults.take(person.id, "twice") else [body])
        self.quiet.clear()
        self._news.set()

    def event(self, event: str, token: int, more: Json | None = None) -> Json:
        """A callback's body."""
        return {"event": event, "timestamp": round(self._world.clock() * 1000), "message_token": token, **(more or {})}

    def release(self, *, turned: bool = False) -> None:
        """Let late events go, the newest first when `turned`."""
        self._outbox.extend(reversed(self._held) if turned else self._held)
        self._held.clear()
        self.quiet.clear()
        self._news.set()

    async def bring(self, body: Json, url: str = "") -> tuple[int, bytes]:
        """One callback, now; the status and the answer (0 = nobody answered)."""
        assert self._session
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "X-Viber-Content-Signature": signature(self._world.tokens[0], raw)}
        try:
            async with self._session.post(url or self._world.hook, data=raw, headers=headers) as answer:
                return answer.status, await answer.read()
        except (ClientError, TimeoutError, OSError):
            return 0, b""

    async def fetch(self, url: str, most: int) -> bytes | None:
        """A file that a message names; None where it cannot be had."""
        assert self._session
        try:
            async with self._session.get(url) as answer:
                return await answer.read() if answer.status == 200 and (answer.content_length or 0) <= most else None
        except (ClientError, TimeoutError, OSError):
            return None

    async def _bring(self) -> None:
        wait = FIRST
        while True:
            if not self._outbox or not self._world.hook:
                self._news.clear()
                if not self._outbox:
                    self.quiet.set()
                await self._news.wait()
            elif (await self.bring(self._outbox[0]))[0] == 200:
                self._outbox.popleft()
                wait = FIRST
            else:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST)


def signature(token: str, body: bytes) -> str:
    """The mark of a bot's token on a body."""
    return hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
