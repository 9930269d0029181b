"""Files that people send us: told by their first bytes, never by a claim, and named so that the name does no harm."""

import re
from urllib.parse import unquote

from crm.base.text import clean

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
MIME = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,80}")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff/\\\\]")


def sniff(head: bytes) -> str:
    """Tell a picture by its first bytes, "" for anything else; a name or a claimed type decides nothing."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def display_name(claimed: str) -> str:
    """Make a sender's file name harmless to look at: no path, no control or direction marks, at most 80 characters."""
    plain = _HIDDEN.sub("", clean(re.split(r"[/\\]", unquote(claimed))[-1])).strip(" .")
    return plain[-80:] or "file"
