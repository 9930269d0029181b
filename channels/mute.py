"""What all accounts have in common that only tell us things: leads, calls, payments. Nothing can be said there."""

from collections import Counter
from collections.abc import AsyncIterator

from channels.base import Offsets
from crm.base.errors import NotFound
from crm.base.events import MediaRef
from crm.base.outbound import Limits, OpenMedia, Outbound, Reason, Receipt, Undeliverable, Window

A_CALL = "a call cannot be answered in writing; call back, or write on another channel"
A_FORM = "a form cannot be answered; use the phone or the e-mail it gave"
NOTHING_GOES = Limits(text=0, caption=0, buttons=0, label=0, knows=frozenset())


class Mute:
    """One such account; `counts` says how often its door let in and turned away. A subclass names `unanswered` and `fileless`, which its refusals say."""

    unanswered = "nothing can be said there"
    fileless = "it carries no files"

    def __init__(self, account: str, title: str) -> None:
        self._account, self._title = account, title
        self.counts: Counter[str] = Counter()

    @property
    def account(self) -> str:
        return self._account

    @property
    def title(self) -> str:
        return self._title

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """Tell that nothing can be sent: no text, no files, no edits."""
        return NOTHING_GOES

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Refuse: nobody reads there."""
        raise Undeliverable(Reason.UNSUPPORTED, self.unanswered)

    async def listen(self, offsets: Offsets) -> None:
        """Return at once: what is told is brought to us."""

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Refuse: there are no files."""
        raise NotFound(self.fileless)
        yield b""

    async def close(self) -> None:
        """Nothing is held open."""
