"""What a page and an Instagram account are set up with; every number that the platform may change is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MB = 1024 * 1024
_HOSTS = (".fbsbx.com", ".fbcdn.net", ".cdninstagram.com")


@dataclass(frozen=True, slots=True)
class PageOptions:
    """One page or account: its `id` and that of the `app` that brings and sends, as Meta numbers them, and the page's `token`.

    All `app_secrets` are believed, the newest first, so that one can be changed while messages come; `verify_token` is a word for the handshake beside ours,
    `username` the name in its own links (m.me/name, ig.me/m/name).
    `human_agent` and `utility` = the app has leave for the tag and for utility templates; `get_started` is what the first button carries; `fields` and
    `page_fields` are what the app and the page are subscribed to (() = all we read); `media_hosts` are where files may be fetched (".example.com" = and
    below). Sizes are MB, times what their names say.
    """

    id: str
    app: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    account: str = "messenger"
    username: str = ""
    verify_token: str = field(default="", repr=False)
    set_webhook: bool = True
    proof: bool = False
    comments: bool = True
    human_agent: bool = True
    utility: bool = True
    get_started: str = "GET_STARTED"
    text: int = 2000
    window_hours: float = 24.0
    person_days: float = 7.0
    ad_days: float = 7.0
    comment_days: float = 7.0
    rate: float = 100.0
    chat_every: float = 1.0
    chat_burst: int = 3
    upload_mb: int = 25
    image_mb: int = 8
    download_mb: int = 25
    body_mb: int = 4
    media_hosts: tuple[str, ...] = _HOSTS
    api_base: str = "https://graph.facebook.com"
    api_version: str = "v25.0"
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    pause_seconds: float = 5.0
    look_seconds: float = 3600.0
    first_wait: float = 1.0
    fields: tuple[str, ...] = ()
    page_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessengerOptions(PageOptions):
    """A Facebook page that people write to in Messenger."""


@dataclass(frozen=True, slots=True)
class InstagramOptions(PageOptions):
    """An Instagram account; `text` is bytes, and neither an ad nor a template opens its window."""

    account: str = "instagram"
    text: int = 1000
    ad_days: float = 0.0
    utility: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where the two differ: what receipts come, what may be attached, asked for and reacted with. `hearts` = the emoji it takes, by their names ({} = any).

    `link` = what people are sent to, before the account's name (or its id, where `by_id`).
    """

    title: str
    bytes: bool
    knows: frozenset[str]
    phones: bool
    files: frozenset[str]
    hearts: Mapping[str, str]
    upload: Mapping[str, str]
    profile: str
    object: str
    fields: frozenset[str]
    page_fields: frozenset[str]
    link: str
    by_id: bool = False


_COMMON = frozenset({"messages", "messaging_postbacks", "message_reactions"})
_OF_PAGES = _COMMON | {"messaging_optins", "messaging_referrals", "messaging_policy_enforcement", "message_echoes", "message_deliveries"}
_HEARD = _OF_PAGES | {"message_reads", "message_edits", "feed"}
MESSENGER = Dialect(
    title="Messenger",
    bytes=False,
    knows=frozenset({"sent", "delivered", "read"}),
    phones=True,
    files=frozenset(),
    hearts={},
    upload={},
    profile="first_name,last_name",
    object="page",
    fields=_HEARD,
    page_fields=_HEARD,
    link="https://m.me/",
    by_id=True,
)
INSTAGRAM = Dialect(
    title="Instagram",
    bytes=True,
    knows=frozenset({"sent", "read"}),
    phones=False,
    files=frozenset({"application/pdf"}),
    hearts={"❤": "love", "❤️": "love"},
    upload={"platform": "instagram"},
    profile="name,username",
    object="instagram",
    fields=_COMMON | {"messaging_seen", "messaging_referral", "message_edit", "comments", "live_comments"},
    page_fields=frozenset({"messages"}),
    link="https://ig.me/m/",
)
