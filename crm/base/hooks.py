"""Hooks: by what another programme believes that news is ours: a secret for each address, and a signature of each body; pure."""

import hashlib
import hmac


def secret(key: bytes, url: str) -> str:
    """The secret shared with one address, in hexadecimal: whoever knows one cannot tell another's."""
    return hmac.new(key, b"outgoing hook\n" + url.encode(), hashlib.sha256).hexdigest()


def signature(shared: str, at: int, body: bytes) -> str:
    """What proves that a body was sent by us at an instant (seconds since 1970 UTC): HMAC-SHA256 of the instant, a dot and the body, in hexadecimal."""
    return hmac.new(shared.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
