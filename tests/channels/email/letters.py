"""The captured mails, and how a shop's mailbox reads them."""

from dataclasses import replace
from pathlib import Path

from channels.email.digest import digest
from channels.email.mail import Folder, Mail, write
from channels.email.parse import Reading, parse
from crm.base.events import Event

MAILS = Path(__file__).parent / "mails"
KEY = b"the key of the kettle"
STORED = "0123456789abcdef0123456789abcdef"
NOW = 1_791_800_000_000
READING = Reading(frozenset({"sales@shop.example"}), frozenset({"mx.shop.example"}), (KEY,))
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))


def letter(name: str) -> bytes:
    """The bytes of a captured mail."""
    return (MAILS / f"{name}.eml").read_bytes()


def read(name: str, folder: Folder = Folder.INBOX) -> Mail:
    """Its digest, as it would be kept."""
    return replace(digest(letter(name)), stored=STORED, folder=folder)


def told(name: str, folder: Folder = Folder.INBOX, reading: Reading = READING) -> Event:
    """The one event it makes."""
    (event,) = parse(write(read(name, folder)), reading, NOW)
    return event
