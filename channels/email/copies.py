"""Copies of what we sent, for the owner's own mail program, where the provider lays none into Sent; a copy that cannot be laid down is let go."""

import asyncio
import logging
from collections import deque

from channels.email.box import Broken, Denied, Refused
from channels.email.line import enter
from channels.email.oauth import Keyring, Unanswered, Ungranted
from channels.email.options import EmailOptions

log = logging.getLogger(__name__)
_MOST = 100
"""Copies that wait; more are let go, since each may be as big as a mail."""


class Copies:
    """Lays copies down beside the sending, over one connection as long as there are any."""

    def __init__(self, options: EmailOptions, keyring: Keyring) -> None:
        self._options, self._keyring = options, keyring
        self._waiting: deque[bytes] = deque(maxlen=_MOST)
        self._work: asyncio.Task[None] | None = None

    def add(self, raw: bytes) -> None:
        """Have a copy laid down, where the owner asked for it."""
        if not self._options.copy_sent:
            return
        self._waiting.append(raw)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._lay())

    async def _lay(self) -> None:
        try:
            access = await self._keyring.access()
            line = await enter(self._options, access.secret, token=access.token)
            try:
                folder = self._options.sent_folder or await line.do(line.box.sent_folder)
                while self._waiting and folder:
                    await line.do(line.box.lay, folder, self._waiting.popleft())
            finally:
                line.close()
        except (Broken, Denied, Refused, Ungranted, Unanswered) as error:
            log.warning("%s: %d copies were not laid into Sent: %s", self._options.account, len(self._waiting), type(error).__name__)
            self._waiting.clear()

    async def close(self) -> None:
        """Let go of what waits."""
        if self._work and not self._work.done():
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
