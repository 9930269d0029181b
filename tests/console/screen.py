"""A terminal of a test: answers in, what was shown out; and a Telegram that knows two bots."""

import io
from collections.abc import Sequence

from console.terminal import Terminal
from console.tokens import BotFacts

SHOP, DESK, HOOKED, FOREIGN = "111111:teapot-teapot", "222222:kettle-kettle", "333333:hooked-hooked", "444444:nobody-nobody"
BOTS = {SHOP: BotFacts("marani_bot"), DESK: BotFacts("marani_desk_bot"), HOOKED: BotFacts("marani_old_bot", "https://elsewhere.example")}


class Screen:
    """Answers given one by one, and everything shown."""

    def __init__(self, answers: Sequence[str]) -> None:
        self._shown = io.StringIO()
        self.terminal = Terminal(io.StringIO("".join(answer + "\n" for answer in answers)), self._shown)

    @property
    def text(self) -> str:
        """Everything shown so far."""
        return self._shown.getvalue()


class Telegram:
    """Answers about tokens and remembers how it was reached."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def check(self, token: str, server: str, proxy: str) -> BotFacts | str:
        self.asked.append((token, server, proxy))
        return BOTS.get(token, "Telegram does not know this token")
