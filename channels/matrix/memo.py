"""The place in the stream of events, in a file of the folder that all nodes share: the server's word for it does not fit the number that the store keeps.

The store keeps an instant in the transaction of the events themselves. The word here is written after that and believed only while it is not ahead.
"""

import asyncio
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from channels.payload import Json, read, text, whole

log = logging.getLogger(__name__)
_TOLD_MOST = 5000


@dataclass(frozen=True, slots=True)
class Place:
    """Where we are: the server's word, and the instant up to which everything is kept that it covers."""

    since: str = ""
    at: int = 0


class Memo:
    """The file of one account; `told` are the rooms that have heard that we cannot read them."""

    def __init__(self, folder: Path, account: str) -> None:
        self._file = folder / "matrix" / f"{account.replace(':', '-')}.json"
        self.told: dict[str, None] = {}

    async def load(self) -> Place:
        """What stands there; nothing where it cannot be read."""
        try:
            found = read(await asyncio.to_thread(self._file.read_bytes))
        except FileNotFoundError:
            return Place()
        except (OSError, ValueError) as error:
            log.warning("the place of %s cannot be read: %s", self._file.stem, type(error).__name__)
            return Place()
        told = found.get("told")
        self.told = dict.fromkeys(one for one in told if isinstance(one, str)) if isinstance(told, list) else {}
        return Place(text(found, "since"), whole(found, "at"))

    async def save(self, place: Place) -> None:
        """Write it down whole or not at all; without it the last hour is asked for again, and known again."""
        while len(self.told) > _TOLD_MOST:
            self.told.pop(next(iter(self.told)))
        held: Json = {"since": place.since, "at": place.at, "told": list(self.told)}
        try:
            await asyncio.to_thread(_written, self._file, json.dumps(held).encode("ascii"))
        except OSError as error:
            log.warning("the place of %s cannot be written: %s", self._file.stem, type(error).__name__)


def _written(file: Path, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(body)
    os.replace(new, file)
