"""What the console knows of a bot: who Telegram says it is. `main.py` passes in how to ask, because the console knows no channel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class BotFacts:
    """A bot as Telegram knows it; `webhook` is the address, without its path, that gets its updates ("" = none)."""

    username: str
    webhook: str = ""

    def comes_to(self, public_url: str) -> bool:
        """Whether the webhook is our own: it leads to the address people type."""
        return bool(self.webhook) and _host(self.webhook) == _host(public_url)


CheckToken = Callable[[str, str, str], Awaitable[BotFacts | str]]
"""Asks Telegram about a token, by a Bot API server and a proxy ("" = none); answers the bot, or the reason why not, which never holds the token."""


def _host(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def masked(secret: str) -> str:
    """A secret as it may be shown: its last four characters, none of a short one."""
    return "••••" + (secret[-4:] if len(secret) >= 12 else "") if secret else ""


def masked_address(address: str) -> str:
    """An address without the password in it."""
    password = urlsplit(address).password
    return address.replace(f":{password}@", ":••••@") if password else address


def same_bot(one: str, other: str) -> bool:
    """Whether two tokens are of one bot: its number stands before the colon."""
    return bool(one and other) and one.split(":", maxsplit=1)[0] == other.split(":", maxsplit=1)[0]
