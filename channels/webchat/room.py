"""Who has a socket open: seats are counted, and a stir reaches every screen of a visitor."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from channels.webchat.lines import Frame
from channels.webchat.options import WebchatOptions
from channels.webchat.raw import Visitor

TOO_FAST = 4429
MALFORMED = 4400


class HangUp(Exception):
    """This socket is closed with a code and a word why."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(slots=True, eq=False)
class Session:
    """One open screen: what it shows by number and fingerprint, and what it has still to be told.

    An ordinary look reads what is above `base`, a deep one (after an edit of any age) what is above `start`.
    """

    socket: web.WebSocketResponse
    visitor: Visitor
    address: str
    base: int = 0
    start: int = 0
    known: dict[int, int] = field(default_factory=dict)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    deep: bool = False
    look: bool = False
    notices: deque[Frame] = field(default_factory=lambda: deque(maxlen=50))

    def stir(self, *, deep: bool) -> None:
        """Have the thread looked at again, the whole of it when `deep`."""
        self.look, self.deep = True, self.deep or deep
        self.stirred.set()

    def tell(self, frame: Frame) -> None:
        """Have a frame sent that is not part of the thread."""
        self.notices.append(frame)
        self.stirred.set()


class Room:
    """All open screens of this process."""

    def __init__(self, options: WebchatOptions) -> None:
        self._options = options
        self._seats: Counter[str] = Counter()
        self._sessions: dict[str, set[Session]] = {}

    def __len__(self) -> int:
        return self._seats.total()

    @contextmanager
    def seat(self, address: str) -> Iterator[None]:
        """Hold one seat; raises 503 when the house is full, 429 when this address has enough."""
        if self._seats.total() >= self._options.sockets:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"})
        if self._seats[address] >= self._options.sockets_per_address:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "30"})
        self._seats[address] += 1
        try:
            yield
        finally:
            self._seats[address] -= 1
            if not self._seats[address]:
                del self._seats[address]

    @contextmanager
    def joined(self, session: Session) -> Iterator[None]:
        """Count a screen in while it is open; raises HangUp when its visitor has too many."""
        mine = self._sessions.setdefault(session.visitor.id, set())
        if len(mine) >= self._options.sockets_per_visitor:
            raise HangUp(TOO_FAST, "too many windows")
        mine.add(session)
        try:
            yield
        finally:
            mine.discard(session)
            if not mine:
                self._sessions.pop(session.visitor.id, None)

    def of(self, visitor: str) -> tuple[Session, ...]:
        """List the open screens of one visitor."""
        return tuple(self._sessions.get(visitor, ()))

    def everyone(self) -> tuple[Session, ...]:
        """List all open screens."""
        return tuple(session for mine in self._sessions.values() for session in mine)
