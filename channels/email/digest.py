"""The bytes of a mail made into its digest: total and pure, but only as quick as the mail is honest, so a worker with limits runs it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import mktime_tz, parsedate_tz

from channels.email import automail, bounces, page, quotes
from channels.email.addresses import addresses, authors, email, path
from channels.email.headers import Headers, split
from channels.email.mail import Address, Mail, Part, PartKind, Trouble, clean_line, clean_text
from channels.email.mime import Node, leaves, tree
from channels.email.threads import ids

TEXT, FULL = 50_000, 200_000
"""Characters of the stripped and of the whole text that are kept."""
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-forwarded-to")
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_MAILS = frozenset({"message/rfc822", "message/global"})
_NO_FILES = frozenset({"text/x-amp-html", "text/x-watch-html", "text/vnd.google.email-reaction+json"})
"""Other forms of the words, for programs that know them."""
_MOST_VERDICTS = 10


@dataclass(frozen=True, slots=True)
class _Said:
    """What a part of the mail says: without quotes, in full, and the pictures that each shows."""

    text: str
    full: str
    shown: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    html: bool = False


def digest(data: bytes, trouble: Trouble = Trouble.NONE) -> Mail:
    """Read a mail; with a trouble the headers alone."""
    whole, data = data, _with_lines(data)
    headers, _ = split(data)
    mail = replace(_envelope(headers), size=len(whole), mark=hashlib.sha256(whole).hexdigest()[:32], trouble=trouble)
    author = mail.author.email if mail.author else ""
    mail = replace(mail, auto=automail.why(headers, author, mail.return_path, mail.subject))
    if trouble:
        return mail
    root = tree(data)
    said = _joined(_said(root))
    text, full = clean_text(said.text, TEXT).strip(), clean_text(said.full, FULL).strip()
    report = bounces.report(root, author, mail.subject)
    auto = mail.auto or ("report" if report else "")
    return replace(mail, text=text, full=full, parts=() if report else _parts(root, said, bool(text)), report=report, auto=auto)


def open_part(data: bytes, number: int) -> bytes | None:
    """Take a part's decoded bytes out of the original mail; None = there is no such part."""
    found = next((leaf for leaf in leaves(tree(_with_lines(data))) if leaf.number == number), None)
    return found.data() if found else None


def _with_lines(data: bytes) -> bytes:
    """A mail whose lines end as on an old Macintosh, in lines of ours."""
    start = data[:4_000]
    return data.replace(b"\r", b"\n") if b"\r" in start and b"\n" not in start else data


def _envelope(headers: Headers) -> Mail:
    return Mail(
        message_id=next(iter(ids(headers.first("message-id"))), ""),
        in_reply_to=ids(headers.first("in-reply-to"), 20),
        references=ids(" ".join(headers.all("references"))),
        subject=headers.words("subject"),
        date=_instant(headers.first("date")),
        authors=_authors(headers),
        sender=next((one.email for one in addresses(headers.first("sender"))), ""),
        reply_to=addresses(headers.first("reply-to")),
        to=addresses(", ".join(headers.all("to"))),
        cc=addresses(", ".join(headers.all("cc"))),
        delivered=tuple(dict.fromkeys(found for name in _DELIVERED for value in headers.all(name) if (found := email(value.strip("<> ")))))[:20],
        return_path=path(headers.first("return-path")),
        verdicts=tuple(clean_line(value, 2_000) for value in headers.all("authentication-results")[:_MOST_VERDICTS]),
        loops=tuple(clean_line(value, 200) for value in headers.all("x-loop")[:20]),
    )


def _authors(headers: Headers) -> tuple[Address, ...]:
    """Two From headers are two opinions, so they are read as one list."""
    found = [authors(value) for value in headers.all("from")[:5]]
    return tuple(dict.fromkeys(one for some in found for one in some)) if all(found) else ()


def _instant(value: str) -> int:
    """Read a date as milliseconds since 1970 UTC; 0 = none that can be read."""
    try:
        parts = parsedate_tz(value[:200])
        seconds = mktime_tz(parts) if parts else 0
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return seconds * 1_000 if 0 < seconds < 2**40 else 0


def _said(node: Node) -> list[_Said]:
    """What is said in a part and in the parts it holds, in order."""
    if not node.children:
        return [found] if (found := _words(node)) and found.full.strip() else []
    inside = [_said(child) for child in node.children]
    if node.mime == "multipart/report":
        return inside[0]
    if node.mime != "multipart/alternative":
        return [one for some in inside for one in some]
    inside = [some for some in inside if some]
    with_html = [some for some in inside if any(one.html for one in some)]
    return (with_html or inside or [[]])[-1]


def _words(leaf: Node) -> _Said | None:
    if not _is_body(leaf):
        return None
    text = clean_text(leaf.text(), page.SIZE)
    if leaf.mime == "text/html":
        read = page.read(text)
        return _Said(read.text, read.full, read.shown, read.named, html=True)
    if leaf.options.get("format", "").lower() == "flowed":
        text = _unflowed(text[:FULL], delete=leaf.options.get("delsp", "").lower() == "yes")
    text = text[:FULL]
    return _Said(quotes.unquoted(text), text)


def _is_body(leaf: Node) -> bool:
    """Words to be read; a named text is a file."""
    return leaf.mime in ("text/plain", "text/html") and leaf.disposition != "attachment" and not leaf.name


def _unflowed(text: str, *, delete: bool) -> str:
    """Join the lines that a mailer broke (RFC 3676); quoted lines stay as they are."""
    out: list[str] = []
    soft = False
    for line in text.split("\n"):
        quoted, plain = line.startswith(">"), line.removeprefix(" ")
        if soft and out and not quoted:
            out[-1] = f"{out[-1][:-1] if delete else out[-1]}{plain}"
        else:
            out.append(plain)
        soft = line.endswith(" ") and line != "-- " and not quoted
    return "\n".join(line.rstrip() for line in out)


def _joined(said: Sequence[_Said]) -> _Said:
    return _Said(
        "\n\n".join(one.text.strip("\n") for one in said if one.text.strip()),
        "\n\n".join(one.full.strip("\n") for one in said if one.full.strip()),
        frozenset[str]().union(*(one.shown for one in said)),
        frozenset[str]().union(*(one.named for one in said)),
    )


def _parts(root: Node, said: _Said, stripped: bool) -> tuple[Part, ...]:
    """Files and pictures; those that only a quote shows count as shown where the whole text is what is read."""
    found = []
    for leaf in leaves(root):
        if _is_body(leaf) or leaf.mime in _SIGNATURES | _NO_FILES or not leaf.body.strip():
            continue
        cid = leaf.cid
        quoted = stripped and bool(cid) and cid in said.named and cid not in said.shown
        found.append(Part(leaf.number, _kind(leaf, said), _name(leaf), leaf.mime, leaf.size(), cid, quoted))
    return tuple(found)


def _kind(leaf: Node, said: _Said) -> PartKind:
    if leaf.mime in _MAILS:
        return PartKind.MAIL
    if leaf.mime in ("text/calendar", "application/ics"):
        return PartKind.CALENDAR
    return PartKind.INLINE if leaf.cid and leaf.cid in said.named else PartKind.FILE


def _name(leaf: Node) -> str:
    """A name to show: the sender's, or what it is."""
    if leaf.mime in _MAILS:
        return leaf.name or f"{split(leaf.body)[0].words('subject', 80).replace('/', ' ') or 'mail'}.eml"
    if leaf.mime == "text/calendar":
        return leaf.name or "invitation.ics"
    return leaf.name or ("winmail.dat" if leaf.mime == "application/ms-tnef" else "")
