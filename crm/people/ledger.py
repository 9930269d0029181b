"""Ledger: what a person's row says when people are found to be one, and what it would say had they never been; pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Flags:
    """What a person's row says that a merge may change; see `Contact`."""

    name: str = ""
    platform_name: str = ""
    language: str = ""
    marketing: int = 0
    silenced: int = 0
    blocked: int = 0
    promoted_at: int = 0
    last_inbound_at: int = 0
    preferred_id: int | None = None
    kind: str = CUSTOMER
    greeting_name: str = ""


Order = tuple[int, int]
"""When something was written: the instant, then the row's number."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two people were found to be one."""

    order: Order
    winner: int
    loser: int


@dataclass(frozen=True, slots=True)
class Decided:
    """Something about a person was decided or learnt where this contact was heard."""

    order: Order
    contact: int
    flag: str
    value: Any


def combined(winner: Flags, loser: Flags) -> Flags:
    """What the winner's row says from a merge on: the stricter answer about being written to wins, names fill gaps."""
    strict = -1 if -1 in (winner.marketing, loser.marketing) else max(winner.marketing, loser.marketing)
    return Flags(
        name=winner.name or loser.name,
        platform_name=winner.platform_name or loser.platform_name,
        language=winner.language,
        marketing=strict,
        silenced=max(winner.silenced, loser.silenced),
        blocked=max(winner.blocked, loser.blocked),
        promoted_at=max(winner.promoted_at, loser.promoted_at),
        last_inbound_at=max(winner.last_inbound_at, loser.last_inbound_at),
        preferred_id=winner.preferred_id or loser.preferred_id,
        kind=loser.kind if winner.kind == CUSTOMER else winner.kind,  # who is a supplier too gets no offers
        greeting_name=winner.greeting_name or loser.greeting_name,
    )


def replayed(root: int, base: Mapping[int, Flags], joins: Iterable[Joined], decisions: Iterable[Decided]) -> Flags:
    """What the row of `root` says after everything that happened to the contacts of `base`, in its order, and nothing else."""
    now, over = dict(base), {number: number for number in base}

    def top(number: int) -> int:
        while over[number] != number:
            number = over[number]
        return number

    deeds: list[Joined | Decided] = [*joins, *decisions]
    for deed in sorted(deeds, key=lambda deed: deed.order):
        if isinstance(deed, Joined):
            winner, loser = top(deed.winner), top(deed.loser)
            now[winner], over[loser] = combined(now[winner], now[loser]), winner
        else:
            person = top(deed.contact)
            now[person] = replace(now[person], **{deed.flag: deed.value})
    return now[top(root)]


def below(loser: int, parents: Mapping[int, int]) -> set[int]:
    """A contact and all that became theirs; `parents` tells into whom each contact was merged."""
    found, more = {loser}, True
    while more:
        fresh = {child for child, parent in parents.items() if parent in found} - found
        found |= fresh
        more = bool(fresh)
    return found


def packed(winner: Flags, loser: Flags) -> str:
    """Both rows before a merge, as they are kept with it."""
    return json.dumps({"winner": asdict(winner), "loser": asdict(loser)}, ensure_ascii=False)


def bases(links: Sequence[tuple[Order, int, int, str]]) -> dict[int, tuple[Order, Flags]]:
    """What each contact's row said before it was merged for the first time, and when that was; `links` = order, winner, loser, what was kept."""
    found: dict[int, tuple[Order, Flags]] = {}
    for order, winner, loser, kept in sorted(links):
        sides: dict[str, dict[str, Any]] = json.loads(kept) if kept else {}
        for number, side in ((winner, "winner"), (loser, "loser")):
            if number not in found and side in sides:
                found[number] = (order, Flags(**sides[side]))
    return found
