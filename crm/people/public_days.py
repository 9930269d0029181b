"""Public days: the holidays of a country, by the library that knows them; a country it does not know has none."""

from collections.abc import Mapping
from datetime import date
from functools import cache

FIRST_YEAR = 2024
SPOKEN: Mapping[tuple[str, str], str] = {("AM", "hy"): "hy", ("GE", "ka"): "ka", ("ET", "am"): "am", ("RU", "ru"): "ru"}
"""In which language, besides English, the library can name a country's days."""


def ready(country: str) -> None:
    """Load what the days of a country need ("" = of none), before anybody waits for it: that takes a tenth of a second, once."""
    if country:
        public_days(country, FIRST_YEAR)


@cache
def public_days(country: str, year: int, language: str = "en") -> Mapping[date, str]:
    """The days of one year on which a country does not work, with their names; a day that has two has both."""
    from holidays import country_holidays

    try:
        return dict(country_holidays(country, years=year, language=SPOKEN.get((country, language), "en_US")))
    except NotImplementedError:  # the library's word for a country it does not know
        return {}
