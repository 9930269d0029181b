"""Parts of a long SMS: how one text becomes several units as it was counted, and what a unit that comes in says of the whole; pure."""

import zlib
from dataclasses import dataclass, replace

from channels.smpp.alphabet import written
from channels.smpp.options import PAYLOAD, SAR, SmppOptions
from channels.smpp.pdu import Address, Short, Tag
from crm.base.sms import encoding_of, segments

HEADED = 0x40
"""The bit of esm_class that says: the words begin with a header."""
_REF8, _REF16 = 0x00, 0x08


def units(text: str, target: Address, reference: int, options: SmppOptions) -> list[Short]:
    """The units that carry a text, as many as `crm.base.sms.parts` counts (one where the operator cuts), all written as the whole is. Raises as `written`."""
    encoding = encoding_of(text)
    coding, whole = written(text, encoding, options.alphabet)
    asked = int(options.receipts)
    one = Short(sender_of(options), target, b"", options.service_type, validity=options.validity, registered=asked, coding=coding)
    cut = segments(text)
    if len(cut) <= 1:
        return [replace(one, words=whole)]
    if options.long == PAYLOAD:
        return [replace(one, tlvs=((Tag.MESSAGE_PAYLOAD, whole),))]
    words = [written(piece, encoding, options.alphabet)[1] for piece in cut]
    return [_part(one, piece, reference, len(words), place, options) for place, piece in enumerate(words, 1)]


def _part(one: Short, words: bytes, reference: int, total: int, place: int, options: SmppOptions) -> Short:
    if options.long == SAR:
        numbers = ((Tag.SAR_MSG_REF_NUM, 2, reference), (Tag.SAR_TOTAL_SEGMENTS, 1, total), (Tag.SAR_SEGMENT_SEQNUM, 1, place))
        return replace(one, words=words, tlvs=tuple((tag, value.to_bytes(size, "big")) for tag, size, value in numbers))
    return replace(one, esm=one.esm | HEADED, words=bytes((5, _REF8, 3, reference & 0xFF, total, place)) + words)


def reference_of(ref: str, spare: int) -> int:
    """The number all parts of a message share, 0 to 255: the same on a repeat, so that a telephone which has a part already knows it again."""
    digits = ref.lstrip("d")
    if digits.isascii() and digits.isdigit():
        return int(digits[-12:]) & 0xFF
    return (zlib.crc32(ref.encode()) if ref else spare) & 0xFF


def sender_of(options: SmppOptions) -> Address:
    """Who the SMS comes from: letters are a name, a plus is an international number, few digits are a short number."""
    name = options.sender
    if not name:
        return Address("", max(options.sender_ton, 0), max(options.sender_npi, 0))
    digits = name.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        guess = (5, 0)
    else:
        guess = (1, 1) if name.startswith("+") or len(digits) > 8 else (3, 0)
        name = digits
    ton, npi = (given if given >= 0 else guessed for given, guessed in zip((options.sender_ton, options.sender_npi), guess, strict=True))
    return Address(name, ton, npi)


@dataclass(frozen=True, slots=True)
class Part:
    """Where a unit stands in a long message; `kind` tells the ways of numbering apart."""

    kind: str
    reference: int
    total: int
    place: int


def part_of(short: Short) -> Part | None:
    """What part of a long message a unit is; None for one that stands alone."""
    found = _by_header(short) or _by_parameters(short)
    return found if found and found.total > 1 and 1 <= found.place <= found.total else None


def _by_header(short: Short) -> Part | None:
    for name, value in header_of(short):
        if name == _REF8 and len(value) == 3:
            return Part("u8", value[0], value[1], value[2])
        if name == _REF16 and len(value) == 4:
            return Part("u16", int.from_bytes(value[:2], "big"), value[2], value[3])
    return None


def _by_parameters(short: Short) -> Part | None:
    values = [short.tlv(tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)]
    if any(not value for value in values):
        return None
    reference, total, place = (int.from_bytes(value or b"", "big") for value in values)
    return Part("sar", reference, total, place)


def header_of(short: Short) -> list[tuple[int, bytes]]:
    """The elements of the header in the words; empty where there is none, or none that can be read."""
    return _split(short)[0]


def body_of(short: Short) -> bytes:
    """The words without their header."""
    return _split(short)[1]


def _split(short: Short) -> tuple[list[tuple[int, bytes]], bytes]:
    raw = short.payload
    if not short.esm & HEADED or not raw:
        return [], raw
    header, rest = raw[1 : 1 + raw[0]], raw[1 + raw[0] :]
    if len(header) < raw[0]:
        return [], raw
    elements = []
    while len(header) >= 2:
        name, length = header[0], header[1]
        elements.append((name, header[2 : 2 + length]))
        header = header[2 + length :]
    return elements, rest
