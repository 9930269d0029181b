"""Figure 13: a search as a manager asks it, among so many messages and people, over the same among a tenth; and what the index takes to be made and kept."""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate
from pathlib import Path

from bench import machine, town
from bench.rounds import Figure, Size, ratios, share, turn_about
from crm.base.db import open_store
from crm.reports.search import find
from scheduler.indexing import chunk

APART = 10
"""Messages for each person, and the larger town over the smaller one."""
_SOUNDS = (
    ("բգդզթժլխծկհձղճմյնշչպջռսվտրցքֆ", "աեիոու", ("ը", "ի", "ով", "ներ", "ում", "")),
    ("ბგდვზთკლმნპჟრსტფქღყშჩცძწჭხჯჰ", "აეიოუ", ("ი", "ის", "ები", "ზე", "ში", "ა")),
    ("бвгдзклмнпрстфхцчш", "аеиоуы", ("", "а", "ы", "ом", "ами", "ке")),
    ("bcdfghklmnprstvw", "aeiou", ("", "s", "ing", "ed", "er", "y")),
)
_ETHIOPIC = [chr(code) for row in range(0x1200, 0x1350, 8) for code in range(row, row + 7)]
WORDS_OF_A_LANGUAGE = 6000


def measure(size: Size) -> list[Figure]:
    """Twenty thousand messages in CI, two hundred thousand otherwise, a million where the largest sizes are asked for; beside a tenth of that."""
    many = 1_000_000 if size.largest else size.of(20_000, 200_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            built = {count: built_town(Path(folder), count) for count in (many // APART, many)}
            return figures(built, many, size)
    finally:
        machine.unpin()


def figures(built: dict[int, tuple[Path, float]], many: int, size: Size) -> list[Figure]:
    """Searching by turns in both towns, and how the larger index was made."""
    sides: dict[str, Callable[[], list[float]]] = {str(count): partial(asked, path, size.of(40, 200)) for count, (path, _) in built.items()}
    for side in sides.values():
        side()
    found = turn_about(sides, size.rounds)
    tails = {name: [share(times, 0.95) * 1000 for times in rounds] for name, rounds in found.items()}
    path, seconds = built[many]
    return [
        Figure(f"/find among {many:,} messages / among {many // APART:,}, p95", ratios(tails[str(many)], tails[str(many // APART)]), "x", 6.0, 12.0, less=True),
        Figure(f"  /find among {many:,} messages and {many // APART:,} people, p95", tuple(tails[str(many)]), "ms", 200.0, less=True),
        Figure("  /find, p50", tuple(share(times, 0.5) * 1000 for times in found[str(many)]), "ms", less=True),
        Figure("  messages indexed in a second, beside nothing else", (many / seconds,), "/s"),
        Figure("  the index, of all bytes of the file", (index_share(path),), "", less=True),
        Figure("  the index, bytes a message", (index_bytes(path) / many,), "B", less=True),
    ]


def built_town(folder: Path, messages: int) -> tuple[Path, float]:
    """A town where so much was said, all of it indexed, and how many seconds that took."""
    path = town.build(folder / f"{messages}.db", town.Town(people=messages // APART, open=3, taken=2))
    talk(path, messages)
    began = time.perf_counter()
    asyncio.run(index(path))
    return path, time.perf_counter() - began


def talk(path: Path, messages: int) -> None:
    """Give everybody a name and their words."""
    luck, words = random.Random(5), vocabulary(random.Random(3))
    weights = [list(accumulate(1 / (rank + 8) for rank in range(len(kind)))) for kind in words]
    people = messages // APART

    def said() -> Iterator[tuple[int, int, str, int]]:
        for number in range(messages):
            kind = luck.randrange(len(words))
            text = " ".join(luck.choices(words[kind], cum_weights=weights[kind], k=luck.randrange(3, 16)))
            yield town.FIRST + town.STEP * (people + 1) + number, town.thread_of(number % people + 1), text, number

    def called() -> Iterator[tuple[str, int]]:
        for number in range(1, people + 1):
            kind = luck.randrange(len(words))
            yield " ".join(luck.choices(words[kind], k=2)).title(), town.FIRST + number * town.STEP

    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-262144")
        connection.executemany("INSERT INTO messages(id, conversation_id, author, text, at) VALUES (?, ?, 'contact', ?, ?)", said())
        connection.executemany("UPDATE contacts SET name = ? WHERE id = ?", called())
        connection.execute("UPDATE counters SET next = (SELECT max(id) + 1 FROM messages) WHERE name = 'ids'")
    connection.close()


def vocabulary(luck: random.Random) -> list[list[str]]:
    """Made-up words of five languages, with the endings that real ones have."""

    def spoken(consonants: str, vowels: str, endings: tuple[str, ...]) -> str:
        return "".join(luck.choice(consonants) + luck.choice(vowels) for _ in range(luck.randrange(1, 4))) + luck.choice(consonants) + luck.choice(endings)

    made = [[spoken(*sounds) for _ in range(WORDS_OF_A_LANGUAGE)] for sounds in _SOUNDS]
    return [*made, ["".join(luck.choices(_ETHIOPIC, k=luck.randrange(2, 5))) for _ in range(WORDS_OF_A_LANGUAGE)]]


def questions(count: int) -> list[str]:
    """What is asked: a common word, a rare one, two words, the beginning of one, one with two letters changed round, one that nobody knows."""
    luck, words = random.Random(11), vocabulary(random.Random(3))
    found = []
    for number in range(count):
        kind = words[number % len(words)]
        common, rare = kind[luck.randrange(20)], kind[luck.randrange(len(kind))]
        slip = rare[:1] + rare[2:3] + rare[1:2] + rare[3:]
        found.append((common, rare, f"{common} {kind[luck.randrange(200)]}", rare[:-1], slip, rare + common[:2])[luck.randrange(6)])
    return found


async def index(path: Path) -> None:
    """Index everything, as a product does that is started on an old file."""
    store = open_store(f"sqlite:///{path}")
    while await chunk(store, town.wall()):
        pass
    await store.close()


def asked(path: Path, count: int) -> list[float]:
    """Seconds of each question."""
    return asyncio.run(_asked(path, count))


async def _asked(path: Path, count: int) -> list[float]:
    store, found = open_store(f"sqlite:///{path}"), list[float]()
    for words in questions(count):
        began = time.perf_counter()
        await store.read(lambda session, words=words: find(session, town.MANAGER, words, "AM"))  # type: ignore[misc]
        found.append(time.perf_counter() - began)
    await store.close()
    return found


def index_bytes(path: Path) -> int:
    """How many bytes what search keeps takes in the file."""
    with sqlite3.connect(path) as connection:
        [[size]] = connection.execute(
            "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'findable%' OR name LIKE 'word_grams%' OR name LIKE 'sqlite_autoindex_word_grams%'"
        )
    connection.close()
    return int(size or 0)


def index_share(path: Path) -> float:
    """The part of the file that search keeps."""
    return index_bytes(path) / path.stat().st_size
