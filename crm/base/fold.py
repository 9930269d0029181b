"""One Latin form for five scripts, so that Արմեն, Армен and Armen meet in search, in names and in Latin typing."""

import re
import unicodedata
from collections.abc import Mapping

_ARMENIAN = ("աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ", "a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f")
_GEORGIAN = ("აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ", "a b g d e v z t i k l m n o p zh r s t u p k gh k sh ch ts dz ts ch kh j h")
_CYRILLIC = ("абвгдеёжзийклмнопрстуфхцчшщыэюяіїєґ", "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh sh y e yu ya i i e g")
_DROPPED = "ъь՛՜՞՚'’ʼ`´ʻʾʿ"
# First letters of the rows of eight from U+1200 on; homophones (ሀ ሐ ኀ ኸ, ሰ ሠ, አ ዐ, ጸ ፀ) meet in one sound.
_ETHIOPIC_ROWS = "h l h m s r s sh k kv k kv b v t ch h hv n ny - k kv h hv v - z zh y d d j g gv g t ch p ts ts f p"
_ETHIOPIC_VOWELS = ("e", "u", "i", "a", "e", "", "o", "va")
_BARE_VOWELS = ("a", "u", "i", "a", "e", "i", "o", "a")


def _ethiopic() -> dict[str, str]:
    """Every syllable as its row's consonant and its column's vowel; the open h rows say a, as the bare vowels do."""
    sounds = {}
    for row, consonant in enumerate(_ETHIOPIC_ROWS.split()):
        for column in range(8):
            vowel = _BARE_VOWELS[column] if consonant == "-" else "a" if (consonant, column) == ("h", 0) else _ETHIOPIC_VOWELS[column]
            sounds[chr(0x1200 + row * 8 + column)] = consonant.strip("-") + vowel
    return sounds


def _sounds() -> Mapping[int, str]:
    alphabets = (_ARMENIAN, _GEORGIAN, _CYRILLIC)
    letters = {letter: sound for letters, sounds in alphabets for letter, sound in zip(letters, sounds.split(), strict=True)}
    return str.maketrans(letters | _ethiopic() | dict.fromkeys(_DROPPED, ""))


_SOUNDS = _sounds()
_BEFORE = (("եւ", "ev"), ("ու", "u"), ("дж", "j"))
_AFTER = tuple(
    (re.compile(found), said)
    for found, said in (
        (r"shch|sch", "sh"),
        (r"dzh", "j"),
        (r"ou", "u"),
        (r"x", "ks"),
        (r"q", "k"),
        (r"w", "v"),
        (r"\bh(?=[aeiou])", ""),
        (r"kh", "h"),
        (r"gh", "g"),
        (r"dz", "z"),
        (r"ts", "c"),
        (r"[iyj]+", "i"),
        (r"i(?=[aeou])", ""),
        (r"([a-z])\1+", r"\1"),
    )
)
_INITIAL_VO = re.compile(r"\bո")
_BETWEEN = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """The text as lower Latin words: five scripts by sound, other letters as they are, everything else a space."""
    plain = unicodedata.normalize("NFKC", text).lower()
    for found, said in _BEFORE:
        plain = plain.replace(found, said)
    plain = _INITIAL_VO.sub("vo", plain).translate(_SOUNDS)
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark))
    for pattern, said in _AFTER:
        plain = pattern.sub(said, plain)
    return _BETWEEN.sub(" ", plain).strip()
