"""The bytes of mails as they came, under names that say nothing."""

import os
import re
from pathlib import Path

from crm.base.errors import NotFound

_NAME = re.compile(r"[0-9a-f]{32}")


class Originals:
    """A folder with a file for each mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a mail lies; raises NotFound for what is no name."""
        if not _NAME.fullmatch(name):
            raise NotFound("no such mail")
        return self._folder / f"{name}.eml"

    def keep(self, name: str, raw: bytes) -> Path:
        """Write a mail down, on the disk before this returns; a repeat takes the place of what was there."""
        path, half = self.path(name), self._folder / f".{name}.{os.getpid()}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with half.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        return path
