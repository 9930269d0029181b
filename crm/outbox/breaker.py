"""The breaker: an account whose platform has fallen silent rests, and is tried with one message at a time until it answers again."""

import logging
from collections.abc import Collection

from crm.base.durations import Durations
from crm.base.time import SECOND

log = logging.getLogger(__name__)
AFTER = 5
"""How many sendings in a row nobody knows the end of: each of them may be a message that never arrived, and the next would be one more."""


class Breaker:
    """Knows whether a platform answers; instants are passed in, in milliseconds."""

    def __init__(self, account: str, durations: Durations) -> None:
        self._account, self._durations = account, durations
        self._silent = self._tries = self._heard_at = 0

    @property
    def open(self) -> bool:
        """Whether the platform is taken to be away."""
        return self._silent >= AFTER

    def room(self, room: int, flying: Collection[int], now: int) -> int:
        """How many of `room` may leave, where others left at the instants `flying`: one at a time while open, none while too many hang."""
        if self.open:
            return 0 if flying else min(room, 1)
        hanging = sum(1 for began in flying if self._heard_at < began <= now - int(self._durations.send * SECOND / 4))
        return 0 if hanging >= AFTER else room

    def landed(self, *, heard: bool, probe: bool, now: int) -> int:
        """Note how a sending ended, a `probe` where it left while open; answers until when the account rests (0 = it does not)."""
        if heard:
            if self.open:
                log.info("%s answers again", self._account)
            self._silent, self._tries, self._heard_at = 0, 0, now
            return 0
        before, self._silent = self.open, self._silent + 1
        if not self.open:
            return 0
        if not before:
            log.warning("%s has not said what became of %s messages: it is tried with one at a time", self._account, self._silent)
        elif not probe:
            return 0  # it left before the rest began: it tells nothing new
        pause = min(self._durations.backoff_most, self._durations.backoff * 2 ** min(self._tries, 16))
        self._tries += 1
        return now + int(pause * SECOND)
