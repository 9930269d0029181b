"""What the business must know of the firm; filled by `main.py` from the environment."""

from collections.abc import Callable
from dataclasses import dataclass, field

from crm.base.outbound import Limits, Window
from crm.base.time import Hours

Allows = Callable[[str, Window, int], Limits]
"""What an account takes for an address with this window at an instant."""


@dataclass(frozen=True, slots=True)
class Company:
    """The firm: its name, the languages it speaks (the first is its default), where and when it works.

    `link_key` makes the unguessable tokens of links; `continue_at` is the address a start payload is appended to
    ("" = not offered), `continue_from` the accounts whose customers are offered it. `desk_at` is the address of the staff inbox ("" = none).
    `sendable` are the accounts that can carry words, `counted` those where every part of an SMS costs, `allows` tells what each lets through (None =
    everything, for nothing). `media_quota` is how many bytes files should
    take at most (0 = not said); past it managers are warned, nothing is refused.
    `answer_within` is within how many milliseconds of working time a customer is to be answered (0 = not said),
    `undo_ms` how long an answer of the team waits so that it can be called back.
    A campaign to more people than `step_up_over` needs a second look.
    `holidays` is the country on whose public holidays the firm is closed ("" = on none, unless a manager says so of a day).
    """

    name: str
    languages: tuple[str, ...]
    zone: str
    currency: str
    region: str
    hours: Hours
    link_key: bytes = b""
    continue_at: str = ""
    continue_from: frozenset[str] = frozenset()
    desk_at: str = ""
    sendable: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    media_quota: int = 0
    answer_within: int = 0
    undo_ms: int = 0
    step_up_over: int = 500
    holidays: str = ""
    allows: Allows | None = field(default=None, repr=False, compare=False)
