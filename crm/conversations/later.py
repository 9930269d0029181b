"""Later: until when a conversation may be put off."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.time import HOUR, instant, local

LATER: Mapping[str, str] = {
    "1h": N_button("In 1 hour"),
    "3h": N_button("In 3 hours"),
    "tomorrow": N_button("Tomorrow 09:00"),
    "monday": N_button("Monday 09:00"),
}
MORNING = time(9)


def moment(name: str, now: int, zone: str) -> int:
    """The instant one of the choices of `LATER` means; raises `Expired` for one there is none of. Pure."""
    today = local(now, zone).date()
    match name:
        case "1h":
            return now + HOUR
        case "3h":
            return now + 3 * HOUR
        case "tomorrow":
            return instant(datetime.combine(today + timedelta(days=1), MORNING, ZoneInfo(zone)))
        case "monday":
            return instant(datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, ZoneInfo(zone)))
    raise Expired
