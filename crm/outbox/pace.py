"""The one limiter: how fast an account, and one chat on it, may be written to. Held by the sender that holds the account's lease."""

import json
from collections import Counter, deque
from collections.abc import Callable
from math import ceil

from crm.base.outbound import Limits, Tempo
from crm.base.time import SECOND

BREATH = 30 * SECOND
AHEAD = SECOND / 2
"""How far an account may run ahead of an even stream, in milliseconds: half a second's worth leaves at once, the rest by handfuls of half as many."""


class Pace:
    """Counts what left in the last second per account, spaces it, and paces each chat; instants are passed in.

    What was claimed counts at once, and is dated when it is handed over: a loop that lags between the two must not put two seconds' worth into one.
    """

    def __init__(self) -> None:
        self._claimed = 0
        self._sent: deque[int] = deque()
        self._even = 0.0
        self._chats: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._seen = 0
        self.held_until = 0

    def room(self, limits: Limits, now: int) -> int:
        """How many may leave now."""
        back = max(self._seen, self._sent[-1] if self._sent else 0) - now
        self._seen = now
        if back > SECOND:  # the clock was set back
            self._set_back(back)
        if now < self.held_until:
            return 0
        while self._sent and self._sent[0] < now - SECOND:  # whole milliseconds: one more of them, or a full second may not have passed
            self._sent.popleft()
        every = SECOND / limits.account_rate
        spaced = int((now + max(AHEAD, every) - max(self._even, now)) / every)
        return max(0, min(int(limits.account_rate) - len(self._sent), spaced) - self._claimed)

    def _set_back(self, by: int) -> None:
        """What was counted on the old clock is forgotten; what a platform asked for lasts as long as it would have."""
        self._sent, self._even, self._chats = deque(), 0.0, {}
        self.held_until -= by
        self._held = {chat: until - by for chat, until in self._held.items()}

    def free_at(self, limits: Limits, now: int) -> int:
        """The instant at which there is room again for half of what may leave at once, so that a stream leaves by handfuls."""
        if now < self.held_until:
            return self.held_until
        if self.room(limits, now):
            return now
        every = SECOND / limits.account_rate
        spaced = ceil(self._even - max(AHEAD, every) + max(AHEAD / 2, every))
        full = self._sent[0] + SECOND + 1 if len(self._sent) >= int(limits.account_rate) else now
        return max(now, spaced, full)

    def busy(self, limits: Limits, now: int) -> dict[str, int]:
        """The chats that must wait, and until when. A chat may run `chat_burst` ahead of one message every `chat_every` seconds."""
        self._chats = {chat: ready for chat, ready in self._chats.items() if ready > now}
        self._held = {chat: until for chat, until in self._held.items() if until > now}
        waits = self._before(limits, now, lambda tempo: tempo.burst - 1)
        return waits | {chat: max(until, waits.get(chat, 0)) for chat, until in self._held.items()}

    def spent(self, limits: Limits, now: int) -> dict[str, int]:
        """The chats that have used half of their burst, and when they have it again: what nobody waits for leaves the rest to replies and news."""
        return self._before(limits, now, lambda tempo: tempo.burst // 2)

    def _before(self, limits: Limits, now: int, ahead: Callable[[Tempo], int]) -> dict[str, int]:
        """The chats that have run further ahead than so many messages, and until when."""
        if limits.tempo is None:
            room = ahead_of(Tempo(limits.chat_every, limits.chat_burst), ahead)
            return {chat: ready - room for chat, ready in self._chats.items() if ready - room > now}
        rooms = ((chat, ready, ahead_of(limits.tempo(chat), ahead)) for chat, ready in self._chats.items())
        return {chat: ready - room for chat, ready, room in rooms if ready - room > now}

    def claimed(self, address: str, limits: Limits, now: int) -> None:
        """Count one that is about to leave."""
        self._claimed += 1
        every = limits.tempo(address).every if limits.tempo else limits.chat_every
        self._chats[address] = max(self._chats.get(address, 0), now) + int(every * SECOND)

    def leaves(self, limits: Limits, now: int) -> None:
        """Date one that was claimed and leaves at this instant."""
        self._claimed -= 1
        self._sent.append(now)
        self._even = max(self._even, now) + SECOND / limits.account_rate

    def left(self, now: int, behind: int, more: int) -> str:
        """What the next sender must know, on the clock that leases go by, which is `behind` ms before ours; `more` leave now."""
        counts = Counter(at for at in (*self._sent, *[now] * (more + self._claimed)) if at >= now - SECOND)
        return json.dumps([self.held_until - behind if self.held_until > now else 0, *([at - behind, n] for at, n in sorted(counts.items()))])

    def inherit(self, left: str, behind: int) -> None:
        """Go on where the last sender of the account left off."""
        if left:
            held, *recent = json.loads(left)
            self.hold_account(held + behind if held else 0)
            self._sent = deque(sorted([*self._sent, *(at + behind for at, n in recent for _ in range(n))]))

    def hold(self, address: str, until: int, now: int) -> None:
        """The platform asked one chat to wait; when it asks two at once, the account takes a short breath too."""
        if any(chat != address for chat, held in self._held.items() if held > now):
            self.hold_account(min(until, now + BREATH))
        self._held[address] = max(until, self._held.get(address, 0))

    def hold_account(self, until: int) -> None:
        """The platform asked the whole account to wait."""
        self.held_until = max(self.held_until, until)


def ahead_of(tempo: Tempo, ahead: Callable[[Tempo], int]) -> int:
    """How many milliseconds ahead of its tempo a chat may run."""
    return int(tempo.every * SECOND) * ahead(tempo)
