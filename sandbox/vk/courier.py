"""Brings what happened to a webhook: in order while it goes well, again when it was not taken, as long as the platform has patience."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout


@dataclass(frozen=True, slots=True)
class Letter:
    """One body on its way."""

    body: bytes
    tries: int = 0


class Place(Protocol):
    """Where letters go: the address ("" = nowhere yet), the headers, and whether an answer means that a letter was taken."""

    @property
    def url(self) -> str: ...

    def headers(self) -> Mapping[str, str]: ...

    def taken(self, status: int, words: str) -> bool: ...


@dataclass(slots=True)
class Pace:
    """Seconds: how soon what was not taken is brought again, how long an answer may take; and how often it is brought at most."""

    again: float = 1.0
    patience: float = 10.0
    tries: int = 20


class Courier:
    """A queue of bodies to one place; `held` keeps them back until they are let go."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.pace = Pace()
        self.held: list[bytes] | None = None
        self.brought: list[tuple[int, bytes]] = []
        self.given_up: list[bytes] = []
        self._waiting: deque[Letter] = deque()
        self._rung, self._idle = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._idle.set()

    def post(self, body: bytes) -> None:
        """Have a body brought."""
        if self.held is not None:
            self.held.append(body)
            return
        self._waiting.append(Letter(body))
        self._idle.clear()
        self._rung.set()

    def release(self, *, shuffled: bool = False, twice: bool = False) -> int:
        """Let go what was held; the other way round or two times where asked. Answers how many letters it was."""
        letters, self.held = self.held or [], None
        for body in letters[::-1] if shuffled else letters:
            for _ in range(2 if twice else 1):
                self.post(body)
        return len(letters)

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
        """Wait until everything has been taken or given up."""
        await self._idle.wait()

    def wake(self) -> None:
        """Look again: the address may be known now."""
        self._rung.set()

    async def _run(self) -> None:
        async with ClientSession(timeout=ClientTimeout(total=self.pace.patience)) as session:
            while True:
                while self._waiting and self._place.url:
                    letter = self._waiting.popleft()
                    if await self._bring(session, letter.body):
                        continue
                    if letter.tries + 1 >= self.pace.tries:
                        self.given_up.append(letter.body)
                        continue
                    self._waiting.appendleft(Letter(letter.body, letter.tries + 1))
                    await asyncio.sleep(self.pace.again)
                if not self._waiting:
                    self._idle.set()
                self._rung.clear()
                await self._rung.wait()

    async def _bring(self, session: ClientSession, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", **self._place.headers()}
        try:
            async with session.post(self._place.url, data=body, headers=headers) as answer:
                status, words = answer.status, await answer.text()
        except (ClientError, TimeoutError, OSError):
            status, words = 0, ""
        self.brought.append((status, body))
        return self._place.taken(status, words)
