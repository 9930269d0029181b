"""What a Viber bot is set up with; every number that the platform may change is here."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm.base.errors import Misconfigured
from crm.base.outbound import May
from crm.base.webhooks import LOOPBACK

KB, MB = 1024, 1024 * 1024
EVENTS = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
"""What we ask to be told besides messages, which always come."""
NAME_MOST, ROWS = 28, 12


@dataclass(frozen=True, slots=True)
class ViberOptions:
    """One bot; all `tokens` are believed, the newest first, and the newest is what we send with.

    `name` stands above what we say ("" = the firm's), `avatar` is a picture's https address. `outside` = what may be sent, and so billed, after the
    session of `session_hours`: anything, personal (what a person of the staff wrote), nothing. `welcome` is said to who opens the chat when the bot's own
    greeting does not come within `welcome_seconds`. `picture_types` are sent as pictures up to `picture_kb`, with up to `caption` characters of words,
    `video_types` as videos; anything else goes as a file. `file_days` is how long the address of a file we sent is good, `media_hosts` are where files
    may be fetched (".example.com" = and below).
    """

    tokens: tuple[str, ...] = field(repr=False)
    account: str = "viber"
    name: str = ""
    avatar: str = ""
    set_webhook: bool = True
    outside: str = May.ANYTHING.value
    session_hours: float = 24.0
    welcome: str = ""
    welcome_seconds: float = 4.0
    text: int = 7000
    label: int = 24
    request_kb: int = 30
    rate: float = 25.0
    chat_every: float = 1.0
    chat_burst: int = 3
    picture_kb: int = 1024
    caption: int = 512
    picture_types: tuple[str, ...] = ("image/jpeg",)
    video_mb: int = 26
    video_types: tuple[str, ...] = ("video/mp4",)
    file_mb: int = 50
    file_days: float = 7.0
    download_mb: int = 50
    body_kb: int = 256
    media_hosts: tuple[str, ...] = (".viber.com",)
    api_base: str = "https://chatapi.viber.com"
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    pause_seconds: float = 5.0
    throttled_seconds: float = 10.0
    look_seconds: float = 900.0
    first_wait: float = 1.0


def check(options: ViberOptions) -> None:
    """Raise Misconfigured for options that cannot work, before anything is sent with them."""
    parts = urlsplit(options.api_base)
    reasons = (
        (not options.tokens or not all(options.tokens), "tokens has the bot's own token, and beside it an older one while it is changed"),
        (len(options.name) > NAME_MOST, f"name has at most {NAME_MOST} characters"),
        (bool(options.avatar) and not options.avatar.startswith("https://"), "avatar must begin with https://"),
        (options.outside not in {May.ANYTHING.value, May.PERSONAL.value, May.NOTHING.value}, "outside is anything, personal or nothing"),
        (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK), "api_base must begin with https://"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")
