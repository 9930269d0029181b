"""Closed: an account people have written to that is no longer set up: what is to be said there fails at once and says why, instead of waiting."""

from crm.base.events import MediaKind
from crm.base.outbound import Limits, OpenMedia, Outbound, Reason, Receipt, Undeliverable, Window

ANY_SIZE = 1 << 62


class Closed:
    """Carries nothing. Whoever sent it is told, and what serves a customer goes on to their next channel; nobody is unreachable once the account is back."""

    def __init__(self, account: str) -> None:
        self.account = account

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """Take everything, so that each is refused for the one true reason."""
        return Limits(edits=True, needs_inbound=False, templates=True, media=frozenset(MediaKind), media_size=ANY_SIZE)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Refuse."""
        raise Undeliverable(Reason.CLOSED)
