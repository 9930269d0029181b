"""The head of a mail or of a part: lines unfolded, words decoded, parameters read; total, whatever the bytes.

Own, because the standard library's structured headers raise on crafted ones (`Message-ID: <[abc]>`, `From: a@[1.2.3`) and decode line breaks into values.
"""

import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from channels.email.charsets import decode
from channels.email.mail import clean_line

_HEAD = 262_144
_VALUE = 16_384
_MOST = 1_000
_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_NAME = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,4000})\?=")
_BETWEEN = re.compile(r"\s*")
_PARAMETER = re.compile(r";\s*([^\s=;\"]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)")
_ESCAPED = re.compile(r"\\(.)")
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in order: name in lower case, value as text with encoded words still encoded."""

    items: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value under a name, topmost first."""
        return tuple(value for found, value in self.items if found == name)

    def first(self, name: str) -> str:
        """The topmost value under a name; empty = none."""
        return next((value for found, value in self.items if found == name), "")

    def has(self, name: str) -> bool:
        """Tell whether the header is there at all."""
        return any(found == name for found, _ in self.items)

    def words(self, name: str, most: int = 500) -> str:
        """The topmost value decoded and made fit for one line."""
        return clean_line(decode_words(self.first(name)), most)


def split(data: bytes) -> tuple[Headers, bytes]:
    """Split a mail or a part into its headers and its body; bytes that begin with no header are all body."""
    if data[:5] == b"From ":
        data = data.partition(b"\n")[2]  # an mbox's own line
    if data[:1] in b"\r\n" and data[:1]:
        return Headers(), data[2:] if data[:2] == b"\r\n" else data[1:]
    if not _NAME.match(data):
        return Headers(), data
    end = _END.search(data)
    if end is None:
        place = _first_other_line(data)
        return read(data[:place]), data[place:]
    return read(data[: end.start()]), data[end.end() :]


def _first_other_line(data: bytes) -> int:
    """Where headers end that no empty line ends."""
    place = 0
    for line in data[:_HEAD].split(b"\n"):
        if not _NAME.match(line) and line[:1] not in (b" ", b"\t"):
            return min(place, len(data))
        place += len(line) + 1
    return len(data)


def read(head: bytes) -> Headers:
    """Read header lines; a line that is none is passed over."""
    lines = _FOLD.sub(b"", head[:_HEAD]).split(b"\n")[:_MOST]
    return Headers(tuple(_field(line) for line in lines if _NAME.match(line)))


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("ascii").strip().lower(), decode(value[:_VALUE].strip())


def decode_words(value: str) -> str:
    """Decode RFC 2047 words; neighbours in one charset are joined as bytes first, since some mailers split letters."""
    out: list[str] = []
    place, charset, pending = 0, "", b""
    for word in _WORD.finditer(value):
        label = word[1].partition("*")[0].lower()
        between = value[place : word.start()]
        if not pending or label != charset or not _BETWEEN.fullmatch(between):
            out.append(decode(pending, charset))
            if not pending or not _BETWEEN.fullmatch(between):
                out.append(between)
            pending = b""
        charset, place = label, word.end()
        pending += _word(word[2].lower(), word[3])
    return "".join((*out, decode(pending, charset), value[place:]))


def _word(how: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    return unbase64(data) if how == "b" else binascii.a2b_qp(data, header=True)


def unbase64(data: bytes) -> bytes:
    """Decode base64 as far as it can be read."""
    for kept in (data, data + b"=", data + b"=="):
        try:
            return binascii.a2b_base64(kept)
        except binascii.Error:
            continue
    return _what_is_left(data)


def _what_is_left(data: bytes) -> bytes:
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    return binascii.a2b_base64(digits[: len(digits) // 4 * 4])


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Read a value such as `text/plain; charset=utf-8`: the main word in lower case, and parameters, RFC 2231 pieces joined and decoded."""
    main = value.partition(";")[0].strip().lower()
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in list(_PARAMETER.finditer(value[:8_000]))[:200]:
        name = _PIECE.fullmatch(found[1].lower())
        if name:
            pieces.setdefault(name[1], []).append((int(name[2] or 0), bool(name[3]), _unquoted(found[2])))
    return clean_line(main, 100), {name: _joined(sorted(parts, key=lambda part: part[0])) for name, parts in pieces.items()}


def _unquoted(value: str) -> str:
    value = value.strip()
    return _ESCAPED.sub(r"\1", value[1:-1]) if len(value) > 1 and value[0] == value[-1] == '"' else value


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    if not any(encoded for _, encoded, _ in parts):
        return decode_words("".join(value for _, _, value in parts))
    data, charset = b"", ""
    for place, (_, encoded, value) in enumerate(parts):
        if encoded and place == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    return decode(data, charset)
