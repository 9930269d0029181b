"""Stems: what is left of a word without its endings, so that an inflected word meets its plain form; light rules for five languages, pure.

The rules are few on purpose (facts: snowball is inconsistent in Armenian, and there is none for Georgian and Amharic): a script tells the language,
spellings of one sound meet, some prefixes and twenty to fifty endings go.
"""

import re
import unicodedata
from collections.abc import Sequence

_MARKS = "՛՜՞՚'’ʼ`´"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SHORT = "\u0306"
"""What makes й of и, which are two letters."""
_DROPPED = str.maketrans("", "", _MARKS + _UNSEEN)
_NO_LETTER = re.compile(r"[\W_]+")
WORD = re.compile(rf"[^\W_](?:[^\W_]|[\u0300-\u036f{_MARKS}{_UNSEEN}])*")
"""A word as it stands in a text: the marks that Armenian puts inside a word, apostrophes and what nobody sees do not end it."""

_HY_ENDINGS = (
    "ություններ ությունների ություններից ությունները ությունից ությամբ ությանը ության ությունը ություն "
    "ներիցս ներից ներով ներում ներին ներիս ներիդ ներն ներս ներդ ները ների ներ "
    "երից երով երում երին երս երդ երը երի երն եր ումները ումների ումից ումով ումը ումն ումի ում "
    "մանը ման մամբ վելու վել վեց ված ացնել ացրեց ացրել ացված անալ ելու ալու եցի եցին եց եցինք եցիք ացի աց ացան ելը ել ալ եմ ես են ենք եք "
    "ից ով ին ինը իս իդ ը ն ի ս դ ա ու ք"
)
_KA_POSTPOSITIONS = "სთვის თვის სთან თან სგან გან იდან დან ამდე მდე ში ზე ვით ც"
_KA_ENDINGS = "ებისა ებითა ებმა ების ებით ებად ებს ები ებო ებ ისა მა ის ით ად ას სა ს ი ა ო ე უ"
_RU_ENDINGS = (
    "иями ьями ями ами иях ьях ях ах ией ьей ью ьев ьям ья ье ьи ией ей ой ий ый ая яя ое ее ые ие ого его ому ему ыми ими ых их ую юю иям иев ием "
    "ом ем ём ам ям ов ев ия ию ии у ю а я о е ы и ь й "
    "ивать ывать ировать овать аться иться яться еться ать ить еть ять уть ться ть ти ала ила ела яла али или ели яли ало ило ел ал ил ял "
    "ает яет ует ают яют уют ишь ешь ете ите ет ит ут ют ат ят айте йте"
)
_EN_ENDINGS = "fulness iveness ization ations ation ments ment ings ing edly ed ies ied ly es s"
_AM_PREFIXES = ("ስለ", "እንደ", "እስከ", "ወደ", "የ", "በ", "ለ", "ከ")
_AM_ENDINGS = "ዎችን ዎቹን ዎቹ ዎች ችሁን ችሁ ችንን ችን ቸውን ቸው ዋን ውን ውም ዋ ው ን ም ህ ሽ ዬን ዬ"
_AM_ONE_SOUND = {0x1210: 0x1200, 0x1280: 0x1200, 0x12B8: 0x1200, 0x1220: 0x1230, 0x12D0: 0x12A0, 0x1340: 0x1338}
_VOWELS = "աեէըիոօու"
_HY_MIDDLE = re.compile(rf"([^{_VOWELS}])(?:ի|ու)([^{_VOWELS}]{{1,2}})$")
_KA_MIDDLE = re.compile(r"([^აეიოუ])[აეო]([ლრნ])$")
_RU_MIDDLE = re.compile(r"([^аеиоуыэюя])[ое]([кц])$")
_EN_DOUBLED = re.compile(r"([bdfgmnprt])\1$")
_RU_REFLEXIVE = re.compile(r"(?<=[аеиоуыэюяьтшй])(?:ся|сь)$")


def _endings(words: str) -> tuple[str, ...]:
    return tuple(sorted(set(words.split()), key=lambda ending: (-len(ending), ending)))


_HY, _KA_AFTER, _KA, _RU, _EN, _AM = map(_endings, (_HY_ENDINGS, _KA_POSTPOSITIONS, _KA_ENDINGS, _RU_ENDINGS, _EN_ENDINGS, _AM_ENDINGS))


def plain(word: str) -> str:
    """A word in one spelling: one case, no marks inside, և եւ եվ as one, ё as е, no accents on Latin letters, Amharic letters of one sound as one.

    What compatible forms bring along that is no letter and no digit goes (`⑴` is 1), so it may be nothing at all.
    """
    found = unicodedata.normalize("NFKC", word.translate(_DROPPED)).lower().replace("եւ", "եվ").replace("և", "եվ")
    if found.isascii():
        return _NO_LETTER.sub("", found)
    found = "".join(mark for mark in unicodedata.normalize("NFKD", found) if mark == _SHORT or not unicodedata.combining(mark))
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", found).translate(_ONE_SOUND))


def stem(word: str) -> str:
    """What is left of a plain word without its endings; a word of another script stays as it is."""
    first = word[0] if word else ""
    if "\u0561" <= first <= "\u0587":
        return _armenian(word)
    if "\u10d0" <= first <= "\u10ff":
        return _georgian(word)
    if "\u1200" <= first <= "\u137f":
        return _amharic(word)
    if "\u0430" <= first <= "\u045f":
        return _russian(word)
    return _english(word) if word.isascii() and word.isalpha() else word


def _without(word: str, endings: Sequence[str], least: int) -> str:
    """The word without the longest ending that leaves enough of it."""
    return next((word[: -len(ending)] for ending in endings if word.endswith(ending) and len(word) - len(ending) >= least), word)


def _armenian(word: str) -> str:
    bare = _without(word, _HY, 3)
    if bare == word and len(word) <= 4:
        bare = _without(word, ("ի", "ը"), 2)
    bare = _without(bare, ("եր", "ն", "ս", "դ", "ի"), 3)  # սեղան and սեղանը, պատվեր and պատվերներ: a plain form may end as others are inflected
    # գին, գնի and գներ meet as գն: a narrow vowel of the last syllable goes where an ending comes.
    return _HY_MIDDLE.sub(r"\1\2", bare)


def _georgian(word: str) -> str:
    bare = _without(_without(word, _KA_AFTER, 3), _KA, 3)
    if bare == word and len(word) == 3:
        bare = _without(word, ("ი", "ა"), 2)
    bare = _without(bare, ("ა", "ე", "ო", "ი"), 3)
    return _KA_MIDDLE.sub(r"\1\2", bare) if len(bare) > 3 else bare


def _russian(word: str) -> str:
    bare = _without(_RU_REFLEXIVE.sub("", word) if len(word) > 5 else word, _RU, 3)
    return _RU_MIDDLE.sub(r"\1\2", bare) if len(bare) > 4 else bare


def _english(word: str) -> str:
    bare = _without(word, _EN, 3)
    if bare != word and not word.endswith("s"):
        bare = _EN_DOUBLED.sub(r"\1", bare)
    return _without(bare, ("e", "y", "i"), 3)


def _amharic(word: str) -> str:
    bare = next((word[len(prefix) :] for prefix in _AM_PREFIXES if word.startswith(prefix) and len(word) - len(prefix) >= 2), word)
    bare = _without(bare, _AM, 2)
    if len(bare) > 2 and bare[-1] == "ች" and _vowel(bare[-2]) == 6:
        bare = bare[:-1]
    # The last syllable in its sixth form: ውሉ and ውል meet.
    return bare[:-1] + chr((ord(bare[-1]) & ~7) + 5) if "\u1200" <= bare[-1] <= "\u1357" else bare


def _vowel(syllable: str) -> int:
    return ord(syllable) & 7


def _one_sound() -> dict[int, int]:
    """Rows of syllables that sound alike as one row; after h and alone, the first vowel and the fourth are one."""
    same = {row + column: to + column for row, to in _AM_ONE_SOUND.items() for column in range(8)}
    for row in (0x1200, 0x1210, 0x1280, 0x12B8, 0x12A0, 0x12D0):
        same[row + 3] = _AM_ONE_SOUND.get(row, row)
    return same


_ONE_SOUND = _one_sound()
