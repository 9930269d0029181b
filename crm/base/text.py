"""What people type: made safe to keep, cut without breaking a letter, and read for language, names and stop words."""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache

from crm.base import words
from crm.base.fold import fold
from crm.base.i18n import LANGUAGES

__all__ = [
    "choose_language",
    "clean",
    "clean_name",
    "cut",
    "cut_utf16",
    "escape_html",
    "fold",
    "heard_language",
    "is_command",
    "is_greeting",
    "is_order_question",
    "is_person",
    "is_stop",
    "is_substance",
    "isolated",
    "looks_like_name",
    "name_in",
    "plain",
    "script_of",
    "ungreeted",
    "unturned",
    "utf16_length",
]

NAME_LENGTH = 100
SHORT = 40
_LETTER = re.compile("[A-Za-z]")
_ANY_LETTER = re.compile(r"[^\W\d_]")
_BETWEEN = re.compile(r"[\W_]+")
LOOK_BACK = 32
READ = 2000

_BROKEN = re.compile(r"[\x00\ud800-\udfff]")
# Bidi controls, spaces and fillers that nobody sees, tag characters and control characters: nothing a name needs, all that a forger wants.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f\x00-\x08\x0e-\x1f\x7f-\x9f]"
)
# Direction marks and control characters: what a customer types must not turn the rest of a card or page around.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ISOLATE, _POP = "\u2068", "\u2069"
_IN_WORD = re.compile("[՛՜՞՚'’ʼ]")
_ASKS = re.compile("[?՞፧;؟]")
_NOT_WORD = re.compile(r"[^\w]+|_+")
_NAME_SHAPE = re.compile(r"[^\W\d_]+(?:[-.'’ʼ/ ]+[^\W\d_]+)*\.?")
_SCRIPTS = (
    ("armenian", ((0x531, 0x58F), (0xFB13, 0xFB17))),
    ("georgian", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F))),
    ("ethiopic", ((0x1200, 0x139F), (0x2D80, 0x2DDF), (0xAB00, 0xAB2F), (0x1E7E0, 0x1E7FF))),
    ("cyrillic", ((0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F))),
    ("latin", ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF5A))),
)
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_LANGUAGE_OF = {"armenian": "hy", "georgian": "ka", "ethiopic": "am", "cyrillic": "ru"}


def clean(text: str, limit: int = 0) -> str:
    """The text as it may be stored: NUL and half characters become U+FFFD; with a limit, cut between letters."""
    if _BROKEN.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")
    return cut(text, limit) if limit else text


def clean_name(text: str, limit: int = NAME_LENGTH) -> str:
    """A name as it may be shown: one line, without direction marks, invisible or control characters."""
    return cut(" ".join(_HIDDEN.sub("", clean(text[: limit + READ])).split()), limit).strip(" \u200c\u200d")


def unturned(text: str) -> str:
    """Somebody's words without what would turn those around them."""
    return _TURNING.sub("", text)


def isolated(text: str) -> str:
    """Somebody else's words between marks that keep their direction to themselves."""
    return f"{_ISOLATE}{text}{_POP}" if text else ""


def cut(text: str, limit: int) -> str:
    """At most `limit` code points, never inside a letter with its marks or a joined emoji."""
    return text if len(text) <= limit else text[: _boundary(text, max(0, limit))]


def utf16_length(text: str) -> int:
    """The length as Telegram counts it: UTF-16 units."""
    return len(text) if text.isascii() else len(text) + sum(mark > "\uffff" for mark in text)


def cut_utf16(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, never inside a letter with its marks or a joined emoji."""
    if utf16_length(text) <= limit:
        return text
    units = end = 0
    while end < len(text) and units + 1 + (text[end] > "\uffff") <= limit:
        units, end = units + 1 + (text[end] > "\uffff"), end + 1
    return text[: _boundary(text, end)]


def _boundary(text: str, end: int) -> int:
    """The nearest place at or before `end` where no letter is split; a pile of marks longer than a glance is split all the same."""
    for place in range(end, max(0, end - LOOK_BACK), -1):
        if place >= len(text) or not _joins(text, place):
            return place
    return end if end > LOOK_BACK else 0


def _joins(text: str, place: int) -> bool:
    """Whether the character at `place` belongs to the one before it."""
    before, mark = text[place - 1], text[place]
    if before == "\u200d" or mark in "\u200d\ufe0f\ufe0e" or "\U0001f3fb" <= mark <= "\U0001f3ff" or unicodedata.combining(mark) or before + mark == "\r\n":
        return True
    if "\U000e0020" <= mark <= "\U000e007f" or "\u1160" <= mark <= "\u11ff":  # the tags behind a flag, the vowels and ends of a Hangul syllable
        return True
    if "\U0001f1e6" <= mark <= "\U0001f1ff":
        return (place - len(text[:place].rstrip(_FLAG_LETTERS))) % 2 == 1
    return unicodedata.category(mark) in {"Mn", "Me", "Mc"}


def escape_html(text: str) -> str:
    """The text as it stands between HTML tags; quotes stay, since attributes never carry what people typed."""
    return html.escape(text, quote=False)


def script_of(text: str) -> str:
    """The script that says most about the language ("" = none of ours): one of our own with a fifth of the letters wins over Latin brand names."""
    if text.isascii():
        return "latin" if _LETTER.search(text, 0, READ) else ""
    counts = Counter(found for mark in text[:READ] if (found := _script(mark)))
    if not counts:
        return ""
    own = [(count, name) for name, count in counts.items() if name != "latin"]
    count, name = max(own, default=(0, ""))
    return name if count * 5 >= counts.total() else "latin"


@lru_cache(maxsize=4096)
def _script(mark: str) -> str:
    if not mark.isalpha():
        return ""
    return next((name for name, ranges in _SCRIPTS if any(first <= ord(mark) <= last for first, last in ranges)), "")


def heard_language(text: str) -> str:
    """The language a message is written in, by its script, then by a few words of Latin typing ("" = it does not tell)."""
    script = script_of(text)
    return _LANGUAGE_OF.get(script, "") if script != "latin" else _latin_language(text)


def _latin_language(text: str) -> str:
    pieces = text[:READ].split()
    hits = [language for piece in pieces for language in (_telling(piece) if len(piece) <= SHORT else _listed_in(piece))]
    return Counter(hits).most_common(1)[0][0] if hits else ""


def _listed_in(piece: str) -> tuple[str, ...]:
    """The languages whose lists have a word of this piece of a text; a number tells nothing.

    English is taken as it is spelt: by sound its "are" is Armenian's arje.
    """
    if not _ANY_LETTER.search(piece):
        return ()
    lists, english = _latin_words()
    found = ("en" if word in english else lists.get(fold(word), "") for word in _BETWEEN.split(piece.lower()))
    return tuple(filter(None, found))


@lru_cache(maxsize=16384)  # people say the same short words again and again
def _telling(piece: str) -> tuple[str, ...]:
    return _listed_in(piece)


@cache
def _latin_words() -> tuple[dict[str, str], frozenset[str]]:
    by_sound = {fold(word): language for language, listed in words.LATIN_WORDS.items() if language != "en" for word in listed.split()}
    return by_sound, frozenset(words.LATIN_WORDS["en"].split())


def choose_language(text: str, hint: str, default: str, languages: Iterable[str] = LANGUAGES) -> str:
    """The language to answer in: what the message shows, then the platform's hint, then the company's default; only ours."""
    ours = tuple(languages)
    wanted = (heard_language(text), hint.replace("_", "-").split("-")[0].lower(), default, "en")
    return next((language for language in wanted if language in ours), ours[0] if ours else "en")


@lru_cache(maxsize=64)  # one message is asked for it by several questions in a row
def plain(text: str) -> str:
    """The bare words of a message in lower case: no punctuation, no emoji, no in-word marks, single spaces."""
    return " ".join(_NOT_WORD.sub(" ", _IN_WORD.sub("", unicodedata.normalize("NFKC", text[:READ]).lower().replace("և", "եւ"))).split())


@cache
def _plain_set(name: str) -> frozenset[str]:
    return frozenset(map(plain, _listed(name)))


@cache
def _listed(name: str) -> tuple[str, ...]:
    """A list of `crm/base/words.py`, entry by entry."""
    text: str = getattr(words, name)
    return tuple(entry for part in text.split("|") if (entry := part.strip()))


def is_command(text: str) -> bool:
    """Whether a message is a slash and a word: never a name, a need or a phone."""
    return re.match(r"/[^\W\d]", text.strip()) is not None


def is_greeting(text: str) -> bool:
    """Whether a message greets and says nothing else."""
    return plain(text) in _plain_set("GREETINGS")


def ungreeted(text: str) -> str:
    """A line without the greeting it begins with, its first letter large; "" where it greets and says nothing else."""
    said = text.split()
    most = next((count for count in (3, 2, 1) if len(said) >= count and is_greeting(" ".join(said[:count]))), 0)
    rest = " ".join(said[most:]).lstrip(" ,.!:։፣።-")
    return rest[:1].title() + rest[1:] if most else rest  # not upper(): no Georgian sentence begins with a capital


def is_substance(text: str) -> bool:
    """Whether a message says what it is about: three words or a question of two, greetings and introductions taken off."""
    said = plain(text)
    greeting = max((known for known in _plain_set("GREETINGS") if said.startswith(known + " ")), key=len, default="")
    count = len(said[len(greeting) :].split())
    return not is_command(text) and not name_in(text) and count >= (2 if _ASKS.search(text) else 3)


def is_stop(text: str) -> bool:
    """Whether the whole message is a stop word in one of five languages, in Latin typing, or as a command."""
    return plain(text) in _plain_set("STOP")


@cache
def _polite() -> frozenset[str]:
    return frozenset(word for words in _plain_set("PLEASE") for word in words.split())


def is_person(text: str) -> bool:
    """Whether a message asks for a human being: as a whole, or by an operator or manager named in at most five words."""
    polite = _polite()
    said = [word for word in plain(text).split() if word not in polite]
    return " ".join(said) in _plain_set("PERSON") or (len(said) <= 5 and any(word.startswith(_listed("PERSON_BEGINNINGS")) for word in said))


@cache
def _thanks() -> tuple[frozenset[str], frozenset[str]]:
    said = _plain_set("THANKS")
    return said, frozenset(word for name in ("THANKS", "BESIDE_THANKS", "GREETINGS", "PLEASE") for one in _plain_set(name) for word in one.split())


def is_thanks(text: str) -> bool:
    """Whether the whole message only thanks, agrees or takes leave, in one of five languages, in Latin typing, or by signs without a word."""
    said, (core, known) = plain(text).split(), _thanks()
    if not text.strip() or _ASKS.search(text):
        return False
    return not said or (known.issuperset(said) and not core.isdisjoint(said))


@cache
def _order_words() -> frozenset[str]:
    return frozenset(word for name in ("ORDER", "GREETINGS", "PLEASE") for said in _plain_set(name) for word in said.split())


def is_order_question(text: str) -> bool:
    """Whether the whole message asks where an order is, in one of five languages or in Latin typing; a greeting or a "please" beside it does not matter."""
    said, polite = plain(text), _polite()
    if not _order_words().issuperset(said.split()):  # nearly every message, and each is asked
        return False
    greeting = max((known for known in _plain_set("GREETINGS") if said.startswith(known + " ")), key=len, default="")
    return " ".join(word for word in said[len(greeting) :].split() if word not in polite) in _plain_set("ORDER")


def name_in(text: str) -> str:
    """The name a message tells ("" = it is not a name): at most four words of letters, an introduction taken off."""
    said = clean_name(text, READ)
    if len(said) > 120 or is_command(said) or is_greeting(said) or is_stop(said) or is_person(said):
        return ""
    name = _bare_name(said.strip(" .,!։።"))
    known = _plain_set("NOT_NAMES")
    good = _NAME_SHAPE.fullmatch(name) and len(name.split()) <= 4 and len(name) <= 60 and len(name) > 1
    return name if good and not any(word in known for word in plain(name).split()) else ""


def _bare_name(said: str) -> str:
    """What is left of an introduction: "my name is Anna" and "ես Աննան եմ" keep the name alone."""
    low = said.lower()
    before = max((phrase for phrase in _listed("INTRODUCTIONS") if low.startswith(phrase + " ")), key=len, default="")
    name = said[len(before) :].strip(" ,:—-") if before else said
    after = max((phrase for phrase in _listed("AFTER_NAMES") if name.lower().endswith(" " + phrase)), key=len, default="")
    return name[: -len(after)].strip() if after else name


def looks_like_name(text: str) -> bool:
    """Whether a message may be a person's name: at most four words, no digits, no question, no greeting or stop word."""
    return bool(name_in(text))
