"""What passes between the inbox and the customer's bot: facts in, an `Answer` out; all plain values."""

from dataclasses import dataclass, field

from crm.base.outbound import Buttons

ABOUT = frozenset({"doc", "order", "paid", "rate", "time"})
"""What a button of a customer's may be about besides the talk itself: its value is `about:detail`. It asks for nobody's answer, so nobody waits after it."""


def about(value: str) -> str:
    """Which of `ABOUT` a button's value is about ("" = none of them)."""
    name = value.partition(":")[0]
    return name if name in ABOUT else ""


@dataclass(frozen=True, slots=True)
class Opening:
    """When somebody will be there again: an instant, the firm's zone to show it in, and the instant now."""

    at: int
    zone: str
    now: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a flow may know of one conversation when something was heard.

    `name` is what the person goes by ("" = unknown), `greeting_name` how they are greeted where somebody said so, `platform_name` what the
    platform says; `offers` is None until the person was asked and answered; `opens` is the next opening while nobody is there (None = somebody
    is there now); `can_continue` is true where the conversation may be continued in Telegram by a link.
    """

    company: str
    language: str
    languages: tuple[str, ...]
    channel: str = ""
    name: str = ""
    platform_name: str = ""
    need: str = ""
    phone: str = ""
    offers: bool | None = None
    stopped: bool = False
    followups_stopped: bool = False
    taken: bool = False
    person_called: bool = False
    opens: Opening | None = None
    lead_open: bool = True
    can_continue: bool = False
    greeting_name: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing a person did, as a flow sees it.

    `kind` is message, postback, contact, start, form or unknown; `value` is a button's value; `seen` is false when it was said before our last
    question had left the house, so it cannot be an answer to it.
    """

    kind: str
    text: str = ""
    value: str = ""
    phone: str = ""
    own_phone: bool = False
    media: bool = False
    seen: bool = True
    first: bool = False
    language_heard: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing the bot says."""

    text: str
    buttons: Buttons = ()


@dataclass(frozen=True, slots=True)
class SpeakLanguage:
    """The person chose a language."""

    language: str


@dataclass(frozen=True, slots=True)
class LearnName:
    """The person told their name."""

    name: str


@dataclass(frozen=True, slots=True)
class LearnNeed:
    """The person told what they need."""

    text: str


@dataclass(frozen=True, slots=True)
class LearnPhone:
    """The person told a phone number; `own` = the platform proves that it is theirs."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """The person answered whether offers are welcome; `shown` is the text they saw."""

    granted: bool
    shown: str


@dataclass(frozen=True, slots=True)
class StopWriting:
    """The person said stop: offers first, follow-ups too when they say it again."""


@dataclass(frozen=True, slots=True)
class CallPerson:
    """The person wants a human being."""


@dataclass(frozen=True, slots=True)
class OfferLink:
    """The person wants to go on in another channel: `text` is said with a button `label` that carries a single-use link."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """The person pressed a button under something of ours, or asked in words what it stands for: `about` is one of `ABOUT`, `detail` the rest of its value."""

    about: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Qualified:
    """Everything that was to be asked has been asked."""


Action = SpeakLanguage | LearnName | LearnNeed | LearnPhone | GiveConsent | StopWriting | CallPerson | OfferLink | Pressed | Qualified


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot wants said and done, and where the conversation stands afterwards; `state` is kept on the conversation.

    `asks` is true when `say` ends in a question whose answer is awaited.
    """

    say: tuple[Reply, ...] = ()
    state: str = ""
    actions: tuple[Action, ...] = field(default=())
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn to take: what was heard, what is known, the state the conversation is in, the instant (0 = unknown), the firm's and the person's zone.

    `asked_times` are instants the person was asked about a moment ago.
    """

    heard: Heard
    facts: Facts
    state: str
    now: int = 0
    zone: str = ""
    their_zone: str = ""
    asked_times: frozenset[int] = frozenset()
