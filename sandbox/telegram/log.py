"""Every request that a bot made, with what became of it."""

from collections.abc import Callable

from sandbox.telegram.shapes import Json


class RequestLog:
    """The requests answered so far, oldest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[Json] = []

    def add(self, bot: str, method: str, parameters: Json, answer: Json | None, fault: str | None = None) -> None:
        """Writes one request down; `answer` is None where the server did nothing and said nothing."""
        entry: Json = {"number": len(self._entries) + 1, "at": self._clock(), "bot": bot, "method": method, "parameters": parameters}
        entry |= {"answer": answer, "accepted": bool(answer and answer["ok"])}
        if fault is not None:
            entry["fault"] = fault
        self._entries.append(entry)

    def matching(self, bot: str | None, method: str | None, after: int) -> list[Json]:
        """The requests of one bot and one method, or of all, numbered above `after`."""
        return [entry for entry in self._entries[after:] if bot in {None, entry["bot"]} and (method is None or method.lower() == entry["method"].lower())]
