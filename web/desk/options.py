"""What an owner may set about the staff inbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crm.people.logins import SESSION_MS


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """Settings of the staff inbox; times in milliseconds, lengths in characters, sizes in bytes.

    `public_url` is the address people type (an https one makes cookies Secure). `letters` is the folder where `web-link` leaves links.
    `titles` are the channels' names, `sendable` the accounts that can carry an answer (empty = all). A session ends `lasts` after its last use.
    """

    letters: Path
    public_url: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    sendable: frozenset[str] = frozenset()
    lasts: int = SESSION_MS
    text: int = 10_000
    body: int = 131_072
    body_seconds: float = 10.0
    file: int = 20 * 1024 * 1024
    file_seconds: float = 300.0
    rows: int = 40
    lines: int = 100

    @property
    def secure(self) -> bool:
        """Whether people come over https."""
        return self.public_url.startswith("https://")
