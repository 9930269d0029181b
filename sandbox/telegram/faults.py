"""The ways in which the Bot API server misbehaves when it is told to."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sandbox.telegram.shapes import Json, Refusal

REFUSING = {
    "400": "Bad Request: refused by the sandbox",
    "403": "Forbidden: bot was blocked by the user",
    "409": "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    "500": "Internal Server Error",
}
KINDS = frozenset([*REFUSING, "429", "hang", "drop", "drop_after", "slow", "duplicate", "garbage"])


@dataclass(slots=True)
class Fault:
    """One rule: which requests it fits and what happens to them."""

    number: int
    kind: str
    bot: str | None = None
    chat: int | None = None
    method: str | None = None
    left: int | None = 1
    seconds: float = 1.0
    description: str | None = None

    def fits(self, bot: str, chat: int | None, method: str) -> bool:
        """Tells whether the rule speaks of this request."""
        if self.left == 0:
            return False
        wanted = (self.bot in {None, bot}, self.chat in {None, chat}, self.method is None or self.method.lower() == method.lower())
        return all(wanted)

    def use(self) -> None:
        """Counts one use."""
        if self.left is not None:
            self.left -= 1

    def refusal(self) -> Refusal:
        """The refusal of a rule that answers with a code."""
        return Refusal(int(self.kind), self.description or REFUSING[self.kind])

    def shown(self) -> Json:
        """The rule as the human side lists it; `left` is null for one that lasts until removed."""
        return {name: value for name, value in asdict(self).items() if value is not None or name == "left"}


class Faults:
    """The rules in force, oldest first, and the chats that still pay for a 429."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._rules: list[Fault] = []
        self._penalties: list[tuple[Fault, str, int | None, float]] = []
        self._count = 0

    def add(self, kind: str, count: int, **details: object) -> Fault:
        """Adds a rule for `count` uses, without end when `count` is 0."""
        self._count += 1
        fault = Fault(self._count, kind, left=count or None, **details)  # type: ignore[arg-type]
        self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Removes every rule and every penalty."""
        self._rules.clear()
        self._penalties.clear()

    def listed(self) -> list[Fault]:
        """The rules still in force."""
        return list(self._rules)

    def take(self, bot: str, chat: int | None, method: str) -> Fault | None:
        """Uses up the first rule that fits a request; raises the refusal where that rule is a 429 or an earlier one lasts."""
        self._keep_penalties(bot, chat, method)
        fault = self._use(bot, chat, method, duplicates=False)
        if fault is not None and fault.kind == "429":
            self._penalties.append((fault, bot, chat, self._now() + fault.seconds))
            raise too_many(fault.seconds, fault.description)
        return fault

    def take_duplicate(self, bot: str, method: str = "getUpdates") -> bool:
        """Tells whether the updates just handed to a bot come once more."""
        return self._use(bot, None, method, duplicates=True) is not None

    def _use(self, bot: str, chat: int | None, method: str, *, duplicates: bool) -> Fault | None:
        for fault in self._rules:
            if (fault.kind == "duplicate") == duplicates and fault.fits(bot, chat, method):
                fault.use()
                self._rules = [rule for rule in self._rules if rule.left != 0]
                return fault
        return None

    def _keep_penalties(self, bot: str, chat: int | None, method: str) -> None:
        now = self._now()
        self._penalties = [penalty for penalty in self._penalties if penalty[3] > now]
        for fault, of_bot, of_chat, until in self._penalties:
            same_method = fault.method is None or fault.method.lower() == method.lower()
            if (of_bot, of_chat) == (bot, chat) and same_method:
                raise too_many(until - now, fault.description)


def too_many(seconds: float, description: str | None = None) -> Refusal:
    """A 429; Telegram names whole seconds, so a part of one counts as one."""
    wait = max(1, math.ceil(seconds))
    return Refusal(429, description or f"Too Many Requests: retry after {wait}", retry_after=wait)
