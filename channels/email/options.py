"""What an owner sets about a mailbox, and what the great providers have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from crm.base.errors import Misconfigured

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TLS, STARTTLS, PLAIN = "tls", "starttls", "plain"
_PORTS = {("imap", TLS): 993, ("imap", STARTTLS): 143, ("imap", PLAIN): 143, ("smtp", TLS): 465, ("smtp", STARTTLS): 587, ("smtp", PLAIN): 25}


@dataclass(frozen=True, slots=True)
class EmailOptions:
    """Settings of one mailbox; times in seconds, sizes in bytes.

    `provider` ("gmail", "microsoft") fills in what is left empty. `security` of either way is "tls" (from the first byte), "starttls", or "plain", which
    is for this machine alone. With `oauth_refresh` a token is asked for at `oauth_url` and takes the place of the password.
    `aliases` are other addresses of the mailbox, `servers` the names its own mail servers sign Authentication-Results with.
    `plus` = the provider delivers `local+anything@domain` into this mailbox; with `bare_sender` only answers come there, while what comes back
    undelivered comes to the address itself. `sent_folder` "" = the one the server calls Sent; `copy_sent` lays a copy of what we send into it, for a
    provider that does not.
    At the first start mails of the last `first_days` are taken, after the provider has numbered its mails anew those of the last `again_days`.
    `idle` is how long a wait stands at most, `poll` how often it is looked anyway, `session` how long a connection is kept,
    `denied_wait` how long it is waited after a login that was refused again, since providers lock out who tries on;
    `look` how old an answer of the server for sending may be for `health`.
    """

    address: str
    account: str = "email"
    name: str = ""
    aliases: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    provider: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    imap_host: str = ""
    imap_port: int = 0
    imap_security: str = ""
    smtp_host: str = ""
    smtp_port: int = 0
    smtp_security: str = ""
    ca_file: str = ""
    oauth_url: str = ""
    oauth_client: str = ""
    oauth_secret: str = field(default="", repr=False)
    oauth_refresh: str = field(default="", repr=False)
    oauth_scope: str = ""
    oauth_margin: float = 300.0
    plus: bool = True
    bare_sender: bool = False
    folders: tuple[str, ...] = ("INBOX",)
    sent_folder: str = ""
    read_sent: bool = True
    copy_sent: bool = False
    first_days: int = 1
    again_days: int = 30
    idle: float = 1500.0
    poll: float = 300.0
    session: float = 82_800.0
    look: float = 900.0
    connect: float = 20.0
    answer: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    denied_wait: float = 300.0
    mail_size: int = 25_000_000
    media_size: int = 14_000_000
    digest_seconds: float = 10.0
    digest_memory: int = 768_000_000
    rate: float = 1.0
    dkim_selector: str = ""
    dkim_domain: str = ""
    dkim_key: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]


PROVIDERS: Mapping[str, Mapping[str, object]] = {
    "gmail": {
        "imap_host": "imap.gmail.com",
        "smtp_host": "smtp.gmail.com",
        "oauth_url": "https://oauth2.googleapis.com/token",
        "oauth_scope": "https://mail.google.com/",
        "servers": ("mx.google.com",),
    },
    "microsoft": {
        "imap_host": "outlook.office365.com",
        "smtp_host": "smtp.office365.com",
        "smtp_security": STARTTLS,
        "bare_sender": True,  # another sender on the envelope is refused (5.7.60) unless the administrator allows aliases
        "oauth_url": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "oauth_scope": "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
    },
}


def settled(options: EmailOptions) -> EmailOptions:
    """The options with everything filled in that follows from others; raises `Misconfigured`, naming what is wrong."""
    options = _provided(options)
    _check_address(options)
    for name in ("idle", "poll", "session", "connect", "answer", "first_wait", "digest_seconds", "digest_memory", "mail_size", "rate"):
        if not getattr(options, name) > 0:
            raise Misconfigured(f"{options.account}: {name} is more than 0")
    for way in ("imap", "smtp"):
        options = _way(options, way)
    if bool(options.password) == bool(options.oauth_refresh):
        raise Misconfigured(f"{options.account} needs either password, or oauth_refresh with oauth_client")
    if options.oauth_refresh and not (options.oauth_client and (options.oauth_url.startswith("https://") or _on_this_machine(options.oauth_url))):
        raise Misconfigured(f"{options.account}: a token needs oauth_client and an oauth_url that begins with https://")
    if bool(options.dkim_selector) != bool(options.dkim_key):
        raise Misconfigured(f"{options.account}: signing needs dkim_selector and dkim_key")
    return replace(options, user=options.user or options.address, dkim_domain=options.dkim_domain or options.domain)


def _provided(options: EmailOptions) -> EmailOptions:
    if not options.provider:
        return options
    if options.provider not in PROVIDERS:
        raise Misconfigured(f"{options.account}: provider is one of {', '.join(PROVIDERS)}, or left out")
    empty = {one.name for one in fields(options) if not getattr(options, one.name)}
    return replace(options, **{name: value for name, value in PROVIDERS[options.provider].items() if name in empty})  # type: ignore[arg-type]


def _way(options: EmailOptions, way: str) -> EmailOptions:
    """One of the two ways, in or out."""
    host, security = str(getattr(options, f"{way}_host")), str(getattr(options, f"{way}_security") or TLS)
    port = int(getattr(options, f"{way}_port")) or _PORTS.get((way, security), 0)
    if not host:
        raise Misconfigured(f"{options.account} needs {way}_host, or a provider")
    if not port:
        raise Misconfigured(f"{options.account}: {way}_security is one of {TLS}, {STARTTLS}, {PLAIN}")
    if security == PLAIN and host not in LOOPBACK:
        raise Misconfigured(f"{options.account}: without TLS the password would travel in the clear; {way}_security may be {PLAIN} only to this machine")
    return replace(options, **{f"{way}_security": security, f"{way}_port": port})  # type: ignore[arg-type]


def _check_address(options: EmailOptions) -> None:
    local, at, domain = options.address.rpartition("@")
    if not (at and local and domain and options.address.isascii() and options.address.isprintable()) or set(options.address) & set(' <>",;:()[]\\+'):
        raise Misconfigured(f"{options.account}: address is one like sales@shop.example")


def _on_this_machine(url: str) -> bool:
    return any(url.startswith(f"http://{host}:") for host in ("127.0.0.1", "localhost"))
