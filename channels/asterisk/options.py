"""Options of an Asterisk: where its manager interface is, who we are there, and which of its calls are customers'."""

from dataclasses import dataclass, field

from crm.base.errors import Misconfigured

PORT, TLS_PORT = 5038, 5039


@dataclass(frozen=True, slots=True)
class AsteriskOptions:
    """One Asterisk; `port` 0 = 5038, or 5039 with `tls`, which with `ca_file` believes that authority alone.

    A call comes from outside where its first leg begins in one of the `inbound` contexts, or on one of the `trunks` (beginnings of channel names, as
    "PJSIP/operator"); a * at the end stands for anything. It is a customer's where it is for one of the `lines` (empty = all). With `trunks` the calls
    that the firm makes over them are told too. `plain` sends the secret itself, where the server knows no challenge.
    """

    account: str
    host: str
    user: str
    secret: str = field(repr=False)
    title: str = "Phone"
    port: int = 0
    tls: bool = False
    ca_file: str = ""
    plain: bool = False
    inbound: tuple[str, ...] = ("from-trunk*", "from-pstn*")
    trunks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    connect_seconds: float = 10.0
    answer_seconds: float = 10.0
    ping_seconds: float = 30.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    @property
    def place(self) -> tuple[str, int]:
        """Where to connect to."""
        return self.host, self.port or (TLS_PORT if self.tls else PORT)


def check(options: AsteriskOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    texts = (options.user, options.secret)
    reasons = (
        (not options.host or not 0 <= options.port < 65536, "host and port say where the manager interface is"),
        (not all(text and text.isprintable() for text in texts), "user and secret are one line of text each"),
        (not (options.inbound or options.trunks), "inbound or trunks say which calls come from outside"),
        (min(options.connect_seconds, options.answer_seconds, options.ping_seconds) <= 0, "seconds are more than none"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")
