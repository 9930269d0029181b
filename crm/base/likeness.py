"""How alike two names sound, in any of our scripts; pure. Good enough to ask a person whether two are one, never to decide it."""

from functools import lru_cache
from itertools import combinations

from crm.base.fold import fold

READ = 120
_PREFIX, _SCALE = 4, 0.1
_VOWELS = frozenset("aeiou")
_SHORTEST_KEY = 4


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0 to 1: the worst of the words of the shorter one, each beside its best match in the longer; a single word tells nothing."""
    first, second = sorted((fold(one[:READ]).split(), fold(other[:READ]).split()), key=lambda words: (len(words), words))
    if len(second) < 2 or not first:
        return 0.0
    if "".join(first) == "".join(second):
        return 1.0
    if len(first) < 2:
        return 0.0
    worst, left = 1.0, list(second)
    for word in first:
        best = max(left, key=lambda found: _jaro_winkler(word, found))
        worst = min(worst, _jaro_winkler(word, best))
        left.remove(best)
    return worst


def likeness_whole(one: str, other: str) -> float:
    """How alike two short names sound as a whole, 0 to 1, one word or several; names that differ in a number are two."""
    first, second = ("".join(fold(name[:READ]).split()) for name in (one, other))
    if not (first and second) or _digits(first) != _digits(second):
        return 0.0
    return _jaro_winkler(first, second)


def _digits(text: str) -> str:
    return "".join(mark for mark in text if mark.isdigit())


@lru_cache(maxsize=4096)
def name_keys(name: str) -> tuple[str, ...]:
    """Under which keys people of like names are found: the consonants of each two of the first three words, in the order of letters."""
    bones = [_bones(word) for word in fold(name[:READ]).split()[:3]]
    keys = (" ".join(sorted(pair)) for pair in combinations(bones, 2))
    return tuple(dict.fromkeys(key for key in keys if len(key) >= _SHORTEST_KEY))


def _bones(word: str) -> str:
    return "".join(mark for mark in word if mark not in _VOWELS) or word


def _jaro_winkler(one: str, other: str) -> float:
    """Winkler's measure: Jaro's, and more where words begin alike."""
    plain = _jaro(one, other)
    begins = 0
    for mine, theirs in zip(one[:_PREFIX], other[:_PREFIX], strict=False):
        if mine != theirs:
            break
        begins += 1
    return plain + begins * _SCALE * (1 - plain)


def _jaro(one: str, other: str) -> float:
    if one == other:
        return 1.0
    reach = max(len(one), len(other)) // 2 - 1
    taken = [False] * len(other)
    mine: list[str] = []
    for place, mark in enumerate(one):
        for at in range(max(0, place - reach), min(len(other), place + reach + 1)):
            if not taken[at] and other[at] == mark:
                taken[at] = True
                mine.append(mark)
                break
    if not mine:
        return 0.0
    theirs = [mark for mark, found in zip(other, taken, strict=True) if found]
    swapped = sum(a != b for a, b in zip(mine, theirs, strict=True)) / 2
    same = len(mine)
    return (same / len(one) + same / len(other) + (same - swapped) / same) / 3
