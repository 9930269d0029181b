"""Brings what happened to the webhook: signed, in order while it goes well, again when it was not taken."""

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout

from sandbox.meta.errors import Json


@dataclass(slots=True)
class Pace:
    """Seconds: how soon what was not taken is brought again, and how long an answer may take."""

    again: float = 1.0
    patience: float = 10.0
    longest: float = 30.0


class Courier:
    """A queue of bodies to one address; `held` keeps what happens back until it is let go as one body."""

    def __init__(self, where: Callable[[], str], secret: Callable[[], str], product: str = "whatsapp_business_account") -> None:
        self._where, self._secret, self._product = where, secret, product
        self.pace = Pace()
        self.held: list[Json] | None = None
        self.brought: list[tuple[int, bytes]] = []
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._rung, self._idle = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._idle.set()

    def add(self, entry: Json) -> None:
        """Something happened: one entry of an envelope."""
        if self.held is not None:
            self.held.append(entry)
        else:
            self.post(json.dumps({"object": self._product, "entry": [entry]}).encode())

    def post(self, body: bytes) -> None:
        """Have a body brought as it is."""
        self._waiting.append((body, 0))
        self._idle.clear()
        self._rung.set()

    def release(self, *, shuffled: bool = False, twice: bool = False) -> int:
        """Let go what was held as one body; the other way round or two times where asked. Answers how many entries it had."""
        entries, self.held = self.held or [], None
        if shuffled:
            entries = entries[::-1]
        if entries:
            body = json.dumps({"object": self._product, "entry": entries}).encode()
            for _ in range(2 if twice else 1):
                self.post(body)
        return len(entries)

    def open(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what waits is forgotten."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def idle(self) -> None:
        """Wait until everything has been taken."""
        await self._idle.wait()

    async def challenge(self, url: str, token: str) -> bool:
        """Ask an address whether it is the app's own."""
        asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        async with ClientSession(timeout=ClientTimeout(total=self.pace.patience)) as session:
            try:
                async with session.get(url, params=asked) as answer:
                    return answer.status == 200 and await answer.text() == "1158201444"
            except (ClientError, TimeoutError, OSError):
                return False

    async def _run(self) -> None:
        async with ClientSession(timeout=ClientTimeout(total=self.pace.patience)) as session:
            while True:
                while self._waiting and self._where():
                    body, tries = self._waiting.popleft()
                    if not await self._bring(session, body):
                        self._waiting.append((body, tries + 1))
                        await asyncio.sleep(min(self.pace.again * 2.0 ** min(tries, 16), self.pace.longest))
                if not self._waiting:
                    self._idle.set()
                self._rung.clear()
                await self._rung.wait()

    async def _bring(self, session: ClientSession, body: bytes) -> bool:
        mark = hmac.new(self._secret().encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mark}", "User-Agent": "facebookexternalua"}
        try:
            async with session.post(self._where(), data=body, headers=headers) as answer:
                status = answer.status
        except (ClientError, TimeoutError, OSError):
            status = 0
        self.brought.append((status, body))
        return status == 200

    def wake(self) -> None:
        """Look again: the address may be known now."""
        self._rung.set()
