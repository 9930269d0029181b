"""The zone a person's day is reckoned in."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.base.settings import Company


def zone_of(zone: str, company: Company) -> str:
    """The person's zone, or the company's where theirs is not known or does not exist."""
    return zone if zone and known(zone) else company.zone


@cache
def known(zone: str) -> bool:
    """Whether there is such a zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
