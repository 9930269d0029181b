"""Plan: what a rule is as data: on which event, under which conditions, after how long, which deeds; pure."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from crm.base.i18n import N_
from crm.base.time import DAY, MINUTE
from crm.rules import conditions, deeds
from crm.rules.conditions import ALWAYS, BadRule, Condition
from crm.rules.deeds import Deed

DEEDS_MOST, TEXT_MOST, AFTER_MOST = 10, 8000, 366 * DAY
_EVENT = re.compile(r"([a-z_]{2,20})\.([a-z][a-z_ ]{1,29})")
SUBJECTS = frozenset(("contact", "conversation", "message", "lead", "deal", "task", "document", "order", "payment", "shipment", "project", "rating"))


class Unless(StrEnum):
    """What makes a wait needless, or begins it anew: they wrote, we wrote, the deal moved, a task was made or done, somebody took or closed the talk."""

    HEARD = "heard"
    SAID = "said"
    MOVED = "moved"
    TASK = "task"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class After:
    """Act only so many milliseconds after the event; `unless` one of these happened meanwhile, which with `again` only begins the wait anew."""

    ms: int
    unless: frozenset[Unless] = frozenset()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule as data; `event` is a subject and a kind of change, such as deal.stage."""

    event: str
    deeds: tuple[Deed, ...]
    when: Condition = ALWAYS
    after: After | None = None

    @property
    def subject(self) -> str:
        """What the event is about."""
        return self.event.partition(".")[0]

    @property
    def kind(self) -> str:
        """Which change of it."""
        return self.event.partition(".")[2]

    def pack(self) -> str:
        """The plan as it is kept and exported."""
        data: dict[str, object] = {"event": self.event}
        if when := conditions.write(self.when):
            data["when"] = when
        if self.after:
            data["after"] = {"minutes": self.after.ms // MINUTE, "unless": sorted(self.after.unless), "again": self.after.again}
        return json.dumps({**data, "do": [deeds.write(deed) for deed in self.deeds]}, ensure_ascii=False)


@lru_cache(maxsize=512)
def unpack(text: str) -> Plan:
    """Read a plan as it is kept, or as somebody pasted it; raises `BadRule`, which says what is wrong."""
    if len(text) > TEXT_MOST:
        raise BadRule(N_("A rule has at most {most} characters."), most=TEXT_MOST)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRule(N_("This is no JSON: a rule begins with a brace and ends with one.")) from None
    if not isinstance(data, dict) or set(data) - {"event", "when", "after", "do"}:
        raise BadRule(N_("A rule has event, when, after and do, and nothing else."))
    event = _EVENT.fullmatch(str(data.get("event", "")))
    if event is None or event[1] not in SUBJECTS:
        raise BadRule(N_("An event is such as deal.stage; it is about one of: {words}."), words=", ".join(sorted(SUBJECTS)))
    do = data.get("do")
    if not isinstance(do, list) or not 0 < len(do) <= DEEDS_MOST:
        raise BadRule(N_("do is a list of one to {most} deeds."), most=DEEDS_MOST)
    return Plan(event[0], tuple(deeds.read(one) for one in do), conditions.read(data.get("when")), _after(data.get("after")))


def _after(data: object) -> After | None:
    if data is None:
        return None
    if not isinstance(data, dict) or set(data) - {"minutes", "hours", "days", "unless", "again"}:
        raise BadRule(N_("after has minutes, hours or days, a list unless, and again."))
    amounts = [data.get(name, 0) for name in ("minutes", "hours", "days")]
    if any(isinstance(one, bool) or not isinstance(one, int) or not 0 <= one < 10**6 for one in amounts):
        raise BadRule(N_("A time is a whole number of minutes, hours or days."))
    ms = (amounts[0] + 60 * amounts[1] + 1440 * amounts[2]) * MINUTE
    unless = data.get("unless", [])
    if not MINUTE <= ms <= AFTER_MOST:
        raise BadRule(N_("A rule waits for a minute at least, and for a year at most."))
    if not isinstance(unless, list) or any(one not in set(Unless) for one in unless):
        raise BadRule(N_("unless is a list of: {words}."), words=", ".join(Unless))
    return After(ms, frozenset(Unless(one) for one in unless), data.get("again") is True)
