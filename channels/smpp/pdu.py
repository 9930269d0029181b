"""Protocol data units of SMPP 3.4: bytes into values and back; pure, and whatever is not one raises `Malformed`."""

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct(">IIII")
LONGEST = 96 * 1024
"""Bytes of the longest unit that is read: a payload of 64 KiB and what stands around it."""
ANSWER = 0x8000_0000
VERSION = 0x34


class Command(IntEnum):
    """What a unit asks; an answer has the same number with the highest bit set."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    ALERT = 0x102
    GENERIC_NACK = 0x8000_0000


class Tag(IntEnum):
    """Optional parameters that mean something to us."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Malformed(ValueError):
    """These bytes are no unit of SMPP."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One unit: `number` ties an answer to what it answers, `status` is 0 in what is asked and in an answer that says yes."""

    command: int
    number: int
    body: bytes = b""
    status: int = 0

    def encode(self) -> bytes:
        """The unit as it goes over the wire."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.number) + self.body

    def answer(self, body: bytes = b"", status: int = 0) -> "Pdu":
        """The answer to it."""
        return Pdu(self.command | ANSWER, self.number, body, status)


def length_of(head: bytes) -> int:
    """How many bytes a unit has, by its first four."""
    length = int.from_bytes(head[:4], "big")
    if not HEADER.size <= length <= LONGEST:
        raise Malformed(f"a unit of {length} bytes")
    return length


def decoded(raw: bytes) -> Pdu:
    """One whole unit."""
    if len(raw) < HEADER.size or length_of(raw) != len(raw):
        raise Malformed("a unit is longer or shorter than it says")
    _, command, status, number = HEADER.unpack_from(raw)
    return Pdu(command, number, raw[HEADER.size :], status)


@dataclass(frozen=True, slots=True)
class Address:
    """A number or a name with its kind (1 = international, 5 = letters) and its plan (1 = telephone numbers)."""

    text: str
    ton: int = 1
    npi: int = 1


@dataclass(frozen=True, slots=True)
class Bind:
    """Who wants a session."""

    system_id: str
    password: str
    system_type: str = ""
    address: Address = Address("", 0, 0)

    def encode(self) -> bytes:
        """The body of a bind."""
        names = b"".join(map(_cut, (self.system_id, self.password, self.system_type)))
        return names + bytes((VERSION, self.address.ton, self.address.npi)) + _cut(self.address.text)


def bind_of(body: bytes) -> Bind:
    """The body of a bind."""
    reader = _Reader(body)
    who = (reader.text(), reader.text(), reader.text())
    _, ton, npi = reader.byte(), reader.byte(), reader.byte()
    return Bind(*who, Address(reader.text(), ton, npi))


@dataclass(frozen=True, slots=True)
class Short:
    """The body of submit_sm and deliver_sm, which have the same fields; `tlvs` are pairs of tag and value in their order."""

    source: Address
    target: Address
    words: bytes = b""
    service: str = ""
    esm: int = 0
    protocol: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered: int = 0
    replace: int = 0
    coding: int = 0
    canned: int = 0
    tlvs: tuple[tuple[int, bytes], ...] = ()

    def tlv(self, tag: int) -> bytes | None:
        """The first value under a tag."""
        return next((value for name, value in self.tlvs if name == tag), None)

    @property
    def payload(self) -> bytes:
        """The bytes of the message, whichever field they came in."""
        return self.words or self.tlv(Tag.MESSAGE_PAYLOAD) or b""

    def encode(self) -> bytes:
        """The body; raises Malformed for words that do not fit into their field."""
        if len(self.words) > 254:
            raise Malformed("a short message has 254 bytes")
        ends = b"".join(bytes((one.ton, one.npi)) + _cut(one.text) for one in (self.source, self.target))
        flags = bytes((self.esm, self.protocol, self.priority)) + _cut(self.schedule) + _cut(self.validity)
        rest = bytes((self.registered, self.replace, self.coding, self.canned, len(self.words))) + self.words
        tail = b"".join(tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for tag, value in self.tlvs)
        return _cut(self.service) + ends + flags + rest + tail


def short_of(body: bytes) -> Short:
    """The body of submit_sm or deliver_sm."""
    reader = _Reader(body)
    service = reader.text()
    source, target = reader.address(), reader.address()
    esm, protocol, priority = reader.byte(), reader.byte(), reader.byte()
    schedule, validity = reader.text(), reader.text()
    registered, replace, coding, canned = (reader.byte() for _ in range(4))
    words = reader.take(reader.byte())
    return Short(source, target, words, service, esm, protocol, priority, schedule, validity, registered, replace, coding, canned, reader.tlvs())


def id_of(body: bytes) -> str:
    """The message's id in an answer to submit_sm ("" = there is none, as in a refusal)."""
    return _Reader(body).text() if b"\0" in body else body.decode("latin-1")


def id_body(number: str) -> bytes:
    """The body of an answer to submit_sm or deliver_sm."""
    return _cut(number)


def _cut(text: str) -> bytes:
    """A text as SMPP ends it."""
    raw = text.encode("latin-1", "replace")
    if b"\0" in raw:
        raise Malformed("a zero inside a text")
    return raw + b"\0"


class _Reader:
    """Takes fields off a body, one after another."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, count: int) -> bytes:
        found = self._body[self._at : self._at + count]
        if len(found) < count:
            raise Malformed("a body ends too early")
        self._at += count
        return found

    def byte(self) -> int:
        return self.take(1)[0]

    def text(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Malformed("a text has no end")
        return self.take(end - self._at + 1)[:-1].decode("latin-1")

    def address(self) -> Address:
        ton, npi = self.byte(), self.byte()
        return Address(self.text(), ton, npi)

    def tlvs(self) -> tuple[tuple[int, bytes], ...]:
        """What follows; a parameter cut off at the end is as if it were not there."""
        found = []
        while len(self._body) - self._at >= 4:
            tag, length = int.from_bytes(self.take(2), "big"), int.from_bytes(self.take(2), "big")
            if len(self._body) - self._at < length:
                break
            found.append((tag, self.take(length)))
        return tuple(found)
