"""DKIM, where the owner's own server does not sign (RFC 6376); the library is loaded only when there is a key."""

from pathlib import Path

from channels.email.options import EmailOptions
from crm.base.errors import Misconfigured

SIGNED = (
    b"from",
    b"to",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""The headers under the signature; those for leaving a list have to be there (RFC 8058)."""


def key_of(options: EmailOptions) -> bytes:
    """The private key, given as itself or as the file it stands in; raises Misconfigured."""
    told = options.dkim_key
    if told.lstrip().startswith("-----BEGIN"):
        return told.encode()
    try:
        return Path(told).read_bytes()
    except OSError:
        raise Misconfigured(f"{options.account}: dkim_key is a private key or the path of one") from None


def signed(raw: bytes, options: EmailOptions, key: bytes) -> bytes:
    """The mail with its signature above it; raises Misconfigured for a key that cannot be used."""
    try:
        import dkim  # type: ignore[import-untyped]
    except ImportError:
        raise Misconfigured("signing needs the package dkimpy") from None
    present = {line.partition(b":")[0].strip().lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    try:
        made: bytes = dkim.sign(
            raw,
            options.dkim_selector.encode(),
            options.dkim_domain.encode(),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if name in present],
        )
    except (dkim.DKIMException, ValueError, TypeError) as error:
        raise Misconfigured(f"{options.account}: the mail cannot be signed with this dkim_key ({type(error).__name__})") from None
    return made + raw
