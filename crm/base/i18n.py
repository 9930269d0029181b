"""Our words in five languages: a phrase is its English, the catalogues under `crm/locale` know the rest."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from crm.base.ethiopic import own_clock

LANGUAGES = ("hy", "ka", "am", "ru", "en")
NATIVE = {"hy": "Հայերեն", "ka": "ქართული", "am": "አማርኛ", "ru": "Русский", "en": "English"}
LOCALE = Path(__file__).resolve().parent.parent / "locale"
DOMAIN = "dragoman"
MINUTE = 60_000

_FIELD = re.compile(r"\{(\w+)\}")


def _english(n: int) -> int:
    return 0 if n == 1 else 1


def _russian(n: int) -> int:
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


# Babel writes one form for hy and ka; nouns stay singular after a number there, but "1 message / messages" still differ.
PLURALS: Mapping[str, tuple[int, str, Callable[[int], int]]] = {
    "hy": (2, "(n != 1)", _english),
    "ka": (2, "(n != 1)", _english),
    "am": (2, "(n > 1)", lambda n: 1 if n > 1 else 0),
    "ru": (3, "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)", _russian),
    "en": (2, "(n != 1)", _english),
}


def N_(phrase: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a phrase in a table for extraction; `tr` says it later."""
    return phrase


def N_button(phrase: str) -> str:  # noqa: N802
    """Mark a button's label in a table: extracted like `N_` and held to 24 characters in every language."""
    return phrase


def fill(phrase: str, fields: Mapping[str, object]) -> str:
    """Put values into `{named}` places, once: a value's own braces stay text, a place without a value stays as it is."""
    return _FIELD.sub(lambda place: str(fields[place[1]]) if place[1] in fields else place[0], phrase) if "{" in phrase else phrase


_NEAR = {-1: N_("yesterday {time}"), 0: N_("today {time}"), 1: N_("tomorrow {time}")}
_SPANS = (N_("{minutes} min"), N_("{hours} h {minutes} min"), N_("{hours} h"), N_("{days} d"))


class Translator:
    """Says phrases in one language; a missing catalogue or phrase falls back to English."""

    __slots__ = ("_phrases", "language")

    def __init__(self, language: str, phrases: Mapping[str, tuple[str, ...]]) -> None:
        self.language = language
        self._phrases = phrases

    def __call__(self, phrase: str, /, **fields: object) -> str:
        return fill(self._phrases.get(phrase, (phrase,))[0], fields)

    def button(self, phrase: str, /, **fields: object) -> str:
        """A button's label: the same as calling, but extraction marks it so that its length is watched."""
        return self(phrase, **fields)

    def many(self, one: str, other: str, n: int, /, **fields: object) -> str:
        """The form that fits `n`, which also fills `{n}`."""
        forms = self._phrases.get(one, ())
        count, _, choose = PLURALS[self.language]
        phrase = forms[choose(abs(n))] if len(forms) == count else (one, other)[_english(n)]
        return fill(phrase, {"n": n} | fields)

    def when(self, instant: int, zone: str, now: int) -> str:
        """An instant in short words of a card: today 18:00, tomorrow 09:00, Mon 24 Nov 09:00; milliseconds, IANA zone."""
        there = ZoneInfo(zone)
        at, today = datetime.fromtimestamp(instant / 1000, there), datetime.fromtimestamp(now / 1000, there).date()
        clock, near = self.clock(at.time()), _NEAR.get((at.date() - today).days)
        return self(near, time=clock) if near else f"{self.day(at.date(), today)} {clock}"

    def ago(self, duration: int) -> str:
        """A duration in milliseconds in short words: 5 min, 2 h 10 min, 3 d; under a minute counts as none."""
        minutes = max(0, duration) // MINUTE
        hours, rest = divmod(minutes, 60)
        size = 0 if minutes < 60 else 1 if hours < 48 and rest else 2 if hours < 48 else 3
        return self(_SPANS[size], minutes=rest, hours=hours, days=hours // 24)

    def since(self, instant: int, now: int) -> str:
        """How long ago an instant was, in short words: now, 5 min; milliseconds."""
        return self("now") if now - instant < MINUTE else self.ago(now - instant)

    def day(self, day: date, today: date) -> str:
        """A day in short words: Mon 24 Nov, or 24 Nov 2027 where it is in another year than today."""
        from babel.dates import format_date

        return format_date(day, "EEE d MMM" if day.year == today.year else "d MMM y", locale=self.language)

    def clock(self, at: time) -> str:
        """Hours and minutes, the midnight that ends a day as 24:00; Amharic shows both clocks, because the Ethiopian day starts six hours later."""
        shown = "24:00" if at == time.max else f"{at:%H:%M}"
        return shown if self.language != "am" else f"{shown} ({own_clock(time(0) if at == time.max else at)})"


@cache
def translator(language: str) -> Translator:
    """The one translator of a language; English for a language we do not have."""
    known = language if language in LANGUAGES else "en"
    return Translator(known, phrases(catalogue(known)))


def catalogue(language: str) -> Path:
    """Where a language's phrases are kept."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def phrases(path: Path) -> dict[str, tuple[str, ...]]:
    """Read what is translated in a `.po` file: English to its forms; fuzzy and empty phrases are left out."""
    if not path.exists():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        found = read_po(file)
    said: dict[str, tuple[str, ...]] = {}
    for message in found:
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if message.id and not message.fuzzy and forms and all(forms):
            said[message.id if isinstance(message.id, str) else message.id[0]] = forms
    return said
