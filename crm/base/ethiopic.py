"""The Ethiopian calendar and clock: thirteen months, a year that begins on 11 or 12 September, a day that begins at six in the morning; pure."""

from dataclasses import dataclass
from datetime import date, time

BEGINS = 2430
"""The first day of the Ethiopian year 0 is so many days after the first of the civil year 1; from there four years, the last one longer, are a cycle."""
MONTHS = ("መስከረም", "ጥቅምት", "ኅዳር", "ታኅሣሥ", "ጥር", "የካቲት", "መጋቢት", "ሚያዝያ", "ግንቦት", "ሰኔ", "ሐምሌ", "ነሐሴ", "ጳጉሜን")
LATIN = ("Meskerem", "Tikimt", "Hidar", "Tahsas", "Tir", "Yekatit", "Megabit", "Miyazya", "Ginbot", "Sene", "Hamle", "Nehase", "Pagumen")
PARTS = ("ሌሊት", "ጠዋት", "ከሰዓት", "ማታ")


@dataclass(frozen=True, slots=True, order=True)
class EthiopianDay:
    """A day of the Ethiopian calendar: twelve months of thirty days, and a thirteenth of five, or of six before a leap year ends."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}-{self.day:02}"


def is_leap(year: int) -> bool:
    """Whether the thirteenth month of a year has six days."""
    return year % 4 == 3


def days_in(year: int, month: int) -> int:
    """How many days a month has."""
    return 30 if month < 13 else 6 if is_leap(year) else 5


def ethiopian(day: date) -> EthiopianDay:
    """A civil day by the Ethiopian calendar."""
    cycle, rest = divmod(day.toordinal() - 1 - BEGINS, 1461)
    year = min(rest // 365, 3)
    left = rest - year * 365
    return EthiopianDay(4 * cycle + year, left // 30 + 1, left % 30 + 1)


def civil(day: EthiopianDay) -> date:
    """An Ethiopian day by the civil calendar; raises ValueError for one there is none of."""
    if not (1 <= day.month <= 13 and 1 <= day.day <= days_in(day.year, day.month)):
        raise ValueError(f"no such day: {day}")
    return date.fromordinal(BEGINS + 1 + 365 * day.year + day.year // 4 + 30 * (day.month - 1) + day.day - 1)


def month_name(month: int, language: str) -> str:
    """The name of a month: in Amharic for those who read it, else in Latin letters."""
    return (MONTHS if language == "am" else LATIN)[month - 1]


def own_clock(at: time) -> str:
    """A time of day as it is said in Ethiopia: 09:30 is 3:30 ጠዋት, half past three of the morning."""
    return f"{(at.hour - 6) % 12 or 12}:{at:%M} {PARTS[at.hour // 6]}"
