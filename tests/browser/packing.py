"""Pictures made small: a browser's PNG becomes one of 256 colours, packed as small as zlib can."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

COLOURS, FREQUENT = 256, 160
SEEN = 3
"""How often a colour has to be there for it to be kept as it is."""
_CHANNELS = {2: 3, 6: 4}


def packed(png: bytes) -> bytes:
    """The same picture in 256 colours: the most frequent ones, and those that differ most from them; any other becomes the nearest."""
    chunks = list(_chunks(png))
    wide, high, depth, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    assert depth == 8
    lines = _unfiltered(zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT")), wide, _CHANNELS[kind])
    pixels = [[line[at : at + 3] for at in range(0, len(line), _CHANNELS[kind])] for line in lines]
    counts = Counter(pixel for line in pixels for pixel in line)
    palette = _palette(counts)
    places = {colour: _nearest(colour, palette) for colour in counts}
    rows = b"".join(b"\0" + bytes(places[pixel] for pixel in line) for line in pixels)
    head = struct.pack(">IIBBBBB", wide, high, 8, 3, 0, 0, 0)
    body = [(b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return png[:8] + b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in body)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += size + 12


def _palette(counts: Counter[bytes]) -> list[bytes]:
    chosen = [colour for colour, _ in counts.most_common(FREQUENT)]
    far = {colour: min(_apart(colour, one) for one in chosen) for colour, count in counts.items() if count >= SEEN}
    while len(chosen) < COLOURS and far:
        chosen.append(max(far, key=lambda one: far[one]))
        far = {colour: min(apart, _apart(colour, chosen[-1])) for colour, apart in far.items() if apart}
    return chosen


def _apart(one: bytes, other: bytes) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    return min(range(len(palette)), key=lambda at: _apart(colour, palette[at]))


def _unfiltered(raw: bytes, wide: int, step: int) -> Iterator[bytes]:
    """The lines of a picture as they are; https://www.w3.org/TR/png-3/#9Filters."""
    size = wide * step
    above = bytearray(size)
    for start in range(0, len(raw), size + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + size])
        for at in range(size) if kind else ():
            left, up = line[at - step] if at >= step else 0, above[at]
            corner = above[at - step] if at >= step else 0
            line[at] = (line[at] + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]) & 255
        yield bytes(line)
        above = line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
