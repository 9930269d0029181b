"""The index of words in each engine's own terms: FTS5 in a file, GIN on a server; neither needs an extension, and both answer the same.

A thing's tokens stand in `findables.words` with a space between. The engines only answer which things hold tokens; what a token is, is decided elsewhere.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

# On a server each thing also holds the span of numbers it is of: a common word is read from the newest spans first, not wherever it stands.
SPAN = 17
WIDER, WIDEST = 4, 64
_TOKENS = f"array_to_tsvector(string_to_array(words || ' ¶' || (id >> {SPAN}), ' '))"
# The virtual table keeps no words of its own and no places; triggers keep it to the table, so that a row that goes takes its words along.
_FILE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS findable_words USING fts5(words, content='findables', content_rowid='id', detail=none, columnsize=0, tokenize='ascii')",
    "CREATE TRIGGER IF NOT EXISTS findable_words_in AFTER INSERT ON findables BEGIN INSERT INTO findable_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER IF NOT EXISTS findable_words_out AFTER DELETE ON findables BEGIN "
    "INSERT INTO findable_words(findable_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER IF NOT EXISTS findable_words_anew AFTER UPDATE OF words ON findables BEGIN "
    "INSERT INTO findable_words(findable_words, rowid, words) VALUES ('delete', old.id, old.words); "
    "INSERT INTO findable_words(rowid, words) VALUES (new.id, new.words); END",
)
# No list of what is still to be put in its place: every search would have to read it, which took 48 ms of 50.
_SERVER = (f"CREATE INDEX IF NOT EXISTS findable_words ON findables USING gin ({_TOKENS}) WITH (fastupdate = off)",)
_HELD_IN_FILE = (
    "SELECT findable_words.rowid FROM findable_words CROSS JOIN findables ON findables.id = findable_words.rowid "
    "WHERE findable_words MATCH :wanted AND findable_words.rowid < :before AND findables.about = :about ORDER BY findable_words.rowid DESC LIMIT :most"
)
# Materialised: the planner, who knows nothing of the words, might else walk all things from the newest on and read each.
_HELD_ON_SERVER = text(
    f"WITH held AS MATERIALIZED (SELECT id, about FROM findables WHERE {_TOKENS} @@ CAST(:wanted AS tsquery)) "
    "SELECT id FROM held WHERE about = :about AND id < :before AND id >= :least ORDER BY id DESC LIMIT :most"
)
_LAST = text("SELECT max(id) FROM findables")
# A word with these letters in it is under each of their grams, so that one of these is enough to ask.
_CONTAINING_IN_FILE = "SELECT word FROM word_grams WHERE gram = :gram AND instr(word, :letters) > 0"
_CONTAINING_ON_SERVER = text("SELECT word FROM word_grams WHERE gram = :gram AND strpos(word, :letters) > 0")
# All of them begin with one letter, so that in a file only a part of each gram's words is read.
_SHARING_IN_FILE = (
    "SELECT word FROM word_grams WHERE gram IN (SELECT value FROM json_each(:grams)) AND word >= :first AND word < :beyond "
    "GROUP BY word HAVING count(*) >= :least"
)
_SHARING_ON_SERVER = text(
    "SELECT word FROM word_grams WHERE gram = ANY(CAST(:grams AS text[])) AND left(word, 1) = :first GROUP BY word HAVING count(*) >= :least"
)
_TOKEN = re.compile(r"[^\x00-/:-@\[-`{-\x7f\s]+")
_NEWEST_WORDS = text("SELECT words FROM findables ORDER BY id DESC LIMIT 200")
# Each word is asked for by itself and no further than its first thing.
_HELD_BY_NONE_IN_FILE = text(
    "SELECT value FROM json_each(:words) WHERE NOT EXISTS (SELECT 1 FROM findable_words WHERE findable_words MATCH '\"' || value || '\"')"
)
# Counted, since the planner would else walk the table up to a first one that may not be there.
_HELD_BY_NONE_ON_SERVER = text(
    "SELECT value FROM json_array_elements_text(CAST(:words AS json)) AS given(value) "
    f"WHERE (SELECT count(*) FROM findables WHERE {_TOKENS} @@ CAST(chr(39) || value || chr(39) AS tsquery)) = 0"
)
_BY_INDEX_ONLY = (text("SET LOCAL enable_seqscan = off"), text("SET LOCAL enable_indexscan = off"))
_BY_ANY_WAY = (text("SET LOCAL enable_seqscan = on"), text("SET LOCAL enable_indexscan = on"))
_FORGET_IN_FILE = text("DELETE FROM word_grams WHERE (gram, word) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:pairs))")
_FORGET_ON_SERVER = text(
    "DELETE FROM word_grams USING (SELECT value->>0 AS gram, value->>1 AS word FROM json_array_elements(CAST(:pairs AS json)) AS given(value)) AS gone "
    "WHERE word_grams.gram = gone.gram AND word_grams.word = gone.word"
)
NEWEST = 2**62
LAST_LETTER = "\U0010ffff"


def found_index(connection: Connection) -> None:
    """Make the index beside its table, in a schema that has the table."""
    in_file = connection.dialect.name == "sqlite"
    if connection.dialect.has_table(connection, "findables"):
        for statement in _FILE if in_file else _SERVER:
            connection.execute(text(statement))


def is_token(word: str) -> bool:
    """Whether both engines take this for one token: letters and digits, and any sign outside ASCII but a space."""
    return _TOKEN.fullmatch(word) is not None


def held_by_none(session: Session, words: Sequence[str]) -> list[str]:
    """Those of some words that nothing holds; what is said every day is seen in the newest things, and is not looked up."""
    common = {token for held in session.scalars(_NEWEST_WORDS) for token in held.split(" ")} if words else set()
    rare = [word for word in words if word not in common and is_token(word)]
    if not rare:
        return []
    given = {"words": json.dumps(rare, ensure_ascii=False)}
    if session.get_bind().dialect.name == "sqlite":
        return list(session.scalars(_HELD_BY_NONE_IN_FILE, given))
    for setting in _BY_INDEX_ONLY:
        session.execute(setting)
    found = list(session.scalars(_HELD_BY_NONE_ON_SERVER, given))
    for setting in _BY_ANY_WAY:
        session.execute(setting)
    return found


def forget_grams(session: Session, pairs: Sequence[tuple[str, str]]) -> None:
    """Take these grams of words out."""
    in_file = session.get_bind().dialect.name == "sqlite"
    session.execute(_FORGET_IN_FILE if in_file else _FORGET_ON_SERVER, {"pairs": json.dumps(pairs, ensure_ascii=False)})


def holding(session: Session, groups: Sequence[Sequence[str]], about: str, most: int, before: int = NEWEST, *, few: bool = False) -> list[int]:
    """The things of a kind that hold one token of each group, the newest first, from before a number on; what is no token is held by nothing.

    Of a kind of which there are `few` all are looked at in one go.
    """
    groups = [[token for token in dict.fromkeys(group) if is_token(token)] for group in groups]
    if not groups or not all(groups):
        return []
    in_file = session.get_bind().dialect.name == "sqlite"
    mark, either, both = ('"', " OR ", " AND ") if in_file else ("'", " | ", " & ")
    wanted = both.join("(" + either.join(f"{mark}{token}{mark}" for token in group) + ")" for group in groups)
    given = {"wanted": wanted, "about": about, "before": before, "most": most}
    if in_file:
        return _in_file(session, _HELD_IN_FILE, given)
    return list(session.scalars(_HELD_ON_SERVER, {**given, "least": 0})) if few else _from_the_newest(session, given)


def sharing(session: Session, grams: Sequence[str], least: int, first: str) -> list[str]:
    """The known words with this first letter that have so many of some grams."""
    given = {"grams": list(grams), "least": least, "first": first}
    if session.get_bind().dialect.name != "sqlite":
        return list(session.scalars(_SHARING_ON_SERVER, given))
    return _in_file(session, _SHARING_IN_FILE, {**given, "grams": json.dumps(grams, ensure_ascii=False), "beyond": first + LAST_LETTER})


def containing(session: Session, letters: str, gram: str) -> list[str]:
    """The known words that have these letters in them, among those of a gram that every such word has."""
    given = {"letters": letters, "gram": gram}
    if session.get_bind().dialect.name != "sqlite":
        return list(session.scalars(_CONTAINING_ON_SERVER, given))
    return _in_file(session, _CONTAINING_IN_FILE, given)


def _in_file(session: Session, statement: str, given: dict[str, Any]) -> list[Any]:
    """The first column, without the price of a statement that is put together anew."""
    return [row[0] for row in session.connection().exec_driver_sql(statement, given).all()]


def _from_the_newest(session: Session, given: dict[str, Any]) -> list[int]:
    """Span after span, each time more of them, until there is enough; what is older than the widest is asked for in one go."""
    found: list[int] = []
    span, width = min(given["before"] - 1, session.scalar(_LAST) or 0) >> SPAN, 1
    while span >= 0 and len(found) < given["most"]:
        low = max(0, span - width + 1) if width <= WIDEST else 0
        within = " | ".join(f"'¶{number}'" for number in range(low, span + 1)) if width <= WIDEST else ""
        asked = {**given, "most": given["most"] - len(found), "before": min(given["before"], (span + 1) << SPAN), "least": low << SPAN}
        found += session.scalars(_HELD_ON_SERVER, {**asked, "wanted": f"{given['wanted']} & ({within})"} if within else asked)
        span, width = low - 1, width * WIDER
    return found
