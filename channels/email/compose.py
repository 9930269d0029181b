"""A mail written from the first byte to the last: nothing that people wrote can begin a header of its own. Pure.

The library's own headers are not used: on the Python we run on it decodes an encoded word in a value and writes the line break in it out (CVE-2024-6923).
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote

from channels.email import threads
from channels.email.mail import clean_line, clean_text
from channels.email.options import EmailOptions
from channels.email.threads import Purpose, Token
from crm.base.outbound import Reason, Say, Undeliverable
from crm.base.subjects import bare_subject

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})*"
_ADDRESS = re.compile(rf"({_LOCAL})@({_DOMAIN})")
_ID = re.compile(r"[!-;=?-~]{1,400}")
_URL = re.compile(r"https?://[!-;=?-~]{1,900}")
_MIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9.+-]{0,80}")
_PLAIN = re.compile(r"[\x20-\x7e]*")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"</?[a-z][^<>]*>")
_WORD_BYTES = 42  # of UTF-8 in an encoded word: 56 in Base64, 68 with what stands around it
_LINE = 76
_LONGEST_LOCAL = 64
_ANCESTORS = 20


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes along."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to go: the envelope, its id without brackets, its bytes with CRLF."""

    sender: str
    recipient: str
    message_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the mailbox, the name shown, the key that signs what comes back."""

    options: EmailOptions
    name: str
    key: bytes

    def letter(self, address: str, say: Say, files: Sequence[File], now: int, edge: str) -> Letter:
        """The mail that says something; `edge` is a word that occurs nowhere else. Raises Undeliverable for an address that is none."""
        recipient = written(address)
        back = self._token(say, Purpose.THREAD)
        message_id = self._message_id(say, edge)
        heads = [
            ("From", f"{shown(self.options.name or self.name)} <{self.options.address}>".strip()),
            ("To", f"<{recipient}>"),
            *([("Reply-To", f"<{back}>")] if back != self.options.address else []),
            ("Subject", encoded(subject(say, self.options.name or self.name))),
            ("Date", formatdate(now / 1000)),
            ("Message-ID", f"<{message_id}>"),
            *_ancestry(say),
            *self._automatic(say, message_id),
            *self._leaving(say),
            ("MIME-Version", "1.0"),
        ]
        head = b"".join(_header(name, value) for name, value in heads)
        return Letter(self.options.address if self.options.bare_sender else back, recipient, message_id, head + body(plain(say), files, edge))

    def _token(self, say: Say, purpose: Purpose) -> str:
        """The mailbox's address with a token, or bare where there is nothing to carry or no room for it."""
        if not self.options.plus or not (say.thread or say.ref):
            return self.options.address
        try:
            made = threads.address(self.options.address, Token(say.thread, say.ref, purpose), self.key)
        except ValueError:
            return self.options.address
        return made if len(made.rpartition("@")[0]) <= _LONGEST_LOCAL else self.options.address

    def _message_id(self, say: Say, edge: str) -> str:
        try:
            return threads.message_id(say.ref, self.options.domain, self.key)
        except ValueError:
            return f"{edge}@{self.options.domain}"

    def _automatic(self, say: Say, message_id: str) -> list[tuple[str, str]]:
        """What tells other machines that a machine speaks; what a person wrote is free of it but for the mark against loops."""
        mark = [("X-Loop", message_id)]
        if say.personal:
            return mark
        return [("Auto-Submitted", "auto-replied" if say.reply_to else "auto-generated"), ("X-Auto-Response-Suppress", "All"), *mark]

    def _leaving(self, say: Say) -> list[tuple[str, str]]:
        """How to want no more: one click (RFC 8058), or a mail to an address that says it all."""
        if not say.unsubscribe:
            return []
        page = say.unsubscribe if _URL.fullmatch(say.unsubscribe) else ""
        back = self._token(say, Purpose.UNSUBSCRIBE)
        ways = [f"<{page}>"] * bool(page) + [f"<mailto:{quote(back, safe='@+-.')}?subject=unsubscribe>"]
        return [("List-Unsubscribe", ", ".join(ways)), *([("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")] if page else [])]


def written(address: str) -> str:
    """An address as it stands on the envelope; raises Undeliverable for what is none."""
    local, at, domain = address.rpartition("@")
    try:
        found = _ADDRESS.fullmatch(f"{local}{at}{domain.encode('idna').decode() if not domain.isascii() else domain}")
    except UnicodeError:
        found = None
    if found is None or len(found[0]) > 254 or len(found[1]) > _LONGEST_LOCAL:
        raise Undeliverable(Reason.BAD_ADDRESS, "not an e-mail address")
    return found[0]


def subject(say: Say, otherwise: str) -> str:
    """The subject as told; an answer's begins with Re:, once."""
    told = clean_line(say.subject, 300)
    if not told:
        return clean_line(otherwise, 300)
    answered = bare_subject(told) != " ".join(told.casefold().split())
    return told if answered or not say.reply_to else f"Re: {told}"


def plain(say: Say) -> str:
    """The words without the few tags they may carry; a link's address stands behind it."""
    text = say.text
    if say.html:
        text = _LINK.sub(lambda link: link[2] if link[2].strip() == link[1] else f"{link[2]} ({link[1]})", text)
        text = _TAG.sub("", text)
        for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
            text = text.replace(entity, sign)
    choices = [button for row in say.buttons for button in row]
    lines = [f"{number}. {button.label}{': ' + button.url if button.url else ''}" for number, button in enumerate(choices, start=1)]
    return clean_text("\n\n".join(filter(None, [text, "\n".join(lines)])))


def shown(name: str) -> str:
    """A name before an address."""
    told = clean_line(name, 100)
    if not told:
        return ""
    if _PLAIN.fullmatch(told) and "=?" not in told:
        return '"' + told.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return encoded(told)


def encoded(text: str) -> str:
    """A text for a header: as it is where it is plain, else in encoded words (RFC 2047) of which each stands for whole characters."""
    told = clean_line(text, 1000)
    if _PLAIN.fullmatch(told) and "=?" not in told:
        return told
    pieces, piece = [], ""
    for letter in told:
        if len((piece + letter).encode()) > _WORD_BYTES:
            pieces.append(piece)
            piece = ""
        piece += letter
    return " ".join(f"=?utf-8?B?{base64.b64encode(part.encode()).decode()}?=" for part in (*pieces, piece))


def _ancestry(say: Say) -> Iterable[tuple[str, str]]:
    """What this answers; an id that is none is left out."""
    answered = [one for one in [say.reply_to.strip("<> ")] if _ID.fullmatch(one)]
    before = [one for one in (known.strip("<> ") for known in say.references) if _ID.fullmatch(one) and one not in answered]
    chain = [*dict.fromkeys(before), *answered]
    chain = chain if len(chain) <= _ANCESTORS else [chain[0], *chain[1 - _ANCESTORS :]]
    yield from (("In-Reply-To", f"<{one}>") for one in answered)
    if chain:
        yield "References", " ".join(f"<{one}>" for one in chain)


def _header(name: str, value: str) -> bytes:
    """One header, folded at spaces; a value that is not plain by now is a mistake of ours."""
    if not _PLAIN.fullmatch(value):
        raise Undeliverable(Reason.BAD_CONTENT, f"the header {name} cannot be written")
    lines = [f"{name}:"]
    for word in value.split(" "):
        if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1].strip() not in ("", f"{name}:"):
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).encode("ascii") + b"\r\n"


def body(text: str, files: Sequence[File], edge: str) -> bytes:
    """What stands below the headers, with the headers that describe it."""
    words = text.replace("\n", "\r\n").rstrip() + "\r\n"
    if words.isascii() and all(len(line) <= 900 for line in words.split("\r\n")):
        told = b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + words.encode()
    else:
        told = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _packed(words.encode("utf-8", "replace"))
    if not files:
        return told
    between = b"--" + edge.encode("ascii")
    parts = [told, *(_attached(file) for file in files)]
    head = f'Content-Type: multipart/mixed; boundary="{edge}"\r\n\r\n'.encode("ascii")
    return head + b"".join(between + b"\r\n" + part + b"\r\n" for part in parts) + between + b"--\r\n"


def _attached(file: File) -> bytes:
    mime = file.mime if _MIME.fullmatch(file.mime) and not file.mime.lower().startswith(("multipart/", "message/")) else "application/octet-stream"
    name = clean_line(file.name.replace("/", "_").replace("\\", "_"), 120) or "file"
    if re.fullmatch(r"[\x20-\x7e]*", name) and not set('"%\\') & set(name):
        told = f'Content-Type: {mime}\r\nContent-Disposition: attachment; filename="{name}"'
    else:
        # The second is how it is to be (RFC 2231), the first what older programs look for.
        words = "\r\n ".join(encoded(name).split(" "))
        told = f"Content-Type: {mime};\r\n name=\"{words}\"\r\nContent-Disposition: attachment;\r\n filename*=utf-8''{quote(name, safe='')}"
    told += "\r\nContent-Transfer-Encoding: base64"
    return told.encode("ascii") + b"\r\n\r\n" + _packed(file.content)


def _packed(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
