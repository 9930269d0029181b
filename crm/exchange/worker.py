"""Reading a file in a process of its own, with little memory and little time: what is in a file can hurt nothing else.

The process prints a line of JSON: {"kind", "header", "how"}, or {"refused"}; then a line of JSON for each row.
"""

import json
import resource
import sys
from contextlib import suppress
from pathlib import Path

from crm.base.errors import Invalid
from crm.exchange.chats import packed_file, whole_file
from crm.exchange.delimited import codec_of, read_text
from crm.exchange.grid import Grid, Unreadable
from crm.exchange.telegram_chat import is_telegram, read_telegram
from crm.exchange.vcards import is_vcards, read_vcards
from crm.exchange.whatsapp_chat import is_whatsapp, read_whatsapp
from crm.exchange.xlsx import read_xlsx

_OLD_EXCEL, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"RIFF")


def open_grid(path: Path) -> Grid:
    """The table in a file, told by its first bytes and never by its name."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_ZIP):
        return _packed(path)
    if head.startswith(_OLD_EXCEL):
        raise Unreadable("it is an old Excel file: save it as .xlsx or as CSV")
    if head.startswith(_PICTURES):
        raise Unreadable("it is no table")
    if is_telegram(head):
        return read_telegram(whole_file(path))
    if is_vcards(head):
        return read_vcards(path)
    return read_whatsapp(whole_file(path)) if is_whatsapp(_words(head)) else read_text(path)


def _packed(path: Path) -> Grid:
    """What is in an archive: a chat as a messenger packs it, or else a workbook."""
    if telegram := packed_file(path, lambda name: name.rpartition("/")[2] == "result.json"):
        return read_telegram(telegram)
    if whatsapp := packed_file(path, lambda name: name.lower().endswith(".txt")):
        with whatsapp() as file:
            head = file.read(4096)
        if is_whatsapp(_words(head)):
            return read_whatsapp(whatsapp)
    return read_xlsx(path)


def _words(head: bytes) -> str:
    return head.decode(codec_of(head), "replace")


def confine(memory: int, seconds: int) -> None:
    """Take away what reading does not need: memory and time over a bound, new files, traces of a crash."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def main() -> None:
    """Read the file that the command line names."""
    path, memory, seconds = sys.argv[1:4]
    confine(int(memory), int(seconds))
    try:
        grid = open_grid(Path(path))
        _tell({"kind": grid.kind, "header": list(grid.header), "how": grid.how})
        for row in grid.rows:
            _tell(list(row))
    except (Invalid, MemoryError, RecursionError, ValueError, OSError) as error:
        _tell({"refused": str(error) if isinstance(error, Invalid) else "it cannot be read"})


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
