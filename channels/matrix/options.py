"""What an account on a Matrix server is set up with; what a server may set otherwise is an option too."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.errors import Misconfigured
from crm.base.webhooks import LOOPBACK

MB = 1024 * 1024
_TOKEN = re.compile(r"[!-~]{1,2000}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MatrixOptions:
    """How to reach one account: `token` is the access token of a device of its own, `api_base` the address of its server.

    `text` is in bytes: an event has at most 65,536, of which the words may take two thirds when each is said plainly and marked up. `pages` is how
    many hundreds of events are fetched when more has happened than one answer holds, `slack_seconds` how far back they go when the place is lost.
    Invitations are accepted up to `invites_per_minute`. Sizes are MB, times seconds unless named otherwise.
    """

    token: str = field(repr=False)
    api_base: str
    account: str = "matrix"
    text: int = 12_000
    rate: float = 5.0
    chat_every: float = 1.0
    chat_burst: int = 3
    upload_mb: int = 50
    download_mb: int = 50
    poll_seconds: float = 25.0
    events: int = 50
    pages: int = 20
    slack_seconds: float = 3600.0
    invites_per_minute: int = 30
    invite_tries: int = 5
    typing_seconds: float = 8.0
    connect_seconds: float = 10.0
    send_seconds: float = 30.0
    upload_seconds: float = 180.0
    first_wait: float = 1.0


def check(options: MatrixOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    base = urlsplit(options.api_base)
    if not _TOKEN.fullmatch(options.token):
        raise Misconfigured(f"the token of {options.account} does not look like one")
    if not base.netloc or (base.scheme != "https" and not (base.scheme == "http" and base.hostname in LOOPBACK)):
        raise Misconfigured(f"api_base of {options.account} must begin with https://")
    if not 0 < options.text <= 20_000:
        raise Misconfigured(f"text of {options.account} is 1 to 20000 bytes: an event has 65536")
