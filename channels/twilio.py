"""Twilio: what its SMS and its telephone share. A callback is signed over the address it was sent to and over its fields; pure.

The address is the one the firm is known by, never what the Host header says. Twilio names the port at times and at times not, and an address may end
in its own settings for the connection (#rc=3), which are no part of what is asked for; every such spelling is tried.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from aiohttp import encode_basic_auth, web

from channels import outside

SIGNATURE, SIGNED_HOW = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"
RETRIES = "#rc=3&rp=all"
"""Twilio asks three times more where our answer is none or is a failure."""
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""What Twilio is to do or to say: nothing."""
XML = "text/xml"
API = "https://api.twilio.com"
HOMES = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")
"""Where Twilio keeps files; who may fetch them is shown at the API alone, which leads to the others."""
_BODY_MARK = "bodySHA256"
_HASHES: Mapping[str, Any] = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Believed:
    """Whose callbacks are believed: those to addresses below `public_url`, signed with one of the `tokens`; `endings` are what our addresses may end in."""

    public_url: str
    tokens: tuple[str, ...] = field(repr=False)
    endings: tuple[str, ...] = ("", RETRIES)

    def genuine(self, request: web.Request, body: bytes, pairs: Pairs) -> bool:
        """Whether Twilio sent this; `pairs` are the fields of its form (none for JSON, which the address carries a mark of)."""
        headers = request.headers
        given, settings = headers.get(SIGNATURE, ""), headers.get(SIGNED_HOW, "")
        if not self.public_url or not given or (not pairs and body and not _marked(request, body)):
            return False
        made_of = _HASHES.get(_algorithm(settings)) if settings else hashlib.sha1
        asked, told = request.raw_path, folded(pairs)
        words = (f"{place}{asked}{ending}{told}" for ending in self.endings for place in spellings(self.public_url))
        return made_of is not None and any(matches(given, one, token, made_of) for one in words for token in self.tokens)


def folded(pairs: Pairs) -> str:
    """The fields as they are signed: by name, each value once and in order."""
    return "".join(name + value for name, value in sorted(set(pairs)))


def matches(given: str, words: str, token: str, made_of: Any = hashlib.sha1) -> bool:
    """Whether a signature is that of these words; takes the same time wherever it is wrong."""
    made = b64encode(hmac.new(token.encode(), words.encode("utf-8", "surrogateescape"), made_of).digest())
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), made)


@lru_cache(maxsize=64)
def spellings(address: str) -> tuple[str, str]:
    """An address as it is written, and with its port or without it, whichever it is not."""
    parts, address = urlsplit(address), address.rstrip("/")
    head = f"{parts.scheme}://"
    rest = address[len(head) + len(parts.netloc) :]
    if parts.port is None:
        return address, f"{head}{parts.netloc}:{443 if parts.scheme == 'https' else 80}{rest}"
    return address, head + parts.netloc.rpartition(":")[0] + rest


def _algorithm(settings: str) -> str:
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    return (named.get("algorithm", "") or "HMAC_SHA1").upper()


def _marked(request: web.Request, body: bytes) -> bool:
    """Whether the address carries the mark of this very body."""
    return hmac.compare_digest(request.query.get(_BODY_MARK, "").encode("utf-8", "surrogateescape"), hashlib.sha256(body).hexdigest().encode())


def fetched(url: str, most: int, api: str, who: tuple[str, str], hosts: Sequence[str]) -> AsyncIterator[bytes]:
    """The bytes of a file; who we are is shown to the API alone, which leads to where the file lies. Raises as `outside.fetch` does."""
    place = urlsplit(api)
    ours = (place.scheme, place.netloc) == urlsplit(url)[:2]
    headers = {"Authorization": encode_basic_auth(*who)} if ours else None
    trusted = () if api == API else (f"{place.hostname}:{place.port or (443 if place.scheme == 'https' else 80)}",)  # the firm has put it there
    return outside.fetch(url, most=most, hosts=(*hosts, place.hostname or ""), trusted=trusted, headers=headers)
