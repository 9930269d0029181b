"""Which thread a mail belongs to: signed plus-addresses and Message-IDs made and read back, ids out of headers, subjects without their `Re:`.

A token proves the thread, never the sender.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from channels.email.mail import clean_line

_SIGNATURE = 16
"""Base32 digits of a signature: 80 bits."""
_KEPT = re.compile(r"[a-z0-9]{0,16}")
_TOKEN = re.compile(rf"([tu])-([a-z0-9]{{0,16}})-([a-z0-9]{{0,16}})-([a-z2-7]{{{_SIGNATURE}}})")
_OUR_ID = re.compile(rf"([a-z0-9]{{1,16}})\.([a-z2-7]{{{_SIGNATURE}}})@[^@\s]+")
_ID = re.compile(r"<([^<>\s]{1,400})>")
_BARE_ID = re.compile(r"[^<>\s,;@]{1,200}@[^<>\s,;@]{1,200}")


class Purpose(StrEnum):
    """What a token is for: to answer in a thread, or to want no more offers."""

    THREAD = "t"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class Token:
    """What a signed address carries: the thread and the delivery it answers, both as the product named them."""

    thread: str
    ref: str
    purpose: Purpose = Purpose.THREAD


def make(token: Token, key: bytes) -> str:
    """Write a token as the plus-part of an address (at most 53 characters, any case reads back); raises ValueError for a name that does not fit."""
    if not _KEPT.fullmatch(token.thread) or not _KEPT.fullmatch(token.ref):
        raise ValueError("a thread's and a delivery's name are at most 16 of a-z and 0-9")
    return f"{token.purpose}-{token.thread}-{token.ref}-{_signature(_signed(token), key)}"


def address(mailbox: str, token: Token, key: bytes) -> str:
    """Put a token into a mailbox's address: `sales@shop.example` becomes `sales+t-c123-d456-…@shop.example`."""
    local, at, domain = mailbox.rpartition("@")
    return f"{local.partition('+')[0]}+{make(token, key)}{at}{domain}"


def read(address: str, keys: Sequence[bytes]) -> Token | None:
    """Read a signed token out of an address, whichever of the keys signed it."""
    plus = address.rpartition("@")[0].partition("+")[2].lower()
    for part in plus.split("+")[:8]:  # some forwarders add a plus-part of their own
        if found := _TOKEN.fullmatch(part):
            token = Token(found[2], found[3], Purpose(found[1]))
            if _proven(_signed(token), found[4], keys):
                return token
    return None


def first(addresses: Iterable[str], keys: Sequence[bytes]) -> Token | None:
    """Read the first token that any of the addresses carries."""
    return next((token for one in addresses if (token := read(one, keys))), None)


def plain(address: str) -> str:
    """Take a token of ours (signed or not) out of an address; a customer's own plus-part stays."""
    local, at, domain = address.lower().rpartition("@")
    base, *parts = local.split("+")
    kept = [part for part in parts if not _TOKEN.fullmatch(part)]
    return f"{'+'.join((base, *kept))}{at}{domain}"


def message_id(ref: str, domain: str, key: bytes) -> str:
    """Make the Message-ID of a delivery, without brackets: the same delivery always gets the same."""
    if not ref or not _KEPT.fullmatch(ref):
        raise ValueError("a delivery's name is at most 16 of a-z and 0-9")
    return f"{ref}.{_signature(f'id {ref}', key)}@{domain}"


def read_id(id_: str, keys: Sequence[bytes]) -> str:
    """Tell the delivery a Message-ID of ours stands for; empty = not ours."""
    found = _OUR_ID.fullmatch(id_.strip("<> ").lower())
    return found[1] if found and _proven(f"id {found[1]}", found[2], keys) else ""


def ids(header: str, most: int = 100) -> tuple[str, ...]:
    """Read the ids of a Message-ID, In-Reply-To or References header, without brackets, in order, each once; the last `most` of them."""
    found = _ID.findall(header) if "<" in header else _BARE_ID.findall(header)
    clean = (clean_line(one, 400) for one in found)
    return tuple(dict.fromkeys(one for one in clean if one))[-most:]


def _signed(token: Token) -> str:
    return f"{token.purpose} {token.thread} {token.ref}"


def _signature(words: str, key: bytes) -> str:
    made = hmac.new(key, b"dragoman mail " + words.encode(), hashlib.sha256).digest()
    return b32encode(made[:10]).decode().lower()


def _proven(words: str, signature: str, keys: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(_signature(words, key), signature) for key in keys)
