"""What a MAX bot's account is set up with; what MAX may change without asking is an option too."""

import re
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.errors import Misconfigured
from crm.base.webhooks import LOOPBACK

MB = 1024 * 1024
HOMES = (".oneme.ru", ".max.ru", ".okcdn.ru", ".mycdn.me", ".odnoklassniki.ru", ".ok.ru")
"""Where MAX keeps files that people send."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{5,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MaxOptions:
    """How to reach one bot: `token` is what MAX gave for it; `ca_file` holds the certificates of the ministry's authority that signs the API's address.

    They are trusted by this account's own connections and nowhere else. `username` is the bot's name in links; without it the node that listens learns
    it. All `secrets` are believed; without any they are made of the installation's key. Sizes are MB, times seconds unless named otherwise.
    """

    token: str = field(repr=False)
    account: str = "max"
    ca_file: str = ""
    username: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    set_webhook: bool = True
    api_base: str = "https://platform-api2.max.ru"
    text: int = 3999
    rate: float = 30.0
    chat_every: float = 1.0
    chat_burst: int = 3
    rows: int = 30
    columns: int = 7
    wide_columns: int = 3
    label: int = 64
    payload: int = 256
    image_mb: int = 50
    media_hosts: tuple[str, ...] = HOMES
    upload_mb: int = 50
    download_mb: int = 50
    body_mb: int = 1
    poll_seconds: float = 25.0
    poll_pause: float = 0.5
    ready_seconds: float = 2.0
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    look_seconds: float = 1800.0
    first_wait: float = 1.0


def check(options: MaxOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    base = urlsplit(options.api_base)
    if not options.token or not options.token.isascii() or not options.token.isprintable() or " " in options.token:
        raise Misconfigured(f"the token of {options.account} does not look like one")
    if not all(map(_SECRET.fullmatch, options.secrets)):
        raise Misconfigured(f"a secret of {options.account} is 5 to 256 Latin letters, digits, _ and -")
    if base.scheme != "https" and not (base.scheme == "http" and base.hostname in LOOPBACK):
        raise Misconfigured(f"api_base of {options.account} must begin with https://")


def trust(options: MaxOptions) -> ssl.SSLContext | None:
    """What this account's connections check certificates with; None = as everything else does. Raises Misconfigured for a file that holds none."""
    if not options.ca_file:
        return None
    made = ssl.create_default_context()
    try:
        made.load_verify_locations(cafile=options.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"ca_file of {options.account} cannot be used: {type(error).__name__}") from None
    return made
