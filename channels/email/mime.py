"""The tree of a mail: containers and leaves, at most 20 deep and 200 parts; linear in the bytes, total, and the bytes of a leaf stay as they came."""

import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from channels.email.charsets import decode
from channels.email.headers import Headers, parameters, split, unbase64
from channels.email.mail import clean_line

DEPTH, PARTS = 20, 200
_BOUNDARY = 200
_TEXT = 2_000_000
"""Bytes of one text part that are decoded."""
_NAME = 120
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Node:
    """A part: its headers, its type, its bytes as they came, and its parts where it is a container. `number` counts leaves from 0 (-1 = a container)."""

    headers: Headers
    mime: str
    options: dict[str, str]
    body: bytes
    number: int = -1
    children: tuple["Node", ...] = ()

    @property
    def disposition(self) -> str:
        """The word "attachment", "inline", or nothing."""
        return parameters(self.headers.first("content-disposition"))[0]

    @property
    def name(self) -> str:
        """The file's name as it may be shown; empty = it has none."""
        return file_name(parameters(self.headers.first("content-disposition"))[1].get("filename") or self.options.get("name", ""))

    @property
    def cid(self) -> str:
        """The Content-ID without brackets."""
        return clean_line(self.headers.first("content-id"), 200).strip("<> ")

    @property
    def encoding(self) -> str:
        """The transfer encoding's name in lower case."""
        return self.headers.first("content-transfer-encoding").strip().lower()

    def size(self) -> int:
        """Bytes once decoded: for base64 counted, not decoded."""
        if self.encoding != "base64":
            return len(self.data()) if self.encoding == "quoted-printable" else len(self.body)
        digits = len(self.body) - sum(self.body.count(blank) for blank in (b"\n", b"\r", b" ", b"\t"))
        return max(0, digits * 3 // 4 - self.body[-8:].count(b"="))

    def data(self) -> bytes:
        """The bytes with the transfer encoding taken off."""
        if self.encoding == "base64":
            return unbase64(self.body)
        if self.encoding == "quoted-printable":
            return binascii.a2b_qp(self.body)
        if self.encoding in ("x-uuencode", "uuencode", "x-uue"):
            return _unuuencoded(self.body)
        return self.body

    def text(self) -> str:
        """The bytes as text, line ends as they came; over two megabytes the rest is left out."""
        cut = self if len(self.body) <= _TEXT else Node(self.headers, self.mime, self.options, self.body[:_TEXT])
        return decode(cut.data(), self.options.get("charset", ""))


def tree(data: bytes) -> Node:
    """Read a whole mail; what lies deeper or behind the last part allowed stays inside its leaf."""
    return _Reader().read(data, 0, "text/plain")


def leaves(node: Node) -> Iterator[Node]:
    """Every leaf in order."""
    for child in node.children:
        yield from leaves(child)
    if not node.children:
        yield node


def file_name(name: str) -> str:
    """Make a sender's file name fit to be shown: no path, nothing hidden or turning, never a name that means something to a system."""
    plain = unicodedata.normalize("NFC", name[:4_000].replace("\r", " ").replace("\n", " "))
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in _HIDDEN)
    plain = re.split(r"[/\\]|%2[fF]|%5[cC]", plain)[-1]
    plain = re.sub(r'[<>:"|?*]', "_", " ".join(plain.split())).strip(". ")
    plain = _DEVICES.sub(r"_\1", plain, count=1) if _DEVICES.match(plain) else plain
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > _NAME:
        plain = f"{stem[: _NAME - 20]}{dot}{ending[:19]}" if dot else plain[:_NAME]
    return plain


class _Reader:
    """Reads one mail: counts its leaves as it goes down."""

    def __init__(self) -> None:
        self._leaves = self._parts = 0

    def read(self, data: bytes, depth: int, otherwise: str) -> Node:
        headers, body = split(data)
        mime, options = parameters(headers.first("content-type"))
        if mime.count("/") != 1 or mime.startswith("/") or mime.endswith("/"):
            mime = otherwise
        self._parts += 1
        pieces = self._pieces(mime, options, body) if depth < DEPTH else []
        if not pieces:
            self._leaves += 1
            mime = "text/plain" if mime.startswith("multipart/") and depth < DEPTH else mime
            return Node(headers, mime, options, body, self._leaves - 1)
        inner = "message/rfc822" if mime == "multipart/digest" else "text/plain"
        return Node(headers, mime, options, body, children=tuple(self.read(piece, depth + 1, inner) for piece in pieces))

    def _pieces(self, mime: str, options: dict[str, str], body: bytes) -> list[bytes]:
        """Split a container at its boundary; a container without one, or that never says it, is a leaf."""
        boundary = options.get("boundary", "").rstrip()[:_BOUNDARY].encode("utf-8", "replace")
        if not mime.startswith("multipart/") or not boundary:
            return []
        line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
        pieces: list[bytes] = []
        start = -1
        for found in line.finditer(body):
            if start >= 0:
                pieces.append(body[start : found.start()])
            if found[1] or self._parts + len(pieces) >= PARTS:
                return pieces
            start = _behind_line_end(body, found.end())
        return [*pieces, body[start:]] if start >= 0 else pieces


def _behind_line_end(body: bytes, place: int) -> int:
    if body[place : place + 2] == b"\r\n":
        return place + 2
    return place + 1 if body[place : place + 1] == b"\n" else place


def _unuuencoded(body: bytes) -> bytes:
    out: list[bytes] = []
    for line in body.splitlines():
        if line.startswith(b"begin "):
            out.clear()
        elif line and line != b"end":
            try:
                out.append(binascii.a2b_uu(line))
            except binascii.Error:
                continue
    return b"".join(out)
