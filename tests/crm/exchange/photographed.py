"""Photographed: a picture of a card as a hand in a hurry takes it: askew, out of focus, in poor light; grey pictures in plain arithmetic."""

import math
import random
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

TABLE = 120
"""How dark the table is on which a card lies."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A grey picture: its rows, one after the other."""

    width: int
    height: int
    marks: bytes

    def write(self, path: Path) -> Path:
        """Keep it as a file that every reader of pictures knows."""
        path.write_bytes(f"P5 {self.width} {self.height} 255\n".encode() + self.marks)
        return path


def opened(path: Path) -> Picture:
    """A PNG of eight bits and four colours, in grey."""
    raw, place, packed = path.read_bytes(), 8, b""
    width, height = struct.unpack(">II", raw[16:24])
    while place < len(raw):
        size, kind = struct.unpack(">I4s", raw[place : place + 8])
        packed += raw[place + 8 : place + 8 + size] if kind == b"IDAT" else b""
        place += size + 12
    flat, above, grey = zlib.decompress(packed), bytearray(width * 4), bytearray()
    for row in range(height):
        begin = row * (width * 4 + 1)
        above = _unfiltered(flat[begin], bytearray(flat[begin + 1 : begin + 1 + width * 4]), above)
        grey += bytes((above[at] * 3 + above[at + 1] * 6 + above[at + 2]) // 10 for at in range(0, width * 4, 4))
    return Picture(width, height, bytes(grey))


def _unfiltered(kind: int, line: bytearray, above: bytearray) -> bytearray:
    for at in range(len(line)):
        left, up, corner = (line[at - 4] if at > 3 else 0), above[at], (above[at - 4] if at > 3 else 0)
        guess = left + up - corner
        nearest = min((left, up, corner), key=lambda one: abs(guess - one))
        line[at] = (line[at] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return line


def tilted(picture: Picture, degrees: float, table: int = TABLE) -> Picture:
    """The card turned on a table."""
    turn, wide, high = math.radians(degrees), picture.width, picture.height
    cos, sin = math.cos(turn), math.sin(turn)
    width, height = int(abs(wide * cos) + abs(high * sin)) + 1, int(abs(wide * sin) + abs(high * cos)) + 1
    out = bytearray()
    for row in range(height):
        for column in range(width):
            x, y = column - width / 2, row - height / 2
            out.append(_between(picture, x * cos + y * sin + wide / 2, y * cos - x * sin + high / 2, table))
    return Picture(width, height, bytes(out))


def _between(picture: Picture, x: float, y: float, table: int) -> int:
    left, top = int(x), int(y)
    if not (x >= 0 and y >= 0 and left < picture.width - 1 and top < picture.height - 1):
        return table
    right, down, at = x - left, y - top, top * picture.width + left
    upper = picture.marks[at] * (1 - right) + picture.marks[at + 1] * right
    lower = picture.marks[at + picture.width] * (1 - right) + picture.marks[at + picture.width + 1] * right
    return int(upper * (1 - down) + lower * down)


def blurred(picture: Picture, around: int) -> Picture:
    """Out of focus: each mark is the middle of so many around it, twice."""
    for turn in range(4):  # along and across, and back to where it was
        picture = aside(_smeared(picture, around if turn < 2 else around - 1))
    return picture


def _smeared(picture: Picture, around: int) -> Picture:
    out = bytearray()
    for row in range(picture.height):
        line = picture.marks[row * picture.width : (row + 1) * picture.width]
        wide = line[:1] * around + line + line[-1:] * around
        total = sum(wide[: 2 * around])
        for at in range(picture.width):
            total += wide[at + 2 * around]
            out.append(total // (2 * around + 1))
            total -= wide[at]
    return Picture(picture.width, picture.height, bytes(out))


def aside(picture: Picture) -> Picture:
    """The card on its side."""
    marks = b"".join(picture.marks[column :: picture.width][::-1] for column in range(picture.width))
    return Picture(picture.height, picture.width, marks)


def noisy(picture: Picture, most: int) -> Picture:
    """Taken in poor light: less contrast, and grains."""
    chance = random.Random(7)
    return Picture(picture.width, picture.height, bytes(min(255, max(0, 60 + mark * 3 // 5 + chance.randint(-most, most))) for mark in picture.marks))
