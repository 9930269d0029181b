"""Indexed: a town's words put into the search index in one go, with the product's own tokens: the rows that it would have written by and by."""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from crm.reports.search_index import CHANGES, digest_one
from crm.reports.search_sources import Thing
from crm.reports.search_tables import About
from crm.reports.search_words import grams, sounds_of

_THINGS = (
    (About.CONTACT, "SELECT id, '', name, platform_name FROM contacts ORDER BY id"),
    (About.MESSAGE, "SELECT id, text, '', '' FROM messages ORDER BY id"),
    (About.DEAL, "SELECT id, title, '', '' FROM deals ORDER BY id"),
)
_FINDABLE = "INSERT INTO findables(id, about, words) VALUES (?, ?, ?)"
_MARK = "INSERT INTO search_marks(name, ahead, mark, head, head_at) VALUES (?, ?, ?, ?, 0)"


def index(path: Path) -> None:
    """Index everybody, everything said and every deal of a town that has no index yet."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-262144")
        [[trigger]] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'findable_words_in'")
        connection.execute("DROP TRIGGER findable_words_in")  # row by row the engine's index would write a segment for each
        known: set[str] = set()
        for about, question in _THINGS:
            connection.executemany(_FINDABLE, _rows(about, connection.cursor().execute(question), known))
        connection.execute("INSERT INTO findable_words(findable_words) VALUES ('rebuild')")
        connection.execute(trigger)
        pairs = sorted((gram, word) for word in known for gram in ("", *grams(word)))
        connection.executemany("INSERT INTO word_grams(gram, word) VALUES (?, ?)", pairs)
        connection.executemany(_MARK, _marks(connection))
    connection.close()


def _rows(about: About, read: Iterable[tuple[int, str, str, str]], known: set[str]) -> Iterator[tuple[int, str, str]]:
    """Each thing with its tokens; their words go to what is known."""
    for number, text, *names in read:
        found = digest_one(Thing(number, about, text, tuple(filter(None, names)))).tokens
        known.update(sounds_of(found))
        if found:
            yield number, about.value, " ".join(found)


def _marks(connection: sqlite3.Connection) -> list[tuple[str, int, int, int]]:
    """How far the index has come: to the end."""
    ends = {about.value: connection.execute(f"SELECT max(id) FROM ({question})").fetchone()[0] for about, question in _THINGS}
    ends[CHANGES] = connection.execute("SELECT coalesce(max(id), 0) FROM domain_events").fetchone()[0]
    return [(name, last, last, last) for name, last in ends.items()]
