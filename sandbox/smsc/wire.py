"""SMPP 3.4 on the centre's side of the wire, written apart from the product's own reading of it."""

import struct
from dataclasses import dataclass, field

BIND_RX, BIND_TX, SUBMIT, DELIVER, UNBIND, BIND_TRX, ENQUIRE, NACK = 0x1, 0x2, 0x4, 0x5, 0x6, 0x9, 0x15, 0x80000000
BINDS = (BIND_RX, BIND_TX, BIND_TRX)
GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
ESCAPED = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}


class Wrong(Exception):
    """The unit is refused, with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"0x{status:02x}")
        self.status = status


@dataclass(slots=True)
class Unit:
    """What goes over the wire: four numbers and a body."""

    command: int
    status: int
    number: int
    body: bytes = b""

    def wire(self) -> bytes:
        return struct.pack(">IIII", 16 + len(self.body), self.command, self.status, self.number) + self.body


@dataclass(slots=True)
class Sm:
    """A short message inside a unit."""

    source: str
    target: str
    words: bytes = b""
    source_ton: int = 1
    target_ton: int = 1
    esm: int = 0
    registered: int = 0
    coding: int = 0
    options: dict[int, bytes] = field(default_factory=dict)

    def body(self) -> bytes:
        ends = bytes((self.source_ton, 1)) + self.source.encode() + b"\0" + bytes((self.target_ton, 1)) + self.target.encode() + b"\0"
        tail = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in self.options.items())
        return b"\0" + ends + bytes((self.esm, 0, 0)) + b"\0\0" + bytes((self.registered, 0, self.coding, 0, len(self.words))) + self.words + tail


def cstring(body: bytes, at: int, most: int) -> tuple[str, int]:
    """A text that ends in a zero, at most so many bytes with it; and where it ends."""
    end = body.find(b"\0", at)
    if end < 0 or end - at >= most:
        raise Wrong(0x02)
    return body[at:end].decode("ascii", "strict"), end + 1


def bind_of(body: bytes) -> tuple[str, str]:
    """Who wants to be bound, and the password."""
    name, at = cstring(body, 0, 16)
    password, at = cstring(body, at, 65)
    _, at = cstring(body, at, 13)
    if len(body) < at + 4 or body[at] != 0x34:
        raise Wrong(0x0D)
    cstring(body, at + 3, 41)
    return name, password


def sm_of(body: bytes) -> Sm:
    """The short message of submit_sm."""
    _, at = cstring(body, 0, 6)
    source_ton, at = body[at], at + 2
    source, at = cstring(body, at, 21)
    target_ton, at = body[at], at + 2
    target, at = cstring(body, at, 21)
    esm, at = body[at], at + 3
    _, at = cstring(body, at, 17)
    _, at = cstring(body, at, 17)
    registered, coding, length, at = body[at], body[at + 2], body[at + 4], at + 5
    words, rest = body[at : at + length], body[at + length :]
    if len(words) < length or length > 254:
        raise Wrong(0x01)
    options = {}
    while rest:
        if len(rest) < 4 or len(rest) < 4 + struct.unpack(">H", rest[2:4])[0]:
            raise Wrong(0x02)
        tag, size = struct.unpack(">HH", rest[:4])
        options[tag], rest = rest[4 : 4 + size], rest[4 + size :]
    return Sm(source, target, words, source_ton, target_ton, esm, registered, coding, options)


def to_gsm(text: str) -> bytes | None:
    """A text in GSM's alphabet, one character to a byte; None where that has not all of them."""
    found = bytearray()
    for mark in text:
        if mark in ESCAPED:
            found += bytes((0x1B, ESCAPED[mark]))
        elif mark in GSM and mark != "\x1b":
            found.append(GSM.index(mark))
        else:
            return None
    return bytes(found)


def from_gsm(raw: bytes) -> str:
    """What a telephone shows of bytes in GSM's alphabet; raises Wrong for what is none."""
    back, found, place = {at: mark for mark, at in ESCAPED.items()}, "", 0
    while place < len(raw):
        escaped = raw[place] == 0x1B
        if escaped and (place + 1 >= len(raw) or raw[place + 1] not in back):
            raise Wrong(0x45)
        if not escaped and raw[place] > 0x7F:
            raise Wrong(0x45)
        found += back[raw[place + 1]] if escaped else GSM[raw[place]]
        place += 2 if escaped else 1
    return found
