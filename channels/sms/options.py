"""Options of an SMS gateway: how its requests, answers and callbacks are shaped, as data; docs/channels.md has whole examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ACCEPTED = range(200, 300)


@dataclass(frozen=True, slots=True)
class SmsOptions:
    """One account at an operator.

    Asking: `fields` of a body of the kind `body` (json, form, query) hold {to}, {digits} (without the plus), {text}, {from}, {ref}, {callback}, {coding};
    in JSON a dotted name goes inside, a part with [] at its end is a list of one. `coding` says how each encoding (gsm7, ucs2) is called there.
    Answering: a place is a dotted path into JSON, or "re:" and a pattern with one group. It was accepted where `ok_at` is one of `ok` (none = any 2xx);
    `error_at` is looked up in `errors`: a reason, "later" or "account"; "http 402" means that status.
    Callbacks come to secret paths: `receipt` and `inbound` name their fields (id, ref, state, error, number, at; id, number, text, at), `each` the list
    they stand in, `states` is what a state means: sent, delivered, read, failed; what is in no list here is counted and passed over,
    what is in `quiet` is not even kept.
    They may be proven besides by `callback_secrets` (HMAC-SHA256 in `callback_header`) or `callback_user` with `callback_passwords`.
    """

    account: str
    url: str = field(repr=False)
    title: str = "SMS"
    sender: str = ""
    method: str = "POST"
    body: str = "json"
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    coding: dict[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = field(default="", repr=False)
    id_at: str = ""
    ok_at: str = ""
    ok: tuple[str, ...] = ()
    error_at: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    inbound: dict[str, str] = field(default_factory=dict)
    each: str = ""
    quiet: tuple[str, ...] = ()
    callback_answer: str = "OK"
    callback_type: str = "text/plain"
    callback_header: str = ""
    callback_secrets: tuple[str, ...] = field(default=(), repr=False)
    callback_user: str = ""
    callback_passwords: tuple[str, ...] = field(default=(), repr=False)
    parts: int = 10
    rate: float = 5.0
    chat_every: float = 1.0
    repeats: bool = False
    connect_seconds: float = 10.0
    send_seconds: float = 30.0
    later_seconds: float = 30.0
    patience: float = 10.0
    again: int = 5


Errors = Mapping[str, str]
