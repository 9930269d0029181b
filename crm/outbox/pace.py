"""The one limiter: how fast an account, and one chat on it, may be written to. Held by the sender that holds the account's lease."""

import json
from collections import Counter, deque

from crm.base.outbound import Limits
from crm.base.time import SECOND

BREATH = 30 * SECOND


class Pace:
    """Counts what left in the last second per account and paces each chat; instants are passed in."""

    def __init__(self) -> None:
        self._sent: deque[int] = deque()
        self._chats: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self.held_until = 0

    def room(self, limits: Limits, now: int) -> int:
        """How many may leave now."""
        if now < self.held_until:
            return 0
        while self._sent and self._sent[0] <= now - SECOND:
            self._sent.popleft()
        return max(0, int(limits.account_rate) - len(self._sent))

    def free_at(self, limits: Limits, now: int) -> int:
        """The instant at which there is room again."""
        if now < self.held_until:
            return self.held_until
        return self._sent[0] + SECOND + 1 if self.room(limits, now) == 0 and self._sent else now

    def busy(self, limits: Limits, now: int) -> dict[str, int]:
        """The chats that must wait, and until when. A chat may run `chat_burst` ahead of one message every `chat_every` seconds."""
        every = int(limits.chat_every * SECOND)
        ahead = every * (limits.chat_burst - 1)
        self._chats = {chat: ready for chat, ready in self._chats.items() if ready > now}
        self._held = {chat: until for chat, until in self._held.items() if until > now}
        waits = {chat: ready - ahead for chat, ready in self._chats.items() if ready - ahead > now}
        return waits | {chat: max(until, waits.get(chat, 0)) for chat, until in self._held.items()}

    def spent(self, limits: Limits, now: int) -> dict[str, int]:
        """The chats that have used half of their burst, and when they have it again: what nobody waits for leaves the rest to replies and news."""
        half = int(limits.chat_every * SECOND) * (limits.chat_burst // 2)
        return {chat: ready - half for chat, ready in self._chats.items() if ready - half > now}

    def sent(self, address: str, limits: Limits, now: int) -> None:
        """Count one that leaves now."""
        self._sent.append(now)
        self._chats[address] = max(self._chats.get(address, 0), now) + int(limits.chat_every * SECOND)

    def left(self, now: int, behind: int, more: int) -> str:
        """What the next sender must know, on the clock that leases go by, which is `behind` ms before ours; `more` leave now."""
        counts = Counter(at for at in (*self._sent, *[now] * more) if at > now - SECOND)
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
