"""A resident of the town: one person on one platform, as the play page and the walks know them."""

from abc import ABC, abstractmethod
from typing import Any

Line = dict[str, Any]


class Resident(ABC):
    """Somebody who writes to the firm on one platform; `lines` is what their screen shows, the oldest first."""

    @abstractmethod
    async def say(self, text: str) -> None: ...

    @abstractmethod
    def lines(self) -> list[Line]: ...
