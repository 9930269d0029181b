"""What of a text can be looked for, and how a word that was typed meets one that was said: tokens, grams, likeness, snippets; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from crm.base.fold import fold
from crm.base.stems import WORD, plain, stem

STEM, KIND = "§", "¤"
"""What a token begins with that is no word: a stem, the kind of a thing. Letters outside ASCII, so that both engines take them for a part of the token."""
READ = 8000
TOKENS = 600
LONGEST = 32
ASKED_LETTERS = 100
ASKED_WORDS = 8
SNIPPET = 90
_LEAST_COMMON = 0.34
NEAR_FROM = 4
_ONE_SLIP = 5
_COMMON_START, _START_SHARE = 4, 0.6
_JOINED = 2
_SMALL = frozenset(
    (
        *["եվ", "է", "եմ", "են", "ես", "ու", "որ", "իսկ", "այս", "մի"],
        *["და", "რომ", "ეს", "მე"],
        *["и", "в", "во", "на", "с", "со", "по", "к", "ко", "у", "о", "об", "от", "до", "за", "из", "для", "не", "что", "это", "я", "мы", "вы"],
        *["the", "a", "an", "of", "to", "in", "on", "for", "is", "are", "at", "and", "or", "my", "your", "we", "i", "you", "it", "with"],
        *["እና", "ነው"],
    )
)
_GAP = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Asked:
    """One word of a question: its stem, and how it sounds in Latin letters."""

    stem: str
    sound: str


@lru_cache(maxsize=65_536)
def _read(word: str) -> tuple[str, tuple[str, ...]]:
    """The stem of a word as it was written, and its sound, which may be several words."""
    bare = plain(word)
    return stem(bare)[:LONGEST], tuple(sound[:LONGEST] for sound in fold(bare).split())


def words_in(text: str) -> list[str]:
    """The words of a text as they stand in it."""
    return WORD.findall(text[:READ])


def tokens(text: str) -> tuple[str, ...]:
    """What a text is found by: the stem and the sound of each of its words, each once."""
    found: dict[str, None] = {}
    for word in words_in(text):
        root, sounds = _read(word)
        if root:
            found[STEM + root] = None
        found.update(dict.fromkeys(sounds))
    return tuple(found)[:TOKENS]


def name_tokens(*names: str) -> tuple[str, ...]:
    """What a person or a firm is found by: the words of their names, and each two neighbours as one word, since some write them so."""
    found: dict[str, None] = {}
    for name in names:
        found.update(dict.fromkeys(tokens(name)))
        sounds = [sound for word in words_in(name) for sound in _read(word)[1]]
        joined = (one + other for one, other in pairwise(sounds) if min(len(one), len(other)) > _JOINED and (one + other).isalpha())
        found.update(dict.fromkeys(word[:LONGEST] for word in joined))
    return tuple(found)[:TOKENS]


def sounds_of(found: Iterable[str]) -> list[str]:
    """The words among tokens, by their sound."""
    return [token for token in found if token[0] not in (STEM, KIND)]


def asked(words: str) -> tuple[Asked, ...]:
    """The words of a question, each once; small words do not count where there are others."""
    written = list(dict.fromkeys(WORD.findall(words[:ASKED_LETTERS])))
    weighty = [word for word in written if plain(word) not in _SMALL] or written
    found = (Asked(root, "".join(sounds)[:LONGEST]) for root, sounds in map(_read, weighty))
    return tuple(dict.fromkeys(one for one in found if one.sound))[:ASKED_WORDS]


def grams(word: str) -> tuple[str, ...]:
    """Each three letters of a word, its beginning and its end marked."""
    marked = f" {word} "
    return tuple(dict.fromkeys(marked[at : at + 3] for at in range(len(marked) - 2)))


def inner_grams(word: str) -> tuple[str, ...]:
    """Each three letters that every word with this one in it has; of two letters those of a word that begins so."""
    found = tuple(dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2)))
    return found or ((f" {word}",) if len(word) == _JOINED else ())


def least_common(word: str) -> int:
    """How many of its grams another word must have to be looked at more closely."""
    return max(2, round(len(grams(word)) * _LEAST_COMMON))


def distance(typed: str, known: str) -> int | None:
    """How many slips lie between a word and a known one, None where they are others: one slip in a short word, two in a long one, or only another ending."""
    if len(typed) < NEAR_FROM or len(known) < NEAR_FROM - 1 or typed[0] != known[0]:
        return None
    most = 1 if len(typed) <= _ONE_SLIP else 2
    if (found := _slips(typed, known, most)) <= most:
        return found
    common = next((at for at, (one, other) in enumerate(zip(typed, known, strict=False)) if one != other), min(len(typed), len(known)))
    return most + 1 if common >= max(_COMMON_START, _START_SHARE * max(len(typed), len(known))) else None


def _slips(one: str, other: str, most: int) -> int:
    """Letters left out, put in, taken for others or for their neighbours; more than `most` are not counted."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, before, row = before, row, [at]
        for place, there in enumerate(other, 1):
            best = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != there))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == there:
                best = min(best, above[place - 2] + 1)
            row.append(best)
        if min(row) > most and min(before) > most:
            return most + 1
    return row[-1]


def snippet(text: str, wanted: Sequence[str], length: int = SNIPPET) -> str:
    """The part of a text around the first word that one of these tokens is in; "" where none is, so that what has changed meanwhile is not shown."""
    chosen = frozenset(wanted)
    place = next((found.start() for found in WORD.finditer(text[:READ]) if _meets(found[0], chosen)), None)
    if place is None:
        return ""
    begin = max(0, place - length // 3)
    if begin:
        begin = text.find(" ", begin, place) + 1 or begin
    end = begin + length
    words = _GAP.sub(" ", text[begin:end]).strip()
    return ("…" if begin else "") + words + ("…" if end < len(text) else "")


def _meets(word: str, wanted: frozenset[str]) -> bool:
    root, sounds = _read(word)
    return STEM + root in wanted or any(sound in wanted for sound in sounds)
