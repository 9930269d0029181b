"""The breaker: an account whose platform has fallen silent rests, and is tried with one message at a time until it answers again."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from crm.base.durations import Durations
from crm.base.time import SECOND

log = logging.getLogger(__name__)
AFTER = 5
"""How many sendings in a row nobody knows the end of: each of them may be a message that never arrived, and the next would be one more."""
PATIENCE = 0.1
"""The part of the time a sending may take after which silence begins to tell."""


@dataclass(frozen=True, slots=True)
class Flight:
    """Something that is on its way: since when, whether it left to find out if the platform answers again, and whether it may take its time."""

    began: int
    probe: bool = False
    slow: bool = False


class Breaker:
    """Knows whether a platform answers; instants are passed in, in milliseconds."""

    def __init__(self, account: str, durations: Durations) -> None:
        self._account, self._durations = account, durations
        self._silent = self._tries = self._heard_at = 0

    @property
    def open(self) -> bool:
        """Whether the platform is taken to be away."""
        return self._silent >= AFTER

    def room(self, room: int, flying: Collection[Flight], now: int) -> int:
        """How many of `room` may leave: one at a time while open, none while too many hang and nothing was heard since they left."""
        if self.open:
            return 0 if any(flight.probe for flight in flying) else min(room, 1)
        late = now - int(self._durations.send * SECOND * PATIENCE)
        hanging = sum(1 for flight in flying if self._heard_at < flight.began <= late and not flight.slow)
        return 0 if hanging >= AFTER else room

    def landed(self, flight: Flight, heard: bool | None, *, now: int) -> int:
        """Note how a sending ended (`heard` None = it never reached the platform); answers until when the account rests (0 = it does not)."""
        if heard:
            if self.open:
                log.info("%s answers again", self._account)
            self._silent, self._tries, self._heard_at = 0, 0, now
            return 0
        if self.open:  # what left before tells nothing new; what was to find out and could not has not found out
            return self._rest(now) if flight.probe else 0
        if heard is None or flight.began < self._heard_at:
            return 0
        self._silent += 1
        if not self.open:
            return 0
        log.warning("%s has not said what became of %s messages: it is tried with one at a time", self._account, self._silent)
        return self._rest(now)

    def _rest(self, now: int) -> int:
        pause = min(self._durations.backoff_most, self._durations.backoff * 2 ** min(self._tries, 16))
        self._tries += 1
        return now + int(pause * SECOND)
