"""Chats: what two messengers' exports of old conversations have in common: the columns their readers tell, and files inside an archive; pure."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from crm.base.text import clean
from crm.exchange.grid import Cells, Unreadable

WHATSAPP, TELEGRAM = "whatsapp", "telegram"
KINDS = frozenset({WHATSAPP, TELEGRAM})
HEADER = ("chat", "title", "at", "from", "side", "text", "nth")
THEM, US = "them", "us"
"""Whose words they are, where the export itself tells."""
TEXT_MOST, NAME_MOST, UNPACKED_MOST = 4000, 80, 64 * 1024 * 1024
FILE = "📎"
Opening = Callable[[], BinaryIO]


def row(chat: str, title: str, at: str, who: str, side: str, text: str, nth: int) -> Cells:
    """One message as a row; `at` are seconds since 1970 or a local time, `nth` tells equal words of one minute apart."""
    return (chat[:NAME_MOST], clean(title, NAME_MOST), at, clean(who, NAME_MOST), side, clean(text, TEXT_MOST).strip(), str(nth))


def numbered(rows: Iterator[tuple[str, str, str, str, str, str]]) -> Iterator[Cells]:
    """The rows, equal ones of a chat told apart by their order, so that the same export brought in again is the same."""
    seen: dict[tuple[str, str, str], int] = {}
    last = ""
    for chat, title, at, who, side, text in rows:
        if f"{chat} {at}" != last:  # only what was said at one moment can be equal, and exports go by time
            seen.clear()
            last = f"{chat} {at}"
        nth = seen[chat, who, text] = seen.get((chat, who, text), -1) + 1
        yield row(chat, title, at, who, side, text, nth)


def whole_file(path: Path) -> Opening:
    """What opens a file that is no archive."""
    return lambda: path.open("rb")


def packed_file(path: Path, wanted: Callable[[str], bool]) -> Opening | None:
    """What opens the first file of an archive with a wanted name; None where there is none. An archive that lies of its size is cut off while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = next((one for one in archive.infolist() if not one.is_dir() and wanted(one.filename)), None)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Unreadable("it cannot be unpacked") from error
    if found is None:
        return None
    if found.flag_bits & 0x1 or found.file_size > UNPACKED_MOST:
        raise Unreadable("it unpacks to too much")
    name = found.filename

    def opened() -> BinaryIO:
        return io.BufferedReader(_Bounded(path, name))

    return opened


class _Bounded(io.RawIOBase):
    """A file of an archive, as long as it is not larger than we take."""

    def __init__(self, path: Path, name: str) -> None:
        self._archive = zipfile.ZipFile(path)
        self._file, self._left = self._archive.open(name), UNPACKED_MOST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._file.read(len(buffer))
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise Unreadable("it cannot be read") from error
        self._left -= len(piece)
        if self._left < 0:
            raise Unreadable("it unpacks to too much")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._archive.close()
        super().close()
